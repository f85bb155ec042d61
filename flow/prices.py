"""What a design costs on a cell library: the smallest of several recipes, with the conditions it was measured under."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flow.hierarchy import Part, breakdown
from flow.libraries import Library
from flow.recipes import AREA_RECIPES, Recipe, hierarchical
from flow.synthesis import Synthesis, best_of, synthesize
from flow.timing import SignOff, sign_off, sta_version
from gen.rtl import Rtl

CONDITIONS = "pre-layout, no wires, one corner"


@dataclass(frozen=True, kw_only=True)
class Price:
    """Area and delay of a design, mapped by the recipe that gives the smallest area.

    ``ge`` is the area over that of the smallest two-input NAND gate. ``delay_ps`` is the longest combinational path by
    ABC, without flip-flop clock-to-output and setup; ``sign_off`` has both in it, and is None without OpenSTA.
    ``recipe_areas_um2`` holds what every recipe gave. ``breakdown`` is of the same recipe with the hierarchy kept: its
    total exceeds ``area_um2`` where dissolving the hierarchy saved something.
    """

    design: str
    library: str
    recipe: str
    area_um2: float
    sequential_um2: float
    ge: float
    flip_flops: int
    delay_ps: float
    sign_off: SignOff | None
    recipe_areas_um2: Mapping[str, float]
    breakdown: tuple[Part, ...]
    warnings: tuple[str, ...]
    provenance: Mapping[str, str]
    conditions: str = CONDITIONS


def price(rtl: Rtl, library: Library, recipes: Sequence[Recipe] = AREA_RECIPES) -> Price:
    """The smallest area of ``rtl`` over ``recipes``.

    A design of many equal parts is priced much faster with ``hierarchical(AREA_RECIPES)``: each part is mapped once.

    :raises ValueError: the design's name is no plain identifier, or there are no recipes.
    :raises RuntimeError: a recipe or the timing fails; the message is one line.
    """
    best = best_of(rtl, recipes, library)
    winner = best.winner
    return Price(
        design=rtl.name,
        library=library.name,
        recipe=winner.recipe,
        area_um2=winner.area_um2,
        sequential_um2=winner.sequential_um2,
        ge=winner.ge,
        flip_flops=winner.flip_flops,
        delay_ps=winner.delay_ps,
        sign_off=sign_off(winner, library) if sta_version() else None,
        recipe_areas_um2={result.recipe: result.area_um2 for result in best.results},
        breakdown=_breakdown(rtl, library, recipes, winner),
        warnings=winner.warnings,
        provenance=winner.provenance,
    )


def _breakdown(rtl: Rtl, library: Library, recipes: Sequence[Recipe], winner: Synthesis) -> tuple[Part, ...]:
    recipe = next(recipe for recipe in recipes if recipe.name == winner.recipe)
    kept = synthesize(rtl, *hierarchical([recipe]), library) if recipe.flatten else winner
    return breakdown(kept.modules, rtl.name)
