"""From measured counts to column words: fit the read-out, fold batch norm, choose the shift, quantise."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith import Format
from sim_models.arith.checking import require_integer
from sim_models.nmpu.parameters import NmpuParameters

Reals = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ColumnFit:
    """Read-out correction of every column: ideal value ``x = gain_positive*cnt_p - gain_negative*cnt_n + bias``."""

    gain_positive: Reals
    gain_negative: Reals
    bias: Reals


@dataclass(frozen=True, kw_only=True)
class ColumnScales:
    """Real parameters of every column: ``scale_positive*cnt_p - scale_negative*cnt_n + offset``, in output LSB."""

    scale_positive: Reals
    scale_negative: Reals
    offset: Reals


@dataclass(frozen=True, kw_only=True)
class ColumnWords:
    """Words for ``process``, and how many scales and offsets were out of range and clipped: more than 0 is a defect."""

    scale_positive: NDArray[np.int64]
    scale_negative: NDArray[np.int64]
    offset: NDArray[np.int64]
    shift: int
    clipped_scales: int
    clipped_offsets: int


def fit_columns(positive: ArrayLike, negative: ArrayLike, ideal: ArrayLike) -> ColumnFit:
    """Least squares over calibration vectors: counts and ideal values of shape (vectors, columns).

    Raises ValueError for numbers that are not finite, other shapes, fewer than 3 vectors and a singular fit: counts of
    the two polarities that do not vary independently.
    """
    counts_p, counts_n, values = _vectors(positive=positive, negative=negative, ideal=ideal)
    mean_p, mean_n, mean = (array.mean(axis=0) for array in (counts_p, counts_n, values))
    matrix = np.stack((counts_p - mean_p, mean_n - counts_n), axis=-1).transpose(1, 0, 2)  # (columns, vectors, 2)
    singular_values = np.linalg.svd(matrix, compute_uv=False)
    singular = singular_values[:, 1] <= singular_values[:, 0] * len(values) * np.finfo(np.float64).eps
    if singular.any():
        raise ValueError(f"positive and negative counts must vary independently, not as in column {_first(singular)}")
    gains = np.linalg.pinv(matrix) @ (values - mean).T[:, :, None]
    gain_p, gain_n = gains[:, 0, 0], gains[:, 1, 0]
    return ColumnFit(gain_positive=gain_p, gain_negative=gain_n, bias=mean - gain_p * mean_p + gain_n * mean_n)


def fit_transfer_curves(
    ideal_positive: ArrayLike, positive: ArrayLike, ideal_negative: ArrayLike, negative: ArrayLike
) -> ColumnFit:
    """Fit a line ``count = g*x + o`` to each polarity's transfer curve and invert it; shapes (levels, columns).

    The gains are ``1/g``, the bias is ``o_n/g_n - o_p/g_p``. Raises ValueError like ``fit_columns`` and for ``g <= 0``.
    """
    slope_p, start_p = _line("positive", *_vectors(ideal_positive=ideal_positive, positive=positive))
    slope_n, start_n = _line("negative", *_vectors(ideal_negative=ideal_negative, negative=negative))
    bias = start_n / slope_n - start_p / slope_p
    return ColumnFit(gain_positive=1 / slope_p, gain_negative=1 / slope_n, bias=bias)


def _line(name: str, ideal: Reals, counts: Reals) -> tuple[Reals, Reals]:
    """Slope and intercept of the least squares line of every column."""
    constant = np.ptp(ideal, axis=0) == 0
    if constant.any():
        raise ValueError(f"ideal_{name} must vary, not be constant as in column {_first(constant)}")
    centred = ideal - ideal.mean(axis=0)
    slope = (centred * counts).sum(axis=0) / (centred**2).sum(axis=0)
    _require_positive(f"slope of the {name} transfer curve", slope)
    return slope, counts.mean(axis=0) - slope * ideal.mean(axis=0)


def fold_batch_norm(
    fit: ColumnFit,
    *,
    gamma: ArrayLike,
    beta: ArrayLike,
    mean: ArrayLike,
    deviation: ArrayLike,
    input_scale: ArrayLike,
    output_scale: ArrayLike,
    swapped: ArrayLike = False,
) -> ColumnScales:
    """Fold ``gamma*(input_scale*x - mean)/deviation + beta``, in steps of ``output_scale``, into the read-out fit.

    ``k = gamma*input_scale/(deviation*output_scale)``; the scales are ``k`` times the gains, the offset is
    ``k*bias + (beta - gamma*mean/deviation)/output_scale``. Scales are unsigned: a column with ``gamma < 0`` must have
    its positive and negative devices exchanged (``swap_columns``) and its ``swapped`` set. ``k`` then takes ``-gamma``;
    the offset keeps ``gamma``; the fit is that of the read-out branches, which stay where they are.

    Raises ValueError for numbers that are not finite, and unless deviation, output_scale and every scale are > 0.
    """
    statistics = {"gamma": gamma, "beta": beta, "mean": mean, "deviation": deviation}
    steps = {"input_scale": input_scale, "output_scale": output_scale}
    reals = {name: _finite(name, values) for name, values in (statistics | steps).items()}
    _require_positive("deviation", reals["deviation"])
    _require_positive("output_scale", reals["output_scale"])
    sign = np.where(np.asarray(swapped, np.bool_), -1.0, 1.0)
    k = sign * reals["gamma"] * reals["input_scale"] / (reals["deviation"] * reals["output_scale"])
    _require_positive("scale k", k, hint="; swap the positive and negative devices of that column (swap_columns)")
    _require_positive("gain_positive", fit.gain_positive)
    _require_positive("gain_negative", fit.gain_negative)
    bias = _finite("bias", fit.bias)
    start = (reals["beta"] - reals["gamma"] * reals["mean"] / reals["deviation"]) / reals["output_scale"]
    words = np.broadcast_arrays(k * fit.gain_positive, k * fit.gain_negative, k * bias + start)
    return ColumnScales(scale_positive=words[0], scale_negative=words[1], offset=words[2])


def swap_columns(positive: ArrayLike, negative: ArrayLike, swapped: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Positive and negative device arrays (rows, columns) with the two exchanged in the ``swapped`` (bool) columns.

    That negates those columns' weights; use it, with ``swapped = gamma < 0``, for ``fold_batch_norm``.
    """
    mask, p, n = np.asarray(swapped, np.bool_), np.asarray(positive), np.asarray(negative)
    return np.where(mask, n, p), np.where(mask, p, n)


