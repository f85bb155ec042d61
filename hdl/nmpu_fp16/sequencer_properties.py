"""What the control of the half-precision unit promises."""

from amaranth.hdl import Module, Mux, Signal, Value

from hdl.nmpu_fp16.layouts import FILL, row_bits, row_count
from hdl.nmpu_fp16.sequencer import PASSES, LdpuSequencer
from hdl.property_set import PropertySet
from sim_models.nmpu import LdpuParameters


class LdpuSequencerProperties(PropertySet):
    """A tile takes its time to the cycle, and every row is worked on as often as it should be.

    * With parallel capture ``busy`` lasts exactly ``N`` cycles after a start without ``busy`` and ``done`` marks the
      last; with serial capture those begin after the last row of counts, and ``counts_ready`` waits for exactly ``R``
      rows, in order. A start while ``busy`` changes nothing.
    * No row number reaches ``R``. In a tile every row is issued in ``PASSES`` cycles, its sum is stored once if
      ``write_aggregate`` was set with the start, and its results are shown once if ``emit`` was, both in order; no
      row appears otherwise.
    * The settings shown are those of the start.
    """

    def __init__(
        self, *, parameters: LdpuParameters, addend_rank: int = 0, component: LdpuSequencer | None = None
    ) -> None:
        self.parameters = parameters
        component = component or LdpuSequencer(parameters=parameters, addend_rank=addend_rank)
        # A prover picks any one row to be counted.
        super().__init__(component, {"watch": row_bits(parameters)})

    def state(self, m: Module) -> None:
        p = self.parameters
        rows, passes = row_count(p), PASSES[p.service_model]
        cycles = passes * rows + FILL
        accepted = self.start & ~self.busy
        age = Signal(range(cycles + 1))
        begins = self._state_capture(m, accepted, age, rows)
        with m.If((age != 0) | begins):
            m.d.sync += age.eq(Mux(age == cycles, 0, age + 1))
        self.holds(m, "done_in_the_last_cycle", self.done == (age == cycles))
        issuing = (age != 0) & (age <= passes * rows)
        for name, used in (("row", issuing), ("aggregate_row", self.aggregate_write), ("out_column", self.out_valid)):
            self.holds(m, f"{name}_is_a_row", ~used | (getattr(self, name) < rows))
        held = self._held(m, accepted)
        self.holds(m, "relu_is_that_of_the_start", (age == 0) | (self.relu_held == held["relu"]))
        same = Value.cast(self.addend_source_held) == held["addend_source"]
        self.holds(m, "addend_source_is_that_of_the_start", (age == 0) | same)
        self._state_counts(m, accepted, issuing, held)
        self._state_order(m, accepted)
        self.reaches(m, "a_tile_done", self.done)
        self.reaches(m, "a_start_that_is_ignored", self.start & self.busy & self.out_valid)

    def _state_capture(self, m: Module, accepted: Value, age: Signal, rows: int) -> Value:
        """How ``busy`` and capture go together; returns whether issue begins in the next cycle."""
        if self.parameters.capture == "parallel":
            self.holds(m, "busy_as_long_as_it_should_be", self.busy == (age != 0))
            self.holds(m, "captures_with_the_start", self.capture == accepted)
            return accepted
        left = Signal(range(rows + 1))
        taken = (left != 0) & self.counts_valid
        with m.If(accepted):
            m.d.sync += left.eq(rows)
        with m.Elif(taken):
            m.d.sync += left.eq(left - 1)
        self.holds(m, "busy_as_long_as_it_should_be", self.busy == ((age != 0) | (left != 0)))
        self.holds(m, "waits_for_every_row", self.counts_ready == (left != 0))
        self.holds(m, "captures_what_is_offered", self.capture == taken)
        self.holds(m, "captures_in_order", ~self.capture | (self.capture_row == rows - left))
        return taken & (left == 1)

    def _held(self, m: Module, accepted: Value) -> dict[str, Signal]:
        """The settings of the tile."""
        held = {}
        for name in ("relu", "addend_source", "write_aggregate", "emit"):
            port = Value.cast(getattr(self, name))
            held[name] = Signal(len(port), name=f"{name}_of_tile")
            with m.If(accepted):
                m.d.sync += held[name].eq(port)
        return held

    def _state_counts(self, m: Module, accepted: Value, issuing: Value, held: dict[str, Signal]) -> None:
        """How often the chosen row was issued, stored, shown in this tile."""
        p = self.parameters
        watched = self.chosen(m, self.watch, "watched")
        passes, exists = PASSES[p.service_model], watched < row_count(p)
        events = {
            "issued": (issuing & (self.row == watched), passes),
            "stored": (self.aggregate_write & (self.aggregate_row == watched), held["write_aggregate"]),
            "shown": (self.out_valid & (self.out_column == watched), held["emit"]),
        }
        for name, (event, wanted) in events.items():
            times = Signal(range(passes + 2), name=f"times_{name}")
            with m.If(accepted):
                m.d.sync += times.eq(0)
            with m.Elif(event & (times <= passes)):
                m.d.sync += times.eq(times + 1)
            self.holds(m, f"every_row_is_{name}_as_often_as_wanted", ~(self.done & exists) | (times + event == wanted))

    def _state_order(self, m: Module, accepted: Value) -> None:
        """Results come row by row, and only in a tile."""
        for name, valid, row in (
            ("stored", self.aggregate_write, self.aggregate_row),
            ("shown", self.out_valid, self.out_column),
        ):
            following = Signal(range(row_count(self.parameters) + 1), name=f"following_{name}")
            with m.If(accepted):
                m.d.sync += following.eq(0)
            with m.Elif(valid):
                m.d.sync += following.eq(following + 1)
            self.holds(m, f"rows_are_{name}_in_order", ~valid | (self.busy & (row == following)))
