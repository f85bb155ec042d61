"""Products of floating-point words: the significands meet in the array, signs and exponents beside it."""

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray
from sim_models.arith.rounding import Rounding, round_shift
from sim_models.daism.parameters import DaismParameters
from sim_models.daism.product import exact_product, product
from sim_models.daism.words import split_operand


def multiply(stored: ArrayLike, driver: ArrayLike, parameters: DaismParameters, *, exact: bool = False) -> IntArray:
    """Product words of operand words, as int64; the arguments broadcast.

    A product has the operands' exponent bits and n - 1 fraction bits, or ``kept`` - 1 with ``product_precision``
    ``kept``. Zero and subnormal operands, and results below the smallest normal number, give zero with the sign of the
    product; too large results give the largest finite number or infinity (``saturate_to``), with their sign. ``exact``
    forms the products of significands exactly, in front of the same normalisation: the multiplier to compare with.

    Raises ValueError for arrays that are no operand words, infinities, NaN, and integer operands.
    """
    p = parameters
    a, b = split_operand("stored", stored, p), split_operand("driver", driver, p)
    kept = (exact_product if exact else product)(a.significand, b.significand, p)
    # The hidden one adds itself to the exponent, and so does a carry out of the rounding.
    magnitude = (a.exponent + b.exponent - p.bias - 1 << p.product_fraction_bits) + _normalised(kept, p)
    magnitude = np.minimum(magnitude, _largest(p))
    vanished = (kept == 0) | (magnitude < 1 << p.product_fraction_bits)
    return (a.sign ^ b.sign) << p.product_word_bits - 1 | np.where(vanished, 0, magnitude)


def _largest(p: DaismParameters) -> int:
    infinity = p.special_exponent << p.product_fraction_bits
    return infinity if p.saturate_to == "infinity" else infinity - 1


def _normalised(kept: IntArray, p: DaismParameters) -> IntArray:
    """The significand with its leading one in place, plus 2^fraction_bits where the product is 2 or more.

    That one adds itself to the exponent. The leading one of ``kept`` is in the upper of its two top columns or, one
    place lower, in the other; bits below the significand are cut off or rounded.
    """
    carry = kept >> p.kept - 1
    surplus = p.kept - 1 - p.product_fraction_bits - 1 + carry
    rounding = Rounding.HALF_EVEN if p.product_rounding == "rne" else Rounding.FLOOR
    significand = round_shift(kept << np.maximum(-surplus, 0), np.maximum(surplus, 0), rounding)
    return significand + (carry << p.product_fraction_bits)
