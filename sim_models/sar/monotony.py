"""Whether a larger count never gives a smaller value, of one twin-range configuration and of many."""

import numpy as np

from sim_models.arith.checking import IntArray
from sim_models.sar.candidates import Candidates
from sim_models.sar.convert import reconstruct
from sim_models.sar.twin_range import TrqParameters


def is_monotone(parameters: TrqParameters) -> bool:
    """Whether a larger count never gives a smaller value."""
    values = reconstruct(np.arange(parameters.maximum + 1), parameters)
    return bool((np.diff(values) >= 0).all())


def monotone_among(found: Candidates) -> np.ndarray:
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
