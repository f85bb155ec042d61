"""What a successive approximation converter makes of a count, and the words it compares with on the way."""

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, integers
from sim_models.sar.clipped_parameters import ClippedParameters
from sim_models.sar.parameters import SarParameters
from sim_models.sar.twin_range import TrqParameters

Converter = SarParameters | TrqParameters | ClippedParameters


@dataclass(frozen=True, kw_only=True, eq=False)
class Conversion:
    """Results in the shape of the counts.

    ``code``: each bit that was decided at its own weight, the others 0 (of R1 relative to its start, of R2 to its
    origin, of a clipped converter to the start of its window). ``in_r1``: which range it belongs to; plain and clipped
    converters have one range only. ``operations``: comparisons made. ``value``: the count that the code stands for.
    ``clipped``: where the count was above 2^bits - 1, the largest one.
    """

    code: IntArray
    in_r1: NDArray[np.bool_]
    operations: IntArray
    value: IntArray
    clipped: NDArray[np.bool_]


def convert(counts: ArrayLike, parameters: Converter, *, clip: bool = False) -> Conversion:
    """Convert ``counts``, integers from 0 in units of the smallest step of the converter.

    With ``clip``, counts above 2^bits - 1 are converted as that. Raises ValueError for counts that are no integers or
    negative, and without ``clip`` for counts that are too large.
    """
    words = integers("counts", counts, 0, None if clip else parameters.maximum)
    clipped = words > parameters.maximum
    words = np.minimum(words, parameters.maximum)
    if isinstance(parameters, TrqParameters):
        in_r1, code, value = _quantize(words, parameters)
        operations = _operations(words, in_r1, parameters)
    else:
        in_r1 = np.ones(words.shape, bool)
        code, value, made = _one_range(words, parameters)
        operations = np.full(words.shape, made, np.int64)
    return Conversion(code=code, in_r1=in_r1, operations=operations, value=value, clipped=clipped)


@lru_cache(maxsize=64)
def transfer(parameters: Converter) -> Conversion:
    """The conversions of all counts 0..2^bits - 1, in order: arrays (2^bits,) that are kept and cannot be written."""
    table = convert(np.arange(parameters.maximum + 1), parameters)
    for field in fields(table):
        getattr(table, field.name).flags.writeable = False
    return table


def reconstruct(counts: ArrayLike, parameters: Converter, *, clip: bool = False) -> IntArray:
    """The counts that the codes of ``counts`` stand for: `convert` and its ``value``."""
    return convert(counts, parameters, clip=clip).value


def _one_range(words: IntArray, p: SarParameters | ClippedParameters) -> tuple[IntArray, IntArray, int]:
    """Codes, values and the comparisons of each."""
    if isinstance(p, SarParameters):
        return words, words, p.bits
    steps = np.clip(words - p.start >> p.step_log2, 0, (1 << p.kept_bits) - 1)
    code = steps << p.step_log2
    return code, p.start + code + p.half, p.kept_bits


def _quantize(words: IntArray, p: TrqParameters) -> tuple[NDArray[np.bool_], IntArray, IntArray]:
    in_r1 = (words >= p.r1_start) & (words < p.r1_end)
    origin = p.r1_end if p.r2_origin == "after_r1" else 0
    r1_code = words - p.r1_start >> p.r1_step_log2 << p.r1_step_log2
    r2_code = words - origin >> p.r2_step_log2 << p.r2_step_log2
    r2_value = np.minimum(origin + r2_code + p.r2_half, p.maximum)
    value = np.where(in_r1, p.r1_start + r1_code + p.r1_half, r2_value)
    return in_r1, np.where(in_r1, r1_code, r2_code), value


def _operations(words: IntArray, in_r1: NDArray[np.bool_], p: TrqParameters) -> IntArray:
    detections = np.where(words < p.r1_end, 2, 1) if p.r1_start else 1
    return detections + np.where(in_r1, p.r1_bits, p.r2_bits - _uncompared(words, p))


def _uncompared(words: IntArray, p: TrqParameters) -> IntArray:
    """Trials of the search of R2 whose outcome is known: beyond the DAC's words, or told by the detection."""
    if p.skip_known_trial and p.r1_bits >= p.ratio_log2:
        return (words < 2 * p.r1_size).astype(np.int64)
    if p.r2_origin == "zero":
        return np.zeros(words.shape, np.int64)
    code = words - p.r1_size
    known = np.zeros(words.shape, np.int64)
    for place in range(p.r2_step_log2, p.r2_step_log2 + p.r2_bits):
        trial = p.r1_size + ((code >> place | 1) << place)
        known += trial > p.maximum
    return known


def trials(counts: ArrayLike, parameters: SarParameters) -> IntArray:
    """The words that each count is compared with, in order: shape (..., bits).

    The bits above the one under test are those of the count; that one is 1, and those below it 0. Raises ValueError for
    counts that are no integers or outside 0..2^bits - 1.
    """
    words = integers("counts", counts, 0, parameters.maximum)[..., np.newaxis]
    places = np.arange(parameters.bits)[::-1]
    return words >> places + 1 << places + 1 | 1 << places
