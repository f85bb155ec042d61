"""The pipelined half-precision lane with two fused multiply-adds (service model F1 with fused arithmetic)."""

from amaranth.hdl import Cat, Module, Value

from hdl.arith import FloatFused, UnsignedToFloat
from hdl.block import Block
from hdl.nmpu_fp16.layouts import lane_ports
from hdl.nmpu_fp16.result import connect_result
from hdl.ranks import rank
from sim_models.arith import FP16
from sim_models.nmpu import LdpuParameters


class FusedLane(Block):
    """One column a cycle through two fused multiply-adds in a row. ::

        t     = half(count_p) * slope_p + addend
        value = -half(count_n) * slope_n + t

    bit for bit as `sim_models.nmpu.ldpu_process` with arithmetic 'fused'. Ports as in `Fp16Lane`, but ``addend`` enters
    together with the counts. ``t`` crosses the third of the five ranks without logic, so that a tool that retimes can
    spread a multiply-add over it. Latency 5 cycles, one column a cycle.
    """

    addend_rank = 0

    def __init__(self, *, parameters: LdpuParameters) -> None:
        self.parameters = parameters
        super().__init__(lane_ports(parameters))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        half_p = self._convert(m, "p", self.count_p)
        first = self._fuse(m, "first", half_p, self.slope_p, self.addend)
        count_n, slope_n = self.count_n, self.slope_n
        for step in (1, 2):
            count_n, slope_n = rank(m, f"count_n_{step}", count_n), rank(m, f"slope_n_{step}", slope_n)
        half_n = self._convert(m, "n", count_n)
        value = self._fuse(m, "second", half_n ^ FP16.sign_mask, slope_n, first)
        connect_result(m, self, value)
        return m

    def _convert(self, m: Module, polarity: str, count: Value) -> Value:
        m.submodules[f"convert_{polarity}"] = convert = UnsignedToFloat(width=len(count), format=FP16)
        m.d.comb += convert.value.eq(count)
        return convert.result

    def _fuse(self, m: Module, name: str, a: Value, b: Value, c: Value) -> Value:
        """``a * b + c``, two ranks later."""
        m.submodules[name] = fused = FloatFused(format=FP16, flush_to_zero=self.parameters.flush_to_zero)
        operands = rank(m, f"{name}_operands", Cat(a, b, c))
        m.d.comb += Cat(fused.a, fused.b, fused.c).eq(operands)
        return rank(m, f"{name}_result", fused.result)
