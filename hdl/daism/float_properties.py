"""What the float lane and the accumulator's adder give, for all words."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from hdl.daism.float_lane import FloatLane
from hdl.daism.float_sum import FloatSum
from hdl.property_set import PropertySet
from sim_models.daism import DaismParameters


class FloatLaneProperties(PropertySet):
    """The product word follows from sign, exponents and kept columns step by step as the format's rules say.

    The stored operand and the driver are finite; the leading one of the significand is in its top two columns.
    """

    def __init__(self, *, parameters: DaismParameters, component: FloatLane | None = None) -> None:
        self.parameters = parameters
        lane = component or FloatLane(parameters=parameters)
        super().__init__(lane, {"driver_exponent": parameters.exponent_bits})

    def state(self, m: Module) -> None:
        p, bits = self.parameters, self.parameters.product_fraction_bits
        special = p.special_exponent
        stored = self.stored[:-1]
        offered = (self.exponent == self.driver_exponent - p.bias) & (self.zero == (self.driver_exponent == 0))
        usual = offered & (stored != special) & (self.driver_exponent != special) & self.significand[-2:].any()
        fraction, field = self._rounded()
        zero = self.zero | (stored == 0)
        limit = (special << bits) if p.saturate_to == "infinity" else (special << bits) - 1
        word = Cat(fraction, field[: p.exponent_bits])
        magnitude = Mux(zero | (field <= 0), 0, Mux(field >= special, limit, word))
        sign = self.sign ^ self.stored[-1]
        self.holds(
            m, "product_as_the_rules_say", ~usual | (self.product == Cat(magnitude[: bits + p.exponent_bits], sign))
        )
        self.reaches(m, "an_overflow", usual & ~zero & (field >= special))
        self.reaches(m, "an_exponent_of_zero_rescued", usual & ~zero & (field == 1) & self.significand[-1])

    def _rounded(self) -> tuple[Value, Value]:
        """The fraction and the exponent of a product that is rounded and not yet checked for its range."""
        p, bits = self.parameters, self.parameters.product_fraction_bits
        top = self.significand[-1]
        # The leading one at the same place for both cases, with zeros below.
        long = Mux(top, self.significand << bits, self.significand << bits + 1)[: p.kept + bits]
        whole, rest = long[p.kept - 1 :], long[: p.kept - 1]
        half = 1 << p.kept - 2
        up: Value = Const(0, 1)
        if p.product_rounding == "rne":
            up = (rest > half) | ((rest == half) & whole[0])
        rounded = whole + up
        carried = rounded[bits + 1]
        exponent = self.driver_exponent + self.stored[:-1] - p.bias + top + carried
        return Mux(carried, 0, rounded[:bits])[:bits], exponent


class FloatSumProperties(PropertySet):
    """A sum toward zero is the number of its format next to the exact sum, or it, on the side of zero.

    The exact sum is formed at length. Zero below the smallest normal number, the largest number beyond the range;
    without stages and infinities.
    """

    def __init__(self, *, component: FloatSum) -> None:
        self.fraction_bits, self.exponent_bits = component.fraction_bits, component.exponent_bits
        self.point = max(component.fraction_bits, component.addend_fraction_bits)
        super().__init__(component)

    def state(self, m: Module) -> None:
        special = (1 << self.exponent_bits) - 1
        words = (self.accumulator, self.addend, self.total)
        finite = Cat(self._field(word) != special for word in words[:2]).all()
        first, second, total = (self._value(m, name, word) for name, word in zip("abs", words, strict=True))
        exact = Signal(signed(len(first) + 1))
        m.d.comb += exact.eq(first + second)
        size, found = Signal(len(exact)), Signal(len(exact))
        m.d.comb += [size.eq(Mux(exact < 0, -exact, exact)), found.eq(Mux(total < 0, -total, total))]
        least, beyond = 1 << self.point, 1 << self.point + special - 1
        step = 1 << self.point - self.fraction_bits
        largest = beyond - (step << special - 2)
        self.holds(m, "small_is_zero", ~(finite & (size < least)) | (self.total == 0))
        kept = finite & (size >= least)
        self.holds(m, "keeps_the_sign", ~kept | ((total < 0) == (exact < 0)))
        self.holds(m, "large_is_the_largest", ~(kept & (size >= beyond)) | (found == largest))
        ulp = (Const(step, len(size)) << self._field(self.total))[1:]
        nearest = (found <= size) & (size - found < ulp)
        self.holds(m, "not_beyond_and_less_than_a_step_short", ~(kept & (size < beyond)) | nearest)
        self.reaches(m, "a_sum_cut_short", kept & (size < beyond) & (found < size) & (first < 0) & (second > 0))

    def _field(self, word: Value) -> Value:
        return word[-1 - self.exponent_bits : -1]

    def _value(self, m: Module, name: str, word: Value) -> Signal:
        """The number in steps of the smallest: exact, as wide as the exponents reach."""
        fraction = word[: -1 - self.exponent_bits]
        field = self._field(word)
        width = self.point + (1 << self.exponent_bits) + 1
        value = Signal(signed(width), name=f"value_{name}")
        significand = Cat(Const(0, self.point - len(fraction)), fraction, Const(1, 1))
        size = Mux(field == 0, 0, (significand << field)[1:])
        m.d.comb += value.eq(Mux(word[-1], -size, size))
        return value
