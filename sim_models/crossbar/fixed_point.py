"""Real constants of a network as integers, and rows of integers that are checked."""

import math
from collections.abc import Sequence
from fractions import Fraction

from sim_models.arith.checking import require_integer

LARGEST_WIDTH = 62
"""Of any word of a network, its sign included: int64 then holds every sum of two of them."""
_LARGEST_PLACES = 60


def nearest(value: Fraction) -> int:
    """The nearest integer, halves up."""
    return math.floor(value + Fraction(1, 2))


def above_zero(bias: Fraction) -> int:
    """The integer b for which n + b >= 0 holds for exactly those integers n that have n + ``bias`` > 0."""
    return math.ceil(bias) - 1


def scaled(name: str, values: Sequence[Fraction], bits: int) -> tuple[tuple[int, ...], int]:
    """``values`` times 2^places as the nearest integers, and the places: as many as magnitudes of ``bits`` bits allow.

    Raises ValueError unless one value is not 0 and the places are 1 to 60.
    """
    largest = max(map(abs, values))
    if not largest:
        raise ValueError(f"{name} must not all be 0")
    places = bits - math.frexp(largest)[1]
    while nearest(_shifted(largest, places)) >> bits:  # rounded up to a power of two
        places -= 1
    if not 1 <= places <= _LARGEST_PLACES:
        allowed = f"1 to {_LARGEST_PLACES} places"
        raise ValueError(f"{name} must fit {bits} bits with {allowed} after the point, they need {places}")
    return tuple(nearest(_shifted(value, places)) for value in values), places


def _shifted(value: Fraction, places: int) -> Fraction:
    return value * Fraction(2) ** places


def require_row(name: str, values: object, length: int, low: int | None = None, high: int | None = None) -> None:
    """Raise ValueError unless ``values`` are a tuple of ``length`` integers from ``low`` to ``high``."""
    if not isinstance(values, tuple) or len(values) != length:
        found = f"{len(values)} entries" if isinstance(values, tuple) else repr(values)
        raise ValueError(f"{name} must be a tuple of {length} integers, not {found}")
    limit = 1 << LARGEST_WIDTH
    for value in values:
        require_integer(name, value, -limit if low is None else low, limit if high is None else high)


def require_width(name: str, width: int) -> None:
    """Raise ValueError unless a word of ``width`` bits, with sign, can be computed in int64."""
    if width > LARGEST_WIDTH:
        raise ValueError(f"{name} must fit {LARGEST_WIDTH} bits, they need {width}")
