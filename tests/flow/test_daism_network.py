"""The digits network on the approximate array, against float64 convolutions, ml_dtypes and a big-integer model."""

import itertools
from dataclasses import replace
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from flow.daism import inference
from flow.daism.arithmetic import REFERENCE, VARIANTS, Arithmetic, arithmetic
from flow.daism.hardware import HardwareLayer, layers_for_hardware
from flow.daism.inference import AccuracyRow, accuracy_table, measured_gains
from flow.daism.network import (
    WEIGHTS_FILE,
    LayerRun,
    Network,
    correct_digits,
    image_words,
    initial_network,
    layer_values,
    load,
    logits,
    run,
    save,
)
from flow.digits.data import Digits
from flow.digits.data import load as load_digits
from sim_models.daism import DaismParameters, accumulator_values, matmul, to_words
from sim_models.daism.parameters import KEPT_COLUMNS
from tests.sim_models import daism_oracle as oracle

IMAGES = 8
Words = NDArray[np.integer]
BANKS = 16


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load_digits()


@pytest.fixture(scope="module")
def network() -> Network:
    return load()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path / "cache"))


def reals(words: Words) -> NDArray[np.float64]:
    """Numbers of bfloat16 words, by ml_dtypes."""
    return np.asarray(words).astype(np.uint16).view(ml_dtypes.bfloat16).astype(np.float64)


