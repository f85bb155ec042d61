"""The twin-range configuration that costs a histogram of counts the fewest comparisons, or the least error.

Every legal candidate is weighed, exactly.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, integers, require_instance
from sim_models.sar.candidate_costs import comparisons, squared_errors
from sim_models.sar.candidates import Candidates, candidates
from sim_models.sar.monotony import is_monotone, monotone_among
from sim_models.sar.twin_range import TrqParameters


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A configuration and what it costs on the histogram it was chosen for.

    ``operations``: comparisons per conversion, mean. ``nmse``: mean squared error over the mean square of the counts.
    ``monotone``: whether a larger count never gives a smaller value.
    """

    parameters: TrqParameters
    operations: float
    nmse: float
    monotone: bool


def calibrate(
    histogram: ArrayLike,
    *,
    bits: int = 8,
    max_nmse: float | None = None,
    max_operations: float | None = None,
    mid_rise: bool = True,
    r2_origin: str = "zero",
    allow_base: bool = True,
    require_monotone: bool = False,
    r1_step_log2_max: int = 2,
    weights: ArrayLike | None = None,
) -> Calibration:
    """The configuration of fewest comparisons with an error of at most ``max_nmse``, or of least error with at most
    ``max_operations`` comparisons a conversion; give one of the two.

    ``histogram`` (..., 2^bits) holds how often each count was converted. With more than one axis the histograms are
    those of slices; ``weights`` (...), integers, then says what the squared error in each of them counts for, such as
    4^(input bit + cell_bits * slice). Comparisons count alike in all.

    Of equally good candidates the other figure decides, then the smaller r1_start, r1_step_log2, r1_bits, ratio_log2.

    Raises ValueError for both limits or none, a limit that no candidate reaches (naming the nearest figure that one
    reaches), a histogram that is empty, all zero, negative, no integers or of another length, and counts so large that
    their squared error does not fit 63 bits.

    Source: the twin ranges are of Zhang et al., arXiv 2402.06164; candidates and order are bitline's own.
    """
    found = candidates(
        bits, mid_rise=mid_rise, r2_origin=r2_origin, allow_base=allow_base, r1_step_log2_max=r1_step_log2_max
    )
    require_instance("require_monotone", require_monotone, bool)
    counts, weighted = _histograms(histogram, weights, bits)
    _check_limits(max_nmse, max_operations)
    operations, errors = comparisons(found, counts), squared_errors(found, weighted)
    total, power = int(counts.sum()), int((weighted * np.arange(counts.size) ** 2).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        nmse = np.where(errors == 0, 0.0, errors / power)
    mean = operations / total
    allowed = np.flatnonzero(monotone_among(found)) if require_monotone else np.arange(len(found))
    if max_nmse is not None:
        best = _best(found, allowed[_within(nmse[allowed], "max_nmse", max_nmse)], operations, errors)
    else:
        best = _best(found, allowed[_within(mean[allowed], "max_operations", max_operations)], errors, operations)
    parameters = found.parameters(best)
    return Calibration(
        parameters=parameters,
        operations=float(mean[best]),
        nmse=float(nmse[best]),
        monotone=is_monotone(parameters),
    )


def _histograms(histogram: ArrayLike, weights: ArrayLike | None, bits: int) -> tuple[IntArray, IntArray]:
    """Counts of all slices, and the same with each slice at its weight: two arrays (2^bits,)."""
    slices = integers("counts of the histogram", histogram, 0)
    levels = 1 << bits
    if slices.ndim == 0 or slices.shape[-1] != levels:
        length = slices.shape[-1] if slices.ndim else "none"
        raise ValueError(f"histogram must have 2^bits = {levels} counts, not {length}")
    shape = slices.shape[:-1]
    factors = np.ones(shape, np.int64) if weights is None else integers("weights", weights, 0)
    if factors.shape != shape:
        raise ValueError(f"weights must have the shape {shape} of the histograms, not {factors.shape}")
    slices, factors = slices.reshape(-1, levels), factors.ravel()
    if not slices[factors > 0].any():
        raise ValueError("histogram must hold at least one count of weight above 0, not none")
    if not _fits(slices, np.ones_like(factors), bits + 2) or not _fits(slices, factors, levels**2):
        raise ValueError("counts of the histogram and weights must be smaller: their squared error must fit 63 bits")
    return slices.sum(axis=0), (slices * factors[:, np.newaxis]).sum(axis=0)


def _fits(slices: IntArray, factors: IntArray, largest: int) -> bool:
    """Whether the sum of all counts, each times its factor and ``largest``, fits 63 bits."""
    total = sum(sum(row) * factor for row, factor in zip(slices.tolist(), factors.tolist(), strict=True))
    return bool(total * largest < 1 << 63)


def _check_limits(max_nmse: float | None, max_operations: float | None) -> None:
    if (max_nmse is None) == (max_operations is None):
        raise ValueError(f"give one of max_nmse and max_operations, not {'none' if max_nmse is None else 'both'}")
    for name, value, low in (("max_nmse", max_nmse, 0), ("max_operations", max_operations, 1)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise ValueError(f"{name} must be a number, not {value!r}")
        if math.isnan(value) or value < low:
            raise ValueError(f"{name} must be at least {low}, not {value}")


def _within(figure: np.ndarray, name: str, limit: float | None) -> np.ndarray:
    within = figure <= limit
    if not within.any():
        raise ValueError(f"{name} must be at least {figure.min():.6g}, the nearest that can be reached, not {limit}")
    return within


def _best(found: Candidates, among: IntArray, first: IntArray, second: IntArray) -> int:
    keys = (found.ratio_log2, found.r1_bits, found.r1_step_log2, found.r1_start, second, first)
    return int(among[np.lexsort([key[among] for key in keys])[0]])
