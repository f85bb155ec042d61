"""Floating-point golden model against numpy, ml_dtypes and exact integers; every bit of every result."""

from collections.abc import Callable

import ml_dtypes
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
    float_to_signed,
    signed_to_float,
    unsigned_to_float,
)
from sim_models.arith.stimulus import corner_words, nearby_words, random_words, tie_addends, tie_factors

Words = NDArray[np.int64]

SEED = 1985
RANDOM = 1_000_000
KINDS = {FP16: np.float16, BF16: ml_dtypes.bfloat16, FP32: np.float32}
FORMATS = pytest.mark.parametrize("fmt", KINDS, ids=["fp16", "bf16", "fp32"])
OPERATIONS = pytest.mark.parametrize(
    ("operation", "reference", "ties"),
    [(float_multiply, np.multiply, tie_factors), (float_add, np.add, tie_addends)],
    ids=["multiply", "add"],
)


def format_name(fmt: FloatFormat) -> str:
    return f"e{fmt.exponent_bits}f{fmt.fraction_bits}"


# Formats so narrow that every operand combination can be tried.
NARROW = [FloatFormat(exponent_bits=e, fraction_bits=f) for e, f in [(2, 1), (2, 2), (3, 1), (3, 2), (2, 3), (4, 1)]]
NARROW_FORMATS = pytest.mark.parametrize("fmt", NARROW, ids=format_name)


def reference_words(function: np.ufunc, fmt: FloatFormat, *operands: Words) -> Words:
    """What numpy or ml_dtypes computes, as words, with every NaN made the canonical one."""
    unsigned = np.uint32 if fmt.width == 32 else np.uint16
    with np.errstate(all="ignore"):
        result = function(*(words.astype(unsigned).view(KINDS[fmt]) for words in operands))
        return np.where(np.isnan(result), fmt.nan, result.view(unsigned).astype(np.int64))


def all_words(fmt: FloatFormat, operands: int) -> list[Words]:
    """Every combination of operand words."""
    return [grid.ravel() for grid in np.meshgrid(*[np.arange(1 << fmt.width)] * operands)]


def operand_pairs(fmt: FloatFormat, ties: Callable[..., tuple[Words, Words]]) -> tuple[Words, Words]:
    """Corner pairs, uniform pairs, pairs of nearby exponents and ties."""
    random = np.random.default_rng(SEED)
    corners = corner_words(fmt)
    first, second = random.choice(corners, (2, RANDOM))
    plain, near = random_words(fmt, RANDOM, random), random_words(fmt, RANDOM, random)
    tie = ties(fmt, RANDOM, random)
    others = random_words(fmt, RANDOM, random), nearby_words(near, fmt, random)
    return np.concatenate([first, plain, near, tie[0]]), np.concatenate([second, *others, tie[1]])


@FORMATS
@OPERATIONS
def test_operation_equals_numpy(
    fmt: FloatFormat, operation: Callable[..., Words], reference: np.ufunc, ties: Callable[..., tuple[Words, Words]]
) -> None:
    a, b = operand_pairs(fmt, ties)
    assert np.array_equal(operation(a, b, fmt), reference_words(reference, fmt, a, b))


@OPERATIONS
def test_every_pair_of_half_precision_corners_equals_numpy(
    operation: Callable[..., Words], reference: np.ufunc, ties: Callable[..., tuple[Words, Words]]
) -> None:
    a, b = (grid.ravel() for grid in np.meshgrid(*[corner_words(FP16)] * 2))
    assert len(a) > 3_000_000
    assert np.array_equal(operation(a, b, FP16), reference_words(reference, FP16, a, b))


@FORMATS
def test_tie_factors_make_ties(fmt: FloatFormat) -> None:
    a, b = tie_factors(fmt, 10_000, np.random.default_rng(SEED))
    hidden = 1 << fmt.fraction_bits
    products = [
        ((x & (hidden - 1)) | hidden) * ((y & (hidden - 1)) | hidden)
        for x, y in zip(a.tolist(), b.tolist(), strict=True)
    ]
    dropped = [product.bit_length() - fmt.significand_bits for product in products]
    ties = sum(product & ((1 << bits) - 1) == 1 << (bits - 1) for product, bits in zip(products, dropped, strict=True))
    assert ties > 3_000


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


