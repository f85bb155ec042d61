"""Floating-point golden model against exact integers: fused operations, every operand of narrow formats, flushing."""

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_models.arith import (
    BF16,
    FP16,
    FP32,
    FloatFormat,
    float_add,
    float_fused,
    float_multiply,
    signed_to_float,
    unsigned_to_float,
)
from sim_models.arith.stimulus import corner_words, nearby_words, random_words, tie_factors

Words = NDArray[np.int64]

SEED = 1985
FORMATS = pytest.mark.parametrize("fmt", [FP16, BF16, FP32], ids=["fp16", "bf16", "fp32"])


def format_name(fmt: FloatFormat) -> str:
    return f"e{fmt.exponent_bits}f{fmt.fraction_bits}"


# Formats so narrow that every operand combination can be tried.
NARROW = [FloatFormat(exponent_bits=e, fraction_bits=f) for e, f in [(2, 1), (2, 2), (3, 1), (3, 2), (2, 3), (4, 1)]]
NARROW_FORMATS = pytest.mark.parametrize("fmt", NARROW, ids=format_name)


def all_words(fmt: FloatFormat, operands: int) -> list[Words]:
    """Every combination of operand words."""
    return [grid.ravel() for grid in np.meshgrid(*[np.arange(1 << fmt.width)] * operands)]


# The oracle: words as exact integers in units of 2^-scale, rounded by long division.


def scale_of(fmt: FloatFormat) -> int:
    """A product of two smallest subnormals is one unit."""
    return 2 * (fmt.bias - 1 + fmt.fraction_bits)


def exact(word: int, fmt: FloatFormat) -> int:
    """A finite word in units of 2^-(scale / 2)."""
    field, fraction = divmod(word & (fmt.sign_mask - 1), 1 << fmt.fraction_bits)
    magnitude = ((1 << fmt.fraction_bits) + fraction) << (field - 1) if field else fraction
    return -magnitude if word & fmt.sign_mask else magnitude


def rounded(value: int, fmt: FloatFormat, flush: bool) -> int:
    """The word nearest to a non-zero ``value`` in units of 2^-scale."""
    magnitude = abs(value)
    smallest = scale_of(fmt) // 2  # position of the last bit of a subnormal
    position = magnitude.bit_length() - fmt.significand_bits
    if not flush:
        position = max(position, smallest)
    units, rest = (magnitude, 0) if position <= 0 else divmod(magnitude, 1 << position)
    if position < 0:
        units <<= -position
    half = (1 << position) >> 1 if position > 0 else 0
    units += position > 0 and (rest > half or (rest == half and units % 2 == 1))
    word = (position - smallest << fmt.fraction_bits) + units
    if flush and word < 1 << fmt.fraction_bits:
        word = 0
    return min(word, fmt.infinity) | (fmt.sign_mask if value < 0 else 0)


