"""Precision audit: what each number format costs in output LSB, against the unquantised affine correction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import require_integer
from sim_models.nmpu.calibration import ColumnScales, quantize_columns
from sim_models.nmpu.ldpu import LdpuParameters, half_words, ldpu_process, slope_words
from sim_models.nmpu.parameters import BRANCH_ROUND, HALF_EVEN, HALF_UP, SINGLE_ROUND, NmpuParameters
from sim_models.nmpu.process import process

OUTPUT_MAXIMUM = 127


@dataclass(frozen=True, kw_only=True)
class AuditCase:
    """Counts (vectors, columns) with the real parameters that correct them exactly; ReLU is on, the output is int8."""

    positive: NDArray[np.int64]
    negative: NDArray[np.int64]
    scales: ColumnScales
    shift: int

    @property
    def reference(self) -> NDArray[np.int64]:
        """Real affine correction, rounded half up once, then ReLU and clamp."""
        scales = self.scales
        real = self.positive * scales.scale_positive - self.negative * scales.scale_negative + scales.offset
        return np.clip(np.floor(real + 0.5), 0, OUTPUT_MAXIMUM).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class AuditResult:
    """Error against the reference in output LSB: mean magnitude, mean (bias), largest magnitude; clipped words."""

    mean_absolute_error: float
    bias: float
    maximum_error: int
    clipped_scales: int = 0
    clipped_offsets: int = 0


def draw_case(*, vectors: int = 4000, columns: int = 256, seed: int = 0) -> AuditCase:
    """Uniform ideal values of 0 to 400 counts through columns of 7.09 % gain and 6 counts offset spread, shift 2.

    Drawn in this order: gains positive, gains negative, offsets positive, offsets negative (normal, one per column),
    then the ideal values positive and negative.
    """
    require_integer("vectors", vectors, 1, 1 << 20)
    require_integer("columns", columns, 1, 1 << 20)
    rng, shift = np.random.default_rng(seed), 2
    gain_p, gain_n = (1 + 0.0709 * rng.standard_normal(columns) for _ in range(2))
    offset_p, offset_n = (6 * rng.standard_normal(columns) for _ in range(2))
    ideal_p, ideal_n = (rng.uniform(0, 400, (vectors, columns)) for _ in range(2))
    unit = 2.0**-shift
    scales = ColumnScales(
        scale_positive=unit / gain_p,
        scale_negative=unit / gain_n,
        offset=unit * (offset_n / gain_n - offset_p / gain_p),
    )
    positive, negative = (
        np.clip(np.rint(gain * ideal + offset), 0, 1023).astype(np.int64)
        for gain, ideal, offset in ((gain_p, ideal_p, offset_p), (gain_n, ideal_n, offset_n))
    )
    return AuditCase(positive=positive, negative=negative, scales=scales, shift=shift)


def audit_nmpu(case: AuditCase, parameters: NmpuParameters) -> AuditResult:
    """Error of the fixed-point unit with parameters quantised to its formats. Raises ValueError like ``process``."""
    words = quantize_columns(case.scales, parameters, case.shift)
    columns = (words.scale_positive, words.scale_negative, words.offset)
    output = process(case.positive, case.negative, *columns, case.shift, True, parameters)
    return _compare(output, case, words.clipped_scales, words.clipped_offsets)


def audit_ldpu(case: AuditCase, parameters: LdpuParameters) -> AuditResult:
    """Error of the half-precision unit. Raises ValueError like ``ldpu_process``."""
    scales = case.scales
    slopes = slope_words(scales.scale_positive, 0), slope_words(scales.scale_negative, 0)
    result = ldpu_process(case.positive, case.negative, *slopes, half_words(scales.offset), True, parameters)
    return _compare(result.output, case)


def _compare(
    output: NDArray[np.int64], case: AuditCase, clipped_scales: int = 0, clipped_offsets: int = 0
) -> AuditResult:
    error = output - case.reference
    return AuditResult(
        mean_absolute_error=float(np.abs(error).mean()),
        bias=float(error.mean()),
        maximum_error=int(np.abs(error).max()),
        clipped_scales=clipped_scales,
        clipped_offsets=clipped_offsets,
    )


def audit_settings(
    *,
    shift: int = 2,
    scale_fraction_bits: Sequence[int] = (5, 6, 7, 8),
    offset_fraction_bits: Sequence[int] = (0, 1, 2),
    offset_integer_bits: Sequence[int] = (7, 8),
    pre_cut_bits: Sequence[int] = (0, 3, 4, 5, 7),
) -> Iterator[NmpuParameters]:
    """Every combination, with every variant and rounding, that can run at ``shift``; ``shift_min`` as the cut needs."""
    kinds = ((SINGLE_ROUND, HALF_UP), (SINGLE_ROUND, HALF_EVEN), (BRANCH_ROUND, HALF_UP))
    formats = product(scale_fraction_bits, offset_fraction_bits, offset_integer_bits, pre_cut_bits)
    for (scale, fraction, integer, cut), (variant, rounding) in product(formats, kinds):
        rounded_bits = fraction + 1 if variant == BRANCH_ROUND else max(1, fraction)
        shift_min = max(0, cut + rounded_bits - scale)
        if shift_min <= shift:
            yield NmpuParameters(
                scale_fraction_bits=scale,
                offset_fraction_bits=fraction,
                offset_integer_bits=integer,
                pre_cut_bits=cut,
                variant=variant,
                final_rounding=rounding,
                shift_min=shift_min,
                shift_max=max(3, shift),
            )


def pareto_set(errors: ArrayLike, costs: ArrayLike) -> NDArray[np.int64]:
    """Indices, by rising cost, of the points that no other beats: at most as large in both and smaller in one."""
    error, cost = np.asarray(errors, np.float64), np.asarray(costs, np.float64)
    if error.ndim != 1 or error.shape != cost.shape:
        raise ValueError(f"errors and costs must be two equally long lists, not {error.shape} and {cost.shape}")
    no_worse = (error <= error[:, None]) & (cost <= cost[:, None])
    better = (error < error[:, None]) | (cost < cost[:, None])
    kept = np.flatnonzero(~(no_worse & better).any(axis=1))
    return kept[np.lexsort((error[kept], cost[kept]))]
