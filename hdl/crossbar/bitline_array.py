"""Digital stand-in of a crossbar: cells, and the exact sums on its bit lines."""

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith.checking import require_integer
from sim_models.arith.widths import index_bits, unsigned_width


class BitlineArray(Block):
    """``rows`` by ``columns`` cells of ``cell_bits``; ``p[c]`` is the sum of ``slice[r] * cell[r, c]`` over the rows.

    With ``unit_column`` there is one line more, the last, whose cells are all 1. Ports: ``w_write`` puts ``w_data``
    into the cell ``w_row``, ``w_column``, at the end of the clock cycle; cells are not reset. ``slice``: rows words of
    dac_bits; ``p``: a word a line, as wide as rows * (2^dac_bits - 1) * (2^cell_bits - 1) needs. All numbers are
    unsigned. ``p`` is combinational.

    Stands for an analog part: its area is that of registers and adders, never that of the array.
    """

    def __init__(self, *, rows: int, columns: int, dac_bits: int, cell_bits: int, unit_column: bool = False) -> None:
        for name, value in (("rows", rows), ("columns", columns), ("dac_bits", dac_bits), ("cell_bits", cell_bits)):
            require_integer(name, value, 1)
        self.rows, self.columns, self.dac_bits, self.cell_bits = rows, columns, dac_bits, cell_bits
        self.unit_column = unit_column
        largest = rows * ((1 << dac_bits) - 1) * ((1 << cell_bits) - 1)
        super().__init__(
            {
                "w_write": In(1),
                "w_row": In(index_bits(rows)),
                "w_column": In(index_bits(columns)),
                "w_data": In(cell_bits),
                "slice": In(data.ArrayLayout(dac_bits, rows)),
                "p": Out(data.ArrayLayout(unsigned_width(largest), columns + unit_column)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for column in range(self.columns):
            cells = [self._cell(m, row, column) for row in range(self.rows)]
            products = [self._product(row, cell) for row, cell in enumerate(cells)]
            m.d.comb += self.p[column].eq(_total(products))
        if self.unit_column:
            m.d.comb += self.p[self.columns].eq(_total([Value.cast(self.slice[row]) for row in range(self.rows)]))
        return m

    def _cell(self, m: Module, row: int, column: int) -> Signal:
        cell = Signal(self.cell_bits, name=f"cell_{row}_{column}", reset_less=True)
        with m.If(self.w_write & (self.w_row == row) & (self.w_column == column)):
            m.d.sync += cell.eq(self.w_data)
        return cell

    def _product(self, row: int, cell: Signal) -> Value:
        """A sum of shifted words, which needs no multiplier."""
        word: Value = Const(0)
        for place, bit in enumerate(cell):
            word = word + ((Value.cast(self.slice[row]) & bit.replicate(self.dac_bits)) << place)
        return word


def _total(values: list[Value]) -> Value:
    """The sum, of a tree of adders."""
    if len(values) == 1:
        return values[0]
    half = len(values) // 2
    return _total(values[:half]) + _total(values[half:])
