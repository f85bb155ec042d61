"""Which column a converter takes next, and when its conversion begins."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith.checking import require_integer


class ColumnSequence(Block):
    """Leads one converter, or several in step, through ``columns`` columns of each plane.

    * ``plane_start``: a plane begins; only with ``free``, which is 1 from the cycle in which the last conversion of a
      plane is ``over``. ``ended``: from the cycle after that one on.
    * ``begin`` begins a conversion, ``over`` ends it; a conversion begins with ``room`` for its result, as early as in
      the cycle in which the one before is over. ``running``: between them. ``start`` is for the controller.
    * ``column``, ``bank``: what the multiplexers connect. They come from registers and stay from the cycle before a
      conversion samples until it has sampled. With ``overlap`` they move on in the cycle after the last one with
      ``sample``, which the controller shows; else with ``over``, and ``start`` comes a cycle after ``begin``.
    """

    def __init__(self, *, columns: int, overlap: bool) -> None:
        require_integer("columns", columns, 1)
        self.columns, self.overlap = columns, overlap
        inputs = {name: In(1) for name in ("plane_start", "room", "over", *(["sample"] if overlap else []))}
        outputs = {name: Out(1) for name in ("begin", "start", "running", "ended", "free", "bank")}
        super().__init__({**inputs, **outputs, "column": Out(range(max(2, columns)))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        ending, working = Signal(), Signal()
        m.d.comb += [
            # With overlap the column has moved on, beyond the last one, to 0.
            ending.eq(self.over & (self.column == (0 if self.overlap else self.columns - 1))),
            self.ended.eq(~working),
            self.free.eq(~working | ending),
            self.begin.eq((self.plane_start | ~self.free) & (~self.running | self.over) & self.room),
        ]
        m.d.sync += [
            working.eq(self.plane_start | ~self.free),
            self.running.eq(self.begin | (self.running & ~self.over)),
        ]
        if self.overlap:
            sampled = Signal()
            m.d.sync += sampled.eq(self.sample)
            m.d.comb += self.start.eq(self.begin)
            self._move_on(m, sampled & ~self.sample)
        else:
            m.d.sync += self.start.eq(self.begin)
            self._move_on(m, self.over)
        return m

    def _move_on(self, m: Module, when: Value) -> None:
        last = self.column == self.columns - 1
        following = Mux(last, 0, self.column + 1)
        with m.If(when):
            if self.columns & (self.columns - 1) == 0:  # the count goes over into the bank by itself
                places = Cat(self.column[: (self.columns - 1).bit_length()], self.bank)
                m.d.sync += places.eq(places + 1)
            else:
                m.d.sync += [self.column.eq(following), self.bank.eq(self.bank ^ last)]
