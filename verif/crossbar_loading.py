"""Inputs of a crossbar before its vectors: what writes its cells, and patterns that begin after that."""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def cell_writes(cells: Integers) -> dict[str, Integers]:
    """What writes ``cells`` (rows, columns), by clock cycle: row by row."""
    rows, columns = np.divmod(np.arange(cells.size), cells.shape[1])
    return {"w_write": np.ones_like(rows), "w_row": rows, "w_column": columns, "w_data": cells.reshape(-1)}


def padded(words: Integers, length: int) -> Integers:
    """``words``, and then 0 up to ``length``."""
    return np.concatenate([words, np.zeros(length - len(words), np.int64)])


def after(first: int, pattern: Flags, length: int) -> Flags:
    """``pattern`` from cycle ``first`` on, repeated up to ``length``; nothing before."""
    return np.concatenate([np.zeros(first, bool), np.resize(pattern, length - first)])
