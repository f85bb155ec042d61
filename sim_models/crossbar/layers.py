"""Layers larger than an array: rows in blocks, each converted on its own, and convolutions as matrix products."""

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, require_instance
from sim_models.arith.rounding import saturate
from sim_models.crossbar.checking import integer_array
from sim_models.crossbar.hooks import IDEAL, ErrorHooks, Numbers
from sim_models.crossbar.matvec import read_out
from sim_models.crossbar.parameters import NEURAL_PIM, CrossbarParameters
from sim_models.crossbar.record import Dot, Tally
from sim_models.daism.convolution import im2col, output_size

CROSS_ARRAY_BITS = 16
"""Width of the accumulator that adds the codes of row blocks under C, two's complement, saturating."""


def layer(inputs: ArrayLike, weights: ArrayLike, parameters: CrossbarParameters, *, hooks: ErrorHooks = IDEAL) -> Dot:
    """A whole layer: ``inputs`` (..., K) and ``weights`` (K, M) of any K and M, (..., M), and the record of all blocks.

    Block b has the rows b * rows and following, and the last one zeros on the rows that are left. Products of 'isaac'
    and 'cascade' are added; codes of 'neural_pim' are added block after block in 16 bits that saturate. Raises
    ValueError as `isaac_dot` does, for numbers of rows that differ and for a weight matrix without two axes.
    """
    require_instance("parameters", parameters, CrossbarParameters)
    vectors, matrix = _operands(inputs, weights)
    tally = Tally()
    total: Numbers = np.zeros((*vectors.shape[:-1], matrix.shape[1]), np.int64)
    for start in range(0, len(matrix), parameters.rows):
        block = slice(start, start + parameters.rows)
        part = read_out(*_padded(vectors[..., block], matrix[block], parameters), parameters, hooks=hooks)
        tally.merge(part.record)
        total = total + part.values
        if parameters.strategy == NEURAL_PIM:
            total = saturate(total, CROSS_ARRAY_BITS, signed=True)
    return Dot(total, tally.record())


def convolution(
    images: ArrayLike,
    kernels: ArrayLike,
    parameters: CrossbarParameters,
    stride: int = 1,
    padding: int = 0,
    *,
    hooks: ErrorHooks = IDEAL,
) -> Dot:
    """A convolution as a `layer`: (images, outputs, height, width), and the record.

    ``images`` (images, channels, height, width) and ``kernels`` (outputs, channels, kernel height, kernel width); rows
    are in the order (channel, kernel row, kernel column); ``padding`` zeros lie on each side. Raises ValueError as
    `layer` does, for arrays of other shapes, channels that differ and a kernel larger than the padded image.
    """
    pictures, stored = _four("images", images), _four("kernels", kernels)
    if pictures.shape[1] != stored.shape[1]:
        raise ValueError(f"kernels must have as many channels as images, {pictures.shape[1]}, not {stored.shape[1]}")
    extent = stored.shape[2:]
    # im2col takes no negative numbers; it only moves them, so both signs can go alone.
    rows = im2col(np.maximum(pictures, 0), extent, stride, padding)
    rows = rows - im2col(np.maximum(-pictures, 0), extent, stride, padding)
    made = layer(rows, stored.reshape(len(stored), -1).T, parameters, hooks=hooks)
    height, width = output_size(pictures.shape[2:], extent, stride, padding)
    values = made.values.reshape(len(pictures), height, width, -1).transpose(0, 3, 1, 2)
    return Dot(np.ascontiguousarray(values), made.record)


def _operands(inputs: ArrayLike, weights: ArrayLike) -> tuple[IntArray, IntArray]:
    vectors, matrix = integer_array("inputs", inputs), integer_array("weights", weights)
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(f"weights must have the shape (rows, outputs), none of zero, not {matrix.shape}")
    if vectors.ndim == 0 or vectors.shape[-1] != len(matrix):
        raise ValueError(f"inputs must have the shape (..., {len(matrix)}), as the weights, not {vectors.shape}")
    return vectors, matrix


def _padded(vectors: IntArray, matrix: IntArray, p: CrossbarParameters) -> tuple[IntArray, IntArray]:
    """A block with zeros on the rows that it does not use."""
    missing = p.rows - len(matrix)
    left = [(0, 0)] * (vectors.ndim - 1)
    return np.pad(vectors, [*left, (0, missing)]), np.pad(matrix, [(0, missing), (0, 0)])


def _four(name: str, values: ArrayLike) -> IntArray:
    array = integer_array(name, values)
    if array.ndim != 4 or not array.size:
        raise ValueError(f"{name} must have four dimensions, none of zero, not shape {array.shape}")
    return array
