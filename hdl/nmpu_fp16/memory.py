"""Storage of the half-precision unit."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.memory import MemoryShape
from hdl.ranks import rank
from sim_models.arith.widths import index_bits


class RowMemory(Block):
    """``rows`` rows of ``words`` words of ``word_bits`` bits: one write port, one combinational read port; not reset.

    Ports: ``write`` (one bit for each word of the row), ``write_row``, ``write_data``; ``row``, ``data``. A read in the
    cycle of a write of the same word gives the old word; from the next cycle on it gives the new one.
    """

    def __init__(self, *, rows: int, words: int, word_bits: int) -> None:
        self.rows = rows
        self.memory = MemoryShape(words=rows, width=words * word_bits)
        contents = data.ArrayLayout(word_bits, words)
        address = index_bits(rows)
        writing = {"write": In(words), "write_row": In(address), "write_data": In(contents)}
        super().__init__({**writing, "row": In(address), "data": Out(contents)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words: Memory = Memory(shape=self.data.shape(), depth=self.rows, init=())
        m.submodules.words = words
        write, read = words.write_port(granularity=1), words.read_port(domain="comb")
        m.d.comb += [
            write.en.eq(self.write),
            write.addr.eq(self.write_row),
            write.data.eq(self.write_data),
            read.addr.eq(self.row),
            self.data.eq(read.data),
        ]
        return m


class CaptureRegisters(Block):
    """``rows`` rows of ``words`` words of ``word_bits`` bits, all captured in one cycle and read row by row; not reset.

    Ports: ``capture``, ``captured`` (packed, row 0 low); ``row``, ``data`` (combinational).
    """

    def __init__(self, *, rows: int, words: int, word_bits: int) -> None:
        self.rows = rows
        self.memory = MemoryShape(words=rows, width=words * word_bits)
        captured = In(data.ArrayLayout(word_bits, rows * words))
        read = {"row": In(index_bits(rows)), "data": Out(data.ArrayLayout(word_bits, words))}
        super().__init__({"capture": In(1), "captured": captured, **read})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        kept = rank(m, "kept", self.captured.as_value(), self.capture)
        rows: Value = Cat(kept, Const(0, ((1 << len(self.row)) - self.rows) * len(self.data.as_value())))
        # Halving with the top bit first: on the way through the rows most of the selectors move seldom.
        for bit in reversed(self.row):
            half = Signal(len(rows) // 2, name="half")
            m.d.comb += half.eq(Mux(bit, rows[len(half) :], rows[: len(half)]))
            rows = half
        m.d.comb += self.data.eq(rows)
        return m
