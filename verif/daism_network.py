"""Whole layers and networks through the accelerator of the in-SRAM multiplier, in pieces that its buffers hold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gen.rtl import Rtl
from gen.vectors.daism_accelerator import LayerWork, driven_rows
from sim_models.daism import Counters, output_size
from sim_models.daism.accelerator import AcceleratorParameters, LayerShape, matrix_shape
from sim_models.daism.accelerator_cycles import accelerator_cycles
from sim_models.daism.pieces import pieces
from sim_models.daism.splitting import Piece
from verif.daism_accelerator import COUNTS, run_works

Words = NDArray[Any]
_CYCLES_AT_ONCE = 2_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkLayer:
    """A convolution, or a fully connected layer, and what follows it outside the accelerator.

    ``weights``: operand words (outputs, channels, kernel height, kernel width); of a fully connected layer
    (outputs, features), which takes the images of the layer before as vectors, channel by channel. ``bias``:
    accumulator words or integers, one per output, or None. ``after``: turns the sums (images, outputs, height, width)
    into the next layer's operand words; None leaves them as they are.
    """

    weights: ArrayLike
    bias: ArrayLike | None = None
    stride: int = 1
    padding: int = 0
    after: Callable[[Words], Words] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerRun:
    """What the hardware made of a layer.

    ``sums``: as `sim_models.daism.conv2d` or `matmul` give them. ``cycles``: from each descriptor to the last result,
    over all pieces; ``expected_cycles``: by formula. ``counters``: summed up. ``pieces``: descriptors run.
    """

    sums: Words
    cycles: int
    expected_cycles: int
    counters: Counters
    pieces: int


def run_layers(
    rtl: Rtl, parameters: AcceleratorParameters, layers: Sequence[NetworkLayer], images: ArrayLike
) -> list[LayerRun]:
    """Push ``images``, operand words (images, channels, height, width), through ``layers`` on the hardware.

    Raises ValueError for no layers, ``stored_operand`` other than ``weight``, and layers of which no piece fits.
    """
    if parameters.stored_operand != "weight":
        raise ValueError(f"stored_operand must be 'weight' for a network, not {parameters.stored_operand!r}")
    if not layers:
        raise ValueError("layers must be at least one, not none")
    runs, words = [], np.asarray(images)
    for layer in layers:
        run = run_layer(rtl, parameters, layer, words)
        runs.append(run)
        words = run.sums if layer.after is None else layer.after(run.sums)
    return runs


def run_layer(rtl: Rtl, parameters: AcceleratorParameters, layer: NetworkLayer, images: ArrayLike) -> LayerRun:
    """One layer. Raises ValueError as `run_layers` does."""
    words, weights = np.asarray(images), np.asarray(layer.weights)
    if weights.ndim == 2:
        words, weights = words.reshape(len(words), -1, 1, 1), weights[:, :, None, None]
    shape = LayerShape(
        images=len(words),
        channels=words.shape[1],
        height=words.shape[2],
        width=words.shape[3],
        outputs=len(weights),
        kernel_height=weights.shape[2],
        kernel_width=weights.shape[3],
        stride=layer.stride,
        padding=layer.padding,
        bias=layer.bias is not None,
    )
    initial = np.zeros(len(weights), np.int64) if layer.bias is None else np.asarray(layer.bias).astype(np.int64)
    work = LayerWork(shape=shape, driven=words, stored=weights.reshape(len(weights), -1).T, initial=initial)
    run = run_work(rtl, parameters, work)
    size = output_size(words.shape[2:], weights.shape[2:], layer.stride, layer.padding)
    sums = run.sums.reshape(len(words), *size, -1).transpose(0, 3, 1, 2)
    return replace(run, sums=np.ascontiguousarray(sums))


def run_matmul(rtl: Rtl, parameters: AcceleratorParameters, x: ArrayLike, w: ArrayLike) -> LayerRun:
    """The sums of `sim_models.daism.matmul`, with the operand stored that ``parameters`` say."""
    driven, stored = np.asarray(x), np.asarray(w)
    swapped = parameters.stored_operand == "activation"
    if swapped:
        driven, stored = stored.T, driven.T
    shape = matrix_shape(len(driven), len(stored), stored.shape[1])
    initial = np.zeros(stored.shape[1], np.int64)
    run = run_work(
        rtl, parameters, LayerWork(shape=shape, driven=driven[:, :, None, None], stored=stored, initial=initial)
    )
    return replace(run, sums=run.sums.T) if swapped else run


def run_work(rtl: Rtl, parameters: AcceleratorParameters, work: LayerWork) -> LayerRun:
    """A layer of any size that can be cut to fit; ``sums`` of shape (positions, outputs)."""
    p = parameters
    parts = _at_once(pieces(work.shape, p), p)
    gemm = work.shape.gemm
    sums = np.zeros((gemm.positions, gemm.outputs), np.uint32 if p.is_float else np.int64)
    cycles, counts = 0, np.zeros(len(COUNTS), np.int64)
    for some in parts:
        results = run_works(rtl, [_part(work, piece) for piece in some], p)
        cycles += int(results["cycles"].sum())
        counts += [int(results[name].sum()) for name in COUNTS]
        _put(sums, some, results["sums"], p)
    return LayerRun(
        sums=sums,
        cycles=cycles,
        expected_cycles=sum(accelerator_cycles(piece.shape, p).total for some in parts for piece in some),
        counters=Counters(
            **dict(zip(("accesses", "skipped", "row_writes", "wordlines"), counts.tolist(), strict=True))
        ),
        pieces=sum(map(len, parts)),
    )


def _at_once(parts: Sequence[Piece], p: AcceleratorParameters) -> list[list[Piece]]:
    """Pieces for one run of the simulator each, which begins with empty arrays."""
    found: list[list[Piece]] = []
    cycles = 0
    for piece in parts:
        cycles += accelerator_cycles(piece.shape, p).total
        if not found or cycles > _CYCLES_AT_ONCE:
            first = replace(piece, shape=replace(piece.shape, loaded=False))
            found.append([first])
            cycles = accelerator_cycles(first.shape, p).total
        else:
            found[-1].append(piece)
    return found


def _part(work: LayerWork, piece: Piece) -> LayerWork:
    outputs = slice(piece.outputs.start, piece.outputs.stop)
    if piece.gathered:
        driven = driven_rows(work, piece.positions)[:, :, None, None]
    else:
        each = work.shape.image_positions
        driven = work.driven[piece.positions.start // each : piece.positions.stop // each]
    return LayerWork(shape=piece.shape, driven=driven, stored=work.stored[:, outputs], initial=work.initial[outputs])


def _put(sums: Words, some: Sequence[Piece], lanes: NDArray[np.int64], p: AcceleratorParameters) -> None:
    """Store what the pieces gave, (results, lanes), block by block and in each the positions in order."""
    low = 24 - p.accumulator_significand_bits if p.is_float else 0
    begin = 0
    for piece in some:
        blocks = -(-len(piece.outputs) // p.lanes)
        end = begin + blocks * len(piece.positions)
        found = lanes[begin:end].reshape(blocks, len(piece.positions), p.lanes).transpose(1, 0, 2)
        found = found.reshape(len(piece.positions), -1)[:, : len(piece.outputs)] << low
        sums[piece.positions.start : piece.positions.stop, piece.outputs.start : piece.outputs.stop] = found
        begin = end
