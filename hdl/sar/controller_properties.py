"""What the plain controller promises, whatever it converts."""

from amaranth.hdl import Module, Signal, Value

from hdl.property_set import PropertySet
from hdl.sar.controller import SarController
from sim_models.sar import SarParameters


class SarControllerProperties(PropertySet):
    """The code is the count, after ``bits`` comparisons, and nothing is asked of the comparator elsewhere.

    Each conversion has any count; the comparator answers rightly while it is on, and anything while it is off.

    * With ``done``, ``sample_cycles + bits + 1`` cycles after an accepted start, the code is the count; it stays until
      the next start is accepted.
    * The word on the DAC is the count's bits above the one under test, and that one; outside the search it is 0.
    * A start that comes too early sets ``overrun`` until reset.
    """

    def __init__(self, *, parameters: SarParameters, component: SarController | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or SarController(parameters=parameters), {"any_count": parameters.bits})

    def state(self, m: Module) -> None:
        p = self.parameters
        count, age = Signal(p.bits, reset_less=True), Signal(range(p.latency + 1))
        idle = (age == 0) | (age == p.latency)
        with m.If(idle):
            m.d.sync += age.eq(self.start)
            with m.If(self.start):
                m.d.sync += count.eq(self.any_count)
        with m.Else():
            m.d.sync += age.eq(age + 1)
        self.assumes(m, ~self.comparator_enable | (self.cmp == (count >= self.dac)))
        searching = ~idle & (age > p.sample_cycles)
        self._state_time(m, age, idle, searching)
        self._state_words(m, age, count, searching)
        self.reaches(m, "a_code", self.done & (self.code != 0))
        self.reaches(m, "a_refused_start", self.overrun & self.done)

    def _state_time(self, m: Module, age: Signal, idle: Value, searching: Value) -> None:
        self.holds(m, "age_within_its_time", age <= self.parameters.latency)
        self.holds(m, "sampling_for_its_cycles", self.sample == (~idle & ~searching))
        self.holds(m, "comparator_is_on_in_the_search", self.comparator_enable == searching)
        self.holds(m, "done_in_its_cycle", self.done == (age == self.parameters.latency))
        refused = Signal()
        with m.If(self.start & ~idle):
            m.d.sync += refused.eq(1)
        self.holds(m, "overrun_tells_of_a_refused_start", self.overrun == refused)

    def _state_words(self, m: Module, age: Signal, count: Signal, searching: Value) -> None:
        p = self.parameters
        bit = ((1 << p.bits - 1) >> (age - p.sample_cycles - 1).as_unsigned()[:5])[: p.bits]
        trial = (count & ~(2 * bit - 1)[: p.bits]) | bit
        self.holds(m, "dac_is_the_trial", self.dac == searching.replicate(p.bits) & trial)
        self.holds(m, "code_is_the_count", ~self.done | (self.code == count))
        self.holds(m, "ops_are_the_comparisons", self.ops == p.bits)
        settled = Signal()
        with m.If(self.start & ((age == 0) | self.done)):
            m.d.sync += settled.eq(0)
        with m.Elif(self.done):
            m.d.sync += settled.eq(1)
        self.holds(m, "code_is_held", ~settled | (self.code == self.before(m, self.code, "code")))
