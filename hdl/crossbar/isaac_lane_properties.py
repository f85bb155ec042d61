"""What strategy A's lane promises: no accumulator overflows."""

from itertools import accumulate

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed

from hdl.crossbar.isaac_lane import IsaacLane
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.property_set import PropertySet


class IsaacLaneProperties(PropertySet):
    """The sum of an output is that of a register with bits to spare, for any codes, unit sums and flip flags.

    The surroundings give all lines of a slice and all slices in turn, any time apart, product after product, of lines
    whose flags were written. Codes are those of converters that saturate on both sides alike: the smallest two's
    complement word is none.
    """

    def __init__(self, *, parameters: IsaacParameters, component: IsaacLane | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or IsaacLane(parameters=parameters, outputs=1))

    def state(self, m: Module) -> None:
        p = self.parameters
        lines = p.lines_per_output
        count = Signal(range(p.cycles * lines + 1))  # codes of the sum so far
        place = Mux(count == p.cycles * lines, 0, count)
        exact = Signal(signed(p.sum_bits + 2), reset_less=True)
        self._assume_order(m, place)
        shifted = Array(self._meant(m) << shift for shift, _ in self._terms())[place]
        with m.If(self.adding):
            m.d.sync += [
                count.eq(place + 1),
                exact.eq(Mux(place == 0, 0, exact) + Mux(self.subtract, -shifted, shifted)),
            ]
        low, high = self._bounds()
        bounded = (exact >= _chosen(low, count)) & (exact <= _chosen(high, count))
        self.holds(m, "the_sum_does_not_overflow", (count == 0) | (self.sum == exact))
        self.holds(m, "the_sum_is_within_its_bounds", (count == 0) | bounded)
        self.reaches(m, "the_largest_sum", (count == p.cycles * lines) & (exact == high[-1]))

    def _terms(self) -> list[tuple[int, bool]]:
        """Shift of every code, and whether it counts negative."""
        p = self.parameters
        order = [divmod(number, p.slices) for number in range(p.lines_per_output)]
        top = [p.signed_inputs and t == p.cycles - 1 for t in range(p.cycles)]
        return [(p.significance(t, s), top[t] ^ (polarity == 1)) for t in range(p.cycles) for polarity, s in order]

    def _assume_order(self, m: Module, place: Value) -> None:
        p = self.parameters
        line = place % p.lines_per_output
        self.assumes(m, self.target == 0)
        self.assumes(m, ~self.adding | (self.opening == (line == 0)))
        self.assumes(m, ~self.adding | (self.fresh == (place < p.lines_per_output)))
        shift, negative = zip(*self._terms(), strict=True)
        self.assumes(m, ~self.adding | (self.shift == _chosen(list(shift), place)))
        self.assumes(m, ~self.adding | (self.subtract == _chosen([int(each) for each in negative], place)))
        if p.flip_encoding:
            self.assumes(m, ~self.adding | (self.line == line))
        if p.signed_samples:
            self.assumes(m, self.code != -(1 << p.converter_bits))

    def _meant(self, m: Module) -> Signal:
        """What the code stands for."""
        p = self.parameters
        meant = Signal(signed(p.sum_bits))
        m.d.comb += meant.eq(self.code)
        if p.flip_encoding:
            flags = Array(Signal(2, name=f"flag_{line}") for line in range(p.lines_per_output))
            for line, flag in enumerate(flags):
                with m.If(self.flip_write & (self.flip_line == line)):
                    m.d.sync += flag.eq(Cat(self.flip_flag, 1))
            self.assumes(m, ~self.adding | flags[self.line][1])
            with m.If(flags[self.line][0]):
                m.d.comb += meant.eq(p.cell_maximum * self.unit - self.code)
        return meant

    def _bounds(self) -> tuple[list[int], list[int]]:
        """The smallest and the largest sum of each number of codes."""
        p = self.parameters
        largest = (1 << p.converter_bits) - 1
        ends = (-largest if p.signed_samples or p.flip_encoding else 0, p.term_maximum)
        sides = [(-ends[1], -ends[0]) if negative else ends for _, negative in self._terms()]
        shifts = [shift for shift, _ in self._terms()]
        low, high = (
            [0, *accumulate(side[at] << shift for side, shift in zip(sides, shifts, strict=True))] for at in range(2)
        )
        return low, high


def _chosen(values: list[int], place: Value) -> Value:
    width = max(abs(value) for value in values).bit_length() + 1
    return Array(Const(value, signed(width)) for value in values)[place]
