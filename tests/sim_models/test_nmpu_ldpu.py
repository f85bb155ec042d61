"""Half-precision baseline against numpy's float16 (one rounding per operation) and rational numbers (fused)."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_models.nmpu import LdpuParameters, half_words, ldpu_aggregate, ldpu_process, residual_tile, slope_words

MULTIPLY_ADD = LdpuParameters()
FUSED = LdpuParameters(service_model="F2")

# dp, S_p, dn, S_n, O, v and result of mul_add, v and result of fused; ReLU on, words are binary16 patterns
VECTORS = [
    (613, 0x3450, 247, 0x3390, 0x4680, 0x5716, 113, 0x5716, 113),
    (520, 0x3400, 500, 0x3400, 0x3800, 0x4580, 6, 0x4580, 6),
    (518, 0x3400, 500, 0x3400, 0x0000, 0x4480, 4, 0x4480, 4),
    (1023, 0x37F8, 0, 0x0000, 0x0000, 0x5FF6, 127, 0x5FF6, 127),
    (0, 0x0000, 1023, 0x37F8, 0xD400, 0xE07B, 0, 0xE07B, 0),
    (511, 0x3400, 512, 0x3400, 0x0000, 0xB400, 0, 0xB400, 0),
    (777, 0x3429, 123, 0x33F8, 0xC29A, 0x5941, 127, 0x5941, 127),
    (840, 0x3549, 591, 0x3571, 0xCC7C, 0x5352, 59, 0x5350, 58),
    (704, 0x3178, 228, 0x33E7, 0x48BF, 0x5498, 74, 0x5497, 73),
]


def halves(words):
    return np.asarray(words).astype(np.uint16).view(np.float16)


def bits(values):
    """Patterns of float16 values; every NaN is the canonical one."""
    return np.where(np.isnan(values), 0x7E00, values.view(np.uint16).astype(np.int64))


def numpy_lane(dp, dn, sp, sn, addend):
    """The lane in numpy float16 arithmetic, which rounds every operation."""
    with np.errstate(all="ignore"):
        t = dp.astype(np.float16) * halves(sp)
        m = dn.astype(np.float16) * halves(sn)
        return (t - m) + halves(addend)


def numpy_output(value, relu):
    """int8 of float16 values."""
    rectified = np.where(relu & np.signbit(value) & ~np.isnan(value), np.float16(0), value)
    return np.where(np.isnan(value), 0, np.clip(np.rint(rectified.astype(np.float64)), -128, 127))


def nearest_half(exact):
    """Binary16 pattern nearest to a rational number, by scaling so that Python's ``round`` (ties to even) decides."""
    magnitude, exponent = abs(exact), -24
    while magnitude >= Fraction(2) ** (exponent + 11):
        exponent += 1
    significand = round(magnitude / Fraction(2) ** exponent)
    value = significand * Fraction(2) ** exponent
    pattern = 0x7C00 if value >= 65536 else int(half_words(float(value)))
    return pattern | (0x8000 if exact < 0 else 0)


def fraction(word):
    return Fraction(float(halves([word])[0]))


@pytest.mark.parametrize("vector", VECTORS)
def test_definition_vectors(vector):
    dp, sp, dn, sn, offset, v, q, v_fused, q_fused = vector
    result = ldpu_process(dp, dn, sp, sn, offset, True, MULTIPLY_ADD)
    assert (result.value, result.output, result.invalid) == (v, q, False)
    result = ldpu_process(dp, dn, sp, sn, offset, True, FUSED)
    assert (result.value, result.output, result.invalid) == (v_fused, q_fused, False)


def test_without_relu_a_large_negative_value_clamps():
    assert ldpu_process(0, 1023, 0, 0x37F8, 0xD400, False, MULTIPLY_ADD).output == -128
    assert ldpu_process(511, 512, 0x3400, 0x3400, 0xB400, False, MULTIPLY_ADD).output == 0  # -0.5 to even


@pytest.mark.parametrize("spread", ["usual", "any"])
def test_a_million_vectors_against_numpy_float16(spread):
    rng = np.random.default_rng(0)
    size = 1_000_000 if spread == "usual" else 300_000
    dp, dn = rng.integers(0, 1024, (2, size))
    if spread == "usual":
        sp, sn = half_words(rng.uniform(0.15, 0.35, (2, size)))
        offset = half_words(rng.uniform(-20, 20, size))
    else:  # every pattern: subnormals, infinities and NaN too
        sp, sn, offset = rng.integers(0, 1 << 16, (3, size))
    relu = rng.integers(0, 2, size).astype(bool)
    result = ldpu_process(dp, dn, sp, sn, offset, relu, MULTIPLY_ADD)
    value = numpy_lane(dp, dn, sp, sn, offset)
    assert np.array_equal(result.value, bits(value))
    assert np.array_equal(result.output, numpy_output(value, relu))
    assert np.array_equal(result.invalid, np.isnan(value))


