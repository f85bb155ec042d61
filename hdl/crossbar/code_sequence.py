"""Which line each code is of, where it goes, and when products leave the accumulators."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.isaac_parameters import IsaacParameters
from sim_models.arith.checking import require_instance


class CodeSequence(Block):
    """Follows the scans of strategy A on the side of the codes: one position a clock cycle, all converters in step.

    * ``start``: the codes of a scan come from the next clock cycle on. ``finish``: the accumulators hold a product,
      which is read at the same positions; a scan may start with it. Neither comes before the last position of those
      under way.
    * ``adding``: there are codes. ``finishing``: a product is read. ``unit``: the position is that of the unit column,
      which comes first; else it is one of the output ``target`` of each converter, the first with ``opening``.
      ``line``, with flip_encoding: number of the line among those of a converter.
    * ``shift``: place of the codes. ``subtract``: they count negative. ``fresh``: they are the first ones of a product.
      ``last``: the position is the last one.

    Raises ValueError for ``parameters`` that are no ``IsaacParameters``.
    """

    def __init__(self, *, parameters: IsaacParameters) -> None:
        require_instance("parameters", parameters, IsaacParameters)
        self.parameters = p = parameters
        flags = ("adding", "finishing", "unit", "opening", "subtract", "fresh", "last")
        numbers = {"target": p.shares[0], "shift": p.places}
        if p.flip_encoding:
            numbers["line"] = p.shares[0] * p.lines_per_output
        super().__init__(
            {
                "start": In(1),
                "finish": In(1),
                **{name: Out(1) for name in flags},
                **{name: Out(range(max(2, count))) for name, count in numbers.items()},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        begins, moves = Signal(), Signal()
        m.d.comb += [begins.eq(self.start | self.finish), moves.eq((self.adding | self.finishing) & ~self.unit)]
        with m.If(begins | self.last):
            m.d.sync += [self.adding.eq(self.start), self.finishing.eq(self.finish)]
        m.d.sync += self.unit.eq(begins & int(p.has_unit_column))
        place, negative = self._within_output(m, begins, moves)
        cycle = self._cycle(m)
        m.d.comb += [
            self.shift.eq(p.dac_bits * cycle + p.cell_bits * place),
            self.subtract.eq(negative ^ ((cycle == p.cycles - 1) & int(p.signed_inputs))),
            self.fresh.eq(cycle == 0),
        ]
        return m

    def _within_output(self, m: Module, begins: Value, moves: Value) -> tuple[Value, Value]:
        """Slice and polarity of the position; the counts of lines and outputs go on with them."""
        p = self.parameters
        place = Signal(range(max(2, p.slices)))
        number = Signal(range(max(2, p.lines_per_output)))
        closing = Signal()
        top = place == p.slices - 1
        m.d.comb += [
            closing.eq(number == p.lines_per_output - 1),
            self.opening.eq(moves & (number == 0)),
            self.last.eq(moves & closing & (self.target == p.shares[0] - 1)),
        ]
        with m.If(begins | self.last):
            m.d.sync += [place.eq(0), number.eq(0), self.target.eq(0)]
        with m.Elif(moves):
            m.d.sync += [
                place.eq(Mux(top, 0, place + 1)),
                number.eq(Mux(closing, 0, number + 1)),
                self.target.eq(self.target + closing),
            ]
        if p.flip_encoding:
            m.d.sync += self.line.eq(Mux(moves & ~self.last, self.line + 1, 0))
        return place, number >= p.slices

    def _cycle(self, m: Module) -> Signal:
        """Number of the input slice that the codes are of."""
        p = self.parameters
        cycle = Signal(range(max(2, p.cycles)))
        with m.If(self.adding & self.last):
            m.d.sync += cycle.eq(Mux(cycle == p.cycles - 1, 0, cycle + 1))
        return cycle
