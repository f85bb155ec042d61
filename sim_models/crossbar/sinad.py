"""Signal to noise and distortion, of sines of a known frequency and of any products."""

import math

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import require_integer, require_real
from sim_models.crossbar.checking import real_array


def sine_sinad_db(samples: ArrayLike, periods: int) -> float:
    """SINAD in dB of ``samples`` (count,), which hold ``periods`` whole periods of a sine.

    The signal is the least-squares sine, cosine and constant, so that errors of gain and offset do not count; the
    constant is no signal. Infinite without an error, minus infinity without a signal. Raises ValueError for fewer than
    8 samples, values that are not finite, and periods outside 1..(count - 1) / 2.
    """
    values = real_array("samples", samples)
    if values.ndim != 1 or len(values) < 8:
        raise ValueError(f"samples must have one axis of at least 8, not the shape {values.shape}")
    require_integer("periods", periods, 1, (len(values) - 1) // 2)
    angle = 2 * np.pi * periods / len(values) * np.arange(len(values))
    sine, cosine, mean = np.sin(angle), np.cos(angle), values.mean()
    centred = values - mean
    signal = (centred @ sine) * sine + (centred @ cosine) * cosine  # orthogonal over whole periods
    signal *= 2 / len(values)
    return _ratio_db(float(np.mean(signal**2)), float(np.mean((centred - signal) ** 2)))


def data_sinad_db(exact: ArrayLike, measured: ArrayLike) -> float:
    """Variance of ``exact`` over the mean squared error of ``measured``, both (...), in dB; gain and offset do count.

    Infinite without an error. Raises ValueError for different shapes, values that are not finite, and ``exact`` values
    that are all equal.
    """
    wanted, found = real_array("exact", exact), real_array("measured", measured)
    if wanted.shape != found.shape:
        raise ValueError(f"measured must have the shape of exact, {wanted.shape}, not {found.shape}")
    if not wanted.size or (wanted == wanted.flat[0]).all():
        raise ValueError("exact must hold at least two different values, it does not")
    return _ratio_db(float(wanted.var()), float(np.mean((found - wanted) ** 2)))


def full_scale_sinad_db(error: float) -> float:
    """SINAD in dB of a sine of amplitude 1 with an rms ``error``. Raises ValueError unless it is above 0 and finite."""
    require_real("error", error, 0, 1e300)
    if error == 0:
        raise ValueError("error must be above 0, not 0")
    return -20 * math.log10(error * math.sqrt(2))


def _ratio_db(signal: float, error: float) -> float:
    if error == 0:
        return math.inf
    return 10 * math.log10(signal / error) if signal else -math.inf
