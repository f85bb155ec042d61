"""Run a group of converters with its surroundings in the loop, and say what it must show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from gen.vectors.sar_group import Configuration, converted
from sim_models.arith.widths import index_bits
from sim_models.sar import (
    AdcGroupParameters,
    TrqParameters,
    configuration_writes,
    counted,
    register_map,
    result_order,
    schedule,
)
from sim_models.sar.group import CONTROL_CLEAR, STATUS_PENDING
from verif.batch import Sink, Source, simulate
from verif.packing import pack
from verif.sar_group_loop import in_loop

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
# From the cycle in which a plane is first offered: the strobe, the full bank, in which the conversion may start.
_FIRST_START = 2
_ORDER = ("column", "slice", "input_bit", "last_column", "last_plane")


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupTraffic:
    """Counts (planes, columns), the configurations to load in turn, and when planes are offered and results taken.

    The other three are by cycle. The first configuration is written first of all.
    """

    counts: Integers
    configurations: Sequence[Configuration]
    plane_valid: Flags
    write_valid: Flags
    ready: Flags


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupRun:
    """What `run` saw: of each plane the number of its configuration, all results in their order, and the rest.

    ``waiting``: configurations that were committed and met no plane.
    """

    loaded: Integers
    waiting: int
    results: dict[str, Integers]
    cycle: Integers
    bus: dict[str, int]


def full_rate(counts: Integers, configuration: Configuration, parameters: AdcGroupParameters) -> GroupTraffic:
    """Every plane is there, every result is taken at once."""
    writes = _writes([configuration], parameters)
    length = (len(counts) + 1) * parameters.plane_cycles + len(writes) + 32
    always = np.ones(length, bool)
    plane_valid = np.arange(length) >= len(writes)
    return GroupTraffic(
        counts=counts, configurations=[configuration], plane_valid=plane_valid, write_valid=always, ready=always
    )


def random_traffic(
    counts: Integers, configurations: Sequence[Configuration], parameters: AdcGroupParameters, seed: int
) -> GroupTraffic:
    """Planes come late, results are taken in bursts, configurations are written while planes are converted."""
    random = np.random.default_rng(seed)
    length = 4 * (len(counts) + 4) * parameters.plane_cycles + 1000
    writes = len(_writes(configurations, parameters))
    # Bursts and pauses of a few conversions; within a burst, single cycles without.
    bursts = np.repeat(np.arange(length) % 2 == 0, random.geometric(1 / (2 * parameters.slot_cycles), length))[:length]
    return GroupTraffic(
        counts=counts,
        configurations=configurations,
        plane_valid=random.random(length) < 1 / 3,
        write_valid=random.random(length) < 6 * writes / length,
        ready=bursts & (random.random(length) < 1 / 2),
    )


def run(
    rtl: Rtl,
    parameters: AdcGroupParameters,
    traffic: GroupTraffic,
    seed: int,
    *,
    checked: AdcGroupParameters | None = None,
) -> GroupRun:
    """Feed ``traffic`` to the group; if it is too slow, results are missing.

    Configurations are refused by what ``checked`` can run, by default ``parameters``.
    """
    p, length = parameters, len(traffic.ready)
    writes = _writes(traffic.configurations, checked or p)
    found = simulate(
        in_loop(rtl, p),
        {
            "planes": Source(payloads=pack(traffic.counts, p.bits), valid=traffic.plane_valid),
            "writes": Source(payloads=writes, valid=traffic.write_valid),
            "results": Sink(ready=traffic.ready),
            "noise": np.random.default_rng(seed).integers(0, 2, length),
            **_probes(p, length),
        },
        seed=seed,
    )
    committed = len(found["writes__cycle"]) * len(traffic.configurations) // max(1, len(writes))
    shown = found["read_data"][length - len(_PROBED) :]
    bus = {name: int(value) for name, value in zip(_PROBED, shown, strict=True)}
    return GroupRun(
        loaded=_loaded(p, found, len(traffic.counts)),
        waiting=committed - int(found["effective"].sum()),
        results=_fields(p, found["results"]),
        cycle=found["results__cycle"],
        bus=bus | {"illegal": int(found["illegal"][-1])},
    )


def expected(
    parameters: AdcGroupParameters, traffic: GroupTraffic, seen: GroupRun
) -> tuple[dict[str, Integers], Integers, dict[str, int]]:
    """Results in their order, cycles of the searches (planes, converters, columns_per_adc), and the bus at the end."""
    p, planes = parameters, len(traffic.counts)
    cycles, operations = np.zeros((2, planes, p.converters, p.columns_per_adc), np.int64)
    words = np.zeros((planes, p.columns_per_adc, p.converters), np.int64)
    for number, configuration in enumerate(traffic.configurations):
        here = seen.loaded == number
        given, cycles[here], operations[here] = converted(configuration, traffic.counts[here], p)
        words[here] = given.reshape(-1, p.columns_per_adc, p.converters)
    order = result_order(planes, p)
    results = {"words": words.reshape(-1, p.converters)}
    results |= {name: getattr(order, name).astype(np.int64) for name in _ORDER}
    total_ops, total_conversions = counted(operations)
    before = {"total_ops": total_ops, "total_conversions": total_conversions}
    before["status"] = seen.waiting << STATUS_PENDING
    return results, cycles, {**before, "nothing": 0, "cleared_ops": 0, "cleared_conversions": 0, "illegal": 0}


def expected_cycles(parameters: AdcGroupParameters, traffic: GroupTraffic, cycles: Integers) -> Integers:
    """The cycle of each result of `full_rate` traffic."""
    first = int(np.argmax(traffic.plane_valid)) + _FIRST_START
    return first + schedule(cycles, parameters).taken.reshape(-1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Recorded:
    """`full_rate` traffic as the group's own inputs by cycle, and the ``cycle`` and fields of the ``results``."""

    inputs: dict[str, NDArray[np.generic]]
    results: dict[str, Integers]
    cycle: Integers

    def shown(self, p: AdcGroupParameters, outputs: Mapping[str, NDArray[Any]]) -> dict[str, Integers]:
        """From the group's outputs by cycle: the fields of `results`, when they came, and what the bus showed."""
        at = np.flatnonzero(outputs["results__valid"])
        fields = _fields(p, outputs["results__payload"][at])
        return {**fields, "cycle": at, "bus": outputs["cfg_read_data"].astype(np.int64)}

    @property
    def expected(self) -> dict[str, Integers]:
        """What `shown` must be: the registers of the configuration cannot be read, so the bus shows 0."""
        cycles = len(self.inputs["cmp"])
        return {**self.results, "cycle": self.cycle, "bus": np.zeros(cycles, np.int64)}


