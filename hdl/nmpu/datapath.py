"""The arithmetic of one NMPU unit, pipelined."""

from typing import Any

from amaranth.hdl import Array, Module, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.multiplexer import select
from hdl.nmpu.branch import NmpuBranch
from hdl.nmpu.combine import NmpuCombine
from hdl.nmpu.layouts import column_word, count_lanes
from hdl.ranks import rank
from sim_models.nmpu import NmpuParameters


def datapath_ports(parameters: NmpuParameters) -> dict[str, Any]:
    """The ports of `NmpuDatapath` but for its parameter word."""
    p = parameters
    counts = In(count_lanes(p, p.columns_per_unit))
    ports = {"advance": In(1), "column": In(p.column_bits), "count_p": counts}
    if not p.signed_input:
        ports["count_n"] = counts
    ports |= {"shift": In(p.shift_bits), "relu": In(1)}
    if p.accumulates:
        ports |= {"first": In(1), "accumulate": In(1), "accumulate_column": In(p.column_bits), "saturated": Out(1)}
    return ports | {"out_data": Out(signed(p.output_bits)), "out_clipped": Out(1)}


class NmpuDatapath(Block):
    """Select one column, correct it, register the result: the ``pipeline_stages`` ranks of one unit.

    Rank S0 (three stages) holds the selected operands, S1 (two or three) the cut products, the last the result.

    Ports: ``advance`` (all ranks move), ``count_p`` and ``count_n`` (all columns' counts), ``column`` (entering now),
    ``word`` (its parameters); ``shift`` and ``relu`` belong to the column that is at the combining step, one rank
    before the result; ``out_data``, ``out_clipped`` (registered). With ``partial_sum='accumulate'`` also ``first``
    (load the offset instead of adding to the accumulator), ``accumulate`` (a column is at the combining step) and
    ``accumulate_column``, and ``saturated`` (combinational). Latency ``pipeline_stages`` cycles, one column a cycle.
    """

    def __init__(self, *, parameters: NmpuParameters) -> None:
        self.parameters = parameters
        super().__init__({**datapath_ports(parameters), "word": In(column_word(parameters))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.combine = combine = NmpuCombine(parameters=p)
        wide = p.pipeline_stages == 3
        for polarity in ("positive",) if p.signed_input else ("positive", "negative"):
            branch = NmpuBranch(parameters=p)
            m.submodules[f"branch_{polarity}"] = branch
            counts = getattr(self, "count_" + polarity[0])
            count = select([counts[index] for index in range(p.columns_per_unit)], self.column)
            scale = self.word[f"scale_{polarity}"]
            m.d.comb += branch.count.eq(self._rank(m, f"count_{polarity}", count) if wide else count)
            m.d.comb += branch.scale.eq(self._rank(m, f"scale_{polarity}", scale) if wide else scale)
            cut = self._rank(m, f"cut_{polarity}", branch.cut) if p.pipeline_stages >= 2 else branch.cut
            m.d.comb += getattr(combine, polarity).eq(cut)
        offset = self.word.offset
        for step in range(1, p.pipeline_stages):
            offset = self._rank(m, f"offset_{step}", offset)
        m.d.comb += [combine.offset.eq(offset), combine.shift.eq(self.shift), combine.relu.eq(self.relu)]
        if p.accumulates:
            self._accumulate(m, combine)
        m.d.comb += self.out_data.eq(self._rank(m, "result", combine.data))
        m.d.comb += self.out_clipped.eq(self._rank(m, "result_clipped", combine.clipped))
        return m

    def _rank(self, m: Module, name: str, value: Value) -> Signal:
        """``value`` one rank later."""
        return rank(m, name, value, self.advance)

    def _accumulate(self, m: Module, combine: NmpuCombine) -> None:
        p = self.parameters
        sums = Array(
            Signal(combine.total.shape(), name=f"sum_{column}", reset_less=True) for column in range(p.columns_per_unit)
        )
        m.d.comb += [combine.first.eq(self.first), combine.previous.eq(sums[self.accumulate_column])]
        m.d.comb += self.saturated.eq(combine.saturated & self.accumulate)
        with m.If(self.accumulate & self.advance):
            m.d.sync += sums[self.accumulate_column].eq(combine.total)
