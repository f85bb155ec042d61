"""Layers for the accelerator of the in-SRAM multiplier: their streams, their results, and vectors for its bench."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.vectors.daism_work import Integers, random_operands, random_sums
from gen.vectors.nmpu import pack
from hdl.daism.layouts import sum_bits
from sim_models.daism import Counters, DaismParameters, im2col, lane_blocks, layer_counters, matmul
from sim_models.daism.accelerator import (
    AcceleratorParameters,
    LayerShape,
    fits,
    layer_places,
    layer_slicing,
    matrix_shape,
)
from sim_models.daism.accelerator_cycles import accelerator_cycles, slot_blocks
from sim_models.daism.descriptor import descriptor_bits, packed_descriptor

SEED = 230507376


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerWork:
    """A layer with its data.

    ``driven``: operand words (images, channels, height, width); ``stored``: (length, outputs); ``initial``: accumulator
    words or integers that the sums start from, one per output, read if the shape has a bias.
    """

    shape: LayerShape
    driven: Integers
    stored: Integers
    initial: Integers

    @property
    def rows(self) -> Integers:
        """The driven vectors, (positions, length)."""
        return im2col(self.driven, self.shape.kernel, self.shape.stride, self.shape.padding)

    def sums(self, parameters: AcceleratorParameters) -> NDArray[Any]:
        """The golden sums, (positions, outputs): uint32 accumulator words or integers."""
        initial = self.initial if self.shape.bias else 0
        return matmul(self.rows, self.stored, golden_parameters(self.shape, parameters), initial=initial)

    def counters(self, parameters: AcceleratorParameters) -> Counters:
        """The golden counters."""
        counts = layer_counters(self.rows, self.shape.outputs, golden_parameters(self.shape, parameters))
        return replace(counts, row_writes=0) if self.shape.loaded else counts


def driven_rows(work: LayerWork, positions: range) -> Integers:
    """The driven vectors of some positions, of the images that they lie in."""
    each = work.shape.image_positions
    first = positions.start // each
    images = work.driven[first : -(-positions.stop // each)]
    rows = im2col(images, work.shape.kernel, work.shape.stride, work.shape.padding)
    return rows[positions.start - first * each : positions.stop - first * each]


def golden_parameters(shape: LayerShape, parameters: AcceleratorParameters) -> AcceleratorParameters:
    """Those with which `matmul` drives its first factor, in the order of the layer's slicing."""
    return replace(parameters, stored_operand="weight", bank_slicing=layer_slicing(shape, parameters))


def layer_streams(work: LayerWork, parameters: AcceleratorParameters) -> dict[str, tuple[Integers, int]]:
    """What the input streams but ``config`` carry: words of shape (transfers, words of one), and bits of each word."""
    p, shape = parameters, work.shape
    return {
        "weight_in": (_row_groups(work, p), p.word_bits),
        "activation_in": (_in_transfers(work.driven.ravel(), p.activation_lanes), p.word_bits),
        "bias_in": (_block_words(_hardware_sums(work.initial, p), p)[: shape.bias * len(work.initial)], sum_bits(p)),
    }


def _row_groups(work: LayerWork, p: AcceleratorParameters) -> Integers:
    """Stored operands of each row group in the order of loading; lanes beyond the outputs are zero."""
    blocks = slot_blocks(work.shape, p)
    length = len(work.stored)
    places, banks = np.arange(len(blocks))[:, None], np.arange(p.banks)[None, :]
    channel = layer_slicing(work.shape, p) == "channel"
    indices = (places + 0 * banks if channel else places * p.banks + banks) % length
    count = lane_blocks(work.shape.outputs, p)
    padded = np.zeros((length, count * p.lanes), np.int64)
    padded[:, : work.shape.outputs] = work.stored
    exists = (blocks < count) & (not work.shape.loaded)
    return padded.reshape(length, count, p.lanes)[indices[exists], blocks[exists]]


def _in_transfers(words: Integers, lanes: int) -> Integers:
    return np.pad(words, (0, -len(words) % lanes)).reshape(-1, lanes)


def _block_words(words: Integers, p: AcceleratorParameters) -> Integers:
    return _in_transfers(words, p.lanes)


def _hardware_sums(words: Any, p: DaismParameters) -> Integers:
    """Sums as the hardware holds them: a bfloat16 accumulator without the zeros below it."""
    low = 24 - p.accumulator_significand_bits if p.is_float else 0
    return np.asarray(words).astype(np.int64) >> low


