"""Run the successive approximation controller over arrays of counts, and say what it must show."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from sim_models.sar import SarParameters, convert, trials
from verif.batch import simulate

Integers = NDArray[np.int64]
_LONGEST_PAUSE = 3


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Counts to convert, the cycles in which they are started, and the port ``start`` by cycle.

    With more starts than conversions, the others come while a conversion is under way.
    """

    counts: Integers
    begin: Integers
    start: Integers


def full_rate(counts: Integers, parameters: SarParameters) -> Schedule:
    """Each conversion starts in the cycle of done of the one before."""
    begin = parameters.latency * np.arange(len(counts))
    return Schedule(counts=counts, begin=begin, start=_by_cycle(begin, begin[-1] + parameters.latency + 1))


def disturbed(counts: Integers, parameters: SarParameters, seed: int) -> Schedule:
    """Pauses between conversions, and from the second one on starts that come too early."""
    random = np.random.default_rng(seed)
    pauses = random.integers(0, _LONGEST_PAUSE, len(counts), endpoint=True)
    begin = parameters.latency * np.arange(len(counts)) + np.cumsum(pauses)
    length = begin[-1] + parameters.latency + _LONGEST_PAUSE
    start = _by_cycle(begin, length)
    early = begin[1:, np.newaxis] + 1 + np.arange(parameters.latency - 1)
    start[early] = random.random(early.shape) < 0.2
    return Schedule(counts=counts, begin=begin, start=start)


def run(rtl: Rtl, parameters: SarParameters, schedule: Schedule, seed: int) -> dict[str, Integers]:
    """Every output by cycle, as `shown` gives them."""
    return shown(parameters, schedule, simulate(rtl, inputs(parameters, schedule, seed), seed=seed))


def inputs(parameters: SarParameters, schedule: Schedule, seed: int) -> dict[str, Integers]:
    """Every input by cycle.

    The comparator's answers are those to the words of a binary search, and random where it is off. They are right for
    these words only, which is why `expected` has ``dac``.
    """
    answers = np.random.default_rng(seed).integers(0, 2, len(schedule.start))
    answers[_search(parameters, schedule)] = schedule.counts[:, np.newaxis] >= trials(schedule.counts, parameters)
    return {"start": schedule.start, "cmp": answers}


def shown(parameters: SarParameters, schedule: Schedule, outputs: Mapping[str, Integers]) -> dict[str, Integers]:
    """Outputs by cycle, and ``code`` only while it holds a result."""
    return {**outputs, "code": outputs["code"][_settled(parameters, schedule)]}


def expected(parameters: SarParameters, schedule: Schedule) -> dict[str, Integers]:
    """What `run` must return: every output in every cycle, ``code`` only while it holds a result."""
    p, length = parameters, len(schedule.start)
    converted = convert(schedule.counts, p)
    search = _search(p, schedule)
    sampling = schedule.begin[:, np.newaxis] + 1 + np.arange(p.sample_cycles)
    dac = np.zeros(length, np.int64)
    dac[search] = trials(schedule.counts, p)
    accepted = _by_cycle(schedule.begin, length)
    early = np.cumsum(schedule.start - accepted) > 0
    latest = np.cumsum(accepted) - accepted - 1
    return {
        "sample": _by_cycle(sampling, length),
        "comparator_enable": _by_cycle(search, length),
        "dac": dac,
        "done": _by_cycle(schedule.begin + p.latency, length),
        "code": converted.code[latest[_settled(p, schedule)]],
        "ops": np.full(length, p.bits),
        "overrun": np.concatenate([[0], early[:-1]]).astype(np.int64),
    }


def _by_cycle(cycles: Integers, length: int) -> Integers:
    flags = np.zeros(length, np.int64)
    flags[cycles] = 1
    return flags


def _search(parameters: SarParameters, schedule: Schedule) -> Integers:
    """Cycles of the comparisons, (conversions, bits)."""
    return schedule.begin[:, np.newaxis] + 1 + parameters.sample_cycles + np.arange(parameters.bits)


def _settled(parameters: SarParameters, schedule: Schedule) -> NDArray[np.bool_]:
    """Cycles in which ``code`` holds a result: from done to the next accepted start."""
    length = len(schedule.start)
    done = np.cumsum(_by_cycle(schedule.begin + parameters.latency, length))
    begun = np.cumsum(_by_cycle(schedule.begin, length)) - _by_cycle(schedule.begin, length)
    return (done == begun) & (done > 0)
