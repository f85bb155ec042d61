"""One NMPU unit: counter, parameter words and datapath for a few columns."""

from amaranth.hdl import Module, signed
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.nmpu.lane import NmpuLane, word_ports
from hdl.nmpu.layouts import count_lanes, number_formats
from hdl.nmpu.sequencer import NmpuSequencer
from sim_models.nmpu import NmpuParameters


class NmpuUnit(Block):
    """Turn the converter counts of ``columns_per_unit`` crossbar columns into activations, one column a cycle. ::

        out_data = clamp(relu(round((count_p*scale_positive - count_n*scale_negative) / 2^(scale_fraction_bits + shift)
                                    + offset / 2^offset_fraction_bits)))

    bit for bit as `sim_models.nmpu.process` (and, with ``partial_sum='accumulate'``, `sim_models.nmpu.accumulate`).

    ============================  ===  =========================================================================
    ``start``, ``ready``          1    a group begins in a cycle in which both are 1
    ``overrun``                   1    sticky until reset: a start came without ``ready`` and was ignored
    ``relu``, ``shift``                the layer's settings, sampled with the start
    ``count_p``, ``count_n``           packed counts, column 0 low; stable from the start until ``ready`` returns
    ``cfg_write``, ``cfg_column``,     write one column's word {offset, scale_negative, scale_positive}, last one low;
    ``cfg_data``                       during a group only for a column that was issued already
    ``out_valid``, ``out_column``,     one result per cycle, columns in order; two's complement integer
    ``out_data``
    ``out_clipped``               1    the result was clamped to ``output_bits``
    ``done``                      1    with the last result of a group
    ============================  ===  =========================================================================

    With ``storage='external'`` the three ``cfg_`` ports give way to ``word_column`` (column entering the datapath) and
    ``word`` (its parameters, expected in the same cycle). With accumulation ``accumulate_first`` and
    ``accumulate_last`` are sampled with the start: the offset enters with the first tile, results leave with the last,
    ``saturated`` (sticky until reset) tells that a sum met the accumulator's range.

    Latency ``columns_per_unit + pipeline_stages`` cycles from start to ``done`` inclusive of both cycles;
    one group every ``columns_per_unit`` cycles. Source: arXiv 2402.07549; cut positions and sequencing are bitline's.
    """

    def __init__(self, *, parameters: NmpuParameters) -> None:
        self.parameters = p = parameters
        counts = In(count_lanes(p, p.columns_per_unit))
        ports = {"start": In(1), "ready": Out(1), "overrun": Out(1), "relu": In(1), "shift": In(p.shift_bits)}
        if p.accumulates:
            ports |= {"accumulate_first": In(1), "accumulate_last": In(1), "saturated": Out(1)}
        ports |= {"count_p": counts} if p.signed_input else {"count_p": counts, "count_n": counts}
        ports |= word_ports(p)
        if p.storage == "external":
            ports["word_column"] = Out(p.column_bits)
        ports |= {"out_valid": Out(1), "out_column": Out(p.column_bits), "out_data": Out(signed(p.output_bits))}
        ports |= {"out_clipped": Out(1), "done": Out(1)}
        self.formats = number_formats(p, "cfg_data" if p.storage == "flop" else "word", "out_data")
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.sequencer = sequencer = NmpuSequencer(parameters=p)
        m.submodules.lane = lane = NmpuLane(parameters=p)
        m.d.comb += sequencer.advance.eq(1)
        sequencer.connect_owner(m, self)
        sequencer.connect_datapath(m, lane)
        own_inputs = [*word_ports(p), "count_p"] + ["count_n"] * (not p.signed_input)
        m.d.comb += [getattr(lane, name).eq(getattr(self, name)) for name in own_inputs]
        if p.storage == "external":
            m.d.comb += self.word_column.eq(sequencer.column)
        if p.accumulates:
            with m.If(lane.saturated):
                m.d.sync += self.saturated.eq(1)
        m.d.comb += [
            self.out_valid.eq(sequencer.out_valid),
            self.out_column.eq(sequencer.out_column),
            self.out_data.eq(lane.out_data),
            self.out_clipped.eq(lane.out_clipped),
            self.done.eq(sequencer.done),
        ]
        return m
