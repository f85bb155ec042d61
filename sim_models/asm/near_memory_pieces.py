"""Layers in pieces that the near-memory unit holds, with the same results as the whole."""

from collections.abc import Callable
from dataclasses import replace

from sim_models.asm.near_memory import NearMemoryParameters, fits, require_fit
from sim_models.daism.accelerator import LayerShape, matrix_shape
from sim_models.daism.pieces import Piece


def layer_pieces(shape: LayerShape, parameters: NearMemoryParameters) -> list[Piece]:
    """``shape`` as pieces that fit, in the order of outputs and, for each, of positions; one piece if all fits.

    Outputs are split by blocks of ``lanes``; positions by images, or, if one image is too much, as vectors put together
    outside. Weights stay from one piece to the next of the same outputs. Raises ValueError, with the sizes, if not
    even one position of one block fits.
    """
    p = parameters
    fewest = replace(shape, outputs=min(p.lanes, shape.outputs))
    gathered = not fits(replace(fewest, images=1), p)
    if gathered:
        require_fit(_vectors(fewest, 1), p)
    sized = _vectors if gathered else _images
    units, each = (shape.gemm.positions, 1) if gathered else (shape.images, shape.image_positions)
    blocks = _most(lambda count: sized(_outputs(shape, count * p.lanes), 1), -(-shape.outputs // p.lanes), p)
    chosen = _outputs(shape, blocks * p.lanes)
    most = _most(lambda count: sized(chosen, count), units, p)
    return [
        Piece(
            shape=replace(sized(_outputs(shape, last - first), end - begin), loaded=begin > 0),
            positions=range(begin * each, end * each),
            outputs=range(first, last),
            gathered=gathered,
        )
        for first, last in _spans(shape.outputs, chosen.outputs)
        for begin, end in _spans(units, most)
    ]


def _images(shape: LayerShape, count: int) -> LayerShape:
    return replace(shape, images=count)


def _vectors(shape: LayerShape, count: int) -> LayerShape:
    return matrix_shape(count, shape.gemm.length, shape.outputs)


def _outputs(shape: LayerShape, count: int) -> LayerShape:
    return replace(shape, outputs=min(count, shape.outputs))


def _most(sized: Callable[[int], LayerShape], limit: int, p: NearMemoryParameters) -> int:
    """The largest count up to ``limit`` that fits, if 1 does; what fits with more fits with fewer."""
    low, high = 1, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(sized(middle), p) else (low, middle - 1)
    return low


def _spans(total: int, step: int) -> list[tuple[int, int]]:
    return [(first, min(first + step, total)) for first in range(0, total, step)]
