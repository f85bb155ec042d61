"""Training the network from scratch, every matrix product with one arithmetic, and the curves of its loss.

Stochastic gradient descent with momentum on single-precision master copies. Seed and schedule alone decide initial
weights and the order of images, so that curves of different arithmetics differ by the arithmetic only.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flow.daism.arithmetic import REFERENCE, Arithmetic, arithmetic
from flow.daism.gradients import Gradient, cross_entropy, gradients
from flow.daism.network import Network, correct_digits, initial_network, logits, run
from flow.daism.sources import code
from flow.digits.data import Digits, load
from flow.results import read_entry, write_entry
from gen.cache import content_key
from sim_models.arith.checking import require_integer

BATCH = 32
LEARNING_RATE = 0.05
MOMENTUM = 0.9
EPOCHS = 12
SEEDS = (1, 2, 3)
COMPARED = (REFERENCE, arithmetic("pc3"), arithmetic("fla"))
"""Exact bfloat16, and the two truncated variants that curves are drawn of."""
_CACHE = "daism_training"


@dataclass(frozen=True, kw_only=True)
class LossCurve:
    """One training: mean ``losses`` of the training images and ``correct`` of ``images`` test images, per epoch.

    A loss is the mean over the epoch's batches, each before its update. ``arithmetic`` is a name.
    """

    arithmetic: str
    seed: int
    losses: tuple[float, ...]
    correct: tuple[int, ...]
    images: int

    @property
    def accuracy(self) -> tuple[float, ...]:
        """Test accuracy after each epoch, as a fraction."""
        return tuple(count / self.images for count in self.correct)


Step = Callable[[str], None]


def train(
    chosen: Arithmetic, seed: int, epochs: int = EPOCHS, *, digits: Digits | None = None, step: Step = lambda _: None
) -> tuple[Network, LossCurve]:
    """Train from scratch; the network after the last epoch and its curve. ``step`` is told of every epoch.

    The test images are only looked at, never trained on. Raises ValueError for fewer epochs than 1, negative seeds.
    """
    require_integer("epochs", epochs, 1)
    require_integer("seed", seed, 0)
    data = load() if digits is None else digits
    network, losses, correct = initial_network(seed), [], []
    velocity = [(np.zeros_like(layer.weights), np.zeros_like(layer.bias)) for layer in network]
    rates = iter(_rates(epochs * -(-len(data.train_labels) // BATCH)))
    # Not the stream that the weights are drawn from.
    random = np.random.default_rng((seed, 1))
    for epoch in range(epochs):
        order = random.permutation(len(data.train_labels))
        images, labels = data.train_images[order], data.train_labels[order]
        network, loss = _epoch(network, velocity, rates, images, labels, chosen)
        losses.append(loss / len(labels))
        correct.append(correct_digits(logits(run(network, data.test_images, chosen)), data.test_labels))
        step(f"{chosen.name}, seed {seed}: epoch {epoch + 1} of {epochs}, loss {losses[-1]:.4f}, {correct[-1]} correct")
    curve = LossCurve(
        arithmetic=chosen.name,
        seed=seed,
        losses=tuple(losses),
        correct=tuple(correct),
        images=len(data.test_labels),
    )
    return network, curve


def _rates(steps: int) -> NDArray[np.float32]:
    """Learning rates that fall in a straight line, to 0 after the last step."""
    return (LEARNING_RATE * (1 - np.arange(steps) / steps)).astype(np.float32)


Velocity = list[tuple[NDArray[np.float32], NDArray[np.float32]]]


def _epoch(
    network: Network,
    velocity: Velocity,
    rates: Iterator[np.float32],
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    chosen: Arithmetic,
) -> tuple[Network, float]:
    """The network after all batches, and the sum of the losses. A last, smaller batch weighs accordingly less."""
    total = 0.0
    for first in range(0, len(labels), BATCH):
        batch = slice(first, first + BATCH)
        runs = run(network, images[batch], chosen)
        loss, errors = cross_entropy(logits(runs), labels[batch])
        network = _updated(network, velocity, next(rates), gradients(network, runs, errors / BATCH, chosen))
        total += loss
    return network, total


def _updated(network: Network, velocity: Velocity, rate: np.float32, steps: Sequence[Gradient]) -> Network:
    """Master copies after one step, in float32; ``velocity`` is changed in place."""
    layers = []
    for layer, gradient, (weights, bias) in zip(network, steps, velocity, strict=True):
        for moving, slope in ((weights, gradient.weights), (bias, gradient.bias)):
            moving *= np.float32(MOMENTUM)
            moving += slope
        layers.append(replace(layer, weights=layer.weights - rate * weights, bias=layer.bias - rate * bias))
    return tuple(layers)


def loss_curves(
    chosen: Sequence[Arithmetic] = COMPARED,
    seeds: Sequence[int] = SEEDS,
    epochs: int = EPOCHS,
    *,
    step: Step = lambda _: None,
) -> tuple[LossCurve, ...]:
    """A curve for every arithmetic and seed, kept in the cache by all that it depends on. Errors as for `train`."""
    return tuple(_curve(each, seed, epochs, step) for each in chosen for seed in seeds)


def _curve(chosen: Arithmetic, seed: int, epochs: int, step: Step) -> LossCurve:
    require_integer("epochs", epochs, 1)
    require_integer("seed", seed, 0)
    key = content_key(asdict(chosen), seed, epochs, *code(Path(__file__)))
    entry = read_entry(_CACHE, key)
    if entry is None:
        curve = train(chosen, seed, epochs, step=step)[1]
        write_entry(_CACHE, key, asdict(curve))
        return curve
    content = entry[0]
    return LossCurve(**{**content, "losses": tuple(content["losses"]), "correct": tuple(content["correct"])})
