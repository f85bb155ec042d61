"""Conversion by successive approximation one count at a time, in Python's integers and fractions.

Slow and plain on purpose: every function follows one comparison after the other, or a definition word by word, and
reads nothing of the golden models but the fields of their parameters.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from sim_models.sar import SarParameters, TrqParameters


class Step(NamedTuple):
    """A cycle of the search; a step without ``compared`` has its answer without the comparator.

    ``word`` is what the DAC shows: the trial, or for a trial above its words still the one before.
    """

    word: int
    decision: bool
    compared: bool


class Outcome(NamedTuple):
    """What one conversion gives."""

    steps: tuple[Step, ...]
    flag: int
    code: int
    packed: int
    value: int

    @property
    def operations(self) -> int:
        return sum(step.compared for step in self.steps)


Comparator = Callable[[int], bool]  # takes each word that the DAC shows, also where its answer is not used


def ideal(count: int) -> Comparator:
    return lambda word: count >= word


class _Search:
    """A comparator with a memory of what it was shown."""

    def __init__(self, comparator: Comparator) -> None:
        self.comparator = comparator
        self.steps: list[Step] = []

    def compare(self, word: int) -> bool:
        decision = self.comparator(word)
        self.steps.append(Step(word, decision, True))
        return decision

    def known(self, word: int, decision: bool) -> bool:
        self.comparator(word)
        self.steps.append(Step(word, decision, False))
        return decision


def plain(comparator: Comparator, p: SarParameters) -> Outcome:
    """All bits, the highest first."""
    search, code = _Search(comparator), 0
    for bit in reversed(range(p.bits)):
        if search.compare(code + 2**bit):
            code += 2**bit
    return Outcome(tuple(search.steps), 0, code, code, code)


def r2_bits(p: TrqParameters) -> int:
    """Bits of a code of R2: of the numbers of its cells."""
    if p.r2_origin == "zero":
        return p.bits - p.r1_step_log2 - p.ratio_log2
    step, counts = 2 ** (p.r1_step_log2 + p.ratio_log2), 2**p.bits - 2 ** (p.r1_bits + p.r1_step_log2)
    cells = len(range(0, counts, step))
    return next(bits for bits in itertools.count() if 2**bits >= cells)


def _in_r1(search: _Search, p: TrqParameters) -> bool:
    size = 2 ** (p.r1_bits + p.r1_step_log2)
    if search.compare(p.r1_start + size):
        return False
    return p.r1_start == 0 or search.compare(p.r1_start)


def _code_of_r1(search: _Search, p: TrqParameters) -> int:
    code = 0
    for bit in reversed(range(p.r1_step_log2, p.r1_step_log2 + p.r1_bits)):
        if search.compare(p.r1_start + code + 2**bit):
            code += 2**bit
    return code


def _code_of_r2(search: _Search, p: TrqParameters) -> int:
    size, lowest = 2 ** (p.r1_bits + p.r1_step_log2), p.r1_step_log2 + p.ratio_log2
    origin = size if p.r2_origin == "after_r1" else 0
    code = 0
    for bit in reversed(range(lowest, lowest + r2_bits(p))):
        trial = origin + code + 2**bit
        if trial >= 2**p.bits:
            decision = search.known(search.steps[-1].word, False)
        elif p.skip_known_trial and trial == size:  # every trial above it failed, and the count is at least size
            decision = search.known(trial, True)
        else:
            decision = search.compare(trial)
        if decision:
            code += 2**bit
    return code


def twin_range(comparator: Comparator, p: TrqParameters) -> Outcome:
    """Find the range, then the code in it."""
    search = _Search(comparator)
    if _in_r1(search, p):
        code = _code_of_r1(search, p)
        return Outcome(tuple(search.steps), 0, code, code >> p.r1_step_log2, decode(code, 0, p))
    code = _code_of_r2(search, p)
    packed = (1 << max(p.r1_bits, r2_bits(p))) + (code >> p.r1_step_log2 + p.ratio_log2)
    return Outcome(tuple(search.steps), 1, code, packed, decode(code, 1, p))


def decode(code: int, flag: int, p: TrqParameters) -> int:
    """Value of an aligned code: the middle of its step, or its lower end."""
    if not flag:
        return p.r1_start + code + (2**p.r1_step_log2 // 2 if p.mid_rise else 0)
    half = 2 ** (p.r1_step_log2 + p.ratio_log2) // 2 if p.mid_rise else 0
    if p.r2_origin == "zero":
        return code + half
    return min(2 ** (p.r1_bits + p.r1_step_log2) + code + half, 2**p.bits - 1)


def searched(comparator: Comparator, p: SarParameters | TrqParameters) -> Outcome:
    """What any comparator leads to."""
    return plain(comparator, p) if isinstance(p, SarParameters) else twin_range(comparator, p)


def outcome(count: int, p: SarParameters | TrqParameters) -> Outcome:
    """What the count itself leads to."""
    return searched(ideal(count), p)


def table(p: SarParameters | TrqParameters) -> list[Outcome]:
    """Every count of the converter."""
    return [outcome(count, p) for count in range(2**p.bits)]


def quantized(count: int, p: TrqParameters) -> tuple[int, int, int]:
    """Flag, packed code without its flag, and value, by the formulas of the two ranges and without a search."""
    n, b, d1, d2 = p.bits, p.r1_start, p.r1_step_log2, p.r1_step_log2 + p.ratio_log2
    size = 2 ** (p.r1_bits + d1)
    h1, h2 = (2**d1 >> 1, 2**d2 >> 1) if p.mid_rise else (0, 0)
    if b <= count < b + size:
        code = (count - b) >> d1
        return 0, code, b + (code << d1) + h1
    if p.r2_origin == "zero":
        code = count >> d2
        return 1, code, (code << d2) + h2
    code = (count - size) >> d2
    return 1, code, min(size + (code << d2) + h2, 2**n - 1)


def clipped(count: int, bits: int, kept_bits: int, step_log2: int, start: int, mid_rise: bool) -> tuple[int, int]:
    """Code and value of a converter that keeps ``kept_bits`` bits of a window."""
    code = min(max((count - start) // 2**step_log2, 0), 2**kept_bits - 1)
    half = 2**step_log2 // 2 if mid_rise else 0
    return code, min(start + code * 2**step_log2 + half, 2**bits - 1)


def nmse(histogram: Sequence[int], values: Sequence[int]) -> Fraction | float:
    """Mean squared error over mean square; 0 where both are 0, infinite where only the mean square is."""
    errors = [(value - count) ** 2 for count, value in enumerate(values)]
    error = sum(weight * square for weight, square in zip(histogram, errors, strict=True))
    power = sum(weight * count**2 for count, weight in enumerate(histogram))
    if power == 0:
        return math.inf if error else Fraction(0)
    return Fraction(error, power)


def mean(histogram: Sequence[int], values: Sequence[int]) -> Fraction:
    """Mean of ``values`` by count."""
    return Fraction(sum(weight * value for weight, value in zip(histogram, values, strict=True)), sum(histogram))


def transition(before: int, after: int, bits: int) -> Fraction:
    """Energy of one change of the DAC's word, in C Vref^2: what every capacitor at Vref then draws."""
    rise = Fraction(after - before, 2**bits)
    members = [bit for bit in range(bits) if after >> bit & 1]
    return sum((2**bit * (1 - (before >> bit & 1) - rise) for bit in members), Fraction(0))


