"""The partial sums of one lane."""

from amaranth.hdl import Module
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.layouts import sum_bits
from hdl.memory import MemoryShape
from sim_models.arith.widths import index_bits
from sim_models.daism import DaismParameters


class PartialSums(Block):
    """``interleave`` sums: one write port, two read ports without delay; not reset.

    Ports: ``write``, ``write_slot``, ``write_sum``; ``slot`` to ``sum``, ``shown_slot`` to ``shown_sum``. A sum written
    in one cycle is read from the next on.
    """

    def __init__(self, *, parameters: DaismParameters) -> None:
        self.parameters = p = parameters
        slot, word = index_bits(p.interleave), sum_bits(p)
        self.memory = MemoryShape(words=p.interleave, width=word)
        writing = {"write": In(1), "write_slot": In(slot), "write_sum": In(word)}
        reading = {"slot": In(slot), "sum": Out(word), "shown_slot": In(slot), "shown_sum": Out(word)}
        super().__init__({**writing, **reading})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Of one sum the address is not looked at: a second word that nobody uses is simpler than a special case.
        sums: Memory = Memory(shape=len(self.sum), depth=max(2, self.parameters.interleave), init=())
        m.submodules.sums = sums
        write = sums.write_port()
        m.d.comb += [write.en.eq(self.write), write.addr.eq(self.write_slot), write.data.eq(self.write_sum)]
        for slot, word in ((self.slot, self.sum), (self.shown_slot, self.shown_sum)):
            read = sums.read_port(domain="comb")
            m.d.comb += [read.addr.eq(slot), word.eq(read.data)]
        return m
