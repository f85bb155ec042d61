"""What CASCADE's controller and its adder of columns promise."""

from typing import Any

from amaranth.hdl import Array, Module, Mux, ResetSignal, Signal, signed

from hdl.crossbar.cascade_controller import CascadeController
from hdl.crossbar.cascade_parameters import CascadeParameters
from hdl.crossbar.column_lane import ColumnLane
from hdl.crossbar.conversion_properties import announced, converted
from hdl.property_set import PropertySet

_CLEAR, _FILLING, _FULL = range(3)


class CascadeControllerProperties(PropertySet):
    """Banks are cleared, filled, read, cleared again; each in its turn, and none is disturbed meanwhile.

    Vectors start and results are taken at any time.
    """

    def __init__(self, *, parameters: CascadeParameters, component: CascadeController | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or CascadeController(parameters=parameters))

    def state(self, m: Module) -> None:
        p = self.parameters
        conversions = p.groups * len(p.places)
        left = Array(Signal(range(conversions + 1), name=f"left_{bank}") for bank in range(2))
        stage = Array(Signal(2, init=_FULL, name=f"stage_{bank}") for bank in range(2))
        self._follow(m, stage, left, conversions)
        self.holds(m, "no_bank_is_written_and_cleared_at_once", ~(self.write & Array(self.clear)[self.bank]))
        reads_own = self.adc_start & self.write & (self.read_bank == self.bank)
        self.holds(m, "no_bank_is_written_and_read_at_once", ~reads_own)
        self.holds(m, "no_bank_is_read_and_cleared_at_once", ~(self.adc_start & Array(self.clear)[self.read_bank]))
        self.holds(m, "only_clear_banks_are_filled", ~self.write | (stage[self.bank] != _FULL) | self._repeats(m))
        self.holds(
            m, "filling_begins_with_the_first_slice", ~self.write | (stage[self.bank] != _CLEAR) | (self.offset == 0)
        )
        self.holds(m, "only_full_banks_are_read", ~self.adc_start | (left[self.read_bank] != 0))
        for bank in range(2):
            self.holds(m, f"no_conversion_of_bank_{bank}_is_lost", ~self.clear[bank] | (left[bank] == 0))
        place = (conversions - left[self.read_bank])[: len(left[0])]
        order = place == self.group * len(p.places) + self.column
        self.holds(m, "columns_are_converted_in_turn", ~self.adc_start | order)
        self._state_order(m)

    def _follow(self, m: Module, stage: Any, left: Any, conversions: int) -> None:
        """What each bank holds, and how many of its conversions are to come."""
        whole = self.write & (self.offset == self.parameters.cycles - 1)
        with m.If(self.write):
            m.d.sync += stage[self.bank].eq(Mux(whole, _FULL, _FILLING))
        with m.If(whole):
            m.d.sync += left[self.bank].eq(conversions)
        with m.If(self.adc_start):
            m.d.sync += left[self.read_bank].eq(left[self.read_bank] - 1)
        for bank in range(2):
            with m.If(self.clear[bank]):
                m.d.sync += stage[bank].eq(_CLEAR)

    def _repeats(self, m: Module) -> Signal:
        """Whether the last slice of a bank is written in one more clock cycle of the same array cycle."""
        last = self.write & (self.offset == self.parameters.cycles - 1)
        bank = self.before(m, self.bank, "bank")
        return self.before(m, last & ~ResetSignal(), "last") & (self.bank == bank) & last

    def _state_order(self, m: Module) -> None:
        codes, column = converted(self, m, self.column)
        self.holds(m, "codes_follow_their_conversion", self.code_valid == codes)
        self.holds(m, "a_code_is_of_its_column", ~codes | (self.code_column == column))
        self.holds(m, "a_conversion_is_told_a_cycle_before", self.adc_start == announced(self, m))
        waiting = self.before(m, self.offer & ~self.taken & ~ResetSignal(), "waiting")
        self.holds(m, "a_result_waits", ~waiting | self.offer)
        self.holds(m, "no_line_is_held_meanwhile", ~(self.offer & ~self.taken) | ~self.bl_strobe)
        self.holds(m, "done_is_a_result_taken", self.done == (self.offer & self.taken))
        self.reaches(m, "a_result_is_taken", self.done)
        if self.parameters.double_buffer:
            self.reaches(m, "a_bank_is_filled_while_the_other_is_read", self.write & self.adc_start)
            self.reaches(
                m, "a_vector_is_driven_while_its_bank_is_cleared", self.drive & Array(self.clear)[self.driven_bank]
            )
        else:
            self.reaches(m, "a_second_vector_is_driven", self.drive & self.before(m, self.done, "done"))


class ColumnLaneProperties(PropertySet):
    """No sum wraps: of any codes, columns in turn, it is that of a register with bits to spare."""

    def __init__(self, *, parameters: CascadeParameters, groups: int, component: ColumnLane | None = None) -> None:
        self.parameters, self.groups = parameters, groups
        super().__init__(component or ColumnLane(parameters=parameters, groups=groups))

    def state(self, m: Module) -> None:
        p = self.parameters
        following = Signal(range(len(p.places) + 1))
        exact = Signal(signed(p.product_bits + 2), reset_less=True)
        begun = Signal()
        self.assumes(m, ~self.valid | (self.column == Mux(self.first, 0, following)))
        self.assumes(m, ~self.valid | self.first | (begun & (following < len(p.places))))
        shifted = Array(self.code << place for place in p.places)[self.column]
        offset = -(self.input_sum << p.weight_bits - 1) if p.has_offset else 0
        with m.If(self.valid):
            m.d.sync += [
                begun.eq(1),
                following.eq(self.column + 1),
                exact.eq(Mux(self.first, offset, exact) + shifted),
            ]
        self.holds(m, "the_sum_does_not_wrap", ~begun | (self.sums[self.groups - 1] == exact))
        low = (-(1 << len(self.code) - 1) if self.code.shape().signed else 0) << p.places[-1]
        self.reaches(m, "a_sum_of_all_columns", begun & (following == len(p.places)) & (exact <= low))