finite_words = st.integers(0, 0xFFFF).filter(lambda word: word & 0x7C00 != 0x7C00)


def exact_fused(a, b, c):
    """Binary16 pattern of a*b + c rounded once, for finite patterns; zeros get their sign from float64 arithmetic."""
    exact = fraction(a) * fraction(b) + fraction(c)
    if exact == 0:
        x, y, z = (float(halves([word])[0]) for word in (a, b, c))
        return 0x8000 if math.copysign(1, x * y + z) < 0 else 0
    return nearest_half(exact)


@given(st.integers(0, 1023), st.integers(0, 1023), finite_words, finite_words, finite_words)
@settings(max_examples=1000, deadline=None)
def test_fused_against_rational_numbers(dp, dn, sp, sn, addend):
    result = ldpu_process(dp, dn, sp, sn, addend, False, FUSED)
    t = exact_fused(int(half_words(dp)), sp, addend)
    infinite = t & 0x7FFF == 0x7C00  # a finite product cannot bring it back
    v = t if infinite else exact_fused(int(half_words(dn)) ^ 0x8000, sn, t)
    assert result.value == v
    assert result.output == numpy_output(halves([v]), False)[0]


def test_fused_and_separate_roundings_differ_by_at_most_one():
    rng = np.random.default_rng(1)
    dp, dn = rng.integers(0, 1024, (2, 60_000))
    sp, sn = half_words(rng.uniform(0.15, 0.35, (2, 60_000)))
    offset = half_words(rng.uniform(-20, 20, 60_000))
    outputs = [ldpu_process(dp, dn, sp, sn, offset, True, p).output for p in (MULTIPLY_ADD, FUSED)]
    difference = np.abs(outputs[0] - outputs[1])
    assert difference.max() == 1
    assert 800 < difference.sum() < 1000


@pytest.mark.parametrize("parameters", [MULTIPLY_ADD, FUSED])
def test_specials(parameters):
    infinity, nan, zero, one = 0x7C00, 0x7E00, 0, 0x3C00

    def lane(dp, dn, sp, sn, offset, relu=False):
        result = ldpu_process(dp, dn, sp, sn, offset, relu, parameters)
        return int(result.value), int(result.output), bool(result.invalid)

    assert lane(1, 0, infinity, zero, zero) == (infinity, 127, False)
    assert lane(0, 1, zero, infinity, zero) == (infinity | 0x8000, -128, False)
    assert lane(0, 1, zero, infinity, zero, relu=True) == (infinity | 0x8000, 0, False)
    assert lane(0, 0, infinity, zero, zero) == (nan, 0, True)
    assert lane(1, 1, infinity, infinity, zero) == (nan, 0, True)
    assert lane(1, 0, one, zero, 0xFE01, relu=True) == (nan, 0, True)
    assert lane(1023, 0, 0x7BFF, zero, zero) == (infinity, 127, False)
    assert lane(5, 5, one, one, zero) == (zero, 0, False)


def test_flush_to_zero():
    subnormal, smallest_normal = 0x0200, 0x0400
    for model in ("F1", "F2"):
        kept = LdpuParameters(service_model=model)
        flushed = LdpuParameters(service_model=model, flush_to_zero=True)
        assert ldpu_process(1, 0, subnormal, 0, 0, False, kept).value == subnormal
        assert ldpu_process(1, 0, subnormal, 0, 0, False, flushed).value == 0
        assert ldpu_process(1, 0, smallest_normal, 0, 0, False, flushed).value == smallest_normal
        assert ldpu_process(1000, 0, subnormal, 0, 0, False, flushed).value == 0
        assert ldpu_process(0, 1000, 0, subnormal, 0x3C00, False, flushed).value == 0x3C00
        assert ldpu_process(0, 1000, 0, subnormal, 0x3C00, False, kept).value < 0x3C00
        assert ldpu_process(0, 0, 0, 0, 0x8000 | subnormal, False, kept).value == 0x8000 | subnormal
        assert ldpu_process(3, 2, smallest_normal, smallest_normal, 0x8200, False, kept).value == subnormal
        assert ldpu_process(3, 2, smallest_normal, smallest_normal, 0x8200, False, flushed).value == smallest_normal
        assert ldpu_process(1, 1, 0x0600, smallest_normal, 0, False, flushed).value == 0  # the difference is subnormal
        assert ldpu_process(0, 0, 0, 0, 0x8000 | smallest_normal, False, flushed).value == 0x8000 | smallest_normal


