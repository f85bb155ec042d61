"""Constrained retraining with a quality factor: the smallest set of alphabets that is good enough.

The loop of arXiv 1602.08557: train without constraints to an accuracy J; restore, constrain to one alphabet, retrain;
accept an accuracy of J * Q or better, else take the next larger set, restore and repeat.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from flow.asm.constrained import digits_network, retrained, unconstrained
from flow.asm.modules import set_active
from flow.asm.pytorch import torch
from flow.asm.training import FROM_SCRATCH, RETRAINING, Samples, Schedule, real_accuracy
from sim_models.asm import AsmParameters

QUALITY = 0.99
SETS = ((1,), (1, 3), (1, 3, 5, 7))
"""The order in which sets are tried: 1, 2 and 4 alphabets."""
HELD_OUT = 5
"""Every fifth training image judges instead of training."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One set of the loop, the accuracy after retraining and whether it was accepted."""

    alphabets: tuple[int, ...]
    accuracy: float
    accepted: bool


@dataclass(frozen=True, kw_only=True)
class QualityRun:
    """What the loop did: the unconstrained accuracy J and all attempts, the last one accepted unless none was."""

    unconstrained: float
    quality: float
    attempts: tuple[Attempt, ...]

    @property
    def accepted(self) -> tuple[int, ...] | None:
        """The smallest set that was good enough, or None."""
        return self.attempts[-1].alphabets if self.attempts[-1].accepted else None


def quality_loop(
    unconstrained: float,
    retrain: Callable[[tuple[int, ...]], float],
    *,
    quality: float = QUALITY,
    sets: Sequence[tuple[int, ...]] = SETS,
) -> QualityRun:
    """Try ``sets`` in their order until ``retrain``, which restores and retrains, gives ``unconstrained * quality``.

    Accuracies are shares of 1. They should be taken on images that neither train nor test. Raises ValueError for a
    quality or an accuracy outside 0..1 and for no sets.
    """
    for name, value in (("quality", quality), ("unconstrained", unconstrained)):
        if not (math.isfinite(value) and 0 < value <= 1):
            raise ValueError(f"{name} must be above 0 and at most 1, not {value}")
    if not sets:
        raise ValueError("sets must be one at least, not none")
    attempts: list[Attempt] = []
    for alphabets in sets:
        accuracy = retrain(alphabets)
        attempts.append(Attempt(alphabets=alphabets, accuracy=accuracy, accepted=accuracy >= unconstrained * quality))
        if attempts[-1].accepted:
            break
    return QualityRun(unconstrained=unconstrained, quality=quality, attempts=tuple(attempts))


def digits_quality(
    kind: str,
    parameters: AsmParameters,
    data: Samples,
    seed: int,
    *,
    quality: float = QUALITY,
    first: Schedule = FROM_SCRATCH,
    again: Schedule = RETRAINING,
) -> QualityRun:
    """The loop for a digits network, the width and formats those of ``parameters``, whose alphabets do not matter.

    ``data`` are training images; every fifth of them judges. Raises ValueError as `quality_loop` and `digits_network`.
    """
    held = torch.arange(len(data.labels)) % HELD_OUT == 0
    training, judging = (Samples(images=data.images[part], labels=data.labels[part]) for part in (~held, held))
    checkpoint = unconstrained(kind, training, seed, first)
    free = digits_network(kind, AsmParameters())
    free.load_state_dict(checkpoint)
    set_active(free, False)

    def retrain(alphabets: tuple[int, ...]) -> float:
        chosen = replace(parameters, alphabets=alphabets)
        return real_accuracy(retrained(kind, checkpoint, chosen, training, seed, schedule=again), judging)

    return quality_loop(real_accuracy(free, judging), retrain, quality=quality)
