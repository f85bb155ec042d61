"""Words and ports that the components of the half-precision unit exchange."""

from typing import Any

from amaranth.hdl import signed
from amaranth.lib import data, enum
from amaranth.lib.wiring import In, Out

from sim_models.arith import FP16, FloatFormat, Format
from sim_models.arith.widths import index_bits
from sim_models.nmpu import LdpuParameters

OUTPUT_BITS = 8
FILL = 5  # ranks of a lane: convert, multiply, subtract, add, output
PASS_BLOCK = 8  # rows of pass A before their pass B (F2): a power of two, and no less than the fill


class AddendSource(enum.Enum, shape=1):
    """What a column adds to its difference: its offset, or its word of the aggregation memory."""

    OFFSET = 0
    AGGREGATE = 1


def require_buildable(parameters: LdpuParameters) -> None:
    """Raise ValueError for parameters that the model knows but the sequencer and its address split do not."""
    if parameters.lanes.bit_count() != 1:
        raise ValueError(f"lanes must be a power of two, not {parameters.lanes}")
    if parameters.service_model == "F2" and row_count(parameters) % PASS_BLOCK:
        raise ValueError(
            f"columns / lanes must be a multiple of {PASS_BLOCK} with service_model 'F2', not {row_count(parameters)}"
        )


def row_count(parameters: LdpuParameters) -> int:
    """Rows of every memory: a row holds one column for each lane, column ``row * lanes + lane``."""
    return parameters.columns // parameters.lanes


def row_bits(parameters: LdpuParameters) -> int:
    """Width of a row number; at least one bit."""
    return index_bits(row_count(parameters))


def branches(word_bits: int, lanes: int) -> data.StructLayout:
    """One row of words of the positive and of the negative branch, lane 0 in the low bits of each."""
    words = data.ArrayLayout(word_bits, lanes)
    return data.StructLayout({"positive": words, "negative": words})


def control_ports() -> dict[str, Any]:
    """The ports that start a tile and say what becomes of it, as `Ldpu` describes them."""
    settings = {"relu": In(1), "addend_source": In(AddendSource), "write_aggregate": In(1), "emit": In(1)}
    return {"start": In(1), "busy": Out(1), "done": Out(1), **settings}


def result_ports(parameters: LdpuParameters) -> dict[str, Any]:
    """The ports that carry results, as `Ldpu` describes them."""
    lanes = parameters.lanes
    return {
        "out_valid": Out(1),
        "out_column": Out(row_bits(parameters)),
        "out_data": Out(data.ArrayLayout(signed(OUTPUT_BITS), lanes)),
        "invalid": Out(lanes),
    }


def lane_ports(parameters: LdpuParameters) -> dict[str, Any]:
    """The ports that every kind of lane has: operands of one column in; its sum and its activation out."""
    count, word = In(parameters.count_bits), In(FP16.width)
    operands = {"count_p": count, "count_n": count, "slope_p": word, "slope_n": word, "addend": word, "relu": In(1)}
    return {**operands, "value": Out(FP16.width), "out_data": Out(signed(OUTPUT_BITS)), "invalid": Out(1)}


def number_formats(parameters: LdpuParameters) -> dict[str, Format | FloatFormat]:
    """Formats of the data ports of a lane, a core or a unit, by port path."""
    count = Format(signed=False, integer_bits=parameters.count_bits, fraction_bits=0)
    counts = ("count_p", "count_n", "counts.positive", "counts.negative")
    serial = ("counts__payload.positive", "counts__payload.negative")
    words = ("slope_p", "slope_n", "addend", "value", "slopes.positive", "slopes.negative", "offsets", "aggregates")
    formats: dict[str, Format | FloatFormat] = dict.fromkeys((*counts, *serial), count)
    formats |= dict.fromkeys((*words, "aggregate_data", "cfg_data"), FP16)
    return formats | {"out_data": Format(signed=True, integer_bits=OUTPUT_BITS, fraction_bits=0)}
