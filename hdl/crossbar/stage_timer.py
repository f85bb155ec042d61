"""How long a stage of several array cycles lasts."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith.checking import require_integer


class StageTimer(Block):
    """A stage of ``cycles`` array cycles after each ``start``, which comes as an array cycle ends (``ended``).

    ``active``: the stage is on. ``last``: this array cycle is the last one of it; ``nearly``: or the next one is.
    ``over``: the last one ends; a start may come with it.
    """

    def __init__(self, *, cycles: int) -> None:
        require_integer("cycles", cycles, 1)
        self.cycles = cycles
        super().__init__(
            {"start": In(1), "ended": In(1), **{name: Out(1) for name in ("active", "nearly", "last", "over")}}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left = Signal(range(max(2, self.cycles)))
        m.d.comb += [
            self.nearly.eq(self.active & (left <= 1)),
            self.last.eq(self.active & (left == 0)),
            self.over.eq(self.last & self.ended),
        ]
        with m.If(self.ended):
            m.d.sync += [
                self.active.eq(self.start | (self.active & ~self.last)),
                left.eq(Mux(self.start, self.cycles - 1, Mux(left == 0, 0, left - 1))),
            ]
        return m
