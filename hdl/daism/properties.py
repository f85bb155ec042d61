"""The property sets that speak of the in-SRAM multiplier."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from hdl.daism.array_properties import MultiRowArrayProperties
from hdl.daism.bank_properties import DaismBankProperties
from hdl.daism.float_properties import FloatLaneProperties, FloatSumProperties
from hdl.daism.float_sum import FloatSum
from hdl.daism.lane import exact_parameters
from hdl.daism.loader_properties import BankLoaderProperties
from hdl.daism.or_plane_properties import OrPlaneProperties
from hdl.daism.slots_properties import SlotPipelineProperties
from hdl.property_set import PropertySet
from sim_models.daism import DaismParameters

Claims = Iterator[tuple[str, Callable[[], PropertySet]]]

# Products of more bits are out of reach for a solver, and so are sums of all exponents, whose exact value is formed.
_SIGNIFICAND_BITS, _EXPONENT_BITS, _FRACTION_BITS = 8, 3, 3
_SLOTS = 3


def bank_properties(parameters: DaismParameters) -> Claims:
    """Of a bank: multiplier, loader, array, bookkeeping, lanes; all but the lanes in small."""
    n = min(_SIGNIFICAND_BITS, parameters.significand_bits)
    narrow = replace(parameters, significand_bits=n)
    yield f"OrPlane of {n} bits", partial(OrPlaneProperties, parameters=narrow)
    one_lane = replace(narrow, rows=2 * narrow.rows_per_group + 1, columns=narrow.kept + 1)
    yield f"BankLoader of one lane of {n} bits", partial(BankLoaderProperties, parameters=one_lane)
    tiny = _tiny(parameters)
    yield "MultiRowArray of two groups", partial(MultiRowArrayProperties, parameters=tiny)
    slots = replace(parameters, interleave=min(_SLOTS, parameters.interleave))
    yield f"SlotPipeline of {slots.interleave} slots", partial(SlotPipelineProperties, parameters=slots)
    yield "DaismBank of one lane", partial(DaismBankProperties, parameters=replace(tiny, interleave=1))
    yield from lane_properties(parameters)


def lane_properties(parameters: DaismParameters) -> Claims:
    """Of a lane: its product, and the adder behind it."""
    if parameters.is_float:
        n = min(_SIGNIFICAND_BITS, parameters.significand_bits)
        yield f"FloatLane of {n} bits", partial(FloatLaneProperties, parameters=replace(parameters, significand_bits=n))
    yield from accumulator_properties(parameters)


def exact_lane_properties(parameters: DaismParameters) -> Claims:
    """Of the lane with an exact multiplier."""
    yield from lane_properties(exact_parameters(parameters))


def accumulator_properties(parameters: DaismParameters) -> Claims:
    """Of the adder, in a small format, with addends of more, of as many and of fewer bits than the sum."""
    for addend in (_FRACTION_BITS - 1, _FRACTION_BITS, _FRACTION_BITS + 2) if parameters.is_float else ():
        said = f"FloatSum of {_FRACTION_BITS} and {addend} fraction bits"
        yield said, partial(_float_sum, addend)


def _float_sum(addend: int) -> PropertySet:
    component = FloatSum(exponent_bits=_EXPONENT_BITS, fraction_bits=_FRACTION_BITS, addend_fraction_bits=addend)
    return FloatSumProperties(component=component)


def _tiny(parameters: DaismParameters) -> DaismParameters:
    """The fewest bits that the variant has, two groups and a row more, one lane."""
    fewest = max(4, parameters.precomputed_bits + 1)
    least = replace(parameters, significand_bits=fewest)
    return replace(least, rows=2 * least.rows_per_group + 1, columns=least.kept)
