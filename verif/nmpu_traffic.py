"""NMPU hardware under random traffic: corner operands, stalls, refused starts, resets, words rewritten at any time.

Every input that does not matter in a cycle carries a random value. The expected outputs of each cycle follow from the
schedule, the operands and the golden model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import RESET, Rtl
from sim_models.arith import Format
from sim_models.nmpu import NmpuParameters
from verif.batch import simulate
from verif.nmpu import Groups, golden, pack_words, unpack_beats
from verif.nmpu_schedule import Flags, Integers, Schedule, draw_schedule
from verif.packing import pack

Signals = Mapping[str, NDArray[Any]]

_CORNERS = 1 / 3  # share of operands that are among the two lowest or two highest
_REFUSED = 1 / 32  # share of cycles without ``ready`` that see a start


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Inputs by cycle, the schedule that they follow, and the operands with which each group is computed."""

    schedule: Schedule
    groups: Groups
    inputs: dict[str, Any]

    def advance(self) -> Flags:
        """Whether the pipeline may move, by cycle."""
        return _advance(self.schedule, self.inputs)

    def ready(self) -> Flags:
        """Whether a start is accepted, by cycle."""
        return _ready(self.schedule, self.inputs)

    def overrun(self) -> Flags:
        """Whether a start was refused in an earlier cycle with no reset in that cycle or since, by cycle."""
        reset, cycles = self.inputs[RESET], np.arange(len(self.inputs[RESET]))
        refused = self.inputs["start"] & ~self.ready()
        last_refused, last_reset = (np.maximum.accumulate(np.where(flags, cycles, -1)) for flags in (refused, reset))
        return np.append(False, (last_refused > last_reset)[:-1])


def random_traffic(
    parameters: NmpuParameters, groups: int, seed: int, *, tiles: int = 1, array: bool = False
) -> Traffic:
    """Traffic of ``groups`` groups for an `hdl.nmpu.NmpuUnit`, or for an `hdl.nmpu.Nmpu` (``array``), which can stall.

    ``tiles`` consecutive groups, of which ``groups`` is a multiple, make one sum where the design accumulates.
    """
    p, random = parameters, np.random.default_rng(seed)
    columns = p.columns if array else p.columns_per_unit
    schedule = draw_schedule(p, groups, tiles, columns + 1, random, stalls=array)
    inputs = _control(schedule, p, random, array=array)
    names = ("count_p",) if p.signed_input else ("count_p", "count_n")
    counts = {name: _draw(p.count_format, (groups, columns), random) for name in names}
    held = _held_group(schedule, random)
    inputs |= {name: pack(values, p.input_bits)[held] for name, values in counts.items()}
    words = _words(schedule, p, columns, random)
    inputs["cfg_write"], inputs["cfg_address" if array else "cfg_column"] = words["write"], words["address"]
    inputs["cfg_data"] = pack_words(words["scale_positive"], words.get("scale_negative"), words["offset"], p)
    return Traffic(schedule=schedule, groups=_groups(schedule, p, counts, inputs, words), inputs=inputs)


def unit_under_traffic(rtl: Rtl, parameters: NmpuParameters, traffic: Traffic) -> tuple[Signals, Signals]:
    """Outputs of an `hdl.nmpu.NmpuUnit` in every cycle (results where they are valid), and as they should be."""
    outputs, step = simulate(rtl, traffic.inputs), traffic.schedule.step
    valid = traffic.schedule.shown[step]
    done, column, data, clipped = _results(traffic, parameters)
    expected = {
        "ready": traffic.ready(),
        "overrun": traffic.overrun(),
        "out_valid": valid,
        "done": done[step],
        "out_column": column[step][valid],
        "out_data": data[step][valid][:, 0],
        "out_clipped": clipped[step][valid][:, 0],
    }
    got = {name: outputs[name] for name in expected}
    return got | {name: got[name][valid] for name in ("out_column", "out_data", "out_clipped")}, expected


def array_under_traffic(rtl: Rtl, parameters: NmpuParameters, traffic: Traffic) -> tuple[Signals, Signals]:
    """Outputs of an `hdl.nmpu.Nmpu` in every cycle (beats where they are valid), and as they should be."""
    outputs, step = simulate(rtl, traffic.inputs), traffic.schedule.step
    valid = traffic.schedule.shown[step]
    done, column, data, clipped = _results(traffic, parameters)
    expected = {
        "ready": traffic.ready(),
        "overrun": traffic.overrun(),
        "outputs__valid": valid,
        "done": done[step] & traffic.advance(),
        "data": data[step][valid],
        "clipped": clipped[step][valid],
        "column": column[step][valid],
        "last": done[step][valid],
    }
    beats = unpack_beats(outputs["outputs__payload"][valid], parameters)
    return outputs | beats, expected


def _control(
    schedule: Schedule, parameters: NmpuParameters, random: np.random.Generator, *, array: bool
) -> dict[str, Any]:
    """Resets, starts (those refused among them), settings, and the consumer of an array."""
    reset = schedule.within(schedule.end[schedule.resets])
    inputs: dict[str, Any] = {RESET: reset}
    if array:
        # A result that waits is taken in its step's last cycle; a reset may come instead.
        waiting = schedule.shown[schedule.step] & ~reset
        inputs["outputs__ready"] = np.where(waiting, schedule.moves, random.random(len(reset)) < 1 / 2)
    refused = ~_ready(schedule, inputs) & (random.random(len(reset)) < _REFUSED)
    inputs["start"] = schedule.within(schedule.end[schedule.starts]) | refused
    return inputs | _settings(schedule, parameters, random)


