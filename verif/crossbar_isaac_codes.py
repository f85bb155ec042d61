"""Run strategy A's read-out over any codes of its converters, and say what every port must show in every cycle."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from gen.vectors.crossbar_codes import Coded, converting
from hdl.crossbar.isaac_parameters import IsaacParameters
from sim_models.arith.widths import index_bits
from verif.batch import Sink, simulate
from verif.packing import pack

Integers = NDArray[np.int64]
_STROBES = ("busy", "load", "step", "drive", "hold", "adc_start", "adc_next", "done")
_TAIL = 6  # array cycles from the last drive to the last product
_FLAWS = 0.1  # how many of the starts and flag writes come when they must not


@dataclass(frozen=True, kw_only=True, eq=False)
class Schedule:
    """Clock cycles in which vectors are ``accepted``; the ports ``start`` and ``flip_write`` by cycle."""

    accepted: Integers
    start: Integers
    flip_write: Integers


def full_rate(parameters: IsaacParameters, vectors: int) -> Schedule:
    """Each vector starts ``cycles`` array cycles after the one before."""
    p = parameters
    accepted = len(_loading(p)) + p.cycles * p.slots_per_cycle * np.arange(vectors)
    return _scheduled(p, accepted, None)


def full_rate_of_tile(parameters: IsaacParameters, vectors: int) -> Schedule:
    """As `full_rate`; a tile sees a vector of a single slice only when the one before was taken."""
    p = parameters
    interval = max(2, p.cycles) * p.slots_per_cycle
    return _scheduled(p, len(_loading(p)) + interval * np.arange(vectors), None)


def disturbed(parameters: IsaacParameters, vectors: int, seed: int) -> Schedule:
    """Vectors start late, or after a while in which nothing is under way; others start, and flags are written, when
    they must not."""
    p, random = parameters, np.random.default_rng(seed)
    waits = p.slots_per_cycle * random.integers(0, _TAIL, vectors)
    idle = (_TAIL - 1) * p.slots_per_cycle + random.integers(1, 3 * p.slots_per_cycle, vectors)
    gaps = p.cycles * p.slots_per_cycle + np.choose(random.integers(0, 3, vectors), [np.zeros_like(waits), waits, idle])
    return _scheduled(p, len(_loading(p)) + np.cumsum(gaps) - gaps[0], random)


def _loading(p: IsaacParameters) -> Integers:
    return np.arange(p.lines if p.flip_encoding else 0)


def _scheduled(p: IsaacParameters, accepted: Integers, random: np.random.Generator | None) -> Schedule:
    length = int(accepted[-1]) + (p.cycles + _TAIL) * p.slots_per_cycle + 2
    start, flip_write = np.zeros((2, length), np.int64)
    start[accepted] = 1
    flip_write[_loading(p)] = 1
    if random is not None:
        busy = _busy(p, accepted, length) == 1
        start |= busy & (random.random(length) < _FLAWS)
        flip_write |= busy & (random.random(length) < _FLAWS)
    return Schedule(accepted=accepted, start=start, flip_write=flip_write)


def _busy(p: IsaacParameters, accepted: Integers, length: int) -> Integers:
    """From the cycle after a start on, but for the ends of array cycles with which the next vector may start."""
    number = np.cumsum(_by_cycle(accepted + 1, length))
    since = np.arange(length) - np.concatenate([[-(1 << 40)], accepted])[number]
    slots = p.slots_per_cycle
    open_end = (since % slots == 0) & (since >= p.cycles * slots)
    return ((since <= (p.cycles + _TAIL - 1) * slots) & ~open_end).astype(np.int64)


def _by_cycle(cycles: Integers, length: int) -> Integers:
    flags = np.zeros(length, np.int64)
    flags[cycles] = 1
    return flags


def run(rtl: Rtl, parameters: IsaacParameters, coded: Coded, schedule: Schedule, seed: int) -> dict[str, Integers]:
    """Every strobe by cycle, ``select`` where something is converted, all products with their cycles, the counters."""
    p = parameters
    found = simulate(rtl, {**inputs(p, coded, schedule, seed), "products": Sink()}, seed=seed)
    return shown(p, found)


def inputs(p: IsaacParameters, coded: Coded, schedule: Schedule, seed: int) -> dict[str, NDArray[Any]]:
    """Every input by cycle: noise where nothing is asked for."""
    random, length = np.random.default_rng(seed), len(schedule.start)
    low, high = (
        (-(1 << p.code_bits - 1), (1 << p.code_bits - 1) - 1) if p.signed_samples else (0, (1 << p.code_bits) - 1)
    )
    codes = random.integers(low, high, (length, p.converters), endpoint=True)
    saturated = random.integers(0, 2, (length, p.converters))
    at = conversion_cycles(p, schedule) + p.converter_delay
    for number, there in enumerate(converting(p)):
        codes[at[:, :, there], number] = coded.codes[:, :, number, there]
    index = random.integers(0, p.cycles, length)
    drives = schedule.accepted[:, np.newaxis] + 1 + p.slots_per_cycle + np.arange(p.cycles * p.slots_per_cycle)
    index[drives] = np.arange(p.cycles * p.slots_per_cycle) // p.slots_per_cycle
    given = {"start": schedule.start, "index": index, "code": pack(codes, p.code_bits), "saturated": pack(saturated, 1)}
    if p.flip_encoding:
        lines = random.integers(0, p.lines, length)
        lines[: p.lines] = np.argsort(-coded.flags, kind="stable")  # a 1 that is written with others is lost
        # What comes while vectors are under way says the opposite of what is so.
        flags = 1 - coded.flags[lines]
        flags[: p.lines] = coded.flags[lines[: p.lines]]
        given |= {"flip_write": schedule.flip_write, "flip_line": lines, "flip_flag": flags}
    return given


def conversion_cycles(p: IsaacParameters, schedule: Schedule) -> Integers:
    """Clock cycles of the scans' positions, (vectors, cycles, positions)."""
    holds = _holds(p, schedule)
    scans: Integers = holds[..., np.newaxis] + 1 + np.arange(p.scan_positions)
    return scans


