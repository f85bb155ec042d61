"""The digits network through the converters of its arrays, layer by layer; what was run before is not run again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flow.digits.network import INPUT_GAIN, Layer, Network, exact_backend, patches, predicted_digits
from flow.digits.network import load as load_network
from flow.digits.network import run as run_exact
from flow.sar.arrays import Activations, ArrayParameters, LayerArrays, map_layer
from flow.sar.converters import Tally, convert_layer
from sim_models.sar import Converter

Configurations = tuple[Converter, ...]
"""One per layer, in order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What the network made of the images: how many correct, its logits, and each layer's conversions.

    ``loss``: mean squared difference of the int8 logits from those of the network without converters, less what all
    logits of an image have in common, which decides nothing.
    """

    correct: int
    loss: float
    logits: NDArray[np.int8]
    tallies: tuple[Tally, ...]

    @property
    def tally(self) -> Tally:
        """Conversions of all layers."""
        return sum(self.tallies, Tally())


class Evaluation:
    """Images run under one set of configurations after another. Keeps the outputs of every layer run so far."""

    def __init__(self, arrays: Sequence[LayerArrays], images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        self.arrays, self._images, self._labels = tuple(arrays), images, labels
        self._exact = run_exact(tuple(each.layer for each in self.arrays), images)[-1]
        self._done: dict[Configurations, tuple[Activations, Tally]] = {}

    @property
    def images(self) -> int:
        """How many images there are."""
        return len(self._images)

    @property
    def exact_correct(self) -> int:
        """Images that the network without converters gets right."""
        return self._correct(self._exact)

    def run(self, configurations: Configurations) -> Outcome:
        """The network with these converters."""
        activations = first_activations(self._images)
        tallies = []
        for index, arrays in enumerate(self.arrays):
            key = configurations[: index + 1]
            if key not in self._done:
                self._done[key] = _run_layer(arrays, activations, configurations[index])
            activations, tally = self._done[key]
            tallies.append(tally)
        difference = activations.astype(np.float64) - self._exact
        difference -= difference.mean(axis=-1, keepdims=True)
        return Outcome(
            correct=self._correct(activations),
            loss=float((difference**2).mean()),
            logits=activations,
            tallies=tuple(tallies),
        )

    def _correct(self, logits: NDArray[np.int8]) -> int:
        return int((predicted_digits(logits) == self._labels).sum())


def map_network(parameters: ArrayParameters, network: Network | None = None) -> tuple[LayerArrays, ...]:
    """Every layer of the digits network, or of ``network``, on its arrays."""
    return tuple(map_layer(layer, parameters) for layer in network or load_network())


def layer_inputs(network: Network, images: NDArray[np.uint8]) -> tuple[Activations, ...]:
    """Each layer's vectors, (vectors, rows), in the network without converters."""
    activations = (first_activations(images), *run_exact(network, images))
    return tuple(_vectors(inputs, layer) for layer, inputs in zip(network, activations[:-1], strict=True))


def first_activations(images: NDArray[np.uint8]) -> Activations:
    """Pixels 0..16 as activations of one channel."""
    return (images * np.uint8(INPUT_GAIN)).astype(np.int8)[..., np.newaxis]


def _run_layer(arrays: LayerArrays, activations: Activations, configuration: Converter) -> tuple[Activations, Tally]:
    inputs = patches(activations, arrays.layer.geometry)
    converted = convert_layer(arrays, inputs.reshape(-1, inputs.shape[-1]), configuration)
    outputs = exact_backend(arrays.layer, converted.positive, converted.negative)
    return outputs.reshape(*inputs.shape[:3], -1), converted.tally


def _vectors(activations: Activations, layer: Layer) -> Activations:
    inputs = patches(activations, layer.geometry)
    return inputs.reshape(-1, inputs.shape[-1])
