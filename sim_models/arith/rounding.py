"""Rounding and saturation of integers: the golden model of every fixed-point datapath."""

from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, integers, require_instance, require_integer

MAXIMUM_SHIFT = 62  # twice the largest remainder must stay an int64


class Rounding(Enum):
    """How a value between two integers becomes one of them. ``HALF_*`` take the nearest and differ only on ties."""

    FLOOR = "floor"
    CEILING = "ceiling"
    TOWARD_ZERO = "toward_zero"
    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    HALF_AWAY = "half_away"


def round_shift(values: ArrayLike, bits: ArrayLike, rounding: Rounding) -> IntArray:
    """``round(values / 2^bits)`` exactly, as int64.

    ``values`` are integers of either sign, ``bits`` integers in 0..62; the two broadcast. Ties are values exactly
    between two integers: ``HALF_UP`` takes the larger, ``HALF_EVEN`` the even, ``HALF_AWAY`` the one farther from 0.

    Raises ValueError for non-integer arrays, ``bits`` outside 0..62 and a ``rounding`` that is no ``Rounding``.
    """
    require_instance("rounding", rounding, Rounding)
    words = integers("values", values)
    places = integers("bits", bits, 0, MAXIMUM_SHIFT)
    floor = words >> places
    remainder = words - (floor << places)
    return floor + _rounds_up(words, floor, remainder, np.int64(1) << places, rounding)


def _rounds_up(
    words: IntArray, floor: IntArray, remainder: IntArray, unit: IntArray, rounding: Rounding
) -> np.ndarray | bool:
    """Whether the result is ``floor + 1`` for ``words = floor * unit + remainder``."""
    if rounding is Rounding.FLOOR:
        return False
    if rounding is Rounding.CEILING:
        return remainder > 0
    if rounding is Rounding.TOWARD_ZERO:
        return (remainder > 0) & (words < 0)
    if rounding is Rounding.HALF_UP:
        return 2 * remainder >= unit
    if rounding is Rounding.HALF_EVEN:
        return 2 * remainder > unit - (floor & 1)
    return 2 * remainder > unit - (words >= 0)


def saturate(values: ArrayLike, bits: int, signed: bool) -> IntArray:
    """``values`` clamped to the range of a ``bits``-wide word, two's complement if ``signed``, as int64.

    Raises ValueError for non-integer arrays and ``bits`` outside 1..63.
    """
    require_integer("bits", bits, 1, 63)
    low = -(1 << (bits - 1)) if signed else 0
    high = (1 << (bits - signed)) - 1
    return np.clip(integers("values", values), low, high)
