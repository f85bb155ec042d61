"""Flip-flop storage for the parameter words of one NMPU unit."""

from amaranth.hdl import Array, Module, Signal
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.memory import MemoryShape
from hdl.multiplexer import select
from hdl.nmpu.layouts import column_word
from sim_models.nmpu import NmpuParameters


class NmpuStorage(Block):
    """``columns_per_unit`` parameter words: one write port, one combinational read port; not reset.

    Ports: ``write``, ``write_column``, ``write_word``; ``column``, ``word``. A word written in one cycle is read from
    the next on.
    """

    def __init__(self, *, parameters: NmpuParameters) -> None:
        self.parameters = parameters
        word, column = column_word(parameters), parameters.column_bits
        self.memory = MemoryShape(words=parameters.columns_per_unit, width=word.size)
        super().__init__(
            {
                "write": In(1),
                "write_column": In(column),
                "write_word": In(word),
                "column": In(column),
                "word": Out(word),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = self.write_word.as_value()
        words = [
            Signal(len(bits), name=f"word_{column}", reset_less=True)
            for column in range(self.parameters.columns_per_unit)
        ]
        with m.If(self.write):
            m.d.sync += Array(words)[self.write_column].eq(bits)
        m.d.comb += self.word.as_value().eq(select(words, self.column))
        return m
