"""The converters of a tile of any strategy: ports that give codes, or a `ConverterGroup` and ports to comparators."""

from typing import Any

from amaranth.hdl import Const, Module, Shape, Value
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.cascade_parameters import CascadeParameters
from hdl.crossbar.comparators import Comparators
from hdl.crossbar.converter_group import ConverterGroup, search_layouts, search_ports
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.crossbar.neural_pim_parameters import NeuralPimParameters
from hdl.crossbar.requirements import SAR
from sim_models.arith import IntegerFormat
from sim_models.crossbar.parameters import NEURAL_PIM

TileParameters = IsaacParameters | CascadeParameters | NeuralPimParameters


def code_layout(parameters: TileParameters) -> data.ArrayLayout:
    """A code of each converter."""
    return data.ArrayLayout(Shape(parameters.code_bits, parameters.signed_samples), parameters.converters)


def converter_ports(parameters: TileParameters) -> dict[str, Any]:
    """``code`` and ``saturated``; with converter 'sar' those of `search_ports`."""
    p = parameters
    if p.converter == SAR:
        return search_ports(p.code_bits, p.converters)
    return {"code": In(code_layout(p)), "saturated": In(data.ArrayLayout(1, p.converters))}


def converter_formats(parameters: TileParameters) -> dict[str, IntegerFormat]:
    """Of the numbers in `converter_ports`."""
    p = parameters
    if p.converter == SAR:
        return {"dac": IntegerFormat(kind="unsigned", width=p.code_bits)}
    return {"code": IntegerFormat(kind="signed" if p.signed_samples else "unsigned", width=p.code_bits)}


def codes_of(m: Module, tile: Block, parameters: TileParameters, upcoming: Value) -> tuple[Value, Value]:
    """Codes and saturation flags of all converters of ``tile``, side by side, converter_delay cycles after sampling.

    ``upcoming``: these converters sample in the next clock cycle. Registers that search count a code at an end of the
    range as saturated, unless the range is one that holds all samples.
    """
    p = parameters
    if p.converter != SAR:
        return tile.code.as_value(), tile.saturated.as_value()
    group = ConverterGroup(converters=p.converters, bits=p.code_bits, signed_values=p.signed_samples)
    m.submodules.converters = group
    limited = p.strategy == NEURAL_PIM or p.adc_bits is not None
    m.d.comb += [group.start.as_value().eq(upcoming), group.cmp.eq(tile.cmp)]
    m.d.comb += [getattr(tile, name).eq(getattr(group, name)) for name in ("sample", "dac", "comparator_enable")]
    return group.code.as_value(), group.at_end.as_value() & Const(int(limited)).replicate(p.converters)


def converter_stand_in_ports(parameters: TileParameters) -> dict[str, Any]:
    """The other ends of `converter_ports`: of stand-ins, whose comparators are never off."""
    p = parameters
    if p.converter == SAR:
        ends = search_layouts(p.code_bits, p.converters)
        return {"sample": In(ends["sample"]), "dac": In(ends["dac"]), "cmp": Out(ends["cmp"])}
    return {"code": Out(code_layout(p)), "saturated": Out(data.ArrayLayout(1, p.converters))}


def compare(m: Module, stand_in: Block, parameters: TileParameters, values: list[Value], value_bits: int) -> None:
    """Connect ``stand_in`` to `Comparators` of ``values``, one a converter, of ``value_bits``."""
    p = parameters
    m.submodules.comparators = comparators = Comparators(
        converters=p.converters, value_bits=value_bits, bits=p.code_bits, signed_values=p.signed_samples
    )
    m.d.comb += [comparators.value[number].eq(value) for number, value in enumerate(values)]
    m.d.comb += [
        comparators.sample.eq(stand_in.sample),
        comparators.dac.eq(stand_in.dac),
        stand_in.cmp.eq(comparators.cmp),
    ]
