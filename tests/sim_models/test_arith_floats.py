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


def reference_words(function: np.ufunc, fmt: FloatFormat, *operands: Words) -> Words:
    """What numpy or ml_dtypes computes, as words, with every NaN made the canonical one."""
    unsigned = np.uint32 if fmt.width == 32 else np.uint16
    with np.errstate(all="ignore"):
        result = function(*(words.astype(unsigned).view(KINDS[fmt]) for words in operands))
        return np.where(np.isnan(result), fmt.nan, result.view(unsigned).astype(np.int64))


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
