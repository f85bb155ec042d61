"""Digital stand-in of what is analog in converters that search: sampling capacitors, words to compare with."""

from amaranth.hdl import Module, Shape
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.converter_group import search_layouts
from hdl.ranks import rank
from sim_models.arith.checking import require_integer


class Comparators(Block):
    """For a `ConverterGroup`: ``cmp`` is 1 where the ``value`` of the last cycle with ``sample`` is at least ``dac``.

    A value a converter, of ``value_bits``, two's complement of ``signed_values``: then words count from half their
    range below 0. Stands for analog parts. Not reset. Raises ValueError for widths or ``converters`` below 1.
    """

    def __init__(self, *, converters: int, value_bits: int, bits: int, signed_values: bool) -> None:
        require_integer("converters", converters, 1)
        require_integer("value_bits", value_bits, 1 + signed_values)
        require_integer("bits", bits, 1 + signed_values)
        self.converters, self.bits, self.signed_values = converters, bits, signed_values
        layouts = search_layouts(bits, converters)
        value = In(data.ArrayLayout(Shape(value_bits, signed_values), converters))
        given = {name: In(layouts[name]) for name in ("sample", "dac")}
        super().__init__({"value": value, **given, "cmp": Out(layouts["cmp"])})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lowest = 1 << self.bits - 1 if self.signed_values else 0
        for number in range(self.converters):
            for place in range(self.bits + 2):
                sampled = rank(m, f"sampled_{number}_{place}", self.value[number], self.sample[number][place])
                m.d.comb += self.cmp[number][place].eq(sampled + lowest >= self.dac[number][place])
        return m