@pytest.mark.parametrize("tiles", [1, 2, 3])
def test_aggregation_over_tiles(tiles):
    rng = np.random.default_rng(tiles)
    dp, dn = rng.integers(0, 1024, (2, tiles, 50, 16))
    sp, sn = half_words(rng.uniform(0.02, 0.1, (2, tiles, 1, 16)))
    offset = half_words(rng.uniform(-20, 20, 16))
    value = halves(offset)
    for tile in range(tiles):
        value = numpy_lane(dp[tile], dn[tile], sp[tile], sn[tile], bits(value))
    result = ldpu_aggregate(dp, dn, sp, sn, offset, True, MULTIPLY_ADD)
    assert np.array_equal(result.value, bits(value))
    assert np.array_equal(result.output, numpy_output(value, True))
    assert (value < 0).any()


def test_residual_is_one_more_tile():
    residual = np.arange(-128, 128)
    dp, dn, slope = residual_tile(residual, 0.04, 0.05)
    assert np.array_equal(dp - dn, residual)
    assert (np.minimum(dp, dn) == 0).all()
    assert halves([slope])[0] == np.float16(0.8)
    partial = half_words(np.linspace(-40, 40, 256))
    result = ldpu_process(dp, dn, slope, slope, partial, False, MULTIPLY_ADD)
    expected = residual.astype(np.float16) * np.float16(0.8) + halves(partial)
    assert np.array_equal(result.value, bits(expected))


def test_parameter_words():
    assert slope_words([138 / 128, 121 / 128], 2).tolist() == [0x3450, 0x3390]
    assert half_words([6.5, -0.0, 65504.0, 2.0**-24]).tolist() == [0x4680, 0x8000, 0x7BFF, 1]
    for bad in (np.nan, np.inf, 65520.0):
        with pytest.raises(ValueError, match=r"^values must be finite in half precision, not "):
            half_words([1.0, bad])


def test_arithmetic_follows_the_service_model():
    arithmetic = [LdpuParameters(service_model=model).arithmetic for model in ("F1", "F2", "F3")]
    assert arithmetic == ["mul_add", "fused", "fused"]
    assert LdpuParameters(arithmetic="fused").arithmetic == "fused"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"columns": 0}, "columns must be between 1 and 1024, not 0"),
        ({"lanes": 0}, "lanes must be between 1 and 256, not 0"),
        ({"lanes": 3}, r"lanes must divide columns \(256\), not be 3"),
        ({"count_bits": 12}, "count_bits must be between 1 and 11, not 12"),
        ({"service_model": "F4"}, "service_model must be one of 'F1', 'F2', 'F3', not 'F4'"),
        ({"arithmetic": "exact"}, "arithmetic with service_model 'F1' must be one of 'mul_add', 'fused', not 'exact'"),
        (
            {"service_model": "F2", "arithmetic": "mul_add"},
            "arithmetic with service_model 'F2' must be one of 'fused', not 'mul_add'",
        ),
        ({"flush_to_zero": 1}, "flush_to_zero must be one of False, True, not 1"),
        ({"capture": "burst"}, "capture must be one of 'parallel', 'serial', not 'burst'"),
    ],
)
def test_refuses_parameters(fields, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        LdpuParameters(**fields)


@pytest.mark.parametrize(
    "operands",
    [
        (1024, 0, 0, 0, 0, True),
        (0, -1, 0, 0, 0, True),
        (0.5, 0, 0, 0, 0, True),
        (0, 0, 0x10000, 0, 0, True),
        (0, 0, 0, 0.25, 0, True),
        (0, 0, 0, 0, -1, True),
        (0, 0, 0, 0, 0, 2),
        ([1, 2], [1, 2, 3], 0, 0, 0, True),
    ],
)
def test_refuses_operands(operands):
    with pytest.raises(ValueError, match=r"must be|shape mismatch"):
        ldpu_process(*operands, MULTIPLY_ADD)


def test_refuses_tiles_that_do_not_match():
    with pytest.raises(ValueError, match=r"^counts and slopes must have the same tiles, at least one, not \[2, 3\]$"):
        ldpu_aggregate([[1]] * 2, [[1]] * 3, [[0]] * 2, [[0]] * 2, 0, True, MULTIPLY_ADD)
    with pytest.raises(ValueError, match=r"^residual must be at most 127, not 128$"):
        residual_tile([128], 1.0, 1.0)
    with pytest.raises(ValueError, match=r"^output_scale must be finite and > 0, not 0\.0$"):
        residual_tile([1], 1.0, 0.0)