def choose_shift(scales: ColumnScales, parameters: NmpuParameters) -> int:
    """Largest shift at which every scale, times ``2^shift``, is in the scale format; ``shift_min`` if none is.

    A larger shift makes larger scale words, hence better relative precision.
    """
    limit = parameters.scale_format.maximum / 2.0**parameters.scale_fraction_bits
    largest = max(float(np.max(scales.scale_positive)), float(np.max(scales.scale_negative)))
    fitting = [s for s in range(parameters.shift_min, parameters.shift_max + 1) if largest * 2.0**s <= limit]
    return max(fitting, default=parameters.shift_min)


def quantize_columns(scales: ColumnScales, parameters: NmpuParameters, shift: int | None = None) -> ColumnWords:
    """Words nearest to ``scale * 2^shift`` and to the offset, ties to even, clipped to their formats.

    Without ``shift`` it is ``choose_shift``. Raises ValueError for numbers that are not finite and an illegal shift.
    """
    chosen = choose_shift(scales, parameters) if shift is None else shift
    require_integer("shift", chosen, parameters.shift_min, parameters.shift_max)
    scale_format, step = parameters.scale_format, 2.0**chosen
    positive, clipped_positive = _quantize("scale_positive", scales.scale_positive * step, scale_format)
    negative, clipped_negative = _quantize("scale_negative", scales.scale_negative * step, scale_format)
    offset, clipped_offsets = _quantize("offset", scales.offset, parameters.offset_format)
    return ColumnWords(
        scale_positive=positive,
        scale_negative=negative,
        offset=offset,
        shift=chosen,
        clipped_scales=clipped_positive + clipped_negative,
        clipped_offsets=clipped_offsets,
    )


def _quantize(name: str, values: Reals, words: Format) -> tuple[NDArray[np.int64], int]:
    nearest = np.rint(_finite(name, values) * 2.0**words.fraction_bits)
    clipped = int(((nearest < words.minimum) | (nearest > words.maximum)).sum())
    return words.quantize(values), clipped


def _vectors(**arrays: ArrayLike) -> list[Reals]:
    """Finite arrays of one shape (vectors, columns) with at least 3 vectors."""
    reals = [_finite(name, values) for name, values in arrays.items()]
    names, shapes = " and ".join(arrays), {array.shape for array in reals}
    if len(shapes) != 1 or reals[0].ndim != 2:
        raise ValueError(f"{names} must have one shape (vectors, columns), not {sorted(shapes)}")
    if len(reals[0]) < 3:
        raise ValueError(f"{names} must hold at least 3 calibration vectors, not {len(reals[0])}")
    return reals


def _finite(name: str, values: ArrayLike) -> Reals:
    reals = np.asarray(values, np.float64)
    if not np.isfinite(reals).all():
        raise ValueError(f"{name} must be finite, not {reals[~np.isfinite(reals)].flat[0]}")
    return reals


def _require_positive(name: str, values: Reals, hint: str = "") -> None:
    """Raise ValueError naming the first column whose value is not above 0; the hint is for negative ones."""
    wrong = ~(values > 0)
    if wrong.any():
        value = values[wrong].flat[0]
        column = f" of column {_first(wrong)}" if np.ndim(values) else ""
        raise ValueError(f"{name}{column} must be > 0, not {value}{hint if value < 0 else ''}")


def _first(columns: NDArray[np.bool_]) -> int:
    return int(np.flatnonzero(columns)[0])
