"""The property sets that speak of the controllers of successive approximation converters."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from hdl.property_set import PropertySet
from hdl.sar.columns_properties import ColumnSequenceProperties
from hdl.sar.config_bus_properties import ConfigurationBusProperties
from hdl.sar.controller_properties import SarControllerProperties
from hdl.sar.decoder_properties import TrqDecoderProperties
from hdl.sar.fifo_properties import ResultFifoProperties
from hdl.sar.group_properties import AdcGroupProperties
from hdl.sar.hold_properties import HoldBanksProperties
from hdl.sar.shift_add_properties import ShiftAddProperties
from hdl.sar.twin_range_properties import TrqControllerProperties
from sim_models.sar import (
    AdcGroupParameters,
    SarParameters,
    ShiftAddParameters,
    TrqControllerParameters,
    TrqDecoderParameters,
)

_BITS = 12  # more take minutes

Claims = Iterator[tuple[str, Callable[[], PropertySet]]]


def controller_properties(parameters: SarParameters) -> Claims:
    """Of the plain controller."""
    yield "SarController", partial(SarControllerProperties, parameters=parameters)


def twin_range_properties(parameters: TrqControllerParameters) -> Claims:
    """Of the twin-range controller, for any legal configuration; of one with fewer bits where it has too many."""
    bits = min(parameters.bits, _BITS)
    name = "TrqController" if bits == parameters.bits else f"TrqController of {bits} bits"
    yield name, partial(TrqControllerProperties, parameters=replace(parameters, bits=bits))


def decoder_properties(parameters: TrqDecoderParameters) -> Claims:
    """Of the decoder, for any legal configuration; of fewer bits where it has too many."""
    fewer = replace(parameters, bits=min(parameters.bits, _BITS))
    yield f"TrqDecoder of {fewer.bits} bits", partial(TrqDecoderProperties, parameters=fewer)


def shift_add_properties(parameters: ShiftAddParameters) -> Claims:
    """Of the accumulator, with two bits and slices of each kind."""
    fewer = replace(
        parameters,
        bits=min(parameters.bits, 3),
        input_bits=min(parameters.input_bits, 2),
        slices=min(parameters.slices, 2),
    )
    yield f"ShiftAdd of {fewer.bits} bits", partial(ShiftAddProperties, parameters=fewer)


def group_properties(parameters: AdcGroupParameters) -> Claims:
    """Of the group with two converters of two bits and two columns each; of its parts as they are."""
    p = parameters
    fewer = replace(
        p,
        columns=4,
        converters=2,
        bits=2,
        sample_cycles=1,
        support_base=False,
        support_after_r1=False,
        support_skip=False,
        conversion_slots=None,
        fifo_depth=2,
        input_bits=2,
        slices=1,
    )
    for search in dict.fromkeys(("plain", p.search)):
        small = replace(fewer, search=search)
        yield f"AdcGroup, {search}, two converters of two bits", partial(AdcGroupProperties, parameters=small)
    yield "HoldBanks", HoldBanksProperties
    columns = min(p.columns_per_adc, 8)
    yield (
        f"ColumnSequence of {columns} columns",
        partial(ColumnSequenceProperties, columns=columns, overlap=p.overlap_select),
    )
    if p.rate == "variable":
        yield "ResultFifo", partial(ResultFifoProperties, width=p.word_bits, depth=p.fifo_depth)
    if p.search == "twin_range":
        yield "ConfigurationBus", partial(ConfigurationBusProperties, parameters=p)
