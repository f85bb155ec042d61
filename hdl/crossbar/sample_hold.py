"""Digital stand-in of sample-and-hold circuits: what lines carried at the last strobe."""

from amaranth.hdl import Module, Shape
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.ranks import rank
from sim_models.arith.checking import require_integer


class SampleHold(Block):
    """``lines`` numbers of ``width`` bits, ``signed`` or not: ``q`` is ``d`` of the last cycle with ``strobe``.

    Stands for an analog part: its area is that of registers. Not reset.
    """

    def __init__(self, *, lines: int, width: int, signed: bool) -> None:
        require_integer("lines", lines, 1)
        require_integer("width", width, 1)
        layout = data.ArrayLayout(Shape(width, signed), lines)
        super().__init__({"strobe": In(1), "d": In(layout), "q": Out(layout)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.q.as_value().eq(rank(m, "held", self.d.as_value(), self.strobe))
        return m
