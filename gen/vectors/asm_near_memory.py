"""What the near-memory unit's streams carry for a layer, and vectors for its bench."""

from typing import Any

import numpy as np

from gen.vectors.asm_layers import Integers, LayerWork, bench_shapes, random_layers
from gen.vectors.nmpu import pack
from sim_models.asm import encode, encode_inputs
from sim_models.asm.near_memory import NearMemoryParameters, exact_parameters, lane_blocks, layer_rows_of
from sim_models.asm.near_memory_cycles import layer_cycles
from sim_models.asm.near_memory_descriptor import descriptor_bits, packed_descriptor
from sim_models.asm.requantize import SCALE_BITS, affine_bits, offset_bits, shift_bits
from sim_models.daism.accelerator import LayerShape

SEED = 230201990


def descriptor_word(work: LayerWork, parameters: NearMemoryParameters) -> int:
    """The layer's descriptor."""
    after = work.requantization
    return packed_descriptor(work.shape, parameters, relu=after.relu, rounded=after.rounded)


def weight_rows(work: LayerWork, parameters: NearMemoryParameters) -> Integers:
    """Stored words of each row in the order of loading, (rows, lanes); zeros in lanes beyond the outputs."""
    p, shape = parameters, work.shape
    if shape.loaded:
        return np.zeros((0, p.lanes), np.int64)
    blocks, length = lane_blocks(shape.outputs, p), shape.gemm.length
    padded = np.zeros((blocks * p.lanes, length), np.int64)
    padded[: shape.outputs] = work.weights.reshape(shape.outputs, length)
    return encode(padded, p).reshape(blocks, p.lanes, length).transpose(0, 2, 1).reshape(-1, p.lanes)


def input_transfers(work: LayerWork, parameters: NearMemoryParameters) -> Integers:
    """Input words, (transfers, transfer_words), the last transfer filled up with zeros."""
    words = encode_inputs(work.inputs, parameters).ravel()
    lanes = parameters.transfer_words
    return np.pad(words, (0, -len(words) % lanes)).reshape(-1, lanes)


def channel_fields(work: LayerWork, parameters: NearMemoryParameters) -> dict[str, tuple[Integers, int]]:
    """Words of requantization by field, (transfers, banks), with the bits of each field; zeros beyond the outputs."""
    p, after = parameters, work.requantization
    bits = {"scale": SCALE_BITS, "offset": offset_bits(p), "shift": shift_bits(p)}
    return {name: (_by_lane(getattr(after, name), work.shape, p), width) for name, width in bits.items()}


def _by_lane(values: Any, shape: LayerShape, p: NearMemoryParameters) -> Integers:
    blocks = 0 if shape.loaded else lane_blocks(shape.outputs, p)
    padded = np.zeros(blocks * p.lanes, np.int64)
    padded[: shape.outputs] = np.broadcast_to(values, (shape.outputs,))[: len(padded)]
    return padded.reshape(blocks, p.banks, p.lanes_in_bank).transpose(0, 2, 1).reshape(-1, p.banks)


def result_fields(work: LayerWork, parameters: NearMemoryParameters) -> dict[str, Integers]:
    """The results in order: ``values`` (results, banks) as they are sent, ``position``, ``block``, ``lane``."""
    p, shape = parameters, work.shape
    results, rounded = work.results(p), work.requantization.rounded
    positions, blocks = len(results), lane_blocks(shape.outputs, p)
    padded = np.zeros((positions, blocks * p.lanes), np.int64)
    padded[:, : shape.outputs] = results
    words = encode_inputs(padded, p) if rounded else padded
    ordered = words.reshape(positions, blocks, p.banks, p.lanes_in_bank).transpose(1, 0, 3, 2).reshape(-1, p.banks)
    rest, lane = np.divmod(np.arange(len(ordered)), p.lanes_in_bank)
    block, position = np.divmod(rest, positions)
    return {"values": ordered, "position": position, "block": block, "lane": lane}


def layer_counts(work: LayerWork, parameters: NearMemoryParameters) -> dict[str, int]:
    """What the counters show after the layer."""
    p, shape = parameters, work.shape
    inside = layer_rows_of(np.ones(work.inputs.shape, np.int64), shape).sum()
    blocks = lane_blocks(shape.outputs, p)
    return {
        "cycle_count": layer_cycles(shape, p).total,
        "weight_read_count": shape.gemm.positions * shape.gemm.length * blocks,
        "input_read_count": int(inside) * blocks,
    }


def near_memory_vectors(parameters: NearMemoryParameters) -> dict[str, Any]:
    """Layers of every kind that fit, each with its streams, results, cycles and counters."""
    works = random_layers(bench_shapes(parameters), parameters, SEED)
    return {"seed": SEED, "layers": [_described(work, parameters) for work in works]}


def exact_near_memory_vectors(parameters: NearMemoryParameters) -> dict[str, Any]:
    """The same for the unit with exact multipliers."""
    return near_memory_vectors(exact_parameters(parameters))


def _described(work: LayerWork, p: NearMemoryParameters) -> dict[str, Any]:
    channels = channel_fields(work, p).values()
    transfers = zip(*(words for words, _ in channels), strict=True)
    widths = [width for _, width in channels]
    return {
        "config": f"{descriptor_word(work, p):x}",
        "weight_in": _packed(weight_rows(work, p), p.weight_word_bits),
        "input_in": _packed(input_transfers(work, p), p.input_word_bits),
        "channel_in": [
            pack([*zip((word for bank in zip(*each, strict=True) for word in bank), widths * p.banks, strict=True)])
            for each in transfers
        ],
        "result_out": _results(work, p),
        "counts": layer_counts(work, p),
    }


def _packed(rows: Integers, bits: int) -> list[str]:
    return [pack((int(word), bits) for word in row) for row in rows]


def _results(work: LayerWork, p: NearMemoryParameters) -> list[str]:
    bits, fields = descriptor_bits(p), result_fields(work, p)
    tags = {"position": bits["positions"], "block": bits["blocks"], "lane": lane_bits(p)}
    rows = zip(fields["values"], *(fields[name] for name in tags), strict=True)
    return [
        pack([*((word, affine_bits(p)) for word in values), *zip(others, tags.values(), strict=True)])
        for values, *others in rows
    ]


def lane_bits(p: NearMemoryParameters) -> int:
    """Bits of a lane's number within its bank, at least one."""
    return max(1, (p.lanes_in_bank - 1).bit_length())
