"""Decoder of twin-range codes."""

from functools import reduce
from operator import or_

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance
from sim_models.sar.group import TrqDecoderParameters


class TrqDecoder(Block):
    """The count that a twin-range code stands for: its lower end, half a step more, and the start of its range.

    ``value = origin + (code | half)``, at most 2^bits - 1, where half is half the step of the code's range, or 0
    without ``mid_rise``; origin is ``base`` in R1, and in R2 0, or ``r1_size`` with ``after_r1``. Combinational.

    Ports: ``code`` (bits; aligned, or packed: the decided bits right-justified), ``flag`` (1: R2), ``value`` (bits,
    unsigned); of the configuration `sim_models.sar.register_values` gives: ``stop1``, ``stop2`` (one-hot: the steps of
    R1 and R2), ``mid_rise``; ``base`` if supported; ``after_r1`` and ``r1_size`` if supported.

    An aligned code needs no shifter, and without base and ``after_r1`` no adder. Raises ValueError for ``parameters``
    that are no ``TrqDecoderParameters``.
    """

    def __init__(self, *, parameters: TrqDecoderParameters) -> None:
        require_instance("parameters", parameters, TrqDecoderParameters)
        self.parameters = p = parameters
        ports = {"code": In(p.bits), "flag": In(1), "stop1": In(p.bits), "stop2": In(p.bits), "mid_rise": In(1)}
        if p.support_base:
            ports["base"] = In(p.bits)
        if p.support_after_r1:
            ports |= {"after_r1": In(1), "r1_size": In(p.bits)}
        word = IntegerFormat(kind="unsigned", width=p.bits)
        self.formats = {"value": word} | {name: word for name in ("base", "r1_size") if name in ports}
        super().__init__({**ports, "value": Out(p.bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        step = Signal(self.parameters.bits)
        m.d.comb += step.eq(Mux(self.flag, self.stop2, self.stop1))
        half = (step >> 1) & self.mid_rise.replicate(len(step))
        offset = Signal(self.parameters.bits)
        m.d.comb += offset.eq((self.code if self.parameters.coding == "aligned" else self._shifted(step)) | half)
        m.d.comb += self.value.eq(self._moved(m, offset))
        return m

    def _shifted(self, step: Value) -> Value:
        """The packed code times its step."""
        bits = self.parameters.bits
        return reduce(or_, (step[place].replicate(bits) & (self.code << place)[:bits] for place in range(bits)))

    def _moved(self, m: Module, offset: Value) -> Value:
        """``offset`` from the origin of the code's range; a sum too large can only come of R2 after R1."""
        p = self.parameters
        if not (p.support_base or p.support_after_r1):
            return offset
        base = self.base if p.support_base else Const(0, p.bits)
        after = self.r1_size & self.after_r1.replicate(p.bits) if p.support_after_r1 else Const(0, p.bits)
        total = Signal(p.bits + 1)
        m.d.comb += total.eq(offset + Mux(self.flag, after, base))
        return total[: p.bits] | total[p.bits].replicate(p.bits) if p.support_after_r1 else total[: p.bits]
