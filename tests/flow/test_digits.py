"""The digits data and its int8 network, against convolutions and affine maps written another way."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import correlate2d
from sklearn.datasets import load_digits

from flow.digits import data, network
from flow.digits.network import ARCHITECTURE, Layer

FOUR_IMAGES = slice(0, 897, 299)


@pytest.fixture(scope="module")
def digits() -> data.Digits:
    return data.load()


@pytest.fixture(scope="module")
def layers() -> network.Network:
    return network.load()


@pytest.fixture(scope="module")
def activations(digits: data.Digits, layers: network.Network) -> tuple[NDArray[np.int8], ...]:
    return network.run(layers, digits.test_images)


def inputs_of(index: int, digits: data.Digits, activations: tuple[NDArray[np.int8], ...]) -> NDArray[np.int64]:
    """Inputs of layer `index` for four test images, as (images, height, width, channels)."""
    if index == 0:
        return digits.test_images[FOUR_IMAGES].astype(np.int64)[..., np.newaxis] * 7
    return activations[index - 1][FOUR_IMAGES].astype(np.int64)


def convolved(inputs: NDArray[np.int64], layer: Layer, sign: int) -> NDArray[np.int64]:
    """Convolution by scipy, plane by plane, with the weights of one sign only."""
    geometry = layer.geometry
    channels = inputs.shape[-1]
    kernels = layer.weights.astype(np.int64).reshape(geometry.kernel, geometry.kernel, channels, geometry.columns)
    kernels = np.where(kernels * sign > 0, np.abs(kernels), 0)
    padded = np.pad(inputs, ((0, 0), *((geometry.padding,) * 2,) * 2, (0, 0)))
    planes = [
        [
            sum(correlate2d(image[:, :, c], kernels[:, :, c, column], mode="valid") for c in range(channels))
            for column in range(geometry.columns)
        ]
        for image in padded
    ]
    return np.array(planes).transpose(0, 2, 3, 1)[:, :: geometry.stride, :: geometry.stride]


def exact_activation(layer: Layer, column: int, difference: int) -> int:
    """Affine, half-up rounding, ReLU and clamp in 60-digit decimal arithmetic."""
    norm = layer.batch_norm
    with localcontext(prec=60):
        gamma, beta, mean, variance = (
            Decimal(float(values[column])) for values in (norm.gamma, norm.beta, norm.mean, norm.variance)
        )
        real = Decimal(layer.input_scale) * Decimal(float(layer.weight_scale[column])) * difference
        output = (gamma * (real - mean) / variance.sqrt() + beta) / Decimal(layer.output_scale)
        rounded = int((output + Decimal("0.5")).to_integral_value("ROUND_FLOOR"))
    return min(127, max(0 if layer.geometry.relu else -128, rounded))


def test_halves_are_those_of_the_documented_example(digits: data.Digits) -> None:
    raw = load_digits()
    assert digits.train_images.shape == (898, 8, 8)
    assert digits.test_images.shape == (899, 8, 8)
    assert (np.concatenate((digits.train_images, digits.test_images)) == raw.images).all()
    assert (np.concatenate((digits.train_labels, digits.test_labels)) == raw.target).all()
    assert digits.train_images.dtype == np.uint8
    assert digits.train_images.max() == data.PIXEL_MAXIMUM
    assert np.unique(digits.test_labels).tolist() == list(range(data.CLASSES))


def test_weights_fit_one_crossbar_tile_each_and_use_the_whole_int8_range(layers: network.Network) -> None:
    assert [layer.weights.shape for layer in layers] == [(9, 16), (144, 32), (128, 64), (256, 10)]
    assert sum(layer.geometry.columns for layer in layers) <= 256
    for layer in layers:
        assert layer.weights.dtype == np.int8
        assert (np.abs(layer.weights.astype(int)).max(axis=0) == 127).all()
        assert (layer.weight_scale > 0).all()
        assert (layer.batch_norm.variance > 0).all()
    assert [layer.geometry.relu for layer in layers] == [True, True, True, False]
    assert network.WEIGHTS_FILE.stat().st_size < 40_000


def test_each_layer_takes_the_scale_of_the_layer_before(layers: network.Network) -> None:
    assert layers[0].input_scale == 1 / 112
    assert [layer.output_scale for layer in layers[:-1]] == [layer.input_scale for layer in layers[1:]]


def test_some_batch_norms_fall(layers: network.Network) -> None:
    assert all((layer.batch_norm.gamma < 0).any() for layer in layers[:-1])


@pytest.mark.parametrize("index", range(len(ARCHITECTURE)), ids=[geometry.name for geometry in ARCHITECTURE])
def test_branch_sums_are_convolutions_with_the_weights_of_one_sign(
    index: int, digits: data.Digits, layers: network.Network, activations: tuple[NDArray[np.int8], ...]
) -> None:
    layer, inputs = layers[index], inputs_of(index, digits, activations)
    patches = network.patches(inputs.astype(np.int8), layer.geometry)
    sums = network.branch_sums(layer, patches.reshape(-1, patches.shape[-1]))
    for branch, sign in zip(sums, (1, -1), strict=True):
        assert (branch.reshape(*patches.shape[:3], -1) == convolved(inputs, layer, sign)).all()


@pytest.mark.parametrize("index", range(len(ARCHITECTURE)), ids=[geometry.name for geometry in ARCHITECTURE])
def test_activations_are_the_exact_affine_map_rounded_once(
    index: int, digits: data.Digits, layers: network.Network, activations: tuple[NDArray[np.int8], ...]
) -> None:
    layer, inputs = layers[index], inputs_of(index, digits, activations)
    differences = convolved(inputs, layer, 1) - convolved(inputs, layer, -1)
    expected = [
        exact_activation(layer, place % layer.geometry.columns, int(difference))
        for place, difference in enumerate(differences.reshape(-1))
    ]
    assert activations[index][FOUR_IMAGES].reshape(-1).tolist() == expected


def test_branch_sums_stay_exact_at_the_largest_tile() -> None:
    geometry = network.Geometry(name="full", kernel=16, stride=1, padding=0, columns=2)
    ones = np.ones(2)
    norm = network.BatchNorm(gamma=ones, beta=ones, mean=ones, variance=ones)
    weights = np.stack((np.full(256, 127), np.full(256, -127)), axis=1).astype(np.int8)
    layer = Layer(
        geometry=geometry, weights=weights, weight_scale=ones, batch_norm=norm, input_scale=1.0, output_scale=1.0
    )
    positive, negative = network.branch_sums(layer, np.full((1, 256), 127, np.int8))
    assert positive.tolist() == [[256 * 127 * 127, 0]]
    assert negative.tolist() == [[0, 256 * 127 * 127]]


def test_correct_images_of_the_committed_weights(
    digits: data.Digits, layers: network.Network, activations: tuple[NDArray[np.int8], ...]
) -> None:
    train_logits = network.run(layers, digits.train_images)[-1]
    assert int((network.predicted_digits(train_logits) == digits.train_labels).sum()) == 897
    assert int((network.predicted_digits(activations[-1]) == digits.test_labels).sum()) == 887


def test_activation_shapes_and_ranges(activations: tuple[NDArray[np.int8], ...]) -> None:
    assert [layer.shape[1:] for layer in activations] == [(8, 8, 16), (4, 4, 32), (2, 2, 64), (1, 1, 10)]
    assert {len(layer) for layer in activations} == {899}
    assert all(layer.dtype == np.int8 for layer in activations)
    assert all(layer.min() == 0 for layer in activations[:-1])
    assert activations[-1].min() < 0


def test_an_image_does_not_depend_on_its_neighbours(
    digits: data.Digits, layers: network.Network, activations: tuple[NDArray[np.int8], ...]
) -> None:
    few = network.run(layers, digits.test_images[100:107])
    assert all((part == whole[100:107]).all() for part, whole in zip(few, activations, strict=True))


def test_multiply_can_be_replaced(digits: data.Digits, layers: network.Network) -> None:
    def swapped(layer: Layer, inputs: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        positive, negative = network.branch_sums(layer, inputs)
        return negative, positive

    def swapped_back(layer: Layer, positive: NDArray[np.int64], negative: NDArray[np.int64]) -> NDArray[np.int8]:
        return network.exact_backend(layer, negative, positive)

    images = digits.test_images[:5]
    plain = network.run(layers, images)
    twice = network.run(layers, images, swapped_back, swapped)
    once = network.run(layers, images, network.exact_backend, swapped)
    assert all((a == b).all() for a, b in zip(plain, twice, strict=True))
    assert (plain[-1] != once[-1]).any()


def test_ties_go_to_the_smaller_digit() -> None:
    logits = np.zeros((2, 1, 1, 10), np.int8)
    logits[1, 0, 0, [4, 7]] = 3
    assert network.predicted_digits(logits).tolist() == [0, 4]
