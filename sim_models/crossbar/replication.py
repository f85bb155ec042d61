"""Copies of layers on the arrays that are left, so that no layer holds up the others, and the time that results."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from sim_models.arith.checking import require_integer
from sim_models.crossbar.mapping import require_fit


@dataclass(frozen=True, kw_only=True)
class Replication:
    """``copies`` of each layer, the arrays ``used`` by all of them, and ``steps``: products of the slowest copy."""

    copies: tuple[int, ...]
    used: int
    steps: int


def replicate(arrays: Sequence[int], positions: Sequence[int], budget: int) -> Replication:
    """Copies of layers with ``arrays`` and ``positions`` (L) each, in ``budget`` arrays.

    Greedy: the slowest layer, whose copies take ceil(L / copies) products one after another, gets one more as long as
    it fits and makes a difference. No other copies give fewer ``steps``. Raises ValueError for numbers below 1, lists
    of different or no length, and a budget below one copy of each, with the budgets needed.
    """
    if len(arrays) != len(positions) or not arrays:
        raise ValueError(f"arrays and positions must be as many, at least one, not {len(arrays)} and {len(positions)}")
    for name, values in (("arrays", arrays), ("positions", positions)):
        for value in values:
            require_integer(name, value, 1)
    require_fit(sum(arrays), budget)
    copies, left = [1] * len(arrays), budget - sum(arrays)
    slowest = [(-count, place) for place, count in enumerate(positions)]
    heapq.heapify(slowest)
    while (steps := -slowest[0][0]) > 1:
        place = slowest[0][1]
        more = -(-positions[place] // (steps - 1)) - copies[place]
        if more * arrays[place] > left:
            break
        copies[place] += more
        left -= more * arrays[place]
        heapq.heapreplace(slowest, (-positions[place] // copies[place], place))  # minus the products, rounded up
    return Replication(copies=tuple(copies), used=budget - left, steps=steps)
