"""NNS+A and NNADC: inference against loops over neurons, trims, the committed file and what is refused in it."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim_models.crossbar import neural_adc, neural_adder, neural_quantiser
from sim_models.crossbar.adder_calibration import calibrated
from sim_models.crossbar.conductance import CellParameters
from sim_models.crossbar.neural_adc import NeuralAdc
from sim_models.crossbar.neural_adder import adder_error, adder_weights, random_inputs
from sim_models.crossbar.neural_quantiser import counting_quantiser
from sim_models.crossbar.peripherals import PERIPHERALS_FILE, Peripherals, load
from sim_models.crossbar.vtc import InverterVtc

CELLS = CellParameters(bits=3)
VARIED = CellParameters(bits=3, sigma=0.025)
STEEP = InverterVtc(slope=400.0)


@pytest.fixture(scope="module")
def peripherals() -> Peripherals:
    return load()


# NNS+A


@pytest.mark.parametrize("dac_bits", [1, 2, 4])
def test_the_wanted_sum_is_the_step_of_the_accumulator(dac_bits: int) -> None:
    random = np.random.default_rng(dac_bits)
    values = random_inputs(50, random)
    for row in values:
        places = sum(2**s * (row[s] - row[8 + s]) for s in range(8)) / 255
        expected = row[16] / 2**dac_bits + (1 - 1 / 2**dac_bits) * places
        assert row @ adder_weights(dac_bits) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["plain", "two_cells", "split", "linear32"])
def test_inference_is_that_of_neuron_after_neuron(name: str, peripherals: Peripherals) -> None:
    network = peripherals.adder(name, 1)
    made = neural_adder.instance(network)
    for values in random_inputs(5, np.random.default_rng(8)):
        total = network.offset
        for j in range(network.hidden):
            codes = network.input_codes[:, j]
            z = network.input_scale * sum(c / network.cells.maximum * v for c, v in zip(codes, values, strict=True))
            h = 1 / (1 + math.exp(network.vtc.slope * (z + network.biases[j] - 0.5)))
            total += network.gains[j] * network.output_codes[j] / network.cells.maximum * (h - 0.5)
        assert made.output(values) == pytest.approx(total, abs=1e-12)


def test_instances_come_from_their_generator(peripherals: Peripherals) -> None:
    network, values = peripherals.adder("linear32", 1), random_inputs(20, np.random.default_rng(1))
    one, same, other = (
        neural_adder.instance(network, VARIED, np.random.default_rng(seed)).output(values) for seed in (1, 1, 2)
    )
    assert (one == same).all()
    assert (one != other).all()
    with pytest.raises(ValueError) as problem:
        neural_adder.instance(network, CellParameters(bits=3, cells=2))
    assert str(problem.value) == "cells must hold codes up to 7, as the network's, not 63"


@pytest.mark.parametrize("dac_bits", [1, 4])
def test_a_trim_lowers_the_error_on_inputs_it_has_not_seen(dac_bits: int, peripherals: Peripherals) -> None:
    network, random = peripherals.adder("linear64", dac_bits), np.random.default_rng(3)
    seen, others = random_inputs(512, random), random_inputs(1000, random)
    for seed in range(3):
        made = neural_adder.instance(network, VARIED, np.random.default_rng(seed))
        trimmed = calibrated(made, seen, trim_bits=8)
        assert adder_error(trimmed, others) < 0.5 * adder_error(made, others)
        trims = trimmed.network.gains / network.gains
        codes = (trims - 1) * 128 / 0.25
        assert codes == pytest.approx(np.rint(codes), abs=1e-6)
        assert codes.min() >= -128
        assert codes.max() <= 127


def test_the_trim_is_never_worse_than_an_offset(peripherals: Peripherals) -> None:
    values = random_inputs(400, np.random.default_rng(5))
    for name in ("plain", "wide", "split"):
        made = neural_adder.instance(peripherals.adder(name, 4), VARIED, np.random.default_rng(1))
        error = made.output(values) - values @ adder_weights(4)
        for bits in (1, 4):
            assert adder_error(calibrated(made, values, trim_bits=bits), values) <= error.std() * (1 + 1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dac_bits": 3}, "dac_bits must be one of 1, 2, 4, not 3"),
        ({"biases": np.zeros(5)}, "biases must have the shape (32,), not (5,)"),
        ({"input_codes": np.zeros((16, 32), int)}, "input_codes must have the shape (17, hidden), not (16, 32)"),
        ({"input_codes": np.full((17, 32), 8)}, "codes must be at most 7, not 8"),
        ({"offset": math.nan}, "offset must be between -1000000000000.0 and 1000000000000.0, not nan"),
    ],
)
def test_bad_networks_are_refused(changes: dict, message: str, peripherals: Peripherals) -> None:
    with pytest.raises(ValueError) as problem:
        replace(peripherals.adder("plain", 1), **changes)
    assert str(problem.value) == message


# NNADC


@pytest.mark.parametrize("bits", range(1, 9))
def test_the_counting_design_is_the_ideal_quantiser(bits: int) -> None:
    stage = neural_quantiser.instance(counting_quantiser(bits, CELLS, STEEP))
    values = (np.arange(16 << bits) + 0.5) / (16 << bits)
    assert (stage.codes(values) == np.floor(values * 2**bits)).all()
    assert stage.thresholds == pytest.approx(np.arange(1, 1 << bits) / 2**bits)
    assert stage.codes([-0.5, 1.5]).tolist() == [0, 2**bits - 1]


def test_the_exact_pipeline_converts_ideally(peripherals: Peripherals) -> None:
    stage = counting_quantiser(4, CELLS, STEEP)
    adc = neural_adc.instance(NeuralAdc(stages=(stage, stage)))
    values = (np.arange(4096) + 0.5) / 4096
    assert (adc.codes(values) == np.floor(values * 256)).all()
    levels = np.arange(-127, 128)
    assert (adc.signed_codes(levels / 127) == levels).all()
    assert (adc.signed_codes((levels + 0.49) / 127) == levels).all()
    assert adc.signed_codes([-2, 2]).tolist() == [-127, 127]
    assert (adc.unsigned_codes(np.arange(256) / 255) == np.arange(256)).all()


def test_the_trained_pipeline_is_within_a_code_but_for_few_inputs(peripherals: Peripherals) -> None:
    """A threshold of the first stage that is off by less than a code sends a residue out of range."""
    trained = neural_adc.instance(NeuralAdc(stages=(peripherals.stage, peripherals.stage)))
    centres = (np.arange(256) + 0.5) / 256
    wrong = np.abs(trained.codes(centres) - np.arange(256))
    assert wrong.max() <= 2
    assert np.count_nonzero(wrong) <= 10
    assert np.abs(trained.stages[0].thresholds * 16 - np.arange(1, 16)).max() < 0.15


def test_trims_restore_a_pipeline_that_deviates(peripherals: Peripherals) -> None:
    network = NeuralAdc(stages=(peripherals.stage, peripherals.stage))
    centres = (np.arange(256) + 0.5) / 256
    for seed in range(5):
        made = neural_adc.instance(network, VARIED, np.random.default_rng(seed))
        trimmed = neural_adc.calibrated(made)
        assert np.abs(made.codes(centres) - np.arange(256)).max() > 1
        # the gain of the residue remains, one part in 16 steps of 2.5 %: below a step
        assert np.abs(trimmed.codes(centres) - np.arange(256)).max() <= 1
        for stage in trimmed.stages:
            assert stage.biases * 2048 == pytest.approx(np.rint(stage.biases * 2048), abs=1e-9)


def test_more_cells_a_step_average_what_they_deviate() -> None:
    stage = counting_quantiser(4, CELLS, STEEP)
    spreads = [
        np.std(
            [
                neural_adc.instance(
                    NeuralAdc(stages=(stage, stage), parallel=count), VARIED, np.random.default_rng(seed)
                ).step_weights
                for seed in range(60)
            ]
        )
        for count in (1, 16)
    ]
    assert spreads[0] == pytest.approx(0.025, rel=0.1)
    assert spreads[1] == pytest.approx(0.025 / 4, rel=0.1)


def test_bad_converters_are_refused(peripherals: Peripherals) -> None:
    stage = peripherals.stage
    made = neural_adc.instance(NeuralAdc(stages=(stage, stage)))
    for call, message in (
        (lambda: NeuralAdc(stages=()), "stages must be one or two, not 0"),
        (lambda: NeuralAdc(stages=(stage,), parallel=0), "parallel must be between 1 and 64, not 0"),
        (lambda: counting_quantiser(9, CELLS, STEEP), "bits must be between 1 and 8, not 9"),
        (lambda: replace(stage, biases=np.zeros(3)), "biases must have the shape (15,), not (3,)"),
        (lambda: replace(stage, input_codes=np.zeros(15, int)), "input_codes must be at least 1, not 0"),
        (lambda: neural_adc.calibrated(made, bias_bits=0), "bias_bits must be between 1 and 16, not 0"),
    ):
        with pytest.raises(ValueError) as problem:
            call()
        assert str(problem.value) == message


# The file


def test_the_committed_weights_are_of_three_bits(peripherals: Peripherals) -> None:
    for network in peripherals.adders.values():
        assert network.cells.bits == 3
        assert np.abs(network.input_codes).max() <= (63 if network.cells.cells == 2 else 7)
    assert peripherals.stage.bits == 4
    with pytest.raises(ValueError) as problem:
        peripherals.adder("best", 1)
    assert str(problem.value).startswith("name must be one of 'absolute', ")


def stored() -> dict[str, np.ndarray]:
    with np.load(PERIPHERALS_FILE, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("plain.biases", None, "arrays of plain must be input_codes, output_codes, biases, gains, dac_bits, cells, "),
        ("plain.colour", np.zeros(3), "arrays of plain must be input_codes, output_codes, biases, gains, dac_bits, "),
        ("plain.gains", np.ones((3, 32), np.float32), "array plain.gains must be float64 with 2 axes, not float32 "),
        ("plain.offset", np.zeros(2), "array plain.offset must have 3 entries, not 2"),
        (
            "plain.dac_bits",
            np.array([1, 1, 4], np.int8),
            "array plain.dac_bits must not repeat a number, not [1, 1, 4]",
        ),
        ("plain.dac_bits", np.array([1, 2, 3], np.int8), "dac_bits must be one of 1, 2, 4, not 3"),
        ("plain.output_codes", np.full((3, 32), 9, np.int8), "codes must be at most 7, not 9"),
        ("plain.slope", np.array(np.nan), "slope must be between 0.001 and 10000.0, not nan"),
        ("stage.bits", None, "arrays of stage must be input_codes, output_codes, biases, output_biases, bits, slope; "),
        ("stage.biases", np.full(15, np.inf), "biases must be finite numbers, they are not"),
    ],
)
def test_files_that_do_not_fit_are_refused(name: str, values: np.ndarray | None, message: str, tmp_path: Path) -> None:
    arrays = stored() if values is None else stored() | {name: values}
    if values is None:
        del arrays[name]
    path = tmp_path / "networks.npz"
    np.savez(path, allow_pickle=False, **arrays)
    with pytest.raises(ValueError) as problem:
        load(path)
    assert str(problem.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"text"])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "networks.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"must be an \.npz file of arrays"):
        load(path)
    with pytest.raises(ValueError, match=r"must be an \.npz file of arrays"):
        load(tmp_path / "absent.npz")
