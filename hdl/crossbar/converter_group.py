"""The converters of a crossbar: successive approximation registers that search for the codes of held samples."""

from typing import Any

from amaranth.hdl import Module, Shape
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.interleaved_sar import InterleavedSar
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_integer


def search_layouts(bits: int, converters: int) -> dict[str, data.ArrayLayout]:
    """Ports between search registers and their comparators: of each converter, an element for each register."""
    registers = bits + 2
    flags = data.ArrayLayout(data.ArrayLayout(1, registers), converters)
    words = data.ArrayLayout(data.ArrayLayout(bits, registers), converters)
    return {"sample": flags, "dac": words, "comparator_enable": flags, "cmp": flags}


def search_ports(bits: int, converters: int) -> dict[str, Any]:
    """`search_layouts` as ports of what has the registers."""
    return {name: In(each) if name == "cmp" else Out(each) for name, each in search_layouts(bits, converters).items()}


class ConverterGroup(Block):
    """An `InterleavedSar` for each of ``converters``: one conversion a clock cycle of every one.

    Ports, an element a converter: ``start``, ``sample``, ``dac``, ``comparator_enable``, ``cmp``, ``code`` and
    ``at_end``, as there; a code comes ``bits`` + 1 clock cycles after its sample.

    It is made of `hdl.sar.SarController`, not of `hdl.sar.AdcGroup`, each converter of which searches one code at a
    time, so that a column takes many clock cycles: here a conversion begins in every slot, and array, holds and scan
    are led by the controller of the tile. Raises ValueError for ``bits`` outside 2..16 and ``converters`` below 1.
    """

    def __init__(self, *, converters: int, bits: int, signed_values: bool) -> None:
        require_integer("converters", converters, 1)
        require_integer("bits", bits, 2, 16)
        self.converters, self.bits, self.signed_values = converters, bits, signed_values
        self.formats = {
            "dac": IntegerFormat(kind="unsigned", width=bits),
            "code": IntegerFormat(kind="signed" if signed_values else "unsigned", width=bits),
        }
        flags = data.ArrayLayout(1, converters)
        code = Out(data.ArrayLayout(Shape(bits, signed_values), converters))
        super().__init__({"start": In(flags), **search_ports(bits, converters), "code": code, "at_end": Out(flags)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for number in range(self.converters):
            converter = InterleavedSar(bits=self.bits, signed_values=self.signed_values)
            m.submodules[f"converter_{number}"] = converter
            m.d.comb += [
                converter.start.eq(self.start[number]),
                converter.cmp.eq(self.cmp[number]),
            ]
            m.d.comb += [
                getattr(self, name)[number].eq(getattr(converter, name))
                for name in ("sample", "dac", "comparator_enable", "code", "at_end")
            ]
        return m
