"""The last rank of a half-precision lane."""

from amaranth.hdl import Module, Value, signed
from amaranth.lib.wiring import In, Out

from hdl.arith import FloatToSigned
from hdl.block import Block
from hdl.nmpu_fp16.layouts import OUTPUT_BITS
from hdl.ranks import rank
from sim_models.arith import FP16


class LaneResult(Block):
    """``out_data = int8(relu(value))``, nearest, ties to even, clamped; registered.

    Ports: ``value`` (binary16), ``relu``; ``out_data`` (two's complement), ``invalid`` (``value`` was NaN; gives 0).
    Latency 1 cycle, one value a cycle.
    """

    def __init__(self) -> None:
        ports = {"value": In(FP16.width), "relu": In(1)}
        super().__init__({**ports, "out_data": Out(signed(OUTPUT_BITS)), "invalid": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.convert = convert = FloatToSigned(format=FP16, width=OUTPUT_BITS)
        # Rounding keeps the sign or gives 0: rectifying the integer equals rectifying the float, for half the gates.
        negative = self.relu & self.value[-1]
        m.d.comb += [
            convert.value.eq(self.value),
            self.out_data.eq(rank(m, "result", (convert.result & ~negative.replicate(OUTPUT_BITS)).as_signed())),
            self.invalid.eq(rank(m, "result_invalid", convert.invalid)),
        ]
        return m


def connect_result(m: Module, lane: Block, value: Value) -> None:
    """Show ``value`` and, one rank later, its activation at the ports of ``lane``."""
    m.submodules.result = result = LaneResult()
    m.d.comb += [
        lane.value.eq(value),
        result.value.eq(value),
        result.relu.eq(lane.relu),
        lane.out_data.eq(result.out_data),
        lane.invalid.eq(result.invalid),
    ]