def nearest(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """bfloat16 words nearest to ``values``, by ml_dtypes."""
    return values.astype(ml_dtypes.bfloat16).view(np.uint16)


def convolved(x: NDArray[np.float64], w: NDArray[np.float64], stride: int, padding: int) -> NDArray[np.float64]:
    """Convolution in float64, tap by tap, of (images, channels, ...) and (outputs, channels, kernel, kernel)."""
    kernel = w.shape[-1]
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    edge = (padded.shape[-1] - kernel) // stride + 1
    total = np.zeros((len(x), len(w), edge, edge))
    for i, j in itertools.product(range(kernel), repeat=2):
        taps = padded[:, :, i : i + stride * edge : stride, j : j + stride * edge : stride]
        total += np.einsum("nchw,oc->nohw", taps, w[:, :, i, j])
    return total


def float64_values(network: Network, pixels: NDArray[np.uint8]) -> list[NDArray[np.float64]]:
    """All layers in float64, nothing rounded."""
    values, found = pixels[:, np.newaxis] / 16, []
    for index, layer in enumerate(network):
        weights, bias = (np.asarray(each, np.float64) for each in (layer.weights, layer.bias))
        sums = convolved(values, weights, layer.shape.stride, layer.shape.padding) + bias[:, np.newaxis, np.newaxis]
        values = sums if index == len(network) - 1 else np.maximum(sums, 0)
        found.append(values)
    return found


# The network


def test_network_has_the_shapes_of_its_description(network: Network) -> None:
    edges = [(layer.shape.size, layer.shape.output_edge, layer.shape.outputs) for layer in network]
    assert edges == [(8, 8, 16), (8, 4, 32), (4, 2, 64), (2, 1, 10)]
    assert sum(layer.shape.macs for layer in network) == 118_272
    for layer in network:
        assert layer.weights.shape == (
            layer.shape.outputs,
            layer.shape.channels,
            layer.shape.kernel,
            layer.shape.kernel,
        )
        assert layer.weights.dtype == layer.bias.dtype == np.float32
        assert layer.bias.shape == (layer.shape.outputs,)


def test_saving_what_was_loaded_gives_the_same_bytes(network: Network, tmp_path: Path) -> None:
    save(network, tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == WEIGHTS_FILE.read_bytes()


def test_saved_weights_are_the_nearest_bfloat16_numbers(tmp_path: Path) -> None:
    fresh = initial_network(5)
    save(fresh, tmp_path / "weights.npz")
    for before, after in zip(fresh, load(tmp_path / "weights.npz"), strict=True):
        assert (after.weights == reals(nearest(before.weights))).all()
        assert (after.bias == before.bias).all()


def test_weights_of_a_seed_are_normal_with_the_variance_of_their_inputs() -> None:
    for layer in initial_network(7):
        deviation, sampling = np.sqrt(2 / layer.weights[0].size), 1 / np.sqrt(2 * layer.weights.size)
        assert layer.weights.std() == pytest.approx(deviation, rel=4 * sampling)
        assert not layer.bias.any()
    assert (initial_network(7)[1].weights == initial_network(7)[1].weights).all()
    assert (initial_network(7)[1].weights != initial_network(8)[1].weights).all()


def test_pixels_become_their_sixteenths_exactly(digits: Digits) -> None:
    pixels = digits.test_images[:IMAGES]
    assert (reals(image_words(pixels))[:, 0] * 16 == pixels).all()


def test_operands_are_the_nearest_bfloat16_words(network: Network, digits: Digits) -> None:
    runs = run(network, digits.test_images[:IMAGES], arithmetic("pc3"))
    for before, after in itertools.pairwise(runs):
        assert (after.inputs == nearest(before.values)).all()
        assert (before.values >= 0).all()
    assert (runs[-1].values < 0).any()


def test_reference_sums_are_the_exact_ones_within_the_roundings_of_single_precision(
    network: Network, digits: Digits
) -> None:
    """Each of the additions loses less than one part in 2^23 of a partial sum, which the magnitudes' sum bounds."""
    runs = run(network, digits.test_images[:IMAGES], REFERENCE)
    for layer, layer_run in zip(network, runs, strict=True):
        x, w = reals(layer_run.inputs), reals(nearest(layer.weights))
        bias = layer.bias.astype(np.float64)[:, np.newaxis, np.newaxis]
        exact = convolved(x, w, layer.shape.stride, layer.shape.padding) + bias
        size = convolved(np.abs(x), np.abs(w), layer.shape.stride, layer.shape.padding) + np.abs(bias)
        additions = layer.weights[0].size + BANKS
        error = np.abs(accumulator_values(layer_run.sums) - exact)
        assert (error <= 1.01 * additions * 2.0**-23 * size).all()
        assert error.any()  # else nothing was rounded and nothing tested


@pytest.mark.parametrize("columns", KEPT_COLUMNS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_sums_of_every_variant_are_those_of_the_big_integer_model(
    network: Network, digits: Digits, variant: str, columns: str
) -> None:
    chosen = arithmetic(variant, columns)
    runs = run(network, digits.test_images[:2], chosen)
    random = np.random.default_rng(VARIANTS.index(variant))
    for layer, layer_run in zip(network, runs, strict=True):
        for _ in range(3):
            place = tuple(int(random.integers(extent)) for extent in layer_run.sums.shape)
            assert int(layer_run.sums[place]) == sum_by_oracle(layer_run, network, place, chosen), layer.shape.name


def sum_by_oracle(layer_run: LayerRun, network: Network, place: tuple[int, ...], chosen: Arithmetic) -> int:
    """One output: weights stored, activations driving, the bias first in bank 0, blocks of lanes numbered on."""
    p = chosen.parameters
    layer = network[[each.shape.outputs for each in network].index(layer_run.sums.shape[1])]
    image, output, row, column = place
    stride, padding, kernel = layer.shape.stride, layer.shape.padding, layer.shape.kernel
    padded = np.pad(layer_run.inputs, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    window = padded[image, :, row * stride :, column * stride :][:, :kernel, :kernel].ravel()
    stored = nearest(layer.weights)[output].ravel()
    pairs = [(int(a), int(b)) for a, b in zip(stored, window, strict=True)]
    first_slot = output // (p.columns // oracle.kept(p)) * len(pairs)
    columns = oracle.exact_product if chosen.exact else oracle.product
    return oracle.dot(pairs, first_slot, p.banks, p, int(layer.bias.view(np.uint32)[output]), columns)


def test_which_operand_is_stored_changes_the_sums(network: Network, digits: Digits) -> None:
    stored = arithmetic("pc3")
    driven = Arithmetic(parameters=replace(stored.parameters, stored_operand="activation"))
    first, second = (run(network, digits.test_images[:2], each)[0].sums for each in (stored, driven))
    assert (first != second).any()


def test_full_and_guard_columns_agree_where_one_access_makes_a_product(network: Network, digits: Digits) -> None:
    for variant in ("fla", "pc3", "hla a"):
        full, guard = (run(network, digits.test_images[:2], arithmetic(variant, each)) for each in ("full", "guard"))
        # Lanes are numbered otherwise, but 64 outputs of 128 products are dealt out to 16 banks alike.
        assert all((a.sums == b.sums).all() for a, b in zip(full, guard, strict=True))


def test_a_gain_scales_the_initial_value_and_what_is_handed_on(network: Network, digits: Digits) -> None:
    gain = 0.7
    chosen = arithmetic("pc3")
    first = run(network, digits.test_images[:2], chosen, [gain, 1, 1, 1])[0]
    scaled = replace(network[0], bias=network[0].bias * np.float32(gain))
    plain = run((scaled, *network[1:]), digits.test_images[:2], chosen)[0]
    assert (first.sums == plain.sums).all()
    expected = plain.sums.view(np.float32) * (np.float32(1) / np.float32(gain))
    assert (first.values == np.where(expected > 0, expected, 0)).all()


def test_first_of_equal_logits_is_the_digit() -> None:
    scores = np.array([[0, 2, 2], [3, 1, 3], [-1, -2, -1]], np.float32)
    assert correct_digits(scores, [1, 0, 0]) == 3
    assert correct_digits(scores, [2, 2, 2]) == 0


# Gains and accuracy


def test_gains_are_the_least_squares_scalars_of_layers_already_corrected(network: Network, digits: Digits) -> None:
    pixels, chosen = digits.train_images[:IMAGES], arithmetic("fla")
    gains = measured_gains(network, pixels, chosen)
    runs = run(network, pixels, chosen, gains)
    for layer, layer_run, gain in zip(network, runs, gains, strict=True):
        bare = replace(layer, bias=np.zeros_like(layer.bias))
        x, w = reals(layer_run.inputs), reals(nearest(layer.weights))
        exact = convolved(x, w, layer.shape.stride, layer.shape.padding).ravel()
        found = accumulator_values(inference.layer_sums(bare, layer_run.inputs, chosen)).ravel()
        assert gain == pytest.approx(np.linalg.lstsq(exact[:, np.newaxis], found, rcond=None)[0][0], rel=1e-5)
        assert 0.8 < gain < 1


def test_gains_of_the_reference_are_one(network: Network, digits: Digits) -> None:
    assert measured_gains(network, digits.train_images[:2], REFERENCE) == (1, 1, 1, 1)


def test_a_layer_without_a_gain_is_refused(network: Network, digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "output_gain", lambda found, exact: np.array([-0.5]))
    with pytest.raises(ValueError) as problem:
        measured_gains(network, digits.train_images[:2], REFERENCE)
    assert str(problem.value) == "the gain of conv1 must be above 0, not -0.5"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[AccuracyRow, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BITLINE_CACHE", str(tmp_path_factory.mktemp("table")))
        return accuracy_table(("fla", "pc3"), ("truncated",), images=60)


def test_rows_hold_the_reference_and_then_the_variants(rows: tuple[AccuracyRow, ...]) -> None:
    assert [row.arithmetic for row in rows] == ["exact, not rounded", "fla truncated", "pc3 truncated"]
    assert [(row.variant, row.columns) for row in rows[1:]] == [("fla", "truncated"), ("pc3", "truncated")]
    assert {row.images for row in rows} == {60}
    reference = rows[0]
    assert (reference.error, reference.corrected_error, reference.snr_db) == (0, 0, None)
    assert reference.correct == reference.corrected


def test_counts_and_errors_are_those_of_the_logits(
    rows: tuple[AccuracyRow, ...], network: Network, digits: Digits
) -> None:
    pixels, labels = digits.test_images[:60], digits.test_labels[:60]
    reference = logits(run(network, pixels, REFERENCE)).astype(np.float64)
    for row in rows[1:]:
        chosen = arithmetic(row.variant)
        for gains, count, error in ((None, row.correct, row.error), (row.gains, row.corrected, row.corrected_error)):
            scores = logits(run(network, pixels, chosen, gains)).astype(np.float64)
            right = [
                int(np.flatnonzero(line == line.max())[0]) == label for line, label in zip(scores, labels, strict=True)
            ]
            assert sum(right) == count
            assert error == pytest.approx(np.linalg.norm(scores - reference) / np.linalg.norm(reference))


def test_correcting_gains_brings_logits_closer_to_the_exact_ones(rows: tuple[AccuracyRow, ...]) -> None:
    for row in rows[1:]:
        assert row.corrected_error < row.error / 2
    assert rows[2].error < rows[1].error  # pc3 below fla
    assert rows[2].snr_db is not None
    assert rows[1].snr_db is not None
    assert rows[2].snr_db > rows[1].snr_db + 6


def test_a_row_is_computed_once_for_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    first = accuracy_table(("pc4",), ("guard",), images=5)

    def refuse(*_: object) -> AccuracyRow:
        raise AssertionError("computed again")

    monkeypatch.setattr(inference, "_measured_row", refuse)
    assert accuracy_table(("pc4",), ("guard",), images=5) == first
    for changed in ({"images": 6}, {"images": 5, "network": initial_network(1)}):
        with pytest.raises(AssertionError):
            accuracy_table(("pc4",), ("guard",), **changed)


@pytest.mark.slow
def test_every_variant_stays_near_the_reference_on_the_whole_test_half() -> None:
    table = {row.arithmetic: row for row in accuracy_table()}
    assert len(table) == 1 + len(VARIANTS) * len(KEPT_COLUMNS)
    reference = table[REFERENCE.name]
    assert reference.images == 899
    assert reference.correct > 0.94 * 899
    for row in table.values():
        assert max(abs(reference.correct - count) for count in (row.correct, row.corrected)) < 0.02 * 899
    for variant in ("fla", "pc2", "pc3", "pc4", "hla a", "hla d"):
        full, guard = table[f"{variant} full"], table[f"{variant} guard"]
        assert replace(full, arithmetic="", columns="") == replace(guard, arithmetic="", columns="")


# For the accelerator


@pytest.fixture(scope="module")
def layers(network: Network, digits: Digits) -> tuple[HardwareLayer, ...]:
    return layers_for_hardware(network, digits.test_images[:3], gains=[0.98, 0.95, 0.95, 0.95])


def test_layers_of_hardware_are_matrix_products_of_words(layers: tuple[HardwareLayer, ...]) -> None:
    kinds = [layer.kind for layer in layers]
    assert kinds == ["convolution"] * 3 + ["fully connected"]
    for layer in layers:
        assert layer.driven.shape == (3 * layer.shape.output_edge**2, layer.stored.shape[0])
        sums = matmul(layer.driven, layer.stored, DaismParameters(), initial=layer.bias)
        assert (sums == layer.matrix_sums).all()
        assert (layer.inputs.dtype, layer.weights.dtype) == (np.uint16, np.uint16)
        assert (layer.bias.dtype, layer.sums.dtype) == (np.uint32, np.uint32)
        assert layer.shape.images == 3


def test_sums_of_one_layer_lead_to_the_inputs_of_the_next(layers: tuple[HardwareLayer, ...], network: Network) -> None:
    for index, (layer, following) in enumerate(itertools.pairwise(layers)):
        values = layer_values(network[index], layer.sums, layer.gain)
        assert (to_words(values, DaismParameters()) == following.inputs).all()


def test_windows_and_places_of_an_output_fit_together(layers: tuple[HardwareLayer, ...]) -> None:
    strided = layers[1]
    row = 16 + 2 * 4 + 3  # image 1, output row 2, column 3, of 4 by 4
    window = np.pad(strided.inputs, ((0, 0), (0, 0), (1, 1), (1, 1)))[1, :, 4:7, 6:9]
    assert (strided.driven[row] == window.ravel()).all()
    assert (strided.matrix_sums[row] == strided.sums[1, :, 2, 3]).all()
    assert (strided.stored[:, 5] == strided.weights[5].ravel()).all()


# Refusals


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((2, 8, 9), np.uint8), "images must be of shape (count, 8, 8), not (2, 8, 9)"),
        (np.zeros((0, 8, 8), np.uint8), "images must be of shape (count, 8, 8), not (0, 8, 8)"),
        (np.full((1, 8, 8), 17), "images must be at most 16, not 17"),
        (np.zeros((1, 8, 8)), "images must be integers of at most 64 bits, not float64"),
    ],
)
def test_other_images_are_refused(pixels: Words, message: str) -> None:
    with pytest.raises(ValueError) as problem:
        image_words(pixels)
    assert str(problem.value) == message


@pytest.mark.parametrize(
    ("gains", "message"),
    [
        ([1.0, 1.0], "gains must be one for each of the 4 layers, not 2"),
        ([1.0, 0.0, 1.0, 1.0], "gains must be finite and above 0, not 0.0"),
        ([1.0, 1.0, 1.0, np.nan], "gains must be finite and above 0, not nan"),
    ],
)
def test_a_positive_gain_for_each_layer_is_asked_for(
    network: Network, digits: Digits, gains: list[float], message: str
) -> None:
    with pytest.raises(ValueError) as problem:
        run(network, digits.test_images[:1], REFERENCE, gains)
    assert str(problem.value) == message


@pytest.mark.parametrize(
    ("variant", "columns", "message"),
    [
        (
            "pc5",
            "full",
            "variant must be one of 'exact', 'fla', 'pc2', 'pc3', 'pc4', 'hla a', 'hla b', 'hla c', 'hla d'",
        ),
        ("pc3", "half", "columns must be one of 'full', 'guard', 'truncated'"),
    ],
)
def test_unknown_variants_and_columns_are_refused(variant: str, columns: str, message: str) -> None:
    for call in (lambda: arithmetic(variant, columns), lambda: accuracy_table((variant,), (columns,))):
        with pytest.raises(ValueError) as problem:
            call()
        assert str(problem.value).startswith(message)


@pytest.mark.parametrize("images", [0, 900])
def test_images_that_there_are_not_are_refused(images: int) -> None:
    with pytest.raises(ValueError) as problem:
        accuracy_table(images=images)
    assert str(problem.value) == f"images must be between 1 and 899, not {images}"


@pytest.mark.parametrize(
    "fields",
    [
        {"saturate_to": "infinity"},
        {"accumulator": "bf16"},
        {"operand_kind": "integer", "accumulator": "int"},
    ],
)
def test_lanes_whose_sums_are_no_operands_again_are_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError) as problem:
        Arithmetic(parameters=DaismParameters(**fields))
    assert str(problem.value).startswith(f"{'saturate_to' if 'saturate_to' in fields else 'accumulator'} must be ")


def test_hardware_has_bfloat16_operands(network: Network, digits: Digits) -> None:
    single = Arithmetic(parameters=DaismParameters(significand_bits=11, exponent_bits=5))
    with pytest.raises(ValueError) as problem:
        layers_for_hardware(network, digits.test_images[:1], single)
    assert str(problem.value) == "operands must be bfloat16, not of 11 and 5 bits"
