"""The property sets that speak of the digital parts of strategies B and C, in small configurations."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from hdl.crossbar.buffer_array_properties import BufferArrayProperties
from hdl.crossbar.cascade_parameters import CascadeParameters
from hdl.crossbar.cascade_properties import CascadeControllerProperties, ColumnLaneProperties
from hdl.crossbar.interleaved_sar_properties import search_properties
from hdl.crossbar.latency_properties import CascadeLatencyProperties, NeuralPimLatencyProperties
from hdl.crossbar.neural_pim_parameters import NeuralPimParameters
from hdl.crossbar.neural_pim_properties import (
    AnalogAccumulatorProperties,
    CrossArrayAdderProperties,
    NeuralPimControllerProperties,
)
from hdl.crossbar.requirements import IDEAL, PORT, SAR
from hdl.property_set import PropertySet

Claims = Iterator[tuple[str, Callable[[], PropertySet]]]


def neural_pim_properties(parameters: NeuralPimParameters) -> Claims:
    """Of the controller with two slices of two outputs, and of the parts beside it, converters that search included."""
    small = replace(
        parameters,
        rows=2,
        input_bits=2,
        weight_bits=2,
        dac_bits=1,
        cell_bits=1,
        outputs=2,
        converters=1,
        slots_per_cycle=3,
        converter=PORT,
    )
    yield "NeuralPimController of two slices", partial(NeuralPimControllerProperties, parameters=small)
    yield "NeuralPimController of two slices, latency", partial(NeuralPimLatencyProperties, parameters=small)
    if parameters.converter == SAR:
        searching = replace(small, output_bits=2, slots_per_cycle=5, converter=SAR)
        name = "NeuralPimController of two slices, converters that search"
        yield name, partial(NeuralPimControllerProperties, parameters=searching)
        yield from search_properties(parameters.code_bits, parameters.signed_samples)
    yield "AnalogAccumulator of two slices", partial(AnalogAccumulatorProperties, parameters=small)
    groups = min(parameters.groups, 2)
    yield "CrossArrayAdder", partial(CrossArrayAdderProperties, code_bits=parameters.output_bits, groups=groups)


def cascade_properties(parameters: CascadeParameters) -> Claims:
    """Of the controller with two slices, of lane and cells with three converted columns, of converters that search."""
    p = replace(
        parameters,
        rows=2,
        input_bits=2 if not parameters.double_buffer else 4,
        weight_bits=1,
        dac_bits=1 if not parameters.double_buffer else 2,
        cell_bits=1,
        bitline_bits=None,
        buffer_cell_bits=None,
        carry_columns=0,
        outputs=1,
        converters=1,
        slots_per_cycle=2,
        clear_cycles=1,
        signed_inputs=False,
        converter=IDEAL,
    )
    yield "CascadeController of two slices", partial(CascadeControllerProperties, parameters=p)
    yield "CascadeController of two slices, latency", partial(CascadeLatencyProperties, parameters=p)
    if parameters.double_buffer and parameters.allow_stalls:
        stalling = replace(p, input_bits=2, dac_bits=1, clear_cycles=2)
        yield "CascadeController that stalls", partial(CascadeControllerProperties, parameters=stalling)
        yield "CascadeController that stalls, latency", partial(CascadeLatencyProperties, parameters=stalling)
    if parameters.converter == SAR:
        # Two bits of a code, which comes three slots later: before the next array cycle ends.
        searching = replace(p, adc_bits=2 - p.signed_samples, slots_per_cycle=4, converter=SAR)
        name = "CascadeController of two slices, converters that search"
        yield name, partial(CascadeControllerProperties, parameters=searching)
        yield from search_properties(parameters.code_bits, parameters.signed_samples)
    lane = replace(
        p, input_bits=2, weight_bits=2, dac_bits=1, signed_inputs=parameters.signed_inputs, allow_stalls=True
    )
    yield "ColumnLane of three columns", partial(ColumnLaneProperties, parameters=lane, groups=2)
    yield "BufferArray of three columns", partial(BufferArrayProperties, parameters=lane)
