"""The half-precision lanes that share one fused multiply-add between both branches (service models F2 and F3)."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In

from hdl.arith import FloatFused, UnsignedToFloat
from hdl.block import Block
from hdl.nmpu_fp16.layouts import PASS_BLOCK, lane_ports
from hdl.nmpu_fp16.result import connect_result
from hdl.ranks import rank
from sim_models.arith import FP16
from sim_models.nmpu import LdpuParameters


def shared_lane_ports(parameters: LdpuParameters) -> dict[str, Any]:
    """Ports of both lanes: those of every lane, and what tells the passes apart."""
    return {**lane_ports(parameters), "second": In(1)}


class PipelinedSharedLane(Block):
    """One pass a cycle through one multiply-add; a column takes two passes, `PASS_BLOCK` cycles apart. ::

        pass A    t     = half(count_p) * slope_p + addend
        pass B    value = -half(count_n) * slope_n + t

    bit for bit as `sim_models.nmpu.ldpu_process` with arithmetic 'fused'. Ports as in `Fp16Lane`, but ``addend`` enters
    together with the counts, which are there in both passes; ``second`` marks pass B, whose results count.

    Ranks: convert, multiply-add, two without logic for a tool that retimes to move into the multiply-add, output. Every
    sum travels on until pass B of its column takes it, so that it needs no memory. Latency 5 cycles from pass B.
    """

    addend_rank = 0

    def __init__(self, *, parameters: LdpuParameters) -> None:
        self.parameters = parameters
        super().__init__(shared_lane_ports(parameters))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        earlier = Signal(FP16.width)
        operands = select_operands(m, self, earlier)
        total = fuse(m, rank(m, "operands", operands), self.parameters)
        for step in range(2, PASS_BLOCK + 1):
            total = rank(m, f"sum_{step}", total)
            if step == 4:
                connect_result(m, self, total)
        m.d.comb += earlier.eq(total)
        return m


class UnpipelinedSharedLane(Block):
    """One pass every two cycles through one multiply-add that has both cycles to settle; pass B follows pass A.

    Computes what `PipelinedSharedLane` does. ``advance``, high in every second cycle, marks the second cycle of each
    pass, in which its operands are taken and the sum of the pass before is finished: the path from the operands to the
    sum is a two-cycle path.
    Latency 5 cycles from the ``advance`` of pass B.
    """

    addend_rank = 0

    def __init__(self, *, parameters: LdpuParameters) -> None:
        self.parameters = parameters
        super().__init__({**shared_lane_ports(parameters), "advance": In(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        total = Signal(FP16.width)
        operands = select_operands(m, self, total)
        m.d.comb += total.eq(fuse(m, rank(m, "operands", operands, self.advance), self.parameters))
        finished = rank(m, "sum_3", total, self.advance)
        connect_result(m, self, rank(m, "sum_4", finished))
        return m


def select_operands(m: Module, lane: Block, earlier: Value) -> Value:
    """The packed operands of the pass that ``lane.second`` tells; ``earlier`` is pass A's sum of the same column."""
    m.submodules.convert = convert = UnsignedToFloat(width=len(lane.count_p), format=FP16)
    m.d.comb += convert.value.eq(Mux(lane.second, lane.count_n, lane.count_p))
    slope = Mux(lane.second, lane.slope_n, lane.slope_p)
    return Cat(convert.result[:-1], lane.second, slope, Mux(lane.second, earlier, lane.addend))


def fuse(m: Module, operands: Value, parameters: LdpuParameters) -> Value:
    """``a * b + c`` of packed operands."""
    m.submodules.fused = fused = FloatFused(format=FP16, flush_to_zero=parameters.flush_to_zero)
    m.d.comb += Cat(fused.a, fused.b, fused.c).eq(operands)
    return fused.result
