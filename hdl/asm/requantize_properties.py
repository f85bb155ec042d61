"""What rounding to an input word must give."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from hdl.asm.requantize import RoundToInput
from hdl.property_set import PropertySet
from sim_models.asm import AsmParameters
from sim_models.asm.requantize import maximum_shift


class RoundToInputProperties(PropertySet):
    """The word is that of ``(total + 2^(shift-1)) >> shift``, rectified and saturated; of inputs that are not encoded.

    Shifts beyond the largest must not occur. Raises ValueError for parameters with ``encode_inputs``.
    """

    def __init__(self, *, parameters: AsmParameters, component: RoundToInput | None = None) -> None:
        if parameters.encode_inputs:
            raise ValueError("encode_inputs must be False for the properties of rounding, not True")
        self.parameters = parameters
        super().__init__(component or RoundToInput(parameters=parameters))

    def state(self, m: Module) -> None:
        p, largest = self.parameters, self.parameters.maximum_input
        self.assumes(m, self.shift <= maximum_shift(p))
        value = Signal(signed(len(self.total) + 1))
        m.d.comb += value.eq(self._rounded())
        low = Mux(self.relu, 0, -largest) if p.input_signed else Const(0, signed(2))
        clamped = Signal(signed(p.input_bits + 2))
        m.d.comb += clamped.eq(Mux(value > largest, largest, Mux(value < low, low, value)))
        below = clamped < 0
        size = Signal(p.input_bits)
        m.d.comb += size.eq(Mux(below, -clamped, clamped))
        self.holds(m, "rounds_clamps_and_rectifies", self.word == (Cat(size, below) if p.input_signed else size))
        self.reaches(m, "a_total_of_the_largest_result", (self.shift == 1) & (self.word == largest))

    def _rounded(self) -> Value:
        """The sum of half of what one is worth, for each shift by itself."""
        width = len(self.total) + 1
        each = (
            Mux(self.shift == shift, ((self.total + (1 << shift >> 1)) >> shift).as_signed(), Const(0, signed(width)))
            for shift in range(maximum_shift(self.parameters) + 1)
        )
        return reduce(or_, each)
