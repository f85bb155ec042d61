"""A buffer: a memory of one write and one read port."""

from amaranth.hdl import Module
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.memory import MemoryShape
from sim_models.arith.checking import require_integer
from sim_models.arith.widths import index_bits


class Buffer(Block):
    """``words`` words of ``width`` bits: one write port, one read port whose word is there in the next cycle.

    Ports: ``write``, ``write_address``, ``write_word``; ``read``, ``read_address``, ``word``, which stays while
    ``read`` is 0. A word written in one cycle can be read from the next on. Not reset.
    Raises ValueError for sizes below 1.
    """

    def __init__(self, *, words: int, width: int) -> None:
        require_integer("words", words, 1)
        require_integer("width", width, 1)
        self.memory = self._shape = MemoryShape(words=words, width=width)
        address = index_bits(words)
        super().__init__(
            {
                "write": In(1), "write_address": In(address), "write_word": In(width),
                "read": In(1), "read_address": In(address), "word": Out(width),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # A depth of one has no address; a second word that nobody uses is simpler than a special case.
        memory: Memory = Memory(shape=self._shape.width, depth=max(2, self._shape.words), init=())
        m.submodules.memory = memory
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            write.en.eq(self.write),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_word),
            read.en.eq(self.read),
            read.addr.eq(self.read_address),
            self.word.eq(read.data),
        ]
        return m
