"""A counter that stops at its largest value."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith.checking import require_integer


class Tally(Block):
    """``total`` grows by ``amount`` a cycle up to 2^width - 1, and stays there; ``clear`` sets it to 0."""

    def __init__(self, *, width: int, amount_width: int) -> None:
        require_integer("amount_width", amount_width, 1)
        require_integer("width", width, amount_width)
        super().__init__({"amount": In(amount_width), "clear": In(1), "total": Out(width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = len(self.total)
        following = Signal(width + 1)
        m.d.comb += following.eq(self.total + self.amount)
        with m.If(self.clear):
            m.d.sync += self.total.eq(0)
        with m.Else():
            m.d.sync += self.total.eq(Mux(following[width], -1, following[:width]))
        return m
