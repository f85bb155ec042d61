"""The half-precision unit without its storage."""

from typing import Any, Self

from amaranth.hdl import Module, Mux
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.nmpu_fp16.fused_lane import FusedLane
from hdl.nmpu_fp16.lane import Fp16Lane
from hdl.nmpu_fp16.layouts import (
    AddendSource,
    branches,
    control_ports,
    number_formats,
    require_buildable,
    result_ports,
    row_bits,
)
from hdl.nmpu_fp16.sequencer import LdpuSequencer
from hdl.nmpu_fp16.shared_lane import PipelinedSharedLane, UnpipelinedSharedLane
from sim_models.arith import FP16
from sim_models.nmpu import LdpuParameters

LANES: dict[tuple[str, str], Any] = {
    ("F1", "mul_add"): Fp16Lane,
    ("F1", "fused"): FusedLane,
    ("F2", "fused"): PipelinedSharedLane,
    ("F3", "fused"): UnpipelinedSharedLane,
}


def storage_ports(parameters: LdpuParameters) -> dict[str, Any]:
    """The ports between core and storage, seen from the core."""
    p = parameters
    row, words = Out(row_bits(p)), data.ArrayLayout(FP16.width, p.lanes)
    ports: dict[str, Any] = {"capture": Out(1)}
    if p.capture == "serial":
        ports |= {"counts_valid": In(1), "counts_ready": Out(1), "capture_row": row}
    ports |= {"row": row, "counts": In(branches(p.count_bits, p.lanes)), "slopes": In(branches(FP16.width, p.lanes))}
    ports |= {"addend_row": row, "offsets": In(words), "aggregates": In(words)}
    return ports | {"aggregate_write": Out(1), "aggregate_row": row, "aggregate_data": Out(words)}


class LdpuCore(Block):
    """Control and lanes of `Ldpu`, for storage that is priced or built elsewhere.

    * Control and results: ``start``, ``busy``, ``done``, ``relu``, ``addend_source``, ``write_aggregate``, ``emit``,
      ``out_valid``, ``out_column``, ``out_data``, ``invalid``: as in `Ldpu`.
    * ``capture``: store the counts offered in this cycle: all columns, or with serial capture the row ``capture_row``,
      which ``counts_valid`` offers and ``counts_ready`` awaits.
    * ``counts``, ``slopes`` of ``row`` and ``offsets``, ``aggregates`` of ``addend_row``: expected in the same cycle.
    * ``aggregate_write``: store ``aggregate_data`` as the aggregates of ``aggregate_row``.
    """

    def __new__(cls, *, parameters: LdpuParameters) -> Self:
        require_buildable(parameters)  # here, because Amaranth warns of every object made and not used
        return super().__new__(cls, parameters=parameters)

    def __init__(self, *, parameters: LdpuParameters) -> None:
        self.parameters = p = parameters
        self.formats = number_formats(p)
        super().__init__({**control_ports(), **storage_ports(p), **result_ports(p)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        lane_class = LANES[p.service_model, p.arithmetic]
        sequencer = LdpuSequencer(parameters=p, addend_rank=lane_class.addend_rank)
        m.submodules.sequencer = sequencer
        for name, member in sequencer.signature.members.items():
            if name in self.signature.members:
                inward = member.flow is In
                source, sink = (self, sequencer) if inward else (sequencer, self)
                m.d.comb += getattr(sink, name).eq(getattr(source, name))
        for index in range(p.lanes):
            m.submodules[f"lane_{index}"] = lane = lane_class(parameters=p)
            self._connect(m, sequencer, lane, index)
        return m

    def _connect(self, m: Module, sequencer: LdpuSequencer, lane: Any, index: int) -> None:
        from_aggregate = sequencer.addend_source_held == AddendSource.AGGREGATE
        m.d.comb += [
            lane.count_p.eq(self.counts.positive[index]),
            lane.count_n.eq(self.counts.negative[index]),
            lane.slope_p.eq(self.slopes.positive[index]),
            lane.slope_n.eq(self.slopes.negative[index]),
            lane.addend.eq(Mux(from_aggregate, self.aggregates[index], self.offsets[index])),
            lane.relu.eq(sequencer.relu_held),
            self.aggregate_data[index].eq(lane.value),
            self.out_data[index].eq(lane.out_data),
            self.invalid[index].eq(lane.invalid),
        ]
        for name in ("second", "advance"):
            if name in lane.signature.members:
                m.d.comb += getattr(lane, name).eq(getattr(sequencer, name))
