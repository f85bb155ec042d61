"""Conversion of many counts at once, through the transfer table, with narrow results on several threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sim_models.arith.checking import integers, require_integer
from sim_models.sar.convert import Conversion, Converter, transfer

Narrow = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, kw_only=True, eq=False)
class BulkConversion:
    """As `Conversion`, in narrow types and the shape of the counts.

    ``code`` and ``value``: uint8 up to 8 bits, else uint16. ``in_r1``: bool. ``operations``: uint8. ``clipped``: how
    many counts were above the largest one.
    """

    code: Narrow
    in_r1: NDArray[np.bool_]
    operations: NDArray[np.uint8]
    value: Narrow
    clipped: int


def convert_bulk(
    counts: NDArray[np.uint8] | NDArray[np.uint16], parameters: Converter, *, clip: bool = False, threads: int = 2
) -> BulkConversion:
    """The conversions of `convert` for a large array of unsigned counts, several times as fast.

    Counts of other integer types are taken too, and copied first. Raises ValueError for counts as `convert` does, and
    for threads outside 1..256.
    """
    require_integer("threads", threads, 1, 256)
    words = _unsigned(counts, parameters, clip)
    narrow = np.dtype(np.uint8 if parameters.bits <= 8 else np.uint16)
    table = transfer(parameters)
    results = tuple(np.empty(words.shape, kind) for kind in (narrow, np.bool_, np.uint8, narrow))
    pieces = [np.array_split(array.reshape(-1), threads) for array in (words, *results)]
    gather, tables = _gather(), _tables(table, narrow)

    def piece(index: int) -> int:
        return int(gather(*(arrays[index] for arrays in pieces), *tables))

    with ThreadPoolExecutor(threads) as pool:
        clipped = sum(pool.map(piece, range(threads)))
    if clipped and not clip:
        integers("counts", words, 0, parameters.maximum)
    code, in_r1, operations, value = results
    return BulkConversion(code=code, in_r1=in_r1, operations=operations, value=value, clipped=clipped)


def _unsigned(counts: NDArray[np.generic], parameters: Converter, clip: bool) -> NDArray[np.unsignedinteger]:
    """``counts`` in memory order, as uint8, uint16 or, from other types, uint32: those may be negative or wider."""
    array = np.ascontiguousarray(counts).reshape(np.shape(counts))
    if array.dtype in (np.uint8, np.uint16):
        return array
    words = integers("counts", array, 0, None if clip else parameters.maximum)
    return np.minimum(words, parameters.maximum + 1).astype(np.uint32)


def _tables(table: Conversion, narrow: np.dtype) -> tuple[NDArray, ...]:
    kinds = (narrow, np.dtype(bool), np.dtype(np.uint8), narrow)
    columns = (table.code, table.in_r1, table.operations, table.value)
    return tuple(column.astype(kind) for column, kind in zip(columns, kinds, strict=True))


@cache
def _gather() -> Callable[..., int]:
    """The compiled loop, compiled once for each set of types; it lets other threads run."""
    import numba

    def gather(
        counts: NDArray[np.unsignedinteger],
        code: Narrow,
        in_r1: NDArray[np.bool_],
        operations: NDArray[np.uint8],
        value: Narrow,
        codes: Narrow,
        ranges: NDArray[np.bool_],
        made: NDArray[np.uint8],
        values: Narrow,
    ) -> int:
        maximum, clipped = np.int64(codes.size - 1), 0
        for index in range(counts.size):
            count = np.int64(counts[index])
            if count > maximum:
                clipped += 1
                count = maximum
            code[index], in_r1[index] = codes[count], ranges[count]
            operations[index], value[index] = made[count], values[count]
        return clipped

    compiled: Callable[..., int] = numba.njit(nogil=True)(gather)
    return compiled
