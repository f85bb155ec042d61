"""Voltage transfer of a CMOS inverter, the nonlinearity of the networks that stand in for peripherals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import require_real
from sim_models.crossbar.checking import FloatArray, real_array


@dataclass(frozen=True, kw_only=True)
class InverterVtc:
    """Falling logistic curve ``supply / (1 + exp(slope (z - threshold) / supply))``, volts in, volts out.

    Its steepness at the threshold is -slope / 4: near linear for a slope of 2 to 4, comparator-like from 40 on.
    Raises ValueError for a slope or supply outside 1e-3..1e4, and a threshold that is not inside the supply.
    A model of bitline's own; no transistor is fitted.
    """

    slope: float
    supply: float = 1.0
    threshold: float = 0.5

    def __post_init__(self) -> None:
        require_real("slope", self.slope, 1e-3, 1e4)
        require_real("supply", self.supply, 1e-3, 1e4)
        require_real("threshold", self.threshold, 0, self.supply)

    def output(self, inputs: ArrayLike) -> FloatArray:
        """Output voltages of ``inputs`` (any shape, volts). Raises ValueError unless these are finite."""
        steps = self.slope * (real_array("inputs", inputs) - self.threshold) / self.supply
        return 0.5 * self.supply * (1 - np.tanh(0.5 * steps))

    def steepness(self, inputs: ArrayLike) -> FloatArray:
        """Derivative of the output at ``inputs``: 0 or negative."""
        outputs = self.output(inputs)
        return -self.slope * outputs * (self.supply - outputs) / self.supply**2
