"""The descriptor of a layer: the numbers that the near-memory unit's controller counts with."""

from sim_models.asm.near_memory import NearMemoryParameters, lane_blocks, layer_rows, require_fit
from sim_models.daism import descriptor as walks
from sim_models.daism.accelerator import AcceleratorParameters, LayerShape

WALK_FIELDS = (
    "positions", "channels", "kernel_height", "kernel_width", "offset_column", "offset_row", "image_words",
    "height", "width", "padding", "stride", "last_row", "last_column", "base", "base_row", "base_image",
)  # fmt: skip
"""What the walks through positions and indices t read, as `sim_models.daism.descriptor.descriptor_bits` says."""


def walk_parameters(p: NearMemoryParameters) -> AcceleratorParameters:
    """The sizes by which the walks count; they are those of the in-SRAM multiplier's accelerator with one bank."""
    return AcceleratorParameters(
        operand_kind="integer",
        accumulator="int",
        banks=1,
        activation_words=p.activation_words,
        sum_words=p.position_limit,
        group_limit=p.rows,
    )


def descriptor_bits(parameters: NearMemoryParameters) -> dict[str, int]:
    """Bits of each field of a descriptor, lowest field first.

    `WALK_FIELDS`; ``blocks`` of output channels; ``rows`` of weights in each bank; ``transfers`` into the input buffer;
    ``channel_words``: words of requantization, per bank; ``relu``; ``rounded``: results are input words, not affine
    sums; ``loaded``: weights and words of requantization are still those of the layer before.
    """
    p, walk = parameters, walks.descriptor_bits(walk_parameters(parameters))
    return {
        **{name: walk[name] for name in WALK_FIELDS},
        "blocks": p.block_limit.bit_length(),
        "rows": p.rows.bit_length(),
        "transfers": p.activation_words.bit_length(),
        "channel_words": (p.block_limit * p.lanes_in_bank).bit_length(),
        "relu": 1,
        "rounded": 1,
        "loaded": 1,
    }


def descriptor(
    shape: LayerShape, parameters: NearMemoryParameters, *, relu: bool = True, rounded: bool = True
) -> dict[str, int]:
    """The fields of `descriptor_bits` for a layer. Raises ValueError, with the sizes, for a layer that does not fit."""
    p = parameters
    require_fit(shape, p)
    one_output = LayerShape(**{**vars(shape), "outputs": 1, "slicing": "index", "loaded": False})
    walk = walks.descriptor(one_output, walk_parameters(p))
    blocks = lane_blocks(shape.outputs, p)
    return {
        **{name: walk[name] for name in WALK_FIELDS},
        "blocks": blocks,
        "rows": layer_rows(shape, p),
        "transfers": -(-shape.images * shape.image_words // p.transfer_words),
        "channel_words": blocks * p.lanes_in_bank,
        "relu": int(relu),
        "rounded": int(rounded),
        "loaded": int(shape.loaded),
    }


def packed_descriptor(
    shape: LayerShape, parameters: NearMemoryParameters, *, relu: bool = True, rounded: bool = True
) -> int:
    """The descriptor as one word, the first field in the lowest bits."""
    word, place = 0, 0
    fields = descriptor(shape, parameters, relu=relu, rounded=rounded)
    for name, bits in descriptor_bits(parameters).items():
        word |= fields[name] << place
        place += bits
    return word
