"""Where to clip for a non-uniform grid: signal to quantisation noise, the best clip, and scales found from values."""

from math import erfc, exp, frexp, log10, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import require_real

FloatArray = NDArray[np.float64]

_RATIOS = 64
"""Clips tried in each round of a search for the best one."""
_STARTS, _ROUNDS = 128, 4
"""Scales from which the least error is sought where there are too many edges, and how often each is improved."""
_EDGES = 1 << 21
"""So many products of a value and a level are at most sorted: some 100 MB."""
_EQUAL = 1e-12
"""Relative to the squares of all values, errors that differ by less are equal."""


def sqnr_db(levels: ArrayLike, clip: float) -> float:
    """Signal to quantisation noise in dB of a half-normal magnitude, sigma 1, rounded to the nearest scaled level.

    ``levels``: ascending numbers from 0; the largest is put at ``clip``, in sigma. By integration, not by sampling.
    Raises ValueError for levels that are not so and a ``clip`` outside 1e-3..1e3.
    """
    require_real("clip", clip, 1e-3, 1e3)
    grid = _levels(levels)
    return _sqnr_db(grid * (clip / grid[-1]))


def best_clip(levels: ArrayLike) -> tuple[float, float]:
    """The clip of a half-normal magnitude, in sigma, with the largest SQNR, and that SQNR in dB.

    Searched over 0.5 to 8 sigma, to 1e-5. Raises ValueError for levels that are no ascending numbers from 0.
    """
    grid = _levels(levels)
    low, high = 0.5, 8.0
    while high - low > 1e-5:
        clips = np.linspace(low, high, _RATIOS)
        best = int(np.argmax([_sqnr_db(grid * (clip / grid[-1])) for clip in clips]))
        low, high = clips[max(best - 1, 0)], clips[min(best + 1, _RATIOS - 1)]
    clip = float(low + high) / 2
    return clip, _sqnr_db(grid * (clip / grid[-1]))


def clip_search(values: ArrayLike, levels: ArrayLike) -> FloatArray:
    """Scale with the least squared error of ``scale * nearest level(|value| / scale)``: float64 (...).

    ``values`` (..., n): one scale for the last axis each, so per channel with channels first; ``levels``: ascending
    numbers from 0, such as supported words. The largest value may lie on any level, or beyond the last one. Of all
    scales the best, of equal ones the smallest; with more than 2^21 products of n and levels, the best of 128 clips,
    evenly up to twice the largest magnitude, each improved by least squares. Where all values are 0, or so small that a
    scale would be 0, it is 1.

    Raises ValueError for values that are not finite numbers or are empty, for levels that are no ascending numbers from
    0, and where a scale would be beyond all numbers.
    """
    grid = _levels(levels)
    unit = 2.0 ** (frexp(grid[-1])[1] - 1)
    magnitudes = np.abs(_finite("values", values))
    if magnitudes.ndim == 0 or magnitudes.size == 0:
        raise ValueError(f"values must be an array with no dimension of zero, not of shape {magnitudes.shape}")
    rows = magnitudes.reshape(-1, magnitudes.shape[-1])
    with np.errstate(over="ignore"):
        scales = np.array([_scale(row, grid / unit) for row in rows]) / unit
    if not np.isfinite(scales).all():
        raise ValueError(f"levels must be larger for values up to {magnitudes.max()}, not up to {grid[-1]}")
    scales[scales == 0] = 1.0
    return scales.reshape(magnitudes.shape[:-1])


def _scale(magnitudes: FloatArray, grid: FloatArray) -> float:
    """The scale, or 0 for zeros."""
    largest = float(magnitudes.max())
    if largest == 0:
        return 0.0
    ordered = np.sort(magnitudes[magnitudes > 0] / largest)
    search = _best if ordered.size * grid.size <= _EDGES else _improved
    return search(ordered, grid) * largest


def _best(ordered: FloatArray, grid: FloatArray) -> float:
    """The best of all scales.

    While a scale falls from above all values, each value takes one level after the other, at the edges between them.
    For fixed levels q the least error is sum(x^2) - sum(x q)^2 / sum(q^2), at sum(x q) / sum(q^2).
    """
    edges = (ordered[:, None] / _between(grid)).ravel()
    order = np.argsort(-edges, kind="stable")
    products = np.cumsum((ordered[:, None] * np.diff(grid)).ravel()[order])
    squares = np.cumsum(np.tile(np.diff(grid**2), ordered.size)[order])
    gains = products**2 / squares
    last = np.flatnonzero(gains >= gains.max() - _EQUAL * (ordered**2).sum())[-1]
    return float(products[last] / squares[last])


def _improved(ordered: FloatArray, grid: FloatArray) -> float:
    """The best of some scales, each replaced by that of least squares for the levels that it gives, several times."""
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    scales = np.linspace(2 / _STARTS, 2, _STARTS) / grid[-1]
    for _ in range(_ROUNDS):
        inner = np.searchsorted(ordered, scales[:, None] * _between(grid))
        ends = np.pad(inner, ((0, 0), (1, 1)), constant_values=(0, ordered.size))
        products, squares = np.diff(sums[ends]) @ grid, np.diff(ends) @ grid**2
        scales = products / squares  # the largest value takes a level above 0 at all of them
    return float(scales[np.argmax(products**2 / squares)])


def _between(grid: FloatArray) -> FloatArray:
    return (grid[:-1] + grid[1:]) / 2


def _sqnr_db(scaled: FloatArray) -> float:
    """Of levels in sigma: minus the mean squared error of the density 2 phi(x), x >= 0, whose mean square is 1."""
    edges = [0.0, *((scaled[:-1] + scaled[1:]) / 2).tolist(), np.inf]
    tails = np.array([_moments(edge) for edge in edges])
    mass, first, second = (tails[:-1] - tails[1:]).T
    noise = second - 2 * scaled * first + scaled**2 * mass
    return -10 * log10(float(noise.sum()))


def _moments(edge: float) -> tuple[float, float, float]:
    """Zeroth to second moment of the half-normal density above ``edge``."""
    if edge == np.inf:
        return 0.0, 0.0, 0.0
    density, tail = sqrt(2 / pi) * exp(-edge * edge / 2), erfc(edge / sqrt(2))
    return tail, density, edge * density + tail


def _levels(levels: ArrayLike) -> FloatArray:
    grid = _finite("levels", levels)
    if grid.ndim != 1 or len(grid) < 2 or grid[0] != 0 or (np.diff(grid) <= 0).any():
        raise ValueError("levels must be two or more ascending numbers from 0")
    return grid


def _finite(name: str, values: ArrayLike) -> FloatArray:
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be numbers, not {array.dtype}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite")
    return array.astype(np.float64)
