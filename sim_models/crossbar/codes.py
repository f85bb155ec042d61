"""The converter of C: a product becomes a code of ``output_bits`` with sign, over a calibrated range."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, require_instance
from sim_models.crossbar.checking import integer_array, real_array, regular_array
from sim_models.crossbar.digitise import rounded
from sim_models.crossbar.hooks import FloatArray
from sim_models.crossbar.parameters import CrossbarParameters

_LARGEST = 1 << 46  # in magnitude, of products; no array gives more


@dataclass(frozen=True, kw_only=True)
class RangeRegisters:
    """What the converter multiplies with, a word of 16 bits, and the right shift after it."""

    range_mult: int
    range_shift: int


def range_registers(parameters: CrossbarParameters) -> RangeRegisters:
    """Multiplier and shift of a range: the largest shift for which round(Q / y_fs * 2^shift) is below 2^16.

    Source: this project's encoding of the range.
    """
    require_instance("parameters", parameters, CrossbarParameters)
    return _registers(parameters.code_maximum, parameters.code_full_scale)


@lru_cache(maxsize=256)
def _registers(numerator: int, scale: int) -> RangeRegisters:
    shift = 1
    while _ratio(numerator << shift + 1, scale) < 1 << 16:
        shift += 1
    return RangeRegisters(range_mult=_ratio(numerator << shift, scale), range_shift=shift)


def fixed_codes(products: ArrayLike, parameters: CrossbarParameters) -> IntArray:
    """Codes by multiplier and shift, as hardware makes them, of integers y; int64 in -Q..Q. ::

        code = sign(y) * min(Q, (|y| * range_mult + 2^(range_shift - 1)) >> range_shift)

    Never more than 1 from `ideal_codes`. Raises ValueError for products that are no integers or above 2^46 in
    magnitude, which no array gives.
    """
    require_instance("parameters", parameters, CrossbarParameters)
    words = integer_array("products", products, -_LARGEST, _LARGEST)
    magnitude = unclipped_codes(np.abs(words), parameters)
    return np.sign(words) * np.minimum(parameters.code_maximum, magnitude)


def unclipped_codes(magnitudes: IntArray, parameters: CrossbarParameters) -> IntArray:
    """`fixed_codes` of magnitudes, before saturation."""
    registers = range_registers(parameters)
    half = 1 << registers.range_shift - 1
    return magnitudes * registers.range_mult + half >> registers.range_shift


def ideal_codes(products: ArrayLike, parameters: CrossbarParameters) -> IntArray:
    """Codes by exact rounding, ties away from zero, of integers or reals y; int64 in -Q..Q. ::

        code = sign(y) * min(Q, floor((2 |y| Q + y_fs) / (2 y_fs)))

    Raises ValueError for products that are neither integers nor finite reals, and for integers above 2^46.
    """
    require_instance("parameters", parameters, CrossbarParameters)
    q, scale = parameters.code_maximum, parameters.code_full_scale
    values = regular_array("products", products)
    if values.dtype.kind == "f":
        return rounded(np.clip(real_array("products", values), -scale, scale) * q / scale)
    words = integer_array("products", values, -_LARGEST, _LARGEST)
    magnitude = (2 * np.abs(words) * q + scale) // (2 * scale)
    return np.sign(words) * np.minimum(q, magnitude)


def restored(codes: ArrayLike, parameters: CrossbarParameters) -> FloatArray:
    """Products that ``codes`` stand for, code * y_fs / Q. Raises ValueError for codes that are no integers."""
    require_instance("parameters", parameters, CrossbarParameters)
    scale = parameters.code_full_scale / parameters.code_maximum
    return integer_array("codes", codes).astype(np.float64) * scale


def _ratio(numerator: int, denominator: int) -> int:
    """Nearest integer of a quotient that is not negative, ties up."""
    return (2 * numerator + denominator) // (2 * denominator)
