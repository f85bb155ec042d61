"""Vectors for the benches of alphabet-set multipliers, their MACs and neurons, and of the exact ones beside them."""

from typing import Any

import numpy as np

from gen.vectors.asm_lanes import (
    Integers,
    input_words,
    random_activations,
    random_traffic,
    random_weights,
)
from sim_models.asm import AsmParameters

SEED = 160208557
COUNT = 2000


def multiplier_vectors(
    parameters: AsmParameters, count: int = COUNT, seed: int = SEED, *, exact: bool = False
) -> dict[str, Any]:
    """Magnitudes of inputs and weights, and their products."""
    p, random = parameters, np.random.default_rng(seed)
    weights = random_weights(p, (count, p.lanes), random, exact=exact)
    x = random.integers(0, p.maximum_input + 1, count)
    x[: count // 8] = p.maximum_input
    width = p.magnitude_bits if exact else p.weight_word_bits - 1
    outputs = {"products": side_by_side(np.abs(weights.values) * x[:, np.newaxis], p.product_bits)}
    if not exact:
        outputs["error"] = weights.refused.any(axis=1).astype(int).tolist()
    inputs = {"x": x.tolist(), "weights": side_by_side(weights.words & (1 << width) - 1, width)}
    return {"inputs": inputs, "outputs": outputs}


def exact_multiplier_vectors(parameters: AsmParameters, count: int = COUNT, seed: int = SEED) -> dict[str, Any]:
    """Those of the exact multipliers: any weight."""
    return multiplier_vectors(parameters, count, seed, exact=True)


def mac_vectors(
    parameters: AsmParameters, count: int = COUNT, seed: int = SEED, *, exact: bool = False
) -> dict[str, Any]:
    """Ports by cycle, and sums and error flag after each."""
    p = parameters
    traffic = random_traffic(p, count, seed, exact=exact)
    weight_bits = 1 + p.magnitude_bits if exact else p.weight_word_bits
    inputs = {
        "x": input_words(traffic.inputs, p, exact=exact).tolist(),
        "weights": side_by_side(traffic.weights.words, weight_bits),
        **{name: getattr(traffic, name).tolist() for name in ("first", "valid", "clear")},
    }
    sums = side_by_side(traffic.sums(p), p.accumulator_width)
    return {"inputs": inputs, "outputs": {"sums": sums, "error": traffic.errors(p).tolist()}}


def exact_mac_vectors(parameters: AsmParameters, count: int = COUNT, seed: int = SEED) -> dict[str, Any]:
    """Those of the exact MAC: any weight, plain words."""
    return mac_vectors(parameters, count, seed, exact=True)


def neuron_vectors(
    parameters: AsmParameters, count: int = COUNT, seed: int = SEED, *, exact: bool = False
) -> dict[str, Any]:
    """Ports by cycle, and word and error flag after each; there is no first word yet."""
    p = parameters
    made = mac_vectors(p, count, seed, exact=exact)
    activations = random_activations(p, count, seed)
    sums = random_traffic(p, count, seed, exact=exact).sums(p)
    words = activations.words(np.concatenate([sums[:1] * 0, sums[:-1]]), p)
    inputs = made["inputs"] | {name: values.tolist() for name, values in vars(activations).items()}
    return {"inputs": inputs, "outputs": {"word": [None, *words[1:].tolist()], "error": made["outputs"]["error"]}}


def exact_neuron_vectors(parameters: AsmParameters, count: int = COUNT, seed: int = SEED) -> dict[str, Any]:
    """Those of the exact neuron: any weight, plain words."""
    return neuron_vectors(parameters, count, seed, exact=True)


def side_by_side(lanes: Integers, width: int) -> list[int]:
    """Words of (T, lanes) in one port, lane 0 in the low bits."""
    places = width * np.arange(lanes.shape[1]).astype(object)
    return ((lanes & (1 << width) - 1).astype(object) << places).sum(axis=1).tolist()
