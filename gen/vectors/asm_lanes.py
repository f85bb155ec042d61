"""Random work for lanes of alphabet-set multipliers, and what the models make of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_models.asm import AsmParameters, supported_inputs, supported_quartets, supported_values
from sim_models.asm.coding import REFUSED, code_values, encode, encode_inputs, round_inputs
from sim_models.asm.multiply import product
from sim_models.asm.parameters import QUARTET_BITS
from sim_models.asm.requantize import maximum_shift, requantize

Integers = NDArray[np.int64]
_LONGEST_SUM = 40
_UNSUPPORTED = 0.02


@dataclass(frozen=True, kw_only=True, eq=False)
class Weights:
    """Stored words, the values that hardware takes them for, and whether it must refuse them; of one shape."""

    words: Integers
    values: Integers
    refused: NDArray[np.bool_]


def random_weights(p: AsmParameters, shape: tuple[int, ...], random: np.random.Generator, *, exact: bool) -> Weights:
    """Supported weights, the largest and both zeros often; a few unsupported words where they are refused.

    With ``exact`` any word of sign and magnitude.
    """
    grid = np.arange(p.maximum_weight + 1) if exact else supported_values(p)
    magnitudes = _with_corners(grid, shape, random)
    signs = random.integers(0, 2, shape)
    width = p.magnitude_bits if exact else p.weight_word_bits - 1
    bodies = magnitudes if exact else encode(magnitudes, p)
    if not exact and p.unsupported == "refuse":
        bodies = np.where(random.random(shape) < _UNSUPPORTED, random.integers(0, 1 << width, shape), bodies)
    values, refused = (bodies, np.zeros(shape, np.bool_)) if exact else taken_magnitudes(bodies, p)
    return Weights(words=bodies | signs << width, values=np.where(signs == 1, -values, values), refused=refused)


def taken_magnitudes(bodies: Integers, p: AsmParameters) -> tuple[Integers, NDArray[np.bool_]]:
    """Magnitudes of stored words without sign, unsupported quartets 0; and whether there is one."""
    width = p.code_bits if p.encode_weights else QUARTET_BITS
    total, refused = np.zeros_like(bodies), np.zeros(bodies.shape, np.bool_)
    for place in range(p.quartets):
        quartets = np.array(_quartet_values(p, place), np.int64)[bodies >> width * place & (1 << width) - 1]
        refused |= quartets == REFUSED
        total += np.maximum(quartets, 0) << QUARTET_BITS * place
    return total, refused


def _quartet_values(p: AsmParameters, place: int) -> tuple[int, ...]:
    if p.encode_weights:
        return code_values(p, place)
    supported = supported_quartets(p, place)
    return tuple(word if word in supported else REFUSED for word in range(1 << QUARTET_BITS))


def random_inputs(p: AsmParameters, shape: tuple[int, ...], random: np.random.Generator) -> Integers:
    """Input values, the largest and zero often; half of them negative if inputs are signed."""
    magnitudes = _with_corners(supported_inputs(p), shape, random)
    return np.where(random.random(shape) < 1 / 2, -magnitudes, magnitudes) if p.input_signed else magnitudes


def _with_corners(choices: Integers, shape: tuple[int, ...], random: np.random.Generator) -> Integers:
    corners = random.choice(choices[[0, -1]], shape)
    return np.where(random.random(shape) < 1 / 8, corners, random.choice(choices, shape))


@dataclass(frozen=True, kw_only=True, eq=False)
class Traffic:
    """What a MAC gets by cycle: values of the input (T,), weights (T, lanes), and its other ports (T,).

    The first cycle starts a sum; no sum is longer than ``reduction_length`` products.
    """

    inputs: Integers
    weights: Weights
    first: Integers
    valid: Integers
    clear: Integers

    def sums(self, p: AsmParameters) -> Integers:
        """The sums after each cycle, (T, lanes)."""
        products = np.where(self.valid, self._products(p).T, 0).T
        running = np.cumsum(products, axis=0)
        starts = (self.first & self.valid) == 1
        latest = np.maximum.accumulate(np.where(starts, np.arange(len(starts)), 0))
        return running - (running - products)[latest]

    def _products(self, p: AsmParameters) -> Integers:
        if np.isin(np.abs(self.weights.values), supported_values(p)).all():
            return product(self.weights.values, self.inputs[:, np.newaxis], p)
        return self.weights.values * self.inputs[:, np.newaxis]

    def errors(self, p: AsmParameters) -> Integers:
        """The error flag after each cycle."""
        place = np.arange(len(self.valid))
        wrong = self.weights.refused.any(axis=1) & (self.valid == 1) & (p.unsupported == "refuse")
        latest_error = np.maximum.accumulate(np.where(wrong, place, -1))
        latest_clear = np.maximum.accumulate(np.where(self.clear == 1, place, -1))
        return ((latest_error >= latest_clear) & (latest_error >= 0)).astype(np.int64)


def random_traffic(p: AsmParameters, count: int, seed: int, *, exact: bool = False) -> Traffic:
    """Sums of random length, with pauses; first one of ``reduction_length`` largest products if there is room."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, min(_LONGEST_SUM, p.reduction_length) + 1, count)
    lengths[0] = min(p.reduction_length, count // 2)
    first = np.zeros(count + 1, np.int64)
    first[np.minimum(np.concatenate([[0], np.cumsum(lengths)]), count)] = 1
    first = first[:-1]
    valid = (random.random(count) < 0.8).astype(np.int64) | first
    valid[: lengths[0]] = 1
    # A start without valid is none.
    first |= (random.random(count) < 0.1) & (valid == 0)
    weights = random_weights(p, (count, p.lanes), random, exact=exact)
    inputs = random_inputs(p, (count,), random)
    _take_largest(p, weights, inputs, slice(0, lengths[0]), exact)
    clear = (random.random(count) < 0.05).astype(np.int64)
    return Traffic(inputs=inputs, weights=weights, first=first, valid=valid, clear=clear)


def _take_largest(p: AsmParameters, weights: Weights, inputs: Integers, chosen: slice, exact: bool) -> None:
    """In the cycles ``chosen`` the largest products, negative in every second lane."""
    largest = p.maximum_weight if exact else int(supported_values(p)[-1])
    width = p.magnitude_bits if exact else p.weight_word_bits - 1
    body = largest if exact else int(encode(largest, p))
    negative = np.arange(p.lanes) % 2
    weights.words[chosen], weights.values[chosen] = body | negative << width, largest * (1 - 2 * negative)
    weights.refused[chosen] = False
    inputs[chosen] = supported_inputs(p)[-1]


def input_words(values: Integers, p: AsmParameters, *, exact: bool) -> Integers:
    """Input words; plain ones with ``exact``."""
    if not exact:
        return encode_inputs(values, p)
    return np.abs(values) | (values < 0).astype(np.int64) << p.input_bits


@dataclass(frozen=True, kw_only=True, eq=False)
class Activations:
    """What a neuron's activation gets by cycle, (T,) each."""

    lane: Integers
    shift: Integers
    relu: Integers

    def words(self, sums: Integers, p: AsmParameters) -> Integers:
        """The words that follow from ``sums`` (T, lanes), which the registers hold in the same cycles."""
        chosen = np.take_along_axis(sums, self.lane[:, np.newaxis], axis=1)[:, 0]
        values = requantize(chosen, 1, 0, self.shift, self.relu, p)
        return encode_inputs(round_inputs(values, p) if p.encode_inputs else values, p)


def random_activations(p: AsmParameters, count: int, seed: int) -> Activations:
    """Any lane, any shift, most of them such that results are within the range of inputs or about it."""
    random = np.random.default_rng(seed + 1)
    usual = random.integers(p.magnitude_bits - 2, p.magnitude_bits + 5, count)
    shift = np.where(random.random(count) < 1 / 8, random.integers(0, maximum_shift(p) + 1, count), usual)
    return Activations(
        lane=random.integers(0, p.lanes, count), shift=np.clip(shift, 0, maximum_shift(p)),
        relu=random.integers(0, 2, count),
    )  # fmt: skip
