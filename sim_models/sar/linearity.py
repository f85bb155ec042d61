"""What deviations do to a converter: steps of unequal size, codes that are seen, error on a distribution."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, integers, require_integer
from sim_models.sar.convert import Converter
from sim_models.sar.metrics import FloatArray, nmse, weights_of
from sim_models.sar.nonideal import NonIdealSar
from sim_models.sar.nonideal_parameters import SarNonIdealities


@dataclass(frozen=True, kw_only=True, eq=False)
class Linearity:
    """``inl`` (2^bits - 1,) of the thresholds 1, 2, ...; ``dnl`` (2^bits - 2,) of the steps between them; in LSB."""

    inl: FloatArray
    dnl: FloatArray


def linearity(thresholds: ArrayLike) -> Linearity:
    """Nonlinearity of a plain converter with ``thresholds`` (2^bits,) of a settled DAC, as `NonIdealSar` has them.

    End-point: against the line through the lowest and the highest threshold, whose mean step is the LSB, so that offset
    and gain do not count. A step of -1 or less is a code that is never given. Raises ValueError for other lengths than
    2^bits with bits 2..16, and for thresholds that are not finite or do not rise from the first to the last.
    """
    levels = np.asarray(thresholds, np.float64)
    if levels.ndim != 1 or levels.size not in {1 << bits for bits in range(2, 17)}:
        raise ValueError(f"thresholds must have the shape (2^bits,) with bits 2..16, not {levels.shape}")
    if not np.isfinite(levels).all() or levels[-1] <= levels[1]:
        raise ValueError("thresholds must be finite and rise from the first to the last")
    step = (levels[-1] - levels[1]) / (levels.size - 2)
    line = levels[1] + step * np.arange(levels.size - 1)
    return Linearity(inl=(levels[1:] - line) / step, dnl=np.diff(levels[1:]) / step - 1)


def code_histogram(counts: ArrayLike, converter: NonIdealSar, parameters: Converter, *, run: int = 0) -> IntArray:
    """How often each aligned code comes out for ``counts``: (2, 2^bits), the codes of R2 in the second row."""
    made = converter.convert(counts, parameters, run=run)
    size = converter.maximum + 1
    places = (made.code + np.where(made.in_r1, 0, size)).reshape(-1)
    return np.bincount(places, minlength=2 * size).reshape(2, size)


def noisy_nmse(histogram: ArrayLike, converter: NonIdealSar, parameters: Converter, *, repeats: int = 1) -> float:
    """Normalized squared error on ``histogram`` (as in `metrics.weights_of`), each count converted ``repeats`` times.

    Infinite where all counts are 0 and not all values are. Raises ValueError for repeats below 1.
    """
    require_integer("repeats", repeats, 1)
    weights = weights_of(histogram, converter.bits)
    counts = np.arange(weights.size)
    tried = np.broadcast_to(counts, (repeats, counts.size))
    errors = (converter.convert(tried, parameters).value - counts) ** 2
    lost, power = float(weights @ errors.mean(axis=0)), float(weights @ counts**2)
    return lost / power if power else (0.0 if lost == 0 else np.inf)


def added_nmse(histogram: ArrayLike, converter: NonIdealSar, parameters: Converter, *, repeats: int = 1) -> float:
    """`noisy_nmse` less the error of the ideal converter: may be negative where deviations happen to help."""
    return noisy_nmse(histogram, converter, parameters, repeats=repeats) - nmse(histogram, parameters)


def monte_carlo(
    histogram: ArrayLike, parameters: Converter, nonidealities: SarNonIdealities, seeds: ArrayLike
) -> FloatArray:
    """`added_nmse` of one converter instance a seed, (seeds,); the seed of ``nonidealities`` is not used."""
    each = integers("seeds", seeds, 0).reshape(-1)
    instances = (NonIdealSar(parameters.bits, replace(nonidealities, seed=int(seed))) for seed in each)
    return np.array([added_nmse(histogram, instance, parameters) for instance in instances], np.float64)
