"""Cycles that the accelerator takes for a layer, term by term."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_models.arith.checking import IntArray
from sim_models.daism.accelerator import AcceleratorParameters, LayerShape, layer_places, layer_slicing, require_fit
from sim_models.daism.layout import lane_blocks


@dataclass(frozen=True, kw_only=True)
class AcceleratorCycles:
    """Cycles of a layer while no stream waits for its other side.

    ``load``: rows written, ``weight_stream``: what one transfer a cycle for all banks adds to that.
    ``activations``: cycles in which the first pass still waits for activations or biases. ``compute``: accesses of the
    busiest bank and idle cycles of a slow accumulator. ``preset``: cycles in which sums are given their bias, or taken
    up again in a later pass. ``write_back``: sums of banks added up, and results leaving. ``control``: the rest, fixed:
    ``banks`` + 7 + accumulate_latency for a layer, and 2 more for each pass after the first.
    """

    load: int
    weight_stream: int
    activations: int
    compute: int
    preset: int
    write_back: int
    control: int

    @property
    def total(self) -> int:
        """What ``cycle_count`` shows at the end."""
        return sum(vars(self).values())


def accelerator_cycles(shape: LayerShape, parameters: AcceleratorParameters) -> AcceleratorCycles:
    """Cycles of ``shape``. Raises ValueError, with the sizes, for a layer that does not fit.

    With PE lanes, L rows a group, S accesses, A = accumulate_latency, I = interleave, P positions in tiles of I, and N
    banks: load = places * L; compute = places * S * sum over tiles of max(tile, ceil(A / S)), which is the
    ``compute`` of `layer_cycles` where I divides P and A is at most I; preset = 2 + A + tile for each tile at each
    place before which any sum is set; write_back = P * blocks * (N * A with ``index`` slicing, else 1).
    """
    p = parameters
    require_fit(shape, p)
    blocks = slot_blocks(shape, p)
    count = lane_blocks(shape.outputs, p)
    passes = [range(first, min(first + p.groups, len(blocks))) for first in range(0, len(blocks), p.groups)]
    used = (blocks < count).sum(1)
    streams = [0 if shape.loaded else _stream_surplus(used[list(places)], p.rows_per_group) for places in passes]
    rows = 0 if shape.loaded else p.rows_per_group
    filled = p.banks + len(passes[0]) * rows + streams[0]
    transfers = -(-shape.images * shape.image_words // p.activation_lanes)
    tiles = _tiles(shape.gemm.positions, p.interleave)
    presets = int(preset_places(shape, p).sum())
    beats = sum(max(tile, -(-p.accumulate_latency // p.accesses)) for tile in tiles)
    cycles_per_sum = p.banks * p.accumulate_latency if layer_slicing(shape, p) == "index" else 1
    return AcceleratorCycles(
        load=len(blocks) * rows,
        weight_stream=sum(streams),
        activations=max(0, transfers - filled, count * shape.bias - filled),
        compute=len(blocks) * p.accesses * beats,
        preset=presets * sum(2 + p.accumulate_latency + tile for tile in tiles),
        write_back=shape.gemm.positions * count * cycles_per_sum,
        control=p.banks + 7 + p.accumulate_latency + 2 * (len(passes) - 1),
    )


def slot_blocks(shape: LayerShape, parameters: AcceleratorParameters) -> IntArray:
    """For each place and bank the block of the operands in that row group; from ``blocks`` on there are none."""
    p, length = parameters, shape.gemm.length
    places, banks = np.arange(layer_places(shape, p))[:, None], np.arange(p.banks)
    if layer_slicing(shape, p) == "channel":
        return places // length * p.banks + banks
    return (places * p.banks + banks) // length


def preset_places(shape: LayerShape, parameters: AcceleratorParameters) -> NDArray[np.bool_]:
    """Places before which the sums of any bank are set: to a bias, or to those of the pass before."""
    p = parameters
    blocks = slot_blocks(shape, p)
    exists = blocks < lane_blocks(shape.outputs, p)
    begins = np.ones(blocks.shape, bool)
    begins[1:] = blocks[1:] != blocks[:-1]
    biased = np.ones(p.banks, bool) if layer_slicing(shape, p) == "channel" else np.arange(p.banks) == 0
    starts = (np.arange(len(blocks)) % p.groups == 0)[:, None]
    set_here = np.where(begins, shape.bias & biased, starts)
    return np.asarray((set_here & exists).any(1))


def _tiles(positions: int, interleave: int) -> list[int]:
    whole, rest = divmod(positions, interleave)
    return [interleave] * whole + [rest] * (rest > 0)


def _stream_surplus(used: IntArray, rows: int) -> int:
    """What loading takes longer than ``rows`` a place: banks start one after the other."""
    return int(np.maximum(used[:-1] - rows, 0).sum()) + int(used[-1]) - 1
