"""How far near-memory units are from the real-valued affine correction: one RMS error for each parameter set.

All parameter sets get the same columns and the same ideal values, scaled to fill their own words alike: counts of
``input_bits`` and results of ``output_bits``. The reference starts from the same counts, so what the converters lose
is not in it, and is neither rounded nor quantised: it is the real affine correction with ReLU, limited to the output's
range.
"""

import numpy as np
from numpy.typing import NDArray

from sim_models.arith import Format
from sim_models.nmpu.audit import AuditCase
from sim_models.nmpu.calibration import ColumnScales, choose_shift, quantize_columns
from sim_models.nmpu.columns import AimcColumnParameters, AimcColumns
from sim_models.nmpu.ldpu import OUTPUT_BITS, LdpuParameters, half_words, ldpu_process, slope_words
from sim_models.nmpu.parameters import NmpuParameters
from sim_models.nmpu.process import process

VECTORS, COLUMNS = 256, 256
SEED = 0

# Of the range of counts: what ideal values reach, and the standard deviation of the offsets (400 and 6 of 1024).
_REACH, _OFFSET_SPREAD = 400 / 1024, 6 / 1024

_Reals = NDArray[np.float64]


def nmpu_error(parameters: NmpuParameters) -> float:
    """RMS error of the unit in output LSB, at the largest shift at which its scales fit.

    The data are a realistic unit's work: uniform ideal values, columns of 7.09 % gain spread, real scales and offsets
    quantised to the unit's words, and clipped where they do not fit.
    """
    case = draw_filling_case(parameters.count_format, parameters.output_bits)
    shift = choose_shift(case.scales, parameters)
    words = quantize_columns(case.scales, parameters, shift)
    negative = (None, None) if parameters.signed_input else (case.negative, words.scale_negative)
    operands = (case.positive, negative[0], words.scale_positive, negative[1], words.offset)
    return _rms(process(*operands, shift, True, parameters), case, parameters.output_bits)


def ldpu_error(parameters: LdpuParameters) -> float:
    """RMS error of the half-precision unit in output LSB, on the data of an `nmpu_error` with as many count bits."""
    counts = Format(signed=False, integer_bits=parameters.count_bits, fraction_bits=0)
    case = draw_filling_case(counts, OUTPUT_BITS)
    scales = case.scales
    slopes = slope_words(scales.scale_positive, 0), slope_words(scales.scale_negative, 0)
    result = ldpu_process(case.positive, case.negative, *slopes, half_words(scales.offset), True, parameters)
    return _rms(result.output, case, OUTPUT_BITS)


def draw_filling_case(counts: Format, output_bits: int) -> AuditCase:
    """Counts of the format ``counts`` and the real parameters that correct them to results of ``output_bits``.

    With signed counts the difference of both branches is in ``positive``, and ``negative`` and its scale are zero.
    """
    span = 2.0**counts.integer_bits
    columns = AimcColumns(AimcColumnParameters(offset_spread_counts=_OFFSET_SPREAD * 1024, seed=SEED), COLUMNS)
    ideal_p, ideal_n = np.random.default_rng(SEED).uniform(0, _REACH * span, (2, VECTORS, COLUMNS))
    unit = 2.0**output_bits / span
    offset_p, offset_n = (span / 1024 * offset for offset in (columns.offset_positive, columns.offset_negative))
    scale_p, scale_n = unit / columns.gain_positive, unit / columns.gain_negative
    if counts.signed:
        ideal_p, offset_n, scale_n = ideal_p - ideal_n, np.zeros(COLUMNS), np.zeros(COLUMNS)
    positive = _convert(columns.gain_positive * ideal_p + offset_p, counts)
    negative = (
        np.zeros_like(positive) if counts.signed else _convert(columns.gain_negative * ideal_n + offset_n, counts)
    )
    offset = offset_n * scale_n - offset_p * scale_p
    scales = ColumnScales(scale_positive=scale_p, scale_negative=scale_n, offset=offset)
    return AuditCase(positive=positive, negative=negative, scales=scales, shift=0)


def _convert(values: _Reals, counts: Format) -> NDArray[np.int64]:
    return np.clip(np.rint(values), counts.minimum, counts.maximum).astype(np.int64)


def _rms(output: NDArray[np.int64], case: AuditCase, output_bits: int) -> float:
    scales = case.scales
    real = case.positive * scales.scale_positive - case.negative * scales.scale_negative + scales.offset
    limited = np.clip(real, 0, 2 ** (output_bits - 1) - 1)
    return float(np.sqrt(((output - limited) ** 2).mean()))
