"""The descriptor of a layer: the numbers its controller counts with, so that it neither multiplies nor divides."""

from sim_models.arith.widths import index_bits
from sim_models.daism.accelerator import (
    AcceleratorParameters,
    LayerShape,
    layer_places,
    layer_slicing,
    local_blocks,
    require_fit,
)
from sim_models.daism.layout import lane_blocks


def descriptor_bits(parameters: AcceleratorParameters) -> dict[str, int]:
    """Bits of each field of a descriptor, lowest field first. Addresses count modulo a power of two.

    ``positions``, ``places``, ``blocks``: as counted by the loop nest. ``channels``, ``kernel_height``,
    ``kernel_width``: radixes of an index t; ``channel_step``, ``row_step``, ``column_step`` and ``block_step``: the
    digits of what a bank moves on by from place to place. ``offset_step``, ``offset_column``, ``offset_row``,
    ``image_words``: what that adds to the address within the input buffer; on a carry out of a kernel's columns, of its
    rows; and what a carry out of the channels takes away. ``height``, ``width``, ``padding``, ``stride``: of the image;
    ``last_row``, ``last_column``: of the positions, in steps of the image; ``base``, ``base_row``, ``base_image``:
    address of the first position, and what a new row and a new image add to it. ``sum_step``: what ``block_step`` adds
    to the address of sums. ``bias_base``: address of the first block's bias in the output buffer.
    ``phase_step``, ``present``: what the bank of index 0 moves by from block to block, banks that have a part of a sum.
    ``transfers``: of the input buffer. ``bias``; ``channel``: slicing; ``loaded``: nothing is.
    """
    p = parameters
    words, sums = (index_bits(count) for count in (p.activation_words, p.sum_words))
    extent, count = p.activation_words.bit_length(), p.sum_words.bit_length()
    bank, blocks = p.banks.bit_length(), (p.banks * (p.sum_words + 3)).bit_length()
    return {
        "positions": count, "places": p.group_limit.bit_length(), "blocks": blocks,
        "channels": extent, "kernel_height": extent, "kernel_width": extent,
        "channel_step": extent, "row_step": extent, "column_step": extent, "block_step": blocks,
        "offset_step": words, "offset_column": words, "offset_row": words, "image_words": words,
        "height": extent, "width": extent, "padding": extent, "stride": extent,
        "last_row": extent, "last_column": extent,
        "base": words, "base_row": words, "base_image": words,
        "sum_step": sums, "bias_base": sums, "phase_step": bank, "present": bank,
        "transfers": extent, "bias": 1, "channel": 1, "loaded": 1,
    }  # fmt: skip


def descriptor(shape: LayerShape, parameters: AcceleratorParameters) -> dict[str, int]:
    """The fields of `descriptor_bits` for a layer. Raises ValueError, with the sizes, for a layer that does not fit."""
    p = parameters
    require_fit(shape, p)
    channel = layer_slicing(shape, p) == "channel"
    last_row, last_column = (shape.stride * (extent - 1) for extent in shape.output)
    fields = {
        "positions": shape.gemm.positions,
        "places": layer_places(shape, p),
        "blocks": lane_blocks(shape.outputs, p),
        "channels": shape.channels,
        "kernel_height": shape.kernel_height,
        "kernel_width": shape.kernel_width,
        **_steps(shape, 1 if channel else p.banks),
        "offset_column": shape.width - shape.kernel_width,
        "offset_row": (shape.height - shape.kernel_height) * shape.width,
        "image_words": shape.image_words,
        "height": shape.height,
        "width": shape.width,
        "padding": shape.padding,
        "stride": shape.stride,
        "last_row": last_row,
        "last_column": last_column,
        "base": -shape.padding * (shape.width + 1),
        "base_row": shape.stride * shape.width - last_column,
        "base_image": shape.image_words - last_row * shape.width - last_column,
        "bias_base": local_blocks(shape, p) * shape.gemm.positions,
        "phase_step": shape.gemm.length % p.banks,
        "present": min(shape.gemm.length, p.banks),
        "transfers": -(-shape.images * shape.image_words // p.activation_lanes),
        "bias": int(shape.bias),
        "channel": int(channel),
        "loaded": int(shape.loaded),
    }
    if channel:
        fields |= {"block_step": fields["block_step"] * p.banks}
    return {name: fields[name] & (1 << bits) - 1 for name, bits in descriptor_bits(p).items()}


def _steps(shape: LayerShape, distance: int) -> dict[str, int]:
    """``distance`` in digits (block, channel, row, column), and what it adds to addresses."""
    rest, column = divmod(distance, shape.kernel_width)
    rest, row = divmod(rest, shape.kernel_height)
    block, channel = divmod(rest, shape.channels)
    offset = (channel * shape.height + row) * shape.width + column
    return {
        "block_step": block,
        "channel_step": channel,
        "row_step": row,
        "column_step": column,
        "offset_step": offset,
        "sum_step": block * shape.gemm.positions,
    }


def packed_descriptor(shape: LayerShape, parameters: AcceleratorParameters) -> int:
    """The descriptor as one word, the first field in the lowest bits."""
    word, place = 0, 0
    fields = descriptor(shape, parameters)
    for name, bits in descriptor_bits(parameters).items():
        word |= fields[name] << place
        place += bits
    return word
