"""What the stand-in of CASCADE's buffer cells promises."""

from amaranth.hdl import Array, Module, ResetSignal, Signal

from hdl.crossbar.buffer_array import BufferArray
from hdl.crossbar.cascade_parameters import CascadeParameters
from hdl.property_set import PropertySet


class BufferArrayProperties(PropertySet):
    """Every column of a bank that was cleared is 0 until the bank is written, whatever is done to the other one."""

    def __init__(self, *, parameters: CascadeParameters, component: BufferArray | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or BufferArray(parameters=parameters))

    def state(self, m: Module) -> None:
        empty = Array(Signal(name=f"empty_{bank}") for bank in range(2))
        for bank in range(2):
            written = self.write & (self.bank == bank)
            m.d.sync += empty[bank].eq(self.clear[bank] | (empty[bank] & ~written))
        own = empty[self.read_bank]
        self.holds(m, "a_cleared_bank_reads_0_in_every_column", ~own | (self.column == 0))
        full = self.before(m, ~own & (self.column < 0) & ~ResetSignal(), "full")
        read = self.before(m, self.read_bank, "read_bank")
        self.reaches(m, "a_full_bank_is_cleared", full & own & (self.read_bank == read))
