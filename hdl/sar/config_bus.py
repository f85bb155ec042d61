"""The registers of a group of converters: the layer's configuration, its counters, its state."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.sar.configuration import configuration_layout
from hdl.sar.tally import Tally
from sim_models.arith.checking import require_instance
from sim_models.sar.group import (
    CONTROL_CLEAR,
    CONTROL_COMMIT,
    COUNTER_BITS,
    STATUS_BUSY,
    STATUS_OVERRUN,
    STATUS_PENDING,
    AdcGroupParameters,
    register_map,
)


class ConfigurationBus(Block):
    """The registers of `sim_models.sar.register_map`, and the one configuration that all converters see.

    * Bus: ``address``, ``write`` with ``write_data``; ``read_data``, combinational. Fields of the configuration and
      ``control`` are only written, the others only read; what is not there reads 0.
    * ``configured``: there is a configuration to convert with. ``plane_start``: a plane begins, and with it takes
      effect what was committed in an earlier cycle: ``active`` changes at the end of this cycle only.
    * ``operations`` and ``conversions`` of this cycle go to the counters, unless these are cleared in it.
      ``busy`` and ``overrun`` are shown in the status.

    The fields that are being written are no part of the active ones; neither is reset.
    """

    def __init__(self, *, parameters: AdcGroupParameters) -> None:
        require_instance("parameters", parameters, AdcGroupParameters)
        self.parameters = p = parameters
        self._places = register_map(p)
        ports = {
            "address": In(range(len(self._places))),
            "write": In(1),
            "write_data": In(COUNTER_BITS),
            "read_data": Out(COUNTER_BITS),
            "plane_start": In(1),
            "busy": In(1),
            "overrun": In(1),
            "operations": In(range(p.converters * (p.bits + 2) + 1)),
            "conversions": In(range(p.converters + 1)),
            "configured": Out(1),
        }
        if p.search == "twin_range":
            ports["active"] = Out(configuration_layout(p.controller))
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        control = self._writes("control")
        pending = Signal()
        if self.parameters.search == "twin_range":
            self._configure(m, control & self.write_data[CONTROL_COMMIT], pending)
        else:
            m.d.comb += self.configured.eq(1)
        status = Signal(3)
        m.d.comb += [
            status[STATUS_BUSY].eq(self.busy),
            status[STATUS_PENDING].eq(pending),
            status[STATUS_OVERRUN].eq(self.overrun),
        ]
        shown = {"status": status} | self._count(m, control & self.write_data[CONTROL_CLEAR])
        with m.Switch(self.address):
            for name, value in shown.items():
                with m.Case(self._places[name][0]):
                    m.d.comb += self.read_data.eq(value)
        return m

    def _writes(self, name: str) -> Signal:
        return self.write & (self.address == self._places[name][0])

    def _configure(self, m: Module, commit: Signal, pending: Signal) -> None:
        written = Signal(self.active.as_value().shape(), reset_less=True)
        active = Signal.like(written, reset_less=True)
        used = Signal()
        fields = configuration_layout(self.parameters.controller)(written)
        for name in fields.shape().members:
            with m.If(self._writes(name)):
                m.d.sync += Cat(fields[name]).eq(self.write_data)
        with m.If(self.plane_start & pending):
            m.d.sync += active.eq(written)
        m.d.comb += [self.active.as_value().eq(active), self.configured.eq(used | pending)]
        m.d.sync += [pending.eq(commit | (pending & ~self.plane_start)), used.eq(self.configured)]

    def _count(self, m: Module, clear: Signal) -> dict[str, Signal]:
        totals = {}
        for name, amount in (("total_ops", self.operations), ("total_conversions", self.conversions)):
            m.submodules[name] = tally = Tally(width=COUNTER_BITS, amount_width=len(amount))
            m.d.comb += [tally.amount.eq(amount), tally.clear.eq(clear)]
            totals[name] = tally.total
        return totals
