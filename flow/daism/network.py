"""A small convolutional network for the digits, every multiplication of its layers made by the array.

Three convolutions with biases and ReLU and a fully connected layer: 8x8x1 -> 8x8x16 -> 4x4x32 -> 2x2x64 -> 10. The
last is a convolution whose kernel covers the whole image, which is the same matrix product. There is no batch norm.

Weights and activations are rounded to operand words, to nearest even, before each layer. The array stores the weights
and drives the activations (``stored_operand`` ``weight``); the variants are not commutative. The bias is what bank 0's
sum starts from. Outside the array, a layer's sums are scaled where gains are corrected (one float32 multiplication),
rectified, and rounded to operands of the next. The logits stay single-precision numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flow.daism.arithmetic import REFERENCE, Arithmetic
from flow.digits.data import CLASSES, PIXEL_MAXIMUM
from flow.digits.weights_file import write
from sim_models.arith.checking import IntArray, integers
from sim_models.daism import accumulator_values, conv2d, to_values, to_words
from sim_models.daism.layers import ConvLayer

Floats = NDArray[np.float32]

WEIGHTS_FILE = Path(__file__).with_name("weights.npz")
EDGE = 8
ARCHITECTURE = (
    ConvLayer(name="conv1", channels=1, outputs=16, size=EDGE, kernel=3, padding=1),
    ConvLayer(name="conv2", channels=16, outputs=32, size=8, kernel=3, stride=2, padding=1),
    ConvLayer(name="conv3", channels=32, outputs=64, size=4, kernel=2, stride=2),
    ConvLayer(name="logits", channels=64, outputs=CLASSES, size=2, kernel=2),
)
"""Sums of 9, 144, 128 and 256 products; 118,272 multiply-accumulates an image."""
LAST = ARCHITECTURE[-1].name


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """Master copies of ``weights`` (outputs, channels, kernel, kernel) and ``bias`` (outputs,), both float32."""

    shape: ConvLayer
    weights: Floats
    bias: Floats

    @property
    def relu(self) -> bool:
        """Whether its sums are rectified: in all layers but the last."""
        return self.shape.name != LAST


Network = tuple[Layer, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerRun:
    """One layer of one run: ``inputs`` operand words, ``sums`` accumulator words, ``values`` float32 after ReLU.

    ``inputs`` is (images, channels, height, width), the others (images, outputs, height, width).
    """

    inputs: IntArray
    sums: NDArray[np.uint32]
    values: Floats


def initial_network(seed: int) -> Network:
    """Normal weights of variance 2 / inputs (He et al., arXiv 1502.01852) and zero biases, a function of ``seed``."""
    random = np.random.default_rng(seed)
    layers = []
    for shape in ARCHITECTURE:
        size = (shape.outputs, shape.channels, shape.kernel, shape.kernel)
        deviation = np.sqrt(2 / np.prod(size[1:]))
        weights = (random.standard_normal(size) * deviation).astype(np.float32)
        layers.append(Layer(shape=shape, weights=weights, bias=np.zeros(shape.outputs, np.float32)))
    return tuple(layers)


def image_words(pixels: ArrayLike, arithmetic: Arithmetic = REFERENCE) -> IntArray:
    """Pixels 0..16, (images, 8, 8), as operand words of 0..1, (images, 1, 8, 8), exactly.

    Raises ValueError for other shapes and values.
    """
    values = integers("images", pixels, 0, PIXEL_MAXIMUM)
    if values.ndim != 3 or values.shape[1:] != (EDGE, EDGE) or not len(values):
        raise ValueError(f"images must be of shape (count, {EDGE}, {EDGE}), not {values.shape}")
    return to_words(values[:, np.newaxis] / PIXEL_MAXIMUM, arithmetic.parameters)


def layer_sums(layer: Layer, inputs: IntArray, arithmetic: Arithmetic, gain: float = 1.0) -> NDArray[np.uint32]:
    """Accumulator words of a layer. The sums start from the bias times ``gain``, in float32."""
    p, shape = arithmetic.parameters, layer.shape
    start = (layer.bias * np.float32(gain)).view(np.uint32)
    weights = to_words(layer.weights, p)
    sums = conv2d(inputs, weights, p, shape.stride, shape.padding, bias=start, exact=arithmetic.exact)
    return sums.astype(np.uint32, copy=False)


def layer_values(layer: Layer, sums: NDArray[np.uint32], gain: float = 1.0) -> Floats:
    """Numbers that a layer hands on: its sums times 1 / ``gain``, in float32, rectified but in the last layer."""
    values = accumulator_values(sums) * (np.float32(1) / np.float32(gain))
    return np.where(values > 0, values, np.float32(0)) if layer.relu else values


def run_layer(layer: Layer, inputs: IntArray, arithmetic: Arithmetic, gain: float = 1.0) -> LayerRun:
    """One layer, from operand words to the numbers handed on."""
    sums = layer_sums(layer, inputs, arithmetic, gain)
    return LayerRun(inputs=inputs, sums=sums, values=layer_values(layer, sums, gain))


def run(
    network: Network, pixels: ArrayLike, arithmetic: Arithmetic, gains: Sequence[float] | None = None
) -> tuple[LayerRun, ...]:
    """All layers on ``pixels`` (images, 8, 8) of 0..16. ``gains``: of each layer, all 1 if None.

    Raises ValueError for other pixels, another number of gains, and gains that are not above 0.
    """
    corrections = [1.0] * len(network) if gains is None else gains
    if len(corrections) != len(network):
        raise ValueError(f"gains must be one for each of the {len(network)} layers, not {len(corrections)}")
    for gain in corrections:
        if not 0 < gain < np.inf:
            raise ValueError(f"gains must be finite and above 0, not {gain}")
    inputs, runs = image_words(pixels, arithmetic), []
    for layer, gain in zip(network, corrections, strict=True):
        runs.append(run_layer(layer, inputs, arithmetic, gain))
        inputs = to_words(runs[-1].values, arithmetic.parameters)
    return tuple(runs)


def logits(runs: Sequence[LayerRun]) -> Floats:
    """The last layer's numbers, (images, 10)."""
    return runs[-1].values.reshape(-1, CLASSES)


def correct_digits(scores: Floats, labels: ArrayLike) -> int:
    """Images whose largest logit, the first of equals, is that of their label."""
    return int((scores.argmax(axis=1) == np.asarray(labels)).sum())


def save(network: Network, path: Path = WEIGHTS_FILE) -> None:
    """Write weights as bfloat16 words and biases as float32."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for layer in network:
        arrays[f"{layer.shape.name}.weights"] = to_words(layer.weights, REFERENCE.parameters).astype(np.uint16)
        arrays[f"{layer.shape.name}.bias"] = layer.bias
    write(arrays, path)


def load(path: Path = WEIGHTS_FILE) -> Network:
    """Read a network of the fixed architecture, as `save` wrote it; no pickles."""
    with np.load(path, allow_pickle=False) as stored:
        return tuple(
            Layer(
                shape=shape,
                weights=to_values(stored[f"{shape.name}.weights"], REFERENCE.parameters).astype(np.float32),
                bias=stored[f"{shape.name}.bias"],
            )
            for shape in ARCHITECTURE
        )
