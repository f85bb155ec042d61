"""What each twin-range candidate costs on a histogram of counts: comparisons and squared error, exactly.

Both are integers, added up once per step of R1 and of R2 along the counts. A candidate then takes a few differences of
such sums instead of a product over all counts.
"""

from functools import cache

import numpy as np

from sim_models.arith.checking import IntArray
from sim_models.sar.candidates import Candidates
from sim_models.sar.convert import convert


def comparisons(found: Candidates, counts: IntArray) -> IntArray:
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


def squared_errors(found: Candidates, counts: IntArray) -> IntArray:
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
