"""Whole layers through a tile of any strategy: row blocks and groups of outputs, each with cells of its own."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from hdl.crossbar import CascadeParameters, IsaacParameters, NeuralPimParameters
from hdl.crossbar.tile_converters import TileParameters
from sim_models.crossbar import conversions, initiation_interval, unit_conversions
from verif import crossbar_isaac as isaac
from verif import crossbar_tiles as tiles
from verif.crossbar_tiles_loop import in_loop

Integers = NDArray[np.int64]
_CLOCKS_AT_ONCE = 400_000
_SEED = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerRun:
    """What a tile made of a layer.

    ``values``: products, or codes of strategy C, (vectors, outputs). ``strobes``: conversions, counted on the strobe;
    ``counted``: by the tile; ``expected``: by formula, outputs that the layer does not use included. ``cycles``: clock
    cycles from the offer of the first vector to the last result, over all ``runs``; ``expected_cycles``: by formula.
    ``astray``: results that came in another clock cycle than the formula's. ``saturations``: as the tile counted.
    """

    values: Integers
    strobes: int
    counted: int
    expected: int
    cycles: int
    expected_cycles: int
    astray: int
    saturations: int
    runs: int


def run_layer(
    rtl: Rtl, parameters: TileParameters, inputs: Integers, weights: Integers, pool: Executor | None = None
) -> LayerRun:
    """``inputs`` (vectors, K) and ``weights`` (K, M) of any K and M through ``rtl``, a tile for ``parameters``.

    Block b has the rows b * rows and following, and the last one zeros on the rows that are left; so do groups of
    outputs. Strategy C adds the codes of its blocks in the tile, whose arrays take turns; products of A and B are
    exact, have no adder in the tile, and are added here. Runs go to ``pool``, one after another without. Raises
    ValueError for shapes that do not agree, and as simulations do.
    """
    p = parameters
    if inputs.ndim != 2 or weights.ndim != 2 or inputs.shape[1] != len(weights) or 0 in (*inputs.shape, *weights.shape):
        raise ValueError(
            f"inputs and weights must be (vectors, K) and (K, M), none of zero, not {inputs.shape} and {weights.shape}"
        )
    blocks, groups = _blocks(inputs, p.rows), _matrices(weights, p)
    count = max(1, _CLOCKS_AT_ONCE // (initiation_interval(p) * p.slots_per_cycle))
    parts = [blocks[start : start + count] for start in range(0, len(blocks), count)]
    work = [(part, matrices) for matrices in groups for part in parts]
    run = partial(_run_blocks, rtl, p)
    found = list((pool.map if pool else map)(run, *zip(*work, strict=True)))
    columns = [found[start : start + len(parts)] for start in range(0, len(found), len(parts))]
    values = np.concatenate([np.concatenate([each.values for each in column]) for column in columns], axis=1)
    return _joined(found, values[:, : weights.shape[1]])


def _blocks(inputs: Integers, rows: int) -> Integers:
    """(vectors, blocks, rows)."""
    return np.pad(inputs, [(0, 0), (0, -inputs.shape[1] % rows)]).reshape(len(inputs), -1, rows)


def _matrices(weights: Integers, p: TileParameters) -> list[Integers]:
    """(blocks, rows, outputs) of each group of outputs."""
    padded = np.pad(weights, [(0, -len(weights) % p.rows), (0, -weights.shape[1] % p.outputs)])
    return [
        padded[:, at : at + p.outputs].reshape(-1, p.rows, p.outputs) for at in range(0, padded.shape[1], p.outputs)
    ]


def _run_blocks(rtl: Rtl, p: TileParameters, vectors: Integers, matrices: Integers) -> LayerRun:
    """One group of outputs on some ``vectors`` (vectors, blocks, rows)."""
    if isinstance(p, NeuralPimParameters):
        return _run_tile(rtl, p, vectors.reshape(-1, p.rows), matrices)
    each = [_run_exact(rtl, p, vectors[:, block], matrix) for block, matrix in enumerate(matrices)]
    return _joined(each, np.sum([run.values for run in each], axis=0))


def _run_exact(rtl: Rtl, p: IsaacParameters | CascadeParameters, vectors: Integers, matrix: Integers) -> LayerRun:
    if isinstance(p, CascadeParameters):
        return _run_tile(rtl, p, vectors, matrix[np.newaxis])
    found = isaac.run(rtl, p, isaac.full_rate(matrix, vectors), _SEED)
    wanted = isaac.expected_cycles(p, len(vectors))["cycle"]
    return _measured(p, found, found["value"].reshape(-1, p.outputs), found["cycle"], wanted, len(vectors))


def _run_tile(rtl: Rtl, p: CascadeParameters | NeuralPimParameters, vectors: Integers, matrices: Integers) -> LayerRun:
    blocks = len(matrices)
    traffic = tiles.full_rate(matrices, vectors, blocks)
    found = tiles.run(rtl, p, traffic, _SEED, loop=partial(in_loop, arrays=blocks))
    wanted = tiles.expected_cycles(p, len(vectors))["written"][blocks - 1 :: blocks]
    return _measured(p, found, found["values"], found["written"], wanted, len(vectors))


def _measured(
    p: TileParameters, found: dict[str, Integers], values: Integers, at: Integers, wanted: Integers, vectors: int
) -> LayerRun:
    return LayerRun(
        values=values,
        strobes=int(found["starts"]),
        counted=int(found["adc_count"]),
        expected=vectors * (p.outputs * conversions(p) + unit_conversions(p)),
        cycles=int(at[-1]) + 1,
        expected_cycles=int(wanted[-1]) + 1,
        astray=int((at != wanted).sum()),
        saturations=int(found["sat_count"]),
        runs=1,
    )


def _joined(runs: Sequence[LayerRun], values: Integers) -> LayerRun:
    counts = ("strobes", "counted", "expected", "cycles", "expected_cycles", "astray", "saturations", "runs")
    return LayerRun(values=values, **{name: sum(getattr(run, name) for run in runs) for name in counts})
