"""Small truth tables as the fewest products of literals."""

from collections.abc import Collection
from functools import cache, reduce
from itertools import combinations
from operator import and_, or_

from amaranth.hdl import Const, Value


def covers(word: Value, ones: Collection[int], free: Collection[int] = ()) -> Value:
    """1 where ``word`` is among ``ones``, anything where it is among ``free``, else 0.

    The fewest products of bits of ``word`` and their complements, and of those the ones with the fewest factors; for
    words of up to 5 bits.
    """
    cubes = _fewest(frozenset(ones), frozenset(free) - frozenset(ones), len(word))
    return reduce(or_, (_product(word, *cube) for cube in cubes), Const(0, 1))


def _product(word: Value, mask: int, value: int) -> Value:
    bits = (word[place] if value >> place & 1 else ~word[place] for place in range(len(word)) if mask >> place & 1)
    return reduce(and_, bits, Const(1, 1))


@cache
def _fewest(ones: frozenset[int], free: frozenset[int], bits: int) -> tuple[tuple[int, int], ...]:
    """Products as (mask of the bits that count, their values)."""
    if not ones:
        return ()
    primes = _primes(ones, free, bits)
    for number in range(1, len(ones) + 1):
        fitting = [it for it in combinations(primes, number) if ones <= {word for cube in it for word in primes[cube]}]
        if fitting:
            return min(fitting, key=lambda it: sum(mask.bit_count() for mask, _ in it))
    raise AssertionError("every word of ones is a product by itself")


def _primes(ones: frozenset[int], free: frozenset[int], bits: int) -> dict[tuple[int, int], frozenset[int]]:
    """The largest products that are 1 for a word of ``ones`` and for none outside both sets, with their words."""
    found: dict[tuple[int, int], frozenset[int]] = {}
    for mask in sorted(range(1 << bits), key=int.bit_count):
        for value in {word & mask for word in ones}:
            words = frozenset(word for word in range(1 << bits) if word & mask == value)
            if words <= ones | free and not any(words < larger for larger in found.values()):
                found[mask, value] = words
    return found
