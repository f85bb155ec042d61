"""Partial sums of the NMPU over tiles against Python integers and rational numbers, one element at a time."""

import math
from fractions import Fraction

import numpy as np
import pytest

from sim_models.nmpu import NmpuParameters, accumulate, intermediate, process

ACCUMULATE = NmpuParameters(partial_sum="accumulate")


def tile_sum(dp, dn, sp, sn, off, sh, parameters):
    """w of one tile by integer divisions."""
    p = parameters
    if p.variant == "branch_round":
        grid = Fraction(2**p.offset_fraction_bits, 2 ** (p.scale_fraction_bits + sh))
        positive, negative = (math.floor(product * grid + Fraction(1, 2)) for product in (dp * sp, dn * sn))
        return positive - negative + off
    cut = 2**p.pre_cut_bits
    aligned = off * 2 ** (p.scale_fraction_bits + sh - p.pre_cut_bits - p.offset_fraction_bits)
    return dp * sp // cut - dn * sn // cut + aligned


def layer(tiles, off, sh, relu, parameters):
    """Output, accumulator, saturation flag and clip flag of one column."""
    limit = 2 ** (parameters.accumulator_bits - 1)
    total, saturated = 0, False
    for index, (dp, dn, sp, sn) in enumerate(tiles):
        exact = total + tile_sum(dp, dn, sp, sn, off if index == 0 else 0, sh, parameters)
        total = max(-limit, min(limit - 1, exact))
        saturated = saturated or total != exact
    value = Fraction(total, 2 ** parameters.fraction_bits(sh))
    y = round(value) if parameters.final_rounding == "half_even" else math.floor(value + Fraction(1, 2))
    rectified = max(y, 0) if relu else y
    output = max(-128, min(127, rectified))
    return output, total, saturated, output != rectified


@pytest.mark.parametrize(
    "parameters",
    [
        ACCUMULATE,
        NmpuParameters(partial_sum="accumulate", accumulator_bits=15, final_rounding="half_even"),
        NmpuParameters(partial_sum="accumulate", accumulator_bits=14, variant="branch_round"),
        NmpuParameters(partial_sum="accumulate", variant="branch_round", offset_fraction_bits=0),
    ],
)
@pytest.mark.parametrize("tiles", [1, 2, 3, 7])
def test_tiles_against_integers(parameters, tiles):
    rng = np.random.default_rng(tiles)
    shape = (tiles, 25, 8)
    dp, dn = rng.integers(0, 1024, (2, *shape))
    dp[:, :12] = np.maximum(dp[:, :12], 900)  # half of the vectors drive the sum upwards
    sp, sn = rng.integers(0, 256, (2, tiles, 1, 8))
    off = rng.integers(parameters.offset_format.minimum, parameters.offset_format.maximum, 8, endpoint=True)
    sh, relu = rng.integers(0, 4, 8), rng.integers(0, 2, 8)
    result = accumulate(dp, dn, sp, sn, off, sh, relu, parameters)
    for vector, column in np.ndindex(25, 8):
        at = (slice(None), vector, column)
        columns = zip(*(a.tolist() for a in (dp[at], dn[at], sp[:, 0, column], sn[:, 0, column])), strict=True)
        expected = layer(columns, int(off[column]), int(sh[column]), int(relu[column]), parameters)
        arrays = (result.output, result.total, result.saturated, result.clipped)
        assert tuple(array[vector, column] for array in arrays) == expected


def test_one_tile_is_the_plain_unit():
    rng = np.random.default_rng(0)
    dp, dn, sp, sn = rng.integers(0, [[1024], [1024], [256], [256]], (4, 1000))
    off = rng.integers(-128, 128, 1000)
    result = accumulate(dp[None], dn[None], sp, sn, off, 2, 0, ACCUMULATE)
    assert np.array_equal(result.output, process(dp, dn, sp, sn, off, 2, 0, ACCUMULATE))
    assert np.array_equal(result.total, intermediate(dp, dn, sp, sn, off, 2, 0, ACCUMULATE).total)
    assert not result.saturated.any()


def test_three_extreme_tiles_fit_in_sixteen_bits_and_the_fourth_saturates():
    three = accumulate([1023] * 3, 0, 255, 0, 127, 3, 0, ACCUMULATE)
    assert (three.total, three.saturated) == (3 * 8152 + 127 * 16, False)
    five = accumulate([1023] * 5, 0, 255, 0, 127, 3, 0, ACCUMULATE)
    assert (five.total, five.saturated) == (32767, True)
    lowest = accumulate(np.zeros(5, int), 1023, 0, 255, -128, 3, 0, ACCUMULATE)
    assert (lowest.total, lowest.saturated, lowest.output) == (-32768, True, -128)


def test_saturation_is_remembered_when_later_tiles_come_back():
    result = accumulate([1023] * 5 + [0] * 5, [0] * 5 + [1023] * 5, 255, 255, 0, 3, 0, ACCUMULATE)
    assert result.saturated
    assert result.total == 32767 - 5 * 8152


def test_signed_input_tiles():
    parameters = NmpuParameters(partial_sum="accumulate", signed_input=True)
    result = accumulate([-310, 511], None, [133, 128], None, 7, 1, 0, parameters)
    assert result.total == -310 * 133 // 32 + 511 * 128 // 32 + 7 * 4


GOOD = {"positive": [1, 1], "negative": 0, "scale_positive": 1, "scale_negative": 1, "offset": 0, "shift": 0, "relu": 0}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("positive", 1, r"positive must have its tiles, at least one, along the first axis of \(\)"),
        ("positive", np.zeros((0, 2), int), r"positive must have its tiles, at least one, along .* \(0, 2\)"),
        ("negative", [[0], [0]], r"positive must have its tiles, at least one, along the first axis of \(2, 2\)"),
        ("offset", [0, 0], "offset must have no tile axis: fewer than 1 dimensions, not 1"),
        ("shift", [0, 0], "shift must have no tile axis: fewer than 1 dimensions, not 1"),
        ("relu", [0, 0], "relu must have no tile axis: fewer than 1 dimensions, not 1"),
        ("positive", [1, 1024], "positive must be between 0 and 1023, not 1024"),
    ],
)
def test_refuses(name, value, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        accumulate(**{**GOOD, name: value}, parameters=ACCUMULATE)


def test_refuses_parameters_without_accumulator():
    with pytest.raises(ValueError, match=r"^partial_sum must be 'accumulate' to sum tiles, not 'none'$"):
        accumulate(**GOOD, parameters=NmpuParameters())
