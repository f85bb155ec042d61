"""Bit lines, converters and shift-add in one compiled loop, about a nanosecond a conversion.

A bit line of 64 rows counts the ones of the AND of two words: input bits and cell bits. The count is looked up in the
converter's table and added to the column's sum in registers; no count is ever stored.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

WORD = 64

Words = NDArray[np.uint64]
Kernel = Callable[[Words, Words, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]], int]


def pack(bits: NDArray[np.integer]) -> Words:
    """Zeros and ones along the last axis as words of 64, padded with zeros."""
    spare = -bits.shape[-1] % WORD
    padded = np.pad(bits.astype(np.uint8, copy=False), [(0, 0)] * (bits.ndim - 1) + [(0, spare)])
    return np.packbits(padded, axis=-1, bitorder="little").view("<u8").astype(np.uint64, copy=False)


def _ones(typing_context: Any, word: Any) -> Any:
    """Number of ones of a word: one instruction, which numba has no name for."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


ones: Any = intrinsic(_ones)


@cache
def kernel(words: int, cell_bits: int, input_bits: int) -> Kernel:
    """The loop for ``words`` of 64 rows a tile; constants of the loop are unrolled when it is compiled.

    It takes inputs (vectors, tiles, words, input_bits), cells (tiles, columns, slices, cell_bits * words), the factor
    of each bit line's values (tiles, columns, slices), a table by count, and the sums (vectors, columns) to write. An
    entry of the table has the value in its lowest 16 bits; the sum of all entries' other bits is returned. It lets
    other threads run.
    """

    def convert_and_add(
        inputs: Words,
        cells: Words,
        places: NDArray[np.int64],
        table: NDArray[np.int64],
        sums: NDArray[np.int64],
    ) -> int:
        tally = 0
        for vector in range(inputs.shape[0]):
            for column in range(cells.shape[1]):
                total = 0
                for tile in range(cells.shape[0]):
                    for part in range(cells.shape[2]):
                        value = 0
                        for bit in range(input_bits):
                            count = np.uint64(0)
                            for term in range(cell_bits * words):
                                both = inputs[vector, tile, term % words, bit] & cells[tile, column, part, term]
                                count += ones(both) << np.uint64(term // words)
                            entry = table[count]
                            value += (entry & 0xFFFF) << bit
                            tally += entry >> 16
                        total += value * places[tile, column, part]
                sums[vector, column] = total
        return tally

    try:
        compiled: Kernel = numba.njit(nogil=True, cache=True)(convert_and_add)
    except RuntimeError:  # no folder to keep compiled code in
        compiled = numba.njit(nogil=True)(convert_and_add)
    return compiled
