"""The int8 digits network on crossbars of any strategy: ranges by layer, analog parts by layer, SINAD by layer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flow.digits.network import Layer, Network, branch_sums, exact_backend, run
from sim_models.arith.checking import IntArray
from sim_models.crossbar import IDEAL, CrossbarParameters, ErrorHooks
from sim_models.crossbar import layer as crossbar_layer
from sim_models.crossbar.neural_adc import AdcInstance
from sim_models.crossbar.neural_adder import AdderInstance
from sim_models.crossbar.neural_hooks import AdcHook, AdderHook
from sim_models.crossbar.parameters import NEURAL_PIM
from sim_models.crossbar.range_calibration import line_fraction, range_fraction
from sim_models.crossbar.sinad import data_sinad_db

CALIBRATION_VECTORS = 4000
"""At most so many vectors of a layer, evenly spread over those of the training images, set its ranges."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadOut:
    """How one layer is read: parameters with its range, its analog parts, and what one of its values is worth."""

    parameters: CrossbarParameters
    hooks: ErrorHooks = IDEAL

    @property
    def unit(self) -> float:
        """Products in one unit of the values: 1, or for codes their step."""
        p = self.parameters
        return p.code_full_scale / p.code_maximum if p.strategy == NEURAL_PIM else 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """Logits (images, 1, 1, 10), and SINAD in dB of each layer's products, infinite where they are exact."""

    logits: NDArray[np.int8]
    sinad_db: tuple[float, ...]


def uncalibrated(network: Network, parameters: CrossbarParameters, hooks: ErrorHooks = IDEAL) -> tuple[ReadOut, ...]:
    """Every layer by the same parameters and parts."""
    return (ReadOut(parameters=parameters, hooks=hooks),) * len(network)


def calibrated(
    network: Network,
    images: NDArray[np.uint8],
    parameters: CrossbarParameters,
    adder: AdderInstance | None = None,
    adc: AdcInstance | None = None,
) -> tuple[ReadOut, ...]:
    """Read-outs of strategy C with the range of each layer set on ``images``, which should be those of training.

    ``adder``, ``adc``: manufactured networks in place of the ideal parts; all layers share them. Raises ValueError for
    parameters of another strategy and for layers whose products are too small for a range.
    """
    if parameters.strategy != NEURAL_PIM:
        raise ValueError(f"strategy must be {NEURAL_PIM!r}, not {parameters.strategy!r}")
    made = []
    for layer, vectors in zip(network, layer_vectors(network, images), strict=True):
        blocks = _blocks(vectors, layer, parameters.rows)
        products = np.concatenate([inputs @ weights for inputs, weights in blocks])
        p = replace(parameters, range_fraction=range_fraction(products, parameters))
        made.append(ReadOut(parameters=p, hooks=_hooks(p, blocks, adder, adc)))
    return tuple(made)


def layer_vectors(network: Network, images: NDArray[np.uint8]) -> list[IntArray]:
    """Some inputs of every layer of the network without analog parts, each (vectors, rows)."""
    found: list[IntArray] = []

    def multiply(layer: Layer, inputs: NDArray[np.int8]) -> tuple[IntArray, IntArray]:
        some = np.linspace(0, len(inputs) - 1, min(len(inputs), CALIBRATION_VECTORS)).astype(np.int64)
        found.append(inputs[some].astype(np.int64))
        return branch_sums(layer, inputs)

    run(network, images, multiply=multiply)
    return found


def _blocks(vectors: IntArray, layer: Layer, rows: int) -> list[tuple[IntArray, IntArray]]:
    """Inputs and weights of each row block, zeros on rows that it does not use."""
    weights = layer.weights.astype(np.int64)
    spare = -len(weights) % rows
    vectors, weights = np.pad(vectors, [(0, 0), (0, spare)]), np.pad(weights, [(0, spare), (0, 0)])
    starts = range(0, len(weights), rows)
    return [(vectors[:, start : start + rows], weights[start : start + rows]) for start in starts]


def _hooks(
    p: CrossbarParameters,
    blocks: list[tuple[IntArray, IntArray]],
    adder: AdderInstance | None,
    adc: AdcInstance | None,
) -> ErrorHooks:
    accumulator = None
    if adder is not None:
        lines = max(line_fraction(inputs, weights, p) for inputs, weights in blocks)
        accumulator = AdderHook(adder=adder, line_fraction=lines)
    converter = None if adc is None else AdcHook(adc=adc, code_maximum=p.code_maximum)
    return ErrorHooks(accumulator=accumulator, converter=converter)


Products = Callable[[Layer, NDArray[np.int8], ReadOut], IntArray]
"""Inputs of a layer (vectors, rows) and how it is read to what is read: products or codes (vectors, outputs)."""


def run_through(network: Network, images: NDArray[np.uint8], read_outs: Sequence[ReadOut]) -> Outcome:
    """The network with every layer's products from a crossbar; batch norm, ReLU and rounding stay exact.

    Raises ValueError for another number of read-outs, and as the dataflows do.
    """
    sinad: list[float] = []

    def products(layer: Layer, inputs: NDArray[np.int8], how: ReadOut) -> IntArray:
        values = golden_products(layer, inputs, how)
        positive, negative = branch_sums(layer, inputs)
        sinad.append(data_sinad_db(positive - negative, values * how.unit))
        return values

    return Outcome(logits=run_with(network, images, read_outs, products), sinad_db=tuple(sinad))


def golden_products(layer: Layer, inputs: NDArray[np.int8], how: ReadOut) -> IntArray:
    """What the golden dataflow reads."""
    return crossbar_layer(inputs.astype(np.int64), layer.weights, how.parameters, hooks=how.hooks).values


def run_with(
    network: Network, images: NDArray[np.uint8], read_outs: Sequence[ReadOut], products: Products
) -> NDArray[np.int8]:
    """Logits (images, 1, 1, 10) of the network whose layers are read by ``products``; all else stays exact.

    Raises ValueError for another number of read-outs.
    """
    if len(read_outs) != len(network):
        raise ValueError(f"read_outs must be one for each of the {len(network)} layers, not {len(read_outs)}")
    chosen = {layer.geometry.name: how for layer, how in zip(network, read_outs, strict=True)}

    def multiply(layer: Layer, inputs: NDArray[np.int8]) -> tuple[IntArray, IntArray]:
        values = products(layer, inputs, chosen[layer.geometry.name])
        return values, np.zeros_like(values)

    def backend(layer: Layer, positive: IntArray, negative: IntArray) -> NDArray[np.int8]:
        unit = chosen[layer.geometry.name].unit
        return exact_backend(replace(layer, input_scale=layer.input_scale * unit), positive, negative)

    return run(network, images, backend, multiply)[-1]
