"""Inference with integers alone: golden matrix products and requantisation, layer by layer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from flow.asm.exported import ExportedLayer, ExportedNetwork
from flow.digits.data import PIXEL_MAXIMUM
from sim_models.arith import Rounding, round_shift
from sim_models.arith.checking import IntArray, integers
from sim_models.asm import matmul, round_inputs
from sim_models.asm.requantize import affine, requantize
from sim_models.daism import im2col


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerRun:
    """One layer of one run, int64: ``inputs`` (images, channels, size, size), ``sums`` and ``outputs``
    (images, outputs, edge, edge). ``sums`` are what the accumulators hold."""

    inputs: IntArray
    sums: IntArray
    outputs: IntArray


def input_words(network: ExportedNetwork, images: ArrayLike) -> IntArray:
    """Pixels as inputs of the first layer: ``pixel * input_gain / 16``, ties up, rounded to the grid if encoded.

    ``images`` are integers 0..16, (images, height, width) or (images, channels, height, width) with as many pixels as
    the first layer takes, in their order. Raises ValueError for other shapes and values.
    """
    shape = network.layers[0].shape
    pixels = integers("images", images, 0, PIXEL_MAXIMUM)
    wanted = shape.channels * shape.size**2
    if pixels.ndim not in (3, 4) or not len(pixels) or pixels[0].size != wanted:
        raise ValueError(f"images must have {wanted} pixels each, in 3 or 4 dimensions, not shape {pixels.shape}")
    words = round_shift(pixels * network.input_gain, PIXEL_MAXIMUM.bit_length() - 1, Rounding.HALF_UP)
    return _on_grid(words.reshape(-1, shape.channels, shape.size, shape.size), network.layers[0])


def run_layer(layer: ExportedLayer, inputs: IntArray, following: ExportedLayer | None = None) -> LayerRun:
    """One layer on its ``inputs``; its outputs lie on the input grid of the ``following`` layer, if there is one."""
    parameters = layer.parameters if len(layer.parameters) > 1 else layer.main
    sums = as_images(matmul(layer_rows(layer, inputs), layer.weights, parameters), layer)
    return LayerRun(inputs=inputs, sums=sums, outputs=layer_outputs(layer, sums, following))


def layer_rows(layer: ExportedLayer, inputs: IntArray) -> IntArray:
    """Images as the left-hand matrix of the product with the layer's weights, (images * positions, length)."""
    shape = layer.shape
    return im2col(inputs, (shape.kernel, shape.kernel), shape.stride, shape.padding)


def layer_outputs(layer: ExportedLayer, sums: IntArray, following: ExportedLayer | None = None) -> IntArray:
    """What the layer hands on of its ``sums`` (images, outputs, edge, edge), in the same order."""
    words, last = layer.words, np.moveaxis(sums, 1, -1)
    if layer.last:
        outputs = affine(last, words.scale, words.offset, layer.main)
    else:
        outputs = requantize(last, words.scale, words.offset, words.shift, layer.relu, layer.main)
    if following is not None:
        outputs = _on_grid(outputs, following)
    return np.ascontiguousarray(np.moveaxis(outputs, -1, 1))


def as_images(rows: IntArray, layer: ExportedLayer) -> IntArray:
    """(images * positions, outputs) as (images, outputs, edge, edge)."""
    edge = layer.shape.output_edge
    return np.ascontiguousarray(rows.reshape(-1, edge, edge, layer.shape.outputs).transpose(0, 3, 1, 2))


def infer(network: ExportedNetwork, images: ArrayLike) -> tuple[LayerRun, ...]:
    """All layers on ``images``, the last one's outputs the scores. Raises ValueError as `input_words`."""
    inputs, runs = input_words(network, images), []
    for layer, following in zip(network.layers, (*network.layers[1:], None), strict=True):
        runs.append(run_layer(layer, inputs, following))
        inputs = runs[-1].outputs
    return tuple(runs)


def correct_images(scores: IntArray, labels: ArrayLike) -> int:
    """Images whose largest score, the first of equals, is that of their label."""
    return int((scores.reshape(len(scores), -1).argmax(axis=1) == np.asarray(labels)).sum())


def _on_grid(words: IntArray, layer: ExportedLayer) -> IntArray:
    return round_inputs(words, layer.main) if layer.main.encode_inputs else words
