"""Layouts of the accelerator's streams and of what its controller tells the banks."""

from amaranth.lib import data

from hdl.daism.layouts import sum_bits
from sim_models.arith.widths import index_bits
from sim_models.daism.accelerator import AcceleratorParameters
from sim_models.daism.descriptor import descriptor_bits


def config_layout(p: AcceleratorParameters) -> data.StructLayout:
    """One layer: the fields of `sim_models.daism.descriptor.descriptor_bits`."""
    return data.StructLayout(dict(descriptor_bits(p)))


def weights_layout(p: AcceleratorParameters) -> data.ArrayLayout:
    """Stored operands of one row group: lane 0 low."""
    return data.ArrayLayout(p.word_bits, p.lanes)


def activations_layout(p: AcceleratorParameters) -> data.ArrayLayout:
    """Consecutive driver operands: the first one low."""
    return data.ArrayLayout(p.word_bits, p.activation_lanes)


def sums_layout(p: AcceleratorParameters) -> data.ArrayLayout:
    """A sum in each lane: lane 0 low."""
    return data.ArrayLayout(sum_bits(p), p.lanes)


def result_layout(p: AcceleratorParameters) -> data.StructLayout:
    """The sums of one position and one block of lanes."""
    bits = descriptor_bits(p)
    return data.StructLayout({"sums": sums_layout(p), "position": bits["positions"], "block": bits["blocks"]})


def position_layout(p: AcceleratorParameters) -> data.StructLayout:
    """Where the window of a position begins: row and column of the padded image, address in the input buffer."""
    bits = descriptor_bits(p)
    return data.StructLayout({"row": bits["height"], "column": bits["width"], "base": bits["base"]})


def place_layout(p: AcceleratorParameters) -> data.StructLayout:
    """A row group's block and index t = (channel, row, column), and the addresses that follow from them.

    ``offset``: of t from the begin of a window. ``sums``, ``bias``: of the block's first sum and of its bias in the
    output buffer. ``first``: the bank has had no earlier group of this block.
    """
    bits = descriptor_bits(p)
    digits = {"column": bits["kernel_width"], "row": bits["kernel_height"], "channel": bits["channels"]}
    addresses = {"offset": bits["base"], "sums": bits["bias_base"], "bias": bits["bias_base"]}
    return data.StructLayout({**digits, "block": bits["blocks"], **addresses, "first": 1})


def beat_layout(p: AcceleratorParameters) -> data.StructLayout:
    """What all banks do in one cycle.

    ``drive``: position ``window`` meets the row group ``group`` of each bank, for the sum in ``slot``; ``preset``: that
    sum is set. ``position``: its number in the layer; ``ends``: the pass ends with this place.
    """
    bits = descriptor_bits(p)
    return data.StructLayout(
        {
            "drive": 1,
            "preset": 1,
            "ends": 1,
            "group": index_bits(p.groups),
            "slot": index_bits(p.interleave),
            "position": bits["bias_base"],
            "window": position_layout(p),
        }
    )
