"""Digital stand-in of CASCADE's buffer array: cells that hold sums, and columns of equal significance."""

from amaranth.hdl import Array, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.cascade_parameters import CascadeParameters
from sim_models.arith.checking import require_choice, require_instance


class BufferArray(Block):
    """Two banks of cells of one output: a row a weight slice, a cell of it an input slice, at their significance.

    * ``write``: the cells of input slice ``offset`` of ``bank`` hold ``d``, a sum (positive less negative) a weight
      slice, if they held 0. ``clear``: the cells of these banks hold 0.
    * ``column``: what is converted of ``read_bank`` as column ``read_column``, 0 being the lowest that is: the sum of
      its cells, and for the lowest what is carried in, rounded, ties away from 0. Combinational.

    All numbers are two's complement. Not reset. Stands for an analog part: its area is that of registers and adders.
    Raises ValueError for ``parameters`` that are no ``CascadeParameters``, and for buffer_cell_bits: these cells are
    exact.
    """

    def __init__(self, *, parameters: CascadeParameters) -> None:
        require_instance("parameters", parameters, CascadeParameters)
        require_choice("buffer_cell_bits of digital cells", parameters.buffer_cell_bits, (None,))
        self.parameters = p = parameters
        controls = {"write": In(1), "offset": In(range(max(2, p.cycles))), "bank": In(1), "clear": In(2)}
        read = {"read_bank": In(1), "read_column": In(range(max(2, len(p.places))))}
        sums = data.ArrayLayout(p.line_shape, p.slices)
        super().__init__({**controls, "d": In(sums), **read, "column": Out(p.column_shape)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        columns = [self._columns(m, bank) for bank in range(2)]
        chosen = [Mux(self.read_bank, second, first) for first, second in zip(*columns, strict=True)]
        m.d.comb += self.column.eq(Array([self._carried(m, chosen), *chosen[1:]])[self.read_column])
        return m

    def _columns(self, m: Module, bank: int) -> list[Value]:
        """What is converted of a bank: the lowest converted column with all below it, in units of significance 0."""
        p = self.parameters
        terms: dict[int, list[Value]] = {place: [] for place in p.significances}
        for t in range(p.cycles):
            for s in range(p.slices):
                cell = Signal(p.line_shape, name=f"cell_{bank}_{t}_{s}", reset_less=True)
                with m.If(self.clear[bank]):
                    m.d.sync += cell.eq(0)
                with m.Elif(self.write & (self.bank == bank) & (self.offset == t) & (cell == 0)):
                    m.d.sync += cell.eq(self.d[s])
                terms[p.significance(t, s)].append(cell)
        sums = {place: sum(cells, start=Const(0)) for place, cells in terms.items()}
        lowest = p.places[0]
        carried = sum((total << place for place, total in sums.items() if place <= lowest), start=Const(0))
        return [carried, *(total for place, total in sums.items() if place > lowest)]

    def _carried(self, m: Module, columns: list[Value]) -> Value:
        """The lowest converted column in units of its own significance, rounded."""
        place = self.parameters.places[0]
        if place == 0:
            return columns[0]
        negative, rounded = Signal(), Signal(self.parameters.column_shape.width)
        m.d.comb += [
            negative.eq(columns[0] < 0),
            rounded.eq((Mux(negative, -columns[0], columns[0]) + (1 << place - 1)) >> place),
        ]
        return Mux(negative, -rounded, rounded)