def result_fields(work: LayerWork, parameters: AcceleratorParameters) -> dict[str, Integers]:
    """The results in order: ``sums`` (results, lanes) as the hardware holds them, ``position``, ``block``.

    Of lanes beyond the outputs, whose operands are zeros, the sums are the bias's zeros.
    """
    p = parameters
    count = lane_blocks(work.shape.outputs, p)
    sums = _hardware_sums(work.sums(p), p)
    padded = np.zeros((len(sums), count * p.lanes), np.int64)
    padded[:, : work.shape.outputs] = sums
    block, position = np.divmod(np.arange(count * len(sums)), len(sums))
    return {"sums": padded.reshape(len(sums), count, p.lanes)[position, block], "position": position, "block": block}


def random_layer(shape: LayerShape, parameters: AcceleratorParameters, seed: int, zeros: float = 0.2) -> LayerWork:
    """``shape`` with random operands, ``zeros`` of the driven ones zero, and random biases."""
    p, random = parameters, np.random.default_rng(seed)
    size = (shape.images, shape.channels, *shape.size)
    driven = random_operands(random, int(np.prod(size)), p)
    driven[random.random(len(driven)) < zeros] = 0
    stored = random_operands(random, shape.gemm.length * shape.outputs, p).reshape(-1, shape.outputs)
    low = 24 - p.accumulator_significand_bits if p.is_float else 0
    initial = random_sums(random, shape.outputs, p) << low
    return LayerWork(shape=shape, driven=driven.reshape(size), stored=stored, initial=initial)


def random_layers(shapes: Sequence[LayerShape], parameters: AcceleratorParameters, seed: int) -> list[LayerWork]:
    """A `random_layer` of each shape; one whose row groups are there already has those of the layer before."""
    works: list[LayerWork] = []
    for place, shape in enumerate(shapes):
        work = random_layer(shape, parameters, seed + place)
        works.append(replace(work, stored=works[-1].stored) if shape.loaded else work)
    return works


def accelerator_vectors(parameters: AcceleratorParameters) -> dict[str, Any]:
    """Layers of every kind that fit, each with its streams, results, cycles and counters.

    The first one drives no zeros: until a bank's first read its side memory shows unknown signs. A zero product then
    has such a sign, which changes no sum, but a simulator with unknown values does not see that.
    """
    p = parameters
    works = random_layers(bench_shapes(p), p, SEED)
    one = p.bias << p.significand_bits - 1 if p.is_float else 1
    works[0] = replace(works[0], driven=np.full_like(works[0].driven, one))
    return {"seed": SEED, "layers": [_described(work, p) for work in works]}


def bench_shapes(parameters: AcceleratorParameters) -> list[LayerShape]:
    """Matrix products and convolutions, with and without bias, of one and of more passes, of both slicings.

    Raises ValueError if the buffers are too small for most of them.
    """
    p = parameters
    tile, lanes = p.interleave, p.lanes
    passes = p.groups * p.banks + p.banks + 1
    window = LayerShape(images=1, channels=2, outputs=lanes, height=4, width=5)
    shapes = [
        matrix_shape(1, p.banks, 1, slicing="index"),
        matrix_shape(tile + 1, p.banks + 2, lanes + 1, bias=True),
        matrix_shape(2, passes, 1, bias=True, slicing="index"),
        matrix_shape(2, p.groups + 1, lanes * p.banks, slicing="channel"),
        matrix_shape(3, 4, lanes * (p.banks + 1), bias=True, slicing="channel"),
        replace(window, kernel_height=3, kernel_width=2, padding=1, bias=True),
        replace(window, images=2, channels=1, outputs=lanes + 2, kernel_height=2, kernel_width=3, stride=2),
    ]
    loaded = matrix_shape(2, p.banks + 2, lanes + 1, slicing="index")
    shapes += [loaded, replace(loaded, loaded=True)]
    found = [shape for shape in shapes if fits(shape, p)]
    if len(found) < 4:
        raise ValueError(f"sum_words must be larger than {p.sum_words} for the layers of a bench")
    return found


def _described(work: LayerWork, p: AcceleratorParameters) -> dict[str, Any]:
    streams = layer_streams(work, p)
    payloads = {
        name: [pack((word, bits) for word in words) for words in rows] for name, (rows, bits) in streams.items()
    }
    counts = work.counters(p)
    return {
        "passes": -(-layer_places(work.shape, p) // p.groups),
        "config": f"{packed_descriptor(work.shape, p):x}",
        **payloads,
        "result_out": _results(work, p),
        "counts": {
            "cycle_count": accelerator_cycles(work.shape, p).total,
            "access_count": counts.accesses,
            "skipped_count": counts.skipped,
            "row_write_count": counts.row_writes,
            "wordline_count": counts.wordlines,
        },
    }


def _results(work: LayerWork, p: AcceleratorParameters) -> list[str]:
    bits, fields = descriptor_bits(p), result_fields(work, p)
    return [
        pack([*((word, sum_bits(p)) for word in sums), (position, bits["positions"]), (block, bits["blocks"])])
        for sums, position, block in zip(fields["sums"], fields["position"], fields["block"], strict=True)
    ]
