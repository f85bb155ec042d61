"""All conversions of a layer, with the golden transfer of its converter's configuration, and what they cost."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from flow.sar.arrays import INPUT_BITS, Activations, Integers, LayerArrays, branches, check_inputs
from flow.sar.popcount import Words, kernel, pack
from sim_models.sar import Converter, convert

# Conversions of one call of the kernel: the comparisons of so many fit the 32 bits that they are added up in.
_CHUNK = 1 << 24
_CLIPPED = 32


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What conversions cost: their number, the comparisons made, and how many counts were above the largest code."""

    conversions: int = 0
    operations: int = 0
    clipped: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            conversions=self.conversions + other.conversions,
            operations=self.operations + other.operations,
            clipped=self.clipped + other.clipped,
        )

    @property
    def mean(self) -> float:
        """Comparisons per conversion."""
        return self.operations / self.conversions


@dataclass(frozen=True, kw_only=True, eq=False)
class Converted:
    """Sums of the positive and negative branch, (vectors, columns), as `flow.sar.arrays.add_up`, and their cost."""

    positive: Integers
    negative: Integers
    tally: Tally


def convert_layer(arrays: LayerArrays, inputs: Activations, configuration: Converter) -> Converted:
    """Convert every bit line of every vector of ``inputs`` (vectors, rows), clipping counts, and add the values up.

    The same, bit for bit, as `flow.sar.arrays.add_up` of the values of `flow.sar.arrays.layer_counts`. Raises
    ValueError for activations that `layer_counts` refuses.
    """
    check_inputs(arrays, inputs)
    table, cells = _table(arrays, configuration), _cell_words(arrays)
    cell_bits = arrays.parameters.cell_bits
    loop = kernel(cells.shape[-1] // cell_bits, cell_bits, INPUT_BITS)
    sums = np.empty((len(inputs), arrays.cells.shape[1]), np.int64)

    def run(part: slice) -> int:
        return loop(_input_words(arrays, inputs[part]), cells, arrays.places, table, sums[part])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        tallies = list(pool.map(run, _parts(len(inputs), arrays.conversions)))
    positive, negative = branches(arrays, inputs, sums)
    return Converted(
        positive=positive,
        negative=negative,
        tally=Tally(
            conversions=len(inputs) * arrays.conversions,
            operations=sum(tally & (1 << _CLIPPED) - 1 for tally in tallies),
            clipped=sum(tally >> _CLIPPED for tally in tallies),
        ),
    )


def _parts(vectors: int, conversions: int) -> Sequence[slice]:
    """Equal parts, at least one a processor, each of at most `_CHUNK` conversions where a vector has no more."""
    parts = max(os.cpu_count() or 1, -(-vectors * conversions // _CHUNK))
    bounds = np.linspace(0, vectors, min(parts, vectors) + 1).astype(int)
    return [slice(start, stop) for start, stop in pairwise(bounds)]


def _table(arrays: LayerArrays, configuration: Converter) -> Integers:
    """By count: the value, the comparisons above its 16 bits, and above those whether the count was clipped."""
    converted = convert(np.arange(arrays.largest_count + 1), configuration, clip=True)
    return converted.value | converted.operations << 16 | converted.clipped.astype(np.int64) << 16 + _CLIPPED


def _cell_words(arrays: LayerArrays) -> Words:
    """Cells by bit, then by 64 rows: (tiles, columns, slices, cell bits * words)."""
    bits = [pack(arrays.cells >> bit & 1) for bit in range(arrays.parameters.cell_bits)]
    return np.ascontiguousarray(np.concatenate(bits, axis=-1))


def _input_words(arrays: LayerArrays, inputs: Activations) -> Words:
    """Activations by 64 rows, then by bit: (vectors, tiles, words, input bits)."""
    tiled = arrays.tiled(inputs).view(np.uint8)
    return np.stack([pack(tiled >> bit & 1) for bit in range(INPUT_BITS)], axis=-1)
