"""When the groups of an NMPU start, wait and are cut off: full rate mixed with idle cycles, stalls and resets."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim_models.nmpu import NmpuParameters

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_GAPS = (0, 0, 0, 0, 1, 2, 3, 9)  # idle steps after a group
_STALLS = (0, 0, 0, 1, 2, 5)  # cycles that a beat waits for its consumer
_RESETS = 1 / 16  # share of groups that a reset cuts off, or follows
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Steps and cycles of a run. A step is one cycle, or more while a result waits; the pipeline moves in its last.

    ``starts`` are the steps in which groups start, ``resets`` those in whose last cycle reset is high, ascending.
    ``waits`` counts the cycles of each step before its last. ``tiles`` consecutive groups make one sum.
    """

    columns: int
    stages: int
    tiles: int
    starts: Integers
    resets: Integers
    waits: Integers

    @cached_property
    def step(self) -> Integers:
        """The step of each cycle."""
        return np.repeat(np.arange(len(self.waits)), 1 + self.waits)

    @cached_property
    def end(self) -> Integers:
        """The last cycle of each step."""
        return np.cumsum(1 + self.waits) - 1

    @cached_property
    def shown(self) -> Flags:
        """By step: a result is there; sums show theirs with the last tile."""
        at, alive = self.results()
        shown = np.zeros(len(self.waits), bool)
        shown[at[alive & self.last_tiles()[:, None]]] = True
        return shown

    @property
    def moves(self) -> Flags:
        """Whether each cycle is the last of its step."""
        return self.end[self.step] == np.arange(len(self.step))

    def within(self, cycles: Integers) -> Flags:
        """Whether each cycle is one of ``cycles``."""
        flags = np.zeros(len(self.step), bool)
        flags[cycles] = True
        return flags

    def issues(self) -> Integers:
        """The cycle in which each column of each group is issued, (groups, columns)."""
        return self.end[self.starts[:, None] + np.arange(self.columns)]

    def busy(self) -> Flags:
        """By step: a group is past its first column and no reset has ended it."""
        steps = np.arange(len(self.waits))
        group = np.searchsorted(self.starts, steps, "right") - 1
        age = steps - self.starts[group]
        return (group >= 0) & (age > 0) & (age < self.columns) & (steps <= self._cut()[group])

    def results(self) -> tuple[Integers, Flags]:
        """The step in which each column's result is shown, (groups, columns), and whether no reset comes before."""
        return _results(self.starts, self._cut(), self.columns, self.stages)

    def last_tiles(self) -> Flags:
        """Whether each group is the last of its sum."""
        return _last_tiles(len(self.starts), self.tiles)

    def _cut(self) -> Integers:
        return _next(self.resets, self.starts)


def draw_schedule(
    parameters: NmpuParameters, groups: int, tiles: int, lead: int, random: np.random.Generator, *, stalls: bool
) -> Schedule:
    """A schedule of ``groups`` groups after ``lead`` idle steps; only the last tile of a sum is cut off."""
    columns, stages = parameters.columns_per_unit, parameters.pipeline_stages
    reset = _last_tiles(groups, tiles) & (random.random(groups) < _RESETS)
    survives = random.integers(0, columns + stages, groups)
    lengths = np.where(reset, survives + 1, columns) + random.choice(_GAPS, groups)
    starts = lead + np.cumsum(lengths) - lengths
    resets = (starts + survives)[reset]
    waits = np.zeros(int(starts[-1]) + columns + stages + 1, np.int64)
    if stalls:
        at, shown = _results(starts, _next(resets, starts), columns, stages)
        waits[at[shown]] = random.choice(_STALLS, int(shown.sum()))
    return Schedule(columns=columns, stages=stages, tiles=tiles, starts=starts, resets=resets, waits=waits)


def _last_tiles(groups: int, tiles: int) -> Flags:
    return np.arange(groups) % tiles == tiles - 1


def _next(resets: Integers, starts: Integers) -> Integers:
    """The first reset at or after each start."""
    return np.append(resets, _NEVER)[np.searchsorted(resets, starts)]


def _results(starts: Integers, cut: Integers, columns: int, stages: int) -> tuple[Integers, Flags]:
    at = starts[:, None] + np.arange(columns) + stages
    return at, at <= cut[:, None]
