"""Conversion of sums to integers: rounded, saturated, counted."""

import numpy as np

from sim_models.arith.checking import IntArray
from sim_models.crossbar.hooks import Hook, Numbers, applied
from sim_models.crossbar.parameters import CrossbarParameters
from sim_models.crossbar.record import Tally


def digitised(samples: Numbers, parameters: CrossbarParameters, hook: Hook | None, tally: Tally) -> IntArray:
    """Codes of ``samples`` in counts, of A and B: nearest integers, ties away from 0, saturated to ``adc_bits``."""
    measured = samples if hook is None else applied(hook, samples, "converter")
    codes = rounded(measured)
    if parameters.adc_bits is None:
        tally.converted(codes, 0)
        return codes
    high = (1 << parameters.adc_bits) - 1
    return clipped(codes, -high if parameters.signed_samples else 0, high, tally)


def clipped(codes: IntArray, low: int, high: int, tally: Tally) -> IntArray:
    """``codes`` within ``low``..``high``, counted with those outside."""
    inside = np.clip(codes, low, high)
    tally.converted(inside, int(np.count_nonzero(inside != codes)))
    return inside


def rounded(values: Numbers) -> IntArray:
    """Nearest integers, ties away from zero."""
    if values.dtype.kind != "f":
        return values.astype(np.int64, copy=False)
    size = np.abs(values)
    whole = np.floor(size)
    return (np.sign(values) * (whole + (size - whole >= 0.5))).astype(np.int64)
