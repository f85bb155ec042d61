"""What a multiply-accumulate promises, cycle by cycle, for all words."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, ResetSignal, Signal, Value, signed

from hdl.asm.exact_mac import ExactMac
from hdl.asm.input_word import input_code_values
from hdl.asm.mac import AsmMac
from hdl.asm.product_properties import behavioural, exact_parameters, quartet_values
from hdl.property_set import PropertySet
from sim_models.asm import AsmParameters
from sim_models.asm.coding import INPUT_CODE_BITS, REFUSED


class MacProperties(PropertySet):
    """Each sum goes on by the signed product, or starts, or stays; an error stays until it is cleared."""

    def __init__(self, *, parameters: AsmParameters, component: AsmMac | ExactMac | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or AsmMac(parameters=parameters))

    def state(self, m: Module) -> None:
        p = self.parameters
        negative, magnitude = self._input()
        refusals: list[Value] = []
        for lane in range(p.lanes):
            weight = Value.cast(self.weights[lane])
            product, refused = behavioural(m, weight[:-1], magnitude, p, f"lane_{lane}")
            refusals.append(refused)
            self._state_sum(m, lane, product, weight[-1] ^ negative)
        some = Cat(refusals).any()
        if p.unsupported == "dont_care":
            self.assumes(m, ~some)
        wrong: Value = some & self.valid if p.unsupported == "refuse" else Const(0, 1)
        kept = ~ResetSignal() & ((self.error & ~self.clear) | wrong)
        self.holds(m, "error_stays_until_cleared", self.error == self.before(m, kept, "error"))
        if p.unsupported == "refuse" and self._can_refuse():
            self.reaches(m, "error_that_is_kept", self.error & ~self.before(m, wrong, "wrong"))

    def _state_sum(self, m: Module, lane: int, product: Value, negative: Value) -> None:
        held, total = self.sums[lane], Signal(signed(self.parameters.accumulator_width), name=f"total_{lane}")
        term = Mux(negative, -product, product)
        m.d.comb += total.eq(Mux(self.valid, Mux(self.first, 0, held) + term, held))
        self.holds(m, f"sum_{lane}_goes_on", held == self.before(m, total, f"total_{lane}"))
        zero = self.before(m, self.valid & ~self.first & (product == 0), f"zero_{lane}")
        same = held == self.before(m, held, f"held_{lane}")
        self.holds(m, f"a_zero_of_either_sign_leaves_sum_{lane}", ~zero | same)
        self.reaches(m, f"sum_{lane}_falls_below_zero", (held < 0) & self.before(m, held > 0, f"above_{lane}"))

    def _input(self) -> tuple[Value, Value]:
        """Sign and magnitude."""
        p = self.parameters
        body = self.x[: p.input_word_bits - p.input_signed]
        negative = self.x[-1] if p.input_signed else Const(0, 1)
        if not p.encode_inputs:
            return negative, body
        values = Array(Const(value, 4) for value in input_code_values(p))
        return negative, Cat(values[body.word_select(j, INPUT_CODE_BITS)] for j in range(p.input_quartets))

    def _can_refuse(self) -> bool:
        """Whether there are unsupported words."""
        p = self.parameters
        return any(REFUSED in quartet_values(p, place) for place in range(p.quartets))


class ExactMacProperties(MacProperties):
    """The same of the exact lanes, whose words are plain and all supported."""

    def __init__(self, *, parameters: AsmParameters, component: ExactMac | None = None) -> None:
        exact = exact_parameters(parameters)
        super().__init__(parameters=exact, component=component or ExactMac(parameters=exact))
