"""Whole layers and networks through the near-memory unit: in pieces, with the results of the golden model."""

from typing import Any

import numpy as np
import pytest

from gen.rtl import Rtl, elaborate
from hdl.asm.near_memory import AsmNearMemory, ExactNearMemory
from sim_models.asm import requantize, round_inputs, supported_values
from sim_models.asm.near_memory import NearMemoryParameters, Requantization, exact_parameters
from verif.asm_near_memory import NetworkLayer, run_layer, run_layers

SEED = 7
SIZES: dict[str, Any] = {"lanes": 8, "banks": 2, "activation_words": 512, "position_limit": 128}


def hardware(p: NearMemoryParameters) -> Rtl:
    return elaborate(AsmNearMemory(parameters=p), "asm_near_memory")


def drawn(random: np.random.Generator, p: NearMemoryParameters, *shape: int) -> Any:
    return random.choice(supported_values(p), shape) * random.choice((-1, 1), shape)


def after(random: np.random.Generator, outputs: int, shift: int) -> Requantization:
    scale, offset = random.integers(40, 256, outputs), random.integers(-(1 << shift), 1 << shift + 4, outputs)
    return Requantization(scale=scale, offset=offset, shift=np.full(outputs, shift))


def summed(images: Any, kernels: Any, stride: int, padding: int) -> Any:
    """A convolution by hand, window by window."""
    padded = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = kernels.shape[2:]
    height, width = ((padded.shape[2 + axis] - kernels.shape[2 + axis]) // stride + 1 for axis in (0, 1))
    sums = np.zeros((len(images), len(kernels), height, width), np.int64)
    for row in range(height):
        for column in range(width):
            top, left = row * stride, column * stride
            window = padded[:, :, top : top + rows, left : left + columns]
            sums[:, :, row, column] = np.tensordot(window, kernels, ((1, 2, 3), (1, 2, 3)))
    return sums


def channels_last(operation: Any, sums: Any) -> Any:
    return np.moveaxis(operation(np.moveaxis(sums, 1, -1)), -1, 1)


def expected(layer: NetworkLayer, images: Any, p: NearMemoryParameters) -> Any:
    own = layer.requantization

    def finished(sums: Any) -> Any:
        if not own.rounded:
            return sums * own.scale + own.offset
        values = requantize(sums, own.scale, own.offset, own.shift, own.relu, p)
        return round_inputs(values, p) if p.encode_inputs else values

    return channels_last(finished, summed(images, layer.weights, layer.stride, layer.padding))


@pytest.mark.parametrize(
    ("images", "kernels", "stride", "padding"),
    [((11, 2, 6, 6), (19, 2, 3, 3), 1, 1), ((2, 2, 17, 17), (9, 2, 3, 3), 2, 0), ((30, 1, 4, 4), (90, 1, 2, 2), 1, 0)],
    ids=str,
)
def test_a_layer_in_pieces_is_the_layer(images: Any, kernels: Any, stride: int, padding: int) -> None:
    """By images, by positions, by outputs; weights that stay are not loaded again."""
    p, random = NearMemoryParameters(rows=40, **SIZES), np.random.default_rng(SEED)
    weights, inputs = drawn(random, p, *kernels), random.integers(0, 256, images)
    shift = 12 + (kernels[1] * kernels[2] * kernels[3]).bit_length()
    layer = NetworkLayer(
        weights=weights, requantization=after(random, kernels[0], shift), stride=stride, padding=padding
    )
    run = run_layer(hardware(p), layer, p, inputs)
    assert np.array_equal(run.results, expected(layer, inputs, p))
    assert run.pieces > 2
    assert run.cycles == run.expected_cycles
    assert len(np.unique(run.results)) > 20


@pytest.mark.parametrize("coded", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_network(coded: bool) -> None:
    """Two convolutions and a fully connected layer, 8 by 8 images, weights and activations of 8 or 4 bits."""
    bits = 4 if coded else 8
    p = NearMemoryParameters(
        weight_bits=bits, input_bits=bits, encode_weights=coded, encode_inputs=coded, input_signed=not coded, **SIZES
    )
    random = np.random.default_rng(SEED)
    images = (
        round_inputs(random.integers(0, 1 << bits, (9, 1, 8, 8)), p)
        if coded
        else random.integers(-255, 256, (9, 1, 8, 8))
    )
    shift = 2 * bits + 4
    layers = [
        NetworkLayer(weights=drawn(random, p, 6, 1, 3, 3), requantization=after(random, 6, shift), inputs=images),
        NetworkLayer(weights=drawn(random, p, 5, 6, 3, 3), requantization=after(random, 5, shift), stride=2, padding=1),
        NetworkLayer(
            weights=drawn(random, p, 10, 45),
            requantization=Requantization(scale=3, offset=np.arange(10) - 4, rounded=False),
        ),
    ]
    runs, values = run_layers(hardware(p), layers, p), images
    for run, layer in zip(runs, layers, strict=True):
        if np.ndim(layer.weights) == 2:
            values = values.reshape(9, -1, 1, 1)
            layer = NetworkLayer(weights=layer.weights[:, :, None, None], requantization=layer.requantization)
        values = expected(layer, values, p)
        assert np.array_equal(run.results, values)
        assert run.cycles == run.expected_cycles
        assert len(np.unique(values)) > 5
    assert runs[-1].results.shape == (9, 10, 1, 1)


@pytest.mark.slow
def test_the_exact_unit_runs_any_weights() -> None:
    p, random = NearMemoryParameters(**SIZES), np.random.default_rng(SEED)
    rtl = elaborate(ExactNearMemory(parameters=p), "asm_exact_near_memory")
    layer = NetworkLayer(
        weights=random.integers(-255, 256, (10, 1, 3, 3)), requantization=after(random, 10, 17), padding=1,
        inputs=random.integers(0, 256, (2, 1, 5, 5)),
    )  # fmt: skip
    run = run_layers(rtl, [layer], exact_parameters(p))[0]
    assert np.array_equal(run.results, expected(layer, layer.inputs, p))


def test_what_does_not_go_together_is_refused() -> None:
    p, random = NearMemoryParameters(rows=40, **SIZES), np.random.default_rng(SEED)
    rtl, whole = hardware(p), Requantization(rounded=False)
    images = np.ones((1, 2, 4, 4), np.int64)
    last = NetworkLayer(weights=drawn(random, p, 3, 2, 1, 1), requantization=whole, inputs=images)
    again = NetworkLayer(weights=drawn(random, p, 3, 3, 1, 1), requantization=whole)
    with pytest.raises(ValueError, match=r"^layers must be at least one, not none$"):
        run_layers(rtl, [], p)
    for layers, place in (([again], 0), ([last, again], 1)):
        with pytest.raises(ValueError, match=rf"^inputs of layer {place} must be given: no rounded results"):
            run_layers(rtl, layers, p)
    with pytest.raises(ValueError, match=r"^weights must go with inputs of shape \(1, 2, 4, 4\), not be of shape"):
        run_layer(rtl, again, p, images)
    with pytest.raises(ValueError, match=r"^reduction_length must be at least 257 for this layer, not 256$"):
        run_layer(
            rtl, NetworkLayer(weights=np.ones((1, 257), np.int64), requantization=whole), p, np.ones((1, 257), int)
        )
    with pytest.raises(ValueError, match=r"^weights must have magnitudes that alphabets \(1, 3\) support, not 5$"):
        run_layer(rtl, NetworkLayer(weights=[[5, 1]], requantization=whole), p, [[1, 2]])
