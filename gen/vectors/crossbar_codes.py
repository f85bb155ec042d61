"""Any codes of strategy A's converters, and the products that the golden model makes of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdl.crossbar.isaac_parameters import IsaacParameters
from sim_models.crossbar import ErrorHooks, driven_slices, flip_columns, isaac_dot, weight_slices
from sim_models.crossbar.hooks import Hook

Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Coded:
    """``codes`` (vectors, cycles, converters, positions), the ``flags`` of all lines, and the golden ``products``.

    The products are those of the golden model, whose converter gave these codes for the lines.
    """

    codes: Integers
    flags: Integers
    products: Integers


def any_codes(parameters: IsaacParameters, vectors: int, seed: int, *, largest: bool = False) -> Coded:
    """Random vectors and weights, whose lines are converted to anything; a fourth of the vectors to extremes.

    With ``largest`` weights, the largest that there are, every line is flipped where any may be.
    """
    p, random = parameters, np.random.default_rng(seed)
    low, high = code_range(p)

    def draw(samples: NDArray[Any]) -> Integers:
        drawn = random.integers(low, high, samples.shape, endpoint=True)
        extreme = random.random((samples.shape[2], 1)) < 1 / 4
        return np.where(extreme, random.choice([low, high], (samples.shape[0], 1, 1, 1)), drawn)

    inputs = random.integers(*p.input_range, (vectors, p.rows), endpoint=True)
    weights = random.integers(*p.weight_range, (p.rows, p.outputs), endpoint=True)
    if largest:
        weights[:] = p.weight_range[1]
    return converted(p, inputs, weights, draw)


def code_range(parameters: IsaacParameters) -> tuple[int, int]:
    """Smallest and largest code."""
    high = (1 << parameters.converter_bits) - 1
    return (-high if parameters.signed_samples else 0, high)


def converted(
    parameters: IsaacParameters, inputs: Integers, weights: Integers, converter: Hook = lambda samples: samples
) -> Coded:
    """Vectors (vectors, rows) and weights (rows, outputs), whose lines ``converter`` converts; codes saturate."""
    p = parameters
    low, high = code_range(p)
    made: list[Integers] = []

    def convert(samples: NDArray[Any]) -> Integers:
        made.append(np.clip(converter(samples), low, high))
        return made[-1]

    products = isaac_dot(inputs, weights, p, hooks=ErrorHooks(converter=convert)).values
    # Called for each slice of a piece of the vectors: (polarities, slices, vectors, outputs).
    pieces = [np.stack(made[first : first + p.cycles]) for first in range(0, len(made), p.cycles)]
    lines = np.concatenate([piece.transpose(3, 0, 4, 1, 2).reshape(-1, p.cycles, p.lines) for piece in pieces])
    units = driven_slices(inputs, p)[0].sum(axis=-1).T
    return Coded(codes=_by_position(p, lines, units), flags=_flags(p, weights), products=products)


def _by_position(p: IsaacParameters, lines: Integers, units: Integers) -> Integers:
    codes = np.zeros((*lines.shape[:2], p.converters, p.scan_positions), np.int64)
    first = 0
    for number, share in enumerate(p.shares):
        count = share * p.lines_per_output
        codes[:, :, number, p.has_unit_column : p.has_unit_column + count] = lines[:, :, first : first + count]
        first += count
    if p.has_unit_column:
        codes[:, :, 0, 0] = units
    return codes


def _flags(p: IsaacParameters, weights: Integers) -> Integers:
    if not p.flip_encoding:
        return np.zeros(0, np.int64)
    return flip_columns(weight_slices(weights, p), p)[1].transpose(2, 0, 1).reshape(-1).astype(np.int64)


def converting(parameters: IsaacParameters) -> NDArray[np.bool_]:
    """Which converters convert a line at which positions: (converters, positions)."""
    p = parameters
    lines = np.array(p.shares)[:, np.newaxis] * p.lines_per_output
    place = np.arange(p.scan_positions) - p.has_unit_column
    found: NDArray[np.bool_] = (place >= 0) & (place < lines)
    found[0] |= place < 0
    return found
