"""Choice of a configuration per layer under a limit for the network: one step at a time, the best bargain first."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flow.sar.evaluation import Configurations, Evaluation
from sim_models.sar import Converter


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A configuration of one layer, its comparisons per conversion and its error on the layer's histogram.

    ``step``: where it stands on the layer's ladder, such as the error it was calibrated for.
    """

    configuration: Converter
    operations: float
    nmse: float
    step: float


Ladder = tuple[Rung, ...]
"""Rungs of one layer; each makes fewer comparisons than the one before."""
State = tuple[int, ...]
"""The rung of each layer."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """Where a walk along the ladders ended, and every step tried: the state it gives, and whether it was kept."""

    state: State
    tried: tuple[tuple[State, bool], ...]


class Ladders:
    """The ladders of all layers, the conversions of each, and the images that tell what a step loses."""

    def __init__(self, ladders: Sequence[Ladder], conversions: Sequence[int], evaluation: Evaluation) -> None:
        self.ladders, self.conversions, self.evaluation = tuple(ladders), tuple(conversions), evaluation

    def rungs(self, state: State) -> tuple[Rung, ...]:
        """Each layer's rung."""
        return tuple(ladder[index] for ladder, index in zip(self.ladders, state, strict=True))

    def configurations(self, state: State) -> Configurations:
        """Each layer's configuration."""
        return tuple(rung.configuration for rung in self.rungs(state))

    def operations(self, state: State) -> float:
        """Comparisons per conversion of the network."""
        rungs = self.rungs(state)
        weighted = sum(rung.operations * count for rung, count in zip(rungs, self.conversions, strict=True))
        return weighted / sum(self.conversions)

    def loss(self, state: State) -> float:
        """Mean squared difference of the logits from those of the network without converters."""
        return self.evaluation.run(self.configurations(state)).loss

    def next_states(self, state: State, direction: int) -> list[State]:
        """The states one rung of one layer away: down with +1, up with -1."""
        found = []
        for layer, ladder in enumerate(self.ladders):
            if 0 <= (index := state[layer] + direction) < len(ladder):
                found.append((*state[:layer], index, *state[layer + 1 :]))
        return found

    def bargain(self, before: State, after: State) -> tuple[float, float]:
        """Comparisons saved over loss added, and comparisons saved: the larger, the better the step."""
        saved = self.operations(before) - self.operations(after)
        added = self.loss(after) - self.loss(before)
        return (saved / added if added > 0 else math.inf), saved


def relax(ladders: Ladders, within_limit: Callable[[Configurations], bool]) -> Search:
    """Go down the ladders while the network stays within a limit, which may be one on other images.

    Of all layers' next steps the best bargain is tried. A step that breaks the limit is undone, and its layer stays
    where it was from then on. Ends when no step is left.
    """
    state: State = (0,) * len(ladders.ladders)
    closed: set[int] = set()
    tried = []
    while steps := [step for step in ladders.next_states(state, 1) if _layer(state, step) not in closed]:
        best = max(steps, key=lambda step: ladders.bargain(state, step))
        kept = within_limit(ladders.configurations(best))
        tried.append((best, kept))
        if kept:
            state = best
        else:
            closed.add(_layer(state, best))
    return Search(state=state, tried=tuple(tried))


def reduce(ladders: Ladders, operations: float) -> Search:
    """Go down the ladders, the best bargain first, to at most ``operations`` comparisons a conversion.

    Then, as long as it lowers the loss: of the states that have one layer a rung higher, and another as many lower as
    it takes to stay within ``operations``, the one with the least loss is taken.
    """
    state: State = (0,) * len(ladders.ladders)
    tried = []
    while ladders.operations(state) > operations and (steps := ladders.next_states(state, 1)):
        state = max(steps, key=lambda step: ladders.bargain(state, step))
        tried.append((state, True))
    while steps := _exchanges(ladders, state, operations):
        best = min(steps, key=ladders.loss)
        if ladders.loss(best) >= ladders.loss(state):
            break
        state = best
        tried.append((state, True))
    return Search(state=state, tried=tuple(tried))


def _exchanges(ladders: Ladders, state: State, operations: float) -> list[State]:
    """One layer a rung higher, and if need be another as many lower as it takes to stay within ``operations``."""
    found = []
    for raised in ladders.next_states(state, -1):
        if ladders.operations(raised) <= operations:
            found.append(raised)
            continue
        for other, index in enumerate(state):
            lowered = [(*raised[:other], rung, *raised[other + 1 :]) for rung in _below(ladders.ladders[other], index)]
            fitting = [each for each in lowered if ladders.operations(each) <= operations]
            found += [each for each in fitting[:1] if raised[other] == index]
    return found


def _below(ladder: Ladder, index: int) -> range:
    return range(index + 1, len(ladder))


def _layer(before: State, after: State) -> int:
    return next(layer for layer, (old, new) in enumerate(zip(before, after, strict=True)) if old != new)
