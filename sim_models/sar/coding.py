"""Codes of twin-range conversions on a bus, and what a decoder makes of them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, integers, require_instance
from sim_models.sar.convert import Conversion
from sim_models.sar.twin_range import TrqParameters


def packed_width(parameters: TrqParameters) -> int:
    """Bits of a packed code below its flag: those of the range that has more."""
    return max(parameters.r1_bits, parameters.r2_bits)


def pack(conversion: Conversion, parameters: TrqParameters) -> IntArray:
    """Packed codes of ``conversion``: the flag (1: R2) above `packed_width` bits, the decided bits right-justified."""
    require_instance("parameters", parameters, TrqParameters)
    step = np.where(conversion.in_r1, parameters.r1_step_log2, parameters.r2_step_log2)
    return (~conversion.in_r1).astype(np.int64) << packed_width(parameters) | conversion.code >> step


def decode_packed(words: ArrayLike, parameters: TrqParameters, *, strict: bool = False) -> IntArray:
    """Values of packed codes, in counts.

    Raises ValueError for words that are no integers, negative, or wider than `packed_width` + 1 bits; with ``strict``
    also for codes that no conversion gives, as `decode_aligned` does.
    """
    require_instance("parameters", parameters, TrqParameters)
    width = packed_width(parameters)
    packed = integers("packed words", words, 0, (2 << width) - 1)
    in_r2 = packed >> width == 1
    code = packed & (1 << width) - 1
    aligned = code << np.where(in_r2, parameters.r2_step_log2, parameters.r1_step_log2)
    if strict:
        _require_produced(aligned, in_r2, parameters)
    return _value(aligned, in_r2, parameters)


def decode_aligned(code: ArrayLike, flag: ArrayLike, parameters: TrqParameters, *, strict: bool = False) -> IntArray:
    """Values of aligned codes and their flags (1 or True: R2), in counts: `convert` gives these codes.

    The half step is joined by OR, as in hardware: bits below the step are kept. Raises ValueError for codes outside
    0..2^bits - 1, flags outside 0..1 and shapes that do not fit each other; with ``strict`` also for codes that no
    conversion gives: bits below the step of their range, a code of R1 above its end, a code of R2 whose step ends
    inside R1 or begins above the largest count.
    """
    require_instance("parameters", parameters, TrqParameters)
    codes = integers("code", code, 0, parameters.maximum)
    flags = np.asarray(flag)
    in_r2 = flags if flags.dtype == bool else integers("flag", flag, 0, 1) == 1
    if codes.shape != in_r2.shape and 1 not in (codes.size, in_r2.size):
        raise ValueError(f"flag must have the shape of code, {codes.shape}, not {in_r2.shape}")
    codes, in_r2 = np.broadcast_arrays(codes, in_r2)
    if strict:
        _require_produced(codes, in_r2, parameters)
    return _value(codes, in_r2, parameters)


def _value(code: IntArray, in_r2: NDArray[np.bool_], p: TrqParameters) -> IntArray:
    origin = p.r1_end if p.r2_origin == "after_r1" else 0
    r2_value = np.minimum(origin + (code | p.r2_half), p.maximum)
    return np.where(in_r2, r2_value, (code | p.r1_half) + p.r1_start)


def _require_produced(code: IntArray, in_r2: NDArray[np.bool_], p: TrqParameters) -> None:
    """Raise ValueError for a code that no count gives."""
    step = np.where(in_r2, 1 << p.r2_step_log2, 1 << p.r1_step_log2)
    _refuse(code, code & step - 1 != 0, "have no bits below the step of their range")
    _refuse(code, ~in_r2 & (code >= p.r1_size), f"be below the size of R1, {p.r1_size}, in R1")
    after = p.r2_origin == "after_r1"
    _refuse(code, in_r2 & (code + (p.r1_end if after else 0) > p.maximum), f"stand for at most {p.maximum} in R2")
    inside = (code >= p.r1_start) & (code + step <= p.r1_end) & (not after)
    _refuse(code, in_r2 & inside, f"stand for counts outside R1, {p.r1_start}..{p.r1_end - 1}, in R2")


def _refuse(code: IntArray, wrong: NDArray[np.bool_], rule: str) -> None:
    if wrong.any():
        raise ValueError(f"codes must {rule}, not {int(code[wrong].flat[0])}")
