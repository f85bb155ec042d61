"""The array that adds: cells read two rows at a time, and the periphery of its columns."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.asm.in_memory_layouts import SHIFTS, operation_layout, words_layout
from hdl.block import Block
from hdl.memory import MemoryShape
from sim_models.arith.checking import require_instance, require_integer
from sim_models.arith.widths import index_bits
from sim_models.asm import AsmParameters
from sim_models.asm.program import require_in_memory


class BitlineCells(Block):
    """``rows`` by ``columns`` bits whose bitlines show two rows at once, one stored and one given. ::

        both[c]    = row[c] & other[c]          neither[c] = ~(row[c] | other[c])          with pair
        both[c]    = row[c]                     neither[c] = ~row[c]                       without

    Ports: ``row``; ``pair``, ``other``; ``both``, ``neither``, in the same cycle; ``write``, ``word``: what the row
    holds from the next cycle on. The contents are not reset; rows from ``rows`` on must not occur.

    Port of a macro, and its stand-in: a register file with two gates a column, whose area and energy are not those of
    an array that opens two wordlines on shared bitlines. It is marked as a memory, so that it is priced apart.

    Raises ValueError for sizes below 2. Source: principle X-SRAM (two-row Boolean reads); the port is bitline's.
    """

    def __init__(self, *, rows: int, columns: int) -> None:
        require_integer("rows", rows, 2)
        require_integer("columns", columns, 2)
        self.memory = self._shape = MemoryShape(words=rows, width=columns)
        super().__init__(
            {
                "row": In(index_bits(rows)), "pair": In(1), "other": In(columns),
                "both": Out(columns), "neither": Out(columns), "write": In(1), "word": In(columns),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        columns = self._shape.width
        memory: Memory = Memory(shape=columns, depth=self._shape.words, init=())
        m.submodules.memory = memory
        write, read = memory.write_port(), memory.read_port(domain="comb")
        single = (~self.pair).replicate(columns)
        m.d.comb += [
            write.addr.eq(self.row),
            write.data.eq(self.word),
            write.en.eq(self.write),
            read.addr.eq(self.row),
            self.both.eq(read.data & (self.other | single)),
            self.neither.eq(~(read.data | (self.other & ~single))),
        ]
        return m


class BitlineAdder(Block):
    """The sum of two words of ``width`` bits, of their AND and NOR, modulo 2^width. Combinational. ::

        xor = ~(both | neither)     carry[i + 1] = both[i] | (xor[i] & carry[i])     sum = xor ^ carry

    Ports: ``both``, ``neither``, ``carry`` (into bit 0), ``sum``. A ripple carry, a few gates a column. Raises
    ValueError for a ``width`` below 1. Source: textbook, on the Boolean reads of X-SRAM.
    """

    def __init__(self, *, width: int) -> None:
        require_integer("width", width, 1)
        super().__init__({"both": In(width), "neither": In(width), "carry": In(1), "sum": Out(width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = len(self.both)
        differ, carry = Signal(width), Signal(width)
        m.d.comb += [differ.eq(~(self.both | self.neither)), carry[0].eq(self.carry), self.sum.eq(differ ^ carry)]
        m.d.comb += [carry[i + 1].eq(self.both[i] | (differ[i] & carry[i])) for i in range(width - 1)]
        return m


class ColumnShift(Block):
    """``shifted`` = ``word`` << s of ``width`` bits, zeros coming in, for the line s of ``shift`` that is 1, else 0.

    Column j sees columns j, j - 1, j - 2 and j - 3 of its own word, so that nothing leaves or enters a word.
    Combinational. Raises ValueError for a ``width`` below 1. Source: idea arXiv 2302.01990; the multiplexer is
    bitline's.
    """

    def __init__(self, *, width: int) -> None:
        require_integer("width", width, 1)
        super().__init__({"word": In(width), "shift": In(SHIFTS), "shifted": Out(width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.shifted.eq(Cat(self._column(column) for column in range(len(self.word))))
        return m

    def _column(self, column: int) -> Value:
        seen = range(min(SHIFTS, column + 1))
        return reduce(or_, (self.shift[shift] & self.word[column - shift] for shift in seen))


class InMemoryArray(Block):
    """Words side by side in rows, and a latch that is the second row of a read; one micro-operation a cycle.

    * ``operation``: `operation_layout`. READ latches the row, shifted in each word; ADD and SUB replace it by itself
      plus or minus the latch, modulo 2^accumulator_width in each word (the latch is complemented and a carry enters);
      CLEAR writes zeros, WRITE the zero-extended ``inputs``.
    * ``latch``: the words that were latched, lane 0 low, from the next cycle on; not reset.

    A word takes ``accumulator_width`` columns, bit 0 in its lowest; columns that belong to no word hold 0. Raises
    ValueError for ``parameters`` that are no ``AsmParameters`` and for another ``placement``.
    Source: Boolean reads and sums in the array, X-SRAM and arXiv 2105.08217; shift by column multiplexer and structure
    are bitline's, for the idea of arXiv 2302.01990.
    """

    def __init__(self, *, parameters: AsmParameters) -> None:
        require_instance("parameters", parameters, AsmParameters)
        require_in_memory(parameters)
        self.parameters = p = parameters
        inputs = data.ArrayLayout(p.input_bits, p.lanes_in_row)
        super().__init__({"operation": In(operation_layout(p)), "inputs": In(inputs), "latch": Out(words_layout(p))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, operation = self.parameters, self.operation
        m.submodules.cells = cells = BitlineCells(rows=p.rows, columns=p.columns)
        latch = data.View(words_layout(p), Signal(words_layout(p).size, name="latch", reset_less=True))
        m.d.comb += [
            self.latch.eq(latch),
            cells.row.eq(operation.row),
            cells.pair.eq(operation.add | operation.subtract),
            cells.other.eq(latch.as_value() ^ operation.subtract.replicate(latch.shape().size)),
            cells.write.eq(operation.add | operation.subtract | operation.clear | operation.write),
        ]
        for lane in range(p.lanes_in_row):
            self._add_word(m, lane, cells, latch[lane])
        return m

    def _add_word(self, m: Module, lane: int, cells: BitlineCells, latch: Value) -> None:
        width, operation = self.parameters.accumulator_width, self.operation
        m.submodules[f"adder_{lane}"] = adder = BitlineAdder(width=width)
        m.submodules[f"shift_{lane}"] = shift = ColumnShift(width=width)
        given = Mux(operation.write, self.inputs[lane], Const(0, 1))
        m.d.comb += [
            adder.both.eq(cells.both.word_select(lane, width)),
            adder.neither.eq(cells.neither.word_select(lane, width)),
            adder.carry.eq(operation.subtract),
            cells.word.word_select(lane, width).eq(Mux(cells.pair, adder.sum, given)),
            shift.word.eq(cells.both.word_select(lane, width)),
            shift.shift.eq(operation.shift),
        ]
        with m.If(operation.read):
            m.d.sync += latch.eq(shift.shifted)
