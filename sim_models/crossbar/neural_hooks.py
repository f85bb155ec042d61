"""Networks in the dataflow of C: hooks for `neural_pim_dot` and `neural_pim_codes`."""

from dataclasses import dataclass

import numpy as np

from sim_models.arith.checking import require_instance, require_real
from sim_models.crossbar.hooks import FloatArray, Numbers
from sim_models.crossbar.neural_adc import AdcInstance
from sim_models.crossbar.neural_adder import SLICES, AdderInstance


@dataclass(frozen=True, kw_only=True, eq=False)
class AdderHook:
    """An accumulator hook: one NNS+A steps the held values of all outputs.

    ``line_fraction``, the part of the largest sum of a line that is full scale to the network; larger sums clip there.
    Raises ValueError for a fraction outside 1e-6..1, and when called with lines that are not of eight slices and two
    polarities.
    """

    adder: AdderInstance
    line_fraction: float = 1.0

    def __post_init__(self) -> None:
        require_instance("adder", self.adder, AdderInstance)
        require_real("line_fraction", self.line_fraction, 1e-6, 1)

    def __call__(self, held: FloatArray, lines: FloatArray) -> FloatArray:
        """The next held value, both in fractions of full scale: (...) of ``lines`` (2, 8, ...)."""
        if lines.shape[:2] != (2, SLICES):
            raise ValueError(f"lines must be of 2 polarities and {SLICES} slices, not {lines.shape[:2]}")
        scaled = np.clip(lines / self.line_fraction, 0, 1).reshape(2 * SLICES, *lines.shape[2:])
        values = np.concatenate((scaled, held[np.newaxis] / self.line_fraction))
        return self.adder.output(np.moveaxis(values, 0, -1)) * self.line_fraction


@dataclass(frozen=True, kw_only=True, eq=False)
class AdcHook:
    """A converter hook: codes of an NNADC, signed or, with ``unipolar``, of values from 0 and all of its bits.

    ``code_maximum`` is that of the parameters; it must be the largest code of the converter.
    """

    adc: AdcInstance
    code_maximum: int
    unipolar: bool = False

    def __post_init__(self) -> None:
        require_instance("adc", self.adc, AdcInstance)
        require_instance("unipolar", self.unipolar, bool)
        largest = (1 << self.adc.bits - (not self.unipolar)) - 1
        if self.code_maximum != largest:
            raise ValueError(f"code_maximum must be {largest}, that of the converter, not {self.code_maximum}")

    def __call__(self, samples: Numbers) -> Numbers:
        """Codes of ``samples`` in steps of the code."""
        values = samples / self.code_maximum
        return self.adc.unsigned_codes(values) if self.unipolar else self.adc.signed_codes(values)
