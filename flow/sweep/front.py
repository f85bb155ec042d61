"""The Pareto front: the points that no other point beats."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def on_front(values: ArrayLike) -> NDArray[np.bool_]:
    """Which rows of ``values``, of shape (points, metrics), no other row beats.

    A row is beaten by one that is at most as large in every metric and smaller in one; equal rows do not beat each
    other. Raises ValueError for another shape and for values that are not finite.
    """
    table = np.asarray(values, np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ValueError(f"values must be finite and of shape (points, metrics), not {table.shape}")
    kept = np.zeros(len(table), np.bool_)
    # In this order a row can only be beaten by an earlier one, and then also by one of the front so far.
    for row in np.lexsort(table.T[::-1]):
        front = table[kept]
        kept[row] = not ((front <= table[row]).all(axis=1) & (front < table[row]).any(axis=1)).any()
    return kept
