"""The loader: puts the words of a stream into a memory, one a cycle."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith.checking import require_integer
from sim_models.arith.widths import index_bits


class Loader(Block):
    """Take ``count`` words of a stream, and say where each is written: IDLE, WRITE, DONE.

    * ``start``: begin from the next cycle on; with ``skip`` there is nothing to load. ``count``: from the cycle after
      the start on, 1 to ``words``.
    * ``valid``, ``ready``: of the stream. ``write``, ``address``: the word that is there is written, 0 first.
    * ``done``: all words have been written, until the next start.

    One word a cycle. Raises ValueError for ``words`` below 1.
    """

    def __init__(self, *, words: int) -> None:
        require_integer("words", words, 1)
        self.words = words
        super().__init__(
            {
                "start": In(1), "skip": In(1), "count": In(words.bit_length()), "valid": In(1),
                "ready": Out(1), "write": Out(1), "address": Out(index_bits(words)), "done": Out(1),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        last = Signal()
        m.d.comb += last.eq(self.address == self.count - 1)
        with m.FSM(name="phase"):
            with m.State("idle"):
                self._begin(m)
            with m.State("write"):
                m.d.comb += [self.ready.eq(1), self.write.eq(self.valid)]
                with m.If(self.valid):
                    m.d.sync += self.address.eq(self.address + 1)
                    with m.If(last):
                        m.next = "done"
            with m.State("done"):
                m.d.comb += self.done.eq(1)
                self._begin(m)
        return m

    def _begin(self, m: Module) -> None:
        m.d.sync += self.address.eq(0)
        with m.If(self.start):
            m.next = "write"
            with m.If(self.skip):
                m.next = "done"
