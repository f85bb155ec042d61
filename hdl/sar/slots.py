"""Slots of equal length for the conversions of converters that work in step."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith.checking import require_integer


class SlotTimer(Block):
    """A slot of ``cycles`` cycles after each ``start``: ``ended`` is 1 in the last one, and until the next start."""

    def __init__(self, *, cycles: int) -> None:
        require_integer("cycles", cycles, 2)
        self.cycles = cycles
        super().__init__({"start": In(1), "ended": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left = Signal(range(self.cycles))
        m.d.comb += self.ended.eq(left == 0)
        m.d.sync += left.eq(Mux(self.start, self.cycles - 1, left - ~self.ended))
        return m
