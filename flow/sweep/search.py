"""Which points a sweep tries, and in which order.

A search is a generator of batches: each ``yield`` gives points to measure and receives their values, in that order,
None for a point that was refused. Its choices depend on the request and these values alone, never on how fast which
point was measured: run again with the values already known, it takes the same way.
"""

import random
from collections.abc import Generator, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flow.sweep.request import GRID, RANDOM, Request
from flow.sweep.space import Space
from gen.tools import ToolMissing

if TYPE_CHECKING:
    import optuna

# Points that Optuna chooses before it learns the values of any: the most workers that it keeps busy.
BATCH = 8
# As often as this Optuna may repeat known points before a random one is tried.
_REPEATS = 20


@dataclass(frozen=True, kw_only=True)
class Point:
    """``number`` counts the points of a search from 1; ``parameters`` are all of the design's."""

    number: int
    parameters: dict[str, Any]


Values = Sequence[float] | None
Search = Generator[list[Point], list[Values], None]


def search_of(request: Request) -> Search:
    """The search that ``request`` names.

    :raises ToolMissing: Optuna is asked for and not installed.
    """
    if request.search == GRID:
        return _listed(request.space, range(request.space.size))
    if request.search == RANDOM:
        drawn = random.Random(request.seed).sample(range(request.space.size), request.points or 0)
        return _listed(request.space, drawn)
    return _guided(request, _new_study(request))


def _listed(space: Space, indices: Sequence[int]) -> Search:
    yield [Point(number=number, parameters=space.point(index)) for number, index in enumerate(indices, 1)]


def _new_study(request: Request) -> "optuna.Study":
    try:
        import optuna
    except ModuleNotFoundError:
        raise ToolMissing("optuna", "the search optuna", "pip install 'bitline[optimize]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=request.seed, n_startup_trials=BATCH, multivariate=True)
    return optuna.create_study(directions=["minimize"] * len(request.metrics), sampler=sampler)


def _guided(request: Request, study: "optuna.Study") -> Search:
    known: dict[int, Values] = {}
    spare = random.Random(request.seed)
    while len(known) < (request.points or 0):
        asked = _ask(request, study, known, spare)
        fresh = list(dict.fromkeys(index for _, index in asked))
        points = [
            Point(number=number, parameters=request.space.point(index))
            for number, index in enumerate(fresh, len(known) + 1)
        ]
        known |= zip(fresh, (yield points), strict=True)
        for trial, index in asked:
            _tell(study, trial, known[index])


def _ask(
    request: Request, study: "optuna.Study", known: dict[int, Values], spare: random.Random
) -> "list[tuple[optuna.Trial, int]]":
    """Trials with the indices of their points, until there are enough new points for a batch."""
    room = min(BATCH, (request.points or 0) - len(known))
    asked: list[tuple[optuna.Trial, int]] = []
    fresh: set[int] = set()
    repeats = 0
    while len(fresh) < room:
        trial = study.ask()
        index = _suggested(trial, request.space)
        repeats = repeats + 1 if index in known or index in fresh else 0
        if index in known:
            _tell(study, trial, known[index])
        else:
            asked.append((trial, index))
            fresh.add(index)
        if repeats == _REPEATS:
            study.enqueue_trial(_places(request.space, _unknown(request.space, known.keys() | fresh, spare)))
            repeats = 0
    return asked


def _tell(study: "optuna.Study", trial: "optuna.Trial", values: Values) -> None:
    """Give a trial its values. A refused one breaks a constraint: its values are never looked at."""
    trial.set_constraint("refused", 1.0 if values is None else 0.0)
    study.tell(trial, [0.0] * len(study.directions) if values is None else list(values))


def _suggested(trial: "optuna.Trial", space: Space) -> int:
    """The index of the point whose values ``trial`` chooses."""
    index = 0
    for key, values in space.swept.items():
        last = len(values) - 1
        unordered = isinstance(values[0], bool | str)
        place = trial.suggest_categorical(key, range(last + 1)) if unordered else trial.suggest_int(key, 0, last)
        index = index * len(values) + place
    return index


def _places(space: Space, index: int) -> dict[str, int]:
    """The place of each key's value at a point, as a trial suggests it."""
    places = {}
    for key, values in reversed(space.swept.items()):
        index, places[key] = divmod(index, len(values))
    return places


def _unknown(space: Space, seen: Set[int], spare: random.Random) -> int:
    """A random point that was not seen yet; there is one while fewer points were asked for than there are."""
    while (index := spare.randrange(space.size)) in seen:
        pass
    return index
