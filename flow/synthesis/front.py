"""Area-delay fronts: what a design costs at the speed that is asked of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from flow.libraries import Library
from flow.synthesis.mapping import Synthesis, synthesize_all
from flow.synthesis.recipes import AREA_RECIPES, SPEED_RECIPES, Recipe, buffered, hierarchical, sized
from gen.rtl import Rtl

# Every netlist of a front has buffers: those without are smaller, but their gates may drive more than they can.
FRONT_RECIPES = (*map(buffered, AREA_RECIPES), *map(sized, AREA_RECIPES), *SPEED_RECIPES)
TARGETS = 4


@dataclass(frozen=True, kw_only=True)
class FrontPoint:
    """One netlist: area in um2 and NAND2 equivalents, longest combinational path in ps by ABC.

    ``target_ps`` is the delay that was asked for, None where none was; ``on_front`` tells whether no other netlist is
    both smaller and faster.
    """

    recipe: str
    target_ps: int | None
    area_um2: float
    ge: float
    delay_ps: float
    on_front: bool


@dataclass(frozen=True, kw_only=True)
class Front:
    """All netlists tried for a design on a library, fastest first."""

    design: str
    library: str
    points: tuple[FrontPoint, ...]

    def smallest_within(self, delay_ps: float) -> FrontPoint | None:
        """The smallest netlist with no path longer than ``delay_ps``; None where all are slower."""
        return min(
            (point for point in self.points if point.delay_ps <= delay_ps), key=lambda it: it.area_um2, default=None
        )


def measure_front(
    rtl: Rtl, library: Library, *, recipes: Sequence[Recipe] = FRONT_RECIPES, flatten: bool = True
) -> Front:
    """The area-delay front of ``rtl``: all ``recipes`` first, then those on the front again with delay targets.

    The targets divide the range from the shortest delay to that of the smallest netlist in equal ratios. A design of
    many equal parts is measured much faster without ``flatten``.

    :raises SynthesisError: a recipe fails.
    """
    first = list(recipes if flatten else hierarchical(recipes))
    found = list(zip(first, synthesize_all(rtl, first, library), strict=True))
    best = set(_on_front([mapped for _, mapped in found]))
    worth = [recipe for place, (recipe, _) in enumerate(found) if place in best]
    delays = [found[place][1].delay_ps for place in best]
    targeted = [replace(recipe, delay_target_ps=target) for recipe in worth for target in _targets(delays)]
    found += zip(targeted, synthesize_all(rtl, targeted, library), strict=True)
    return Front(design=rtl.name, library=library.name, points=_points(found))


def _targets(delays: Sequence[float]) -> list[int]:
    fast, slow = max(min(delays), 1.0), max(delays)
    return sorted({round(fast * (slow / fast) ** (step / TARGETS)) for step in range(1, TARGETS + 1)})


def _on_front(mapped: Sequence[Synthesis]) -> list[int]:
    """Places of the netlists that none beats in both area and delay; of equal ones, the first."""
    order = sorted(range(len(mapped)), key=lambda place: (mapped[place].delay_ps, mapped[place].area_um2, place))
    kept: list[int] = []
    for place in order:
        if not kept or mapped[place].area_um2 < mapped[kept[-1]].area_um2:
            kept.append(place)
    return kept


def _points(found: Iterable[tuple[Recipe, Synthesis]]) -> tuple[FrontPoint, ...]:
    pairs = list(found)
    front = set(_on_front([mapped for _, mapped in pairs]))
    points = [
        FrontPoint(
            recipe=recipe.name,
            target_ps=recipe.delay_target_ps,
            area_um2=mapped.area_um2,
            ge=mapped.ge,
            delay_ps=mapped.delay_ps,
            on_front=place in front,
        )
        for place, (recipe, mapped) in enumerate(pairs)
    ]
    return tuple(sorted(points, key=lambda point: (point.delay_ps, point.area_um2)))
