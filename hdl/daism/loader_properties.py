"""What the loader writes, and when."""

from amaranth.hdl import Array, Const, Module, Mux, Signal, Value

from hdl.daism.loader import BankLoader
from hdl.property_set import PropertySet
from sim_models.arith.widths import index_bits
from sim_models.daism import DaismParameters, row_multiples


class BankLoaderProperties(PropertySet):
    """Each load writes exactly the rows of its group, in order, one a cycle, and the next is taken with the last one.

    The rows hold what `sim_models.daism.row_contents` has, in every lane, zero operands included; columns that belong
    to no lane are 0.
    """

    def __init__(self, *, parameters: DaismParameters, component: BankLoader | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or BankLoader(parameters=parameters))

    def state(self, m: Module) -> None:
        p, length = self.parameters, self.parameters.rows_per_group
        accepted = self.load.valid & self.load.ready
        left, group = Signal(range(length + 1)), Signal(index_bits(p.groups))
        with m.If(accepted):
            m.d.sync += [left.eq(length), group.eq(self.load.payload.group)]
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        writing = left != 0
        place = Signal(index_bits(length))
        m.d.comb += place.eq(length - left)
        self.holds(m, "writes_a_row_a_cycle", self.wr_en == writing)
        self.holds(m, "ends_after_its_rows", (self.done == (left == 1)) & (self.busy == writing))
        self.holds(m, "takes_the_next_with_the_last_row", self.load.ready == (left <= 1))
        row = group * length + place
        self.holds(m, "rows_come_in_order", ~writing | (self.wr_row == row[: len(self.wr_row)]))
        for lane in range(p.lanes):
            self._state_contents(m, lane, accepted, writing, place)
        spare = self.wr_data[p.lanes * p.kept :]
        self.holds(m, "other_columns_are_zero", ~spare.any() if len(spare) else Const(1, 1))
        self.reaches(m, "a_group_right_after_another", accepted & self.done)

    def _state_contents(self, m: Module, lane: int, accepted: Value, writing: Value, place: Signal) -> None:
        p = self.parameters
        operand = Signal(p.significand_bits, name=f"operand_{lane}", reset_less=True)
        with m.If(accepted):
            m.d.sync += operand.eq(self._significand(Value.cast(self.load.payload.operands[lane])))
        contents = Array(((operand * code) << shift)[p.drop : 2 * p.significand_bits] for code, shift in self._rows())
        word = self.wr_data.word_select(lane, p.kept)
        self.holds(m, f"lane_{lane}_holds_its_multiples", ~writing | (word == contents[place]))

    def _rows(self) -> list[tuple[Const, int]]:
        return [(Const(code, 4), shift) for code, shift in row_multiples(self.parameters)]

    def _significand(self, word: Value) -> Value:
        """The significand of an operand word: the fraction below a hidden one, nothing for an exponent of 0."""
        p, bits = self.parameters, self.parameters.significand_bits - 1
        if not p.is_float:
            return word
        exponent = word[bits : bits + p.exponent_bits]
        return Mux(exponent == 0, 0, word[:bits] | 1 << bits)
