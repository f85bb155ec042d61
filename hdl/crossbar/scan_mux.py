"""Digital stand-in of the analog multiplexer between held lines and a converter."""

from amaranth.hdl import Module, Shape
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.padded_select import padded_select
from sim_models.arith.checking import require_integer


class ScanMux(Block):
    """``value`` is number ``select`` of ``lines``, numbers of ``width`` bits, ``signed`` or not; 0 beyond the last.

    Stands for an analog part. Combinational.
    """

    def __init__(self, *, lines: int, width: int, signed: bool) -> None:
        require_integer("lines", lines, 1)
        require_integer("width", width, 1)
        self.count = lines
        shape = Shape(width, signed)
        held = In(data.ArrayLayout(shape, lines))
        super().__init__({"select": In(range(max(2, lines))), "lines": held, "value": Out(shape)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        values = [self.lines[place] for place in range(self.count)]
        m.d.comb += self.value.eq(padded_select(values, self.select))
        return m
