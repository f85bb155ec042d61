"""The property sets that speak of the NMPU designs."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from hdl.arith.properties import rounding_properties
from hdl.nmpu.array_properties import NmpuProperties
from hdl.nmpu.combine_properties import NmpuCombineProperties
from hdl.nmpu.sequencer_properties import NmpuSequencerProperties
from hdl.nmpu.storage_properties import NmpuStorageProperties
from hdl.property_set import PropertySet
from sim_models.arith import Rounding
from sim_models.nmpu import NmpuParameters

# The units work in step and share nothing but the counter: two show all that the array does.
_UNITS = 2
_ROUNDED_BITS, _CUT_BITS = 12, 4

Claims = Iterator[tuple[str, Callable[[], PropertySet]]]


def unit_properties(parameters: NmpuParameters) -> Claims:
    """Of one unit: its counter, its words, its combining step."""
    yield "NmpuSequencer", partial(NmpuSequencerProperties, parameters=parameters, stalls=False)
    yield from _parts(parameters)


def array_properties(parameters: NmpuParameters) -> Claims:
    """Of the array: its stream (with two units), the counter under back-pressure, and what a unit holds."""
    if not parameters.accumulates:
        fewer = replace(parameters, units=min(_UNITS, parameters.units))
        yield f"Nmpu of {fewer.units} units", partial(NmpuProperties, parameters=fewer)
    yield "NmpuSequencer", partial(NmpuSequencerProperties, parameters=parameters)
    yield from _parts(parameters)


def _parts(parameters: NmpuParameters) -> Claims:
    if parameters.storage == "flop":
        yield "NmpuStorage", partial(NmpuStorageProperties, parameters=parameters)
    if not parameters.accumulates:
        yield "NmpuCombine", partial(NmpuCombineProperties, parameters=parameters)
    rounding = Rounding.HALF_UP if parameters.final_rounding == "half_up" else Rounding.HALF_EVEN
    yield from rounding_properties(_ROUNDED_BITS, _CUT_BITS, rounding)
