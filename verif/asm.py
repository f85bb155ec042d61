"""Lanes of alphabet-set multipliers in batch: random work, and every product."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from gen.vectors import asm as vectors
from gen.vectors.asm_lanes import Integers, input_words
from sim_models.asm import AsmParameters, supported_inputs, supported_values
from sim_models.asm.coding import encode
from verif.batch import simulate
from verif.integers import as_integers, run_vectors
from verif.packing import pack, unpack

Outputs = dict[str, NDArray[Any]]
Pairs = Iterator[tuple[Outputs, Outputs]]
Work = Callable[[Rtl, AsmParameters, int, int], Pairs]
"""Takes the hardware, its parameters, about how many vectors, a seed; yields what it gave and what it should."""

# Where both operands have 8 bits, all their products are looked at.
_MOST_PRODUCTS = 1 << 18


def vectors_work(
    made: Callable[..., dict[str, Any]], latency: int, rtl: Rtl, p: AsmParameters, count: int, seed: int
) -> Pairs:
    """The outputs for ``made``'s vectors; what is None there is not compared."""
    drawn = made(p, max(2, count), seed)
    widths = {port.name: port.width for port in rtl.ports}
    got = run_vectors(rtl, drawn["inputs"], latency=latency)
    known = {
        name: [place for place, word in enumerate(words) if word is not None]
        for name, words in drawn["outputs"].items()
    }
    expected = {
        name: as_integers([words[place] for place in known[name]], widths[name])
        for name, words in drawn["outputs"].items()
    }
    yield {name: got[name][places] for name, places in known.items()}, expected


def mac_work(rtl: Rtl, p: AsmParameters, count: int, seed: int, *, exact: bool = False) -> Pairs:
    """Random sums; and every product, if there are not too many."""
    made = vectors.exact_mac_vectors if exact else vectors.mac_vectors
    yield from vectors_work(made, 1, rtl, p, count, seed)
    weights, inputs = every_operand(p, exact=exact)
    if len(weights) * len(inputs) <= _MOST_PRODUCTS:
        yield every_product(rtl, p, exact=exact)


def every_operand(p: AsmParameters, *, exact: bool = False) -> tuple[Integers, Integers]:
    """All weights (with ``exact`` those of any magnitude) and all inputs, values of both signs where they have one."""
    magnitudes = np.arange(p.maximum_weight + 1) if exact else supported_values(p)
    inputs = supported_inputs(p)
    signed = np.unique(np.concatenate([-inputs, inputs])) if p.input_signed else inputs
    return np.concatenate([-magnitudes[:0:-1], magnitudes]), signed


def every_product(rtl: Rtl, p: AsmParameters, *, exact: bool = False) -> tuple[Outputs, Outputs]:
    """Sums of one product each, and whether there was an error: all weights, side by side, by all inputs."""
    weights, inputs = every_operand(p, exact=exact)
    rounds = -(-len(weights) // p.lanes)
    lanes = np.resize(weights, (rounds, p.lanes))
    taken = np.repeat(lanes, len(inputs), axis=0)
    x = np.tile(inputs, rounds)
    bits = 1 + p.magnitude_bits if exact else p.weight_word_bits
    words = np.abs(taken) | (taken < 0).astype(np.int64) << p.magnitude_bits if exact else encode(taken, p)
    padded = {"x": np.append(input_words(x, p, exact=exact), 0), "weights": np.append(words, words[-1:], axis=0)}
    got = simulate(rtl, {"x": padded["x"], "weights": pack(padded["weights"], bits), "first": 1, "valid": 1})
    sums = unpack(got["sums"], p.lanes, p.accumulator_width, True)[1:]
    return {"sums": sums, "error": got["error"]}, {
        "sums": taken * x[:, np.newaxis],
        "error": np.zeros(len(x) + 1, np.int64),
    }


WORK: dict[str, Work] = {
    "asm_multiplier": partial(vectors_work, vectors.multiplier_vectors, 0),
    "asm_mac": mac_work,
    "asm_encoded_mac": mac_work,
    "asm_neuron": partial(vectors_work, vectors.neuron_vectors, 1),
    "asm_exact_multiplier": partial(vectors_work, vectors.exact_multiplier_vectors, 0),
    "asm_exact_mac": partial(mac_work, exact=True),
    "asm_exact_neuron": partial(vectors_work, vectors.exact_neuron_vectors, 1),
}
