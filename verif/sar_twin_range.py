"""Run the twin-range controller in a loop with an ideal converter, and say what every output shows in every cycle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gen.rtl import Rtl
from sim_models.sar import TrqControllerParameters, TrqParameters, convert, register_fields, register_word, search
from verif.batch import simulate
from verif.packing import pack
from verif.sar_loop import in_loop

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
_LONGEST_PAUSE = 3
_EARLY, _CUT = 0.2, 0.15


@dataclass(frozen=True, kw_only=True, eq=False)
class Conversions:
    """Conversions of the golden model, the first axis of every array but ``registers``.

    ``registers``: words for the port ``registers``, by configuration; ``which``: the configuration of each conversion.
    ``words``, ``compared`` (conversions, cycles of the longest search); ``length``: cycles of each search.
    """

    parameters: TrqControllerParameters
    registers: NDArray[np.generic]
    which: Integers
    counts: Integers
    words: Integers
    compared: Flags
    length: Integers
    code: Integers
    flag: Integers
    operations: Integers

    @property
    def latency(self) -> Integers:
        """Cycles from the start of each conversion to its ``done``."""
        return self.parameters.sample_cycles + self.length + 1


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


def legal_configurations(parameters: TrqControllerParameters, *, r1_start: int = 0) -> list[TrqParameters]:
    """Every configuration with R1 at ``r1_start`` that a controller of ``parameters`` takes, half steps on."""
    n = parameters.bits
    options = [("zero", False)]
    if not r1_start:
        options += [("after_r1", False)] * parameters.support_after_r1 + [("zero", True)] * parameters.support_skip
    return [
        TrqParameters(
            bits=n,
            r1_start=r1_start,
            r1_step_log2=d1,
            r1_bits=n1,
            ratio_log2=ratio,
            r2_origin=origin,
            skip_known_trial=skip,
        )
        for origin, skip in options
        for d1 in range(n)
        for n1 in range(n - d1)
        for ratio in range(n - d1)
        if not r1_start or r1_start + (1 << n1 + d1) <= parameters.maximum
    ]


def counts_around(configurations: Sequence[TrqParameters], random: np.random.Generator) -> Integers:
    """A count for each configuration: any, or one next to an end of R1 or of the range, as often each."""
    return np.array([int(random.choice(_near(each, random))) for each in configurations], np.int64)


def conversions(
    parameters: TrqControllerParameters, configurations: Sequence[TrqParameters], which: ArrayLike, counts: ArrayLike
) -> Conversions:
    """A conversion of each of ``counts``, by the configuration whose index is in ``which``."""
    index, inputs = np.asarray(which, np.int64), np.asarray(counts, np.int64)
    slots = parameters.bits + 2
    words, compared = np.zeros((len(inputs), slots), np.int64), np.zeros((len(inputs), slots), bool)
    length, code, flag, operations = np.zeros((4, len(inputs)), np.int64)
    order = np.argsort(index, kind="stable")
    bounds = np.searchsorted(index[order], np.arange(len(configurations) + 1))
    for place, configuration in enumerate(configurations):
        of_it = order[bounds[place] : bounds[place + 1]]
        walk, result = search(inputs[of_it], configuration), convert(inputs[of_it], configuration)
        cycles = walk.words.shape[-1]
        words[of_it, :cycles], compared[of_it, :cycles], length[of_it] = walk.words, walk.compared, walk.length
        code[of_it], flag[of_it], operations[of_it] = result.code, ~result.in_r1, result.operations
    return Conversions(
        parameters=parameters,
        registers=_registers(parameters, configurations),
        which=index,
        counts=inputs,
        words=words,
        compared=compared,
        length=length,
        code=code,
        flag=flag,
        operations=operations,
    )


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


def _near(configuration: TrqParameters, random: np.random.Generator) -> Integers:
    start, end, most = configuration.r1_start, configuration.r1_end, configuration.maximum
    places = [int(random.integers(0, most, endpoint=True)), start, end, 2 * configuration.r1_size, most]
    return np.clip(np.array(places) - random.integers(0, 2), 0, most)


def _registers(parameters: TrqControllerParameters, configurations: Sequence[TrqParameters]) -> NDArray[np.generic]:
    width = sum(register_fields(parameters).values())
    words = [register_word(each, parameters) for each in configurations]
    return pack([[word >> place & 1 for place in range(width)] for word in words], 1)


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
