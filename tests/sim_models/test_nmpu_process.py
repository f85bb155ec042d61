"""The NMPU golden model against its meaning: rational arithmetic, rounded by floor."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_models.nmpu import NmpuParameters, intermediate, process

DEFAULT = NmpuParameters()
BRANCH = NmpuParameters(variant="branch_round")
EXACT = NmpuParameters(pre_cut_bits=0)

# dp, sp, dn, sn, off, sh, relu, p, n, w, y, real, result of single_round, result of branch_round
VECTORS = [
    (613, 138, 247, 121, 13, 2, 1, 2643, 933, 1814, 113, 113.3496, 113, 113),
    (520, 128, 500, 128, 1, 2, 1, 2080, 2000, 88, 6, 5.5000, 6, 6),
    (0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0.0000, 0, 0),
    (0, 255, 0, 255, -1, 2, 0, 0, 0, -8, 0, -0.5000, 0, 0),
    (0, 0, 0, 0, 1, 2, 0, 0, 0, 8, 1, 0.5000, 1, 1),
    (0, 0, 0, 0, -128, 0, 0, 0, 0, -256, -64, -64.0000, -64, -64),
    (0, 0, 0, 0, 127, 3, 0, 0, 0, 2032, 64, 63.5000, 64, 64),
    (1023, 255, 0, 0, 0, 0, 1, 8152, 0, 8152, 2038, 2038.0078, 127, 127),
    (1023, 255, 0, 0, 127, 3, 1, 8152, 0, 10184, 318, 318.2510, 127, 127),
    (0, 0, 1023, 255, 0, 3, 0, 0, 8152, -8152, -255, -254.7510, -128, -128),
    (0, 0, 1023, 255, -128, 3, 0, 0, 8152, -10200, -319, -318.7510, -128, -128),
    (1023, 255, 1023, 255, 0, 2, 0, 8152, 8152, 0, 0, 0.0000, 0, 0),
    (1023, 255, 1023, 254, 0, 2, 0, 8152, 8120, 32, 2, 1.9980, 2, 2),
    (511, 128, 512, 128, 0, 2, 0, 2044, 2048, -4, 0, -0.2500, 0, 0),
    (512, 128, 511, 128, 0, 2, 0, 2048, 2044, 4, 0, 0.2500, 0, 0),
    (510, 128, 512, 128, 0, 2, 0, 2040, 2048, -8, 0, -0.5000, 0, 0),
    (512, 128, 510, 128, 0, 2, 0, 2048, 2040, 8, 1, 0.5000, 1, 1),
    (1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0078, 0, 0),
    (1, 31, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.2422, 0, 0),
    (0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, -0.0078, 0, 0),
    (0, 0, 1, 32, 0, 0, 0, 0, 1, -1, 0, -0.2500, 0, 0),
    (63, 127, 64, 129, 3, 1, 0, 250, 258, 4, 1, 0.5039, 1, 1),
    (700, 119, 123, 133, -17, 2, 1, 2603, 511, 1956, 122, 122.2441, 122, 122),
    (95, 141, 404, 115, 22, 2, 0, 418, 1451, -857, -54, -53.5801, -54, -53),
    (801, 131, 640, 126, -40, 3, 0, 3279, 2520, 119, 4, 3.7217, 4, 4),
    (333, 97, 77, 160, 5, 1, 1, 1009, 385, 644, 81, 80.5508, 81, 81),
]

# dp, sp, off, sh, p, w, y, real, result; one signed count
SIGNED_VECTORS = [
    (-512, 255, 0, 2, -4080, -4080, -255, -255.000, -128),
    (-1, 1, 0, 2, -1, -1, 0, -0.00195, 0),
    (511, 128, -3, 2, 2044, 2020, 126, 126.250, 126),
    (-310, 133, 7, 1, -1289, -1261, -158, -157.555, -128),
]


def real_value(dp, sp, dn, sn, off, sh, parameters):
    """The affine correction of the quantised parameters, as an exact rational number."""
    unit = 2 ** (parameters.scale_fraction_bits + sh)
    return Fraction(dp * sp - dn * sn, unit) + Fraction(off, 2**parameters.offset_fraction_bits)


def round_half_up(value):
    return math.floor(value + Fraction(1, 2))


def rounded_meaning(dp, dn, sp, sn, off, sh, parameters):
    """y from the meaning of the parameters: floors and roundings of rational numbers, no shifts."""
    p = parameters
    offset = Fraction(off, 2**p.offset_fraction_bits)
    if p.variant == "branch_round":
        grid = 2**p.offset_fraction_bits
        scale = Fraction(grid, 2 ** (p.scale_fraction_bits + sh))
        branches = round_half_up(dp * sp * scale) - round_half_up(dn * sn * scale)
        return round_half_up(Fraction(branches, grid) + offset)
    cut = 2**p.pre_cut_bits
    branches = (math.floor(Fraction(dp * sp, cut)) - math.floor(Fraction(dn * sn, cut))) * cut
    value = Fraction(branches, 2 ** (p.scale_fraction_bits + sh)) + offset
    return round(value) if p.final_rounding == "half_even" else round_half_up(value)


def meaning(dp, dn, sp, sn, off, sh, relu, parameters):
    y = rounded_meaning(dp, dn, sp, sn, off, sh, parameters)
    limit = 2 ** (parameters.output_bits - 1)
    return min(max(max(y, 0) if relu else y, -limit), limit - 1)


def meaning_array(dp, dn, sp, sn, off, sh, relu, parameters):
    """``meaning`` of arrays by float64 floors, exact because all terms are dyadic and below 53 bits; ties up."""
    p = parameters
    offset = off / 2.0**p.offset_fraction_bits
    if p.variant == "branch_round":
        exponent = p.offset_fraction_bits - p.scale_fraction_bits - sh
        positive, negative = (np.floor(np.ldexp(x * 1.0, exponent) + 0.5) for x in (dp * sp, dn * sn))
        value = (positive - negative) / 2.0**p.offset_fraction_bits + offset
    else:
        positive, negative = (np.floor(np.ldexp(x * 1.0, -p.pre_cut_bits)) for x in (dp * sp, dn * sn))
        value = np.ldexp(positive - negative, p.pre_cut_bits - p.scale_fraction_bits - sh) + offset
    y = np.floor(value + 0.5)
    limit = 2.0 ** (p.output_bits - 1)
    return np.clip(np.where(relu, np.maximum(y, 0), y), -limit, limit - 1).astype(np.int64)


def random_operands(seed, size, parameters):
    rng = np.random.default_rng(seed)
    p = parameters
    counts, scales = (p.count_format.minimum, p.count_format.maximum), (0, p.scale_format.maximum)
    offsets = (p.offset_format.minimum, p.offset_format.maximum)
    limits = (counts, counts, scales, scales, offsets, (p.shift_min, p.shift_max), (0, 1))
    return [rng.integers(low, high, size, endpoint=True) for low, high in limits]


@st.composite
def parameter_sets(draw):
    """Any legal unsigned-input parameters of up to 16-bit words, and signed ones."""
    variant = draw(st.sampled_from(["single_round", "branch_round"]))
    scale_fraction = draw(st.integers(1, 16))
    offset_fraction = draw(st.integers(0, 15))
    needed = offset_fraction + 1 if variant == "branch_round" else max(1, offset_fraction)
    shift_min = draw(st.integers(max(0, needed - scale_fraction), 17))
    return NmpuParameters(
        input_bits=draw(st.integers(1, 16)),
        scale_integer_bits=draw(st.integers(0, 16 - scale_fraction)),
        scale_fraction_bits=scale_fraction,
        offset_integer_bits=draw(st.integers(1, 16 - offset_fraction)),
        offset_fraction_bits=offset_fraction,
        output_bits=draw(st.integers(2, 16)),
        pre_cut_bits=draw(st.integers(0, scale_fraction + shift_min - needed)),
        shift_min=shift_min,
        shift_max=draw(st.integers(shift_min, 20)),
        variant=variant,
        final_rounding=draw(st.sampled_from(["half_up", "half_even"])) if variant == "single_round" else "half_up",
        signed_input=draw(st.booleans()),
    )


@st.composite
def operand_sets(draw, parameters):
    """One legal operand tuple, extremes and small numbers favoured."""
    p = parameters

    def word(low, high):
        return draw(st.one_of(st.sampled_from([low, high]), st.integers(low, high)))

    counts, offsets = p.count_format, p.offset_format
    dp, dn = (word(counts.minimum, counts.maximum) for _ in range(2))
    sp, sn = (word(0, p.scale_format.maximum) for _ in range(2))
    if p.signed_input:
        dn = sn = 0
    off = word(offsets.minimum, offsets.maximum)
    return dp, dn, sp, sn, off, word(p.shift_min, p.shift_max), word(0, 1)


@pytest.mark.parametrize("vector", VECTORS)
def test_definition_vectors(vector):
    dp, sp, dn, sn, off, sh, relu, p, n, w, y, real, single, branch = vector
    values = intermediate(dp, dn, sp, sn, off, sh, relu, DEFAULT)
    assert (values.cut_positive, values.cut_negative, values.total, values.rounded) == (p, n, w, y)
    assert float(real_value(dp, sp, dn, sn, off, sh, DEFAULT)) == pytest.approx(real, abs=5.1e-5)
    assert values.output == single == process(dp, dn, sp, sn, off, sh, relu, DEFAULT)
    assert branch == process(dp, dn, sp, sn, off, sh, relu, BRANCH)
    assert branch == intermediate(dp, dn, sp, sn, off, sh, relu, BRANCH).output


@pytest.mark.parametrize("vector", SIGNED_VECTORS)
def test_signed_input_vectors(vector):
    dp, sp, off, sh, p, w, y, real, result = vector
    parameters = NmpuParameters(signed_input=True)
    values = intermediate(dp, None, sp, None, off, sh, 0, parameters)
    assert (values.cut_positive, values.total, values.rounded, values.output) == (p, w, y, result)
    assert float(real_value(dp, sp, 0, 0, off, sh, parameters)) == pytest.approx(real, abs=5.1e-4)
    assert process(dp, 0, sp, [0], off, sh, 0, parameters) == result


@pytest.mark.parametrize("parameters", [DEFAULT, BRANCH])
def test_every_combination_of_corner_operands(parameters):
    counts, scales = [0, 1, 511, 512, 1022, 1023], [0, 1, 127, 128, 129, 254, 255]
    offsets = [-128, -127, -1, 0, 1, 126, 127]
    operands = np.array(list(product(counts, counts, scales, scales, offsets, range(4), (0, 1)))).T
    assert np.array_equal(process(*operands, parameters), meaning_array(*operands, parameters))


@given(data=st.data())
@settings(max_examples=600, deadline=None)
def test_any_parameters_against_rational_arithmetic(data):
    parameters = data.draw(parameter_sets())
    operands = data.draw(operand_sets(parameters))
    expected = meaning(*operands, parameters)
    assert process(*operands, parameters) == expected
    values = intermediate(*operands, parameters)
    assert values.output == expected
    y = rounded_meaning(*operands[:-1], parameters)
    assert values.rounded == y
    assert values.clipped == (expected != (max(y, 0) if operands[-1] else y))


@pytest.mark.parametrize(
    "parameters",
    [
        DEFAULT,
        BRANCH,
        EXACT,
        NmpuParameters(offset_integer_bits=8),
        NmpuParameters(offset_integer_bits=8, variant="branch_round"),
        NmpuParameters(pre_cut_bits=7, shift_min=1),
        NmpuParameters(offset_fraction_bits=0, variant="branch_round"),
        NmpuParameters(input_bits=16, scale_integer_bits=4, scale_fraction_bits=12, output_bits=16, shift_max=9),
    ],
)
def test_a_million_random_vectors(parameters):
    operands = random_operands(1, 1_000_000, parameters)
    expected = meaning_array(*operands, parameters)
    assert np.array_equal(process(*operands, parameters), expected)
    assert len(np.unique(expected)) > 100


@pytest.mark.parametrize("parameters", [DEFAULT, BRANCH])
@pytest.mark.parametrize(
    ("sp", "sn", "off", "sh"), [(138, 121, 13, 2), (255, 255, -128, 0), (1, 254, 127, 3), (127, 129, -17, 1)]
)
def test_all_pairs_of_counts(parameters, sp, sn, off, sh):
    dp, dn = np.arange(1024)[:, None], np.arange(1024)
    operands = (dp, dn, sp, sn, off, sh, 0)
    assert np.array_equal(process(*operands, parameters), meaning_array(*operands, parameters))


def test_ties_to_even():
    parameters = NmpuParameters(final_rounding="half_even")
    for off, expected in [(1, 0), (3, 2), (5, 2), (-1, 0), (-3, -2), (-5, -2), (2, 1), (-128, -64)]:
        assert process(0, 0, 0, 0, off, 2, 0, parameters) == expected
        assert intermediate(0, 0, 0, 0, off, 2, 0, parameters).rounded == expected


@pytest.mark.parametrize("signed_input", [False, True])
def test_half_even_a_million_random_vectors(signed_input):
    parameters = NmpuParameters(final_rounding="half_even", signed_input=signed_input)
    dp, dn, sp, sn, off, sh, _ = random_operands(2, 1_000_000, parameters)
    if signed_input:
        dn = sn = np.zeros_like(dp)
    cut = np.floor(dp * sp / 32.0) - np.floor(dn * sn / 32.0)
    y = np.rint(np.ldexp(cut, -2 - sh) + off / 2)  # numpy rounds ties to even
    assert np.array_equal(intermediate(dp, dn, sp, sn, off, sh, 0, parameters).rounded, y)
    assert np.array_equal(process(dp, dn, sp, sn, off, sh, 0, parameters), np.clip(y, -128, 127))
