"""What the twin-range controller promises, whatever it converts."""

from typing import NamedTuple

from amaranth.hdl import Const, Module, Mux, Signal, Value

from hdl.property_set import PropertySet
from hdl.sar.legality import RegisterLegality, option, place
from hdl.sar.twin_range import TrqController
from sim_models.sar.twin_range import TrqControllerParameters


class _Ghost(NamedTuple):
    """Registers of the set: cycles since the accepted start, 0 after ``done``; its count; comparisons so far."""

    age: Signal
    value: Signal
    compared: Signal


class _Plan(NamedTuple):
    """What the conversion of a count is, said at once: its range, how far the count is from where the codes of that
    range begin, the step, the first bit to test (0: none), detections, cycles of the search, and the code.

    ``spared``: one trial has a known answer, at the bit that R1's size has.
    """

    in_r1: Value
    origin: Value
    distance: Value
    step: Value
    first: Value
    detections: Value
    cycles: Value
    spared: Value


class _Now(NamedTuple):
    """The cycle under way: ``searching``, ``deciding`` a bit, and no longer detecting; the bit; the bits above it, as
    found; ``known``: its answer is."""

    searching: Value
    deciding: Value
    bit: Value
    above: Value
    known: Value


class TrqControllerProperties(PropertySet):
    """The search is the quantizer's, within its time, and the comparator is asked no more than it must be.

    Each conversion has any count; the registers hold any legal word, the same while a conversion is under way; the
    comparator answers rightly while it is on, and anything while it is off.

    * With ``done`` code and flag are the quantizer's, and stay until the next start is accepted. ``ops`` is the number
      of cycles in which the comparator was on, and what configuration and count say.
    * ``done`` comes, in exactly the cycle that these say, at most ``sample_cycles + bits + 3`` cycles after the start.
    * The word on the DAC is the sum of its parts in every cycle: it never wraps. Outside the search it is 0.
    * The comparator is on in the search alone, and there but for the trials whose answer is known; the DAC from
      sampling to the last comparison. A start that comes too early sets ``overrun`` until reset.

    Some properties say what the registers mean in mid search, so that an induction over one cycle can do with them.
    """

    def __init__(self, *, parameters: TrqControllerParameters, component: TrqController | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or TrqController(parameters=parameters), {"any_count": parameters.bits})

    def state(self, m: Module) -> None:
        bits, first = self.parameters.bits, 1 + self.parameters.sample_cycles
        count = Signal(bits, reset_less=True)
        plan = self._plan(count)
        age = self._age(m, count, first + plan.cycles)
        ghost = _Ghost(age, count, self._compared(m))
        now = self._now(plan, age - first)
        self._surroundings(m, ghost)
        self._state_time(m, ghost, plan)
        self._state_results(m, ghost, plan)
        self._state_words(m, ghost, plan, now)
        self._state_search(m, ghost, plan, now)
        self._state_goals(m, plan, ghost)

    def _plan(self, count: Value) -> _Plan:
        """The quantizer and its order of comparisons, without a search."""
        bits, c = self.parameters.bits, self.registers
        base, has_base, after_r1 = (option(c, name) for name in ("base", "has_base", "after_r1"))
        below_end = count < base + c.r1_size
        in_r1 = below_end & (count >= base)
        origin = Mux(in_r1, base, Mux(after_r1, c.r1_size, 0))
        step, top = Mux(in_r1, c.stop1, c.stop2), Const(1 << bits - 1, bits)
        r2_first = Mux(after_r1, option(c, "start2"), top)
        first = Mux(in_r1, c.r1_size >> 1, r2_first) & ~(step - 1)
        distance = (count - origin)[:bits]
        detections = 1 + (has_base & below_end)
        # Above the bit of R1's size all bits of the code are 0 where the trial is known to pass, 1 where it is too far.
        higher = ~(2 * c.r1_size - 1)[:bits]
        passed = option(c, "skip_known_trial") & ((count & higher) == 0)
        forced = after_r1 & ((distance & higher) == higher) & (r2_first >= c.r1_size)
        return _Plan(
            in_r1=in_r1,
            origin=origin,
            distance=distance,
            step=step,
            first=first,
            detections=detections,
            cycles=detections + Mux(first == 0, 0, place(first) + 1 - place(step)),
            spared=~in_r1 & (c.stop2 <= c.r1_size) & (passed | forced),
        )

    def _age(self, m: Module, count: Signal, latency: Value) -> Signal:
        """The cycle of the conversion under way; its count is any, chosen when the start is accepted."""
        age = Signal(range(self.parameters.sample_cycles + self.parameters.bits + 5))
        ended = (age == 0) | (age == latency)
        with m.If(ended):
            m.d.sync += age.eq(self.start)
            with m.If(self.start):
                m.d.sync += count.eq(self.any_count)
        with m.Else():
            m.d.sync += age.eq(age + 1)
        return age

    def _compared(self, m: Module) -> Signal:
        """Comparisons since the last accepted start."""
        compared = Signal(range(self.parameters.bits + 4), reset_less=True)
        with m.If(self.start & ~self.busy):
            m.d.sync += compared.eq(0)
        with m.Elif(self.comparator_enable):
            m.d.sync += compared.eq(compared + 1)
        return compared

    def _now(self, plan: _Plan, cycle: Value) -> _Now:
        """What the search does in ``cycle``, from 0."""
        c = self.registers
        searching = (cycle >= 0) & (cycle < plan.cycles)
        deciding = searching & (cycle >= plan.detections)
        bit = Mux(deciding, plan.first >> (cycle - plan.detections).as_unsigned()[:5], 0)
        above = plan.distance & ~(2 * bit - 1)[: self.parameters.bits]
        return _Now(searching, deciding, bit, above, plan.spared & deciding & (bit == c.r1_size))

    def _surroundings(self, m: Module, ghost: _Ghost) -> None:
        m.submodules.legality = legality = RegisterLegality(parameters=self.parameters)
        registers = Value.cast(self.registers)
        m.d.comb += Value.cast(legality.registers).eq(registers)
        under_way = ghost.age != 0
        self.assumes(m, ~under_way | legality.legal)
        self.assumes(m, (ghost.age <= 1) | (registers == self.before(m, registers, "registers")))
        self.assumes(m, ~self.comparator_enable | (self.cmp == (ghost.value >= self.dac)))

    def _state_time(self, m: Module, ghost: _Ghost, plan: _Plan) -> None:
        p, age = self.parameters, ghost.age
        first = 1 + p.sample_cycles
        self.holds(m, "age_within_its_time", age <= p.sample_cycles + p.bits + 3)
        self.holds(m, "age_never_beyond_done", (age == 0) | (age <= first + plan.cycles))
        self.holds(m, "sampling_for_its_cycles", self.sample == ((age != 0) & (age < first)))
        self.holds(m, "busy_until_done", self.busy == ((age != 0) & (age < first + plan.cycles)))
        self.holds(m, "done_in_its_cycle", self.done == ((age != 0) & (age == first + plan.cycles)))
        refused = Signal()
        with m.If(self.start & self.busy):
            m.d.sync += refused.eq(1)
        self.holds(m, "overrun_tells_of_a_refused_start", self.overrun == refused)

    def _state_results(self, m: Module, ghost: _Ghost, plan: _Plan) -> None:
        self.holds(m, "flag_is_the_range", ~self.done | (self.flag == ~plan.in_r1))
        self.holds(m, "code_is_the_quantizers", ~self.done | (self.code == (plan.distance & ~(plan.step - 1))))
        self.holds(m, "ops_are_the_comparisons", ~self.done | (self.ops == ghost.compared))
        self.holds(m, "ops_are_the_formula", ~self.done | (self.ops == plan.cycles - plan.spared))
        settled = Signal()
        with m.If(self.start & ~self.busy):
            m.d.sync += settled.eq(0)
        with m.Elif(self.done):
            m.d.sync += settled.eq(1)
        for name in ("code", "flag"):
            value = getattr(self, name)
            self.holds(m, f"{name}_is_held", ~settled | (value == self.before(m, value, name)))

    def _state_words(self, m: Module, ghost: _Ghost, plan: _Plan, now: _Now) -> None:
        p, c = self.parameters, self.registers
        cycle = ghost.age - 1 - p.sample_cycles
        word = plan.origin + now.above + Mux(now.known & ~option(c, "skip_known_trial"), 0, now.bit)
        detection = option(c, "base") + Mux(cycle == 0, c.r1_size, 0)
        self.holds(m, "dac_is_0_outside_the_search", now.searching | (self.dac == 0))
        self.holds(m, "dac_tells_the_ranges_apart", ~now.searching | now.deciding | (self.dac == detection))
        self.holds(m, "dac_is_the_sum_of_its_parts", ~now.deciding | (self.dac == word))
        compares = now.searching & ~now.known
        self.holds(m, "comparator_is_on_where_it_decides", self.comparator_enable == compares)
        self.holds(
            m,
            "dac_is_on_to_the_last_comparison",
            self.dac_enable == (self.busy & ~(now.known & (now.bit == plan.step))),
        )

    def _state_search(self, m: Module, ghost: _Ghost, plan: _Plan, now: _Now) -> None:
        """In mid search: the bits above the one under test are the quantizer's."""
        cycle = ghost.age - 1 - self.parameters.sample_cycles
        detecting = now.searching & ~now.deciding
        self.holds(m, "r1_size_while_detecting", ~detecting | (self.code == self.registers.r1_size) & ~self.flag)
        self.holds(m, "bits_above_are_found", ~now.deciding | (self.code == (now.above | now.bit)))
        self.holds(m, "range_is_found", ~now.deciding | (self.flag == ~plan.in_r1))
        passed_by = plan.spared & now.deciding & (now.bit < self.registers.r1_size)
        self.holds(m, "ops_are_known_beforehand", ~now.deciding | (self.ops == plan.cycles - passed_by))
        self.holds(m, "comparisons_so_far", ~now.searching | (ghost.compared == cycle - passed_by))
        self.holds(
            m, "code_is_clear_in_sampling", ~self.sample | ((self.code == 0) & ~self.flag & (ghost.compared == 0))
        )

    def _state_goals(self, m: Module, plan: _Plan, ghost: _Ghost) -> None:
        self.reaches(m, "a_code_of_r1", self.done & ~self.flag & (self.code != 0))
        self.reaches(m, "a_code_of_r2", self.done & self.flag & (self.code != 0))
        self.reaches(m, "a_refused_start", self.overrun & self.done)
        if self.parameters.support_base:
            self.reaches(m, "a_count_below_r1", self.done & self.flag & (plan.detections == 2))
        if self.parameters.support_after_r1:
            self.reaches(m, "a_trial_beyond_the_dac", self.done & plan.spared & option(self.registers, "after_r1"))
        if self.parameters.support_skip:
            self.reaches(m, "a_known_trial", self.done & plan.spared & option(self.registers, "skip_known_trial"))
