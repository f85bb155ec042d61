"""Layers as the accelerator gets them: words to store, words to drive, initial values, and the sums to come back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flow.daism.arithmetic import Arithmetic, arithmetic
from flow.daism.network import LayerRun, Network, run
from sim_models.arith.checking import IntArray
from sim_models.daism import im2col, to_words
from sim_models.daism.layers import ConvLayer

PC3 = arithmetic("pc3")


@dataclass(frozen=True, kw_only=True, eq=False)
class HardwareLayer:
    """One layer on all images; words are uint16 operands of bfloat16 or uint32 accumulators in single precision.

    ``shape``: channels, outputs, size, kernel, stride, padding, number of images. ``inputs`` (images, channels, size,
    size) and ``weights`` (outputs, channels, kernel, kernel): operands. ``bias`` (outputs,): what bank 0's sums start
    from. ``sums`` (images, outputs, edge, edge): the accumulators after the last product, bit for bit. ``gain``:
    1 / the scale of the sums, see `flow.daism.network.layer_values`, which with ``inputs`` of the next layer closes
    the loop.
    """

    shape: ConvLayer
    inputs: NDArray[np.uint16]
    weights: NDArray[np.uint16]
    bias: NDArray[np.uint32]
    sums: NDArray[np.uint32]
    gain: float

    @property
    def kind(self) -> str:
        """``convolution`` or ``fully connected``: an input vector of channels, rows, columns to each output."""
        return "convolution" if self.shape.output_edge > 1 else "fully connected"

    @property
    def driven(self) -> IntArray:
        """Words that drive, (images * positions, length): the left-hand matrix, index (channel, row, column)."""
        edge = self.shape.kernel
        return im2col(self.inputs, (edge, edge), self.shape.stride, self.shape.padding)

    @property
    def stored(self) -> IntArray:
        """Words to store, (length, outputs): the right-hand matrix."""
        return self.weights.reshape(self.shape.outputs, -1).T.astype(np.int64)

    @property
    def matrix_sums(self) -> NDArray[np.uint32]:
        """``sums`` as the product of the two matrices gives them, (images * positions, outputs)."""
        return np.ascontiguousarray(self.sums.transpose(0, 2, 3, 1)).reshape(-1, self.shape.outputs)


def layers_for_hardware(
    network: Network, images: ArrayLike, chosen: Arithmetic = PC3, gains: Sequence[float] | None = None
) -> tuple[HardwareLayer, ...]:
    """Every layer of ``network`` on ``images`` (count, 8, 8) of 0..16, with the golden sums of ``chosen``.

    The order of summation, hence the sums, depends on banks and columns of ``chosen``: give the accelerator's own
    parameters. ``gains``: of each layer, None for 1. Raises ValueError for other images and operands that are not
    bfloat16.
    """
    p = chosen.parameters
    if p.word_bits != 16 or p.exponent_bits != 8:
        raise ValueError(f"operands must be bfloat16, not of {p.significand_bits} and {p.exponent_bits} bits")
    scales = [1.0] * len(network) if gains is None else [float(gain) for gain in gains]
    runs = run(network, images, chosen, scales)
    return tuple(_layer(network, index, run_, chosen, scales[index]) for index, run_ in enumerate(runs))


def _layer(network: Network, index: int, run_: LayerRun, chosen: Arithmetic, gain: float) -> HardwareLayer:
    layer = network[index]
    return HardwareLayer(
        shape=replace(layer.shape, images=len(run_.inputs)),
        inputs=run_.inputs.astype(np.uint16),
        weights=to_words(layer.weights, chosen.parameters).astype(np.uint16),
        bias=(layer.bias * np.float32(gain)).view(np.uint32),
        sums=run_.sums,
        gain=gain,
    )