def switching(words: Iterable[int], bits: int) -> Fraction:
    """Energy of a sequence of words from 0 on, in C Vref^2."""
    path = [0, *words]
    return sum((transition(before, after, bits) for before, after in itertools.pairwise(path)), Fraction(0))


def thresholds(capacitors: Sequence[Fraction], dummy: Fraction) -> list[Fraction]:
    """Threshold of every word in counts: its share of all capacitors, the lowest bit's first, times full scale."""
    bits, total = len(capacitors), sum(capacitors, dummy)
    shares = (sum((c for bit, c in enumerate(capacitors) if word >> bit & 1), Fraction(0)) for word in range(2**bits))
    return [2**bits * share / total for share in shares]


def legal(
    bits: int, *, away_from_0: bool, steps: Iterable[int] | None = None, options: Iterable[dict[str, object]] = ({},)
) -> Iterator[TrqParameters]:
    """Every configuration of ``bits`` with R1 at 0, or every one with R1 away from it."""
    options = list(options)
    for d1 in range(bits) if steps is None else steps:
        for r1_bits, ratio in itertools.product(range(bits - d1), range(bits - d1)):
            size = 2 ** (r1_bits + d1)
            for start in range(1, 2**bits - size) if away_from_0 else (0,):
                for option in options:
                    yield TrqParameters(
                        bits=bits, r1_start=start, r1_step_log2=d1, r1_bits=r1_bits, ratio_log2=ratio, **option
                    )


# What a configuration with R1 at 0 may choose, and one with R1 away from 0.
AT_0 = [
    {"mid_rise": mid_rise, **option}
    for mid_rise in (True, False)
    for option in ({}, {"skip_known_trial": True}, {"r2_origin": "after_r1"})
]
AWAY = [{"mid_rise": True}, {"mid_rise": False}]


def every_legal(bits: int) -> Iterator[TrqParameters]:
    """Every legal configuration of ``bits``."""
    yield from legal(bits, away_from_0=False, options=AT_0)
    yield from legal(bits, away_from_0=True, options=AWAY)


def candidates(bits: int, step_max: int = 2) -> Iterator[TrqParameters]:
    """What calibration chooses from: R1 at 0, or at a multiple of half its size."""
    for p in legal(bits, away_from_0=False, steps=range(min(step_max, bits - 1) + 1)):
        size = 2 ** (p.r1_bits + p.r1_step_log2)
        step = max(1, size // 2)
        for start in [0, *range(step, 2**bits - size, step)]:
            yield TrqParameters(
                bits=bits,
                r1_start=start,
                r1_step_log2=p.r1_step_log2,
                r1_bits=p.r1_bits,
                ratio_log2=p.ratio_log2,
            )
