"""Vectors for strategy A: what lines hold, what converters give, and the products."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.vectors.crossbar_codes import any_codes
from gen.vectors.crossbar_words import word
from hdl.crossbar.isaac_parameters import IsaacParameters
from sim_models.crossbar import conversions, flip_columns, isaac_dot, unit_conversions, weight_slices

SEED = 2201
_CLOCKS = 6_000
_MOST_VECTORS = 24
_MATRICES = 2

Integers = NDArray[np.int64]


def tile_vectors(parameters: IsaacParameters) -> dict[str, Any]:
    """A few vectors by each of two weight matrices: cells by line, flags, products."""
    p, random = parameters, np.random.default_rng(SEED)
    inputs = random.integers(*p.input_range, (_count(p), p.rows), endpoint=True)
    inputs[0], inputs[1] = p.input_range
    return {
        **_schedule(p),
        "rows": p.rows,
        "dac_bits": p.dac_bits,
        "words": [word(vector, p.input_bits) for vector in inputs],
        "matrices": [_matrix(p, inputs, random) for _ in range(_MATRICES)],
    }


def readout_vectors(parameters: IsaacParameters) -> dict[str, Any]:
    """A few vectors: their codes by slice, converter and position, the flags, the products of these codes."""
    p = parameters
    coded = any_codes(p, _count(p), SEED)
    return {
        **_schedule(p),
        "converter_delay": p.converter_delay,
        "codes": (coded.codes & (1 << p.code_bits) - 1).tolist(),
        "flags": coded.flags.tolist(),
        "products": coded.products.tolist(),
    }


def _count(p: IsaacParameters) -> int:
    return max(3, min(_MOST_VECTORS, _CLOCKS // (p.cycles * p.slots_per_cycle)))


def _schedule(p: IsaacParameters) -> dict[str, Any]:
    """What benches must know of the structure."""
    return {
        "slots": p.slots_per_cycle,
        "cycles": p.cycles,
        "interval": max(2, p.cycles),
        "latency": p.cycles + 6,
        "outputs": p.outputs,
        "shares": list(p.shares),
        "lines_per_output": p.lines_per_output,
        "unit_column": p.has_unit_column,
        "conversions": p.outputs * conversions(p) + unit_conversions(p),
        "converter": p.converter,
        "code_bits": p.code_bits,
        "signed_codes": p.signed_samples,
        "limit": (1 << p.converter_bits) - 1,
        "limited": p.adc_bits is not None,
        "sum_bits": p.sum_bits,
        "flip": p.flip_encoding,
    }


def _matrix(p: IsaacParameters, inputs: Integers, random: np.random.Generator) -> dict[str, Any]:
    """Weights as stored: (lines, rows), the difference of cells where those of pairs of lines are converted."""
    weights = random.integers(*p.weight_range, (p.rows, p.outputs), endpoint=True)
    weights[:, 0] = p.weight_range[random.integers(2)]
    cells = weight_slices(weights, p)
    flags = np.zeros((*cells.shape[:2], p.outputs), bool)
    if p.flip_encoding:
        cells, flags = flip_columns(cells, p)
    if p.lines < p.outputs * p.slices * p.polarities:
        cells, flags = cells[:1] - cells[1:], flags[:1]
    return {
        "lines": cells.transpose(3, 0, 1, 2).reshape(p.lines, p.rows).tolist(),
        "flags": flags.transpose(2, 0, 1).reshape(-1).astype(int).tolist(),
        "products": isaac_dot(inputs, weights, p).values.tolist(),
    }
