"""Workloads of alphabet-set lanes: dot products of normal weights on the grid and of rectified normal inputs."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gen.vectors.asm_lanes import Activations, Traffic, Weights, input_words
from sim_models.asm import AsmParameters
from sim_models.asm.coding import encode, round_inputs
from sim_models.asm.rounding import round_weights
from verif.checks_form import require_equal
from verif.packing import pack
from verif.workloads_form import SEED, Integers, Workload

_CYCLES = 1024
_TERMS = 64
_DEVIATIONS = 3  # of a normal distribution, from zero to the largest magnitude


def multiply(parameters: AsmParameters, *, exact: bool = False) -> Workload:
    """A product in each lane, one after the other; the first is where the second comes from."""
    p, traffic = parameters, _traffic(parameters, exact)
    width = p.magnitude_bits if exact else p.weight_word_bits - 1
    sizes = np.abs(traffic.inputs)
    products = np.abs(traffic.weights.values) * sizes[:, np.newaxis]
    expected = {"products": pack(products, p.product_bits)}
    return Workload(
        action=f"one product in each of {p.lanes} lanes",
        operations=_CYCLES - 1,
        window=slice(1, _CYCLES),
        inputs={"x": sizes, "weights": pack(traffic.weights.words & (1 << width) - 1, width)},
        check=lambda got: require_equal(got, expected, SEED),
    )


def accumulate(parameters: AsmParameters, *, exact: bool = False) -> Workload:
    """Dot products, a term a cycle."""
    p, traffic = parameters, _traffic(parameters, exact)
    expected = {"sums": pack(traffic.sums(p)[:-1], p.accumulator_width)}
    return Workload(
        action=f"one multiply-accumulate in each of {p.lanes} lanes",
        operations=_CYCLES - 1,
        window=slice(1, _CYCLES),
        inputs=_mac_inputs(p, traffic, exact),
        check=lambda got: require_equal({"sums": got["sums"][1:]}, expected, SEED),
    )


def activate(parameters: AsmParameters, *, exact: bool = False) -> Workload:
    """Dot products, and the word of each lane's sum when it is done: the last lanes' first terms of the next sums.

    A sum is seen a cycle after its term, its word another cycle later.
    """
    p, traffic = parameters, _traffic(parameters, exact)
    shift = np.full(_CYCLES, p.magnitude_bits)
    activations = Activations(
        lane=np.arange(_CYCLES) // _terms(p) % p.lanes, shift=shift, relu=np.ones(_CYCLES, np.int64)
    )
    words = activations.words(np.roll(traffic.sums(p), 1, axis=0), p)[1:-1]
    return Workload(
        action=f"one multiply-accumulate in each of {p.lanes} lanes",
        operations=_CYCLES - 2,
        window=slice(2, _CYCLES),
        inputs=_mac_inputs(p, traffic, exact) | vars(activations),
        check=lambda got: require_equal({"word": got["word"][2:]}, {"word": words}, SEED),
    )


def _mac_inputs(p: AsmParameters, traffic: Traffic, exact: bool) -> dict[str, Any]:
    return {
        "x": input_words(traffic.inputs, p, exact=exact),
        "weights": pack(traffic.weights.words, 1 + p.magnitude_bits if exact else p.weight_word_bits),
        "first": traffic.first,
        "valid": traffic.valid,
    }


def _traffic(p: AsmParameters, exact: bool) -> Traffic:
    """The same drawn operands for all sets; each rounds them to its own grid, the exact ones not at all."""
    random = np.random.default_rng(SEED)
    drawn = _integers(random.normal(size=(_CYCLES, p.lanes)), p.maximum_weight)
    inputs = _integers(random.normal(size=_CYCLES), p.maximum_input)
    inputs = inputs if p.input_signed else np.maximum(inputs, 0)
    values = drawn if exact else np.sign(drawn) * round_weights(np.abs(drawn), p)
    words = np.abs(drawn) | (drawn < 0).astype(np.int64) << p.magnitude_bits if exact else encode(values, p)
    weights = Weights(words=words, values=values, refused=np.zeros(values.shape, np.bool_))
    ones = np.ones(_CYCLES, np.int64)
    first = (np.arange(_CYCLES) % _terms(p) == 0).astype(np.int64)
    taken = round_inputs(inputs, p) if p.encode_inputs else inputs
    return Traffic(inputs=taken, weights=weights, first=first, valid=ones, clear=0 * ones)


def _terms(p: AsmParameters) -> int:
    return min(_TERMS, p.reduction_length)


def _integers(values: Any, largest: int) -> Integers:
    scaled = np.rint(values * largest / _DEVIATIONS).astype(np.int64)
    return np.clip(scaled, -largest, largest)


WORKLOADS: dict[str, Callable[[Any], Workload]] = {
    "asm_multiplier": multiply,
    "asm_mac": accumulate,
    "asm_encoded_mac": accumulate,
    "asm_neuron": activate,
    "asm_exact_multiplier": partial(multiply, exact=True),
    "asm_exact_mac": partial(accumulate, exact=True),
    "asm_exact_neuron": partial(activate, exact=True),
}
