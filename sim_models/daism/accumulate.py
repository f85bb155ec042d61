"""The accumulator behind each lane: the exact sum of two numbers, rounded once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray
from sim_models.arith.formats import FP32
from sim_models.arith.rounding import MAXIMUM_SHIFT, Rounding, round_shift
from sim_models.daism.parameters import DaismParameters
from sim_models.daism.words import ACCUMULATOR_INFINITY, Parts, split_accumulator, split_product

Words = NDArray[np.uint32]

# Significands have up to 48 bits; three more below keep a jammed rest away from every rounding.
_TOP = 50


def accumulate(accumulator: ArrayLike, product: ArrayLike, parameters: DaismParameters) -> Words:
    """Accumulator words after adding product words of `multiply`; the arguments broadcast.

    The exact sum is rounded to 24 bits (``fp32``) or 8 (``bf16``; 16 zeros follow the word), toward zero or to nearest
    even. Zero, and magnitudes below 2^-126 after rounding, give +0; 2^128 and above give the largest finite number or
    infinity, with the sign of the sum. An infinite accumulator stays as it is. An accumulator with an exponent field of
    0 is +0.

    Raises ValueError for arrays that are no such words, NaN, infinity unless ``saturate_to`` allows it, and integers.
    """
    p = parameters
    first, second = split_accumulator("accumulator", accumulator, p), split_product("product", product, p)
    return _rounded_sum(_aligned(first, 23, 0), _aligned(second, p.product_fraction_bits, FP32.bias - p.bias), p)


def add_partial_sums(first: ArrayLike, second: ArrayLike, parameters: DaismParameters) -> Words:
    """Accumulator words of the sums of two banks, by the rules of `accumulate`."""
    a, b = split_accumulator("first", first, parameters), split_accumulator("second", second, parameters)
    return _rounded_sum(_aligned(a, 23, 0), _aligned(b, 23, 0), parameters)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Term:
    """``(-1)^sign * magnitude * 2^(exponent - 127 - 50)``; bit 50 leads the magnitude unless it is 0."""

    sign: IntArray
    exponent: IntArray
    magnitude: IntArray
    infinite: NDArray[np.bool_]


def _aligned(parts: Parts, fraction_bits: int, rebias: int) -> _Term:
    return _Term(
        sign=parts.sign,
        exponent=np.where(parts.significand == 0, 0, parts.exponent + rebias),
        magnitude=parts.significand << _TOP - fraction_bits,
        infinite=parts.infinite,
    )


def _rounded_sum(first: _Term, second: _Term, p: DaismParameters) -> Words:
    sign, exponent, magnitude = _exact_sum(first, second)
    word = _packed(exponent, magnitude, p)
    limit = ACCUMULATOR_INFINITY if p.saturate_to == "infinity" else largest_finite(p)
    word = np.where(word < 1 << 23, 0, sign << 31 | np.minimum(word, limit))
    if p.saturate_to == "infinity":
        infinite_sign = np.where(first.infinite, first.sign, second.sign)
        word = np.where(first.infinite | second.infinite, infinite_sign << 31 | ACCUMULATOR_INFINITY, word)
    return word.astype(np.uint32)


def largest_finite(parameters: DaismParameters) -> int:
    """The accumulator word of the largest finite number."""
    return ACCUMULATOR_INFINITY - (1 << 24 - parameters.accumulator_significand_bits)


def _exact_sum(first: _Term, second: _Term) -> tuple[IntArray, IntArray, IntArray]:
    """Sign, exponent and magnitude of the sum; bits beyond reach are jammed into the lowest one."""
    behind = (first.exponent < second.exponent) | (
        (first.exponent == second.exponent) & (first.magnitude < second.magnitude)
    )
    sign = np.where(behind, second.sign, first.sign)
    exponent = np.maximum(first.exponent, second.exponent)
    large = np.where(behind, second.magnitude, first.magnitude)
    small = np.where(behind, first.magnitude, second.magnitude)
    places = np.minimum(np.abs(first.exponent - second.exponent), MAXIMUM_SHIFT)
    shifted = small >> places
    shifted |= (shifted << places) != small
    return sign, exponent, np.where(first.sign == second.sign, large + shifted, large - shifted)


def _packed(exponent: IntArray, magnitude: IntArray, p: DaismParameters) -> IntArray:
    """Exponent and fraction of the rounded magnitude, as one number; below 2^23 where it is too small."""
    length = np.bitwise_count(_smeared(magnitude)).astype(np.int64)
    surplus = length - p.accumulator_significand_bits
    rounding = Rounding.HALF_EVEN if p.accumulator_rounding == "rne" else Rounding.FLOOR
    significand = round_shift(magnitude << np.maximum(-surplus, 0), np.maximum(surplus, 0), rounding)
    # The hidden one, or a carry out of the rounding, adds itself to the exponent.
    leading = exponent + length - (_TOP + 1)
    word = (leading - 1 << 23) + (significand << 24 - p.accumulator_significand_bits)
    return np.where(magnitude == 0, 0, word)


def _smeared(values: IntArray) -> IntArray:
    """Ones from the leading one down."""
    for distance in (1, 2, 4, 8, 16, 32):
        values = values | values >> distance
    return values
