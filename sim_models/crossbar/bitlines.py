"""Sums on the bit lines, cycle by cycle, a bounded number of vectors at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray
from sim_models.crossbar.parameters import CrossbarParameters
from sim_models.crossbar.slices import driven_slices

PIECE = 1 << 19  # sums held at a time, which bounds memory; with a random hook also part of what a seed means
EXACT_SINGLE = 1 << 24  # integers below it, and sums of them that stay below it, are exact in float32


@dataclass(frozen=True, kw_only=True, eq=False)
class Vectors:
    """Some vectors: ``driven`` (cycles, vectors, rows), ``factors`` of the cycles' sums, ``place`` among all vectors.

    ``driven`` times ``factors``, summed over the cycles, are the inputs.
    """

    driven: IntArray
    factors: IntArray
    place: slice

    @property
    def input_sums(self) -> IntArray:
        """Sums of the inputs, (vectors, 1): what the unit column gives over all cycles."""
        return np.tensordot(self.factors, self.driven.sum(axis=-1), axes=1)[:, np.newaxis]


def pieces(inputs: IntArray, sums_per_vector: int, parameters: CrossbarParameters) -> Iterator[Vectors]:
    """``inputs`` (vectors, rows) in parts whose sums are at most about `PIECE` numbers."""
    length = max(1, PIECE // max(sums_per_vector, parameters.rows * parameters.cycles))
    for start in range(0, len(inputs), length):
        place = slice(start, min(start + length, len(inputs)))
        driven, factors = driven_slices(inputs[place], parameters)
        yield Vectors(driven=driven, factors=factors, place=place)


class Lines:
    """Bit lines over ``cells`` (polarities, slices, rows, ``outputs``), laid out once for the sums of every cycle.

    Sums are matrix products in floating point, exact as no sum of magnitudes leaves the integers of its type: float32
    below 2^24, else float64, as none is above 2^12 rows * 2^16 * 2^16, slices joined.
    """

    def __init__(self, cells: IntArray, parameters: CrossbarParameters) -> None:
        polarities, slices, rows, outputs = cells.shape
        largest = rows * ((1 << parameters.dac_bits) - 1) * int(np.abs(cells).max())
        self._kind: np.dtype[Any] = np.dtype(np.float32 if largest < EXACT_SINGLE else np.float64)
        self._shape = (-1, polarities, slices, outputs)
        self.outputs = outputs
        self._columns: NDArray[Any] = cells.transpose(2, 0, 1, 3).reshape(rows, -1).astype(self._kind)

    def sums(self, driven: IntArray) -> IntArray:
        """Sums of one cycle's ``driven`` (vectors, rows): (polarities, slices, vectors, outputs)."""
        flat: NDArray[Any] = driven.astype(self._kind) @ self._columns
        return flat.astype(np.int64).reshape(self._shape).transpose(1, 2, 0, 3)


def flattened(inputs: IntArray) -> IntArray:
    """``inputs`` (..., rows) as (vectors, rows)."""
    return inputs.reshape(-1, inputs.shape[-1])


def shaped(values: np.ndarray, inputs: ArrayLike) -> np.ndarray:
    """``values`` (vectors, outputs) in the shape that ``inputs`` (..., rows) give, (..., outputs)."""
    return values.reshape(*np.shape(inputs)[:-1], values.shape[-1])
