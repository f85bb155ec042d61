"""Floating-point words of operands, products and accumulators: their parts, and the numbers they stand for.

A word is {sign, exponent, fraction}. An exponent field of 0 is zero: subnormals are flushed. A field of all ones is
infinity or NaN and refused, except that products and accumulators may be infinite where ``saturate_to`` says so.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, integers, require_instance
from sim_models.arith.error import nearest_words, real_values
from sim_models.arith.formats import FP32, FloatFormat
from sim_models.daism.parameters import DaismParameters

ACCUMULATOR_INFINITY = FP32.infinity


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """Arrays of one shape: ``sign`` 0 or 1, ``exponent`` field, ``significand`` with its hidden one or 0, infinite?"""

    sign: IntArray
    exponent: IntArray
    significand: IntArray
    infinite: NDArray[np.bool_]


def split(name: str, words: ArrayLike, exponent_bits: int, fraction_bits: int, infinity_allowed: bool = False) -> Parts:
    """The parts of ``words``. Raises ValueError for words wider than the format, NaN, and infinity unless allowed."""
    bits = integers(name, words, 0, (1 << 1 + exponent_bits + fraction_bits) - 1)
    special = (1 << exponent_bits) - 1
    exponent, fraction = bits >> fraction_bits & special, bits & (1 << fraction_bits) - 1
    infinite = (exponent == special) & (fraction == 0)
    refused = (exponent == special) & ~infinite if infinity_allowed else exponent == special
    if refused.any():
        wanted = "no NaN" if infinity_allowed else "finite"
        raise ValueError(f"{name} must be {wanted}, not {int(bits[refused].flat[0]):#x}")
    normal = (exponent > 0) & ~infinite
    significand = np.where(normal, fraction | 1 << fraction_bits, 0)
    return Parts(
        sign=bits >> exponent_bits + fraction_bits, exponent=exponent, significand=significand, infinite=infinite
    )


def split_operand(name: str, words: ArrayLike, parameters: DaismParameters) -> Parts:
    """The parts of operand words. Raises ValueError for integer operands and as `split` does."""
    require_float(parameters)
    return split(name, words, parameters.exponent_bits, parameters.significand_bits - 1)


def split_product(name: str, words: ArrayLike, parameters: DaismParameters) -> Parts:
    """The parts of product words. Raises ValueError for integer operands and as `split` does."""
    require_float(parameters)
    infinity = parameters.saturate_to == "infinity"
    return split(name, words, parameters.exponent_bits, parameters.product_fraction_bits, infinity)


def split_accumulator(name: str, words: ArrayLike, parameters: DaismParameters) -> Parts:
    """The parts of accumulator words, single precision; a bfloat16 accumulator has 16 zeros below its 16 bits.

    Raises ValueError for integer operands, other low bits than zeros, and as `split` does.
    """
    require_float(parameters)
    parts = split(name, words, 8, 23, parameters.saturate_to == "infinity")
    if parameters.accumulator == "bf16" and (low := np.asarray(words) & 0xFFFF).any():
        raise ValueError(f"{name} must have 16 zeros below a bfloat16 word, not {int(low.max()):#06x}")
    return parts


def require_float(parameters: DaismParameters) -> None:
    """Raise ValueError unless ``parameters`` are those of floating-point operands."""
    require_instance("parameters", parameters, DaismParameters)
    if not parameters.is_float:
        raise ValueError("operand_kind must be 'float' for floating-point words, not 'integer'")


def operand_format(parameters: DaismParameters) -> FloatFormat:
    """The format of operand words. Raises ValueError for integer operands."""
    require_float(parameters)
    return FloatFormat(exponent_bits=parameters.exponent_bits, fraction_bits=parameters.significand_bits - 1)


def to_words(values: ArrayLike, parameters: DaismParameters) -> IntArray:
    """Operand words nearest to finite real ``values``, ties to even; subnormals become 0, too large ones the largest.

    Raises ValueError for NaN and infinity, and for integer operands.
    """
    fmt = operand_format(parameters)
    reals = np.asarray(values, np.float64)
    if not np.isfinite(reals).all():
        raise ValueError("values must be finite numbers, not NaN or infinity")
    words = nearest_words(reals, fmt)
    sign, magnitude = words & fmt.sign_mask, words & ~fmt.sign_mask
    magnitude = np.where(magnitude < 1 << fmt.fraction_bits, 0, np.minimum(magnitude, fmt.infinity - 1))
    return sign | magnitude


def to_values(words: ArrayLike, parameters: DaismParameters) -> NDArray[np.float64]:
    """The numbers that operand words stand for, subnormals as zero. Raises ValueError as `split_operand` does."""
    fmt = operand_format(parameters)
    parts = split_operand("words", words, parameters)
    flushed = np.where(parts.significand == 0, parts.sign << fmt.width - 1, np.asarray(words).astype(np.int64))
    return real_values(flushed, fmt)


def accumulator_values(words: ArrayLike) -> NDArray[np.float32]:
    """The numbers that accumulator words, integers below 2^32, stand for. Raises ValueError for other arrays."""
    return integers("words", words, 0, (1 << 32) - 1).astype(np.uint32).view(np.float32)
