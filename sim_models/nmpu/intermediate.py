"""Every value inside the NMPU datapath, step by step, and sums over several crossbar tiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.nmpu.operands import check_range, common_shape, operand_arrays, operand_ranges
from sim_models.nmpu.parameters import ACCUMULATE, BRANCH_ROUND, HALF_EVEN, NmpuParameters


@dataclass(frozen=True, kw_only=True)
class Activations:
    """Results with the values they come from, arrays of one shape.

    ``total`` (w: what is rounded), ``rounded`` (y: before ReLU and clamp), ``output`` (the result), ``clipped`` (bool:
    the clamp changed the rectified value).
    """

    total: NDArray[np.int64]
    rounded: NDArray[np.int64]
    output: NDArray[np.int64]
    clipped: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Intermediate(Activations):
    """Activations with the two branches: the products without their ``pre_cut_bits`` lowest bits (p, n)."""

    cut_positive: NDArray[np.int64]
    cut_negative: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Accumulation(Activations):
    """Activations of a sum of tiles; ``saturated`` (bool) tells where the accumulator ever clamped."""

    saturated: NDArray[np.bool_]


def intermediate(
    positive: ArrayLike,
    negative: ArrayLike | None,
    scale_positive: ArrayLike,
    scale_negative: ArrayLike | None,
    offset: ArrayLike,
    shift: ArrayLike,
    relu: ArrayLike,
    parameters: NmpuParameters,
) -> Intermediate:
    """What ``process`` computes, with every value on the way: same operands, same errors, several times slower."""
    operands = (positive, negative, scale_positive, scale_negative, offset, shift, relu)
    words = _words(operands, parameters)
    cut_positive, cut_negative, total = _sum_branches(words, parameters)
    activations = _activate(total, words["shift"], words["relu"], parameters)
    return Intermediate(**activations, cut_positive=cut_positive, cut_negative=cut_negative)


def accumulate(
    positive: ArrayLike,
    negative: ArrayLike | None,
    scale_positive: ArrayLike,
    scale_negative: ArrayLike | None,
    offset: ArrayLike,
    shift: ArrayLike,
    relu: ArrayLike,
    parameters: NmpuParameters,
) -> Accumulation:
    """Sum the tiles of one layer before rounding; ``positive`` has the tiles along its first axis.

    ``total = clamp(total + w)`` over the tiles, clamped to ``accumulator_bits``; the offset enters with the first tile
    only; rounding, ReLU and the output clamp follow the last. Scales may differ between tiles; ``offset``, ``shift``
    and ``relu`` may not: they have no tile axis. Results have the shape of one tile.

    Raises ValueError like ``process``, and where ``partial_sum`` is not ``'accumulate'`` or the tile axis is missing.
    """
    if not parameters.accumulates:
        raise ValueError(f"partial_sum must be {ACCUMULATE!r} to sum tiles, not {parameters.partial_sum!r}")
    operands = (positive, negative, scale_positive, scale_negative, offset, shift, relu)
    words = _words(operands, parameters)
    _check_tile_axis(operands, words["positive"].shape)
    words["offset"] = words["offset"].copy()
    words["offset"][1:] = 0
    _, _, totals = _sum_branches(words, parameters)
    limit = 1 << (parameters.accumulator_bits - 1)
    total, saturated = np.zeros_like(totals[0]), np.zeros(totals.shape[1:], np.bool_)
    for tile in totals:
        exact = total + tile
        total = np.clip(exact, -limit, limit - 1)
        saturated |= total != exact
    return Accumulation(**_activate(total, words["shift"][0], words["relu"][0], parameters), saturated=saturated)


def _check_tile_axis(operands: Sequence[Any], shape: tuple[int, ...]) -> None:
    positive, *_, offset, shift, relu = (np.ndim(operand) for operand in operands)
    if positive < max(1, len(shape)) or shape[0] == 0:
        raise ValueError(f"positive must have its tiles, at least one, along the first axis of {shape}")
    for name, dimensions in (("offset", offset), ("shift", shift), ("relu", relu)):
        if dimensions >= len(shape):
            raise ValueError(f"{name} must have no tile axis: fewer than {len(shape)} dimensions, not {dimensions}")


def _words(operands: Sequence[ArrayLike | None], parameters: NmpuParameters) -> dict[str, Any]:
    """Operands in range, as int64, broadcast to their common shape."""
    arrays = operand_arrays(operands, parameters)
    shape = common_shape(arrays)
    for name, legal in operand_ranges(parameters).items():
        check_range(name, arrays[name], *legal)
    return {name: np.broadcast_to(array.astype(np.int64), shape) for name, array in arrays.items()}


def _sum_branches(words: dict[str, Any], parameters: NmpuParameters) -> tuple[Any, Any, Any]:
    """Steps 1 to 4: the cut products and the sum ``w``."""
    p = parameters
    positive = (words["positive"] * words["scale_positive"]) >> p.pre_cut_bits
    negative = (words["negative"] * words["scale_negative"]) >> p.pre_cut_bits
    if p.variant == BRANCH_ROUND:
        bits = p.branch_rounding_bits(words["shift"])
        half = 1 << (bits - 1)
        total = ((positive + half) >> bits) - ((negative + half) >> bits) + words["offset"]
    else:
        total = positive - negative + (words["offset"] << (p.fraction_bits(words["shift"]) - p.offset_fraction_bits))
    return positive, negative, total


def _activate(total: Any, shift: Any, relu: Any, parameters: NmpuParameters) -> dict[str, Any]:
    """Steps 5 to 7: final rounding, ReLU, clamp."""
    fraction = parameters.fraction_bits(shift)
    half = (1 << fraction) >> 1
    if parameters.final_rounding == HALF_EVEN:
        floor = total >> fraction
        rest = total - (floor << fraction)
        rounded = floor + ((rest > half) | ((rest == half) & (floor & 1 == 1)))
    else:
        rounded = (total + half) >> fraction
    rectified = np.where(relu == 1, np.maximum(rounded, 0), rounded)
    output = np.clip(rectified, parameters.output_format.minimum, parameters.output_format.maximum)
    return {"total": total, "rounded": rounded, "output": output, "clipped": output != rectified}
