"""What a read of several rows gives, after any writes."""

from amaranth.hdl import Array, Const, Module, Mux, ResetSignal, Signal, Value

from hdl.daism.array import MultiRowArray
from hdl.property_set import PropertySet
from sim_models.daism import DaismParameters


class MultiRowArrayProperties(PropertySet):
    """A read gives the OR of what was last written to the open rows; no row gives 0; the word stays until the next one.

    Only rows that were written are looked at. Reads and writes in one cycle, rows and groups that do not exist are
    assumed away: `DaismBankProperties` says that a bank keeps to that.
    """

    def __init__(self, *, parameters: DaismParameters, component: MultiRowArray | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or MultiRowArray(parameters=parameters))

    def state(self, m: Module) -> None:
        p, length = self.parameters, self.parameters.rows_per_group
        self.assumes(m, ~(self.wr_en & self.rd_en))
        self.assumes(m, (self.wr_row < p.groups * length) & (self.rd_group < p.groups))
        rows = [Signal(p.columns, name=f"row_{place}") for place in range(p.groups * length)]
        written = Array(Signal(name=f"written_{place}") for place in range(len(rows)))
        with m.If(self.wr_en):
            m.d.sync += [Array(rows)[self.wr_row].eq(self.wr_data), written[self.wr_row].eq(1)]
        expected: Value = Const(0, p.columns)
        known: Value = Const(1, 1)
        for place in range(length):
            group = [rows[number * length + place] for number in range(p.groups)]
            there = [written[number * length + place] for number in range(p.groups)]
            expected = expected | Mux(self.rd_mask[place], Array(group)[self.rd_group], 0)
            known = known & (~self.rd_mask[place] | Array(there)[self.rd_group])
        word, valid = Signal(p.columns), Signal()
        with m.If(self.rd_en):
            m.d.sync += [word.eq(expected), valid.eq(known)]
        self.holds(m, "gives_the_or_of_the_open_rows", ~valid | (self.q == word))
        held = self.before(m, ~self.rd_en & ~ResetSignal(), "held")
        self.holds(m, "stays_until_the_next_read", ~held | (self.q == self.before(m, self.q, "q")))
        none = self.before(m, self.rd_en & ~self.rd_mask.any() & ~ResetSignal(), "none")
        self.holds(m, "no_row_gives_zero", ~none | ~self.q.any())
        two = sum((bit for bit in self.rd_mask), start=Const(0, 1)) >= 2
        self.reaches(m, "two_rows_read", valid & self.before(m, two, "two") & word.any())
