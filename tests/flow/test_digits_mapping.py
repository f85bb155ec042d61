"""The digits network on analog columns: devices, counts and calibration, computed another way."""

import numpy as np
import pytest
from numpy.typing import NDArray

from flow.digits import backends, data, mapping, network
from flow.digits.mapping import Counts, MappedNetwork
from flow.digits.network import BatchNorm, Geometry, Layer
from sim_models.nmpu import AimcColumnParameters, AimcColumns, NmpuParameters, quantize_columns

SEED = 0


@pytest.fixture(scope="module")
def digits() -> data.Digits:
    return data.load()


@pytest.fixture(scope="module")
def mapped(digits: data.Digits) -> MappedNetwork:
    return mapping.map_network(network.load(), digits.train_images, AimcColumnParameters(seed=SEED))


def small_layer(gamma: list[float], relu: bool = True) -> tuple[Layer, Counts, Counts]:
    """A layer of 12 rows with random weights, and its branch sums for 500 random vectors."""
    rng = np.random.default_rng(5)
    columns = len(gamma)
    layer = Layer(
        geometry=Geometry(name="small", kernel=1, stride=1, padding=0, columns=columns, relu=relu),
        weights=rng.integers(-127, 128, (12, columns), np.int8),
        weight_scale=rng.uniform(0.02, 0.06, columns),
        batch_norm=BatchNorm(
            gamma=np.array(gamma),
            beta=rng.normal(size=columns),
            mean=rng.normal(size=columns),
            variance=rng.uniform(0.5, 2, columns),
        ),
        input_scale=0.01,
        output_scale=0.02,
    )
    positive, negative = network.branch_sums(layer, rng.integers(0, 16, (500, 12), np.int8))
    return layer, positive, negative


def ideal_columns(positive: Counts, negative: Counts) -> AimcColumns:
    """Columns without spread or noise whose counts are the branch sums themselves."""
    largest = int(max(positive.max(), negative.max()))
    perfect = AimcColumnParameters(
        count_bits=16, gain_spread=0.0, offset_spread_counts=0.0, mvm_error_sigma=0.0, usable_levels=largest
    )
    return AimcColumns(perfect, positive.shape[1])


@pytest.mark.parametrize("relu", [True, False])
def test_ideal_columns_give_the_activations_of_the_exact_network(relu: bool) -> None:
    layer, positive, negative = small_layer([1.0, -0.7, 0.3, -1.5, 2.0], relu)
    mapped = mapping.map_layer(layer, ideal_columns(positive, negative), positive, negative)
    counts = mapping.read(mapped, positive, negative, 1)
    assert mapped.counts_per_unit == 1
    assert mapped.swapped.tolist() == [False, True, False, True, False]
    assert (counts[0] == np.where(mapped.swapped, negative, positive)).all()
    exact = network.exact_backend(layer, positive, negative)
    assert len(np.unique(exact)) > 100 or relu
    assert (backends.real(mapped, *counts) == exact).all()


def test_columns_are_fitted_from_their_gains_and_offsets() -> None:
    layer, positive, negative = small_layer([1.0, -0.7, 0.3])
    parameters = AimcColumnParameters(
        count_bits=16, mvm_error_sigma=0.0, usable_levels=30_000, offset_spread_counts=50.0
    )
    columns = AimcColumns(parameters, 3)
    columns.offset_positive, columns.offset_negative = (np.array([40.0, 60.0, 80.0]), np.array([90.0, 20.0, 10.0]))
    mapped = mapping.map_layer(layer, columns, positive, negative)
    norm, sign = layer.batch_norm, np.array([1, -1, 1])
    k = sign * norm.gamma * 0.01 * layer.weight_scale / mapped.counts_per_unit / np.sqrt(norm.variance) / 0.02
    start = (norm.beta - norm.gamma * norm.mean / np.sqrt(norm.variance)) / 0.02
    bias = columns.offset_negative / columns.gain_negative - columns.offset_positive / columns.gain_positive
    assert np.allclose(mapped.scales.scale_positive, k / columns.gain_positive, rtol=1e-4, atol=0)
    assert np.allclose(mapped.scales.scale_negative, k / columns.gain_negative, rtol=1e-4, atol=0)
    assert np.allclose(mapped.scales.offset, start + k * bias, rtol=0, atol=k.max())


