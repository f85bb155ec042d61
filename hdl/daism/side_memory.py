"""Signs and exponents of the stored operands, beside the array."""

from amaranth.hdl import Module
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.layouts import side_bits
from hdl.memory import MemoryShape
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.daism import DaismParameters


class SideMemory(Block):
    """{sign, exponent} of each stored operand: a word a lane, ``groups`` deep; exponent 0 says that it is zero.

    ``wr_en``, ``wr_group``, ``wr_data`` write the words of all lanes (lane 0 low, exponent low in each);
    ``rd_en``, ``rd_group`` read them into ``data``, valid in the next cycle and held while ``rd_en`` is 0. A read in
    the cycle of a write of the same group gives the old words. Not reset.

    Raises ValueError for ``parameters`` that are no ``DaismParameters``, or of integers, which have neither.
    Source: bitline's; where arXiv 2305.07376 keeps exponents is unknown to it.
    """

    def __init__(self, *, parameters: DaismParameters) -> None:
        require_instance("parameters", parameters, DaismParameters)
        if not parameters.is_float:
            raise ValueError(f"operand_kind must be 'float' for a side memory, not {parameters.operand_kind!r}")
        self.parameters = p = parameters
        words = data.ArrayLayout(side_bits(p), p.lanes)
        self.memory = MemoryShape(words=p.groups, width=words.size)
        group = In(index_bits(p.groups))
        writing = {"wr_en": In(1), "wr_group": group, "wr_data": In(words)}
        super().__init__({**writing, "rd_en": In(1), "rd_group": group, "data": Out(words)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words: Memory = Memory(shape=self.data.shape(), depth=max(2, self.parameters.groups), init=())
        m.submodules.words = words
        write, read = words.write_port(), words.read_port()
        m.d.comb += [
            write.en.eq(self.wr_en),
            write.addr.eq(self.wr_group),
            write.data.eq(self.wr_data),
            read.en.eq(self.rd_en),
            read.addr.eq(self.rd_group),
            self.data.eq(read.data),
        ]
        return m
