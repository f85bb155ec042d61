"""Vectors for the half-precision unit and its lane."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.vectors.nmpu import pack
from sim_models.nmpu import LdpuParameters, half_words, ldpu_aggregate, ldpu_cycles, ldpu_process

SEED = 20240212
LANE_COLUMNS = 2000
# Zero, subnormal and normal limits, one, largest, infinity, NaN.
_CORNERS = (0x0000, 0x0001, 0x03FF, 0x0400, 0x3C00, 0x7BFF, 0x7C00, 0x7E00)

Words = NDArray[np.int64]


def lane_vectors(parameters: LdpuParameters) -> dict[str, Any]:
    """Columns for one lane: corner words of both signs, then usual ones; a column an index."""
    random = np.random.default_rng(SEED)
    corners = random.choice(np.array([*_CORNERS, *(word | 0x8000 for word in _CORNERS)]), (3, LANE_COLUMNS // 2))
    slope_p, slope_n, addend = np.concatenate([corners, _usual_words(random, LANE_COLUMNS // 2)], axis=1)
    count_p, count_n = random.integers(0, 1 << parameters.count_bits, (2, LANE_COLUMNS))
    relu = random.integers(0, 2, LANE_COLUMNS)
    result = ldpu_process(count_p, count_n, slope_p, slope_n, addend, relu, parameters)
    operands = {"count_p": count_p, "count_n": count_n, "slope_p": slope_p, "slope_n": slope_n, "addend": addend}
    results = {"value": result.value, "out_data": result.output, "invalid": result.invalid.astype(int)}
    return {
        "inputs": {name: words.tolist() for name, words in {**operands, "relu": relu}.items()},
        "outputs": {name: words.tolist() for name, words in results.items()},
    }


def unit_vectors(parameters: LdpuParameters) -> dict[str, Any]:
    """Layers of one, two and three tiles for the whole unit."""
    random = np.random.default_rng(SEED)
    p = parameters
    words = _usual_words(random, p.columns)
    return {
        "seed": SEED,
        "columns": p.columns,
        "lanes": p.lanes,
        "count_bits": p.count_bits,
        "serial": p.capture == "serial",
        "cycles": ldpu_cycles(p.columns, p),
        "words": words.tolist(),
        "layers": [_layer(p, words, tiles, random) for tiles in (1, 2, 3, 1)],
    }


def _usual_words(random: np.random.Generator, columns: int) -> Words:
    """Slopes and addends as a calibrated layer has them, (3, columns)."""
    return np.stack([half_words(random.uniform(low, high, columns)) for low, high in ((0, 0.3), (0, 0.3), (-20, 20))])


def _layer(parameters: LdpuParameters, words: Words, tiles: int, random: np.random.Generator) -> dict[str, Any]:
    p = parameters
    positive, negative = random.integers(0, 1 << p.count_bits, (2, tiles, p.columns))
    relu = int(random.integers(2))
    slope_p, slope_n = (np.broadcast_to(words[index], positive.shape) for index in (0, 1))
    result = ldpu_aggregate(positive, negative, slope_p, slope_n, words[2], relu, p)
    return {
        "relu": relu,
        "count_p": [_packed(tile, p) for tile in positive],
        "count_n": [_packed(tile, p) for tile in negative],
        "data": result.output.tolist(),
        "invalid": result.invalid.astype(int).tolist(),
    }


def _packed(counts: Words, parameters: LdpuParameters) -> str:
    return pack((count, parameters.count_bits) for count in counts)
