"""What converters that search promise: every conversion gives the code of what was sampled, in its clock cycle."""

from collections.abc import Callable, Iterator
from functools import partial

from amaranth.hdl import Cat, Module, Mux, ResetSignal, Shape, Signal, Value, signed

from hdl.crossbar.interleaved_sar import InterleavedSar
from hdl.property_set import PropertySet


class InterleavedSarProperties(PropertySet):
    """With comparators that compare what each capacitor sampled, whenever conversions start, one a cycle or fewer.

    * One capacitor follows the input in the clock cycle after a start, no other does, and none whose search is on.
    * ``bits`` + 1 clock cycles later the code is there: the value, or the end of the range that it is beyond.

    A comparator that is off answers anything.
    """

    def __init__(self, *, bits: int, signed_values: bool, component: InterleavedSar | None = None) -> None:
        self.bits, self.signed_values, self.registers = bits, signed_values, bits + 2
        part = component or InterleavedSar(bits=bits, signed_values=signed_values)
        super().__init__(part, {"value": Shape(bits + 2, signed_values), "off": self.registers})

    def state(self, m: Module) -> None:
        sampled = self._compare(m)
        due: Value = self.before(m, self.start & ~ResetSignal(), "started")
        self.holds(m, "a_start_samples_once", Cat(self.sample).any() == due)
        self.holds(m, "one_capacitor_at_a_time", (Cat(self.sample) & (Cat(self.sample) - 1)[: len(self.sample)]) == 0)
        self.holds(m, "no_capacitor_moves_in_a_search", (Cat(self.sample) & Cat(self.comparator_enable)) == 0)
        expected: Value = self._code(m, sampled)
        for age in range(self.bits + 1):
            due = self.before(m, due & ~ResetSignal(), f"due_{age}")
            expected = self.before(m, expected, f"expected_{age}")
        self.holds(m, "the_code_is_that_of_the_sample", ~due | (self.code == expected))
        high = (1 << self.bits - self.signed_values) - 1
        ends = (expected == high) | ((expected == -high) if self.signed_values else 0)
        self.holds(m, "ends_of_the_range_are_shown", ~due | (self.at_end == ends))
        again = self.before(m, due, "due_before")
        self.reaches(m, "a_code_right_after_another", due & again & ~self.at_end)

    def _compare(self, m: Module) -> Value:
        """Answer every comparator; returns what is sampled in this clock cycle."""
        lowest = 1 << self.bits - 1 if self.signed_values else 0
        for place in range(self.registers):
            held = Signal.like(self.value, name=f"held_{place}", reset_less=True)
            with m.If(self.sample[place]):
                m.d.sync += held.eq(self.value)
            reached = held + lowest >= self.dac[place]
            answer = Mux(self.comparator_enable[place], reached, self.off[place])
            self.assumes(m, self.cmp[place] == answer)
        return self.value

    def _code(self, m: Module, value: Value) -> Signal:
        high = (1 << self.bits - self.signed_values) - 1
        low = -high if self.signed_values else 0
        code = Signal(signed(self.bits + 1))
        m.d.comb += code.eq(Mux(value > high, high, Mux(value < low, low, value)))
        return code


def search_properties(bits: int, signed_values: bool) -> Iterator[tuple[str, Callable[[], PropertySet]]]:
    """Of converters of as many bits, or of three where they have more."""
    few = min(bits, 3)
    name = f"InterleavedSar of {few} bits"
    yield name, partial(InterleavedSarProperties, bits=few, signed_values=signed_values)
