"""What is not ideal in a converter, and the thresholds that follow from it."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import integers, require_integer
from sim_models.sar.metrics import FloatArray


@dataclass(frozen=True, kw_only=True)
class SarNonIdealities:
    """Deviations of one converter; offset, noise and centering in counts, the others relative.

    ``unit_capacitor_sigma``: standard deviation of a unit capacitor; one of 2^i units has sigma times 2^(i/2).
    ``comparator_offset``: added to each threshold. ``comparator_noise``: standard deviation, drawn anew for each
    comparison. ``gain_error``: the input is multiplied by 1 + gain_error; an amplifier of finite gain A has -1/(1+A).
    ``input_centering``: added to the input, 0.5 puts an integer in the middle of its step. ``settling``: time constants
    of the DAC in a cycle; None or infinite: it settles completely. ``seed``: of the capacitors and the noise.

    Raises ValueError, naming the field, for numbers that are not finite, a negative sigma or noise, a gain_error of -1
    or less, a settling that is not above 0, and a seed that is no integer of at least 0.
    """

    unit_capacitor_sigma: float = 0.0
    comparator_offset: float = 0.0
    comparator_noise: float = 0.0
    gain_error: float = 0.0
    input_centering: float = 0.5
    settling: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("unit_capacitor_sigma", "comparator_noise"):
            if _finite(name, getattr(self, name)) < 0:
                raise ValueError(f"{name} must be at least 0, not {getattr(self, name)}")
        for name in ("comparator_offset", "gain_error", "input_centering"):
            _finite(name, getattr(self, name))
        if self.gain_error <= -1:
            raise ValueError(f"gain_error must be above -1, not {self.gain_error}")
        if self.settling is not None and not _number("settling", self.settling) > 0:
            raise ValueError(f"settling must be above 0, or None, not {self.settling}")
        require_integer("seed", self.seed, 0)

    @property
    def residue(self) -> float:
        """What is left of a change of the DAC after a cycle."""
        return 0.0 if self.settling is None else math.exp(-self.settling)


def capacitor_thresholds(bits: int, nonidealities: SarNonIdealities) -> FloatArray:
    """Voltage of each DAC word u in counts, (2^bits,): T(u) = 2^n sum over the bits of u of C_i / (sum C_i + C_d).

    C_i = 2^i + sigma 2^(i/2) z_i for i = 0..n-1, C_d = 1 + sigma z_d, with z from the seed, in this order. Raises
    ValueError for bits outside 2..16, and for a sigma that leaves the capacitors no sum above 0.
    """
    require_integer("bits", bits, 2, 16)
    sigma = nonidealities.unit_capacitor_sigma
    draws = np.random.default_rng((nonidealities.seed, 0)).standard_normal(bits + 1)
    units = np.append(2.0 ** np.arange(bits), 1.0)
    capacitors = units + sigma * np.sqrt(units) * draws
    total = capacitors.sum()
    if total <= 0:
        raise ValueError(f"unit_capacitor_sigma must leave a sum of capacitors above 0, {sigma} does not")
    sums = np.zeros(1)
    for capacitor in capacitors[:bits]:
        sums = np.concatenate([sums, sums + capacitor])
    return sums * (1 << bits) / total


def threshold_instances(bits: int, nonidealities: SarNonIdealities, seeds: ArrayLike) -> FloatArray:
    """`capacitor_thresholds` of one converter a seed: (seeds, 2^bits). Raises ValueError for negative seeds."""
    each = integers("seeds", seeds, 0).reshape(-1)
    made = [capacitor_thresholds(bits, replace(nonidealities, seed=int(seed))) for seed in each]
    return np.stack(made) if made else np.zeros((0, 1 << bits))


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number, not {value!r}")
    return float(value)


def _finite(name: str, value: object) -> float:
    number = _number(name, value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, not {value}")
    return number
