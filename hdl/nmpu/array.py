"""The NMPU of one crossbar: an array of units behind one column counter."""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from hdl.block import Block
from hdl.nmpu.lane import NmpuLane
from hdl.nmpu.layouts import column_word, count_lanes, number_formats
from hdl.nmpu.sequencer import NmpuSequencer
from sim_models.nmpu import NmpuParameters


def result_layout(parameters: NmpuParameters) -> data.StructLayout:
    """One beat: ``data`` and ``clipped`` of every unit, the ``column`` within each unit, ``last`` of the group."""
    return data.StructLayout(
        {
            "data": data.ArrayLayout(signed(parameters.output_bits), parameters.units),
            "clipped": data.ArrayLayout(1, parameters.units),
            "column": parameters.column_bits,
            "last": 1,
        }
    )


class Nmpu(Block):
    """``units`` units working in step: ``units * columns_per_unit`` crossbar columns in ``columns_per_unit`` cycles.

    Crossbar column ``unit*columns_per_unit + j`` is column ``j`` of its unit; each result is bit for bit that of
    `NmpuUnit` and `sim_models.nmpu.process`.

    * ``start``, ``ready``, ``relu``, ``shift``, ``overrun``: as in `NmpuUnit`, for all units at once.
    * ``count_p``, ``count_n``: packed counts of all columns, column 0 low; stable from start until ``ready`` is back.
    * ``cfg_write``, ``cfg_address`` (crossbar column), ``cfg_data``: write one parameter word; not used with
      ``storage='external'``, where ``word_column`` and ``words`` (one per unit, same cycle) take their place.
    * ``outputs``: stream of `result_layout` beats, beat ``j`` carrying column ``j`` of every unit. A stalled consumer
      stalls the pipeline; nothing is lost.
    * ``done``: the last beat of a group is taken in this cycle.

    Latency: ``columns_per_unit + pipeline_stages`` cycles from start to ``done`` (both counted) while ``outputs`` is
    ready; a group every ``columns_per_unit`` cycles. With accumulation, ports as in `NmpuUnit`; a group that is not the
    last tile gives no beat and ``done`` tells that its sums are stored.
    """

    def __init__(self, *, parameters: NmpuParameters) -> None:
        self.parameters = p = parameters
        counts = In(count_lanes(p, p.columns))
        ports = {
            "start": In(1), "ready": Out(1), "overrun": Out(1), "relu": In(1), "shift": In(p.shift_bits),
            "count_p": counts, "outputs": Out(stream.Signature(result_layout(p))), "done": Out(1),
        }  # fmt: skip
        if not p.signed_input:
            ports["count_n"] = counts
        if p.storage == "flop":
            ports |= {"cfg_write": In(1), "cfg_address": In(range(max(2, p.columns))), "cfg_data": In(column_word(p))}
        else:
            ports |= {"word_column": Out(p.column_bits), "words": In(data.ArrayLayout(column_word(p), p.units))}
        if p.accumulates:
            ports |= {"accumulate_first": In(1), "accumulate_last": In(1), "saturated": Out(1)}
        self.formats = number_formats(p, "cfg_data" if p.storage == "flop" else "words", "outputs__payload.data")
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.sequencer = sequencer = NmpuSequencer(parameters=p)
        advance = Signal()
        # The result register is free when it holds no beat or its beat is being taken.
        m.d.comb += [advance.eq(~self.outputs.valid | self.outputs.ready), sequencer.advance.eq(advance)]
        sequencer.connect_owner(m, self)
        result = self.outputs.payload
        m.d.comb += [
            self.outputs.valid.eq(sequencer.out_valid),
            result.column.eq(sequencer.out_column),
            result.last.eq(sequencer.done),
            self.done.eq(sequencer.done & advance),
        ]
        if p.storage == "external":
            m.d.comb += self.word_column.eq(sequencer.column)
        lanes = [self._add_lane(m, unit, sequencer) for unit in range(p.units)]
        m.d.comb += [
            result.data.as_value().eq(Cat(lane.out_data for lane in lanes)),
            result.clipped.as_value().eq(Cat(lane.out_clipped for lane in lanes)),
        ]
        if p.accumulates:
            with m.If(Cat(lane.saturated for lane in lanes).any() & advance):
                m.d.sync += self.saturated.eq(1)
        return m

    def _add_lane(self, m: Module, unit: int, sequencer: NmpuSequencer) -> NmpuLane:
        p = self.parameters
        m.submodules[f"lane_{unit}"] = lane = NmpuLane(parameters=p)
        sequencer.connect_datapath(m, lane)
        for name in ("count_p",) if p.signed_input else ("count_p", "count_n"):
            counts = getattr(self, name).as_value().word_select(unit, p.columns_per_unit * p.input_bits)
            m.d.comb += getattr(lane, name).as_value().eq(counts)
        if p.storage == "external":
            m.d.comb += lane.word.eq(self.words[unit])
            return lane
        address_bits = exact_log2(p.columns_per_unit)
        m.d.comb += [
            lane.cfg_write.eq(self.cfg_write & (self.cfg_address[address_bits:] == unit)),
            lane.cfg_column.eq(self.cfg_address[:address_bits]),
            lane.cfg_data.eq(self.cfg_data),
        ]
        return lane
