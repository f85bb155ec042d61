"""What the bit lines of each layer count on calibration images: histograms, and samples of real counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flow.sar.arrays import INPUT_BITS, Activations, Integers, LayerArrays, layer_counts

# Vectors whose counts are in memory at a time: bounds it to some 100 MB.
_CHUNK = 2048


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerStatistics:
    """Histogram of a layer's bit-line counts by input bit and slice, (input bits, slices, 2^bits).

    Counts above the largest code are counted as that one; ``clipped`` says how many there were.
    """

    by_slice: Integers
    clipped: int

    @property
    def histogram(self) -> Integers:
        """Of all conversions: (2^bits,)."""
        return self.by_slice.sum(axis=(0, 1))

    @property
    def conversions(self) -> int:
        """How many counts there are."""
        return int(self.by_slice.sum())

    @property
    def largest(self) -> int:
        """The largest count seen, as converted."""
        return int(np.flatnonzero(self.histogram)[-1])

    def share_below(self, count: int) -> float:
        """Share of the counts below ``count``."""
        return float(self.histogram[:count].sum() / self.conversions)


def layer_statistics(arrays: LayerArrays, inputs: Activations, bits: int) -> LayerStatistics:
    """Histograms of a layer's counts for ``inputs`` (vectors, rows of the layer), at a resolution of ``bits``."""
    slices, levels = arrays.parameters.slices, 1 << bits
    wide = np.zeros((INPUT_BITS, slices, max(levels, arrays.largest_count + 1)), np.int64)
    for start in range(0, len(inputs), _CHUNK):
        counts = layer_counts(arrays, inputs[start : start + _CHUNK])
        for bit in range(INPUT_BITS):
            for part in range(slices):
                wide[bit, part] += np.bincount(counts[:, bit, :, :, part].ravel(), minlength=wide.shape[-1])
    above = wide[..., levels:].sum(axis=-1)
    by_slice = wide[..., :levels].copy()
    by_slice[..., -1] += above
    return LayerStatistics(by_slice=by_slice, clipped=int(above.sum()))


def slice_weights(arrays: LayerArrays) -> Integers:
    """What a squared error counts for, by input bit and slice: 4^(input bit + cell_bits * slice)."""
    places = np.arange(arrays.parameters.slices) * arrays.parameters.cell_bits
    return 4 ** (np.arange(INPUT_BITS)[:, np.newaxis] + places)


def conversion_workload(
    layers: Sequence[tuple[LayerArrays, Activations]], count: int, seed: int
) -> tuple[Integers, Integers]:
    """``count`` real conversions drawn from all of the network's: the layer of each, and its bit-line count.

    ``layers``: each layer with vectors of its activations. Layers are drawn by their number of conversions, vectors
    and bit lines evenly, with replacement; the order is random, as an array with columns of any kind would show them.
    Counts are not clipped. Raises ValueError for a ``count`` below 1.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    random = np.random.default_rng(seed)
    sizes = np.array([len(inputs) * arrays.conversions for arrays, inputs in layers])
    chosen = random.choice(len(layers), count, p=sizes / sizes.sum())
    drawn = np.empty(count, np.int64)
    for index, (arrays, inputs) in enumerate(layers):
        here = np.flatnonzero(chosen == index)
        drawn[here] = _draw(arrays, inputs, len(here), random)
    return chosen, drawn


def _draw(arrays: LayerArrays, inputs: Activations, count: int, random: np.random.Generator) -> Integers:
    """Counts of ``count`` bit lines drawn evenly."""
    tiles, columns, slices, _ = arrays.cells.shape
    bits = random.integers(0, INPUT_BITS, count)
    tile, column, part = (random.integers(0, size, count) for size in (tiles, columns, slices))
    vectors = random.integers(0, len(inputs), count)
    planes = arrays.tiled(inputs)[vectors, tile] >> bits[:, np.newaxis] & 1
    return (planes.astype(np.int64) * arrays.cells[tile, column, part]).sum(axis=-1)