def _holds(p: IsaacParameters, schedule: Schedule) -> Integers:
    """Cycles of the strobes of the sample-and-hold circuits, (vectors, cycles)."""
    times: Integers = schedule.accepted[:, np.newaxis] + p.slots_per_cycle * (2 + np.arange(p.cycles))
    return times


def expected(p: IsaacParameters, coded: Coded, schedule: Schedule, seed: int) -> dict[str, Integers]:
    """What `run` must return."""
    length, slots = len(schedule.start), p.slots_per_cycle
    holds, scans, there = _holds(p, schedule), conversion_cycles(p, schedule), converting(p)
    starts = np.zeros((length, p.converters), np.int64)
    starts[scans] = there.T
    drives = schedule.accepted[:, np.newaxis] + 1 + slots + np.arange(p.cycles * slots)
    writes = schedule.accepted + (p.cycles + _TAIL - 1) * slots + 1
    words = (starts << np.arange(p.converters)).sum(axis=1)
    accepted = _by_cycle(schedule.accepted, length)
    results = {
        "busy": _busy(p, schedule.accepted, length),
        "load": _by_cycle(schedule.accepted + slots, length),
        "step": _by_cycle(holds, length),
        "hold": _by_cycle(holds, length),
        "drive": _by_cycle(drives, length),
        "adc_start": words,
        "adc_next": np.append(words[1:], 0),
        "done": _by_cycle(writes + p.outputs - 1, length),
        "select": np.broadcast_to(np.arange(p.scan_positions), scans.shape).reshape(-1),
        "value": coded.products.reshape(-1),
        "cycle": (writes[:, np.newaxis] + np.arange(p.outputs)).reshape(-1),
        "adc_count": np.array(int(there.sum()) * p.cycles * len(coded.codes)),
        "sat_count": np.array(min(_saturated(p, coded, schedule, seed), (1 << 16) - 1)),
        "start_ignored": np.array(min(int((schedule.start - accepted).sum()), (1 << 16) - 1)),
    }
    if p.flip_encoding:
        results["flip_ignored"] = np.array(int(schedule.flip_write.sum() > p.lines))
    return results


def _saturated(p: IsaacParameters, coded: Coded, schedule: Schedule, seed: int) -> int:
    """Codes that come with the flag of a saturated conversion."""
    words = inputs(p, coded, schedule, seed)["saturated"]
    flags = words[:, np.newaxis] >> np.arange(p.converters, dtype=words.dtype) & 1
    at = conversion_cycles(p, schedule) + p.converter_delay
    return sum(int(flags[at[:, :, there], number].sum()) for number, there in enumerate(converting(p)))


def shown(p: IsaacParameters, found: Mapping[str, NDArray[Any]]) -> dict[str, Integers]:
    """The outputs of a simulation as `run` returns them, as far as it has them; ``products`` are transfers."""
    results = {name: found[name].astype(np.int64) for name in _STROBES if name in found}
    scanned = results["adc_start"] != 0
    results |= {"select": found["select"][scanned], "cycle": found["products__cycle"]}
    results["value"] = shown_products(p, found["products"])
    names = ("adc_count", "sat_count", "start_ignored", "flip_ignored")
    return results | {name: found[name][-1] for name in names if name in found}


def shown_products(p: IsaacParameters, words: NDArray[Any]) -> Integers:
    """Values of the payloads of products. Raises AssertionError where they are not in the order of their outputs."""
    sign = 1 << p.sum_bits - 1
    value = (words & (1 << p.sum_bits) - 1).astype(np.int64)
    index = words >> p.sum_bits & (1 << index_bits(p.outputs)) - 1
    if not np.array_equal(index, np.arange(len(index)) % p.outputs):
        raise AssertionError("products do not come in the order of their outputs")
    return (value ^ sign) - sign
