"""When vectors of strategies B and C are driven and done, if their results are taken at once."""

from amaranth.hdl import Cat, Const, Module, Signal, Value

from hdl.crossbar.cascade_controller import CascadeController
from hdl.crossbar.cascade_parameters import CascadeParameters
from hdl.crossbar.neural_pim_controller import NeuralPimController
from hdl.crossbar.neural_pim_parameters import NeuralPimParameters
from hdl.property_set import PropertySet


class CascadeLatencyProperties(PropertySet):
    """Every vector is loaded, driven and done in its clock cycle, done `latency_clocks` after its start.

    Vectors that stall are done that long after their start at the earliest. They wait for at most twice as many array
    cycles as a bank is read and cleared longer than filled: once before they are driven, once before they are read.
    """

    def __init__(self, *, parameters: CascadeParameters, component: CascadeController | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or CascadeController(parameters=parameters))

    def state(self, m: Module) -> None:
        p = self.parameters
        waits = max(0, p.busy_cycles - p.cycles) if p.double_buffer else 0
        self.assumes(m, self.taken)
        since = _started(self, m, p.latency_clocks + 2 * waits * p.slots_per_cycle)
        if waits:
            _state_bounds(self, m, since, p.latency_clocks)
        else:
            _state_driven(self, m, since)
            self.holds(m, "done_in_its_cycle", self.done == since[-1])
        self.reaches(m, "a_vector_behind_another", self.done & since[:-1].any())


class NeuralPimLatencyProperties(PropertySet):
    """Every vector is loaded and driven in its clock cycle; a last block is done `latency_clocks` after its start."""

    def __init__(self, *, parameters: NeuralPimParameters, component: NeuralPimController | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or NeuralPimController(parameters=parameters))

    def state(self, m: Module) -> None:
        p = self.parameters
        self.assumes(m, self.taken)
        since = _started(self, m, p.latency_clocks)
        _state_driven(self, m, since)
        whole = Signal(p.latency_clocks - p.slots_per_cycle + 1)  # bit n: a last block was loaded n + 1 cycles ago
        m.d.sync += whole.eq(Cat(since[p.slots_per_cycle - 2] & self.last_block, whole))
        self.holds(m, "done_in_its_cycle", self.done == whole[-1])
        self.reaches(m, "a_vector_behind_another", self.done & since[:-1].any())


def _started(properties: PropertySet, m: Module, clocks: int) -> Signal:
    """Bit n: a vector started n + 1 clock cycles ago."""
    since = Signal(clocks)
    m.d.sync += since.eq(Cat(properties.start & ~properties.busy, since))
    return since


def _state_driven(properties: PropertySet, m: Module, since: Signal) -> None:
    p, slots = properties.parameters, properties.parameters.slots_per_cycle
    driven = range(slots - 1, (p.cycles + 1) * slots - 1)
    properties.holds(m, "loaded_in_its_cycle", properties.load == since[slots - 2])
    properties.holds(m, "driven_in_its_cycles", properties.drive == Cat(since[place] for place in driven).any())


def _state_bounds(properties: PropertySet, m: Module, since: Signal, earliest: int) -> None:
    """Of the vectors under way, which come in their order, the oldest is as old as it may be."""
    done = properties.done
    owed = Signal(range(len(since) + 1))
    m.d.sync += owed.eq(owed + (properties.start & ~properties.busy) - done)
    young = _ones(since[: earliest - 1])
    properties.holds(m, "done_in_time", (owed - done) <= _ones(since[:-1]))
    properties.holds(m, "not_done_before_its_cycle", owed >= young + done)
    properties.reaches(m, "a_vector_that_waited_as_long_as_it_may", done & (owed - 1 == _ones(since[:-1])) & since[-1])


def _ones(bits: Value) -> Value:
    return sum((bit for bit in bits), start=Const(0))