def test_counts_are_read_from_devices_programmed_as_the_gammas_ask(digits: data.Digits) -> None:
    silent = AimcColumnParameters(seed=3, mvm_error_sigma=0.0)
    mapped = mapping.map_network(network.load(), digits.train_images, silent)
    runs = mapping.run_mapped(mapped, digits.test_images[:20], backends.nmpu)
    inputs = (digits.test_images[:20].astype(np.int8) * np.int8(7))[..., np.newaxis]
    for index, (layer, run) in enumerate(zip(mapped, runs, strict=True)):
        signs = np.where(layer.layer.batch_norm.gamma < 0, -1, 1)
        devices = layer.layer.weights.astype(np.int64) * signs
        vectors = network.patches(inputs, layer.layer.geometry).reshape(-1, len(devices)).astype(np.int64)
        for sign, gain, offset, counts in (
            (1, layer.columns.gain_positive, layer.columns.offset_positive, run.counts_positive),
            (-1, layer.columns.gain_negative, layer.columns.offset_negative, run.counts_negative),
        ):
            ideal = vectors @ np.maximum(devices * sign, 0) * layer.counts_per_unit
            assert (counts == np.clip(np.floor(gain * ideal + offset + 0.5), 0, 1023)).all(), (index, sign)
        inputs = run.activations


def test_largest_training_sum_reaches_the_usable_levels(digits: data.Digits, mapped: MappedNetwork) -> None:
    largest = []

    def note(layer: Layer, positive: Counts, negative: Counts) -> NDArray[np.int8]:
        largest.append(max(positive.max(), negative.max()))
        return network.exact_backend(layer, positive, negative)

    network.run(network.load(), digits.train_images, note)
    assert [round(layer.counts_per_unit * sums, 9) for layer, sums in zip(mapped, largest, strict=True)] == [420] * 4


def test_layers_have_columns_of_their_own_and_one_seed_draws_them_again(
    digits: data.Digits, mapped: MappedNetwork
) -> None:
    again = mapping.map_network(network.load(), digits.train_images, AimcColumnParameters(seed=SEED))
    other = mapping.map_network(network.load(), digits.train_images, AimcColumnParameters(seed=SEED + 1))
    gains = [layer.columns.gain_positive[:10] for network_ in (mapped, other) for layer in network_]
    assert len({tuple(gain) for gain in gains}) == 8
    for first, second in zip(mapped, again, strict=True):
        assert (first.columns.gain_positive == second.columns.gain_positive).all()
        assert (first.scales.scale_negative == second.scales.scale_negative).all()


@pytest.mark.parametrize(("distribution", "spread"), [("normal", 0.0709), ("uniform", 0.21)])
def test_no_word_is_clipped(distribution: str, spread: float, digits: data.Digits) -> None:
    for seed in range(3):
        spreads = AimcColumnParameters(seed=seed, gain_distribution=distribution, gain_spread=spread)
        for layer in mapping.map_network(network.load(), digits.train_images, spreads):
            words = quantize_columns(layer.scales, NmpuParameters())
            assert words.clipped_scales == words.clipped_offsets == 0


def test_a_column_without_weights_cannot_be_calibrated() -> None:
    layer, positive, negative = small_layer([1.0, 1.0])
    positive[:, 1] = negative[:, 1] = 0
    with pytest.raises(ValueError, match="vary independently, not as in column 1"):
        mapping.map_layer(layer, ideal_columns(positive, negative), positive, negative)
