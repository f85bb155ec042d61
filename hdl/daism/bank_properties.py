"""What a bank promises at its ports."""

from amaranth.hdl import Module, Mux, ResetSignal, Signal

from hdl.daism.bank import DaismBank
from hdl.property_set import PropertySet
from sim_models.daism import DaismParameters


class DaismBankProperties(PropertySet):
    """The array is never read and written in one cycle, and nothing waits for ever.

    Counters show reads and writes of the cycle before. While groups and slots that do not exist are not asked for,
    a load waits for no longer than a group takes, and a driver operand that no load overtakes no longer either.
    """

    def __init__(self, *, parameters: DaismParameters, component: DaismBank | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or DaismBank(parameters=parameters))

    def state(self, m: Module) -> None:
        p = self.parameters
        self.assumes(m, ~self.clear_counters)
        read = self._moved(m, self.access_count, "access") | self._moved(m, self.skipped_count, "skipped")
        written = self._moved(m, self.row_write_count, "row_write")
        self.holds(m, "reads_and_writes_take_turns", ~(read & written))
        for name, limit in (("load", p.rows_per_group), ("drive", p.rows_per_group + p.accumulate_latency)):
            stream = getattr(self, name)
            waits = stream.valid & ~stream.ready & ~ResetSignal()
            if name == "drive":
                waits = waits & ~self.load.valid
            waited = Signal(range(limit + 2), name=f"{name}_waited")
            m.d.sync += waited.eq(Mux(waits, waited + 1, 0))
            self.holds(m, f"a_{name}_is_taken_in_time", waited <= limit)
        self.holds(m, "a_load_goes_first", ~(self.load.valid & self.drive.valid & self.drive.ready))
        self.reaches(m, "a_read_right_after_a_write", read & self.before(m, written, "written"))
        self.reaches(m, "a_sum_finished", self.finished)

    def _moved(self, m: Module, counter: Signal, name: str) -> Signal:
        """Whether the lowest bit of a counter changed by the last edge, which is no reset."""
        moved = Signal(name=f"{name}_moved")
        quiet = self.before(m, ResetSignal(), f"{name}_reset")
        m.d.comb += moved.eq((counter[0] ^ self.before(m, counter[0], name)) & ~quiet)
        return moved
