"""Requantisation words of a layer from real gains and biases."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray
from sim_models.asm import AsmParameters
from sim_models.asm.requantize import SCALE_BITS, maximum_shift, offset_bits

Reals = NDArray[np.float64]
_SCALE_MAXIMUM = (1 << SCALE_BITS) - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class AffineWords:
    """Words of `sim_models.asm.requantize`, one each per channel, int64 (channels,)."""

    scale: IntArray
    offset: IntArray
    shift: IntArray


def requantize_words(gain: ArrayLike, bias: ArrayLike, p: AsmParameters) -> AffineWords:
    """Words for ``sums * gain + bias``, both real, in steps of the result: ``scale / 2^shift`` nearest ``gain``.

    Each channel has the largest shift at which scale and offset fit their words, so that a scale has all its bits
    where the bias allows. Raises ValueError for numbers that are not finite, negative gains and those too large for a
    scale word, biases too large for an offset word, and shapes other than (channels,).
    """
    gains, biases = _channels(gain, bias)
    offset_limit = (1 << (offset_bits(p) - 1)) - 1
    _require_at_most("gain", gains, _SCALE_MAXIMUM)
    _require_at_most("bias", biases, offset_limit)
    with np.errstate(divide="ignore"):
        room = np.minimum(np.log2(_SCALE_MAXIMUM / gains), np.log2(offset_limit / np.abs(biases)))
    shift = np.floor(np.minimum(room, maximum_shift(p))).astype(np.int64)
    return AffineWords(scale=_scaled(gains, shift), offset=_scaled(biases, shift), shift=shift)


def logit_words(gain: ArrayLike, bias: ArrayLike, p: AsmParameters) -> AffineWords:
    """Words for the affine map of a last layer: its results are in one unit for all channels, and no shift is made.

    The largest gain takes the largest scale word. Raises ValueError as `requantize_words`, and if no gain is above 0.
    """
    gains, biases = _channels(gain, bias)
    if not gains.max() > 0:
        raise ValueError("gain must be above 0 in one channel at least")
    unit = gains.max() / _SCALE_MAXIMUM
    offsets = biases / unit
    _require_at_most("bias in units of the last layer", offsets, (1 << (offset_bits(p) - 1)) - 1)
    none = np.zeros(len(gains), np.int64)
    return AffineWords(scale=_scaled(gains / unit, none), offset=_scaled(offsets, none), shift=none)


def _channels(gain: ArrayLike, bias: ArrayLike) -> tuple[Reals, Reals]:
    gains, biases = np.asarray(gain, np.float64), np.asarray(bias, np.float64)
    if gains.ndim != 1 or gains.shape != biases.shape or not gains.size:
        raise ValueError(f"gain and bias must be of one shape (channels,), not {gains.shape} and {biases.shape}")
    for name, values in (("gain", gains), ("bias", biases)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} must be finite")
    if gains.min() < 0:
        raise ValueError(f"gain must be at least 0, not {gains.min()}")
    return gains, biases


def _require_at_most(name: str, values: Reals, limit: int) -> None:
    if (largest := np.abs(values).max()) > limit:
        raise ValueError(f"{name} must be at most {limit}, not {largest}")


def _scaled(values: Reals, shift: IntArray) -> IntArray:
    return np.rint(np.ldexp(values, shift)).astype(np.int64)
