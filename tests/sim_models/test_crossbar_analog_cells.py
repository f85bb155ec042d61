"""Inverters and resistive cells: curves, codes, and the size of what cells deviate."""

import math

import numpy as np
import pytest

from sim_models.crossbar.conductance import CellParameters, conductances, differential, quantise
from sim_models.crossbar.vtc import InverterVtc


@pytest.mark.parametrize("vtc", [InverterVtc(slope=2.0), InverterVtc(slope=40.0, supply=1.2, threshold=0.5)])
def test_the_curve_is_the_logistic_one(vtc: InverterVtc) -> None:
    for volts in np.linspace(-0.5, 1.5, 41):
        expected = vtc.supply / (1 + math.exp(vtc.slope * (volts - vtc.threshold) / vtc.supply))
        assert vtc.output(volts) == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert vtc.steepness(vtc.threshold) == pytest.approx(-vtc.slope / 4)


def test_steepness_is_the_slope_of_the_curve() -> None:
    vtc, volts, step = InverterVtc(slope=7.0, supply=0.9, threshold=0.3), np.linspace(-1, 2, 31), 1e-6
    slopes = (vtc.output(volts + step) - vtc.output(volts - step)) / (2 * step)
    assert vtc.steepness(volts) == pytest.approx(slopes, abs=1e-8)


def test_far_inputs_do_not_overflow() -> None:
    assert InverterVtc(slope=1e4).output([-1e6, 0.5, 1e6]).tolist() == [1.0, 0.5, 0.0]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"slope": 0}, "slope must be between 0.001 and 10000.0, not 0"),
        ({"slope": math.nan}, "slope must be between 0.001 and 10000.0, not nan"),
        ({"slope": True}, "slope must be a number, not True"),
        ({"slope": 2.0, "supply": 0.0}, "supply must be between 0.001 and 10000.0, not 0.0"),
        ({"slope": 2.0, "threshold": 1.5}, "threshold must be between 0 and 1.0, not 1.5"),
    ],
)
def test_bad_curves_are_refused(fields: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError) as problem:
        InverterVtc(**fields)
    assert str(problem.value) == message


def test_weights_get_the_nearest_code() -> None:
    cells = CellParameters(bits=3)
    weights = np.random.default_rng(1).uniform(-1.2, 1.2, 500)
    codes = quantise(weights, cells)
    nearest = [min(range(-7, 8), key=lambda code, w=weight: abs(code / 7 - w)) for weight in weights]
    assert codes.tolist() == nearest
    assert quantise([0.5 / 7, -0.5 / 7, 9, -9], cells).tolist() == [1, -1, 7, -7]
    assert quantise([1.0], CellParameters(bits=3, cells=2)).tolist() == [63]


@pytest.mark.parametrize("bits", [1, 3])
@pytest.mark.parametrize("count", [1, 2])
def test_cells_without_deviation_hold_their_codes(bits: int, count: int) -> None:
    cells = CellParameters(bits=bits, cells=count, sigma=0.0)
    codes = np.arange(cells.maximum + 1)
    assert (conductances(codes, cells, np.random.default_rng(1)) == codes).all()
    assert (conductances(codes, CellParameters(bits=bits, cells=count, sigma=0.1)) == codes).all()
    signed = np.arange(-cells.maximum, cells.maximum + 1)
    assert (differential(signed, cells) == signed / cells.maximum).all()


@pytest.mark.parametrize("variation", ["multiplicative", "absolute"])
def test_deviations_have_their_size(variation: str) -> None:
    """Of each code by itself: 20 000 draws give a standard deviation within 2 %, at four standard errors."""
    random, draws = np.random.default_rng(3), 20_000
    one = CellParameters(bits=3, sigma=0.025, variation=variation)
    two = CellParameters(bits=3, cells=2, sigma=0.025, variation=variation)
    for code in (0, 1, 7):
        made = conductances(np.full(draws, code), one, random)
        assert made.std() == pytest.approx(0.025 * (code if variation == "multiplicative" else 7), rel=0.02, abs=1e-12)
        assert made.mean() == pytest.approx(code, abs=0.006)
    for low, high in ((0, 7), (7, 0), (5, 3)):
        spread = math.hypot(low, 8 * high) if variation == "multiplicative" else 7 * math.hypot(1, 8)
        made = conductances(np.full(draws, low + 8 * high), two, random)
        assert made.std() == pytest.approx(0.025 * spread, rel=0.02)


def test_a_weight_of_zero_deviates_only_absolutely() -> None:
    for variation, spread in (("multiplicative", 0.0), ("absolute", 0.025 * math.sqrt(2))):
        cells = CellParameters(bits=3, sigma=0.025, variation=variation)
        made = differential(np.zeros(20_000, int), cells, np.random.default_rng(4))
        assert made.std() == pytest.approx(spread, rel=0.02, abs=0)


def test_line_sums_of_an_array_of_deviating_bits() -> None:
    """A line of n ones deviates by sigma times the root of n."""
    cells = CellParameters(bits=1, sigma=0.05)
    array = conductances(np.ones((128, 4000), int), cells, np.random.default_rng(6))
    assert (np.ones(128) @ array).std() == pytest.approx(0.05 * math.sqrt(128), rel=0.05)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"bits": 0}, "bits must be between 1 and 8, not 0"),
        ({"cells": 5}, "cells must be between 1 and 4, not 5"),
        ({"sigma": -0.1}, "sigma must be between 0 and 1, not -0.1"),
        ({"sigma": math.nan}, "sigma must be between 0 and 1, not nan"),
        ({"variation": "relative"}, "variation must be one of 'multiplicative', 'absolute', not 'relative'"),
    ],
)
def test_bad_cells_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(ValueError) as problem:
        CellParameters(**fields)
    assert str(problem.value) == message


def test_codes_beyond_the_cells_are_refused() -> None:
    cells = CellParameters(bits=3)
    for call, message in (
        (lambda: conductances([8], cells), "codes must be at most 7, not 8"),
        (lambda: conductances([-1], cells), "codes must be at least 0, not -1"),
        (lambda: differential([-8], cells), "codes must be at least -7, not -8"),
        (lambda: quantise([math.inf], cells), "weights must be finite numbers, they are not"),
    ):
        with pytest.raises(ValueError) as problem:
            call()
        assert str(problem.value) == message
