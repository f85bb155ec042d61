"""Converters that the columns of an array share: hold strobes, column select, searches, results as a stream."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.sar.columns import ColumnSequence
from hdl.sar.config_bus import ConfigurationBus
from hdl.sar.fifo import ResultFifo
from hdl.sar.hold import HoldBanks
from hdl.sar.lane import AdcLane
from hdl.sar.order import ResultOrder
from hdl.sar.slots import SlotTimer
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance
from sim_models.sar.group import COUNTER_BITS, AdcGroupParameters, register_map


def group_result_layout(parameters: AdcGroupParameters) -> data.StructLayout:
    """One result: a word of each converter, and which column, slice and input bit it is of.

    ``words``: the value, or the aligned code with its flag on top. ``column`` counts within each converter's columns.
    """
    p = parameters
    return data.StructLayout(
        {
            "words": data.ArrayLayout(p.word_bits, p.converters),
            "column": range(max(2, p.columns_per_adc)),
            "slice": range(max(2, p.slices)),
            "input_bit": range(max(2, p.input_bits)),
            "last_column": 1,
            "last_plane": 1,
        }
    )


class AdcGroup(Block):
    """``converters`` converters that each serve ``columns_per_adc`` columns of an array, one input bit after another.

    Array: with ``plane_valid`` the array's outputs for the next input bit are there, until a cycle with
    ``plane_ready``. In that cycle one bit of ``hold_track`` is 1: that bank of sample-and-hold circuits follows the
    array. The other bank may be under conversion meanwhile; a bank is never filled before its conversion has ended.

    Converters, one element each: ``hold_select`` and ``column`` (what its multiplexer connects, from registers, stable
    from the cycle before ``sample`` on), ``sample``, ``dac``, ``dac_enable``, ``comparator_enable``, ``cmp`` as in
    `TrqController`. Converter c serves the columns ``c * columns_per_adc`` and up.

    ``results``: stream of `group_result_layout`, columns innermost, then input bits, the lowest first.

    * Fixed rate: all converters work in step. A result is ready ``slot_cycles`` after its conversion began; a plane
      takes ``columns_per_adc * slot_cycles`` cycles. If the result before it has not been taken by then, all wait
      before the next sampling.
    * Variable rate: each converter goes on after its own ``done``; its results wait in a FIFO until all converters have
      theirs. A converter whose FIFO might overflow waits before sampling. All begin a plane together.

    Configuration bus: ``cfg_address``, ``cfg_write``, ``cfg_write_data``, ``cfg_read_data`` (combinational); registers
    are those of `sim_models.sar.register_map`. A committed configuration takes effect with the first plane that starts
    in a later cycle, when no conversion is under way; results wait in their order, so a consumer of aligned codes
    must decode each with the configuration of its plane. Before the first configuration no conversion begins.

    Raises ValueError for ``parameters`` that are no ``AdcGroupParameters``.
    """

    def __init__(self, *, parameters: AdcGroupParameters) -> None:
        require_instance("parameters", parameters, AdcGroupParameters)
        self.parameters = p = parameters
        count = p.converters
        number = IntegerFormat(kind="unsigned", width=p.bits)
        self.formats = {"dac": number} | ({} if p.flagged else {"results__payload.words": number})
        super().__init__(
            {
                "plane_valid": In(1),
                "plane_ready": Out(1),
                "hold_track": Out(2),
                "hold_select": Out(data.ArrayLayout(1, count)),
                "column": Out(data.ArrayLayout(range(max(2, p.columns_per_adc)), count)),
                "sample": Out(data.ArrayLayout(1, count)),
                "dac": Out(data.ArrayLayout(p.bits, count)),
                "dac_enable": Out(data.ArrayLayout(1, count)),
                "comparator_enable": Out(data.ArrayLayout(1, count)),
                "cmp": In(data.ArrayLayout(1, count)),
                "results": Out(stream.Signature(group_result_layout(p))),
                "cfg_address": In(range(len(register_map(p)))),
                "cfg_write": In(1),
                "cfg_write_data": In(COUNTER_BITS),
                "cfg_read_data": Out(COUNTER_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.banks = banks = HoldBanks()
        m.submodules.bus = bus = ConfigurationBus(parameters=p)
        lanes = [AdcLane(parameters=p) for _ in range(p.converters)]
        for place, lane in enumerate(lanes):
            m.submodules[f"lane_{place}"] = lane
            self._connect_lane(m, lane, place, bus)
        schedule = self._fixed if p.rate == "fixed" else self._variable
        sequences, over = schedule(m, lanes, bus)
        for place in range(p.converters):
            sequence = sequences[place % len(sequences)]
            m.d.comb += [self.column[place].eq(sequence.column), self.hold_select[place].eq(sequence.bank)]
        self._plan(m, sequences, banks, bus)
        self._connect_bus(m, bus, lanes, over)
        self._connect_order(m)
        return m

    def _connect_lane(self, m: Module, lane: AdcLane, place: int, bus: ConfigurationBus) -> None:
        m.d.comb += [
            getattr(self, name)[place].eq(getattr(lane, name))
            for name in ("sample", "dac", "dac_enable", "comparator_enable")
        ]
        m.d.comb += lane.cmp.eq(self.cmp[place])
        if self.parameters.search == "twin_range":
            m.d.comb += lane.registers.eq(bus.active)

    def _sequence(self, m: Module, place: int, lane: AdcLane) -> ColumnSequence:
        p = self.parameters
        sequence = ColumnSequence(columns=p.columns_per_adc, overlap=p.overlap_select)
        m.submodules[f"sequence_{place}"] = sequence
        if p.overlap_select:
            m.d.comb += sequence.sample.eq(lane.sample)
        return sequence

    def _fixed(self, m: Module, lanes: Sequence[AdcLane], bus: ConfigurationBus) -> "_Scheduled":
        """One sequence and one timer for all; a register holds the result that waits to be taken."""
        p = self.parameters
        sequence = self._sequence(m, 0, lanes[0])
        m.submodules.timer = timer = SlotTimer(cycles=p.slot_cycles)
        over = Signal()
        words = Signal(p.word_bits * p.converters, reset_less=True)
        m.d.comb += [
            timer.start.eq(sequence.begin),
            over.eq(sequence.running & timer.ended & (~self.results.valid | self.results.ready)),
            sequence.over.eq(over),
            sequence.room.eq(1),
            Cat(lane.start for lane in lanes).eq(sequence.start.replicate(len(lanes))),
            self.results.payload.words.as_value().eq(words),
        ]
        m.d.sync += self.results.valid.eq(over | (self.results.valid & ~self.results.ready))
        with m.If(over):
            m.d.sync += words.eq(Cat(lane.word for lane in lanes))
        if p.search == "twin_range":
            # A search that its slot cuts short: such a configuration must not be loaded.
            late = Signal()
            m.d.sync += late.eq(late | (over & Cat(lane.busy for lane in lanes).any()))
            m.d.comb += bus.overrun.eq(late)
        return [sequence], [over] * len(lanes)

    def _variable(self, m: Module, lanes: Sequence[AdcLane], bus: ConfigurationBus) -> "_Scheduled":
        """A sequence and a FIFO for each; a result leaves all FIFOs at once."""
        p = self.parameters
        sequences, fifos = [], []
        for place, lane in enumerate(lanes):
            sequence = self._sequence(m, place, lane)
            m.submodules[f"fifo_{place}"] = fifo = ResultFifo(width=p.word_bits, depth=p.fifo_depth)
            m.d.comb += [
                lane.start.eq(sequence.start),
                sequence.over.eq(lane.done),
                sequence.room.eq(fifo.room),
                fifo.write.eq(lane.done),
                fifo.write_data.eq(lane.word),
                fifo.read.eq(self.results.valid & self.results.ready),
                self.results.payload.words[place].eq(fifo.data),
            ]
            sequences.append(sequence)
            fifos.append(fifo)
        m.d.comb += self.results.valid.eq(Cat(fifo.valid for fifo in fifos).all())
        return sequences, [lane.done for lane in lanes]

    def _plan(self, m: Module, sequences: Sequence[ColumnSequence], banks: HoldBanks, bus: ConfigurationBus) -> None:
        """Begin a plane when all have ended the one before, with a bank and a configuration."""
        free, ended, plane_start = Signal(), Signal(), Signal()
        m.d.comb += [
            free.eq(Cat(sequence.free for sequence in sequences).all()),
            ended.eq(Cat(sequence.ended for sequence in sequences).all()),
            plane_start.eq(free & banks.available & bus.configured),
            Cat(sequence.plane_start for sequence in sequences).eq(plane_start.replicate(len(sequences))),
            banks.plane_valid.eq(self.plane_valid),
            self.plane_ready.eq(banks.plane_ready),
            self.hold_track.eq(banks.track),
            banks.take.eq(plane_start),
            banks.release.eq(free & ~ended),
            bus.plane_start.eq(plane_start),
            bus.busy.eq(~ended),
        ]

    def _connect_bus(self, m: Module, bus: ConfigurationBus, lanes: Sequence[AdcLane], over: Sequence[Signal]) -> None:
        m.d.comb += [
            bus.address.eq(self.cfg_address),
            bus.write.eq(self.cfg_write),
            bus.write_data.eq(self.cfg_write_data),
            self.cfg_read_data.eq(bus.read_data),
        ]
        if self.parameters.rate == "fixed":  # all at once
            m.d.comb += [
                bus.operations.eq(_total([lane.ops for lane in lanes]) & over[0].replicate(len(bus.operations))),
                bus.conversions.eq(len(lanes) & over[0].replicate(len(bus.conversions))),
            ]
        else:
            made = [lane.ops & each.replicate(len(lane.ops)) for lane, each in zip(lanes, over, strict=True)]
            m.d.comb += [bus.operations.eq(_total(made)), bus.conversions.eq(_total(over))]

    def _connect_order(self, m: Module) -> None:
        m.submodules.order = order = ResultOrder(parameters=self.parameters)
        m.d.comb += order.advance.eq(self.results.valid & self.results.ready)
        m.d.comb += [
            getattr(self.results.payload, name).eq(getattr(order, name))
            for name in ("column", "slice", "input_bit", "last_column", "last_plane")
        ]


_Scheduled = tuple[list[ColumnSequence], list[Signal]]


def _total(values: Sequence[Value]) -> Value:
    """The sum, of a tree of adders."""
    if len(values) == 1:
        return Value.cast(values[0])
    half = len(values) // 2
    return _total(values[:half]) + _total(values[half:])
