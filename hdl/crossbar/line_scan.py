"""The scan of held lines: one position a clock cycle, from the first to the last."""

from amaranth.hdl import Module, Mux
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith.checking import require_integer


class LineScan(Block):
    """Goes through ``positions`` positions, one a clock cycle, after each ``start``.

    * ``start``: position 0 comes next; only while nothing is scanned or in the last position.
    * ``active``: ``position`` is scanned in this clock cycle. ``last``: it is the last one, and active.
    * ``upcoming``: a position is scanned in the next clock cycle, and it is ``following``.
    """

    def __init__(self, *, positions: int) -> None:
        require_integer("positions", positions, 1)
        self.positions = positions
        place = Out(range(max(2, positions)))
        outputs = {"active": Out(1), "position": place, "last": Out(1), "upcoming": Out(1), "following": place}
        super().__init__({"start": In(1), **outputs})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += [
            self.last.eq(self.active & (self.position == self.positions - 1)),
            self.upcoming.eq(self.start | (self.active & ~self.last)),
        ]
        m.d.comb += self.following.eq(Mux(self.active & ~self.last, self.position + 1, 0))
        m.d.sync += [self.active.eq(self.upcoming), self.position.eq(self.following)]
        return m
