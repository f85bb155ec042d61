"""The search of a converter, cycle by cycle: the words on its DAC and what is decided with each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, integers
from sim_models.sar.clipped_parameters import ClippedParameters
from sim_models.sar.convert import Converter
from sim_models.sar.twin_range import TrqParameters

BoolArray = NDArray[np.bool_]
WordArray = NDArray[np.int32]
Compare = Callable[[WordArray], BoolArray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """Cycles of searches, arrays (..., steps) with the cycles along the last axis.

    ``words``: the word on the DAC. ``decisions``: what was decided with it, "at least the word". ``compared``: whether
    a comparison decided it; False for a forced trial, which would be above the DAC's words and is decided 0 while the
    DAC stays where it is, and for a known one, whose word passes over the DAC and is decided 1. ``length`` (...): the
    cycles of each search. A search that ends before the longest has the word 0 and False in the cycles after its end.
    """

    words: IntArray
    decisions: BoolArray
    compared: BoolArray
    length: IntArray

    @property
    def operations(self) -> IntArray:
        """Comparisons of each search: shape (...)."""
        return self.compared.sum(axis=-1, dtype=np.int64)


def search(counts: ArrayLike, parameters: Converter, *, clip: bool = False) -> Search:
    """The searches of an ideal converter for ``counts``, decision after decision; `convert` has their results at once.

    Raises ValueError for counts as `convert` does.
    """
    held = np.minimum(integers("counts", counts, 0, None if clip else parameters.maximum), parameters.maximum)
    steps = list(Walk(held.shape, parameters).run(lambda words: held >= words))
    return Search(
        words=np.stack([step.words for step in steps], axis=-1).astype(np.int64),
        decisions=np.stack([step.decisions for step in steps], axis=-1),
        compared=np.stack([step.compared for step in steps], axis=-1),
        length=np.sum([step.active for step in steps], axis=0, dtype=np.int64),
    )


def longest_search(parameters: Converter) -> int:
    """Cycles of the longest search, those of forced and known trials included."""
    if isinstance(parameters, TrqParameters):
        return parameters.worst_operations
    return parameters.kept_bits if isinstance(parameters, ClippedParameters) else parameters.bits


class Cycle(NamedTuple):
    """One cycle of a batch of searches; ``active``: the search had not ended before it."""

    words: WordArray
    decisions: BoolArray
    compared: BoolArray
    active: BoolArray


class Walk:
    """A batch of searches in step with each other: the control of a converter, without a comparator.

    ``code`` and ``in_r1``, in the shape of the batch, are those of `Conversion` after `run`. The comparator may be
    wrong: the search goes on from its decisions as hardware would.
    """

    def __init__(self, shape: tuple[int, ...], parameters: Converter) -> None:
        self._parameters = parameters
        start, lowest, bits, detection = 0, 0, parameters.bits, 0
        if isinstance(parameters, ClippedParameters):
            start, lowest, bits = parameters.start, parameters.step_log2, parameters.kept_bits
        if isinstance(parameters, TrqParameters):
            bits, detection = 0, parameters.r1_end
        self.code = np.zeros(shape, np.int32)
        self.in_r1 = np.ones(shape, bool)
        self._base = np.full(shape, start, np.int32)
        self._stop = np.full(shape, 1 << lowest, np.int32)
        self._bit = np.full(shape, (1 << lowest + bits) >> 1 if bits else 0, np.int32)  # under test; 0: none
        self._detection = np.full(shape, detection, np.int32)  # a bound of R1 to compare with; 0: none

    def run(self, compare: Compare) -> Iterator[Cycle]:
        """All cycles; ``compare`` gets the words of a cycle and answers "the input is at least the word".

        It is called in every cycle, with the word 0 for searches that have ended; their answers are not used.
        """
        for _ in range(longest_search(self._parameters)):
            yield self._step(compare)

    def _step(self, compare: Compare) -> Cycle:
        detecting = self._detection > 0
        active = detecting | (self._bit > 0)
        trial = self._base + (self.code | self._bit)
        forced = trial > self._parameters.maximum
        word = np.where(detecting, self._detection, np.where(forced, self._base + self.code, trial))
        words = np.where(active, word, 0).astype(np.int32, copy=False)
        known = self._known()
        compared = active & ~(forced | known)
        decisions = np.where(compared, compare(words), known)
        self._decide(decisions & ~detecting)
        if detecting.any():
            self._detect(detecting, decisions)
        return Cycle(words=words, decisions=decisions, compared=compared, active=active)

    def _known(self) -> BoolArray:
        """Whether the trial is the end of R1 and all trials above it failed, where that saves the comparison."""
        p = self._parameters
        if not isinstance(p, TrqParameters) or not p.skip_known_trial:
            return np.zeros(self.code.shape, bool)
        return (self._bit == p.r1_size) & (self.code == 0) & ~self.in_r1

    def _decide(self, decisions: BoolArray) -> None:
        """Keep the bit under test where it was decided 1, and go on to the next."""
        self.code |= np.where(decisions, self._bit, 0)
        self._bit = np.where(self._bit == self._stop, 0, self._bit >> 1)

    def _detect(self, detecting: BoolArray, decisions: BoolArray) -> None:
        """Ask for the start of R1 next where that is not known to be below, or begin the search of a range."""
        p = self._parameters
        assert isinstance(p, TrqParameters)
        upper = self._detection == p.r1_end
        lower_next = detecting & upper & ~decisions if p.r1_start else np.zeros(detecting.shape, bool)
        self._detection = np.where(lower_next, np.int32(p.r1_start), np.int32(0))
        found = detecting & ~lower_next
        self.in_r1 = np.where(found, decisions != upper, self.in_r1)
        self._begin(found & self.in_r1, p.r1_start, p.r1_step_log2, p.r1_bits)
        origin = p.r1_end if p.r2_origin == "after_r1" else 0
        self._begin(found & ~self.in_r1, origin, p.r2_step_log2, p.r2_bits)

    def _begin(self, where: BoolArray, origin: int, lowest: int, bits: int) -> None:
        self._base[where] = origin
        self._stop[where] = 1 << lowest
        self._bit[where] = 1 << lowest + bits - 1 if bits else 0
