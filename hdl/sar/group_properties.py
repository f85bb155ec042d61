"""What a group of converters that columns share promises at its ports."""

from amaranth.hdl import Module, Mux, ResetSignal, Signal, Value

from hdl.property_set import PropertySet
from hdl.sar.config_bus import ConfigurationBus
from hdl.sar.configuration import configuration_layout
from hdl.sar.group import AdcGroup
from hdl.sar.lane import AdcLane
from hdl.sar.legality import RegisterLegality
from sim_models.sar.group import AdcGroupParameters, register_map


class ObservedGroup(AdcGroup):
    """The group, with inner signals for provers: which controllers are ``busy``, their registers, plane's starts."""

    def __init__(self, *, parameters: AdcGroupParameters) -> None:
        super().__init__(parameters=parameters)
        plain = parameters.search == "plain"
        registers = 1 if plain else configuration_layout(parameters.controller).size
        self.busy, self.active, self.plane_start = Signal(parameters.converters), Signal(registers), Signal()

    def _connect_lane(self, m: Module, lane: AdcLane, place: int, bus: ConfigurationBus) -> None:
        super()._connect_lane(m, lane, place, bus)
        m.d.comb += self.busy[place].eq(lane.busy)
        if place == 0:
            m.d.comb += self.plane_start.eq(bus.plane_start)
            if self.parameters.search == "twin_range":
                m.d.comb += self.active.eq(bus.active)


