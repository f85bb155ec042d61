"""Products by alphabet sets, and sums of them: exact for supported weights, which alone are taken."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, integers, require_instance
from sim_models.asm.coding import require_inputs
from sim_models.asm.control import ALPHABET, SHIFT, require_supported
from sim_models.asm.parameters import QUARTET_BITS, AsmParameters

_SINGLE_EXACT = 1 << 24
"""Integers of a smaller magnitude are exact in float32; `MAXIMUM_SIZE` keeps all sums exact in float64."""


def product(weights: ArrayLike, inputs: ArrayLike, parameters: AsmParameters) -> IntArray:
    """Signed products, int64, of supported signed ``weights`` and ``inputs``, which broadcast.

    Made as the hardware does: of every quartet of the weight, its alphabet times the input, shifted and put in place.
    Raises ValueError for operands that are no integers, out of range or do not broadcast, for weights whose magnitude
    is not supported, negative inputs without ``input_signed``, and unsupported inputs with ``encode_inputs``.

    Source: the alphabet-set multiplier of arXiv 1602.08557.
    """
    p = parameters
    x = require_inputs("inputs", inputs, p)
    w = integers("weights", weights, -p.maximum_weight, p.maximum_weight)
    require_supported("weights", np.abs(w), p.alphabets, p.magnitude_bits)
    try:
        shape = np.broadcast_shapes(w.shape, x.shape)
    except ValueError:
        raise ValueError(f"inputs must broadcast with weights of shape {w.shape}, not be of shape {x.shape}") from None
    magnitudes, factors, total = np.abs(w), np.abs(x), np.zeros(shape, np.int64)
    alphabets, shifts = np.array(ALPHABET, np.int64), np.array(SHIFT, np.int64)
    for place in range(p.quartets):
        quartets = magnitudes >> QUARTET_BITS * place & 15
        total += (alphabets[quartets] * factors << shifts[quartets]) << QUARTET_BITS * place
    return np.where((w < 0) ^ (x < 0), -total, total)


def matmul(x: ArrayLike, w: ArrayLike, parameters: AsmParameters | Sequence[AsmParameters]) -> IntArray:
    """Accumulated sums ``x @ w``, int64 (..., N), of inputs ``x`` (..., K) and supported signed weights ``w`` (K, N).

    ``parameters``: one of all outputs, or N of them that differ in ``alphabets`` only; encoded inputs must then be
    supported by each of the sets. Exact, as no sum leaves ``needed_accumulator_bits``.

    Raises ValueError for operands as in `product`, shapes that do not match, empty dimensions, K longer than
    ``reduction_length``, and a sequence of another length or of parameters that differ in more.
    """
    weights = integers("w", w)
    if weights.ndim != 2 or 0 in weights.shape:
        raise ValueError(f"w must be a matrix with no dimension of zero, not of shape {weights.shape}")
    columns = _columns_by_parameters(parameters, weights.shape[1])
    inputs = integers("x", x)
    for p, chosen in columns.items():
        require_inputs("x", inputs, p)
        own = integers("w", weights[:, chosen], -p.maximum_weight, p.maximum_weight)
        require_supported("w", np.abs(own), p.alphabets, p.magnitude_bits)
    _require_shapes(inputs, weights, p)
    reach = int(np.abs(weights).sum(axis=0).max()) * max(int(inputs.max()), -int(inputs.min()))  # of any partial sum
    kind = np.float32 if reach < _SINGLE_EXACT else np.float64
    return (inputs.astype(kind) @ weights.astype(kind)).astype(np.int64)


def _columns_by_parameters(
    parameters: AsmParameters | Sequence[AsmParameters], outputs: int
) -> dict[AsmParameters, list[int]]:
    if isinstance(parameters, AsmParameters):
        return {parameters: list(range(outputs))}
    require_instance("parameters", parameters, Sequence)
    if len(parameters) != outputs:
        raise ValueError(f"parameters must be one or {outputs}, one per output, not {len(parameters)}")
    columns: dict[AsmParameters, list[int]] = {}
    for output, p in enumerate(parameters):
        require_instance("parameters", p, AsmParameters)
        columns.setdefault(p, []).append(output)
    first, *others = columns
    for other in others:
        if not _differ_in_alphabets_only(first, other):
            raise ValueError("parameters must differ in alphabets only, not in other fields")
    return columns


def _differ_in_alphabets_only(one: AsmParameters, other: AsmParameters) -> bool:
    try:
        return replace(one, alphabets=other.alphabets) == other
    except ValueError:  # fields of one that do not go with the other's set: the other has other fields
        return False


def _require_shapes(inputs: IntArray, weights: IntArray, p: AsmParameters) -> None:
    length = len(weights)
    if inputs.ndim == 0 or 0 in inputs.shape:
        raise ValueError(f"x must be an array with no dimension of zero, not of shape {inputs.shape}")
    if inputs.shape[-1] != length:
        raise ValueError(f"w must have as many rows as x has columns, {inputs.shape[-1]}, not {length}")
    if length > p.reduction_length:
        raise ValueError(f"w must have at most reduction_length = {p.reduction_length} rows, not {length}")
