"""How far floating-point blocks are from the exact result: one mean relative error for each format.

Each operation gets the same real numbers in every format, rounded to words of that format; its result is compared
with the exact result of those words. The reference is computed in float64, where products of two words are exact and
a sum is off by at most one part in 2^53. A result that is infinite, or flushed to zero, counts as an error of 1, and
so does any larger one; where the exact result is 0 there is no relative error and the sample is left out.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, require_integer
from sim_models.arith.floats import (
    float_add,
    float_fused,
    float_multiply,
    float_to_signed,
    round_to_word,
    signed_to_float,
    unsigned_to_float,
)
from sim_models.arith.formats import FloatFormat

Reals = NDArray[np.float64]

SAMPLES = 1 << 16
SEED = 754

_DOUBLE_BITS = 53


def nearest_words(values: ArrayLike, fmt: FloatFormat) -> IntArray:
    """Words of ``fmt`` nearest to finite real ``values``, ties to even, subnormals included; too large: infinity."""
    mantissa, exponent = np.frexp(np.asarray(values, np.float64))
    magnitude = np.ldexp(np.abs(mantissa), _DOUBLE_BITS).astype(np.int64)
    unit = exponent.astype(np.int64) - _DOUBLE_BITS + fmt.bias + fmt.fraction_bits
    return round_to_word(np.signbit(mantissa).astype(np.int64), magnitude, unit, fmt, False)


def real_values(words: IntArray, fmt: FloatFormat) -> Reals:
    """The exact values of words of ``fmt``, infinities included; words that are NaN have none and give infinity."""
    field = words >> fmt.fraction_bits & fmt.maximum_exponent_field
    fraction = words & ((1 << fmt.fraction_bits) - 1)
    significand = fraction + ((field > 0).astype(np.int64) << fmt.fraction_bits)
    finite = np.ldexp(significand.astype(np.float64), np.maximum(field, 1) - fmt.bias - fmt.fraction_bits)
    magnitude = np.where(field == fmt.maximum_exponent_field, np.inf, finite)
    return np.where(words >> (fmt.width - 1) == 1, -magnitude, magnitude)


def mean_relative_error(results: ArrayLike, exact: ArrayLike) -> float:
    """Mean of ``min(1, |result - exact| / |exact|)`` over the finite ``exact`` values other than 0.

    Raises ValueError where there is none.
    """
    found, reference = np.broadcast_arrays(np.asarray(results, np.float64), np.asarray(exact, np.float64))
    counted = np.isfinite(reference) & (reference != 0)
    if not counted.any():
        raise ValueError("exact must hold at least one finite value other than 0, not none")
    found, reference = found[counted], reference[counted]
    return float(np.minimum(np.abs(found - reference) / np.abs(reference), 1).mean())


def multiply_error(fmt: FloatFormat, *, flush_to_zero: bool = False) -> float:
    """Mean relative error of ``float_multiply`` for standard normal operands."""
    return _operation_error(float_multiply, np.multiply, 2, fmt, flush_to_zero)


def add_error(fmt: FloatFormat, *, flush_to_zero: bool = False) -> float:
    """Mean relative error of ``float_add`` for standard normal operands."""
    return _operation_error(float_add, np.add, 2, fmt, flush_to_zero)


def fused_error(fmt: FloatFormat, *, flush_to_zero: bool = False) -> float:
    """Mean relative error of ``float_fused`` for standard normal operands."""
    return _operation_error(float_fused, lambda a, b, c: a * b + c, 3, fmt, flush_to_zero)


def from_unsigned_error(width: int, fmt: FloatFormat) -> float:
    """Mean relative error of ``unsigned_to_float`` for uniform integers of ``width`` bits, 1 to 32."""
    require_integer("width", width, 1, 32)
    values = _uniform_integers(0, (1 << width) - 1)
    return mean_relative_error(real_values(unsigned_to_float(values, fmt), fmt), values)


def from_signed_error(width: int, fmt: FloatFormat) -> float:
    """Mean relative error of ``signed_to_float`` for uniform integers of ``width`` bits, 2 to 32."""
    require_integer("width", width, 2, 32)
    values = _uniform_integers(-(1 << (width - 1)), (1 << (width - 1)) - 1)
    return mean_relative_error(real_values(signed_to_float(values, fmt), fmt), values)


def to_signed_error(width: int, fmt: FloatFormat) -> float:
    """Mean relative error of ``float_to_signed`` for uniform numbers that both sides can hold.

    They are drawn between plus and minus the largest integer of ``width`` bits (2 to 32) or the largest finite number
    of ``fmt``, whichever is smaller, and rounded to ``fmt``.
    """
    require_integer("width", width, 2, 32)
    limit = min((1 << (width - 1)) - 1, float(real_values(np.array(fmt.infinity - 1), fmt)))
    words = nearest_words(np.random.default_rng(SEED).uniform(-limit, limit, SAMPLES), fmt)
    integers, _ = float_to_signed(words, width, fmt)
    return mean_relative_error(integers, real_values(words, fmt))


def _operation_error(
    operation: Callable[..., IntArray],
    exact: Callable[..., Reals],
    operands: int,
    fmt: FloatFormat,
    flush_to_zero: bool,
) -> float:
    drawn = np.random.default_rng(SEED).standard_normal((operands, SAMPLES))
    words = [nearest_words(values, fmt) for values in drawn]
    with np.errstate(invalid="ignore"):  # operands too large for the format are infinite, and left out
        reference = exact(*(real_values(word, fmt) for word in words))
    return mean_relative_error(real_values(operation(*words, fmt, flush_to_zero=flush_to_zero), fmt), reference)


def _uniform_integers(low: int, high: int) -> IntArray:
    """Every integer from ``low`` to ``high`` where they are few, else drawn ones."""
    if high - low < SAMPLES:
        return np.arange(low, high + 1)
    return np.random.default_rng(SEED).integers(low, high, SAMPLES, endpoint=True)
