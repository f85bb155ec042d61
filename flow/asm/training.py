"""Training of networks with alphabet-set layers: unconstrained, from scratch on the grid, or retrained on it.

Float shadow weights are kept in 64 bits; the quantisers of the layers round in the forward pass. Training is a function
of its arguments: one thread, deterministic kernels, every random number from the seed.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flow.asm.modules import calibrate, set_active
from flow.asm.pytorch import Tensor, functional, nn, torch
from sim_models.arith.checking import require_integer

CALIBRATIONS = 3
"""Scales that are not learned are searched anew so often, evenly over the first half of the epochs."""
LABEL_SMOOTHING = 0.1
Augmentation = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """``epochs`` in batches of ``batch``, at a learning rate that rises to ``rate`` and falls again (one cycle).

    Raises ValueError for numbers below 1 and rates that are not above 0.
    """

    epochs: int
    rate: float
    batch: int = 60

    def __post_init__(self) -> None:
        require_integer("epochs", self.epochs, 1)
        require_integer("batch", self.batch, 2)
        if not 0 < self.rate < math.inf:
            raise ValueError(f"rate must be finite and above 0, not {self.rate}")


FROM_SCRATCH = Schedule(epochs=60, rate=1e-2)
RETRAINING = Schedule(epochs=20, rate=2e-3)
"""Fewer epochs at a lower rate, from weights that converged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """``images`` (count, channels, height, width), real, at least 0, and ``labels`` int64 (count,)."""

    images: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels) or not len(self.labels):
            raise ValueError(f"images and labels must be as many, not {len(self.images)} and {len(self.labels)}")


def samples(images: NDArray[np.uint8], labels: NDArray[np.int64], maximum: int) -> Samples:
    """Images of integers 0..``maximum``, (count, height, width) or with channels, as real ones of 0..1, float64."""
    pixels = torch.tensor(images, dtype=torch.float64) / maximum
    return Samples(images=pixels[:, None] if pixels.dim() == 3 else pixels, labels=torch.tensor(labels))


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """Within it PyTorch draws from ``seed``, on one thread, with deterministic kernels; afterwards all is as before."""
    require_integer("seed", seed, 0)
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(strict)


def fit(
    model: nn.Module,
    data: Samples,
    schedule: Schedule,
    seed: int,
    *,
    constrained: bool = True,
    augment: Augmentation = lambda images: images,
) -> nn.Module:
    """Train ``model`` in place (AdamW, cross entropy with smoothed labels); it ends in eval mode.

    ``augment`` changes each batch of images, with PyTorch's random numbers.
    ``constrained``: weights and activations on their grids; else an ordinary network in real numbers.
    """
    set_active(model, constrained)
    model.train()
    with deterministic(seed):
        optimizer = torch.optim.AdamW(_groups(model), lr=schedule.rate)
        steps = schedule.epochs * _steps(len(data.labels), schedule.batch)
        rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, schedule.rate, total_steps=steps)
        for epoch in range(schedule.epochs):
            if constrained and _calibrates(model, epoch, schedule.epochs):
                calibrate(model, data.images)
            for batch in _batches(len(data.labels), schedule.batch):
                training_step(model, optimizer, augment(data.images[batch]), data.labels[batch])
                rates.step()
    return model.eval()


def training_step(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    """One step of ``optimizer`` on one batch; the loss before it."""
    loss = functional.cross_entropy(model(images), labels, label_smoothing=LABEL_SMOOTHING)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def real_accuracy(model: nn.Module, data: Samples) -> float:
    """Share of correct images of ``model`` as it is, in real units."""
    with torch.no_grad():
        return float((model.eval()(data.images).argmax(1) == data.labels).double().mean())


def _groups(model: nn.Module) -> list[dict[str, Any]]:
    """What is trained; learned scales are logarithms, which must not decay."""
    named = [(name.endswith("log2_scale"), each) for name, each in model.named_parameters() if each.requires_grad]
    weights, scales = ([each for scale, each in named if scale is kind] for kind in (False, True))
    return [{"params": weights}, *([{"params": scales, "weight_decay": 0.0}] if scales else [])]


def _batches(count: int, size: int) -> tuple[Tensor, ...]:
    """A random order in batches of about ``size``; none has fewer than half of it, for the batch norms."""
    return torch.randperm(count).tensor_split(_steps(count, size))


def _steps(count: int, size: int) -> int:
    """Batches of an epoch."""
    return -(-count // size)


def _calibrates(model: nn.Module, epoch: int, epochs: int) -> bool:
    """Whether scales are searched before ``epoch``: learned ones only at first."""
    learned = any(name.endswith("weights.log2_scale") and each.requires_grad for name, each in model.named_parameters())
    if learned:
        return epoch == 0
    return epoch in {index * epochs // (2 * CALIBRATIONS) for index in range(CALIBRATIONS)}
