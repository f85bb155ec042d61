"""Floating-point operations on bit patterns, exact to the last bit: integers only, any ``FloatFormat``.

Every operation is an exact integer core followed by one shared rounding (``round_to_word``). Rounding is to nearest,
ties to even. NaN results are ``FloatFormat.nan``. An exact zero sum is +0 unless both addends are -0.

``flush_to_zero``: subnormal operands count as zero of their sign; a result is rounded to the significand width with an
unbounded exponent, and becomes zero of its sign if that is smaller than the smallest normal number.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, integers, require_instance, require_integer
from sim_models.arith.formats import FloatFormat
from sim_models.arith.rounding import MAXIMUM_SHIFT, Rounding, round_shift, saturate

BoolArray = NDArray[np.bool_]

# Magnitudes stay below 2^61, so that a shift by MAXIMUM_SHIFT leaves less than half a unit: it rounds to zero.
_MAGNITUDE_BITS = 61


@dataclass(frozen=True)
class _Operand:
    """Decoded words. A finite one is ``(-1)^sign * significand * 2^(exponent - bias - fraction_bits)``."""

    sign: IntArray
    exponent: IntArray
    significand: IntArray
    infinite: BoolArray
    nan: BoolArray


def _decode(name: str, words: ArrayLike, fmt: FloatFormat, flush_to_zero: bool) -> _Operand:
    require_instance("fmt", fmt, FloatFormat)
    bits = integers(name, words, 0, (1 << fmt.width) - 1)
    field = bits >> fmt.fraction_bits & fmt.maximum_exponent_field
    fraction = bits & ((1 << fmt.fraction_bits) - 1)
    normal = field > 0
    special = field == fmt.maximum_exponent_field
    significand = fraction * normal if flush_to_zero else fraction
    return _Operand(
        sign=bits >> (fmt.width - 1),
        exponent=np.maximum(field, 1),
        significand=significand | normal.astype(np.int64) << fmt.fraction_bits,
        infinite=special & (fraction == 0),
        nan=special & (fraction != 0),
    )


def _bit_length(values: IntArray) -> IntArray:
    """Position of the leading one plus one, of non-negative integers."""
    smeared = values
    for distance in (1, 2, 4, 8, 16, 32):
        smeared = smeared | smeared >> distance
    return np.bitwise_count(smeared).astype(np.int64)


def _shift_right_jam(values: IntArray, bits: IntArray) -> IntArray:
    """``values >> bits`` with the lost bits ORed into the last one; ``bits`` may exceed the word."""
    places = np.minimum(bits, MAXIMUM_SHIFT)
    kept = values >> places
    return kept | ((kept << places) != values)


def round_to_word(
    sign: IntArray, magnitude: IntArray, exponent: IntArray, fmt: FloatFormat, flush_to_zero: bool
) -> IntArray:
    """Word nearest to ``(-1)^sign * magnitude * 2^(exponent - bias - fraction_bits)``; ``magnitude`` below 2^61.

    ``exponent`` is the exponent field that the number would have if the bit ``fraction_bits`` led ``magnitude``.
    """
    excess = _bit_length(magnitude) - fmt.significand_bits
    if not flush_to_zero:
        excess = np.maximum(excess, 1 - exponent)
    cut = np.clip(excess, 0, MAXIMUM_SHIFT)
    padding = np.clip(-excess, 0, MAXIMUM_SHIFT)
    significand = round_shift(magnitude << padding, cut, Rounding.HALF_EVEN)
    # The hidden one, or a carry out of the significand, adds itself to the exponent field.
    word = (exponent + excess - 1 << fmt.fraction_bits) + significand
    vanished = magnitude == 0
    if flush_to_zero:
        vanished = vanished | (word < 1 << fmt.fraction_bits)
    word = np.where(vanished, 0, np.minimum(word, fmt.infinity))
    return sign << (fmt.width - 1) | word


def _with_specials(
    finite: IntArray, nan: BoolArray, infinite: BoolArray, infinite_sign: IntArray, fmt: FloatFormat
) -> IntArray:
    infinity = infinite_sign << (fmt.width - 1) | fmt.infinity
    return np.where(nan, fmt.nan, np.where(infinite, infinity, finite))


def float_multiply(a: ArrayLike, b: ArrayLike, fmt: FloatFormat, *, flush_to_zero: bool = False) -> IntArray:
    """Words of ``a * b``, rounded once, as int64; ``a`` and ``b`` are words of ``fmt`` and broadcast.

    Raises ValueError for arrays that are no words of the format.
    """
    x, y = (_decode(name, words, fmt, flush_to_zero) for name, words in (("a", a), ("b", b)))
    sign = x.sign ^ y.sign
    exponent = x.exponent + y.exponent - fmt.bias - fmt.fraction_bits
    product = round_to_word(sign, x.significand * y.significand, exponent, fmt, flush_to_zero)
    return _with_specials(product, _product_is_nan(x, y), x.infinite | y.infinite, sign, fmt)


def _product_is_nan(x: _Operand, y: _Operand) -> BoolArray:
    times_zero = (x.infinite & (y.significand == 0)) | (y.infinite & (x.significand == 0))
    return x.nan | y.nan | times_zero


def float_add(a: ArrayLike, b: ArrayLike, fmt: FloatFormat, *, flush_to_zero: bool = False) -> IntArray:
    """Words of ``a + b``, rounded once, as int64; ``a`` and ``b`` are words of ``fmt`` and broadcast.

    Raises ValueError for arrays that are no words of the format.
    """
    x, y = (_decode(name, words, fmt, flush_to_zero) for name, words in (("a", a), ("b", b)))
    first, second = (x.sign, x.significand, x.exponent), (y.sign, y.significand, y.exponent)
    total = _round_sum(first, second, fmt.significand_bits, fmt, flush_to_zero)
    nan = x.nan | y.nan | (x.infinite & y.infinite & (x.sign != y.sign))
    return _with_specials(total, nan, x.infinite | y.infinite, np.where(x.infinite, x.sign, y.sign), fmt)


def float_fused(a: ArrayLike, b: ArrayLike, c: ArrayLike, fmt: FloatFormat, *, flush_to_zero: bool = False) -> IntArray:
    """Words of ``a * b + c``, rounded once, as int64; the arguments are words of ``fmt`` and broadcast.

    With ``flush_to_zero`` the product itself is not flushed, only operands and result.
    Raises ValueError for arrays that are no words of the format.
    """
    x, y, z = (_decode(name, words, fmt, flush_to_zero) for name, words in (("a", a), ("b", b), ("c", c)))
    sign = x.sign ^ y.sign
    exponent = x.exponent + y.exponent - fmt.bias - fmt.fraction_bits
    product, addend = (sign, x.significand * y.significand, exponent), (z.sign, z.significand, z.exponent)
    total = _round_sum(product, addend, 2 * fmt.significand_bits, fmt, flush_to_zero)
    product_infinite = x.infinite | y.infinite
    nan = _product_is_nan(x, y) | z.nan | (product_infinite & z.infinite & (sign != z.sign))
    infinite_sign = np.where(product_infinite, sign, z.sign)
    return _with_specials(total, nan, product_infinite | z.infinite, infinite_sign, fmt)


_Term = tuple[IntArray, IntArray, IntArray]


def _round_sum(a: _Term, b: _Term, width_a: int, fmt: FloatFormat, flush_to_zero: bool) -> IntArray:
    """Sum of two terms (sign, magnitude below 2^width, exponent of its units), rounded.

    The term with the larger unit moves left as far as 60 bits allow; what remains of the distance moves the other
    right, its lost bits jammed into the last. That is exact after rounding: the left-moved term then spans at least
    ``significand_bits + 2`` bits more than the jammed one can influence.
    """
    (sign_a, magnitude_a, exponent_a), (sign_b, magnitude_b, exponent_b) = a, b
    room_a, room_b = _MAGNITUDE_BITS - 1 - width_a, _MAGNITUDE_BITS - 1 - fmt.significand_bits
    # A zero has no unit: it takes the other's, so that it never forces a jam.
    unit_a = np.where(magnitude_a == 0, exponent_b, exponent_a)
    unit_b = np.where(magnitude_b == 0, exponent_a, exponent_b)
    up_a = np.clip(unit_a - unit_b, 0, room_a)
    up_b = np.clip(unit_b - unit_a, 0, room_b)
    unit = np.maximum(unit_a - up_a, unit_b - up_b)
    x = _shift_right_jam(magnitude_a << up_a, unit - (unit_a - up_a))
    y = _shift_right_jam(magnitude_b << up_b, unit - (unit_b - up_b))
    total = np.where(sign_a == 1, -x, x) + np.where(sign_b == 1, -y, y)
    sign = np.where(total == 0, sign_a & sign_b, (total < 0).astype(np.int64))
    return round_to_word(sign, np.abs(total), unit, fmt, flush_to_zero)


def unsigned_to_float(values: ArrayLike, fmt: FloatFormat) -> IntArray:
    """Words nearest to the integers ``values`` in 0..2^60, as int64. Raises ValueError for others."""
    magnitude = integers("values", values, 0, 1 << (_MAGNITUDE_BITS - 1))
    return round_to_word(np.zeros_like(magnitude), magnitude, _unit_exponent(magnitude, fmt), fmt, False)


def signed_to_float(values: ArrayLike, fmt: FloatFormat) -> IntArray:
    """Words nearest to the integers ``values`` in -2^60..2^60, as int64; 0 gives +0. Raises ValueError for others."""
    limit = 1 << (_MAGNITUDE_BITS - 1)
    words = integers("values", values, -limit, limit)
    return round_to_word((words < 0).astype(np.int64), np.abs(words), _unit_exponent(words, fmt), fmt, False)


def _unit_exponent(values: IntArray, fmt: FloatFormat) -> IntArray:
    require_instance("fmt", fmt, FloatFormat)
    return np.full_like(values, fmt.bias + fmt.fraction_bits)


def float_to_signed(words: ArrayLike, width: int, fmt: FloatFormat) -> tuple[IntArray, BoolArray]:
    """Nearest integers of float words, ties to even, clamped to ``width`` bits two's complement; and ``invalid``.

    Infinities clamp. NaN gives 0 with ``invalid`` set. Raises ValueError for arrays that are no words of the format and
    for ``width`` outside 2..32.
    """
    require_integer("width", width, 2, 32)
    x = _decode("words", words, fmt, False)
    places = x.exponent - fmt.bias - fmt.fraction_bits
    # 33 bits to the left of a one are beyond every clamp already.
    left = np.clip(places, 0, 33)
    right = np.clip(-places, 0, MAXIMUM_SHIFT)
    magnitude = round_shift(x.significand << left, right, Rounding.HALF_EVEN)
    magnitude = np.where(x.infinite, 1 << width, magnitude)
    values = saturate(np.where(x.sign == 1, -magnitude, magnitude), width, True)
    return np.where(x.nan, 0, values), x.nan