# Converters


def test_every_10_bit_count_equals_numpy() -> None:
    counts = np.arange(1024)
    expected = counts.astype(np.float16).view(np.uint16)
    assert np.array_equal(unsigned_to_float(counts, FP16), expected)
    vectors = {1: 0x3C00, 2: 0x4000, 3: 0x4200, 7: 0x4700, 127: 0x57F0, 128: 0x5800, 255: 0x5BF8, 511: 0x5FFC}
    vectors |= {512: 0x6000, 613: 0x60CA, 1022: 0x63FC, 1023: 0x63FE, 0: 0}
    assert {count: int(unsigned_to_float(count, FP16)) for count in vectors} == vectors


@FORMATS
def test_integers_round_as_numpy_rounds_them(fmt: FloatFormat) -> None:
    values = np.concatenate([np.arange(-(1 << 17), 1 << 17), -(1 << np.arange(25)) - 1, (1 << np.arange(25)) + 1])
    with np.errstate(over="ignore"):
        # Through float64, exact for these values, so that there is one rounding.
        expected = values.astype(np.float64).astype(KINDS[fmt])
    words = expected.view(np.uint32 if fmt.width == 32 else np.uint16)
    assert np.array_equal(signed_to_float(values, fmt), words)
    positive = values >= 0
    assert np.array_equal(unsigned_to_float(values[positive], fmt), words[positive])


def test_largest_integers_round_once() -> None:
    values = [(1 << 60) - 1, 1 << 60, (1 << 60) - (1 << 35), (1 << 59) + (1 << 35), (1 << 59) + (1 << 35) + 1]
    expected = [rounded(value << scale_of(FP32), FP32, False) for value in values]
    assert unsigned_to_float(values, FP32).tolist() == expected
    assert signed_to_float([-value for value in values], FP32).tolist() == [word | FP32.sign_mask for word in expected]


@FORMATS
@pytest.mark.parametrize("width", [2, 8, 16, 32])
def test_floats_become_the_nearest_clamped_integers(fmt: FloatFormat, width: int) -> None:
    random = np.random.default_rng(SEED)
    words = np.concatenate([corner_words(fmt), random_words(fmt, RANDOM, random)])
    if fmt.width == 16:
        words = np.arange(1 << 16)
    unsigned = np.uint32 if fmt.width == 32 else np.uint16
    with np.errstate(invalid="ignore"):
        real = words.astype(unsigned).view(KINDS[fmt]).astype(np.float64)
    invalid = np.isnan(real)
    high = (1 << (width - 1)) - 1
    expected = np.clip(np.rint(np.where(invalid, 0, real)), -high - 1, high).astype(np.int64)
    values, flagged = float_to_signed(words, width, fmt)
    assert np.array_equal(values, expected)
    assert np.array_equal(flagged, invalid)


def test_conversion_ties() -> None:
    words = np.array([4.5, 5.5, 73.5, -0.5, 127.5, -128.5, -129.0, 126.5], dtype=np.float16).view(np.uint16)
    values, invalid = float_to_signed(words, 8, FP16)
    assert values.tolist() == [4, 6, 74, 0, 127, -128, -128, 126]
    assert not invalid.any()
    values, invalid = float_to_signed([0x7C00, 0xFC00, 0x7E00, 0xFC01], 8, FP16)
    assert values.tolist() == [127, -128, 0, 0]
    assert invalid.tolist() == [False, False, True, True]


