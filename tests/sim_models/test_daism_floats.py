"""Floating-point products and sums: printed vectors, and a model on exact fractions."""

from fractions import Fraction

import numpy as np
import pytest

from sim_models.daism import (
    DaismParameters,
    accumulate,
    accumulator_values,
    add_partial_sums,
    multiply,
    product,
    to_values,
    to_words,
)

VARIANTS = [("fla", "a"), ("pc2", "a"), ("pc3", "a"), ("pc4", "a"), *(("hla", mode) for mode in "abcd")]
WIDTHS = ("full", "guard", "truncated")


PRINTED = """
0000,3F80 0000 0000 0000 0000
8000,3F80 8000 8000 8000 8000
0040,7F00 0000 0000 0000 0000
BF80,4049 C049 C048 C049 C048
7F7F,3FFF 7F7F 7F7E 7F7F 7F7F
7F40,4000 7F7F 7F7F 7F7F 7F7F
0080,3F80 0080 0080 0080 0080
0080,3F7F 0000 0000 0000 0000
00FF,3F7F 0000 0000 00DF 00DF
00FF,3F3F 0000 0000 009F 009F
407F,407F 40FF 40FE 415F 415F
3FAA,40D5 40FF 40FE 40FF 40FE
3F35,C06B BFFF BFFE C01F C01F
"""


@pytest.mark.parametrize("line", PRINTED.split("\n")[1:-1])
def test_printed_products(line: str) -> None:
    operands, *expected = line.split()
    w, x = (int(word, 16) for word in operands.split(","))
    found = [
        f"{int(multiply(w, x, DaismParameters(variant=variant, kept_columns=width))):04X}"
        for variant in ("fla", "pc3")
        for width in ("full", "truncated")
    ]
    assert found == expected


def test_guard_columns_lose_nothing() -> None:
    assert multiply(0x3F35, 0xC06B, DaismParameters(variant="fla", kept_columns="guard")) == 0xBFFF
    random = np.random.default_rng(1)
    for variant, mode in VARIANTS:
        if mode in "bc":
            continue
        for n in (5, 8, 11, 24):
            full, guard = (
                DaismParameters(variant=variant, hla_mode=mode, significand_bits=n, kept_columns=width)
                for width in ("full", "guard")
            )
            words = finite_words(full, (2, 3000), random)
            assert np.array_equal(multiply(*words, full), multiply(*words, guard))


