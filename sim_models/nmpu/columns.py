"""Model of analog crossbar columns with their converters: gain and offset spread, noise, clipping."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import require_choice, require_integer, require_real

Reals = NDArray[np.float64]

NORMAL, UNIFORM = "normal", "uniform"


@dataclass(frozen=True, kw_only=True)
class AimcColumnParameters:
    """Spread and noise of analog in-memory computing (AIMC) columns.

    ``gain_spread``: standard deviation ('normal') or largest deviation ('uniform') of the gain from 1; 0.0709 normal is
    a trimmed converter, 0.21 uniform an untrimmed one. ``offset_spread_counts``: standard deviation of the offset.
    ``mvm_error_sigma``: standard deviation of the product error relative to the full range. ``usable_levels``: counts
    that the largest calibration value should reach.

    Raises ValueError for any field outside its range.

    Source: 7.09 % and 21 % gain spread, 1.94 % error and 420 levels are reported for the HERMES core; the shapes of the
    distributions and the offset spread are this project's choice.
    """

    count_bits: int = 10
    gain_spread: float = 0.0709
    gain_distribution: str = NORMAL
    offset_spread_counts: float = 6.0
    mvm_error_sigma: float = 0.0194
    usable_levels: int = 420
    seed: int = 0

    def __post_init__(self) -> None:
        require_integer("count_bits", self.count_bits, 1, 16)
        require_real("gain_spread", self.gain_spread, 0, 0.9)
        require_choice("gain_distribution", self.gain_distribution, (NORMAL, UNIFORM))
        require_real("offset_spread_counts", self.offset_spread_counts, 0, 1 << self.count_bits)
        require_real("mvm_error_sigma", self.mvm_error_sigma, 0, 1)
        require_integer("usable_levels", self.usable_levels, 1, (1 << self.count_bits) - 1)
        require_integer("seed", self.seed, 0, (1 << 63) - 1)


class AimcColumns:
    """Columns with the gains and offsets that ``parameters.seed`` draws, for each polarity; fixed once made.

    Attributes, arrays (columns,), drawn in this order: ``gain_positive``, ``gain_negative``, ``offset_positive``,
    ``offset_negative``. The same seed gives the same columns and the same readings, so that all back ends share them.
    """

    def __init__(self, parameters: AimcColumnParameters, columns: int) -> None:
        require_integer("columns", columns, 1, 1 << 20)
        self.parameters = parameters
        rng = np.random.default_rng(parameters.seed)
        self.gain_positive, self.gain_negative = (self._draw_gains(rng, columns) for _ in range(2))
        spread = parameters.offset_spread_counts
        self.offset_positive, self.offset_negative = (spread * rng.standard_normal(columns) for _ in range(2))

    def _draw_gains(self, rng: np.random.Generator, columns: int) -> Reals:
        normal = self.parameters.gain_distribution == NORMAL
        deviation = rng.standard_normal(columns) if normal else rng.uniform(-1, 1, columns)
        return 1 + self.parameters.gain_spread * deviation

    def read(
        self, positive: ArrayLike, negative: ArrayLike, full_range: float, reading: int = 0
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Counts of both polarities for ideal branch values, in counts, of shape (vectors, columns).

        The product error ``e = mvm_error_sigma * full_range * z`` adds ``e/2`` to the positive value and takes it from
        the negative one; then ``count = clip(floor(gain*x + offset + 0.5))`` to ``count_bits``. ``reading`` selects
        the noise: the same number gives the same counts. Raises ValueError for values that are negative or not finite.
        """
        ideal = [np.asarray(values, np.float64) for values in (positive, negative)]
        for name, values in zip(("positive", "negative"), ideal, strict=True):
            if not (np.isfinite(values) & (values >= 0)).all():
                raise ValueError(f"{name} must be finite values >= 0")
        require_real("full_range", full_range, 0, np.finfo(np.float64).max)
        require_integer("reading", reading, 0, (1 << 63) - 1)
        rng = np.random.default_rng((self.parameters.seed, 1, reading))
        shape = np.broadcast_shapes(ideal[0].shape, ideal[1].shape, self.gain_positive.shape)
        error = self.parameters.mvm_error_sigma * full_range * rng.standard_normal(shape)
        counts_p = self._convert(self.gain_positive * (ideal[0] + error / 2) + self.offset_positive)
        return counts_p, self._convert(self.gain_negative * (ideal[1] - error / 2) + self.offset_negative)

    def _convert(self, values: Reals) -> NDArray[np.int64]:
        maximum = (1 << self.parameters.count_bits) - 1
        return np.clip(np.floor(values + 0.5), 0, maximum).astype(np.int64)


def counts_per_unit(positive: ArrayLike, negative: ArrayLike, parameters: AimcColumnParameters) -> float:
    """Factor that brings the largest branch value of a calibration set to ``usable_levels`` counts.

    Raises ValueError where no value is above 0.
    """
    largest = float(max(np.max(positive), np.max(negative)))
    require_real("largest branch value", largest, np.finfo(np.float64).tiny, np.finfo(np.float64).max)
    return parameters.usable_levels / largest


def full_range(positive: ArrayLike, negative: ArrayLike) -> float:
    """Full range of ``positive - negative`` on a calibration set: what the product error is relative to."""
    return float(np.ptp(np.asarray(positive, np.float64) - np.asarray(negative, np.float64)))
