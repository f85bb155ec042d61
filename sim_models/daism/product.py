"""Products of significands as the array forms them, and the rows and wordlines that they come from.

One operand ``A`` is stored as a group of rows, each ``A`` or a multiple of it shifted left; the bits of the driver
``B`` open rows of the group, and every column returns the OR of the open ones. With n significand bits, h = floor(n/2)
and OR(S) the bitwise OR of ``A << i`` over the set bits i of ``B`` in S:

* ``fla``: OR(0..n-1).
* ``pck``: the top k driver bits select one row with their exact product, ORed with OR(0..n-k-1).
* ``hla`` a: pairs of driver bits, each with its exact product, ORed. b: OR(even) + OR(odd). c: OR(0..h-1) + OR(h..n-1).
  d: OR(h..n-1).

Only the upper ``kept`` columns of each row are stored, so the result is what is left after ``drop`` columns; b and c
lose the carries of the columns that are not there. A significand of 0 is that of the number zero.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, integers, require_instance
from sim_models.daism.parameters import DaismParameters

BoolArray = NDArray[np.bool_]


def product(stored: ArrayLike, driver: ArrayLike, parameters: DaismParameters) -> IntArray:
    """The kept columns of the products of significands, as int64; the arguments broadcast.

    Integers from 0 to 2^(2n) - 1 divided by 2^``drop``. Raises ValueError for arrays that are no integers, significands
    outside 0..2^n - 1, and for floats a significand other than 0 without its hidden one.
    """
    p = parameters
    a, b = significands("stored", stored, p), significands("driver", driver, p)
    if p.precomputed_bits:
        low = p.significand_bits - p.precomputed_bits
        return (a * (b >> low) << low | _or_rows(a, b, range(low))) >> p.drop
    if p.variant == "fla":
        return _or_rows(a, b, range(p.significand_bits)) >> p.drop
    return _hla_product(a, b, p)


def _hla_product(a: IntArray, b: IntArray, p: DaismParameters) -> IntArray:
    n = p.significand_bits
    if p.hla_mode == "a":
        total = a & b & 0
        for place in range(0, n, 2):
            total = total | a * (b >> place & 3) << place
        return total >> p.drop
    if p.hla_mode == "d":
        return _or_rows(a, b, range(p.half, n)) >> p.drop
    first, second = driver_halves(p)
    return (_or_rows(a, b, first) >> p.drop) + (_or_rows(a, b, second) >> p.drop)


def driver_halves(parameters: DaismParameters) -> tuple[range, range]:
    """The driver bits of the first and of the second access of ``hla`` b and c."""
    n, h = parameters.significand_bits, parameters.half
    return (range(0, n, 2), range(1, n, 2)) if parameters.hla_mode == "b" else (range(h), range(h, n))


def driver_fields(parameters: DaismParameters, exact: bool = False) -> IntArray:
    """The product as fields of driver bits, int64 (fields, 3): place, mask, access.

    The OR of ``(A * (B >> place & mask)) << place`` over the fields of an access is what that access reads at full
    width. With ``exact`` a single field is the whole driver.
    """
    n, k = parameters.significand_bits, parameters.precomputed_bits
    if exact:
        return np.array([(0, (1 << n) - 1, 0)])
    if k:
        return np.array([*((place, 1, 0) for place in range(n - k)), (n - k, (1 << k) - 1, 0)])
    if parameters.variant == "hla" and parameters.hla_mode == "a":
        return np.array([(place, 3, 0) for place in range(0, n, 2)])
    low = parameters.half if parameters.hla_mode == "d" else 0
    second = driver_halves(parameters)[1] if parameters.accesses == 2 else range(0)
    return np.array([(place, 1, int(place in second)) for place in range(low, n)])


def _or_rows(a: IntArray, b: IntArray, places: range) -> IntArray:
    total = a & b & 0
    for place in places:
        total = total | (a << place) * (b >> place & 1)
    return total


def exact_product(stored: ArrayLike, driver: ArrayLike, parameters: DaismParameters) -> IntArray:
    """The kept columns of the exact products of significands; arguments and errors as for `product`."""
    p = parameters
    return significands("stored", stored, p) * significands("driver", driver, p) >> p.drop


def row_multiples(parameters: DaismParameters) -> list[tuple[int, int]]:
    """What each row of a group holds, in order: (multiple, places) for ``multiple * A << places``."""
    require_instance("parameters", parameters, DaismParameters)
    p, n, k = parameters, parameters.significand_bits, parameters.precomputed_bits
    if k:
        codes = range(1 << k - 1 if p.is_float else 1, 1 << k)
        return [(1, place) for place in range(n - k)] + [(code, n - k) for code in codes]
    if p.variant == "fla" or p.hla_mode in ("b", "c"):
        return [(1, place) for place in range(n)]
    if p.hla_mode == "d":
        return [(1, place) for place in range(p.half, n)]
    return [(code, place) for place in range(0, n, 2) for code in _pair_codes(place, p)]


def _pair_codes(place: int, p: DaismParameters) -> range:
    """Codes that own a row for the pair of driver bits at ``place`` of ``hla`` a."""
    if place == p.significand_bits - 1:
        return range(1, 2)
    top = place == p.significand_bits - 2
    return range(2 if top and p.is_float else 1, 4)


def row_contents(stored: ArrayLike, parameters: DaismParameters) -> IntArray:
    """The rows of each operand's group as stored, shape (..., rows_per_group), int64 of ``kept`` bits.

    Errors as for `product`.
    """
    a = significands("stored", stored, parameters)[..., np.newaxis]
    multiples, places = np.array(row_multiples(parameters)).T
    return (a * multiples << places) >> parameters.drop


def row_enables(driver: ArrayLike, parameters: DaismParameters) -> BoolArray:
    """The rows that each driver significand opens, shape (..., accesses, rows_per_group). Errors as for `product`."""
    p = parameters
    b = significands("driver", driver, p)[..., np.newaxis]
    multiples, places = np.array(row_multiples(p)).T
    if p.precomputed_bits:
        leading = places == p.significand_bits - p.precomputed_bits
        opened = np.where(leading, b >> places == multiples, b >> places & 1 == 1)
    elif p.variant == "hla" and p.hla_mode == "a":
        opened = b >> places & 3 == multiples
    else:
        opened = b >> places & 1 == 1
    if p.accesses == 1:
        return opened[..., np.newaxis, :]
    return np.stack([opened & np.isin(places, half) for half in driver_halves(p)], axis=-2)


def significands(name: str, values: ArrayLike, parameters: DaismParameters) -> IntArray:
    """``values`` as int64 significands of ``parameters``; errors as for `product`."""
    require_instance("parameters", parameters, DaismParameters)
    n = parameters.significand_bits
    words = integers(name, values, 0, (1 << n) - 1)
    if parameters.is_float:
        bare = (words != 0) & (words >> n - 1 == 0)
        if bare.any():
            raise ValueError(f"{name} must be 0 or have the hidden one, bit {n - 1}, not {int(words[bare].flat[0])}")
    return words
