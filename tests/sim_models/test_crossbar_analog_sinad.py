"""SINAD of both benches against known figures, ranges, and networks as hooks of the dataflow."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sim_models.crossbar import neural_adc, neural_adder
from sim_models.crossbar.benches import (
    cascade_data_db,
    cascade_sine_db,
    isaac_sine_db,
    network_data,
    network_data_db,
    network_sine_db,
    neural_pim_sine_db,
    sine_inputs,
)
from sim_models.crossbar.cascade import cascade_dot
from sim_models.crossbar.codes import restored
from sim_models.crossbar.hooks import ErrorHooks, ideal_step
from sim_models.crossbar.neural_adc import NeuralAdc
from sim_models.crossbar.neural_hooks import AdcHook, AdderHook
from sim_models.crossbar.neural_pim import neural_pim_codes
from sim_models.crossbar.peripherals import load
from sim_models.crossbar.presets import NEURAL_PIM_BIT_SERIAL, eight_bit
from sim_models.crossbar.range_calibration import line_fraction, range_fraction
from sim_models.crossbar.sinad import data_sinad_db, full_scale_sinad_db, sine_sinad_db

SHORT = {"samples": 4096, "periods": 127}


# The measure


@pytest.mark.parametrize("decibels", [20.0, 49.9, 80.0])
def test_sinad_of_a_sine_with_known_noise(decibels: float) -> None:
    count, periods = 65536, 1021
    angle = 2 * np.pi * periods / count * np.arange(count)
    noise = np.random.default_rng(1).standard_normal(count) * math.sqrt(0.5) * 10 ** (-decibels / 20)
    assert sine_sinad_db(3 * (np.sin(angle + 0.4) + noise) - 7, periods) == pytest.approx(decibels, abs=0.05)


def test_a_harmonic_is_distortion_and_a_constant_is_not() -> None:
    angle = 2 * np.pi * 5 / 256 * np.arange(256)
    assert sine_sinad_db(np.sin(angle) + 0.01 * np.cos(3 * angle) + 9, 5) == pytest.approx(40.0, abs=1e-6)
    assert sine_sinad_db(np.full(16, 0.0), 1) == math.inf
    assert sine_sinad_db(np.tile([1.0, -1.0], 8), 1) < -200


def test_the_ideal_sine_is_that_of_eight_bits() -> None:
    assert sine_sinad_db(sine_inputs(), 1021) == pytest.approx(6.02 * 8 + 1.76, abs=0.1)
    assert full_scale_sinad_db(math.sqrt(0.5)) == pytest.approx(0)
    assert full_scale_sinad_db(0.0013) == pytest.approx(54.8, abs=0.1)


def test_data_sinad_is_signal_over_error() -> None:
    exact = np.random.default_rng(2).standard_normal((100, 100))
    assert data_sinad_db(exact, 1.1 * exact) == pytest.approx(20, abs=0.1)
    assert data_sinad_db(exact, exact) == math.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sine_sinad_db(np.ones(7), 1), "samples must have one axis of at least 8, not the shape (7,)"),
        (lambda: sine_sinad_db(np.ones(9), 5), "periods must be between 1 and 4, not 5"),
        (lambda: sine_sinad_db([math.nan] * 9, 1), "samples must be finite numbers, they are not"),
        (lambda: data_sinad_db([1, 1], [1, 2]), "exact must hold at least two different values, it does not"),
        (lambda: data_sinad_db([1, 2], [1]), "measured must have the shape of exact, (2,), not (1,)"),
        (lambda: full_scale_sinad_db(0), "error must be above 0, not 0"),
        (lambda: sine_inputs(4, 1), "samples must be at least 8, not 4"),
        (lambda: network_data(0, 1, 1), "vectors must be at least 1, not 0"),
    ],
)
def test_what_has_no_sinad_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError) as problem:
        call()
    assert str(problem.value) == message


# The sine bench


@pytest.mark.parametrize(
    ("error", "dac_bits", "decibels"),
    [(0, 1, 50.0), (0.001, 1, 46.8), (0.004, 1, 37.3), (0, 4, 50.0), (0.001, 4, 48.0), (0.004, 4, 38.3)],
)
def test_noise_of_the_accumulator(error: float, dac_bits: int, decibels: float) -> None:
    assert neural_pim_sine_db(error, 7, dac_bits, **SHORT) == pytest.approx(decibels, abs=0.3)


@pytest.mark.parametrize(("error", "decibels"), [(0, 50.0), (0.005, 44.9), (0.01, 40.0)])
def test_noise_of_stored_sums(error: float, decibels: float) -> None:
    assert cascade_sine_db(error, 7, **SHORT) == pytest.approx(decibels, abs=0.3)


def test_noise_of_converters_falls_monotonically() -> None:
    figures = [isaac_sine_db(noise, 7, samples=2048, periods=127) for noise in (0, 0.5, 1, 2, 4)]
    assert figures[0] == pytest.approx(50.0, abs=0.1)
    assert figures == sorted(figures, reverse=True)
    assert figures[-1] < 40


# Network data and ranges


@pytest.mark.parametrize(("fraction", "decibels"), [(1.0, 6.6), (0.25, 18.5), (0.06, 30.8), (0.03, 37.0)])
def test_network_data_need_a_calibrated_range(fraction: float, decibels: float) -> None:
    assert network_data_db(fraction, 3) == pytest.approx(decibels, abs=0.6)


def test_full_scale_of_the_network_bench_is_what_the_data_fill() -> None:
    """Half the range of 8-bit magnitudes is the range of 7 bits, but for one count in 255."""
    p = replace(NEURAL_PIM_BIT_SERIAL, range_fraction=0.25)
    inputs, weights = network_data(300, 200, 3)
    halved = replace(p, range_fraction=0.125)
    figures = [
        data_sinad_db(inputs @ weights, restored(neural_pim_codes(inputs, weights, it).values, it))
        for it in (p, halved)
    ]
    assert figures[1] == pytest.approx(network_data_db(0.25, 3), abs=0.3)
    assert figures[1] - figures[0] == pytest.approx(6.0, abs=0.6)


@pytest.mark.parametrize(("bits", "low", "high"), [(6, 9, 12), (7, 41, 43)])
def test_six_bit_cells_do_not_hold_network_data(bits: int, low: float, high: float) -> None:
    """Rounded to counts, columns of 7-bit cells lose nothing on these data, whose sums are small."""
    assert low < cascade_data_db(bits, 3) < high
    p = replace(eight_bit("cascade"), buffer_cell_bits=bits)
    inputs, weights = network_data(500, 16, 3)
    rounded = data_sinad_db(inputs @ weights, cascade_dot(inputs, weights, p).values)
    assert low < rounded < high if bits == 6 else rounded == math.inf


def test_the_range_is_that_of_the_quantile() -> None:
    p, products = NEURAL_PIM_BIT_SERIAL, np.arange(-100_000, 100_001)
    fitted = replace(p, range_fraction=range_fraction(products, p, quantile=0.99))
    assert fitted.code_full_scale == 99_000
    assert range_fraction([p.product_maximum], p) == 1
    assert range_fraction(-products, p, quantile=0.99) == fitted.range_fraction


def test_the_line_range_counts_every_cycle_and_line() -> None:
    p = NEURAL_PIM_BIT_SERIAL
    inputs, weights = np.zeros((2, 128), int), np.zeros((128, 1), int)
    inputs[0, :32], weights[:, 0] = 8, 4
    assert line_fraction(inputs, weights, p, quantile=1.0) == 32 / 128
    with pytest.raises(ValueError) as problem:
        line_fraction(inputs, weights, p, quantile=0.5)
    assert str(problem.value).endswith("must give lines above 0 at the quantile 0.5, all of them are 0")


@pytest.mark.parametrize(
    ("products", "quantile", "message"),
    [
        ([], 0.9, "products must hold at least one value, not none"),
        ([0, 0], 0.9, "products must reach 127 at the quantile 0.9, not 0"),
        ([1000], 1.5, "quantile must be between 0 and 1, not 1.5"),
        ([0.5], 0.5, "products must be integers of at most 64 bits, not float64"),
    ],
)
def test_ranges_of_nothing_are_refused(products: list[int], quantile: float, message: str) -> None:
    with pytest.raises(ValueError) as problem:
        range_fraction(products, NEURAL_PIM_BIT_SERIAL, quantile=quantile)
    assert str(problem.value) == message


# Networks in the dataflow


@pytest.mark.parametrize("dac_bits", [1, 4])
def test_the_adder_hook_steps_as_the_ideal_one_does(dac_bits: int) -> None:
    """Within four times the error that the network has on random inputs."""
    network = neural_adder.instance(load().adder("linear64", dac_bits))
    p, random = replace(NEURAL_PIM_BIT_SERIAL, dac_bits=dac_bits), np.random.default_rng(5)
    held, lines = random.uniform(-1, 1, (6, 3)), random.random((2, 8, 6, 3))
    error = neural_adder.adder_error(network, neural_adder.random_inputs(1000, random))
    stepped = AdderHook(adder=network)(held, lines)
    assert stepped == pytest.approx(ideal_step(held, lines, p), abs=6 * error)
    scaled = AdderHook(adder=network, line_fraction=0.1)(held / 10, lines / 10)
    assert scaled == pytest.approx(stepped / 10)


def test_trimmed_networks_without_deviation_reach_fifty_decibels() -> None:
    peripherals = load()
    stage = peripherals.stage
    made = neural_adc.calibrated(neural_adc.instance(NeuralAdc(stages=(stage, stage))))
    adc = AdcHook(adc=made, code_maximum=255, unipolar=True)
    assert network_sine_db(ErrorHooks(), 1, **SHORT) == pytest.approx(50.0, abs=0.1)
    for dac_bits in (1, 4):
        adder = AdderHook(adder=neural_adder.instance(peripherals.adder("linear64", dac_bits)))
        hooks = ErrorHooks(accumulator=adder, converter=adc)
        assert network_sine_db(hooks, dac_bits, **SHORT) == pytest.approx(50.0, abs=0.1)


def test_hooks_of_the_wrong_shape_are_refused() -> None:
    peripherals = load()
    adder = AdderHook(adder=neural_adder.instance(peripherals.adder("plain", 1)))
    adc = neural_adc.instance(NeuralAdc(stages=(peripherals.stage, peripherals.stage)))
    for call, message in (
        (lambda: adder(np.zeros(2), np.zeros((1, 8, 2))), "lines must be of 2 polarities and 8 slices, not (1, 8)"),
        (lambda: AdderHook(adder=adder.adder, line_fraction=0), "line_fraction must be between 1e-06 and 1, not 0"),
        (lambda: AdcHook(adc=adc, code_maximum=255), "code_maximum must be 127, that of the converter, not 255"),
    ):
        with pytest.raises(ValueError) as problem:
            call()
        assert str(problem.value) == message
