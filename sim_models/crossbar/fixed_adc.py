"""NNADC in integers: the signed converter of `neural_adc` as hardware computes it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, require_instance, require_integer
from sim_models.arith.widths import signed_width
from sim_models.crossbar.checking import integer_array
from sim_models.crossbar.fixed_point import require_width
from sim_models.crossbar.fixed_stage import FixedStage

LARGEST_VALUE = 1 << 40


@dataclass(frozen=True, kw_only=True)
class FixedAdc:
    """Integers of one NNADC of one or two stages and ``bits`` in all; ``full_scale`` is the value of the largest code.

    With ``half = 2^(bits - 1)``, and 1.0 being ``unit = 4 * half * full_scale`` so that nothing is rounded: ::

        value = 2 (half - 1) input + (2 half + 1) full_scale
        residue = 2^(bits of the first stage) value - unit * sum_j passed_j
        code = max(1 - half, codes of the stages - half)

    Inputs are integers up to ``input_maximum`` in magnitude; those beyond full scale saturate. Raises ValueError for
    numbers out of range, fewer than 2 bits, and words of more than 62 bits.
    """

    full_scale: int
    input_maximum: int
    stages: tuple[FixedStage, ...]

    def __post_init__(self) -> None:
        require_integer("full_scale", self.full_scale, 1, LARGEST_VALUE)
        require_integer("input_maximum", self.input_maximum, 1, LARGEST_VALUE)
        require_instance("stages", self.stages, tuple)
        for stage in self.stages:
            require_instance("stages", stage, FixedStage)
        if len(self.stages) not in (1, 2):
            raise ValueError(f"stages must be one or two, not {len(self.stages)}")
        require_integer("bits of the stages", self.bits, 2)
        require_width("sums of the network", self.mac_width)

    @property
    def bits(self) -> int:
        """Bits of the code, two's complement."""
        return sum(stage.bits for stage in self.stages)

    @property
    def half(self) -> int:
        """Half of the number of codes."""
        return 1 << self.bits - 1

    @property
    def unit(self) -> int:
        """1.0, the range of a stage, in steps of its values."""
        return 4 * self.half * self.full_scale

    @property
    def gain(self) -> int:
        """What the input is multiplied with."""
        return 2 * (self.half - 1)

    @property
    def offset(self) -> int:
        """What is added to make it a value from 0 to ``unit``."""
        return (2 * self.half + 1) * self.full_scale

    @property
    def cycles(self) -> int:
        """Clock cycles of a conversion: the gain, both stages, the residue's gain and steps between them."""
        residue = 1 + self.stages[0].hidden if len(self.stages) == 2 else 0
        return 1 + sum(stage.cycles for stage in self.stages) + residue

    # Bit growth: bounds of magnitudes, which hold for every partial sum as well

    @property
    def value_bounds(self) -> tuple[int, ...]:
        """Of what each stage sees; a residue leaves 0..unit where its input does."""
        first = self.gain * self.input_maximum + self.offset
        steps = self.stages[0].hidden * self.unit
        return (first, (first << self.stages[0].bits) + steps)[: len(self.stages)]

    @property
    def sum_bound(self) -> int:
        """Of the sum of a neuron or of an output."""
        pairs = zip(self.stages, self.value_bounds, strict=True)
        return max(max(stage.sum_bound(bound), stage.output_bound) for stage, bound in pairs)

    @property
    def input_width(self) -> int:
        """Bits of the input, two's complement, as all widths below."""
        return signed_width(self.input_maximum)

    @property
    def value_width(self) -> int:
        """Bits of what a stage sees."""
        return signed_width(max(self.value_bounds))

    @property
    def mac_width(self) -> int:
        """Bits of any result of the multiply-accumulate."""
        return signed_width(max(self.sum_bound, *self.value_bounds))

    # Evaluation

    def codes(self, inputs: ArrayLike) -> IntArray:
        """Codes (...) of ``inputs`` (...): 1 - half to half - 1.

        Raises ValueError for what is no integer or beyond ``input_maximum``.
        """
        words = integer_array("inputs", inputs, -self.input_maximum, self.input_maximum)
        values = words * self.gain + self.offset
        first = self.stages[0]
        passed = first.passed(values)
        codes = first.codes(passed)
        for stage in self.stages[1:]:
            residues = (values << first.bits) - self.unit * passed.sum(axis=-1)
            codes = (codes << stage.bits) + stage.codes(stage.passed(residues))
        return np.maximum(codes - self.half, 1 - self.half)
