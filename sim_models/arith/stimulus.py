"""Operand words that bring out rounding, cancellation, underflow and overflow: what the checks of float units apply."""

import numpy as np
from numpy.typing import NDArray

from sim_models.arith.checking import IntArray
from sim_models.arith.formats import FloatFormat


def corner_words(fmt: FloatFormat) -> IntArray:
    """Words of both signs with every exponent field that matters and fractions of few ones or few zeros.

    All exponents of a narrow format (some 2000 words of half precision), else those at both ends and around 1.
    """
    top, reach = fmt.maximum_exponent_field, fmt.significand_bits + 3
    fields = np.arange(top + 1)
    ends = (fields < 4) | (fields > top - 3) | (np.abs(fields - fmt.bias) <= reach)
    exponents = fields if top < 32 else fields[ends]
    words = exponents[:, None] << fmt.fraction_bits | _corner_fractions(fmt.fraction_bits)
    return np.concatenate([words.ravel(), words.ravel() | fmt.sign_mask])


def _corner_fractions(bits: int) -> IntArray:
    ones = (1 << bits) - 1
    powers = [1 << bit for bit in range(bits)]
    middle = 1 << (bits - 1)
    mixed = [3, 5, 6, middle - 1, middle + 1, middle + 3, ones // 5, ones // 3, 2 * ones // 3]
    chosen = {0, *powers, *mixed, *(ones - power for power in powers), ones}
    return np.array(sorted(fraction for fraction in chosen if 0 <= fraction <= ones))


def random_words(fmt: FloatFormat, count: int, random: np.random.Generator) -> IntArray:
    """Uniform words, every fourth of them subnormal or zero."""
    words = random.integers(0, 1 << fmt.width, count)
    subnormal = random.integers(0, 4, count) == 0
    return np.where(subnormal, words & ~np.int64(fmt.infinity), words)


def nearby_words(words: IntArray, fmt: FloatFormat, random: np.random.Generator) -> IntArray:
    """Words with exponents so close to those of ``words`` that the two overlap in a sum."""
    count = len(words)
    reach = fmt.significand_bits + 4
    field = words >> fmt.fraction_bits & fmt.maximum_exponent_field
    field = np.clip(field + random.integers(-reach, reach + 1, count), 0, fmt.maximum_exponent_field)
    other = random.integers(0, 1 << fmt.width, count)
    return other & ~np.int64(fmt.infinity) | field << fmt.fraction_bits


def tie_factors(fmt: FloatFormat, count: int, random: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Pairs of normal words whose product has one bit more than a significand holds: exactly between two numbers."""
    bits = fmt.significand_bits
    first = random.integers(1, bits + 1, count)
    return _odd_words(first, fmt, random), _odd_words(bits + 1 - first, fmt, random)


def tie_addends(fmt: FloatFormat, count: int, random: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Pairs of normal words, the second half a unit in the last place of the first: their sums are ties."""
    field = random.integers(fmt.significand_bits + 1, fmt.maximum_exponent_field, count)
    first = field << fmt.fraction_bits | random.integers(0, 1 << fmt.fraction_bits, count)
    second = field - fmt.significand_bits << fmt.fraction_bits
    return first | _signs(fmt, count, random), second | _signs(fmt, count, random)


def _odd_words(lengths: IntArray, fmt: FloatFormat, random: np.random.Generator) -> IntArray:
    """Normal words whose significand is an odd integer of the given bit lengths, any exponent."""
    count = len(lengths)
    odd = random.integers(0, np.int64(1) << lengths) | np.int64(1) << (lengths - 1) | 1
    fraction = (odd << (fmt.significand_bits - lengths)) & ((1 << fmt.fraction_bits) - 1)
    field = random.integers(1, fmt.maximum_exponent_field, count)
    return field << fmt.fraction_bits | fraction | _signs(fmt, count, random)


def _signs(fmt: FloatFormat, count: int, random: np.random.Generator) -> NDArray[np.int64]:
    return random.integers(0, 2, count) << (fmt.width - 1)
