"""The pipelined half-precision lane with its own multipliers and adders (service model F1)."""

from typing import Self

from amaranth.hdl import Module, Value

from hdl.arith import FloatAdd, FloatMultiply, UnsignedToFloat
from hdl.block import Block
from hdl.nmpu_fp16.layouts import lane_ports, number_formats
from hdl.nmpu_fp16.result import connect_result
from hdl.ranks import rank
from sim_models.arith import FP16
from sim_models.nmpu import LdpuParameters


class Fp16Lane(Block):
    """One column a cycle in binary16, every operation rounded to nearest, ties to even. ::

        value    = (half(count_p) * slope_p - half(count_n) * slope_n) + addend
        out_data = int8(max(value, +0) if relu else value)

    bit for bit as `sim_models.nmpu.ldpu_process` with arithmetic 'mul_add'. Two converters, two multipliers, two
    adders, conversion to int8; a register rank behind convert, multiply, subtract, add and output.

    ======================  =========  ===================================================================
    ``count_p``, ``count_n``  count_bits  unsigned counts of the column that enters in this cycle
    ``slope_p``, ``slope_n``  16          its slopes, binary16
    ``addend``                16          binary16, of the column that entered two cycles ago
    ``relu``                  1           setting, of the column that entered four cycles ago
    ``value``                 16          binary16 before ReLU, of the column that entered four cycles ago
    ``out_data``              8           two's complement, of the column that entered five cycles ago
    ``invalid``               1           with ``out_data``: ``value`` was NaN, which gives 0
    ======================  =========  ===================================================================

    The addend is taken where it is needed: carrying it along from the start would cost two ranks of 16 flip-flops.
    Latency 5 cycles, one column a cycle. Raises ValueError for arithmetic 'fused'.
    Source: the unit that arXiv 2402.07549 compares with; structure and ranks are bitline's.
    """

    addend_rank = 2

    def __new__(cls, *, parameters: LdpuParameters) -> Self:
        if parameters.arithmetic != "mul_add":
            raise ValueError(f"arithmetic of this lane must be 'mul_add', not {parameters.arithmetic!r}")
        return super().__new__(cls, parameters=parameters)

    def __init__(self, *, parameters: LdpuParameters) -> None:
        self.parameters = parameters
        self.formats = number_formats(parameters)
        super().__init__(lane_ports(parameters))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        product_p = self._branch(m, "p", self.count_p, self.slope_p)
        product_n = self._branch(m, "n", self.count_n, self.slope_n)
        difference = self._add(m, "subtract", product_p, product_n ^ FP16.sign_mask)
        value = self._add(m, "add", difference, rank(m, "addend_at_add", self.addend))
        connect_result(m, self, value)
        return m

    def _branch(self, m: Module, polarity: str, count: Value, slope: Value) -> Value:
        """The product of one polarity, two ranks later."""
        m.submodules[f"convert_{polarity}"] = convert = UnsignedToFloat(width=len(count), format=FP16)
        multiply = FloatMultiply(format=FP16, flush_to_zero=self.parameters.flush_to_zero)
        m.submodules[f"multiply_{polarity}"] = multiply
        m.d.comb += [
            convert.value.eq(count),
            multiply.a.eq(rank(m, f"half_{polarity}", convert.result)),
            multiply.b.eq(rank(m, f"slope_{polarity}_at_multiply", slope)),
        ]
        return rank(m, f"product_{polarity}", multiply.result)

    def _add(self, m: Module, name: str, a: Value, b: Value) -> Value:
        """The sum, one rank later."""
        m.submodules[name] = add = FloatAdd(format=FP16, flush_to_zero=self.parameters.flush_to_zero)
        m.d.comb += [add.a.eq(a), add.b.eq(b)]
        return rank(m, f"{name}_result", add.result)
