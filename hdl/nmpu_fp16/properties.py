"""The property sets that speak of the half-precision unit."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from hdl.nmpu_fp16.core import LANES
from hdl.nmpu_fp16.layouts import row_count
from hdl.nmpu_fp16.sequencer_properties import LdpuSequencerProperties
from hdl.property_set import PropertySet
from sim_models.nmpu import LdpuParameters

_ROWS = 16


def unit_properties(parameters: LdpuParameters) -> Iterator[tuple[str, Callable[[], PropertySet]]]:
    """Of the unit: its control, with few rows: more rows only take more bits of the same counter."""
    fewer = replace(parameters, columns=min(_ROWS * parameters.lanes, parameters.columns))
    rank = LANES[parameters.service_model, parameters.arithmetic].addend_rank
    name = f"LdpuSequencer of {row_count(fewer)} rows"
    yield name, partial(LdpuSequencerProperties, parameters=fewer, addend_rank=rank)
