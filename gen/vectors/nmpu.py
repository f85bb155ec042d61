"""Vectors for the NMPU benches: layers of random parameter words, each with a few groups of counts."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim_models.arith import Format
from sim_models.nmpu import NmpuParameters, accumulate, intermediate

SEED = 20240212
LAYERS = 4
GROUPS_PER_LAYER = 6
# Layers whose operands are extremes only, where clamps and carries happen.
CORNER_LAYERS = 2


def unit_vectors(parameters: NmpuParameters, layers: int = LAYERS) -> dict[str, Any]:
    """Vectors for one unit."""
    return _vectors(parameters, parameters.columns_per_unit, layers)


def array_vectors(parameters: NmpuParameters) -> dict[str, Any]:
    """Vectors for an array of units; column ``unit * columns_per_unit + j`` is column ``j`` of its unit."""
    return _vectors(parameters, parameters.columns, LAYERS)


def _vectors(parameters: NmpuParameters, columns: int, layers: int) -> dict[str, Any]:
    random = np.random.default_rng(SEED)
    return {
        "seed": SEED,
        "columns_per_unit": parameters.columns_per_unit,
        "pipeline_stages": parameters.pipeline_stages,
        "input_bits": parameters.input_bits,
        "output_bits": parameters.output_bits,
        "external_storage": parameters.storage == "external",
        "layers": [_layer(parameters, columns, random, layer < CORNER_LAYERS) for layer in range(layers)],
    }


def _layer(parameters: NmpuParameters, columns: int, random: np.random.Generator, corners: bool) -> dict[str, Any]:
    """Parameter words of all columns and the groups that use them, as packed words."""
    p = parameters
    scales = [_draw(random, p.scale_format, columns, corners) for _ in range(1 if p.signed_input else 2)]
    offset = _draw(random, p.offset_format, columns, corners)
    fields = [(scale, p.scale_bits) for scale in scales] + [(offset, p.offset_bits)]
    words = [pack((field[column], width) for field, width in fields) for column in range(columns)]
    scale_positive, scale_negative = [*scales, None][:2]
    operands = (scale_positive, scale_negative, offset)
    return {"words": words, "groups": [_group(p, columns, random, corners, operands) for _ in range(GROUPS_PER_LAYER)]}


def _group(
    parameters: NmpuParameters, columns: int, random: np.random.Generator, corners: bool, operands: tuple[Any, Any, Any]
) -> dict[str, Any]:
    """Counts of one group (of one to three tiles where sums are kept) and what must come out."""
    p = parameters
    tiles = int(random.integers(1, 4)) if p.accumulates else 1
    positive = _draw(random, p.count_format, (tiles, columns), corners)
    negative = None if p.signed_input else _draw(random, p.count_format, (tiles, columns), corners)
    shift, relu = int(random.integers(p.shift_min, p.shift_max + 1)), int(random.integers(2))
    if p.accumulates:
        results: Any = accumulate(positive, negative, *operands, shift, relu, p)
    else:
        results = intermediate(positive[0], None if negative is None else negative[0], *operands, shift, relu, p)
    counts = {"count_p": [_pack_counts(tile, p) for tile in positive]}
    if negative is not None:
        counts["count_n"] = [_pack_counts(tile, p) for tile in negative]
    return {
        "shift": shift,
        "relu": relu,
        **counts,
        "data": results.output.tolist(),
        "clipped": results.clipped.astype(int).tolist(),
    }


def _draw(random: np.random.Generator, words: Format, shape: Any, corners: bool) -> NDArray[np.int64]:
    if corners:
        low, high = words.minimum, words.maximum
        return random.choice(np.array([low, min(low + 1, high), 0, max(high - 1, low), high]), shape)
    return random.integers(words.minimum, words.maximum, shape, endpoint=True)


def _pack_counts(counts: NDArray[np.int64], parameters: NmpuParameters) -> str:
    return pack((count, parameters.input_bits) for count in counts)


def pack(fields: Iterable[tuple[Any, int]]) -> str:
    """Words side by side, the first in the low bits, as hexadecimal text."""
    packed = position = 0
    for value, width in fields:
        packed |= (int(value) & ((1 << width) - 1)) << position
        position += width
    return f"{packed:x}"
