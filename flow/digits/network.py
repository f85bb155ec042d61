"""The int8 digits network in numpy: convolutions as exact integer matrix products on positive and negative branches.

Every layer is a convolution over (image, height, width, channel) arrays, the classifier too (its kernel covers the
whole remaining image). A layer is one matrix (rows, columns) of signed 8-bit weights, rows in the order (kernel row,
kernel column, input channel): what one crossbar tile of at most 256 x 256 cells holds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flow.digits.data import PIXEL_MAXIMUM

WEIGHTS_FILE = Path(__file__).with_name("weights.npz")
ACTIVATION_MAXIMUM = 127
INPUT_GAIN = ACTIVATION_MAXIMUM // PIXEL_MAXIMUM
"""Pixels 0..16 become activations 0..112 by an exact multiplication."""


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Shape of one convolution: square kernel, zero padding, channels out; `relu` is off in the last layer only."""

    name: str
    kernel: int
    stride: int
    padding: int
    columns: int
    relu: bool = True


ARCHITECTURE = (
    Geometry(name="conv1", kernel=3, stride=1, padding=1, columns=16),
    Geometry(name="conv2", kernel=3, stride=2, padding=1, columns=32),
    Geometry(name="conv3", kernel=2, stride=2, padding=0, columns=64),
    Geometry(name="logits", kernel=2, stride=1, padding=0, columns=10, relu=False),
)
"""8x8x1 -> 8x8x16 -> 4x4x32 -> 2x2x64 -> 10: 9, 144, 128 and 256 rows, 122 columns, each layer within one tile."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BatchNorm:
    """Per column `gamma*(v - mean)/sqrt(variance) + beta`, float64; `variance` includes the training's epsilon."""

    gamma: NDArray[np.float64]
    beta: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """One int8 layer. A weight is worth `weight_scale` of its column, an activation `input_scale` or `output_scale`."""

    geometry: Geometry
    weights: NDArray[np.int8]
    weight_scale: NDArray[np.float64]
    batch_norm: BatchNorm
    input_scale: float
    output_scale: float

    @property
    def column_scale(self) -> NDArray[np.float64]:
        """Real value of one unit of the integer sum, per column: `input_scale * weight_scale`."""
        return self.input_scale * self.weight_scale


Network = tuple[Layer, ...]
Multiply = Callable[[Layer, NDArray[np.int8]], tuple[NDArray[np.int64], NDArray[np.int64]]]
"""Patches (vectors, rows) to the positive and negative branch sums, each (vectors, columns) and never negative."""
Backend = Callable[[Layer, NDArray[np.int64], NDArray[np.int64]], NDArray[np.int8]]
"""Branch sums (vectors, columns) to int8 activations of the same shape, batch norm and ReLU applied."""


def load(path: Path = WEIGHTS_FILE) -> Network:
    """Read a network of the fixed architecture from an .npz file without pickles."""
    with np.load(path, allow_pickle=False) as stored:
        scales = stored["activation_scale"].astype(np.float64)
        return tuple(
            Layer(
                geometry=geometry,
                weights=stored[f"{geometry.name}.weights"],
                weight_scale=stored[f"{geometry.name}.weight_scale"].astype(np.float64),
                batch_norm=BatchNorm(
                    **{
                        field: stored[f"{geometry.name}.{field}"].astype(np.float64)
                        for field in ("gamma", "beta", "mean", "variance")
                    }
                ),
                input_scale=float(scales[index]),
                output_scale=float(scales[index + 1]),
            )
            for index, geometry in enumerate(ARCHITECTURE)
        )


def patches(activations: NDArray[np.int8], geometry: Geometry) -> NDArray[np.int8]:
    """im2col: (images, height, width, channels) to (images, out height, out width, rows), zero padded."""
    pad, kernel, stride = geometry.padding, geometry.kernel, geometry.stride
    padded = np.pad(activations, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(1, 2))
    strided = windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)
    return strided.reshape(*strided.shape[:3], -1)


def branch_sums(layer: Layer, inputs: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Exact `x @ max(W, 0)` and `x @ max(-W, 0)`.

    Float64 BLAS is exact here: no partial sum exceeds rows * 127 * 127 <= 256 * 127 * 127 < 2^53.
    """
    weights = layer.weights.astype(np.float64)
    both = np.concatenate((np.maximum(weights, 0), np.maximum(-weights, 0)), axis=1)
    sums = (inputs.astype(np.float64) @ both).astype(np.int64)
    columns = layer.geometry.columns
    return sums[:, :columns], sums[:, columns:]


def exact_backend(layer: Layer, positive: NDArray[np.int64], negative: NDArray[np.int64]) -> NDArray[np.int8]:
    """The int8 network without analog parts: affine in float64, rounded half up once, ReLU, clamp."""
    norm = layer.batch_norm
    slope = norm.gamma / np.sqrt(norm.variance)
    scale = slope * layer.column_scale / layer.output_scale
    offset = (norm.beta - slope * norm.mean) / layer.output_scale
    rounded = np.floor((positive - negative) * scale + offset + 0.5)
    lowest = 0 if layer.geometry.relu else -ACTIVATION_MAXIMUM - 1
    return np.clip(rounded, lowest, ACTIVATION_MAXIMUM).astype(np.int8)


def run(
    network: Network,
    images: NDArray[np.uint8],
    backend: Backend = exact_backend,
    multiply: Multiply = branch_sums,
) -> tuple[NDArray[np.int8], ...]:
    """All layers' int8 activations, each (images, height, width, columns), the logits (images, 1, 1, 10) last.

    `images` are pixels 0..16, (images, 8, 8). `multiply` and `backend` see all vectors of a layer at once.
    """
    activations = (images * np.uint8(INPUT_GAIN)).astype(np.int8)[..., np.newaxis]
    outputs = []
    for layer in network:
        inputs = patches(activations, layer.geometry)
        positive, negative = multiply(layer, inputs.reshape(-1, inputs.shape[-1]))
        activations = backend(layer, positive, negative).reshape(*inputs.shape[:3], -1)
        outputs.append(activations)
    return tuple(outputs)


def predicted_digits(logits: NDArray[np.int8]) -> NDArray[np.int64]:
    """Class of the largest logit per image, the smaller digit on a tie."""
    return np.asarray(logits.reshape(len(logits), -1).argmax(axis=1), np.int64)
