"""The clipped converter at equal comparisons: the best window for a distribution, and what other searches must beat."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim_models.sar.clipped_parameters import ClippedParameters
from sim_models.sar.metrics import FloatArray, nmse, weights_of


def best_clipped(
    histogram: ArrayLike, bits: int, kept_bits: int, *, mid_rise: bool = True
) -> tuple[ClippedParameters, float]:
    """The window and step of lowest `nmse` on ``histogram``, and that error; of equals the lowest start, then step.

    Raises ValueError for a histogram as `weights_of` does, and for bits and kept_bits as `ClippedParameters` does.
    """
    ClippedParameters(bits=bits, kept_bits=kept_bits, step_log2=0)
    weights = weights_of(histogram, bits)
    found: list[tuple[float, int, int]] = []
    for step_log2 in range(bits - kept_bits + 1):
        errors = _errors(weights, kept_bits, step_log2, mid_rise)
        start = int(np.argmin(errors))
        found.append((float(errors[start]), start, step_log2))
    _, start, step_log2 = min(found)
    chosen = ClippedParameters(bits=bits, kept_bits=kept_bits, step_log2=step_log2, start=start, mid_rise=mid_rise)
    return chosen, nmse(weights, chosen)


@dataclass(frozen=True, kw_only=True)
class EqualOperations:
    """Clipped converters that make as many comparisons as another one does on average.

    ``fewer`` and ``more`` have that number rounded down and up, at most bits, with the errors ``fewer_nmse`` and
    ``more_nmse``. ``nmse`` lies between these by its logarithm, linearly in the number of comparisons; None where one
    of them is 0, which has no logarithm.
    """

    fewer: ClippedParameters
    fewer_nmse: float
    more: ClippedParameters
    more_nmse: float
    nmse: float | None


def equal_operations(histogram: ArrayLike, bits: int, operations: float, *, mid_rise: bool = True) -> EqualOperations:
    """The baseline of a converter that makes ``operations`` comparisons on average of ``histogram``.

    Raises ValueError for operations that are not finite and at least 1, and as `best_clipped` does. Source: bitline's
    baseline of equal comparisons.
    """
    if not math.isfinite(operations) or operations < 1:
        raise ValueError(f"operations must be finite and at least 1, not {operations}")
    kept = min(float(operations), float(bits))
    fewer, low = best_clipped(histogram, bits, math.floor(kept), mid_rise=mid_rise)
    more, high = best_clipped(histogram, bits, math.ceil(kept), mid_rise=mid_rise)
    between = None
    if low > 0 and high > 0:
        share = kept - math.floor(kept)
        between = 10 ** ((1 - share) * math.log10(low) + share * math.log10(high))
    return EqualOperations(fewer=fewer, fewer_nmse=low, more=more, more_nmse=high, nmse=between)


def _errors(weights: FloatArray, kept_bits: int, step_log2: int, mid_rise: bool) -> FloatArray:
    """Weighted squared errors of the windows that start at 0, 1, ...: sums of terms that are never negative.

    No differences of sums, so that an error of 0 comes out as 0.
    """
    step, window = 1 << step_log2, 1 << kept_bits + step_log2
    half = step >> 1 if mid_rise else 0
    inside = np.correlate(weights, (np.arange(step) - half).astype(np.float64) ** 2, "valid")
    for doubling in range(kept_bits):
        apart = step << doubling
        inside = inside[:-apart] + inside[apart:]
    starts = inside.size
    below = _distances(weights, half)[:starts]
    above = _distances(weights[::-1], step - half - 1)[: weights.size - window + 1][::-1]
    return below + inside + above


def _distances(weights: FloatArray, offset: int) -> FloatArray:
    """The sums over x below o of weights[x] (o - x + offset)^2, for o from 0 to their number."""

    def before(terms: FloatArray) -> FloatArray:
        return np.concatenate([[0.0], np.cumsum(terms)])[:-1]

    padded = np.append(weights, 0.0)
    total = before(padded)
    first = before(total + padded * (offset + 1))
    return before(2 * first + total + padded * (offset + 1) ** 2)
