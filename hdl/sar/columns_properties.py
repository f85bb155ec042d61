"""What the sequence of columns promises."""

from amaranth.hdl import Module, Mux, ResetSignal, Signal, Value

from hdl.property_set import PropertySet
from hdl.sar.columns import ColumnSequence


class ColumnSequenceProperties(PropertySet):
    """Every column of a plane is converted once, in order, and its multiplexer stands still when it must.

    The surroundings sample for any number of cycles after a start, decide for at least one, and end a conversion only
    then; they begin a plane only when the one before has ended.
    """

    def __init__(self, *, columns: int, overlap: bool, component: ColumnSequence | None = None) -> None:
        self.columns, self.overlap = columns, overlap
        component = component or ColumnSequence(columns=columns, overlap=overlap)
        super().__init__(component, {} if overlap else {"sample": 1})

    def state(self, m: Module) -> None:
        begun, turn, under_way = Signal(range(self.columns + 1)), Signal(), Signal()
        phase = self._surroundings(m)
        m.d.sync += [
            begun.eq(Mux(self.plane_start, 0, begun) + self.begin),
            turn.eq(turn ^ self.plane_start),
            under_way.eq(self.begin | (under_way & ~self.over)),
        ]
        self.holds(m, "running_is_under_way", self.running == under_way)
        self.holds(m, "one_at_a_time", ~self.begin | ~under_way | self.over)
        self.holds(m, "a_result_has_room", ~self.begin | self.room)
        left = begun != self.columns
        self.holds(m, "every_column_is_converted", ~self.ended | ~under_way)
        self.holds(m, "no_plane_ends_early", self.free == ((~left | self.ended) & (~under_way | self.over)))
        self.holds(m, "no_time_is_lost", self.begin == (self.room & (~under_way | self.over) & self._wanted(left)))
        self.holds(m, "column_is_the_next_one", ~self.sample | (self.column == begun - 1))
        self.holds(m, "bank_is_that_of_the_plane", ~self.sample | (self.bank == ~turn))
        for name in ("column", "bank"):
            value = getattr(self, name)
            still = value == self.before(m, value, name)
            self.holds(m, f"{name}_is_still_when_sampled", ~self.sample | still)
        self.reaches(m, "a_plane_after_a_plane", self.plane_start & self.over)
        self.reaches(m, "the_last_column", self.sample & (begun == self.columns) & (phase == 1))

    def _wanted(self, left: Value) -> Value:
        """A conversion is to be begun: of a plane that begins, or of the one that is there."""
        return self.plane_start | (left & ~self.ended)

    def _surroundings(self, m: Module) -> Signal:
        """The phase of the conversion: 0 none, 1 sampling, 2 searching, 3 its second cycle and on."""
        phase = Signal(2)
        m.d.sync += phase.eq(
            Mux(self.start, 1, Mux(self.over | (phase == 0), 0, Mux(phase == 1, Mux(self.sample, 1, 3), phase)))
        )
        first = self.before(m, self.start & ~ResetSignal(), "first")
        self.assumes(m, ~first | self.sample)
        self.assumes(m, (phase == 1) | ~self.sample)
        self.assumes(m, ~self.over | (phase == 3))
        self.assumes(m, ~self.plane_start | self.free)
        return phase
