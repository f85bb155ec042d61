"""What Neural-PIM's controller, the stand-in of its accumulator and its adder of codes promise."""

from amaranth.hdl import Array, Const, Module, Mux, ResetSignal, Signal, signed

from hdl.crossbar.analog_accumulator import AnalogAccumulator
from hdl.crossbar.conversion_properties import announced, converted
from hdl.crossbar.cross_array_adder import CrossArrayAdder
from hdl.crossbar.neural_pim_controller import NeuralPimController
from hdl.crossbar.neural_pim_parameters import NeuralPimParameters
from hdl.property_set import PropertySet
from sim_models.crossbar.layers import CROSS_ARRAY_BITS


class NeuralPimControllerProperties(PropertySet):
    """Strobes never overlap, no hold is lost, and every output of every vector is converted once.

    Vectors start and results are taken at any time.
    """

    def __init__(self, *, parameters: NeuralPimParameters, component: NeuralPimController | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or NeuralPimController(parameters=parameters))

    def state(self, m: Module) -> None:
        self.holds(m, "strobes_never_overlap", (self.bl_strobe + self.accum + self.fb_strobe) <= 1)
        self._state_phases(m)
        self._state_conversions(m)
        waiting = self.before(m, self.write & ~self.taken & ~ResetSignal(), "waiting")
        self.holds(m, "a_result_waits", ~waiting | self.write)
        stopped = self.write & ~self.taken
        self.holds(m, "nothing_is_held_or_added_meanwhile", ~stopped | ~(self.bl_strobe | self.accum | self.load))
        self.holds(m, "done_is_a_result_taken", self.done == (self.write & self.taken))

    def _state_phases(self, m: Module) -> None:
        """Lines are held, added, fed back, in turn; the first accumulation of a vector is the one without feedback."""
        held, added, count = Signal(), Signal(), Signal(range(self.parameters.cycles + 1))
        final = count == self.parameters.cycles - 1
        m.d.sync += [
            held.eq(self.bl_strobe | (held & ~self.accum)),
            added.eq(self.accum | (added & ~self.fb_strobe)),
        ]
        with m.If(self.accum):
            m.d.sync += count.eq(Mux(final, 0, count + 1))
        self.holds(m, "held_lines_are_added_before_others", ~self.bl_strobe | ~held)
        self.holds(m, "only_held_lines_are_added", ~self.accum | held)
        self.holds(m, "a_sum_is_fed_back_before_the_next", ~self.accum | ~added)
        self.holds(m, "only_a_sum_is_fed_back", ~self.fb_strobe | added)
        self.holds(m, "the_first_sum_is_without_feedback", ~self.accum | (self.first == (count == 0)))
        signs = final & int(self.parameters.signed_inputs)
        self.holds(m, "the_top_slice_counts_negative", ~self.accum | (self.negate == signs))

    def _state_conversions(self, m: Module) -> None:
        p = self.parameters
        count = Signal(range(p.cycles + 1), name="added")
        left = Array(Signal(range(p.groups + 1), name=f"left_{bank}") for bank in range(2))
        whole = self.accum & (count == p.cycles - 1)
        with m.If(self.accum):
            m.d.sync += count.eq(Mux(whole, 0, count + 1))
        with m.If(self.adc_start):
            m.d.sync += left[self.read_bank].eq(left[self.read_bank] - 1)
        with m.If(whole):
            m.d.sync += left[self.bank].eq(p.groups)
        self.holds(m, "no_conversion_is_lost", ~self.accum | (left[self.bank] == 0))
        self.holds(m, "only_whole_products_are_converted", ~self.adc_start | (left[self.read_bank] != 0))
        order = self.group == (p.groups - left[self.read_bank])[: len(self.group)]
        self.holds(m, "outputs_are_converted_in_turn", ~self.adc_start | order)
        codes, _ = converted(self, m, self.group)
        self.holds(m, "codes_follow_their_conversion", self.code_valid == codes)
        self.holds(m, "a_conversion_is_told_a_cycle_before", self.adc_start == announced(self, m))
        self.reaches(m, "a_vector_is_added_while_another_is_converted", self.adc_start & count.any())
        self.reaches(m, "a_result_is_taken", self.done)


