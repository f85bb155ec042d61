"""Energy of a conversion by two models: in proportion to its comparisons, and with the DAC by itself."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from sim_models.sar.convert import Converter, transfer
from sim_models.sar.dac import FloatArray, dac_energy
from sim_models.sar.metrics import weights_of
from sim_models.sar.parameters import SarParameters

REFERENCE_BITS = 8  # of the converter whose energy is divided


@dataclass(frozen=True, kw_only=True)
class EnergyModel:
    """What comparisons and the DAC of a converter cost, in pJ.

    E1: ``operation_pj`` a comparison, all included. E2: a plain 8-bit conversion takes ``conversion_pj``, of which
    ``dac_fraction`` goes to the DAC, averaged over all counts, and the rest in equal parts to its 8 comparisons;
    ``sample_pj`` is added to each conversion. Converters of other resolutions keep the energy of a comparison and the
    unit capacitor of the 8-bit one, so that their DAC energy grows about as 2^bits.

    Raises ValueError for numbers that are negative or not finite, and a dac_fraction above 1. The defaults are of a
    32 nm converter as published in https://github.com/Accelergy-Project/hwcomponents-library; that its energy is in
    proportion to the comparisons, and its division, are assumptions.
    """

    operation_pj: float = 0.208
    conversion_pj: float = 1.667
    dac_fraction: float = 0.5
    sample_pj: float = 0.0

    def __post_init__(self) -> None:
        for name in ("operation_pj", "conversion_pj", "dac_fraction", "sample_pj"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"{name} must be a number, not {value!r}")
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be finite and at least 0, not {value}")
        if self.dac_fraction > 1:
            raise ValueError(f"dac_fraction must be at most 1, not {self.dac_fraction}")

    @property
    def unit_pj(self) -> float:
        """C*Vref^2 of the unit capacitor."""
        return self.dac_fraction * self.conversion_pj / _reference_dac()

    @property
    def comparison_pj(self) -> float:
        """A comparison in E2: comparator and logic, without the DAC."""
        return (1 - self.dac_fraction) * self.conversion_pj / REFERENCE_BITS


@dataclass(frozen=True, kw_only=True, eq=False)
class ConversionEnergy:
    """Energies of the conversions of all counts in order, arrays (2^bits,).

    ``e1_pj`` and ``e2_pj``: by the two models; ``dac_pj``: the part of the DAC in E2; ``dac_units``: the same in
    C*Vref^2 of the unit capacitor.
    """

    e1_pj: FloatArray
    e2_pj: FloatArray
    dac_pj: FloatArray
    dac_units: FloatArray


@dataclass(frozen=True, kw_only=True)
class MeanEnergy:
    """The fields of `ConversionEnergy`, averaged over a histogram."""

    e1_pj: float
    e2_pj: float
    dac_pj: float
    dac_units: float


def conversion_energy(parameters: Converter, model: EnergyModel | None = None) -> ConversionEnergy:
    """Energies by count of a plain, twin-range or clipped converter; ``model``: the default one if None.

    The DAC moves in each cycle up to the last comparison. A known trial, which is not compared, moves it too: the
    controller sets that bit a cycle later. In a forced trial, whose word does not exist, it stays where it is. The end
    of a conversion, where all capacitors go back to ground, is not charged.
    """
    model = model or EnergyModel()
    operations, units = transfer(parameters).operations, dac_energy(parameters)
    dac = units * model.unit_pj
    split = model.sample_pj + operations * model.comparison_pj + dac
    return ConversionEnergy(
        e1_pj=operations.astype(np.float64) * model.operation_pj, e2_pj=split, dac_pj=dac, dac_units=units
    )


def mean_energy(histogram: ArrayLike, parameters: Converter, model: EnergyModel | None = None) -> MeanEnergy:
    """Energies of a conversion, averaged over ``histogram``, (2^bits,) weights of the counts.

    Raises ValueError for a histogram of another length, negative, not finite or empty.
    """
    weights = weights_of(histogram, parameters.bits)
    shares = weights / weights.sum()
    table = conversion_energy(parameters, model)
    return MeanEnergy(
        e1_pj=float(shares @ table.e1_pj),
        e2_pj=float(shares @ table.e2_pj),
        dac_pj=float(shares @ table.dac_pj),
        dac_units=float(shares @ table.dac_units),
    )


@cache
def _reference_dac() -> float:
    """Mean DAC energy of the plain search of the reference over all counts, in C*Vref^2."""
    return float(np.mean(dac_energy(SarParameters(bits=REFERENCE_BITS))))