class AdcGroupProperties(PropertySet):
    """Strobes are legal, no result is lost, doubled or misplaced, nothing gets stuck, and registers change in between.

    Comparators answer anything, but for one conversion that a prover picks: its answers are those of a count that it
    picks too, and its result, of a plain search, is that count, in its place. With a twin-range search the registers
    are written with any legal words, and not while a commit waits.
    """

    def __init__(self, *, parameters: AdcGroupParameters) -> None:
        self.parameters = p = parameters
        lane = range(max(2, p.converters))
        self.group = ObservedGroup(parameters=p)
        super().__init__(self.group, {"watch": 1, "any_lane": lane, "any_count": p.bits})

    def state(self, m: Module) -> None:
        p = self.parameters
        taken = self.results.valid & self.results.ready
        sampling = [self._begins(m, place) for place in range(p.converters)]
        configured = self._surroundings(m)
        self._state_strobes(m)
        self._state_stream(m)
        self._state_order(m, taken)
        waiting = [self._state_count(m, place, sampling[place], taken) for place in range(p.converters)]
        if p.search == "plain":
            self._state_watched(m, sampling, waiting, taken)
        else:
            before = self.before(m, self.group.busy.any() & ~ResetSignal(), "any_busy")
            same = self.group.active == self.before(m, self.group.active, "active")
            self.holds(m, "registers_change_between_conversions_only", ~before | same)
        self._state_progress(m, taken, configured)
        self.reaches(m, "the_last_result_of_the_last_plane", taken & self._last())
        self.reaches(m, "a_result_that_waits", self.results.valid & ~self.results.ready & (waiting[0] == 2))

    def _last(self) -> Value:
        return self.results.payload.last_column & self.results.payload.last_plane

    def _begins(self, m: Module, place: int) -> Signal:
        """The first cycle of each sampling of a converter."""
        return self.sample[place] & ~self.before(m, self.sample[place] & ~ResetSignal(), f"sample_{place}")

    def _surroundings(self, m: Module) -> Value:
        """The rules of the inputs; returns that a configuration is there."""
        offered = self.before(m, self.plane_valid & ~self.plane_ready & ~ResetSignal(), "offered")
        self.assumes(m, ~offered | self.plane_valid)
        if self.parameters.search == "plain":
            return Value.cast(1)
        return self._writes(m)

    def _writes(self, m: Module) -> Value:
        """What software may do; returns that it has committed a configuration."""
        places = register_map(self.parameters)
        layout = configuration_layout(self.parameters.controller)
        m.submodules.legality = legality = RegisterLegality(parameters=self.parameters.controller)
        written, known = Signal(layout.size, reset_less=True), Signal(len(layout.members))
        fields = layout(written)
        m.d.comb += Value.cast(legality.registers).eq(written)
        waits, there = Signal(), Signal()
        commit = self.cfg_write & (self.cfg_address == places["control"][0]) & self.cfg_write_data[0]
        for number, name in enumerate(layout.members):
            writes = self.cfg_write & (self.cfg_address == places[name][0])
            self.assumes(m, ~(writes & waits))
            with m.If(writes):
                m.d.sync += [Value.cast(fields[name]).eq(self.cfg_write_data), known[number].eq(1)]
        self.assumes(m, ~commit | (legality.legal & known.all()))
        m.d.sync += [waits.eq(commit | (waits & ~self.group.plane_start)), there.eq(there | commit)]
        return there

    def _state_strobes(self, m: Module) -> None:
        self.holds(m, "strobes_never_overlap", ~self.hold_track.all())
        self.holds(m, "a_strobe_takes_the_offer", self.plane_ready == self.hold_track.any())
        for place in range(self.parameters.converters):
            of_bank = Signal(name=f"bank_of_{place}")
            with m.If(self.sample[place]):
                m.d.sync += of_bank.eq(self.hold_select[place])
            bank = Mux(self.sample[place], self.hold_select[place], of_bank)
            tracked = self.hold_track.bit_select(bank, 1)
            self.holds(m, f"bank_converted_by_{place}_is_not_filled", ~self.dac_enable[place] | ~tracked)
            for name in ("column", "hold_select"):
                value = Value.cast(getattr(self, name)[place])
                still = value == self.before(m, value, f"{name}_{place}")
                self.holds(m, f"{name}_{place}_is_still_when_sampled", ~self.sample[place] | still)

    def _state_stream(self, m: Module) -> None:
        held = self.before(m, self.results.valid & ~self.results.ready & ~ResetSignal(), "held")
        payload = self.results.payload.as_value()
        same = payload == self.before(m, payload, "payload")
        self.holds(m, "a_result_stays_until_taken", ~held | (self.results.valid & same))

    def _state_order(self, m: Module, taken: Value) -> None:
        p, shown = self.parameters, self.results.payload
        column, bit = Signal(range(max(2, p.columns_per_adc))), Signal(range(max(2, p.input_bits)))
        last = column == p.columns_per_adc - 1
        with m.If(taken):
            m.d.sync += column.eq(Mux(last, 0, column + 1))
        with m.If(taken & last):
            m.d.sync += bit.eq(Mux(bit == p.input_bits - 1, 0, bit + 1))
        self.holds(m, "columns_innermost", (shown.column == column) & (shown.last_column == last))
        self.holds(m, "slices_of_columns", shown.slice == column % p.slices)
        self.holds(m, "input_bits_in_order", (shown.input_bit == bit) & (shown.last_plane == (bit == p.input_bits - 1)))

    def _state_count(self, m: Module, place: int, begins: Value, taken: Value) -> Signal:
        """Conversions of a converter that have begun and whose results were not taken."""
        p = self.parameters
        most = 2 if p.rate == "fixed" else p.fifo_depth
        waiting = Signal(range(most + 2), name=f"waiting_{place}")
        m.d.sync += waiting.eq(waiting + begins - taken)
        self.holds(m, f"no_result_of_{place}_without_a_conversion", ~self.results.valid | (waiting != 0))
        self.holds(m, f"results_of_{place}_have_room", waiting + begins - taken <= most)
        return waiting

    def _state_watched(self, m: Module, sampling: list[Signal], waiting: list[Signal], taken: Value) -> None:
        """One conversion, from its sampling to its result."""
        lane = self.chosen(m, self.any_lane, "lane")
        converting, watched = Signal(), Signal()
        count, column, ahead = (
            Signal.like(self.any_count),
            Signal.like(self.results.payload.column),
            Signal.like(waiting[0]),
        )
        for place in range(self.parameters.converters):
            here, begins = lane == place, sampling[place]
            with m.If(here & begins):
                m.d.sync += converting.eq(0)
            with m.If(here & begins & self.watch & ~watched):
                m.d.sync += [watched.eq(1), converting.eq(1), count.eq(self.any_count)]
                m.d.sync += [column.eq(self.column[place]), ahead.eq(waiting[place] - taken)]
            answer = self.cmp[place] == (count >= self.dac[place])
            self.assumes(m, ~(here & converting & self.comparator_enable[place]) | answer)
            right = (self.results.payload.words[place] == count) & (self.results.payload.column == column)
            self.holds(
                m, f"result_of_{place}_is_its_count", ~(here & watched & (ahead == 0) & self.results.valid) | right
            )
        with m.If(watched & taken):
            m.d.sync += [watched.eq(ahead != 0), ahead.eq(ahead - 1)]
        self.reaches(m, "a_watched_result_behind_another", watched & (ahead == 1) & self.results.valid)

    def _state_progress(self, m: Module, taken: Value, configured: Value) -> None:
        """With work to do, a result comes in time; cycles in which it would not be taken do not count."""
        p = self.parameters
        owed = Signal(range(3 * p.columns_per_adc + 1))
        m.d.sync += owed.eq(owed + Mux(self.plane_ready, p.columns_per_adc, 0) - taken)
        most = p.slot_cycles + 5
        idle = Signal(range(most + 2))
        works = configured & (self.plane_valid | (owed != 0)) & ~taken
        m.d.sync += idle.eq(Mux(works, idle + self.results.ready, 0))
        self.holds(m, "planes_owed_fit", owed <= 3 * p.columns_per_adc)
        self.holds(m, "nothing_gets_stuck", idle < most)