class AnalogAccumulatorProperties(PropertySet):
    """No bit is shifted out and nothing wraps: after each slice the hold is the exact sum of all slices so far.

    The surroundings add and feed back in turn, any time apart, vector after vector, with any sums of slices.
    """

    def __init__(self, *, parameters: NeuralPimParameters, component: AnalogAccumulator | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or AnalogAccumulator(parameters=parameters))

    def state(self, m: Module) -> None:
        p = self.parameters
        count, fed = Signal(range(p.cycles + 1)), Signal(init=1)
        exact = Signal(signed(len(self.hold) + p.dac_bits * p.cycles + 2))
        self.assumes(m, ~(self.accum & self.fb_strobe))
        self.assumes(m, ~self.accum | (fed & (self.first == ((count == 0) | (count == p.cycles)))))
        self.assumes(m, ~self.fb_strobe | ~fed)
        self.assumes(m, (self.y_t <= p.step_full_scale) & (self.y_t >= -p.step_full_scale))
        bank = self.before(m, self.bank, "bank")
        self.assumes(m, (self.bank == bank) | (self.first & self.accum))
        self.assumes(m, self.read_bank == self.bank)
        term = Mux(self.negate, -self.y_t, self.y_t)
        with m.If(self.accum):
            m.d.sync += [fed.eq(0), count.eq(Mux(self.first, 1, count + 1))]
            places = Array(term << Const(p.dac_bits * place) for place in range(p.cycles + 1))
            m.d.sync += exact.eq(Mux(self.first, term, exact + places[count]))
        with m.If(self.fb_strobe):
            m.d.sync += fed.eq(1)
        aligned = Array(exact << Const(p.dac_bits * max(0, p.cycles - place)) for place in range(p.cycles + 1))
        shown = (count != 0) & (self.bank == bank)
        self.holds(m, "the_hold_is_the_exact_sum", ~shown | (self.hold == aligned[count]))
        more = shown & (count < p.cycles)
        self.holds(m, "what_is_shifted_out_is_zero", ~more | (self.hold[: p.dac_bits] == 0))
        self.reaches(m, "a_product", (count == p.cycles) & (self.hold < -p.step_full_scale))


class CrossArrayAdderProperties(PropertySet):
    """A sum is the exact one, or the end of the range that it would leave; the others move on as they are."""

    def __init__(self, *, code_bits: int, groups: int, component: CrossArrayAdder | None = None) -> None:
        self.groups = groups
        super().__init__(component or CrossArrayAdder(code_bits=code_bits, groups=groups))

    def state(self, m: Module) -> None:
        largest = (1 << CROSS_ARRAY_BITS - 1) - 1
        total = Signal(signed(CROSS_ARRAY_BITS + 2), reset_less=True)
        m.d.sync += total.eq(self.code + Mux(self.first, 0, self.sums[0]))
        added = self.before(m, self.valid, "added")
        running = self.before(m, ~ResetSignal(), "running")
        before = [self.before(m, self.sums[place], f"sum_{place}") for place in range(self.groups)]
        limited = Mux(total > largest, largest, Mux(total < -largest - 1, -largest - 1, total))
        self.holds(m, "the_sum_is_exact_or_the_end_of_the_range", ~added | (self.sums[self.groups - 1] == limited))
        self.holds(m, "saturation_is_shown", ~running | (self.saturated == (added & (limited != total))))
        for place in range(self.groups):
            kept = before[place] if place == self.groups - 1 else Mux(added, before[place + 1], before[place])
            skipped = added if place == self.groups - 1 else Const(0)
            self.holds(m, f"sum_{place}_is_kept", skipped | (self.sums[place] == kept))
        self.reaches(m, "a_sum_below_the_range", self.saturated & (self.sums[self.groups - 1] < 0))
