"""What goes with each result of a group: its column, slice and input bit."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.sar.group import AdcGroupParameters


class ResultOrder(Block):
    """Counts results, columns innermost, then input bits from the lowest; ``advance``: one was taken.

    Ports: ``column`` (of each converter's own), ``slice``, ``input_bit``, ``last_column``, ``last_plane``.
    """

    def __init__(self, *, parameters: AdcGroupParameters) -> None:
        require_instance("parameters", parameters, AdcGroupParameters)
        self.parameters = p = parameters
        counts = {"column": p.columns_per_adc, "slice": p.slices, "input_bit": p.input_bits}
        ports = {name: Out(range(max(2, count))) for name, count in counts.items()}
        super().__init__({"advance": In(1), **ports, "last_column": Out(1), "last_plane": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.d.comb += self.last_column.eq(self._count(m, self.column, p.columns_per_adc, self.advance))
        last_plane = self._count(m, self.input_bit, p.input_bits, self.advance & self.last_column)
        m.d.comb += self.last_plane.eq(last_plane)
        if p.slices & (p.slices - 1):
            self._count(m, self.slice, p.slices, self.advance)
        elif p.slices > 1:  # the low bits of the column
            m.d.comb += self.slice.eq(self.column)
        return m

    def _count(self, m: Module, counter: Signal, count: int, when: Value) -> Value:
        """Let ``counter`` run from 0 to ``count - 1`` and around; returns that it is at its end."""
        last = counter == count - 1
        if count > 1:
            with m.If(when):
                m.d.sync += counter.eq(Mux(last, 0, counter + 1))
        return last
