"""Vectors for the exact integer multiplier and multiply-accumulate: all operands if few, else corners and random."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim_models.arith import (
    IntegerFormat,
    MultiplyAccumulateParameters,
    MultiplyParameters,
    integer_multiply,
    multiply_accumulate,
)

SEED = 1961
COUNT = 2000
_DRAW_BITS = 62

Words = NDArray[Any]


def integer_multiply_vectors(parameters: MultiplyParameters, count: int = COUNT, seed: int = SEED) -> dict[str, Any]:
    """Products: of every pair of operands if there are at most ``count``, else of corners and random words."""
    p = parameters
    if 1 << (p.a_width + p.b_width) <= count:
        a, b = _pairs(_every_word(p.a), _every_word(p.b))
    else:
        random = np.random.default_rng(seed)
        corners = _pairs(_corners(p.a), _corners(p.b))
        a, b = (
            np.concatenate([corner, _random_words(form, count, random)])
            for corner, form in zip(corners, (p.a, p.b), strict=True)
        )
    products = integer_multiply(a, b, p)
    return {"inputs": {"a": a.tolist(), "b": b.tolist()}, "outputs": {"product": products.tolist()}}


def multiply_accumulate_vectors(
    parameters: MultiplyAccumulateParameters, count: int = COUNT, seed: int = SEED
) -> dict[str, Any]:
    """Sums of random length, with pauses; every fourth sum is of one pair of corner words, again and again."""
    p, random = parameters, np.random.default_rng(seed)
    lengths = random.integers(1, 40, count)
    first = np.zeros(count, np.int64)
    first[np.minimum(np.concatenate([[0], np.cumsum(lengths)]), count - 1)] = 1
    enable = (random.random(count) < 0.8).astype(np.int64) | first
    # A start without enable is none.
    first |= (random.random(count) < 0.1) & (enable == 0)
    run = np.cumsum(first & enable)
    words = {name: _run_words(form, run, random) for name, form in (("a", p.a), ("b", p.b))}
    sums = multiply_accumulate(words["a"], words["b"], first, enable, p)
    inputs = {**words, "first": first, "enable": enable}
    return {
        "inputs": {name: values.tolist() for name, values in inputs.items()},
        "outputs": {"accumulator": sums.tolist()},
    }


def _run_words(form: IntegerFormat, run: NDArray[np.int64], random: np.random.Generator) -> Words:
    """A word a cycle; in every fourth run the same corner throughout."""
    corners = _corners(form)
    steady = corners[random.integers(0, len(corners), int(run[-1]) + 1)]
    return np.where(run % 4 == 0, steady[run], _random_words(form, len(run), random))


def _every_word(form: IntegerFormat) -> Words:
    return np.arange(form.minimum, form.maximum + 1)


def _corners(form: IntegerFormat) -> Words:
    """Zero, one, the extremes and their neighbours, and the smallest and largest magnitudes under a sign."""
    middle = 1 << (form.width - 1)
    near = {form.minimum, form.minimum + 1, -1, 0, 1, middle - 1, middle, middle + 1, form.maximum - 1, form.maximum}
    chosen = sorted(word for word in near if form.minimum <= word <= form.maximum)
    return np.array(chosen, dtype=_kind(form))


def _random_words(form: IntegerFormat, count: int, random: np.random.Generator) -> Words:
    if form.width <= _DRAW_BITS:
        return random.integers(form.minimum, form.maximum, count, endpoint=True)
    high, low = random.integers(0, 1 << 32, (2, count)).astype(object)
    return ((high << 32 | low) & ((1 << form.width) - 1)) + form.minimum


def _pairs(first: Words, second: Words) -> tuple[Words, Words]:
    one, other = (grid.ravel() for grid in np.meshgrid(first, second))
    return one, other


def _kind(form: IntegerFormat) -> type:
    return np.int64 if form.width <= _DRAW_BITS else object
