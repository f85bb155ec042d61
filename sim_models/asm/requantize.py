"""Requantisation: what follows the accumulator of a layer, one affine map per channel, exact in integers."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith import Rounding, round_shift
from sim_models.arith.checking import IntArray, integers
from sim_models.asm.parameters import AsmParameters

SCALE_BITS = 8
"""Width of a scale word, unsigned: the width of the NMPU's. Scale 1 leaves a shift alone."""
_WIDEST_SUM = 62  # a sum of that width and its rounding half are int64


def offset_bits(p: AsmParameters) -> int:
    """Width of an offset word, two's complement: that of a sum times a scale."""
    return p.accumulator_width + SCALE_BITS


def maximum_shift(p: AsmParameters) -> int:
    """Largest shift: at this one every result lies within -2..2 before ReLU and saturation."""
    return p.accumulator_width + SCALE_BITS - 1


def shift_bits(p: AsmParameters) -> int:
    """Width of a shift word, unsigned."""
    return maximum_shift(p).bit_length()


def affine_bits(p: AsmParameters) -> int:
    """Width of ``sums * scale + offset``, two's complement; adding the rounding half takes one bit more.

    Raises ValueError where int64 cannot hold it: an accumulator wider than 53 bits.
    """
    width = offset_bits(p) + 1
    if width > _WIDEST_SUM:
        widest = _WIDEST_SUM - 1 - SCALE_BITS
        raise ValueError(f"accumulator_bits must be at most {widest} to requantize, not {p.accumulator_width}")
    return width


def affine(sums: ArrayLike, scale: ArrayLike, offset: ArrayLike, p: AsmParameters) -> IntArray:
    """``sums * scale + offset`` exactly, as int64: the outputs of a last layer, whose results are not rounded.

    Formats and errors as in `requantize`.
    """
    width, half = affine_bits(p), 1 << (p.accumulator_width - 1)
    words = integers("sums", sums, -half, half - 1)
    scales = integers("scale", scale, 0, (1 << SCALE_BITS) - 1)
    limit = 1 << (width - 2)
    offsets = integers("offset", offset, -limit, limit - 1)
    _require_broadcast(sums=words, scale=scales, offset=offsets)
    return words * scales + offsets


def requantize(
    sums: ArrayLike, scale: ArrayLike, offset: ArrayLike, shift: ArrayLike, relu: ArrayLike, p: AsmParameters
) -> IntArray:
    """Accumulator sums into input magnitudes of the next layer, bit exact, as int64. ::

        t = sums * scale + offset                     exact, affine_bits(p) wide
        y = (t + (2^shift >> 1)) >> shift             rounded to nearest, ties up
        result = clamp(y, low, 2^input_bits - 1)      low = 0, or -(2^input_bits - 1) if input_signed and not relu

    ``sums`` are two's complement words of ``accumulator_width`` bits, ``scale`` unsigned words of `SCALE_BITS`,
    ``offset`` two's complement words of `offset_bits`, ``shift`` 0..`maximum_shift`, ``relu`` bool or 0 and 1; the five
    broadcast, channels last: sums (..., N), the others (N,) or scalars. Unsigned inputs are rectified by their format,
    so that ``relu`` only matters with ``input_signed``. With ``encode_inputs`` the result has yet to be rounded to
    supported magnitudes.

    Raises ValueError for operands that are no integers, out of range or do not broadcast, and for accumulators wider
    than 53 bits.

    Source: this project's choice, in the form of the fixed-point near-memory unit of arXiv 2402.07549.
    """
    total = affine(sums, scale, offset, p)
    shifts = integers("shift", shift, 0, maximum_shift(p))
    rectified = _flags("relu", relu)
    _require_broadcast(sums=total, shift=shifts, relu=rectified)
    high = (1 << p.input_bits) - 1
    low = np.where(rectified, 0, -high) if p.input_signed else 0
    return np.clip(round_shift(total, shifts, Rounding.HALF_UP), low, high)


def _flags(name: str, values: ArrayLike) -> NDArray[np.bool_]:
    array = np.asarray(values)
    return array if array.dtype == np.bool_ else integers(name, array, 0, 1).astype(np.bool_)


def _require_broadcast(**operands: NDArray[np.generic]) -> None:
    try:
        np.broadcast_shapes(*(array.shape for array in operands.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in operands.items())
        raise ValueError(f"shapes must broadcast, not {shapes}") from None