def record_full_rate(rtl: Rtl, parameters: AdcGroupParameters, traffic: GroupTraffic, seed: int) -> Recorded:
    """Run `full_rate` traffic in the loop, and keep what went into the group, up to the last result."""
    p, length = parameters, len(traffic.ready)
    writes = _writes(traffic.configurations, p)
    noise = np.random.default_rng(seed).integers(0, 2, length)
    idle = dict.fromkeys(("probe", "probe_address", "probe_write", "probe_data"), np.zeros((), np.int64))
    stimuli: dict[str, Any] = {
        "planes": Source(payloads=pack(traffic.counts, p.bits), valid=traffic.plane_valid),
        "writes": Source(payloads=writes, valid=traffic.write_valid),
        "results": Sink(ready=traffic.ready),
    }
    found = simulate(in_loop(rtl, p), {**stimuli, **idle, "noise": noise}, seed=seed)
    cycles = np.arange(int(found["results__cycle"][-1]) + 1)
    offered = traffic.plane_valid[cycles] & (cycles <= found["planes__cycle"][-1])
    address, data, write = np.zeros((3, len(cycles)), np.int64)
    bits = (len(register_map(p)) - 1).bit_length()
    written = found["writes__cycle"]
    address[written], data[written], write[written] = writes & (1 << bits) - 1, writes >> bits, 1
    bus = {"cfg_address": address, "cfg_write_data": data, "cfg_write": write}
    taken = np.ones(len(cycles), np.int64)
    own = {"plane_valid": offered.astype(np.int64), "cmp": found["answers"][cycles], "results__ready": taken}
    return Recorded(inputs={**own, **bus}, results=_fields(p, found["results"]), cycle=found["results__cycle"])


_PROBED = ("total_ops", "total_conversions", "status", "nothing", "cleared_ops", "cleared_conversions")
"""What the bus shows in the last cycles: the counters, the status, a write that clears, the counters again."""


def _probes(p: AdcGroupParameters, length: int) -> dict[str, Integers]:
    """The bus in the last cycles, as `_PROBED` has them."""
    place = {name: address for name, (address, _) in register_map(p).items()}
    addresses = [place[name] for name in ("total_ops", "total_conversions", "status", "control")]
    addresses += addresses[:2]
    at = slice(length - len(addresses), length)
    inputs = {name: np.zeros(length, np.int64) for name in ("probe", "probe_address", "probe_write", "probe_data")}
    inputs["probe"][at] = 1
    inputs["probe_address"][at] = addresses
    inputs["probe_write"][at.start + 3] = 1
    inputs["probe_data"][at] = 1 << CONTROL_CLEAR
    return inputs


def _writes(configurations: Sequence[Configuration], p: AdcGroupParameters) -> Integers:
    """Words of the stream of writes: address below, data above."""
    bits = (len(register_map(p)) - 1).bit_length()
    trq = [each for each in configurations if isinstance(each, TrqParameters)]
    words = [data << bits | address for each in trq for address, data in configuration_writes(each, p)]
    return np.array(words, np.int64)


def _loaded(p: AdcGroupParameters, found: dict[str, NDArray[np.generic]], planes: int) -> Integers:
    """The configuration of each plane, by the cycles in which one took effect and the conversions begun until then."""
    sampling = found["sampling"].astype(bool)
    begun = np.cumsum(sampling & ~np.concatenate([[False], sampling[:-1]]))
    effective = np.flatnonzero(found["effective"])
    first = begun[effective - 1] // p.columns_per_adc
    return np.maximum(np.searchsorted(first, np.arange(planes), "right") - 1, 0)


def _fields(p: AdcGroupParameters, payload: NDArray[np.generic]) -> dict[str, Integers]:
    halves = payload.astype("<u8").view("<u4").reshape(-1, 2) if payload.ndim == 1 else payload.astype("<u4")
    halves = np.pad(halves, ((0, 0), (0, 1))).astype(np.uint64)
    place = p.word_bits * p.converters
    fields = {"words": np.stack([_field(halves, each * p.word_bits, p.word_bits) for each in range(p.converters)], 1)}
    counts = (p.columns_per_adc, p.slices, p.input_bits, 2, 2)
    for name, count in zip(_ORDER, counts, strict=True):
        width = index_bits(count)
        fields[name] = _field(halves, place, width)
        place += width
    return fields


def _field(halves: NDArray[np.uint64], place: int, width: int) -> Integers:
    word, shift = divmod(place, 32)
    both = halves[:, word] | halves[:, word + 1] << np.uint64(32)
    return (both >> np.uint64(shift) & np.uint64((1 << width) - 1)).astype(np.int64)
