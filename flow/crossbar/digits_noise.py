"""Accuracy of the digits against SINAD of every layer, and where it begins to fall."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flow.digits.data import Digits
from flow.digits.network import Layer, Network, branch_sums, predicted_digits, run
from sim_models.arith.checking import IntArray, require_integer, require_real

LEVELS_DB = (*range(10, 30, 2), *range(30, 61, 5))
SEEDS = 5
ALLOWED_DROP = 0.5
"""Points of accuracy, in percent, that a level may lose."""


@dataclass(frozen=True, kw_only=True)
class NoiseLevel:
    """Accuracy in percent with Gaussian errors of one SINAD in every layer: mean, lowest and highest over seeds."""

    sinad_db: float
    mean: float
    lowest: float
    highest: float


def noise_levels(network: Network, digits: Digits, levels: Sequence[float] = LEVELS_DB) -> list[NoiseLevel]:
    """One row a level, `SEEDS` seeds each, all test images."""
    found = []
    for level in levels:
        correct = [noisy_correct(network, digits, level, seed) for seed in range(SEEDS)]
        shares = [100 * each / len(digits.test_labels) for each in correct]
        found.append(
            NoiseLevel(sinad_db=float(level), mean=sum(shares) / SEEDS, lowest=min(shares), highest=max(shares))
        )
    return found


def noisy_correct(network: Network, digits: Digits, sinad_db: float, seed: int) -> int:
    """Test images with the right digit where n ~ N(0, (rms * 10^(-sinad_db/20))^2) is added to a layer's products.

    rms is that of the layer's products; the sums are rounded to integers again. Raises ValueError for a sinad_db
    outside -100..300 and a seed below 0.
    """
    require_real("sinad_db", sinad_db, -100, 300)
    require_integer("seed", seed, 0)
    random = np.random.default_rng(seed)

    def multiply(layer: Layer, inputs: NDArray[np.int8]) -> tuple[IntArray, IntArray]:
        positive, negative = branch_sums(layer, inputs)
        products = positive - negative
        sigma = np.sqrt(np.mean(products.astype(np.float64) ** 2)) * 10 ** (-sinad_db / 20)
        noisy = np.rint(products + sigma * random.standard_normal(products.shape)).astype(np.int64)
        return noisy, np.zeros_like(noisy)

    logits = run(network, digits.test_images, multiply=multiply)[-1]
    return int((predicted_digits(logits) == digits.test_labels).sum())


def knee_db(levels: Sequence[NoiseLevel], reference: float, drop: float = ALLOWED_DROP) -> float | None:
    """The lowest SINAD from which on no level's mean is more than ``drop`` below ``reference`` percent; None: none."""
    knee = None
    for level in sorted(levels, key=lambda each: -each.sinad_db):
        if level.mean < reference - drop:
            return knee
        knee = level.sinad_db
    return knee
