"""Vectors for the floating-point blocks: every pair of corner words, and random words."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.floats import ConversionParameters, FloatParameters
from sim_models.arith import (
    FloatFormat,
    float_add,
    float_fused,
    float_multiply,
    float_to_signed,
    signed_to_float,
    unsigned_to_float,
)

SEED = 754
COUNT = 1000

Words = NDArray[np.int64]


def float_multiply_vectors(parameters: FloatParameters, count: int = COUNT, seed: int = SEED) -> dict[str, Any]:
    """Products."""
    return _two_operands(parameters, float_multiply, count, seed)


def float_add_vectors(parameters: FloatParameters, count: int = COUNT, seed: int = SEED) -> dict[str, Any]:
    """Sums."""
    return _two_operands(parameters, float_add, count, seed)


def float_fused_vectors(parameters: FloatParameters, count: int = COUNT, seed: int = SEED) -> dict[str, Any]:
    """Products plus an addend."""
    a, b = _operand_pairs(parameters.format, count, seed)
    c = _addends(float_multiply(a, b, parameters.format), parameters.format, np.random.default_rng(seed + 1), a)
    result = float_fused(a, b, c, parameters.format, flush_to_zero=parameters.flush_to_zero)
    return _vectors({"a": a, "b": b, "c": c}, {"result": result})


def unsigned_to_float_vectors(parameters: ConversionParameters, count: int = COUNT, seed: int = SEED) -> dict[str, Any]:
    """Floats of unsigned integers."""
    values = _integers(0, (1 << parameters.width) - 1, count, seed)
    return _vectors({"value": values}, {"result": unsigned_to_float(values, parameters.format)})


def signed_to_float_vectors(parameters: ConversionParameters, count: int = COUNT, seed: int = SEED) -> dict[str, Any]:
    """Floats of two's complement integers."""
    values = _integers(-(1 << (parameters.width - 1)), (1 << (parameters.width - 1)) - 1, count, seed)
    return _vectors({"value": values}, {"result": signed_to_float(values, parameters.format)})


def float_to_signed_vectors(parameters: ConversionParameters, count: int = COUNT, seed: int = SEED) -> dict[str, Any]:
    """Clamped integers of floats."""
    words, _ = _operand_pairs(parameters.format, count, seed)
    values, invalid = float_to_signed(words, parameters.width, parameters.format)
    return _vectors({"value": words}, {"result": values, "invalid": invalid.astype(np.int64)})


def _two_operands(
    parameters: FloatParameters, operation: Callable[..., Words], count: int, seed: int
) -> dict[str, Any]:
    a, b = _operand_pairs(parameters.format, count, seed)
    return _vectors(
        {"a": a, "b": b}, {"result": operation(a, b, parameters.format, flush_to_zero=parameters.flush_to_zero)}
    )


def _addends(products: Words, fmt: FloatFormat, random: np.random.Generator, words: Words) -> Words:
    """Some of ``words``; some that all but cancel their product; some with one fraction bit at any distance from it."""
    near = products ^ fmt.sign_mask ^ random.integers(0, 4, len(products))
    reach = 2 * fmt.significand_bits + 2
    moved = (products >> fmt.fraction_bits) + random.integers(-reach, reach + 1, len(products))
    exponents = (moved & 2 * fmt.maximum_exponent_field + 1) << fmt.fraction_bits
    distant = exponents | 1 << random.integers(0, fmt.fraction_bits, len(products))
    return np.choose(random.integers(0, 3, len(products)), [near, distant, random.permutation(words)])


def _operand_pairs(fmt: FloatFormat, count: int, seed: int) -> tuple[Words, Words]:
    """Every pair of corners, and random words, half of them with two fraction bits: their products meet ties."""
    corners = _corners(fmt)
    first, second = (grid.ravel() for grid in np.meshgrid(corners, corners))
    random = np.random.default_rng(seed)
    words = random.integers(0, 1 << fmt.width, (2, count))
    places = random.integers(0, fmt.fraction_bits, (2, 2, count))
    fraction = (1 << fmt.fraction_bits) - 1
    few = words & ~fraction | (1 << places[0]) | (1 << places[1])
    words = np.where(random.integers(0, 2, (2, count)) == 0, few, words)
    return np.concatenate([first, words[0]]), np.concatenate([second, words[1]])


def _corners(fmt: FloatFormat) -> Words:
    """Zero, subnormal and normal limits, one and its neighbours, infinity and NaN, of both signs."""
    one = fmt.bias << fmt.fraction_bits
    least_normal = 1 << fmt.fraction_bits
    positive = [0, 1, least_normal - 1, least_normal, one - 1, one, one + 1, fmt.infinity - 1, fmt.infinity, fmt.nan]
    return np.array(positive + [word | fmt.sign_mask for word in positive], dtype=np.int64)


def _integers(low: int, high: int, count: int, seed: int) -> Words:
    if high - low < 4 * count:
        return np.arange(low, high + 1)
    random = np.random.default_rng(seed).integers(low, high, count, endpoint=True)
    return np.concatenate([[low, low + 1, -1 if low else 0, 0, 1, high - 1, high], random])


def _vectors(inputs: dict[str, Words], outputs: dict[str, Words]) -> dict[str, Any]:
    return {
        "inputs": {name: words.tolist() for name, words in inputs.items()},
        "outputs": {name: words.tolist() for name, words in outputs.items()},
    }
