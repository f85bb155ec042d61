"""How far the products are from the exact ones: over all pairs of significands, drawn ones, and in dot products."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, require_integer
from sim_models.daism.parameters import DaismParameters
from sim_models.daism.product import exact_product, product
from sim_models.daism.words import require_float, split_operand, to_words

SEED = 2305
WIDEST_EXHAUSTIVE = 8
_CHUNK = 1 << 18


@dataclass(frozen=True, kw_only=True)
class ProductError:
    """Errors of products relative to the exact ones, as fractions; pairs with an exact product of 0 have none.

    ``mred``: mean relative distance; ``bias``: mean signed relative error, -``mred`` where no product is too large;
    ``deviation``: standard deviation of the relative error; ``maximum``: largest distance; ``error_rate``: share of
    all ``pairs`` that are not exact; ``nmed``: mean distance over the largest exact product of two operands.
    """

    mred: float
    bias: float
    deviation: float
    maximum: float
    error_rate: float
    nmed: float
    pairs: int


def product_error(
    parameters: DaismParameters, *, samples: int | None = None, seed: int = SEED, exact: bool = False
) -> ProductError:
    """Errors of the kept columns, taken at their place in the product, against the exact full product.

    ``samples`` None: all pairs of operands, for at most 8 significand bits; else that many uniform pairs. ``exact``: of
    the exact product with the same columns dropped. Raises ValueError for wider operands without ``samples``.
    """
    stored, driver = _pairs(parameters, samples, seed)
    array = exact_product if exact else product
    found = array(stored, driver, parameters) << parameters.drop
    return _compare(found, stored * driver, _largest(parameters))


def _pairs(p: DaismParameters, samples: int | None, seed: int) -> tuple[IntArray, IntArray]:
    n = p.significand_bits
    low, high = 1 << n - 1 if p.is_float else 0, 1 << n
    if samples is None:
        if n > WIDEST_EXHAUSTIVE:
            raise ValueError(f"samples must be given for more than {WIDEST_EXHAUSTIVE} significand bits, not None")
        values = np.arange(low, high)
        return np.repeat(values, len(values)), np.tile(values, len(values))
    require_integer("samples", samples, 1, 1 << 24)
    require_integer("seed", seed, 0)
    stored, driver = np.random.default_rng(seed).integers(low, high, (2, samples))
    return stored, driver


def _largest(p: DaismParameters) -> int:
    return ((1 << p.significand_bits) - 1) ** 2


def _compare(found: IntArray, exact: IntArray, largest: int) -> ProductError:
    distance = found - exact
    counted = exact != 0
    relative = distance[counted] / exact[counted]
    return ProductError(
        mred=float(np.abs(relative).mean()),
        bias=float(relative.mean()),
        deviation=float(relative.std()),
        maximum=float(np.abs(relative).max()),
        error_rate=float((distance != 0).mean()),
        nmed=float(np.abs(distance).mean()) / largest,
        pairs=found.size,
    )


@dataclass(frozen=True, kw_only=True)
class DotProductError:
    """What is left of dot products: ``found`` is about ``gain`` times ``exact`` plus noise.

    ``gain``: the best scalar, least squares. ``snr_db``: power of ``gain * exact`` over that of the rest, in decibels.
    ``correlation``: of found and exact sums.
    """

    gain: float
    snr_db: float
    correlation: float


def dot_product_error(
    parameters: DaismParameters, *, length: int = 576, count: int = 4096, seed: int = SEED
) -> DotProductError:
    """Errors of dot products of rectified normal drivers and normal stored operands, products summed exactly.

    The products have all kept columns: nothing is rounded to n bits, nor by an accumulator. Raises ValueError for
    integer operands, a ``length`` below 1 and a ``count`` below 2.
    """
    require_float(parameters)
    require_integer("length", length, 1, 1 << 16)
    require_integer("count", count, 2, 1 << 20)
    require_integer("seed", seed, 0)
    random = np.random.default_rng(seed)
    found, exact = [], []
    step = max(1, _CHUNK // length)
    for first in range(0, count, step):
        shape = (min(step, count - first), length)
        driver = to_words(np.maximum(random.standard_normal(shape), 0), parameters)
        stored = to_words(random.standard_normal(shape), parameters)
        sums = _sums(stored, driver, parameters)
        found.append(sums[0])
        exact.append(sums[1])
    return signal_error(np.concatenate(found), np.concatenate(exact))


def _sums(stored: IntArray, driver: IntArray, p: DaismParameters) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums over the last axis in float64, of products as the array forms them and of exact ones."""
    a, b = split_operand("stored", stored, p), split_operand("driver", driver, p)
    unit = a.exponent + b.exponent - 2 * (p.bias + p.significand_bits - 1)
    scale = np.ldexp(1.0 - 2.0 * (a.sign ^ b.sign), unit)
    significands = product(a.significand, b.significand, p) << p.drop, a.significand * b.significand
    found, exact = ((values * scale).sum(axis=-1) for values in significands)
    return found, exact


def signal_error(found: ArrayLike, exact: ArrayLike) -> DotProductError:
    """Gain, signal-to-noise ratio and correlation of ``found`` against ``exact`` real values of one shape.

    Raises ValueError for different shapes and exact values that are all zero.
    """
    y, reference = np.asarray(found, np.float64).ravel(), np.asarray(exact, np.float64).ravel()
    if y.shape != reference.shape:
        raise ValueError(f"found must have as many values as exact, {reference.size}, not {y.size}")
    power = float(reference @ reference)
    if power == 0:
        raise ValueError("exact must hold a value other than 0, not only zeros")
    gain = float(y @ reference) / power
    noise = float(((y - gain * reference) ** 2).sum())
    snr = 10 * np.log10(gain * gain * power / noise) if noise else np.inf
    return DotProductError(gain=gain, snr_db=float(snr), correlation=float(np.corrcoef(y, reference)[0, 1]))


def output_gain(found: ArrayLike, exact: ArrayLike) -> NDArray[np.float64]:
    """The best scalar of each column of (samples, channels) values, 1 where ``exact`` is all zero.

    Dividing a layer's outputs by these gains, or folding them into its scale, removes the constant part of the error.
    Raises ValueError for arrays of different shapes.
    """
    y, reference = np.asarray(found, np.float64), np.asarray(exact, np.float64)
    if y.shape != reference.shape or y.ndim != 2:
        raise ValueError(f"found must be a matrix of the shape of exact, {reference.shape}, not {y.shape}")
    power = (reference * reference).sum(axis=0)
    return np.divide((y * reference).sum(axis=0), power, out=np.ones(power.shape), where=power != 0)
