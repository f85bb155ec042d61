"""Near-memory digital processing unit (NMPU) behind the converters of an analog crossbar (arXiv 2402.07549)."""

from sim_models.nmpu.audit import (
    AuditCase,
    AuditResult,
    audit_ldpu,
    audit_nmpu,
    audit_settings,
    draw_case,
    pareto_set,
)
from sim_models.nmpu.calibration import (
    ColumnFit,
    ColumnScales,
    ColumnWords,
    choose_shift,
    fit_columns,
    fit_transfer_curves,
    fold_batch_norm,
    quantize_columns,
    swap_columns,
)
from sim_models.nmpu.columns import AimcColumnParameters, AimcColumns, counts_per_unit, full_range
from sim_models.nmpu.cycles import PUBLISHED_FIGURES, PublishedFigure, ldpu_cycles, nmpu_cycles, speed_up
from sim_models.nmpu.intermediate import Accumulation, Intermediate, accumulate, intermediate
from sim_models.nmpu.ldpu import (
    LdpuParameters,
    LdpuResult,
    half_words,
    ldpu_aggregate,
    ldpu_process,
    residual_tile,
    slope_words,
)
from sim_models.nmpu.parameters import NmpuParameters
from sim_models.nmpu.process import process

__all__ = [
    "PUBLISHED_FIGURES",
    "Accumulation",
    "AimcColumnParameters",
    "AimcColumns",
    "AuditCase",
    "AuditResult",
    "ColumnFit",
    "ColumnScales",
    "ColumnWords",
    "Intermediate",
    "LdpuParameters",
    "LdpuResult",
    "NmpuParameters",
    "PublishedFigure",
    "accumulate",
    "audit_ldpu",
    "audit_nmpu",
    "audit_settings",
    "choose_shift",
    "counts_per_unit",
    "draw_case",
    "fit_columns",
    "fit_transfer_curves",
    "fold_batch_norm",
    "full_range",
    "half_words",
    "intermediate",
    "ldpu_aggregate",
    "ldpu_cycles",
    "ldpu_process",
    "nmpu_cycles",
    "pareto_set",
    "process",
    "quantize_columns",
    "residual_tile",
    "slope_words",
    "speed_up",
    "swap_columns",
]
