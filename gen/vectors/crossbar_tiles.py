"""Vectors for tiles of strategies B and C: what lines hold, what converters give, and the results."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.vectors.crossbar_schedule import always, expected
from gen.vectors.crossbar_words import word
from hdl.crossbar import CascadeParameters, NeuralPimParameters
from hdl.crossbar.requirements import SAR
from sim_models.crossbar import (
    IDEAL,
    ErrorHooks,
    conversions,
    initiation_interval,
    latency,
    layer,
    range_registers,
    read_out,
    weight_slices,
)
from sim_models.crossbar.digitise import rounded

SEED = 2201
_CLOCKS = 6000
_MOST_VECTORS = 24
_BLOCKS = 3

Integers = NDArray[np.int64]


def neural_pim_vectors(parameters: NeuralPimParameters) -> dict[str, Any]:
    """A few vectors as row blocks of a layer, one or `_BLOCKS` of each result, whose blocks have one matrix."""
    p, random = parameters, np.random.default_rng(SEED)
    inputs, weights = _drawn(p, random)
    count = len(inputs) // _BLOCKS * _BLOCKS
    blocks = inputs[:count].reshape(-1, _BLOCKS * p.rows)
    registers = range_registers(p)
    return {
        **_schedule(p, inputs),
        "range": [p.code_maximum, registers.range_mult, registers.range_shift],
        "weights": weights.T.tolist(),
        "results": read_out(inputs, weights, p).values.tolist(),
        "saturated": saturations(p, inputs, weights),
        "blocks": _BLOCKS,
        "block_results": layer(blocks, np.tile(weights, (_BLOCKS, 1)), p).values.tolist(),
    }


def cascade_vectors(parameters: CascadeParameters) -> dict[str, Any]:
    """A few vectors, the cells of a matrix, and products as the converters' limits and the cells leave them."""
    p, random = parameters, np.random.default_rng(SEED)
    inputs, weights = _drawn(p, random)
    adc_bits = p.code_shape.width - p.signed_samples
    found = read_out(inputs, weights, replace(p, adc_bits=adc_bits))
    return {
        **_schedule(p, inputs),
        "cells": weight_slices(weights, p).transpose(3, 0, 1, 2).tolist(),
        "places": list(p.significances),
        "carry": p.carry_columns,
        "slice_places": [[p.significance(t, s) for s in range(p.slices)] for t in range(p.cycles)],
        "line_limit": p.line_bound,
        "line_maximum": p.line_maximum,
        "cell_levels": None if p.buffer_cell_bits is None else (1 << p.buffer_cell_bits) - 1,
        "results": found.values.tolist(),
        "saturated": saturations(p, inputs, weights),
    }


def saturations(parameters: CascadeParameters | NeuralPimParameters, inputs: Integers, weights: Integers) -> int:
    """Conversions of vectors that the tile counts as saturated: beyond the range; of registers that search, at its end.

    Those of strategy B that search a range in which all samples are count none.
    """
    p, at_end = parameters, 0
    limit = (1 << p.code_bits - p.signed_samples) - 1

    def count(samples: NDArray[Any]) -> NDArray[Any]:
        nonlocal at_end
        at_end += int((np.abs(rounded(samples)) >= limit).sum())
        return samples

    counted = p.converter == SAR and isinstance(p, CascadeParameters)
    found = read_out(inputs, weights, p, hooks=ErrorHooks(converter=count) if counted else IDEAL)
    if p.converter != SAR:
        return found.record.saturations
    if isinstance(p, NeuralPimParameters):
        return int((np.abs(found.values) >= limit).sum())
    return at_end if p.adc_bits is not None else 0


def _drawn(p: CascadeParameters | NeuralPimParameters, random: np.random.Generator) -> tuple[Integers, Integers]:
    """Vectors and weights at random, and some at the ends of their ranges."""
    count = max(6, min(_MOST_VECTORS, _CLOCKS // (p.cycles * p.slots_per_cycle)))
    inputs = random.integers(*p.input_range, (count, p.rows), endpoint=True)
    weights = random.integers(*p.weight_range, (p.rows, p.outputs), endpoint=True)
    inputs[0], inputs[1] = p.input_range
    weights[:, 0] = p.weight_range[1]
    return inputs, weights


def _schedule(p: CascadeParameters | NeuralPimParameters, inputs: Integers) -> dict[str, Any]:
    """What benches must know of the structure, and cycles since the first vector was taken, at full rate."""
    interval = initiation_interval(p)
    clocks = (p.clear_cycles + latency(p) + (len(inputs) + 1) * interval) * p.slots_per_cycle
    seen = expected(p, always(p, clocks))
    taken, given = (np.flatnonzero(seen[name])[: len(inputs)] for name in ("load", "done"))
    stalls = {} if isinstance(p, NeuralPimParameters) else {"stalls": int(seen["stall_count"][taken[-1]])}
    return {
        **stalls,
        "taken": (taken - taken[0]).tolist(),
        "given": (given - taken[0]).tolist(),
        "latency": latency(p),
        "words": [word(vector, p.input_bits) for vector in inputs],
        "rows": p.rows,
        "dac_bits": p.dac_bits,
        "input_bits": p.input_bits,
        "slots": p.slots_per_cycle,
        "cycles": p.cycles,
        "interval": interval,
        "outputs": p.outputs,
        "converters": p.converters,
        "code_bits": p.code_bits,
        "code_signed": p.signed_samples,
        "converter": p.converter,
        "limit": (1 << p.code_bits - p.signed_samples) - 1,
        "limited": isinstance(p, NeuralPimParameters) or p.adc_bits is not None,
        "product_bits": p.product_bits,
        "conversions": p.outputs * conversions(p),
    }