# dp, scale_p, dn, scale_n, offset -> t, m, u, v of separate operations; t, v of fused ones
LANE_VECTORS = [
    (613, 0x3450, 247, 0x3390, 0x4680, 0x592A, 0x534C, 0x56AE, 0x5716, 0x595E, 0x5716),
    (520, 0x3400, 500, 0x3400, 0x3800, 0x5810, 0x57D0, 0x4500, 0x4580, 0x5814, 0x4580),
    (518, 0x3400, 500, 0x3400, 0x0000, 0x580C, 0x57D0, 0x4480, 0x4480, 0x580C, 0x4480),
    (1023, 0x37F8, 0, 0x0000, 0x0000, 0x5FF6, 0x0000, 0x5FF6, 0x5FF6, 0x5FF6, 0x5FF6),
    (0, 0x0000, 1023, 0x37F8, 0xD400, 0x0000, 0x5FF6, 0xDFF6, 0xE07B, 0xD400, 0xE07B),
    (511, 0x3400, 512, 0x3400, 0x0000, 0x57FC, 0x5800, 0xB400, 0xB400, 0x57FC, 0xB400),
    (777, 0x3429, 123, 0x33F8, 0xC29A, 0x5A50, 0x4FA8, 0x595B, 0x5941, 0x5A36, 0x5941),
    (840, 0x3549, 591, 0x3571, 0xCC7C, 0x5C56, 0x5A48, 0x54C8, 0x5352, 0x5C0E, 0x5350),
    (704, 0x3178, 228, 0x33E7, 0x48BF, 0x5785, 0x530A, 0x5400, 0x5498, 0x580E, 0x5497),
]


def test_affine_correction_vectors() -> None:
    dp, scale_p, dn, scale_n, offset, t, m, u, v, t_fused, v_fused = np.array(LANE_VECTORS).T
    x, y = unsigned_to_float(dp, FP16), unsigned_to_float(dn, FP16)
    product_p, product_n = float_multiply(x, scale_p, FP16), float_multiply(y, scale_n, FP16)
    difference = float_add(product_p, product_n ^ FP16.sign_mask, FP16)
    assert np.array_equal(product_p, t)
    assert np.array_equal(product_n, m)
    assert np.array_equal(difference, u)
    assert np.array_equal(float_add(difference, offset, FP16), v)
    first = float_fused(x, scale_p, offset, FP16)
    assert np.array_equal(first, t_fused)
    assert np.array_equal(float_fused(y ^ FP16.sign_mask, scale_n, first, FP16), v_fused)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: FloatFormat(exponent_bits=1, fraction_bits=4), "exponent_bits must be between 2 and 8, not 1"),
        (lambda: FloatFormat(exponent_bits=9, fraction_bits=4), "exponent_bits must be between 2 and 8, not 9"),
        (lambda: FloatFormat(exponent_bits=5, fraction_bits=0), "fraction_bits must be between 1 and 23, not 0"),
        (lambda: FloatFormat(exponent_bits=5, fraction_bits=24), "fraction_bits must be between 1 and 23, not 24"),
        (lambda: FloatFormat(exponent_bits=True, fraction_bits=4), "exponent_bits must be an integer, not True"),
        (lambda: float_add(0x10000, 0, FP16), "a must be at most 65535, not 65536"),
        (lambda: float_multiply(0, -1, FP16), "b must be at least 0, not -1"),
        (lambda: float_fused(0, 0, [0.5], FP16), "c must be integers of at most 64 bits, not float64"),
        (lambda: float_add(0, 0, 16), "fmt must be a FloatFormat, not 16"),
        (lambda: unsigned_to_float(-1, FP16), "values must be at least 0, not -1"),
        (lambda: signed_to_float((1 << 60) + 1, FP16), f"values must be at most {1 << 60}, not {(1 << 60) + 1}"),
        (lambda: signed_to_float(1, "fp16"), "fmt must be a FloatFormat, not 'fp16'"),
        (lambda: float_to_signed(0, 1, FP16), "width must be between 2 and 32, not 1"),
        (lambda: float_to_signed(0, 33, FP16), "width must be between 2 and 32, not 33"),
    ],
)
def test_bad_arguments_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        call()
    assert str(refusal.value) == message
