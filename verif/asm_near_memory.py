"""Whole layers and networks through the near-memory unit, in pieces that its memories hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gen.rtl import Rtl
from gen.vectors.asm_layers import LayerWork
from sim_models.arith.checking import integers
from sim_models.asm.coding import decode_inputs
from sim_models.asm.near_memory import NearMemoryParameters, Requantization, lane_blocks, layer_rows_of
from sim_models.asm.near_memory_cycles import layer_cycles
from sim_models.asm.near_memory_pieces import layer_pieces
from sim_models.daism.accelerator import LayerShape
from sim_models.daism.splitting import Piece
from verif.asm_near_memory_work import run_works

Integers = NDArray[np.int64]
_CYCLES_AT_ONCE = 2_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkLayer:
    """A convolution, or a fully connected layer, and what follows it in the unit.

    ``weights``: signed, on the grid, (outputs, channels, kernel height, kernel width); of a fully connected layer
    (outputs, features), which takes images as vectors, channel by channel. ``inputs``: values (images, channels,
    height, width) or (images, features); None for the results of the layer before.
    """

    weights: ArrayLike
    requantization: Requantization
    inputs: ArrayLike | None = None
    stride: int = 1
    padding: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerRun:
    """What the hardware made of a layer.

    ``results`` (images, outputs, height, width): inputs of the next layer, or affine sums. ``cycles``: from each
    descriptor to the last result, over all pieces; ``expected_cycles``: by formula. ``pieces``: descriptors run.
    """

    results: Integers
    cycles: int
    expected_cycles: int
    pieces: int


def run_layers(rtl: Rtl, layers: Sequence[NetworkLayer], parameters: NearMemoryParameters) -> list[LayerRun]:
    """Each layer on the hardware, those without inputs with the results of the layer before.

    ``parameters`` are those of the hardware: `exact_parameters` for `ExactNearMemory`. Raises ValueError for no layers,
    a first one without inputs, inputs from results that were not rounded, shapes that do not match, layers of which no
    piece fits, and unsupported weights.
    """
    if not layers:
        raise ValueError("layers must be at least one, not none")
    runs: list[LayerRun] = []
    for place, layer in enumerate(layers):
        given = layer.inputs
        if given is None:
            if not runs or not layers[place - 1].requantization.rounded:
                raise ValueError(f"inputs of layer {place} must be given: no rounded results come before it")
            given = runs[-1].results
        runs.append(run_layer(rtl, layer, parameters, given))
    return runs


def run_layer(rtl: Rtl, layer: NetworkLayer, parameters: NearMemoryParameters, inputs: ArrayLike) -> LayerRun:
    """One layer. Raises ValueError as `run_layers` does."""
    images, weights = integers("inputs", inputs), integers("weights", layer.weights)
    if weights.ndim == 2 and images.ndim > 1:
        images, weights = images.reshape(len(images), -1, 1, 1), weights[:, :, None, None]
    if images.ndim != 4 or weights.ndim != 4 or images.shape[1] != weights.shape[1]:
        raise ValueError(f"weights must go with inputs of shape {np.shape(inputs)}, not be of shape {weights.shape}")
    shape = LayerShape(
        images=len(images),
        channels=images.shape[1],
        height=images.shape[2],
        width=images.shape[3],
        outputs=len(weights),
        kernel_height=weights.shape[2],
        kernel_width=weights.shape[3],
        stride=layer.stride,
        padding=layer.padding,
    )
    return _run_work(
        rtl, parameters, LayerWork(shape=shape, inputs=images, weights=weights, requantization=layer.requantization)
    )


def _run_work(rtl: Rtl, p: NearMemoryParameters, work: LayerWork) -> LayerRun:
    parts, gemm = layer_pieces(work.shape, p), work.shape.gemm
    results, cycles, expected = np.zeros((gemm.positions, gemm.outputs), np.int64), 0, 0
    for some in _at_once(parts, p):
        expected += sum(layer_cycles(piece.shape, p).total for piece in some)
        got = run_works(rtl, [_part(work, piece) for piece in some], p)
        cycles += int(got["cycles"].sum())
        _put(results, some, got["values"], p)
    if work.requantization.rounded:
        results = decode_inputs(results, p)
    size = (work.shape.images, *work.shape.output, gemm.outputs)
    return LayerRun(
        results=np.ascontiguousarray(results.reshape(size).transpose(0, 3, 1, 2)),
        cycles=cycles,
        expected_cycles=expected,
        pieces=len(parts),
    )


def _at_once(parts: Sequence[Piece], p: NearMemoryParameters) -> Iterator[list[Piece]]:
    """Pieces for one run of the simulator each; the first one of a run loads its weights in any case."""
    some: list[Piece] = []
    cycles = 0
    for piece in parts:
        if cycles > _CYCLES_AT_ONCE:
            yield some
            some, cycles = [], 0
        whole = piece if some else replace(piece, shape=replace(piece.shape, loaded=False))
        cycles += layer_cycles(whole.shape, p).total
        some.append(whole)
    yield some


def _part(work: LayerWork, piece: Piece) -> LayerWork:
    if piece.gathered:
        rows = layer_rows_of(work.inputs, work.shape)
        inputs = rows[piece.positions.start : piece.positions.stop, :, None, None]
    else:
        each = work.shape.image_positions
        inputs = work.inputs[piece.positions.start // each : piece.positions.stop // each]
    outputs = slice(piece.outputs.start, piece.outputs.stop)
    weights = work.weights[outputs]
    after, count = work.requantization, work.shape.outputs
    channels: dict[str, Any] = {
        name: np.broadcast_to(getattr(after, name), (count,))[outputs] for name in ("scale", "offset", "shift")
    }
    return LayerWork(
        shape=piece.shape,
        inputs=inputs,
        weights=weights.reshape(len(weights), -1, 1, 1) if piece.gathered else weights,
        requantization=replace(after, **channels),
    )


def _put(results: Integers, some: Sequence[Piece], values: Integers, p: NearMemoryParameters) -> None:
    """Store what the pieces gave, (results, banks), block by block, in each by position, in each by lane."""
    begin = 0
    for piece in some:
        blocks, positions = lane_blocks(len(piece.outputs), p), len(piece.positions)
        end = begin + blocks * positions * p.lanes_in_bank
        found = values[begin:end].reshape(blocks, positions, p.lanes_in_bank, p.banks).transpose(1, 0, 3, 2)
        found = found.reshape(positions, -1)[:, : len(piece.outputs)]
        results[piece.positions.start : piece.positions.stop, piece.outputs.start : piece.outputs.stop] = found
        begin = end
