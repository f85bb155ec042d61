"""Layers of a network through the in-memory unit, in products that its counters and kept sums hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gen.rtl import Rtl
from gen.vectors.asm_in_memory import ProductWork
from sim_models.arith.checking import require_instance
from sim_models.asm.in_memory import MAXIMUM_COUNT, InMemoryParameters, outputs_at_once, sums_of_rows
from sim_models.asm.in_memory_cycles import unit_cycles
from sim_models.asm.program import require_matrix
from verif.asm_in_memory_work import run_works

Integers = NDArray[np.int64]
_CYCLES_AT_ONCE = 2_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerRun:
    """What the hardware made of a layer.

    ``sums`` (positions, outputs), exact. ``cycles``: from each descriptor to its last result, over all ``products``;
    ``expected_cycles``: by formula. ``reads``, ``writes``: micro-operations that read or write a row, of each bank.
    """

    sums: Integers
    cycles: int
    expected_cycles: int
    reads: int
    writes: int
    products: int


def run_layers(
    rtl: Rtl, layers: Sequence[tuple[ArrayLike, ArrayLike]], parameters: InMemoryParameters
) -> list[LayerRun]:
    """Each layer on the hardware: pairs of inputs (positions, length) and weights (length, outputs).

    Inputs are unsigned, weights signed and supported; of convolutions the matrices that im2col makes of them. Raises
    ValueError for no layers, no matrices, shapes that do not match, operands that are not of ``parameters``, and
    a length above ``reduction_length``.
    """
    require_instance("parameters", parameters, InMemoryParameters)
    if not layers:
        raise ValueError("layers must be at least one, not none")
    return [run_layer(rtl, inputs, weights, parameters) for inputs, weights in layers]


def run_layer(rtl: Rtl, inputs: ArrayLike, weights: ArrayLike, parameters: InMemoryParameters) -> LayerRun:
    """One layer. Raises ValueError as `run_layers` does."""
    p = parameters
    x, w = require_matrix("inputs", inputs), require_matrix("weights", weights)
    if x.shape[1] != len(w):
        raise ValueError(f"weights must have as many rows as inputs has columns, {x.shape[1]}, not {len(w)}")
    sums = np.zeros((len(x), w.shape[1]), np.int64)
    cycles = expected = reads = writes = products = 0
    for pieces in _at_once(_pieces(x, w, p)):
        works = [ProductWork(inputs=x[rows], weights=w[:, columns]) for rows, columns in pieces]
        expected += sum(_cycles(work, p) for work in works)
        got = run_works(rtl, works, p)
        cycles, products = cycles + int(got["cycles"].sum()), products + len(works)
        # The last cycle's own micro-operation is none: the last result is taken in it.
        reads, writes = reads + int(got["read_count"].sum()), writes + int(got["write_count"].sum())
        begin = 0
        for work, (rows, columns) in zip(works, pieces, strict=True):
            end = begin + -(-work.positions // p.positions_together) * work.outputs
            sums[rows, columns] = sums_of_rows(got["sums"][begin:end], work.positions, work.outputs, p)
            begin = end
    return LayerRun(sums=sums, cycles=cycles, expected_cycles=expected, reads=reads, writes=writes, products=products)


def _cycles(work: ProductWork, p: InMemoryParameters) -> int:
    return unit_cycles(work.weights, work.positions, p).total


Piece = tuple[slice, slice]


def _pieces(x: Integers, w: Integers, p: InMemoryParameters) -> Iterator[tuple[Piece, int]]:
    """Rows of the inputs and columns of the weights that go together, with their cycles."""
    outputs = outputs_at_once(len(w), p)
    by_output = [slice(first, first + outputs) for first in range(0, w.shape[1], outputs)]
    for columns in by_output:
        # As many positions as one run of the simulator should have, a group at least.
        for_group = unit_cycles(w[:, columns], 1, p).total
        groups = min(MAXIMUM_COUNT, max(1, _CYCLES_AT_ONCE // for_group))
        positions = groups * p.positions_together
        for first in range(0, len(x), positions):
            rows = slice(first, first + positions)
            yield (rows, columns), for_group * -(-len(x[rows]) // p.positions_together)


def _at_once(pieces: Iterator[tuple[Piece, int]]) -> Iterator[list[Piece]]:
    """Pieces for one run of the simulator each."""
    some: list[Piece] = []
    cycles = 0
    for piece, more in pieces:
        if some and cycles + more > _CYCLES_AT_ONCE:
            yield some
            some, cycles = [], 0
        some.append(piece)
        cycles += more
    yield some