def exact_fused(a: int, b: int, c: int, fmt: FloatFormat, flush: bool) -> int:
    """``a * b + c`` for any words, rounded once."""
    signs = [word >> (fmt.width - 1) for word in (a, b, c)]
    magnitudes = [word & (fmt.sign_mask - 1) for word in (a, b, c)]
    if flush:
        magnitudes = [0 if word < 1 << fmt.fraction_bits else word for word in magnitudes]
    sign = signs[0] ^ signs[1]
    infinite = [word == fmt.infinity for word in magnitudes]
    product_infinite = infinite[0] or infinite[1]
    if max(magnitudes) > fmt.infinity or (product_infinite and 0 in magnitudes[:2]):
        return fmt.nan
    if infinite[2] and product_infinite and sign != signs[2]:
        return fmt.nan
    if product_infinite or infinite[2]:
        return fmt.infinity | (sign if product_infinite else signs[2]) << (fmt.width - 1)
    x, y, z = (exact(word | bit << (fmt.width - 1), fmt) for word, bit in zip(magnitudes, signs, strict=True))
    value = x * y + (z << scale_of(fmt) // 2)
    if value == 0:
        both = sign & signs[2] if x * y == 0 else 0
        return both << (fmt.width - 1)
    return rounded(value, fmt, flush)


def expected_fused(a: Words, b: Words, c: Words, fmt: FloatFormat, flush: bool) -> list[int]:
    return [exact_fused(x, y, z, fmt, flush) for x, y, z in zip(a.tolist(), b.tolist(), c.tolist(), strict=True)]


def fused_operands(fmt: FloatFormat, count: int) -> tuple[Words, Words, Words]:
    """Addends near the product, opposite to it, and unrelated; factors from corners, ties and all words."""
    random = np.random.default_rng(SEED)
    tie = tie_factors(fmt, count, random)
    a = np.concatenate([random.choice(corner_words(fmt), count), random_words(fmt, count, random), tie[0]])
    b = np.concatenate([random.choice(corner_words(fmt), count), random_words(fmt, count, random), tie[1]])
    product = float_multiply(a, b, fmt)
    near = nearby_words(product, fmt, random)
    other = random.choice(corner_words(fmt), len(a))
    choice = random.integers(0, 4, len(a))
    c = np.select([choice == 0, choice == 1, choice == 2], [product ^ fmt.sign_mask, other, near ^ 1], near)
    return a, b, c


@FORMATS
@pytest.mark.parametrize("flush", [False, True])
def test_fused_equals_exact_integers(fmt: FloatFormat, flush: bool) -> None:
    a, b, c = fused_operands(fmt, 15_000)
    assert float_fused(a, b, c, fmt, flush_to_zero=flush).tolist() == expected_fused(a, b, c, fmt, flush)


@pytest.mark.parametrize("fmt", [fmt for fmt in NARROW if fmt.width <= 5], ids=format_name)
@pytest.mark.parametrize("flush", [False, True])
def test_every_fused_operation_of_narrow_formats_is_exact(fmt: FloatFormat, flush: bool) -> None:
    a, b, c = all_words(fmt, 3)
    assert float_fused(a, b, c, fmt, flush_to_zero=flush).tolist() == expected_fused(a, b, c, fmt, flush)


@NARROW_FORMATS
@pytest.mark.parametrize("flush", [False, True])
def test_every_sum_and_product_of_narrow_formats_is_exact(fmt: FloatFormat, flush: bool) -> None:
    a, b = all_words(fmt, 2)
    one = np.full_like(a, fmt.bias << fmt.fraction_bits)
    # A zero of the product's sign leaves the product as it is.
    zero = (a ^ b) & fmt.sign_mask
    product, total = float_multiply(a, b, fmt, flush_to_zero=flush), float_add(a, b, fmt, flush_to_zero=flush)
    assert product.tolist() == expected_fused(a, b, zero, fmt, flush)
    assert total.tolist() == expected_fused(a, one, b, fmt, flush)


@FORMATS
def test_flushed_sums_and_products_are_exact(fmt: FloatFormat) -> None:
    random = np.random.default_rng(SEED)
    a, b = random.choice(corner_words(fmt), (2, 30_000))
    one = np.full_like(a, fmt.bias << fmt.fraction_bits)
    zero = (a ^ b) & fmt.sign_mask
    assert float_multiply(a, b, fmt, flush_to_zero=True).tolist() == expected_fused(a, b, zero, fmt, True)
    assert float_add(a, b, fmt, flush_to_zero=True).tolist() == expected_fused(a, one, b, fmt, True)


def test_flushed_result_is_rounded_with_an_unbounded_exponent() -> None:
    smallest_normal = 0x0400
    # 0x3BFF is 1 - 2^-11: the product is 2^-14 * (1 - 2^-11), exactly a p-bit number below the smallest normal.
    assert int(float_multiply(smallest_normal, 0x3BFF, FP16)) == 0x0400  # gradual underflow rounds it up
    assert int(float_multiply(smallest_normal, 0x3BFF, FP16, flush_to_zero=True)) == 0
    assert int(float_multiply(0x8000 | smallest_normal, 0x3BFF, FP16, flush_to_zero=True)) == 0x8000
    # 0x0401 * 0x3BFE = 2^-14 * (1 + 2^-10) * (1 - 2^-10) = 2^-14 * (1 - 2^-20) rounds up to 2^-14 either way.
    assert int(float_multiply(0x0401, 0x3BFE, FP16, flush_to_zero=True)) == 0x0400


def test_largest_integers_round_once() -> None:
    values = [(1 << 60) - 1, 1 << 60, (1 << 60) - (1 << 35), (1 << 59) + (1 << 35), (1 << 59) + (1 << 35) + 1]
    expected = [rounded(value << scale_of(FP32), FP32, False) for value in values]
    assert unsigned_to_float(values, FP32).tolist() == expected
    assert signed_to_float([-value for value in values], FP32).tolist() == [word | FP32.sign_mask for word in expected]
