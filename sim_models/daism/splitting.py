"""Splitting a layer into pieces that a unit's buffers hold, whatever the unit."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sim_models.daism.accelerator import LayerShape, matrix_shape


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Part of a layer: ``shape`` as it runs, the ``positions`` and the ``outputs`` of the whole that it makes.

    ``gathered``: what is driven are the vectors of positions, put together outside, and not images.
    """

    shape: LayerShape
    positions: range
    outputs: range
    gathered: bool


def split_layer(
    whole: LayerShape,
    step: int,
    *,
    fits: Callable[[LayerShape], bool],
    require_fit: Callable[[LayerShape], None],
    after: Callable[[LayerShape, bool], LayerShape],
) -> list[Piece]:
    """``whole`` as pieces that fit, in the order of outputs and, for each, of positions; one piece if all fits.

    Outputs are split at multiples of ``step``. Positions are split by images, or, if one image is too much, as vectors
    put together outside. What fits with more outputs or positions must fit with fewer. ``after``: the shape of a piece
    as it runs, told whether it follows one of the same outputs. Raises what ``require_fit`` does if not even one
    position of the fewest outputs fits.
    """
    fewest = replace(whole, outputs=min(step, whole.outputs))
    gathered = not fits(replace(fewest, images=1))
    if gathered:
        require_fit(_vectors(fewest, 1))
    sized = _vectors if gathered else _images
    units, each = (whole.gemm.positions, 1) if gathered else (whole.images, whole.image_positions)
    # As many outputs as fit with one unit, then as many units as fit with those: weights are loaded less often.
    steps = _most(lambda count: fits(sized(_outputs(whole, count * step), 1)), -(-whole.outputs // step))
    chosen = _outputs(whole, steps * step)
    most = _most(lambda count: fits(sized(chosen, count)), units)
    return [
        Piece(
            shape=after(sized(_outputs(whole, last - first), end - begin), begin > 0),
            positions=range(begin * each, end * each),
            outputs=range(first, last),
            gathered=gathered,
        )
        for first, last in _spans(whole.outputs, chosen.outputs)
        for begin, end in _spans(units, most)
    ]


def _images(shape: LayerShape, count: int) -> LayerShape:
    return replace(shape, images=count)


def _vectors(shape: LayerShape, count: int) -> LayerShape:
    return matrix_shape(count, shape.gemm.length, shape.outputs, bias=shape.bias, slicing=shape.slicing)


def _outputs(shape: LayerShape, count: int) -> LayerShape:
    return replace(shape, outputs=min(count, shape.outputs))


def _most(holds: Callable[[int], bool], limit: int) -> int:
    """The largest count up to ``limit`` that holds, if 1 does."""
    low, high = 1, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _spans(total: int, step: int) -> list[tuple[int, int]]:
    return [(first, min(first + step, total)) for first in range(0, total, step)]
