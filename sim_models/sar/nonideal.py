"""A converter with mismatched capacitors, comparator offset and noise, gain error and a DAC that settles late."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, integers, require_instance, require_integer
from sim_models.sar.clipped_parameters import ClippedParameters
from sim_models.sar.coding import decode_aligned
from sim_models.sar.convert import Conversion, Converter
from sim_models.sar.metrics import FloatArray
from sim_models.sar.nonideal_parameters import SarNonIdealities, capacitor_thresholds
from sim_models.sar.search import BoolArray, Walk
from sim_models.sar.twin_range import TrqParameters

CHUNK = 1 << 16  # conversions at a time, which bounds memory; part of what a seed means


class NonIdealSar:
    """One converter instance: ``thresholds`` (2^bits,), the settled DAC voltage of each word, in counts.

    A comparison is ``(count + input_centering) * (1 + gain_error) + comparator_noise * z >= T + comparator_offset``.
    All kinds of converters share T and, conversion by conversion and cycle by cycle, the draws z.

    With ``settling`` T is the voltage at the end of the cycle: T = T(u) - (T(u) - T before) * exp(-settling), where T
    before the first cycle is 0. Without any deviation the results equal `convert` for all bits 2..16: T(u) is then u
    exactly, and counts lie half a step away from all thresholds. Without noise and with a settled DAC the values rise
    with the counts, whatever the mismatch, for plain and clipped converters and for R1 at 0 with mid_rise; a DAC that
    settles late meets the end of R1 with another voltage in the detection than in the search, and has no such rule.

    Raises ValueError for bits outside 2..16.
    """

    def __init__(self, bits: int, nonidealities: SarNonIdealities) -> None:
        require_instance("nonidealities", nonidealities, SarNonIdealities)
        self.bits = bits
        self.nonidealities = nonidealities
        self.thresholds = capacitor_thresholds(bits, nonidealities)
        self.thresholds.flags.writeable = False
        self._noise = np.random.default_rng((nonidealities.seed, 1))

    @property
    def maximum(self) -> int:
        """Largest count."""
        return (1 << self.bits) - 1

    def sample(self, counts: ArrayLike) -> "Sampled":
        """Hold ``counts``, to compare them with one word after the other; the noise goes on from call to call.

        Raises ValueError for counts outside 0..2^bits - 1.
        """
        return Sampled(self, integers("counts", counts, 0, self.maximum), self._noise)

    def compare(self, counts: ArrayLike, words: ArrayLike) -> BoolArray:
        """Whether ``counts`` are found at least ``words``, whose shapes must broadcast; new noise for each call.

        Raises ValueError for counts or words outside 0..2^bits - 1, and with ``settling``, where the answer depends on
        the words before: see `sample`.
        """
        if self.nonidealities.residue:
            raise ValueError("settling must be None to compare without a history of words; sample holds one")
        held, tried = integers("counts", counts, 0, self.maximum), integers("words", words, 0, self.maximum)
        try:
            held, tried = np.broadcast_arrays(held, tried)
        except ValueError:
            raise ValueError(f"words must have a shape that fits counts, {held.shape}, not {tried.shape}") from None
        return Sampled(self, held, self._noise).step(tried)

    def convert(self, counts: ArrayLike, parameters: Converter, *, clip: bool = False, run: int = 0) -> Conversion:
        """Conversions as of `sim_models.sar.convert`; the same ``run`` has the same noise, another one its own.

        ``value`` is what the decoder makes of the code, which may lie in the wrong range. Raises ValueError for counts
        as `sim_models.sar.convert` does, parameters of other bits, and a run below 0.
        """
        require_integer("run", run, 0)
        if parameters.bits != self.bits:
            raise ValueError(f"bits must be {self.bits}, as of this converter, not {parameters.bits}")
        words = integers("counts", counts, 0, None if clip else self.maximum)
        held = np.minimum(words, self.maximum).reshape(-1)
        code, in_r1, operations = self._convert(held, parameters, run)
        return Conversion(
            code=code.reshape(words.shape),
            in_r1=in_r1.reshape(words.shape),
            operations=operations.reshape(words.shape),
            value=_values(code, in_r1, parameters).reshape(words.shape),
            clipped=words > self.maximum,
        )

    def _convert(self, counts: IntArray, parameters: Converter, run: int) -> tuple[IntArray, BoolArray, IntArray]:
        """Codes, ranges and numbers of comparisons; without noise each count is searched once."""
        if self.nonidealities.comparator_noise == 0 and counts.size > self.maximum + 1:
            table = self._convert(np.arange(self.maximum + 1), parameters, run)
            return table[0][counts], table[1][counts], table[2][counts]
        code, in_r1 = np.empty(counts.size, np.int64), np.empty(counts.size, bool)
        operations = np.zeros(counts.size, np.int64)
        for number, start in enumerate(range(0, counts.size, CHUNK)):
            piece = slice(start, start + CHUNK)
            noise = np.random.default_rng((self.nonidealities.seed, 2, run, number))
            code[piece], in_r1[piece], operations[piece] = self._search(counts[piece], parameters, noise)
        return code, in_r1, operations

    def _search(
        self, counts: IntArray, parameters: Converter, noise: np.random.Generator
    ) -> tuple[IntArray, BoolArray, IntArray]:
        """Codes, ranges and numbers of comparisons."""
        walk = Walk(counts.shape, parameters)
        operations = np.zeros(counts.shape, np.int64)
        for cycle in walk.run(Sampled(self, counts, noise).follow):
            operations += cycle.compared
        return walk.code.astype(np.int64), walk.in_r1, operations


class Sampled:
    """Held inputs and the state of the DAC that they are compared with: made by `NonIdealSar.sample`."""

    def __init__(self, converter: NonIdealSar, counts: IntArray, noise: np.random.Generator) -> None:
        self._deviations = d = converter.nonidealities
        self._thresholds = converter.thresholds
        self._input = (counts + d.input_centering) * (1 + d.gain_error)
        self._voltage: FloatArray = np.zeros(counts.shape)
        self._noise = noise

    def step(self, words: ArrayLike) -> BoolArray:
        """One cycle with ``words``, one for each count or one for all, on the DAC: "input at least the word".

        Raises ValueError for words outside 0..2^bits - 1, or of a shape that is not that of the counts.
        """
        tried = integers("words", words, 0, self._thresholds.size - 1)
        if tried.ndim and tried.shape != self._input.shape:
            raise ValueError(f"words must have the shape of the counts, {self._input.shape}, not {tried.shape}")
        return self.follow(tried)

    def follow(self, words: NDArray[np.integer]) -> BoolArray:
        """`step` without the checks, for loops over many words."""
        d = self._deviations
        settled = self._thresholds[words]
        self._voltage = settled - (settled - self._voltage) * d.residue if d.residue else settled
        level = self._voltage + d.comparator_offset
        if d.comparator_noise == 0:
            return np.asarray(self._input >= level)
        return np.asarray(self._input + d.comparator_noise * self._noise.standard_normal(self._input.shape) >= level)


def _values(code: IntArray, in_r1: BoolArray, parameters: Converter) -> IntArray:
    if isinstance(parameters, TrqParameters):
        return decode_aligned(code, ~in_r1, parameters)
    if isinstance(parameters, ClippedParameters):
        return parameters.start + code + parameters.half
    return code
