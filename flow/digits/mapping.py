"""The digits network on analog in-memory columns: input scaling, device swap, calibration, batch norm folded.

Every layer sits on columns of its own. What a column delivers, two counts per vector, and the real parameters that turn
them into activations are the same for every count back end; `flow.digits.backends` holds those.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flow.digits.network import Layer, Network, exact_backend, run
from sim_models.nmpu import (
    AimcColumnParameters,
    AimcColumns,
    ColumnScales,
    counts_per_unit,
    fit_columns,
    fold_batch_norm,
    full_range,
    swap_columns,
)

Counts = NDArray[np.int64]

CALIBRATION_READING = 0
CALIBRATION_VECTORS = 4000
"""At most so many vectors, evenly spread over the training vectors, are read to fit a layer's columns."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MappedLayer:
    """One layer on its columns.

    `swapped` (columns,): columns with their positive and negative devices exchanged, because their batch norm falls.
    `counts_per_unit`: counts per unit of an integer branch sum. `full_range`: range of the difference of the branches
    on the training images, in counts. `scales`: real correction per column, in output steps per count.
    """

    layer: Layer
    columns: AimcColumns
    swapped: NDArray[np.bool_]
    counts_per_unit: float
    full_range: float
    scales: ColumnScales

    @property
    def relu(self) -> bool:
        """Whether ReLU follows the correction."""
        return self.layer.geometry.relu


MappedNetwork = tuple[MappedLayer, ...]
CountBackend = Callable[[MappedLayer, Counts, Counts], NDArray[np.int8]]
"""Positive and negative counts (vectors, columns) to int8 activations of the same shape."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerRun:
    """What one layer saw and gave: counts (vectors, columns), activations (images, height, width, columns)."""

    mapped: MappedLayer
    counts_positive: Counts
    counts_negative: Counts
    activations: NDArray[np.int8]


def map_network(network: Network, images: NDArray[np.uint8], parameters: AimcColumnParameters) -> MappedNetwork:
    """Put every layer on columns drawn from `parameters.seed` and calibrate them with the vectors of `images`.

    Images should be training images. Each layer is calibrated with the inputs that the network without analog parts
    gives it. Raises ValueError where a layer's columns cannot be calibrated.
    """
    mapped: list[MappedLayer] = []

    def map_next(layer: Layer, positive: Counts, negative: Counts) -> NDArray[np.int8]:
        seed = parameters.seed * len(network) + len(mapped)
        columns = AimcColumns(replace(parameters, seed=seed), layer.geometry.columns)
        mapped.append(map_layer(layer, columns, positive, negative))
        return exact_backend(layer, positive, negative)

    run(network, images, map_next)
    return tuple(mapped)


def map_layer(layer: Layer, columns: AimcColumns, positive: Counts, negative: Counts) -> MappedLayer:
    """Scale the branch sums to the usable counts, read them once, fit the columns and fold the batch norm in."""
    norm, swapped = layer.batch_norm, layer.batch_norm.gamma < 0
    positive, negative = swap_columns(positive, negative, swapped)
    factor = counts_per_unit(positive, negative, columns.parameters)
    error_range = full_range(positive, negative) * factor
    some = np.linspace(0, len(positive) - 1, min(len(positive), CALIBRATION_VECTORS)).astype(np.int64)
    ideal_positive, ideal_negative = positive[some] * factor, negative[some] * factor
    counts = columns.read(ideal_positive, ideal_negative, error_range, CALIBRATION_READING)
    scales = fold_batch_norm(
        fit_columns(*counts, ideal_positive - ideal_negative),
        gamma=norm.gamma,
        beta=norm.beta,
        mean=norm.mean,
        deviation=np.sqrt(norm.variance),
        input_scale=layer.column_scale / factor,
        output_scale=layer.output_scale,
        swapped=swapped,
    )
    return MappedLayer(
        layer=layer, columns=columns, swapped=swapped, counts_per_unit=factor, full_range=error_range, scales=scales
    )


def run_mapped(
    mapped: MappedNetwork, images: NDArray[np.uint8], backend: CountBackend, reading: int = 1
) -> tuple[LayerRun, ...]:
    """Every layer's counts and activations, the logits (images, 1, 1, 10) last.

    The activations of `backend` feed the next layer. Back ends that run the same images with the same `reading` meet
    the same noise; reading 0 is the one of the calibration.
    """
    layers = {layer.layer.geometry.name: layer for layer in mapped}
    counts: list[tuple[Counts, Counts]] = []

    def read_and_correct(layer: Layer, positive: Counts, negative: Counts) -> NDArray[np.int8]:
        target = layers[layer.geometry.name]
        counts.append(read(target, positive, negative, reading))
        return backend(target, *counts[-1])

    activations = run(tuple(layer.layer for layer in mapped), images, read_and_correct)
    return tuple(
        LayerRun(mapped=layer, counts_positive=counts_p, counts_negative=counts_n, activations=outputs)
        for layer, (counts_p, counts_n), outputs in zip(mapped, counts, activations, strict=True)
    )


def read(mapped: MappedLayer, positive: Counts, negative: Counts, reading: int) -> tuple[Counts, Counts]:
    """Counts that the layer's columns deliver for branch sums (vectors, columns) of the layer as trained."""
    swapped_positive, swapped_negative = swap_columns(positive, negative, mapped.swapped)
    factor = mapped.counts_per_unit
    return mapped.columns.read(swapped_positive * factor, swapped_negative * factor, mapped.full_range, reading)
