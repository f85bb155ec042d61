"""What the registers of a group promise."""

from amaranth.hdl import Module, Mux, ResetSignal, Signal, Value

from hdl.property_set import PropertySet
from hdl.sar.config_bus import ConfigurationBus
from sim_models.sar.group import COUNTER_BITS, AdcGroupParameters, register_map


class ConfigurationBusProperties(PropertySet):
    """The configuration changes between planes only, to what was written before its commit; the counters count.

    Any one field is watched, as a prover picks it: what was last written to it before a commit is what it shows after
    the next beginning of a plane, if it was not written again in between.
    """

    def __init__(self, *, parameters: AdcGroupParameters, component: ConfigurationBus | None = None) -> None:
        self.parameters = parameters
        self._places = register_map(parameters)
        super().__init__(component or ConfigurationBus(parameters=parameters))

    def state(self, m: Module) -> None:
        commit = self.write & (self.address == self._places["control"][0]) & self.write_data[0]
        pending, there = Signal(), Signal()
        m.d.sync += [
            pending.eq(commit | (pending & ~self.plane_start)),
            there.eq(there | (pending & self.plane_start)),
        ]
        active = Value.cast(self.active)
        loaded = self.before(m, self.plane_start & pending & ~ResetSignal(), "loaded")
        same = active == self.before(m, active, "active")
        in_reset = self.before(m, ResetSignal(), "reset")
        self.assumes(m, ~self.plane_start | self.configured)
        self.holds(m, "it_changes_between_planes_only", in_reset | loaded | same)
        self.holds(m, "configured_once_committed", self.configured == (pending | there))
        self._state_fields(m, loaded)
        self._state_counters(m, in_reset)
        status = self._places["status"][0]
        shown = self.read_data == (self.busy | pending << 1 | self.overrun << 2)
        self.holds(m, "status_shows_the_state", (self.address != status) | shown)
        self.reaches(m, "a_configuration_that_waits", pending & there & self.plane_start)

    def _state_fields(self, m: Module, loaded: Value) -> None:
        """Each field is loaded as it was written last."""
        for name, field in self.active.shape():
            written = Signal(field.width, name=f"{name}_written")
            known = Signal(name=f"{name}_known")
            with m.If(self.write & (self.address == self._places[name][0])):
                m.d.sync += [written.eq(self.write_data), known.eq(1)]
            last, was = self.before(m, written, f"{name}_last"), self.before(m, known, f"{name}_was")
            right = Value.cast(self.active[name]) == last
            self.holds(m, f"{name}_is_as_written", ~loaded | ~was | right)

    def _state_counters(self, m: Module, in_reset: Value) -> None:
        """Both grow by what there is, stop at their largest value, and are cleared on request."""
        clear = self.before(m, self.write & (self.address == self._places["control"][0]) & self.write_data[1], "clear")
        largest = (1 << COUNTER_BITS) - 1
        for name, amount in (("total_ops", self.operations), ("total_conversions", self.conversions)):
            here = self.address == self._places[name][0]
            read = Signal(COUNTER_BITS, name=f"{name}_read")
            was_here = self.before(m, here, f"{name}_here")
            m.d.sync += read.eq(self.read_data)
            grown = read + self.before(m, amount, f"{name}_amount")
            right = self.read_data == Mux(clear, 0, Mux(grown > largest, largest, grown))
            self.holds(m, f"{name}_counts", ~(here & was_here) | in_reset | right)
