"""Columns stored as their complement where they are more than half full, which saves a bit of the converter."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, require_instance
from sim_models.crossbar.checking import integer_array
from sim_models.crossbar.parameters import CrossbarParameters


def flip_flags(cells: ArrayLike, parameters: CrossbarParameters) -> NDArray[np.bool_]:
    """Which columns of ``cells`` (..., rows, outputs) are more than half full: (..., outputs).

    Raises ValueError for cells that are no integers 0..``cell_maximum`` of that shape. Source: ISAAC for the idea; the
    threshold, strictly above half, is this project's.
    """
    return 2 * _checked(cells, parameters).sum(axis=-2) > parameters.rows * parameters.cell_maximum


def flip_columns(cells: ArrayLike, parameters: CrossbarParameters) -> tuple[IntArray, NDArray[np.bool_]]:
    """``cells`` (..., rows, outputs) as stored, flipped columns complemented, and the flags of `flip_flags`.

    The sums of a flipped column are restored by ``cell_maximum * unit - sum``, where unit is the sum of what drives
    the rows; no sum of a stored column is above half of ``line_maximum``. Raises ValueError as `flip_flags` does.
    """
    words = _checked(cells, parameters)
    flags = flip_flags(words, parameters)
    return np.where(flags[..., np.newaxis, :], parameters.cell_maximum - words, words), flags


def unit_sums(driven: ArrayLike) -> IntArray:
    """What the unit column measures: the sum of what drives the rows, the last axis, which stays with length 1.

    Raises ValueError for what is no array of integers.
    """
    words = integer_array("driven", driven)
    if words.ndim == 0:
        raise ValueError("driven must have the shape (..., rows), not ()")
    return words.sum(axis=-1, keepdims=True)


def _checked(cells: ArrayLike, parameters: CrossbarParameters) -> IntArray:
    require_instance("parameters", parameters, CrossbarParameters)
    words = integer_array("cells", cells, 0, parameters.cell_maximum)
    if words.ndim < 2 or words.shape[-2] != parameters.rows:
        raise ValueError(f"cells must have the shape (..., {parameters.rows}, outputs), not {words.shape}")
    return words
