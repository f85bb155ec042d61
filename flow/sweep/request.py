"""What a sweep is asked for, checked before anything is begun."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from flow.libraries import Library, find
from flow.metrics import Metric, metric
from flow.sweep.space import Space
from gen.catalog import Design
from gen.suggest import unknown

GRID, RANDOM, OPTUNA = "grid", "random", "optuna"
SEARCHES = (GRID, RANDOM, OPTUNA)
MAXIMUM_POINTS = 100_000
_MAXIMUM_SPACE = 1 << 62  # indices of points fit the numbers that the searches draw


@dataclass(frozen=True, kw_only=True)
class Request:
    """A checked sweep: measure ``metrics`` of ``design`` at points of ``space`` that ``search`` chooses.

    ``points`` says how many points `RANDOM` and `OPTUNA` try, refused ones included; `GRID` tries all and has None.
    """

    design: Design
    space: Space
    metrics: tuple[Metric, ...]
    library: Library
    liberty: tuple[Path, ...]
    search: str
    points: int | None
    seed: int

    @cached_property
    def versions(self) -> dict[str, str]:
        """By metric, the hash of what its values depend on beside design and parameters."""
        return {it.name: it.version(self.library) for it in self.metrics}

    def describe(self) -> dict[str, Any]:
        """The request as JSON can write it, with the definition of every metric; no path is in it."""
        from flow.prices import CONDITIONS

        return {
            "design": self.design.name,
            "swept": {key: list(values) for key, values in self.space.swept.items()},
            "fixed": {key: value for key, value in self.space.fixed.items() if key not in self.space.swept},
            "search": {"method": self.search, **({} if self.search == GRID else self._drawn())},
            "metrics": {it.name: {"unit": it.unit, "definition": it.definition} for it in self.metrics},
            "library": self.library.name,
            "conditions": CONDITIONS,
            "versions of code, tools and library": self.versions,
        }

    def _drawn(self) -> Mapping[str, Any]:
        return {"points": self.points, "seed": self.seed}


def make_request(
    design: Design,
    space: Space,
    metrics: Sequence[str],
    *,
    library: str,
    liberty: tuple[Path, ...] = (),
    search: str = GRID,
    points: int | None = None,
    seed: int = 0,
) -> Request:
    """A request for the metrics named.

    :raises ValueError: an unknown search, metric or library, a metric named twice or not defined for the design, a
        number of points that is missing, or out of range.
    """
    if search not in SEARCHES:
        raise ValueError(unknown("search", search, SEARCHES))
    if len(set(metrics)) != len(metrics):
        raise ValueError(f"metric must name each metric once, not {','.join(metrics)}")
    _check_points(space, search, points)
    return Request(
        design=design,
        space=space,
        metrics=tuple(metric(name, design) for name in metrics),
        library=find(library, liberty),
        liberty=liberty,
        search=search,
        points=points,
        seed=seed,
    )


def _check_points(space: Space, search: str, points: int | None) -> None:
    if search == GRID:
        if points is not None:
            raise ValueError("points belong to the searches random and optuna; a grid tries all")
        if space.size > MAXIMUM_POINTS:
            raise ValueError(f"a grid must have at most {MAXIMUM_POINTS} points, not {space.size}; use --search random")
        return
    if space.size > _MAXIMUM_SPACE:
        raise ValueError(f"the keys must span at most {_MAXIMUM_SPACE} points, not {space.size}")
    limit = min(space.size, MAXIMUM_POINTS)
    if points is None:
        raise ValueError(f"the search {search} needs a number of points, 1 to {limit}")
    if not 1 <= points <= limit:
        raise ValueError(f"points must be between 1 and {limit}, not {points}")
