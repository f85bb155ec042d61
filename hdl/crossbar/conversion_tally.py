"""Counts the conversions of a crossbar, and those that were saturated."""

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.sar.tally import Tally
from sim_models.arith.checking import require_integer


class ConversionTally(Block):
    """``adc_count``: conversions since reset, one of each converter with ``adc_start``. ``sat_count``: bits of
    ``saturated`` that were 1 with ``code_valid``. Both stop at their largest value.
    """

    COUNT_BITS, SATURATED_BITS = 32, 16

    def __init__(self, *, converters: int) -> None:
        require_integer("converters", converters, 1)
        self.converters = converters
        inputs = {"adc_start": In(1), "code_valid": In(1), "saturated": In(converters)}
        super().__init__({**inputs, "adc_count": Out(self.COUNT_BITS), "sat_count": Out(self.SATURATED_BITS)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self.converters.bit_length()
        beyond: Value = Const(0)
        for bit in self.saturated:
            beyond = beyond + bit
        found = Signal(width)
        m.d.comb += found.eq(beyond)
        counts = {
            "count_conversions": (self.adc_count, Const(self.converters, width) & self.adc_start.replicate(width)),
            "count_saturated": (self.sat_count, found & self.code_valid.replicate(width)),
        }
        for name, (count, amount) in counts.items():
            m.submodules[name] = tally = Tally(width=len(count), amount_width=width)
            m.d.comb += [tally.amount.eq(amount), count.eq(tally.total)]
        return m


def count_conversions(m: Module, tile: Block, controller: Block, saturated: Value) -> None:
    """``adc_count`` and ``sat_count`` of ``tile``, of the conversions that ``controller`` starts and takes."""
    m.submodules.tally = tally = ConversionTally(converters=len(saturated))
    m.d.comb += [
        tally.adc_start.eq(controller.adc_start),
        tally.code_valid.eq(controller.code_valid),
        tally.saturated.eq(saturated),
        tile.adc_count.eq(tally.adc_count),
        tile.sat_count.eq(tally.sat_count),
    ]
