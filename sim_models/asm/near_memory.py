"""The near-memory unit around the lanes: its sizes, the layers that it runs, what it makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, integers, require_instance, require_integer, require_power_of_two
from sim_models.asm.coding import round_inputs
from sim_models.asm.multiply import matmul
from sim_models.asm.parameters import MAXIMUM_SIZE, AsmParameters
from sim_models.asm.requantize import affine, affine_bits, requantize
from sim_models.daism.accelerator import LayerShape
from sim_models.daism.convolution import im2col


@dataclass(frozen=True, kw_only=True)
class NearMemoryParameters(AsmParameters):
    """`AsmParameters` and the sizes of what surrounds the banks, which are small by default.

    ``rows`` of a bank hold the weights of its ``lanes_in_bank`` output channels for one input index each.
    ``activation_words``: inputs that the input buffer holds, ``transfer_words`` of them a transfer, a power of two.
    ``position_limit``: positions of a layer. ``block_limit``: blocks of ``lanes`` output channels of a layer.

    Raises ValueError as `AsmParameters` does; for sizes out of range; for another ``placement`` than ``near_memory``,
    lanes that ``banks`` do not divide, and accumulators that are too wide to requantize.
    """

    activation_words: int = 256
    transfer_words: int = 4
    position_limit: int = 256
    block_limit: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.placement != "near_memory":
            raise ValueError(f"placement must be 'near_memory', not {self.placement!r}")
        if self.lanes % self.banks:
            raise ValueError(f"banks must divide lanes, {self.lanes}, not be {self.banks}")
        require_integer("activation_words", self.activation_words, 2, MAXIMUM_SIZE)
        require_power_of_two("transfer_words", self.transfer_words, 64)
        require_integer("position_limit", self.position_limit, 2, MAXIMUM_SIZE)
        require_integer("block_limit", self.block_limit, 1, MAXIMUM_SIZE)
        affine_bits(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class Requantization:
    """What follows the sums of a layer, as `sim_models.asm.requantize` has it.

    ``scale``, ``offset``, ``shift``: of every output channel, or one for all. ``relu``: of the layer. ``rounded``:
    False for a last layer, whose results are ``sums * scale + offset`` and not rounded.
    """

    scale: ArrayLike = 1
    offset: ArrayLike = 0
    shift: ArrayLike = 0
    relu: bool = True
    rounded: bool = True

    def results(self, sums: IntArray, parameters: AsmParameters) -> IntArray:
        """Results of sums (..., channels): inputs of the next layer, supported ones if encoded; or affine sums."""
        p = parameters
        if not self.rounded:
            return affine(sums, self.scale, self.offset, p)
        values = requantize(sums, self.scale, self.offset, self.shift, self.relu, p)
        return round_inputs(values, p) if p.encode_inputs else values


Kind = TypeVar("Kind", bound=AsmParameters)


def exact_parameters(parameters: Kind) -> Kind:
    """Those of the same unit with exact multipliers: every weight, plain words, columns enough for them."""
    p = parameters
    columns = max(p.columns, p.lanes_in_bank * (1 + p.magnitude_bits))
    return replace(p, alphabets=tuple(range(1, 16, 2)), encode_weights=False, encode_inputs=False, columns=columns)


def bank_parameters(parameters: NearMemoryParameters) -> AsmParameters:
    """Those of one bank by itself."""
    p = parameters
    own = {each.name: getattr(p, each.name) for each in fields(AsmParameters)}
    return AsmParameters(**{**own, "lanes": p.lanes_in_bank, "banks": 1})


def lane_blocks(outputs: int, parameters: AsmParameters) -> int:
    """Blocks of ``lanes`` output channels."""
    return -(-outputs // parameters.lanes)


def layer_rows(shape: LayerShape, parameters: AsmParameters) -> int:
    """Rows of weights of a layer, in each bank."""
    return shape.gemm.length * lane_blocks(shape.outputs, parameters)


def require_fit(shape: LayerShape, parameters: NearMemoryParameters) -> None:
    """Raise ValueError, with the sizes, for a layer that memory, buffers or counters do not hold.

    Also for one with a ``bias`` (which is the offset of its requantization) or a ``slicing``.
    """
    p = parameters
    require_instance("shape", shape, LayerShape)
    require_instance("parameters", p, NearMemoryParameters)
    for name, value in (("bias", shape.bias), ("slicing", shape.slicing)):
        if value:
            raise ValueError(f"{name} must be left out for this unit, not be {value!r}")
    for name, needed, room in (
        ("reduction_length", shape.gemm.length, p.reduction_length),
        ("rows", layer_rows(shape, p), p.rows),
        ("activation_words", shape.images * shape.image_words, p.activation_words),
        ("activation_words", max(shape.size) + 2 * shape.padding, p.activation_words),
        ("activation_words", shape.stride, p.activation_words),
        ("position_limit", shape.gemm.positions, p.position_limit),
        ("block_limit", lane_blocks(shape.outputs, p), p.block_limit),
    ):
        if needed > room:
            raise ValueError(f"{name} must be at least {needed} for this layer, not {room}")


def fits(shape: LayerShape, parameters: NearMemoryParameters) -> bool:
    """Whether `require_fit` accepts the layer."""
    try:
        require_fit(shape, parameters)
    except ValueError:
        return False
    return True


def layer_rows_of(inputs: ArrayLike, shape: LayerShape) -> IntArray:
    """Inputs of every position, (positions, length), of signed images (images, channels, height, width); padding is 0.

    Raises ValueError for images of another shape.
    """
    images = integers("inputs", inputs)
    expected = (shape.images, shape.channels, *shape.size)
    if images.shape != expected:
        raise ValueError(f"inputs must be of shape {expected}, not {images.shape}")
    places = 1 + np.arange(images.size).reshape(images.shape)
    return np.append(0, images)[im2col(places, shape.kernel, shape.stride, shape.padding)]


def layer_sums(
    inputs: ArrayLike, weights: ArrayLike, shape: LayerShape, parameters: AsmParameters | Sequence[AsmParameters]
) -> IntArray:
    """Sums of a layer, int64 (positions, outputs), exact.

    ``inputs`` (images, channels, height, width), ``weights`` (outputs, channels, kernel height, kernel width), signed;
    ``parameters`` as for `matmul`: one, or one per output. Raises ValueError as `matmul` does, and for other shapes.
    """
    kernels = integers("weights", weights)
    expected = (shape.outputs, shape.channels, *shape.kernel)
    if kernels.shape != expected:
        raise ValueError(f"weights must be of shape {expected}, not {kernels.shape}")
    return matmul(layer_rows_of(inputs, shape), kernels.reshape(len(kernels), -1).T, parameters)
