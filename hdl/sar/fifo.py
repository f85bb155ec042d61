"""A FIFO for the results of one converter."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith.checking import require_integer


class ResultFifo(Block):
    """Up to ``depth`` words of ``width`` bits, the latest in front; the words are not reset.

    Ports: ``write`` with ``write_data``, only with ``room`` in the cycle before or a word that is read; ``valid`` with
    ``data`` (the oldest word), and ``read``, only with ``valid``; ``room``: after this cycle one more word fits, even
    if none is read.
    """

    def __init__(self, *, width: int, depth: int) -> None:
        require_integer("width", width, 1)
        require_integer("depth", depth, 2)
        self.width, self.depth = width, depth
        super().__init__(
            {
                "write": In(1),
                "write_data": In(width),
                "read": In(1),
                "valid": Out(1),
                "data": Out(width),
                "room": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words = [Signal(self.width, name=f"word_{place}", reset_less=True) for place in range(self.depth)]
        filled = Signal(self.depth)  # as many ones from below as there are words
        oldest: Value = words[-1]
        for place in reversed(range(1, self.depth)):
            oldest = Mux(filled[place], oldest, words[place - 1])
        m.d.comb += [
            self.valid.eq(filled[0]),
            self.data.eq(oldest),
            self.room.eq(~filled[-1] & ~(self.write & filled[-2])),
        ]
        with m.If(self.write):
            m.d.sync += Cat(words).eq(Cat(self.write_data, words[:-1]))
        with m.If(self.write & ~self.read):
            m.d.sync += filled.eq(Cat(1, filled[:-1]))
        with m.If(self.read & ~self.write):
            m.d.sync += filled.eq(filled[1:])
        return m
