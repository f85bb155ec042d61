"""The twin-range configuration that costs a histogram of counts the fewest comparisons, or the least error.

Every legal candidate is weighed, exactly: errors and comparisons are integers, added up once per step of R1 and of R2
along the counts. A candidate then takes a few differences of such sums instead of a product over all counts.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, integers, require_instance, require_integer
from sim_models.sar.convert import convert, reconstruct
from sim_models.sar.twin_range import R2_ORIGINS, TrqParameters


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Configurations of one resolution, one per place of the four arrays, which are named as in `TrqParameters`."""

    bits: int
    mid_rise: bool
    r2_origin: str
    r1_start: IntArray
    r1_step_log2: IntArray
    r1_bits: IntArray
    ratio_log2: IntArray

    def __len__(self) -> int:
        return len(self.r1_start)

    def parameters(self, index: int) -> TrqParameters:
        """The configuration at ``index``."""
        return TrqParameters(
            bits=self.bits,
            r1_start=int(self.r1_start[index]),
            r1_step_log2=int(self.r1_step_log2[index]),
            r1_bits=int(self.r1_bits[index]),
            ratio_log2=int(self.ratio_log2[index]),
            mid_rise=self.mid_rise,
            r2_origin=self.r2_origin,
        )

    @property
    def r1_end(self) -> IntArray:
        """The first count above R1."""
        return self.r1_start + (1 << self.r1_bits + self.r1_step_log2)

    @property
    def r2_step_log2(self) -> IntArray:
        """Binary logarithm of the step of R2."""
        return self.r1_step_log2 + self.ratio_log2


def candidates(
    bits: int = 8,
    *,
    mid_rise: bool = True,
    r2_origin: str = "zero",
    allow_base: bool = True,
    r1_step_log2_max: int = 2,
) -> Candidates:
    """Every configuration that `calibrate` weighs: 10,890 at 8 bits, 25,125 at 9, 277,678 at 12.

    R1 has steps of 1 to 2^r1_step_log2_max; it starts at 0 or, with ``allow_base``, at a multiple of half its size
    where it ends below 2^bits (of 1, where it holds one count). R2 'after_r1' needs an R1 that starts at 0. A candidate
    takes 32 bytes, and `calibrate` some 200 more while it runs: 2 MB at 8 bits, 6 MB at 9.

    Raises ValueError for ``bits`` outside 2..16, a negative ``r1_step_log2_max`` and an unknown ``r2_origin``.
    """
    require_integer("bits", bits, 2, 16)
    require_integer("r1_step_log2_max", r1_step_log2_max, 0)
    require_instance("mid_rise", mid_rise, bool)
    require_instance("allow_base", allow_base, bool)
    if r2_origin not in R2_ORIGINS:
        raise ValueError(f"r2_origin must be one of {', '.join(R2_ORIGINS)}, not {r2_origin!r}")
    return _candidates(bits, mid_rise, r2_origin, allow_base and r2_origin == "zero", min(r1_step_log2_max, bits - 1))


