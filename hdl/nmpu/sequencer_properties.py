"""What the column counter of the NMPU promises."""

from amaranth.hdl import Module, Mux, ResetSignal, Signal, Value

from hdl.nmpu.sequencer import NmpuSequencer
from hdl.property_set import PropertySet
from sim_models.nmpu import NmpuParameters


class NmpuSequencerProperties(PropertySet):
    """No group is lost, none is doubled, and each takes its time.

    * A group takes ``columns_per_unit`` cycles with ``advance``; ``column`` counts them; ``ready`` is back after them.
    * ``out_valid`` is true exactly ``pipeline_stages`` such cycles after an issue (with partial sums, of a last tile),
      with the column issued then; ``done`` marks the last column, in cycle number ``latency`` from the start.
    * Without ``advance`` nothing moves. A start without ``ready`` changes nothing but ``overrun``, which stays.
    * The settings at the combining step are those of the group that the column there belongs to.

    Some properties say what the counters of this set mean, so that an induction over few cycles can do with them.
    """

    def __init__(
        self, *, parameters: NmpuParameters, component: NmpuSequencer | None = None, stalls: bool = True
    ) -> None:
        """``stalls``: ``advance`` may be low, as in the array; in a unit it never is."""
        self.parameters = parameters
        self.stalls = stalls
        # A prover picks any one group to be timed.
        super().__init__(component or NmpuSequencer(parameters=parameters), {"watch": 1})

    def state(self, m: Module) -> None:
        p = self.parameters
        accepted = self.start & self.ready
        left = Signal(range(max(2, p.columns_per_unit)))
        issued = accepted | (left != 0)
        with m.If(self.advance & issued):
            m.d.sync += left.eq(Mux(left == 0, p.columns_per_unit, left) - 1)
        self.holds(m, "ready_between_groups_only", self.ready == (self.advance & (left == 0)))
        self.holds(m, "column_counts_the_group", self.column == Mux(left == 0, 0, p.columns_per_unit - left))
        self._state_overrun(m)
        if self.stalls:
            self._state_stall(m)
        else:
            self.assumes(m, self.advance)
        ranks = self._state_results(m, issued, left)
        self._state_latency(m, accepted, left, ranks)
        self.reaches(m, "a_result", self.out_valid)
        if self.stalls or p.columns_per_unit > 1:  # else it is always ready
            self.reaches(m, "a_refused_start", self.overrun & self.ready)

    def _state_overrun(self, m: Module) -> None:
        refused = Signal()
        with m.If(self.start & ~self.ready):
            m.d.sync += refused.eq(1)
        self.holds(m, "overrun_tells_of_a_refused_start", self.overrun == refused)

    def _state_stall(self, m: Module) -> None:
        still = self.before(m, ~self.advance & ~ResetSignal(), "still")
        for name in ("out_valid", "out_column", "done", "column"):
            value = getattr(self, name)
            self.holds(m, f"{name}_stays_without_advance", ~still | (value == self.before(m, value, name)))

    def _state_results(self, m: Module, issued: Value, left: Signal) -> list[Value]:
        """What is issued travels one rank a cycle with ``advance``; returns where the last column of a group is."""
        p = self.parameters
        names = ("shift", "relu", *(("accumulate_first", "accumulate_last") if p.accumulates else ()))
        group = {name: self._of_group(m, name) for name in names}
        valid, travels = issued, {"column": self.column, **{name: now for name, (now, _) in group.items()}}
        lasts: list[Value] = []
        for rank in range(1, p.pipeline_stages + 1):
            if rank == p.pipeline_stages:
                self._state_settings(m, valid, travels)
            valid, travels = self._next_rank(m, rank, valid, travels)
            lasts.append(valid & (travels["column"] == p.columns_per_unit - 1))
            if rank == 1:
                self._state_group(m, left, valid, travels, {name: kept for name, (_, kept) in group.items()})
        shown = valid & travels["accumulate_last"] if p.accumulates else valid
        self.holds(m, "valid_exactly_as_promised", self.out_valid == shown)
        self.holds(m, "column_of_the_result", ~valid | (self.out_column == travels["column"]))
        self.holds(m, "done_with_the_last_column", self.done == lasts[-1])
        return lasts

    def _of_group(self, m: Module, name: str) -> tuple[Signal, Signal]:
        """A setting of the group that is being issued, and as it was sampled with the start before."""
        port, accepted = getattr(self, name), self.start & self.ready
        kept, now = Signal.like(port, name=f"{name}_kept"), Signal.like(port, name=f"{name}_now")
        m.d.comb += now.eq(Mux(accepted, port, kept))
        m.d.sync += kept.eq(now)
        return now, kept

    def _next_rank(
        self, m: Module, rank: int, valid: Value, travels: dict[str, Value]
    ) -> tuple[Signal, dict[str, Value]]:
        later = Signal(name=f"expected_{rank}")
        registers: dict[str, Value] = {
            name: Signal(value.shape(), name=f"{name}_{rank}") for name, value in travels.items()
        }
        with m.If(self.advance):
            m.d.sync += [later.eq(valid), *(registers[name].eq(value) for name, value in travels.items())]
        return later, registers

    def _state_group(
        self, m: Module, left: Signal, valid: Value, travels: dict[str, Value], kept: dict[str, Signal]
    ) -> None:
        """In the middle of a group the column before it is one rank on, with the same settings."""
        p = self.parameters
        before = valid & (travels["column"] == p.columns_per_unit - 1 - left)
        self.holds(m, "a_group_has_no_gaps", (left == 0) | before)
        for name, value in kept.items():
            self.holds(m, f"{name}_stays_in_a_group", ~valid | (travels[name] == value))

    def _state_settings(self, m: Module, valid: Value, travels: dict[str, Value]) -> None:
        for name in ("shift", "relu", "accumulate_first"):
            if name in travels:
                output = f"combine_{name.removeprefix('accumulate_')}"
                self.holds(m, f"{output}_is_of_its_group", ~valid | (getattr(self, output) == travels[name]))

    def _state_latency(self, m: Module, accepted: Value, left: Signal, lasts: list[Value]) -> None:
        """The watched group is done in its cycle number ``latency``; until then it is where it should be."""
        p = self.parameters
        age = Signal(range(p.latency))
        with m.If(self.advance & ((age != 0) | (accepted & self.watch))):
            m.d.sync += age.eq(Mux(age == p.latency - 1, 0, age + 1))
        issuing = (age != 0) & (age < p.columns_per_unit)
        self.holds(m, "watched_group_is_issued", ~issuing | (left == p.columns_per_unit - age))
        for rank, last in enumerate(lasts):
            self.holds(m, f"watched_group_is_at_rank_{rank + 1}", (age != p.columns_per_unit + rank) | last)
        self.holds(m, "done_in_time", (age != p.latency - 1) | self.done)
        self.holds(m, "watched_age", age < p.latency)
