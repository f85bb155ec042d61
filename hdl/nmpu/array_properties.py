"""What the array of NMPU units promises at its ports."""

from amaranth.hdl import Module, Mux, ResetSignal, Signal

from hdl.nmpu.array import Nmpu
from hdl.property_set import PropertySet
from sim_models.nmpu import NmpuParameters


class NmpuProperties(PropertySet):
    """The stream of results keeps its rules, loses nothing and never gets stuck; without partial sums.

    * A beat that is offered stays, with its payload, until it is taken.
    * Every group that was accepted gives ``columns_per_unit`` beats, their columns in order, the last one marked, and
      no beat comes without a group; ``done`` says that a group's last beat is taken.
    * While no beat waits to be taken, a group is done in its cycle number ``latency``, and the next may start after
      ``columns_per_unit`` cycles.
    """

    def __init__(self, *, parameters: NmpuParameters, component: Nmpu | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or Nmpu(parameters=parameters), {"watch": 1})

    def state(self, m: Module) -> None:
        columns = self.parameters.columns_per_unit
        beat, accepted = self.outputs.payload, self.start & self.ready
        taken = self.outputs.valid & self.outputs.ready
        held = self.before(m, self.outputs.valid & ~self.outputs.ready & ~ResetSignal(), "held")
        self.holds(m, "beat_stays_until_taken", ~held | self.outputs.valid)
        payload = beat.as_value()
        self.holds(m, "payload_stays_until_taken", ~held | (payload == self.before(m, payload, "payload")))
        self._state_order(m, taken)
        owed = Signal(range(4 * columns + self.parameters.pipeline_stages + 1))
        m.d.sync += owed.eq(owed + Mux(accepted, columns, 0) - taken)
        self.holds(m, "no_beat_without_a_group", ~self.outputs.valid | (owed != 0))
        self.holds(m, "groups_in_flight_fit", owed < 2 * columns + self.parameters.pipeline_stages)
        self.holds(m, "done_is_the_last_beat_taken", self.done == (taken & beat.last))
        self._state_latency(m, accepted)
        self.reaches(m, "a_beat_that_waits", held & self.outputs.valid & (owed > 1 if columns > 1 else owed > 0))
        self.reaches(m, "the_last_beat", taken & beat.last)

    def _state_order(self, m: Module, taken: Signal) -> None:
        columns, beat = self.parameters.columns_per_unit, self.outputs.payload
        following = Signal(range(max(2, columns)))
        with m.If(taken):
            m.d.sync += following.eq(Mux(following == columns - 1, 0, following + 1))
        self.holds(m, "columns_come_in_order", ~self.outputs.valid | (beat.column == following))
        self.holds(m, "last_is_the_last_column", ~self.outputs.valid | (beat.last == (following == columns - 1)))

    def _state_latency(self, m: Module, accepted: Signal) -> None:
        """The watched group, in cycles in which no beat waits."""
        p = self.parameters
        moves = ~self.outputs.valid | self.outputs.ready
        age = Signal(range(p.latency))
        with m.If(moves & ((age != 0) | (accepted & self.watch))):
            m.d.sync += age.eq(Mux(age == p.latency - 1, 0, age + 1))
        self.holds(m, "done_in_time", (age != p.latency - 1) | ~moves | self.done)
        self.holds(m, "ready_in_time", (age != p.columns_per_unit) | ~moves | self.ready)