@cache
def _candidates(bits: int, mid_rise: bool, r2_origin: str, with_base: bool, largest_step: int) -> Candidates:
    rows = []
    for step in range(largest_step + 1):
        for r1_bits in range(bits - step):
            starts = _starts(bits, 1 << r1_bits + step, with_base)
            ratios = np.arange(bits - step)
            start, ratio = (grid.ravel() for grid in np.meshgrid(starts, ratios, indexing="ij"))
            rows.append((start, np.full(start.size, step), np.full(start.size, r1_bits), ratio))
    start, step_log2, width, ratio = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    for array in (start, step_log2, width, ratio):
        array.setflags(write=False)
    return Candidates(
        bits=bits,
        mid_rise=mid_rise,
        r2_origin=r2_origin,
        r1_start=start,
        r1_step_log2=step_log2,
        r1_bits=width,
        ratio_log2=ratio,
    )


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
    operations, errors = _operations(found, counts), _errors(found, weighted)
    total, power = int(counts.sum()), int((weighted * np.arange(counts.size) ** 2).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        nmse = np.where(errors == 0, 0.0, errors / power)
    mean = operations / total
    allowed = np.flatnonzero(_monotone(found)) if require_monotone else np.arange(len(found))
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


def is_monotone(parameters: TrqParameters) -> bool:
    """Whether a larger count never gives a smaller value."""
    values = reconstruct(np.arange(parameters.maximum + 1), parameters)
    return bool((np.diff(values) >= 0).all())


def _starts(bits: int, size: int, with_base: bool) -> IntArray:
    spacing = max(1, size // 2)
    last = (1 << bits) - 1 - size
    return np.arange(0, last + 1 if with_base and last > 0 else 1, spacing)


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


def _operations(found: Candidates, counts: IntArray) -> IntArray:
    """Comparisons of each candidate on all conversions."""
    below = _sums(counts)
    start, end = found.r1_start, found.r1_end
    detections = below[-1] + np.where(start > 0, below[end], 0)
    in_r1 = found.r1_bits * (below[end] - below[start])
    if found.r2_origin == "zero":
        in_r2 = (found.bits - found.r2_step_log2) * (below[-1] - below[end] + below[start])
    else:
        in_r2 = _after_r1(found)[0] @ counts
    return detections + in_r1 + in_r2


def _errors(found: Candidates, counts: IntArray) -> IntArray:
    """Squared error of each candidate on all conversions."""
    levels = np.arange(counts.size)
    start, end = found.r1_start, found.r1_end
    errors = np.zeros(len(found), np.int64)
    for step in np.unique(found.r1_step_log2):
        for phase in range(1 << step):
            chosen = (found.r1_step_log2 == step) & (start & (1 << step) - 1 == phase)
            below = _sums(counts * _floor_error(levels - phase, step, found.mid_rise) ** 2)
            errors[chosen] = (below[end] - below[start])[chosen]
    if found.r2_origin == "after_r1":
        return errors + _after_r1(found)[1] @ counts
    for step in range(found.bits):
        chosen = found.r2_step_log2 == step
        below = _sums(counts * _floor_error(levels, step, found.mid_rise) ** 2)
        errors[chosen] += (below[-1] - below[end] + below[start])[chosen]
    return errors


@cache
def _after_r1(found: Candidates) -> tuple[IntArray, IntArray]:
    """Comparisons after the detection and squared errors of each count in R2, 0 in R1: (candidates, 2^bits) each."""
    levels = np.arange(1 << found.bits)
    operations, errors = (np.zeros((len(found), levels.size), np.int64) for _ in range(2))
    for index in range(len(found)):
        converted = convert(levels, found.parameters(index))
        operations[index] = np.where(converted.in_r1, 0, converted.operations - 1)
        errors[index] = np.where(converted.in_r1, 0, converted.value - levels) ** 2
    return operations, errors


def _sums(counts: IntArray) -> IntArray:
    """Sums of what lies below each count, the sum of all last."""
    return np.concatenate([[0], np.cumsum(counts)])


def _floor_error(distance: IntArray, step_log2: int, mid_rise: bool) -> IntArray:
    """Value minus count where steps of 2^step_log2 count from distance 0."""
    step = 1 << int(step_log2)
    return (step >> 1 if mid_rise else 0) - (distance & step - 1)


def _monotone(found: Candidates) -> np.ndarray:
    """Which candidates are monotone: each range is, so the counts on both sides of R1's ends decide."""
    if found.r2_origin == "after_r1":
        return np.ones(len(found), bool)
    start, end = found.r1_start, found.r1_end

    def value(counts: IntArray, origin: IntArray | int, step_log2: IntArray) -> IntArray:
        step = 1 << step_log2
        return counts - (counts - origin & step - 1) + (step >> 1 if found.mid_rise else 0)

    rises = value(start, start, found.r1_step_log2) >= value(start - 1, 0, found.r2_step_log2)
    above = value(end - 1, start, found.r1_step_log2) <= value(end, 0, found.r2_step_log2)
    return ((start == 0) | rises) & above


def _within(figure: np.ndarray, name: str, limit: float | None) -> np.ndarray:
    within = figure <= limit
    if not within.any():
        raise ValueError(f"{name} must be at least {figure.min():.6g}, the nearest that can be reached, not {limit}")
    return within


def _best(found: Candidates, among: IntArray, first: IntArray, second: IntArray) -> int:
    keys = (found.ratio_log2, found.r1_bits, found.r1_step_log2, found.r1_start, second, first)
    return int(among[np.lexsort([key[among] for key in keys])[0]])
