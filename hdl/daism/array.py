"""The array: an SRAM of which several rows are read at once."""

from functools import reduce
from operator import or_

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.memory import MemoryShape
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.daism import DaismParameters


class MultiRowArray(Block):
    """``rows`` by ``columns`` bits; a read returns the OR of the open rows of one group.

    Port of a macro, and synthesizable stand-in for it. With L = rows per group and G = rows // L groups::

        q[c] = OR over r of (rd_mask[r] & row[rd_group * L + r][c])

    ============  ================  =====================================================================
    ``wr_en``     1                 write one row
    ``wr_row``    ceil(log2 rows)   its number, below G*L
    ``wr_data``   columns           its bits
    ``rd_en``     1                 read rows of one group
    ``rd_group``  ceil(log2 G)      its number, below G
    ``rd_mask``   L                 rows to open; none gives 0
    ``q``         columns           valid in the cycle after ``rd_en``, held while ``rd_en`` is 0, 0 after reset
    ============  ================  =====================================================================

    ``wr_en`` and ``rd_en`` in one cycle, a row from G*L on and a group from G on are errors of the user. An access a
    cycle. The contents are not reset.

    The stand-in is L single-port memories, one per row of a group, each G words deep, with AND and OR behind them. It
    reads L words an access: neither its area nor its energy is that of an array which opens rows on common bitlines,
    and it is marked as a memory so that it is priced apart.

    Raises ValueError for ``parameters`` that are no ``DaismParameters``.
    Source: principle arXiv 2305.07376; the port and the stand-in are bitline's.
    """

    def __init__(self, *, parameters: DaismParameters) -> None:
        require_instance("parameters", parameters, DaismParameters)
        self.parameters = p = parameters
        self.memory = MemoryShape(words=p.rows, width=p.columns)
        super().__init__(
            {
                "wr_en": In(1),
                "wr_row": In(index_bits(p.rows)),
                "wr_data": In(p.columns),
                "rd_en": In(1),
                "rd_group": In(index_bits(p.groups)),
                "rd_mask": In(p.rows_per_group),
                "q": Out(p.columns),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        group, place = self._split_row(m)
        address = Signal(index_bits(self.parameters.groups))
        mask = Signal(self.parameters.rows_per_group)
        m.d.comb += address.eq(Mux(self.wr_en, group, self.rd_group))
        with m.If(self.rd_en):
            m.d.sync += mask.eq(self.rd_mask)
        words = [self._add_memory(m, row, address, place == row) for row in range(self.parameters.rows_per_group)]
        opened = [word & bit.replicate(len(word)) for word, bit in zip(words, mask, strict=True)]
        m.d.comb += self.q.eq(reduce(or_, opened))
        return m

    def _add_memory(self, m: Module, row: int, address: Signal, chosen: Value) -> Value:
        """The words of row ``row`` of all groups; read and write have one address. Returns the word read last."""
        p = self.parameters
        # A depth of one has no address; a second word that nobody uses is simpler than a special case.
        memory: Memory = Memory(shape=p.columns, depth=max(2, p.groups), init=())
        m.submodules[f"row_{row}"] = memory
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            write.addr.eq(address),
            write.data.eq(self.wr_data),
            write.en.eq(self.wr_en & chosen),
            read.addr.eq(address),
            read.en.eq(self.rd_en),
        ]
        return Value.cast(read.data)

    def _split_row(self, m: Module) -> tuple[Value, Value]:
        """Group and place within the group of ``wr_row``: quotient and remainder by a constant."""
        length, width = self.parameters.rows_per_group, len(self.wr_row)
        shift = width + (length - 1).bit_length()
        reciprocal = -(-(1 << shift) // length)  # exact for every number of ``width`` bits
        group, place = Signal(width), Signal(index_bits(length))
        m.d.comb += [
            group.eq((self.wr_row * reciprocal) >> shift),
            place.eq(self.wr_row - group * length),
        ]
        return group, place