def _advance(schedule: Schedule, inputs: Mapping[str, Any]) -> Flags:
    return ~schedule.shown[schedule.step] | inputs.get("outputs__ready", True)


def _ready(schedule: Schedule, inputs: Mapping[str, Any]) -> Flags:
    return ~schedule.busy()[schedule.step] & _advance(schedule, inputs)


def _draw(number: Format, shape: int | tuple[int, ...], random: np.random.Generator) -> Integers:
    """Uniform numbers of a format, with many at the ends of its range."""
    values = random.integers(number.minimum, number.maximum, shape, endpoint=True)
    inward = random.integers(0, min(2, number.maximum - number.minimum + 1), shape)
    corners = np.where(random.integers(0, 2, shape) == 1, number.maximum - inward, number.minimum + inward)
    return np.where(random.random(shape) < _CORNERS, corners, values)


def _settings(schedule: Schedule, parameters: NmpuParameters, random: np.random.Generator) -> dict[str, Integers]:
    """Random settings in every cycle, the same for all tiles of a sum."""
    p, cycles = parameters, len(schedule.step)
    starts = schedule.end[schedule.starts]
    settings = {"shift": random.integers(0, 1 << p.shift_bits, cycles), "relu": random.integers(0, 2, cycles)}
    for values in settings.values():
        values[starts] = np.repeat(values[starts[:: schedule.tiles]], schedule.tiles)
    if p.accumulates:
        for name, flags in (("first", np.roll(schedule.last_tiles(), 1)), ("last", schedule.last_tiles())):
            settings[f"accumulate_{name}"] = random.integers(0, 2, cycles)
            settings[f"accumulate_{name}"][starts] = flags
    return settings


def _held_group(schedule: Schedule, random: np.random.Generator) -> Integers:
    """The group whose counts are at the ports: from its start to its last column its own, else any."""
    cycles, issues = np.arange(len(schedule.step)), schedule.issues()
    group = np.searchsorted(issues[:, 0], cycles, "right") - 1
    held = (group >= 0) & (cycles <= issues[group, -1])
    return np.where(held, group, random.integers(0, len(issues), len(cycles)))


def _words(
    schedule: Schedule, parameters: NmpuParameters, columns: int, random: np.random.Generator
) -> dict[str, Integers]:
    """Parameter words by cycle: each column's once before the first group, then any column's when it may be written.

    During a sum that is only after the column was issued for the last tile.
    """
    p, cycles = parameters, np.arange(len(schedule.step))
    address = random.integers(0, columns, len(cycles))
    address[:columns] = np.arange(columns)
    issues = schedule.issues()
    group = np.searchsorted(issues[:, 0], cycles, "right") - 1
    last_tile = group + schedule.tiles - 1 - group % schedule.tiles
    free = (group < 0) | (cycles > issues[last_tile, address % p.columns_per_unit])
    write = free & (random.random(len(cycles)) < 1 / 2)
    write[:columns] = True
    formats = {"scale_positive": p.scale_format, "scale_negative": p.scale_format, "offset": p.offset_format}
    if p.signed_input:
        del formats["scale_negative"]
    return {"write": write, "address": address} | {
        name: _draw(number, len(cycles), random) for name, number in formats.items()
    }


def _groups(
    schedule: Schedule,
    parameters: NmpuParameters,
    counts: Mapping[str, Integers],
    inputs: Mapping[str, Any],
    words: Mapping[str, Integers],
) -> Groups:
    """The operands of each group: the settings of its start, the words last written before each column was issued."""
    p, starts = parameters, schedule.end[schedule.starts]
    last = _last_write(words, schedule.issues(), counts["count_p"].shape[1])
    shift = inputs["shift"][starts]
    legal = (shift >= p.shift_min) & (shift <= p.shift_max)
    negative = words.get("scale_negative")
    return Groups(
        count_p=counts["count_p"],
        count_n=counts.get("count_n"),
        scale_positive=words["scale_positive"][last],
        scale_negative=None if negative is None else negative[last],
        offset=words["offset"][last],
        shift=np.where(legal, shift, p.shift_max),
        relu=inputs["relu"][starts],
        tiles=schedule.tiles,
    )


def _last_write(words: Mapping[str, Integers], issues: Integers, columns: int) -> Integers:
    """The cycle of the last write before each issue of each column, (groups, columns)."""
    period = len(words["write"])
    written = np.flatnonzero(words["write"])
    writes = np.sort(words["address"][written] * period + written)
    column = np.arange(columns)
    asked = column * period + issues[:, column % issues.shape[1]]
    return writes[np.searchsorted(writes, asked) - 1] % period


def _results(traffic: Traffic, parameters: NmpuParameters) -> tuple[Flags, Integers, Integers, Integers]:
    """By step: a group's last column, the column shown, activations and clamp flags of all units, (steps, units)."""
    schedule, results = traffic.schedule, golden(traffic.groups, parameters)
    at, alive = schedule.results()
    done = np.zeros(len(schedule.shown), bool)
    done[at[:, -1][alive[:, -1]]] = True
    shown = alive[schedule.last_tiles()]
    steps = at[schedule.last_tiles()][shown]
    column = np.zeros(len(done), np.int64)
    column[steps] = np.broadcast_to(np.arange(schedule.columns), shown.shape)[shown]
    by_step = []
    for values in (results.data, results.clipped):
        units = values.reshape(len(values), -1, schedule.columns).swapaxes(1, 2)
        by_step.append(np.zeros((len(done), units.shape[2]), np.int64))
        by_step[-1][steps] = units[shown]
    return done, column, by_step[0], by_step[1]
