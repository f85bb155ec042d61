"""Accuracy of the digits networks by alphabets, width and way of training, as the exported integers have it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from flow.asm.architectures import NETWORKS
from flow.asm.inference import correct_images, infer
from flow.asm.sources import code
from flow.digits.data import PIXEL_MAXIMUM, load
from flow.results import read_entry, write_entry
from gen.cache import content_key
from sim_models.arith.checking import require_choice, require_integer
from sim_models.asm import AsmParameters

if TYPE_CHECKING:
    from flow.asm.constrained import Weights
    from flow.asm.sequence import AsmSequence

ROUNDED, RETRAINED, FROM_SCRATCH = "rounded", "retrained", "from scratch"
METHODS = (ROUNDED, RETRAINED, FROM_SCRATCH)
"""A network trained without constraints and rounded to the grid; retrained on it; trained on it from its first step."""
ALL = (1, 3, 5, 7, 9, 11, 13, 15)
SETS = ((1,), (1, 3), (1, 3, 5, 7), ALL)
WIDTHS = (4, 8, 12)
SEEDS = (1, 2, 3)
_CACHE = "asm_training"
Step = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class AccuracyRow:
    """``correct`` of ``images`` test images for each of ``seeds``; weights and inputs have ``bits`` bits.

    ``coded``: activations lie on the alphabets' grid too.
    """

    network: str
    bits: int
    alphabets: tuple[int, ...]
    coded: bool
    method: str
    seeds: tuple[int, ...]
    correct: tuple[int, ...]
    images: int

    @property
    def accuracy(self) -> float:
        """Mean share of correct images."""
        return mean(self.correct) / self.images


def accuracy_table(
    networks: Sequence[str] = tuple(NETWORKS),
    widths: Sequence[int] = WIDTHS,
    sets: Sequence[tuple[int, ...]] = SETS,
    methods: Sequence[str] = METHODS,
    seeds: Sequence[int] = SEEDS,
    *,
    coded: bool = False,
    step: Step = lambda _: None,
) -> tuple[AccuracyRow, ...]:
    """A row for every network, width, set and method, each training kept in the cache by all that it depends on.

    Raises ValueError for unknown names, widths and sets, and for seeds below 0; ToolMissing without PyTorch.
    """
    for name in networks:
        require_choice("network", name, tuple(NETWORKS))
    for method in methods:
        require_choice("method", method, METHODS)
    if not seeds:
        raise ValueError("seeds must be one at least, not none")
    return tuple(
        _row(name, _parameters(alphabets, bits, coded), method, tuple(seeds), step)
        for name in networks
        for bits in widths
        for alphabets in sets
        for method in methods
    )


def _parameters(alphabets: tuple[int, ...], bits: int, coded: bool) -> AsmParameters:
    return AsmParameters(alphabets=alphabets, weight_bits=bits, input_bits=bits, encode_inputs=coded)


def _row(name: str, p: AsmParameters, method: str, seeds: tuple[int, ...], step: Step) -> AccuracyRow:
    results = [_result(name, p, method, seed, step) for seed in seeds]
    return AccuracyRow(
        network=name,
        bits=p.weight_bits,
        alphabets=p.alphabets,
        coded=p.encode_inputs,
        method=method,
        seeds=seeds,
        correct=tuple(correct for correct, _ in results),
        images=results[0][1],
    )


def _result(name: str, p: AsmParameters, method: str, seed: int, step: Step) -> tuple[int, int]:
    """Correct test images, and how many there are."""
    require_integer("seed", seed, 0)
    from flow.asm import pytorch  # refuses before a key is made of the version of what is missing

    key = content_key(name, asdict(p), method, seed, pytorch.torch.__version__, *code(Path(__file__)))
    entry = read_entry(_CACHE, key)
    if entry is None:
        digits = load()
        network = _trained(name, p, method, seed).export(name)
        scores = infer(network, digits.test_images)[-1].outputs
        found = correct_images(scores, digits.test_labels), len(scores)
        write_entry(_CACHE, key, found)
    else:
        found = entry[0][0], entry[0][1]
    step(f"{name}, {p.weight_bits} bits, {p.alphabets}, {method}, seed {seed}: {found[0]} of {found[1]} correct")
    return found


def _trained(name: str, p: AsmParameters, method: str, seed: int) -> "AsmSequence":
    from flow.asm import constrained, training

    digits = load()
    data = training.samples(digits.train_images, digits.train_labels, PIXEL_MAXIMUM)
    if method == FROM_SCRATCH:
        return constrained.from_scratch(name, p, data, seed)
    restored = _checkpoint(name, seed)
    if method == ROUNDED:
        return constrained.rounded(name, restored, p, data)
    return constrained.retrained(name, restored, p, data, seed)


@cache
def _checkpoint(name: str, seed: int) -> "Weights":
    from flow.asm import constrained, training

    digits = load()
    data = training.samples(digits.train_images, digits.train_labels, PIXEL_MAXIMUM)
    return constrained.unconstrained(name, data, seed)