def finite_words(p: DaismParameters, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """Operand words of every exponent, the ends drawn more often, zeros and subnormals among them."""
    field = random.integers(0, p.special_exponent, shape)
    ends = np.array([0, 1, 2, p.bias - 1, p.bias, p.bias + 1, p.special_exponent - 1])
    field = np.where(random.random(shape) < 0.3, random.choice(ends, shape), field)
    fraction = random.integers(0, 1 << p.significand_bits - 1, shape)
    return random.integers(0, 2, shape) << p.word_bits - 1 | field << p.significand_bits - 1 | fraction


def rounded(value: Fraction, bits: int, rounding: str) -> Fraction:
    """``value``, positive, to ``bits`` significant bits with an unbounded exponent."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    exponent -= value < Fraction(2) ** exponent
    unit = Fraction(2) ** (exponent - bits + 1)
    return (round(value / unit) if rounding == "rne" else value // unit) * unit


def word_of(value: Fraction, exponent_bits: int, fraction_bits: int) -> int:
    """Word of a positive normal number that the format holds."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    exponent -= value < Fraction(2) ** exponent
    fraction = value / Fraction(2) ** exponent - 1
    field = exponent + (1 << exponent_bits - 1) - 1
    assert (fraction * 2**fraction_bits).denominator == 1
    return field << fraction_bits | int(fraction * 2**fraction_bits)


def value_of(word: int, exponent_bits: int, fraction_bits: int) -> Fraction:
    field = word >> fraction_bits & (1 << exponent_bits) - 1
    if field == 0:
        return Fraction(0)
    significand = Fraction((word & (1 << fraction_bits) - 1) + (1 << fraction_bits), 1 << fraction_bits)
    sign = -1 if word >> exponent_bits + fraction_bits else 1
    return sign * significand * Fraction(2) ** (field - (1 << exponent_bits - 1) + 1)


def packed(value: Fraction, sign: int, formats: tuple[int, int], saturate_to: str) -> int:
    """Word of a rounded magnitude: zero below the normal numbers, the limit above them."""
    exponent_bits, fraction_bits = formats
    bias, infinity = (1 << exponent_bits - 1) - 1, (1 << exponent_bits) - 1 << fraction_bits
    if value < Fraction(2) ** (1 - bias):
        word = 0
    elif value >= Fraction(2) ** (bias + 1):
        word = infinity - (saturate_to == "max_finite")
    else:
        word = word_of(value, exponent_bits, fraction_bits)
    return sign << exponent_bits + fraction_bits | word


def slow_multiply(stored: int, driver: int, p: DaismParameters) -> int:
    n, f = p.significand_bits, p.product_fraction_bits
    sign = (stored ^ driver) >> p.word_bits - 1
    exponents = [word >> n - 1 & p.special_exponent for word in (stored, driver)]
    significands = [word & (1 << n - 1) - 1 | 1 << n - 1 for word in (stored, driver)]
    if 0 in exponents:
        return sign << p.product_word_bits - 1
    array = Fraction(int(product(*significands, p))) * 2**p.drop  # the array itself is tested elsewhere
    value = array / Fraction(2) ** (2 * n - 2) * Fraction(2) ** (sum(exponents) - 2 * p.bias)
    if p.product_precision == "significand":
        value = rounded(value, n, p.product_rounding)
    return packed(value, sign, (p.exponent_bits, f), p.saturate_to)


OPTIONS = [
    {},
    {"product_rounding": "rne"},
    {"saturate_to": "infinity"},
    {"product_rounding": "rne", "saturate_to": "infinity"},
    {"product_precision": "kept"},
    {"product_precision": "kept", "saturate_to": "infinity"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("variant", "mode"), VARIANTS)
@pytest.mark.parametrize(("n", "exponent_bits"), [(8, 8), (11, 5), (24, 8), (5, 5), (6, 8)])
def test_products_against_fractions(
    n: int, exponent_bits: int, variant: str, mode: str, width: str, options: dict[str, str]
) -> None:
    p = DaismParameters(
        variant=variant,
        hla_mode=mode,
        kept_columns=width,
        significand_bits=n,
        exponent_bits=exponent_bits,
        **options,
    )
    stored, driver = finite_words(p, (2, 60), np.random.default_rng(n))
    expected = [slow_multiply(int(a), int(b), p) for a, b in zip(stored, driver, strict=True)]
    assert multiply(stored, driver, p).tolist() == expected


def test_a_subnormal_is_a_zero_of_its_sign() -> None:
    p = DaismParameters()
    assert [int(multiply(a, b, p)) for a, b in ((0x807F, 0x3F80), (0x3F80, 0x0001), (0x8001, 0x8001))] == [
        0x8000,
        0x0000,
        0x0000,
    ]


SUMS = """
3F800000 33800000 3F800000
3F800000 B3000000 3F7FFFFF
3F800000 B2000000 3F7FFFFF
CB800000 3F000000 CB7FFFFF
7F7FFFFF 7F000000 7F7FFFFF
00C00000 80800000 00000000
3F800000 BF800000 00000000
3F800000 BF7FFFFF 33800000
41200000 80000000 41200000
"""


@pytest.mark.parametrize("line", SUMS.split("\n")[1:-1])
def test_printed_sums(line: str) -> None:
    a, b, expected = (int(word, 16) for word in line.split())
    p = DaismParameters(significand_bits=24)
    assert accumulate(a, b, p) == expected
    assert add_partial_sums(a, b, p) == expected
    assert accumulate(a, b, p).dtype == np.uint32


def slow_sum(first: int, second: int, second_format: tuple[int, int], p: DaismParameters) -> int:
    total = value_of(first, 8, 23) + value_of(second, *second_format)
    if total == 0:
        return 0
    bits = 24 if p.accumulator == "fp32" else 8
    value = rounded(abs(total), bits, p.accumulator_rounding)
    word = packed(value, int(total < 0), (8, bits - 1), p.saturate_to) << 24 - bits
    return word if word & 0x7FFFFFFF else 0


ACCUMULATORS = [
    {"accumulator": accumulator, "accumulator_rounding": rounding, "saturate_to": saturate_to}
    for accumulator in ("fp32", "bf16")
    for rounding in ("rz", "rne")
    for saturate_to in ("max_finite", "infinity")
]


def near(first: np.ndarray, p: DaismParameters, random: np.random.Generator) -> np.ndarray:
    """Product words around the magnitude of accumulator words, so that they overlap, cancel and overflow."""
    reach = p.product_fraction_bits + 28
    field = (first >> 23 & 255) - 127 + p.bias + random.integers(-reach, reach, first.shape)
    field = np.where(random.random(first.shape) < 0.3, (first >> 23 & 255) - 127 + p.bias, field)
    field = np.clip(field, 0, p.special_exponent - 1)
    ones = (1 << p.product_fraction_bits) - 1
    fraction = random.integers(0, ones, first.shape, endpoint=True)
    fraction = np.where(random.random(first.shape) < 0.2, ones, fraction)
    fraction = np.where(random.random(first.shape) < 0.2, (first & 0x7FFFFF) >> max(0, 23 - 7) & ones, fraction)
    return random.integers(0, 2, first.shape) << p.product_word_bits - 1 | field << p.product_fraction_bits | fraction


@pytest.mark.parametrize("options", ACCUMULATORS, ids=str)
@pytest.mark.parametrize(
    ("n", "exponent_bits", "precision"),
    [(8, 8, "significand"), (8, 8, "kept"), (11, 5, "significand"), (24, 8, "significand"), (24, 8, "kept")],
)
def test_sums_against_fractions(n: int, exponent_bits: int, precision: str, options: dict[str, str]) -> None:
    p = DaismParameters(
        significand_bits=n,
        exponent_bits=exponent_bits,
        kept_columns="full",
        product_precision=precision,
        **options,
    )
    random = np.random.default_rng(n)
    field = random.choice([0, 1, 2, 20, 126, 127, 130, 253, 254], 600)
    first = random.integers(0, 2, 600) << 31 | field << 23 | random.integers(0, 1 << 23, 600)
    first = np.where(field == 0, 0, first)
    first[:20] = first[:20] & (1 << 31) | 0x7F7FFFFF
    if p.accumulator == "bf16":
        first = first >> 16 << 16
    second = near(first, p, random)
    expected = [
        slow_sum(int(a), int(b), (p.exponent_bits, p.product_fraction_bits), p)
        for a, b in zip(first, second, strict=True)
    ]
    assert accumulate(first, second, p).tolist() == expected


def test_a_sum_of_banks_follows_the_same_rules() -> None:
    random = np.random.default_rng(3)
    for options in ACCUMULATORS:
        p = DaismParameters(**options)
        first, second = random.integers(1 << 23, 255 << 23, (2, 300)) | random.integers(0, 2, (2, 300)) << 31
        first, second = first >> 16 << 16, (first & 0x7F80_0000) ^ (second >> 16 << 16 & 0x807F_0000)
        expected = [slow_sum(int(a), int(b), (8, 23), p) for a, b in zip(first, second, strict=True)]
        assert add_partial_sums(first, second, p).tolist() == expected


def test_infinity_stays_where_it_is_allowed() -> None:
    p = DaismParameters(saturate_to="infinity", significand_bits=24)
    infinity, negative = 0x7F800000, 0xFF800000
    assert multiply(0x7F7FFFFF, 0xFF7FFFFF, p) == negative
    assert accumulate(0x7F7FFFFF, 0x7F7FFFFF, p) == infinity
    assert accumulate(0x7F7FFFFF, 0x73000000, p) == 0x7F7FFFFF  # below 2^128, and rounded toward zero
    assert accumulate(infinity, 0xFF7FFFFF, p) == infinity
    assert accumulate(infinity, negative, p) == infinity
    assert accumulate(0x3F800000, negative, p) == negative
    assert add_partial_sums(negative, infinity, p) == negative


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: multiply([0x7F80], 0, p), "stored must be finite, not 0x7f80"),
        (lambda p: multiply(0, [[0x3F80, 0xFFC0]], p), "driver must be finite, not 0xffc0"),
        (lambda p: multiply(0x10000, 0, p), "stored must be at most 65535, not 65536"),
        (lambda p: multiply(1.0, 0, p), "stored must be integers of at most 64 bits, not float64"),
        (lambda p: multiply(0, -1, p), "driver must be at least 0, not -1"),
        (lambda p: accumulate(0x7FC00000, 0, p), "accumulator must be finite, not 0x7fc00000"),
        (lambda p: accumulate(0x7F800000, 0, p), "accumulator must be finite, not 0x7f800000"),
        (lambda p: accumulate(0, 0x7F80, p), "product must be finite, not 0x7f80"),
        (lambda p: accumulate(1 << 32, 0, p), "accumulator must be at most 4294967295, not 4294967296"),
        (lambda p: to_words([1.0, np.nan], p), "values must be finite numbers, not NaN or infinity"),
        (lambda p: to_values([0x7F80], p), "words must be finite, not 0x7f80"),
    ],
)
def test_bad_words_are_refused(call, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        call(DaismParameters())
    assert str(refused.value) == message


def test_more_refusals() -> None:
    integer = DaismParameters(operand_kind="integer", accumulator="int")
    for call in (lambda: multiply(0, 0, integer), lambda: accumulate(0, 0, integer), lambda: to_words(1.0, integer)):
        with pytest.raises(ValueError) as refused:
            call()
        assert str(refused.value) == "operand_kind must be 'float' for floating-point words, not 'integer'"
    with pytest.raises(ValueError) as refused:
        accumulate(0x3F80_0001, 0, DaismParameters(accumulator="bf16"))
    assert str(refused.value) == "accumulator must have 16 zeros below a bfloat16 word, not 0x0001"
    with pytest.raises(ValueError) as refused:
        accumulate(0x7FC0_0000, 0, DaismParameters(saturate_to="infinity"))
    assert str(refused.value) == "accumulator must be no NaN, not 0x7fc00000"


def test_words_of_numbers_and_back() -> None:
    p = DaismParameters()
    assert to_words([1.0, -0.0, 1e-40, 3.3895e38, -1e39, 1 + 2**-8, 1 + 3 * 2**-8], p).tolist() == [
        0x3F80,
        0x8000,
        0x0000,
        0x7F7F,
        0xFF7F,
        0x3F80,
        0x3F82,
    ]
    assert to_values([0x3F80, 0x8040, 0xC040], p).tolist() == [1.0, -0.0, -3.0]
    half = DaismParameters(significand_bits=11, exponent_bits=5)
    numbers = np.random.default_rng(0).standard_normal(1000)
    assert np.array_equal(to_words(numbers, half), numbers.astype(np.float16).view(np.uint16))
    assert np.array_equal(to_values(to_words(numbers, half), half), numbers.astype(np.float16))
    assert accumulator_values([0x3F800000, 0xC0400000]).tolist() == [1.0, -3.0]
