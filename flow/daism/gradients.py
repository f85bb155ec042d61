"""Backward pass of the network, both matrix products of every layer made by the array as well.

Errors are gradients of the loss by a layer's sums, rounded to operand words, to nearest even, before they are used.

| matrix product | stored | drives | sum over |
|---|---|---|---|
| forward | weights | activations | channel and tap |
| gradient of the inputs | transposed, turned weights | errors | output and tap |
| gradient of the weights | errors | activations | image, row and column |

So each is the left-hand factor driving the right-hand one with ``stored_operand`` ``weight``; ``activation`` exchanges
the two in all three. Transposed weights and errors take slots of their own: they are written into the array anew in
every step. Where two factors are not multiplied there is no array: the errors at the logits, the derivative of ReLU,
sums of errors for the biases, and the update of the master copies.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flow.daism.arithmetic import Arithmetic
from flow.daism.network import Floats, Layer, LayerRun, Network
from sim_models.arith.checking import IntArray
from sim_models.daism import (
    accumulator_values,
    conv2d_input_gradient,
    conv2d_weight_gradient,
    input_gradient,
    to_values,
    to_words,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Gradient:
    """Gradients of the loss by a layer's weights and bias, float32, of their shapes."""

    weights: Floats
    bias: Floats


def cross_entropy(scores: Floats, labels: NDArray[np.int64]) -> tuple[float, NDArray[np.float64]]:
    """Sum of the images' losses, and its gradient by ``scores`` (images, classes), in float64."""
    shifted = scores.astype(np.float64) - scores.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    totals = exponentials.sum(axis=1, keepdims=True)
    images = np.arange(len(labels))
    losses = np.log(totals[:, 0]) - shifted[images, labels]
    errors = exponentials / totals
    errors[images, labels] -= 1
    return float(losses.sum()), errors


def gradients(
    network: Network, runs: Sequence[LayerRun], errors: NDArray[np.float64], arithmetic: Arithmetic
) -> tuple[Gradient, ...]:
    """Gradients of all layers, in their order, of a loss with the gradient ``errors`` (images, classes) by the logits.

    ``runs`` is the forward pass, with the same arithmetic or another one, and without corrected gains.
    """
    p = arithmetic.parameters
    words = to_words(errors[..., np.newaxis, np.newaxis], p)
    found: list[Gradient] = []
    for index in range(len(network) - 1, -1, -1):
        layer, inputs = network[index], runs[index].inputs
        found.insert(0, _layer_gradient(layer, inputs, words, arithmetic))
        if index:
            passed_on = np.where(inputs == 0, np.float32(0), _input_errors(layer, words, arithmetic))
            words = to_words(passed_on, p)
    return tuple(found)


def _layer_gradient(layer: Layer, inputs: IntArray, errors: IntArray, arithmetic: Arithmetic) -> Gradient:
    p, shape = arithmetic.parameters, layer.shape
    kernel = (shape.kernel, shape.kernel)
    sums = conv2d_weight_gradient(inputs, errors, p, kernel, shape.stride, shape.padding, exact=arithmetic.exact)
    bias = to_values(errors, p).sum(axis=(0, 2, 3))
    return Gradient(weights=accumulator_values(sums), bias=bias.astype(np.float32))


def _input_errors(layer: Layer, errors: IntArray, arithmetic: Arithmetic) -> Floats:
    """Gradient of the loss by a layer's inputs, (images, channels, size, size)."""
    p, shape, exact = arithmetic.parameters, layer.shape, arithmetic.exact
    weights, size = to_words(layer.weights, p), (shape.size, shape.size)
    if shape.output_edge > 1:
        sums = conv2d_input_gradient(errors, weights, p, size, shape.stride, shape.padding, exact=exact)
        return accumulator_values(sums)
    # A fully connected layer has one error per output: as a convolution it would be drowned in zeros.
    rows = input_gradient(errors[:, :, 0, 0], weights.reshape(shape.outputs, -1).T, p, exact=exact)
    return accumulator_values(np.ascontiguousarray(rows)).reshape(len(errors), shape.channels, *size)
