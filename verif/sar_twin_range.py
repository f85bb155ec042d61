"""Run the twin-range controller in a loop with an ideal converter, and say what every output shows in every cycle."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from verif.batch import simulate
from verif.sar_loop import in_loop
from verif.sar_twin_range_conversions import Conversions, Flags, Integers

_LONGEST_PAUSE = 3
_EARLY, _CUT = 0.2, 0.15


@dataclass(frozen=True, kw_only=True, eq=False)
class Schedule:
    """When each conversion begins, and ``start``, ``reset`` and ``which`` registers by cycle.

    ``shown``: cycles after its start until a conversion has its ``done``, or a reset that cuts it short.
    """

    begin: Integers
    shown: Integers
    start: Integers
    reset: Integers
    which: Integers


def full_rate(converted: Conversions) -> Schedule:
    """Each conversion starts in the cycle of done of the one before; the registers change in the cycle after."""
    latency = converted.latency
    begin = np.cumsum(latency) - latency
    cycles = int(begin[-1] + latency[-1]) + 1
    return Schedule(
        begin=begin,
        shown=latency,
        start=_by_cycle(begin, cycles),
        reset=np.zeros(cycles, np.int64),
        which=_held(converted.which, begin + 1, cycles),
    )


def disturbed(converted: Conversions, seed: int) -> Schedule:
    """Pauses in which the registers change, starts that come too early, resets in mid conversion and with a start."""
    random = np.random.default_rng(seed)
    latency = converted.latency
    cut = random.random(len(latency)) < _CUT
    shown: Integers = np.where(cut, random.integers(0, latency), latency)
    pauses: Integers = random.integers(0, _LONGEST_PAUSE, len(latency), endpoint=True) + cut
    begin: Integers = np.cumsum(shown + pauses) - (shown + pauses)
    cycles = int(begin[-1] + shown[-1]) + 2
    start, reset = _by_cycle(begin, cycles), _by_cycle((begin + shown)[cut], cycles)
    early = np.repeat(begin, shown - ~cut) + 1 + _counted(shown - ~cut)
    start[early] = random.random(len(early)) < _EARLY
    changed = begin + 1 - np.concatenate([[0], random.integers(0, pauses[:-1], endpoint=True)])
    return Schedule(begin=begin, shown=shown, start=start, reset=reset, which=_held(converted.which, changed, cycles))


def run(rtl: Rtl, converted: Conversions, schedule: Schedule, seed: int) -> dict[str, Integers]:
    """Every output by cycle, as `shown` gives them."""
    return shown(converted, schedule, simulate(in_loop(rtl), inputs(converted, schedule, seed), seed=seed))


def inputs(converted: Conversions, schedule: Schedule, seed: int) -> dict[str, NDArray[np.generic]]:
    """Every input of `verif.sar_loop.in_loop` by cycle; a comparator that is off answers at random."""
    cycles = len(schedule.start)
    return {
        "start": schedule.start,
        "rst": schedule.reset,
        "registers": converted.registers[schedule.which],
        "count": _held(converted.counts, schedule.begin, cycles),
        "idle_cmp": np.random.default_rng(seed).integers(0, 2, cycles),
    }


def shown(converted: Conversions, schedule: Schedule, outputs: Mapping[str, Integers]) -> dict[str, Integers]:
    """Outputs by cycle; code and flag only while they hold a result, ops only while the registers are its own, too."""
    settled = _settled(converted, schedule)
    same = settled & (schedule.which == converted.which[_latest(schedule)])
    kept = {"code": settled, "flag": settled, "ops": same}
    return {name: values[kept[name]] if name in kept else values for name, values in outputs.items()}


def expected(converted: Conversions, schedule: Schedule) -> dict[str, Integers]:
    """What `run` must return."""
    first = 1 + converted.parameters.sample_cycles
    length, cycles = converted.length, len(schedule.start)
    age = np.arange(int(converted.latency.max()) + 1)
    sampling = (age > 0) & (age < first) & (length >= 0)[:, np.newaxis]
    compared, words = np.zeros(sampling.shape, bool), np.zeros(sampling.shape, np.int64)
    places = min(converted.words.shape[1], len(age) - first)
    compared[:, first : first + places] = converted.compared[:, :places]
    words[:, first : first + places] = converted.words[:, :places]
    busy = (age > 0) & (age < converted.latency[:, np.newaxis])
    last = len(age) - 1 - np.argmax(compared[:, ::-1], axis=1)
    by_age = {
        "sample": sampling,
        "dac": words,
        "dac_enable": busy & (age <= last[:, np.newaxis]),
        "comparator_enable": compared,
        "busy": busy,
        "done": age == converted.latency[:, np.newaxis],
    }
    visible = (age > 0) & (age <= schedule.shown[:, np.newaxis])
    at = (schedule.begin[:, np.newaxis] + age)[visible]
    outputs = {name: _scattered(values[visible], at, cycles) for name, values in by_age.items()}
    latest = _latest(schedule)
    results = {"code": converted.code[latest], "flag": converted.flag[latest], "ops": converted.operations[latest]}
    return outputs | shown(converted, schedule, results) | {"overrun": _overrun(schedule)}


def _by_cycle(at: Integers, cycles: int) -> Integers:
    return _scattered(np.ones(len(at), np.int64), at, cycles)


def _scattered(values: NDArray[np.generic], at: Integers, cycles: int) -> Integers:
    by_cycle = np.zeros(cycles, np.int64)
    by_cycle[at] = values
    return by_cycle


def _held(values: Integers, since: Integers, cycles: int) -> Integers:
    """By cycle, the value whose turn came last: each ``since`` a cycle, the first also before that."""
    turns = np.cumsum(np.bincount(since, minlength=cycles)) - 1
    return values[np.maximum(turns, 0)]


def _latest(schedule: Schedule) -> Integers:
    """By cycle, the conversion that began before it (in it, nothing is to be seen yet)."""
    return _held(np.arange(len(schedule.begin)), schedule.begin + 1, len(schedule.start))


def _settled(converted: Conversions, schedule: Schedule) -> Flags:
    """Cycles in which code and flag hold a result: from done to the next accepted start."""
    latest = _latest(schedule)
    age = np.arange(len(schedule.start)) - schedule.begin[latest]
    whole = schedule.shown == converted.latency
    return whole[latest] & (age >= converted.latency[latest])


def _overrun(schedule: Schedule) -> Integers:
    """Sticky from the cycle after a start that came too early, until the cycle after a reset."""
    cycles = np.arange(len(schedule.start))
    early = np.where(schedule.start & (_by_cycle(schedule.begin, len(cycles)) == 0), cycles, -1)
    cleared = np.maximum.accumulate(np.where(schedule.reset, cycles, -1))
    seen = np.maximum.accumulate(np.where(schedule.reset, -1, early)) > cleared
    return np.concatenate([[0], seen[:-1]]).astype(np.int64)


def _counted(lengths: Integers) -> Integers:
    """0, 1, ... below each of ``lengths``, one after the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
