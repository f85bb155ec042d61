"""Layouts of the in-memory unit's streams and of its micro-operations."""

from amaranth.hdl import signed
from amaranth.lib import data

from sim_models.arith.widths import index_bits
from sim_models.asm import AsmParameters
from sim_models.asm.in_memory import COUNT_BITS, InMemoryParameters

SHIFTS = 4
"""Lines of the column multiplexer: shift by 0, 1, 2, 3."""


def operation_layout(p: AsmParameters) -> data.StructLayout:
    """One micro-operation, or none: at most one of ``read``, ``add``, ``subtract``, ``clear``, ``write`` is 1.

    ``row`` is its row; ``shift``, of ``read``: a line for each shift, of which one is 1, or none: zeros are latched.
    """
    kinds = dict.fromkeys(("read", "add", "subtract", "clear", "write"), 1)
    return data.StructLayout({**kinds, "row": index_bits(p.rows), "shift": SHIFTS})


def config_layout(p: InMemoryParameters) -> data.StructLayout:
    """One product: ``length`` of its reduction, ``outputs``, ``groups`` of positions; none of them 0."""
    return data.StructLayout({"length": p.reduction_length.bit_length(), "outputs": COUNT_BITS, "groups": COUNT_BITS})


def inputs_layout(p: InMemoryParameters) -> data.ArrayLayout:
    """One input of each position: bank 0 low, in it lane 0 low."""
    return data.ArrayLayout(p.input_bits, p.positions_together)


def weights_layout(p: InMemoryParameters) -> data.ArrayLayout:
    """Stored words of consecutive inputs: the first one low."""
    return data.ArrayLayout(p.weight_word_bits, p.transfer_words)


def result_layout(p: InMemoryParameters) -> data.StructLayout:
    """Sums of one ``output`` at all positions of a ``group``: bank 0 low, in it lane 0 low."""
    sums = data.ArrayLayout(signed(p.accumulator_width), p.positions_together)
    return data.StructLayout({"sums": sums, **dict.fromkeys(("output", "group"), COUNT_BITS)})


def words_layout(p: AsmParameters) -> data.ArrayLayout:
    """The words of a row that belong to a lane: lane 0 low."""
    return data.ArrayLayout(p.accumulator_width, p.lanes_in_row)
