"""Half-precision baseline: the local digital processing unit (LDPU) that the NMPU replaces, bit exact."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith import FP16, float_add, float_fused, float_multiply, float_to_signed, unsigned_to_float
from sim_models.arith.checking import integers, require_choice, require_integer

MULTIPLY_ADD, FUSED = "mul_add", "fused"
SERVICE_MODELS = ("F1", "F2", "F3")
OUTPUT_BITS = 8
PIECE_LENGTH = 1 << 15  # elements: the many temporaries of one float operation then stay in the second-level cache


@dataclass(frozen=True, kw_only=True)
class LdpuParameters:
    """Structure and arithmetic of the half-precision unit.

    ``service_model``: F1, a pipelined lane with two multipliers and two adders, one column a cycle; F2, one shared
    pipelined multiply-add, two passes a column; F3, the same multiply-add not pipelined, two cycles a pass.
    ``arithmetic``: 'mul_add' rounds after every operation, 'fused' once per multiply-add; left out, it is 'mul_add' for
    F1 and 'fused' for F2 and F3, whose shared multiply-add allows nothing else.
    ``flush_to_zero``: subnormal operands and results become zero. ``capture``: counts load in one cycle ('parallel') or
    column by column ('serial').

    Raises ValueError for any field outside its range.

    Source: the unit that arXiv 2402.07549 compares with; the reconstruction is this project's.
    """

    columns: int = 256
    lanes: int = 1
    count_bits: int = 10
    service_model: str = "F1"
    arithmetic: str = ""
    flush_to_zero: bool = False
    capture: str = "parallel"

    def __post_init__(self) -> None:
        require_integer("columns", self.columns, 1, 1024)
        require_integer("lanes", self.lanes, 1, self.columns)
        if self.columns % self.lanes:
            raise ValueError(f"lanes must divide columns ({self.columns}), not be {self.lanes}")
        require_integer("count_bits", self.count_bits, 1, 11)  # larger counts are not exact in half precision
        require_choice("service_model", self.service_model, SERVICE_MODELS)
        legal = (MULTIPLY_ADD, FUSED) if self.service_model == "F1" else (FUSED,)
        if self.arithmetic == "":
            object.__setattr__(self, "arithmetic", legal[0])
        require_choice(f"arithmetic with service_model {self.service_model!r}", self.arithmetic, legal)
        require_choice("flush_to_zero", self.flush_to_zero, (False, True))
        require_choice("capture", self.capture, ("parallel", "serial"))


@dataclass(frozen=True, kw_only=True)
class LdpuResult:
    """``value`` (binary16 words before ReLU, as the aggregation memory keeps them), ``output`` (int8), ``invalid``."""

    value: NDArray[np.int64]
    output: NDArray[np.int64]
    invalid: NDArray[np.bool_]


def half_words(values: ArrayLike) -> NDArray[np.int64]:
    """Binary16 words nearest to real ``values``, ties to even; ValueError for NaN, infinity and overflow."""
    reals = np.asarray(values, np.float64)
    with np.errstate(over="ignore"):
        halves = reals.astype(np.float16)
    if not np.isfinite(halves).all():
        raise ValueError(f"values must be finite in half precision, not {reals[~np.isfinite(halves)].flat[0]}")
    return halves.view(np.uint16).astype(np.int64)


def slope_words(scale: ArrayLike, shift: int) -> NDArray[np.int64]:
    """Binary16 slopes of real scales for counts shifted right by ``shift``: nearest to ``scale / 2^shift``."""
    return half_words(np.ldexp(np.asarray(scale, np.float64), -shift))


def ldpu_process(
    positive: ArrayLike,
    negative: ArrayLike,
    slope_positive: ArrayLike,
    slope_negative: ArrayLike,
    addend: ArrayLike,
    relu: ArrayLike,
    parameters: LdpuParameters,
) -> LdpuResult:
    """One lane pass: affine correction in half precision, then ReLU and int8. ::

        mul_add:  v = (f16(positive) * slope_positive - f16(negative) * slope_negative) + addend    each step rounded
        fused:    t = f16(positive) * slope_positive + addend;  v = -f16(negative) * slope_negative + t    each rounded
        output = int8(max(v, +0) if relu else v)     nearest, ties to even, clamped; NaN gives 0 and ``invalid``

    Counts are unsigned of ``count_bits``; slopes and addend are binary16 words; ``relu`` is bool. The arrays broadcast.
    Raises ValueError for words out of range and shapes that do not broadcast.
    """
    limit = (1 << parameters.count_bits) - 1
    words = [integers(name, array, 0, limit) for name, array in (("positive", positive), ("negative", negative))]
    halves = {"slope_positive": slope_positive, "slope_negative": slope_negative, "addend": addend}
    words += [integers(name, array, 0, 0xFFFF) for name, array in halves.items()]
    full = np.broadcast_arrays(*words, integers("relu", np.asarray(relu) * 1, 0, 1))
    *flat, rectify = [array.reshape(-1) for array in full]
    value = np.empty(rectify.size, np.int64)
    for start in range(0, value.size, PIECE_LENGTH):
        piece = slice(start, start + PIECE_LENGTH)
        value[piece] = _correct([array[piece] for array in flat], parameters)
    rectified = np.where((rectify == 1) & (value >= FP16.sign_mask), 0, value)
    output, invalid = float_to_signed(rectified, OUTPUT_BITS, FP16)
    shape = full[0].shape
    return LdpuResult(value=value.reshape(shape), output=output.reshape(shape), invalid=invalid.reshape(shape))


def _correct(words: Sequence[NDArray[np.int64]], parameters: LdpuParameters) -> NDArray[np.int64]:
    """Binary16 words of the affine correction, for flat arrays in ``ldpu_process`` order."""
    positive, negative, slope_positive, slope_negative, addend = words
    flush = parameters.flush_to_zero
    p, n = unsigned_to_float(positive, FP16), unsigned_to_float(negative, FP16)
    if parameters.arithmetic == FUSED:
        first = float_fused(p, slope_positive, addend, FP16, flush_to_zero=flush)
        return float_fused(n ^ FP16.sign_mask, slope_negative, first, FP16, flush_to_zero=flush)
    t = float_multiply(p, slope_positive, FP16, flush_to_zero=flush)
    m = float_multiply(n, slope_negative, FP16, flush_to_zero=flush)
    difference = float_add(t, m ^ FP16.sign_mask, FP16, flush_to_zero=flush)
    return float_add(difference, addend, FP16, flush_to_zero=flush)


def ldpu_aggregate(
    positive: ArrayLike,
    negative: ArrayLike,
    slope_positive: ArrayLike,
    slope_negative: ArrayLike,
    offset: ArrayLike,
    relu: ArrayLike,
    parameters: LdpuParameters,
) -> LdpuResult:
    """Sum the tiles of one layer: the first tile adds the offset, every later one the sum so far, kept in binary16.

    Counts and slopes have the tiles along their first axis; ReLU and int8 follow the last tile.
    Raises ValueError like ``ldpu_process`` and for counts or slopes whose tiles do not match.
    """
    arrays = [np.asarray(array) for array in (positive, negative, slope_positive, slope_negative)]
    tiles = {len(array) if array.ndim else 0 for array in arrays}
    if len(tiles) != 1 or 0 in tiles:
        raise ValueError(f"counts and slopes must have the same tiles, at least one, not {sorted(tiles)}")
    addend = offset
    for p, n, slope_p, slope_n in zip(*arrays, strict=True):
        result = ldpu_process(p, n, slope_p, slope_n, addend, relu, parameters)
        addend = result.value
    return result


def residual_tile(
    residual: ArrayLike, residual_scale: float, output_scale: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """A residual addition as one more tile: counts (positive, negative) and the slope word of both, without offset.

    ``max(r, 0)``, ``max(-r, 0)`` and ``residual_scale / output_scale``. Raises ValueError for a residual outside int8
    and for scales that are not positive.
    """
    words = integers("residual", residual, -(1 << (OUTPUT_BITS - 1)), (1 << (OUTPUT_BITS - 1)) - 1)
    for name, scale in (("residual_scale", residual_scale), ("output_scale", output_scale)):
        if not (np.isfinite(scale) and scale > 0):
            raise ValueError(f"{name} must be finite and > 0, not {scale}")
    return np.maximum(words, 0), np.maximum(-words, 0), half_words(residual_scale / output_scale)
