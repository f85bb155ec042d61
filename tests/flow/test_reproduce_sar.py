"""Energies of the calibrated network and the report of the headline figures."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from flow import reproduce_sar
from flow.libraries import find
from flow.prices.sar import ControllerArea, ControllerAreas
from flow.reproduce_sar import Reproduction, Setting, data, text
from flow.sar.arrays import ArrayParameters
from flow.sar.calibration import calibrate_network
from flow.sar.energy import DAC_FRACTIONS, ConversionEnergies, conversion_energies
from flow.sar.result import NetworkCalibration, Request
from sim_models.sar import TrqParameters


@pytest.fixture(scope="module")
def calibration() -> NetworkCalibration:
    return calibrate_network(Request(arrays=ArrayParameters(cell_bits=2), images=16), lambda step: None)


@pytest.fixture(scope="module")
def energies(calibration: NetworkCalibration) -> ConversionEnergies:
    return conversion_energies(calibration, None)


def comparisons(p: TrqParameters, count: int) -> int:
    """By the order of comparisons: the end of R1, its start where that is not 0, then a bit each."""
    if count >= p.r1_start + p.r1_size:
        return 1 + p.r2_bits
    asked = 2 if p.r1_start else 1
    return asked + (p.r1_bits if count >= p.r1_start else p.r2_bits)


def test_the_first_model_is_proportional_to_the_comparisons(
    calibration: NetworkCalibration, energies: ConversionEnergies
) -> None:
    made = conversions = 0
    for layer in calibration.layers:
        for count, number in enumerate(layer.statistics.histogram.tolist()):
            made += number * comparisons(layer.parameters, count)
            conversions += number
    assert energies.twin_range.e1 == pytest.approx(0.208 * made / conversions, rel=1e-12)
    assert energies.plain.e1 == pytest.approx(8 * 0.208, rel=1e-12)


def test_with_the_dac_apart_plain_conversions_of_all_counts_cost_the_reference(
    calibration: NetworkCalibration, energies: ConversionEnergies
) -> None:
    even = replace(calibration.layers[0].statistics, by_slice=np.ones((1, 1, 256), np.int64))
    one = replace(calibration, layers=(replace(calibration.layers[0], statistics=even),))
    plain = conversion_energies(one, None).plain
    for fraction in DAC_FRACTIONS:
        assert plain.e2[fraction] == pytest.approx(1.667, rel=1e-12)
        # Small counts never raise the largest capacitors.
        assert energies.plain.e2[fraction] / energies.twin_range.e2[fraction] > 1


def test_controllers_are_measured_on_the_same_real_conversions(calibration: NetworkCalibration) -> None:
    if shutil.which("sta") is None:
        pytest.skip("OpenSTA is not installed")
    control = conversion_energies(calibration, find()).control
    assert control is not None
    plain, twin_range = control
    assert plain.operations == twin_range.operations
    assert plain.cycles_per_operation == 10
    mean = twin_range.cycles_per_operation - 2
    drawn = calibration.test["twin_range"].tally.mean
    # A sample of the calibration images beside all of the test images.
    assert abs(mean - drawn) < 0.5
    assert 0 < twin_range.total_pj < 2 * plain.total_pj


def measured(calibration: NetworkCalibration, energies: ConversionEnergies) -> Reproduction:
    area = ControllerArea(um2=100.0, ge=125.0, textbook_ge=123.0, flip_flops=12, recipe="area")
    row = ControllerAreas(bits=8, library="freepdk45", controllers=dict.fromkeys(reproduce_sar_variants(), area))
    return Reproduction(
        library="freepdk45", settings=(Setting(calibration=calibration, energies=energies),), areas=(row,)
    )


def reproduce_sar_variants() -> list[str]:
    from flow.prices.sar import VARIANTS

    return list(VARIANTS)


def test_report_shows_published_and_measured_figures_and_the_limits(
    calibration: NetworkCalibration, energies: ConversionEnergies
) -> None:
    report = text(measured(calibration, energies))
    saving = energies.plain.e1 / energies.twin_range.e1
    assert "published: 1.6 to 2.3 times" in report
    assert f"{saving:8.2f}" in report
    assert "58.2 % of 329.8 mW" in report
    assert "control: not measured without OpenSTA" in report
    for limit in reproduce_sar.LIMITS:
        assert f"limit: {limit}" in report


def test_tile_power_follows_from_the_saving(calibration: NetworkCalibration, energies: ConversionEnergies) -> None:
    content = json.loads(json.dumps(data(measured(calibration, energies))))
    tile = content["settings"][0]["tile"]["components"]
    scale = energies.twin_range.e1 / energies.plain.e1
    assert tile["unit_adc"] == pytest.approx(12 * 16 * scale)
    others = 329.81 - 192
    assert sum(tile.values()) == pytest.approx(others + 192 * scale, abs=0.01)
    assert content["published"]["saving"] == [1.6, 2.3]
