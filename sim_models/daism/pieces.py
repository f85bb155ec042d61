"""Layers in pieces that the accelerator's buffers hold, with the same sums as the whole."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import gcd

from sim_models.daism.accelerator import (
    AcceleratorParameters,
    LayerShape,
    fits,
    layer_places,
    layer_slicing,
    matrix_shape,
    require_fit,
)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Part of a layer: ``shape`` as it runs, the ``positions`` and the ``outputs`` of the whole that it makes.

    ``gathered``: what is driven are the vectors of positions, put together outside, and not images.
    """

    shape: LayerShape
    positions: range
    outputs: range
    gathered: bool


def pieces(shape: LayerShape, parameters: AcceleratorParameters) -> list[Piece]:
    """``shape`` as pieces that fit, in the order of outputs and, for each, of positions; one piece if all fits.

    Outputs are split where the next block begins in the same bank as the first one, so that each sum is made in the
    same order. Positions are split by images, or, if one image is too much, as vectors put together outside.
    Raises ValueError, with the sizes, if not even one position of the fewest outputs fits.
    """
    p = parameters
    whole = replace(shape, slicing=layer_slicing(shape, p))
    step = p.lanes * (p.banks // gcd(p.banks, whole.gemm.length) if whole.slicing == "index" else 1)
    fewest = replace(whole, outputs=min(step, whole.outputs))
    gathered = not fits(replace(fewest, images=1), p)
    if gathered:
        require_fit(_vectors(fewest, 1), p)
    units = whole.gemm.positions if gathered else whole.images
    # As many outputs as fit with one unit, then as many units as fit with those: weights are loaded less often.
    sized = _vectors if gathered else _images
    steps = _most(lambda count: sized(_outputs(whole, count * step), 1), -(-whole.outputs // step), p)
    chosen = _outputs(whole, steps * step)
    most = _most(lambda count: sized(chosen, count), units, p)
    each = 1 if gathered else whole.image_positions
    return [
        Piece(
            shape=_after(sized(_outputs(whole, last - first), end - begin), begin > 0, p),
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


def _after(shape: LayerShape, follows: bool, p: AcceleratorParameters) -> LayerShape:
    """``shape``; after a piece of the same outputs the row groups are still there, if the banks hold them all."""
    return replace(shape, loaded=follows and layer_places(shape, p) <= p.groups)


def _most(sized: Callable[[int], LayerShape], limit: int, p: AcceleratorParameters) -> int:
    """The largest count up to ``limit`` that fits, if 1 does; what fits with more fits with fewer."""
    low, high = 1, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(sized(middle), p) else (low, middle - 1)
    return low


def _spans(total: int, step: int) -> list[tuple[int, int]]:
    return [(first, min(first + step, total)) for first in range(0, total, step)]
