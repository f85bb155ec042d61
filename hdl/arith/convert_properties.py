"""What conversions between integers and floating point promise."""

from amaranth.hdl import Cat, Const, Module, Mux

from hdl.arith.convert import FloatToSigned, SignedToFloat, UnsignedToFloat
from hdl.arith.float_properties import Word
from hdl.property_set import PropertySet

MAXIMUM_BACK = 32


class IntegerToFloatProperties(PropertySet):
    """Larger integers give no smaller floats, signs stay, and the way back gives an integer that fits unchanged."""

    def __init__(self, *, component: UnsignedToFloat | SignedToFloat) -> None:
        self.format, self.width = component.format, component.width
        self.signed = isinstance(component, SignedToFloat)
        super().__init__(component, {"other": component.signature.members["value"].shape})

    def state(self, m: Module) -> None:
        fmt = self.format
        kind = SignedToFloat if self.signed else UnsignedToFloat
        m.submodules.larger = larger = kind(width=self.width, format=fmt)
        m.d.comb += larger.value.eq(self.other)
        below, above = Word(self.result, fmt), Word(larger.result, fmt)
        ordered = self.value <= self.other
        self.holds(m, "keeps_order", ~ordered | (below.order <= above.order))
        self.holds(m, "keeps_the_sign", below.sign == (self.value < 0))
        self.holds(m, "is_a_number", ~below.nan)
        back_width = self.width + (not self.signed)
        exact = self.width <= fmt.significand_bits and self.width <= fmt.bias and back_width <= MAXIMUM_BACK
        if exact:
            m.submodules.back = back = FloatToSigned(format=fmt, width=max(2, back_width))
            m.d.comb += back.value.eq(self.result)
            self.holds(m, "comes_back_unchanged", (back.result == self.value) & ~back.invalid)
        self.reaches(m, "an_ordered_pair", ordered & (below.order < above.order))


class FloatToIntegerProperties(PropertySet):
    """NaN gives 0 and is told, infinities clamp, larger floats give no smaller integers, negation negates."""

    def __init__(self, *, component: FloatToSigned) -> None:
        self.format, self.width = component.format, component.width
        super().__init__(component, {"other": component.format.width})

    def state(self, m: Module) -> None:
        fmt, width = self.format, self.width
        m.submodules.larger = larger = FloatToSigned(format=fmt, width=width)
        m.submodules.negated = negated = FloatToSigned(format=fmt, width=width)
        m.d.comb += [larger.value.eq(self.other), negated.value.eq(self.value ^ (1 << fmt.width - 1))]
        below, above = Word(self.value, fmt), Word(self.other, fmt)
        lowest, highest = -(1 << width - 1), (1 << width - 1) - 1
        self.holds(m, "nan_gives_zero_and_is_told", (self.invalid == below.nan) & (~below.nan | (self.result == 0)))
        clamped = self.result == Mux(below.sign, lowest, highest)
        self.holds(m, "infinity_clamps", ~below.infinite | clamped)
        ordered = (below.order <= above.order) & ~below.nan & ~above.nan
        self.holds(m, "keeps_order", ~ordered | (self.result <= larger.result))
        mirrored = (negated.result == -self.result) | ((self.result == lowest) & (negated.result == highest))
        mirrored |= (self.result == highest) & (negated.result == lowest)
        self.holds(m, "negation_negates", below.nan | mirrored)
        self.holds(m, "less_than_half_gives_zero", ~below.finite | (self._field() >= fmt.bias - 1) | (self.result == 0))
        if fmt.bias >= width - 1:  # else no number is that large
            self.reaches(m, "a_clamped_number", below.finite & (self.result == lowest) & ordered)
        self.reaches(m, "a_number_that_is_not_clamped", (self.result > 1) & (self.result < highest))

    def _field(self) -> Cat:
        return Cat(self.value[self.format.fraction_bits : -1], Const(0, 1))
