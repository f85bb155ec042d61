"""What a conversion loses on a distribution of counts, and what it costs: error, signal to noise, comparisons."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.sar.convert import Converter, transfer

FloatArray = NDArray[np.float64]


def weights_of(histogram: ArrayLike, bits: int) -> FloatArray:
    """``histogram`` as float64, shape (2^bits,): how often each count is seen, in any unit.

    Raises ValueError unless it has that length, nothing negative, infinite or NaN, and something above 0.
    """
    weights = np.asarray(histogram)
    if weights.dtype.kind not in "iuf":
        raise ValueError(f"histogram must be numbers, not {weights.dtype}")
    if weights.shape != (1 << bits,):
        raise ValueError(f"histogram must have the shape ({1 << bits},), one entry a count, not {weights.shape}")
    weights = weights.astype(np.float64)
    if not np.isfinite(weights).all():
        raise ValueError("histogram must be finite, which it is not")
    if weights.min() < 0:
        raise ValueError(f"histogram must be at least 0 everywhere, not {weights.min():g}")
    if not weights.any():
        raise ValueError("histogram must hold a count, it is empty")
    return weights


def nmse(histogram: ArrayLike, parameters: Converter) -> float:
    """Mean squared error of the values over the mean square of the counts: 0 if both are 0, infinite if only the last.

    ``histogram`` as in `weights_of`.
    """
    return nmse_of(histogram, transfer(parameters).value)


def nmse_of(histogram: ArrayLike, values: ArrayLike) -> float:
    """As `nmse`, of any converter that gives ``values`` (2^bits,) for the counts in order."""
    made = np.asarray(values, np.float64)
    counts = np.arange(made.size)
    weights = weights_of(histogram, made.size.bit_length() - 1)
    error = float(weights @ (made - counts) ** 2)
    power = float(weights @ counts.astype(np.float64) ** 2)
    if power == 0:
        return 0.0 if error == 0 else math.inf
    return error / power


def mean_operations(histogram: ArrayLike, parameters: Converter) -> float:
    """Comparisons of a conversion, averaged over ``histogram`` (see `weights_of`)."""
    weights = weights_of(histogram, parameters.bits)
    return float(weights @ transfer(parameters).operations / weights.sum())


def csnr_db(exact: ArrayLike, measured: ArrayLike) -> float:
    """Compute signal-to-noise ratio of ``measured`` in dB: variance of ``exact`` over the variance of the error.

    The error's mean is removed: a constant is not noise. Infinite for an error without variance; minus infinity if only
    ``exact`` has none. Raises ValueError for empty arrays, other values than finite numbers, and different shapes.
    Source: arXiv 2507.09776.
    """
    signal, result = (_finite(name, values) for name, values in (("exact", exact), ("measured", measured)))
    if signal.shape != result.shape:
        raise ValueError(f"measured must have the shape of exact, {signal.shape}, not {result.shape}")
    return _ratio_db(float(signal.var()), _error_variance(signal, result))


def histogram_csnr_db(histogram: ArrayLike, parameters: Converter) -> float:
    """`csnr_db` of the values against the counts, weighted by ``histogram`` (see `weights_of`)."""
    weights = weights_of(histogram, parameters.bits)
    counts = np.arange(parameters.maximum + 1)
    error = transfer(parameters).value - counts
    return _ratio_db(_variance(counts, weights), _variance(error, weights))


def _finite(name: str, values: ArrayLike) -> FloatArray:
    array = np.asarray(values)
    if array.dtype.kind not in "biuf" or not array.size or not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers, at least one")
    return array.astype(np.float64)


def _error_variance(signal: FloatArray, result: FloatArray) -> float:
    error = result - signal
    return 0.0 if (error == error.flat[0]).all() else float(error.var())  # a constant is exact only this way


def _variance(values: NDArray[np.int64], weights: FloatArray) -> float:
    seen = values[weights > 0]
    if (seen == seen[0]).all():
        return 0.0
    mean = weights @ values / weights.sum()
    return float(weights @ (values - mean) ** 2 / weights.sum())


def _ratio_db(signal: float, noise: float) -> float:
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal else -math.inf
