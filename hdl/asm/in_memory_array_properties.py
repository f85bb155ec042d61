"""What the array and its columns always do: addition from AND and NOR, shifts that stay in their words."""

from dataclasses import fields

from amaranth.hdl import Cat, Module, Mux, ResetSignal, Signal, Value

from hdl.asm.in_memory_array import BitlineAdder, ColumnShift, InMemoryArray
from hdl.asm.in_memory_layouts import SHIFTS
from hdl.property_set import PropertySet
from sim_models.arith.widths import index_bits
from sim_models.asm import AsmParameters


class BitlineAdderProperties(PropertySet):
    """The sum of the AND and NOR of two words is their sum, or with the second complemented their difference."""

    def __init__(self, *, width: int, component: BitlineAdder | None = None) -> None:
        self.width = width
        super().__init__(component or BitlineAdder(width=width), {"stored": width, "latched": width, "subtract": 1})

    def state(self, m: Module) -> None:
        other = self.latched ^ self.subtract.replicate(self.width)
        self.assumes(m, self.both == (self.stored & other))
        self.assumes(m, self.neither == ~(self.stored | other))
        self.assumes(m, self.carry == self.subtract)
        total = (self.stored + self.latched)[: self.width]
        difference = (self.stored - self.latched)[: self.width]
        self.holds(m, "adds", self.subtract | (self.sum == total))
        self.holds(m, "subtracts", ~self.subtract | (self.sum == difference))
        self.reaches(m, "a_carry_through_the_word", ~self.subtract & ~self.sum.any() & (self.latched == 1))


class ColumnShiftProperties(PropertySet):
    """A word shifted left within its columns, or zeros."""

    def __init__(self, *, width: int, component: ColumnShift | None = None) -> None:
        self.width = width
        super().__init__(component or ColumnShift(width=width))

    def state(self, m: Module) -> None:
        for shift in range(SHIFTS):
            expected = (self.word << shift)[: self.width]
            self.holds(m, f"shifts_by_{shift}", (self.shift != 1 << shift) | (self.shifted == expected))
        self.holds(m, "no_line_gives_zeros", self.shift.any() | ~self.shifted.any())
        self.reaches(m, "the_top_bit_is_lost", (self.shift == 2) & self.word[-1] & self.shifted.any())


class InMemoryArrayProperties(PropertySet):
    """Any row at any time holds, and shows when it is read, what integer arithmetic says, word by word.

    The free input ``watched`` chooses the row.
    """

    def __init__(self, *, parameters: AsmParameters, component: InMemoryArray | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or InMemoryArray(parameters=parameters), {"watched": index_bits(parameters.rows)})

    def state(self, m: Module) -> None:
        p, operation = self.parameters, self.operation
        kinds = Cat(operation[name] for name in ("read", "add", "subtract", "clear", "write"))
        self.assumes(m, (kinds & (kinds - 1)) == 0)
        self.assumes(m, (operation.shift & (operation.shift - 1)) == 0)
        self.assumes(m, operation.row < p.rows)
        here = operation.row == self.chosen(m, self.watched, "row")
        known = Signal()
        with m.If(ResetSignal()):
            m.d.sync += known.eq(0)
        with m.Elif(here & (operation.clear | operation.write)):
            m.d.sync += known.eq(1)
        read = self.before(m, operation.read & here & known & ~ResetSignal(), "read")
        lines = self.before(m, operation.shift, "lines")
        still = self.before(m, ~operation.read, "still")
        for lane in range(p.lanes_in_row):
            word = self._model(m, lane, here)
            latch = self.latch[lane]
            was = self.before(m, word, f"word_{lane}")
            shifted = Value.cast(0)
            for shift in range(SHIFTS):
                shifted = shifted | Mux(lines[shift], was << shift, 0)
            self.holds(m, f"lane_{lane}_shows_the_row", ~read | (latch == shifted[: p.accumulator_width]))
            self.holds(m, f"lane_{lane}_keeps_its_latch", ~still | (latch == self.before(m, latch, f"latch_{lane}")))
        self.reaches(m, "a_sum_is_read", read & (self.latch[0] == 3) & lines[0])

    def _model(self, m: Module, lane: int, here: Value) -> Signal:
        """The word of the watched row, once that was written."""
        operation, latch = self.operation, self.latch[lane]
        word = Signal(self.parameters.accumulator_width, name=f"word_{lane}")
        with m.If(here & operation.write):
            m.d.sync += word.eq(self.inputs[lane])
        with m.If(here & operation.clear):
            m.d.sync += word.eq(0)
        with m.If(here & operation.add):
            m.d.sync += word.eq(word + latch)
        with m.If(here & operation.subtract):
            m.d.sync += word.eq(word - latch)
        return word


def small_array(parameters: AsmParameters) -> AsmParameters:
    """Two words of the fewest bits in a row, and a column that belongs to none; four rows, or the fewest possible."""
    p = parameters
    kept = {each.name: getattr(p, each.name) for each in fields(AsmParameters)}
    sizes = {"weight_bits": 4, "input_bits": 2, "reduction_length": 1, "accumulator_bits": None, "banks": 1}
    width = AsmParameters(**{**kept, **sizes, "rows": 256, "columns": 256}).needed_accumulator_bits
    return AsmParameters(**{**kept, **sizes, "rows": 4, "columns": 2 * width + 1})
