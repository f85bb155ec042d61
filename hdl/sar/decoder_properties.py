"""What the decoder of twin-range codes promises."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from hdl.property_set import PropertySet
from hdl.sar.decoder import TrqDecoder
from hdl.sar.legality import RegisterLegality
from sim_models.sar.group import TrqDecoderParameters


class TrqDecoderProperties(PropertySet):
    """The value of a code is that of every count with the code: no count is farther from it than half a step.

    For any count and any legal registers, with the code that the quantizer gives: the value is the lower end of the
    count's step, or its middle with half steps, and at most the largest count. The decoder sees the count in no other
    way than by its code.
    """

    def __init__(self, *, parameters: TrqDecoderParameters, component: TrqDecoder | None = None) -> None:
        self.parameters = parameters
        self._legality = RegisterLegality(parameters=parameters.controller)
        registers = self._legality.registers.shape()
        super().__init__(component or TrqDecoder(parameters=parameters), {"count": parameters.bits, "any": registers})

    def state(self, m: Module) -> None:
        p, bits = self.parameters, self.parameters.bits
        m.submodules.legality = self._legality
        m.d.comb += Value.cast(self._legality.registers).eq(Value.cast(self.any))
        self.assumes(m, self._legality.legal)
        names = self.any.shape().members
        for name in self.component.signature.members:
            if name in names:
                self.assumes(m, getattr(self, name) == self.any[name])
        base = self.any.base if p.support_base else 0
        after = Mux(self.any.after_r1, self.any.r1_size, 0) if p.support_after_r1 else 0
        in_r1 = (self.count >= base) & (self.count < base + self.any.r1_size)
        origin, step = Mux(in_r1, base, after), Mux(in_r1, self.any.stop1, self.any.stop2)
        lower, code = Signal(bits), Signal(bits)
        m.d.comb += [code.eq((self.count - origin) & ~(step - 1)), lower.eq(origin + code)]
        self.assumes(m, (self.flag == ~in_r1) & self._is_coded(step, code))
        middle = lower + Mux(self.mid_rise, step >> 1, 0)
        self.holds(m, "value_is_of_the_step", self.value == Mux(middle > (1 << bits) - 1, (1 << bits) - 1, middle))
        away = Mux(self.value > self.count, self.value - self.count, self.count - self.value)
        self.holds(m, "value_is_near", away <= Mux(self.mid_rise, step >> 1, step - 1))
        self.reaches(m, "a_value_above_its_count", ~in_r1 & (self.value > self.count) & code.any())
        self.reaches(m, "a_count_that_is_its_value", in_r1 & (self.value == self.count) & code.any())

    def _is_coded(self, step: Value, code: Value) -> Value:
        """The port ``code`` is ``code``, or that in steps."""
        if self.parameters.coding == "aligned":
            return self.code == code
        shifted = [~step[place] | (Cat(self.code) == code >> place) for place in range(self.parameters.bits)]
        return Cat(shifted).all()
