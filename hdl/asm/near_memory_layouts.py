"""Layouts of the near-memory unit's streams."""

from amaranth.hdl import signed
from amaranth.lib import data

from sim_models.arith.widths import index_bits
from sim_models.asm.near_memory import NearMemoryParameters
from sim_models.asm.near_memory_descriptor import descriptor_bits
from sim_models.asm.requantize import SCALE_BITS, affine_bits, offset_bits, shift_bits


def config_layout(p: NearMemoryParameters) -> data.StructLayout:
    """One layer: the fields of `sim_models.asm.near_memory_descriptor.descriptor_bits`."""
    return data.StructLayout(dict(descriptor_bits(p)))


def weights_layout(p: NearMemoryParameters) -> data.ArrayLayout:
    """Stored words of one row of all banks: bank 0 low, in it lane 0 low."""
    return data.ArrayLayout(p.weight_word_bits, p.lanes)


def inputs_layout(p: NearMemoryParameters) -> data.ArrayLayout:
    """Consecutive input words: the first one low."""
    return data.ArrayLayout(p.input_word_bits, p.transfer_words)


def channel_layout(p: NearMemoryParameters) -> data.StructLayout:
    """How the sums of one output channel are requantized: see `sim_models.asm.requantize`."""
    return data.StructLayout({"scale": SCALE_BITS, "offset": signed(offset_bits(p)), "shift": shift_bits(p)})


def channels_layout(p: NearMemoryParameters) -> data.ArrayLayout:
    """The words of the same lane of each bank: bank 0 low."""
    return data.ArrayLayout(channel_layout(p), p.banks)


def result_layout(p: NearMemoryParameters) -> data.StructLayout:
    """Results of the same ``lane`` of each bank, for one position and one block: bank 0 low.

    ``values``: affine sums, two's complement, or input words with zeros above.
    """
    bits = descriptor_bits(p)
    return data.StructLayout(
        {
            "values": data.ArrayLayout(signed(affine_bits(p)), p.banks),
            "position": bits["positions"],
            "block": bits["blocks"],
            "lane": index_bits(p.lanes_in_bank),
        }
    )


def tags_layout(p: NearMemoryParameters) -> data.StructLayout:
    """Which sums are drained: ``base`` is the place of their block's first word of requantization."""
    bits = descriptor_bits(p)
    places = index_bits(p.block_limit * p.lanes_in_bank)
    return data.StructLayout({"position": bits["positions"], "block": bits["blocks"], "base": places})
