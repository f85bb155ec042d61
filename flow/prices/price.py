"""What a design costs on a cell library: the smallest of several recipes, with the conditions it was measured under."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flow.libraries import Library
from flow.synthesis import Synthesis, best_of, synthesize
from flow.synthesis.hierarchy import Part, breakdown
from flow.synthesis.kinds import AreaKinds
from flow.synthesis.recipes import AREA_RECIPES, Recipe, buffered
from flow.timing import SignOff, sign_off, sta_version
from gen.rtl import Rtl

CONDITIONS = "pre-layout, no wires, one corner"


@dataclass(frozen=True, kw_only=True)
class Price:
    """Area and delay of a design, mapped by the recipe that gives the smallest area.

    ``ge`` is the area over that of the smallest two-input NAND gate; ``recipe_areas_um2`` holds what every recipe gave.
    Gates of the smallest netlist may drive more than they can, so the delays are of one with buffers, whose area is
    ``buffered_um2``: ``delay_ps`` is the longest combinational path by ABC, without flip-flop clock-to-output and
    setup; ``sign_off``, None without OpenSTA, has both in it, and ``sign_off_by_component`` is of the
    same recipe with the hierarchy kept. ``breakdown`` is of the smallest recipe with the
    hierarchy kept: its total exceeds ``area_um2`` where dissolving the hierarchy saved something.
    """

    design: str
    library: str
    recipe: str
    area_um2: float
    kinds: AreaKinds
    ge: float
    flip_flops: int
    buffered_um2: float
    delay_ps: float
    sign_off: SignOff | None
    sign_off_by_component: SignOff | None
    recipe_areas_um2: Mapping[str, float]
    breakdown: tuple[Part, ...]
    warnings: tuple[str, ...]
    provenance: Mapping[str, str]
    conditions: str = CONDITIONS


def price(rtl: Rtl, library: Library, recipes: Sequence[Recipe] = AREA_RECIPES, *, workers: int | None = None) -> Price:
    """The smallest area of ``rtl`` over ``recipes``, ``workers`` of them at a time (None: as many as there are cores).

    A design of many equal parts is priced much faster with ``hierarchical(AREA_RECIPES)``: each part is mapped once.

    :raises ValueError: the design's name is no plain identifier, or there are no recipes.
    :raises RuntimeError: a recipe or the timing fails; the message is one line.
    """
    best = best_of(rtl, recipes, library, workers=workers)
    smallest = best.winner
    recipe = next(recipe for recipe in recipes if recipe.name == smallest.recipe)
    driven, timing = timed(rtl, recipe, library)
    return Price(
        design=rtl.name,
        library=library.name,
        recipe=recipe.name,
        area_um2=smallest.area_um2,
        kinds=smallest.kinds,
        ge=smallest.ge,
        flip_flops=smallest.flip_flops,
        buffered_um2=driven.area_um2,
        delay_ps=driven.delay_ps,
        sign_off=timing,
        sign_off_by_component=timed(rtl, replace(recipe, flatten=False), library)[1],
        recipe_areas_um2={result.recipe: result.area_um2 for result in best.results},
        breakdown=_breakdown(rtl, recipe, library),
        warnings=smallest.warnings,
        provenance=smallest.provenance,
    )


def timed(rtl: Rtl, recipe: Recipe, library: Library) -> tuple[Synthesis, SignOff | None]:
    """``rtl`` by ``recipe`` with buffers, and its timing where OpenSTA is installed."""
    driven = synthesize(rtl, buffered(recipe), library)
    return driven, sign_off(driven, library) if sta_version() else None


def _breakdown(rtl: Rtl, recipe: Recipe, library: Library) -> tuple[Part, ...]:
    kept = replace(recipe, flatten=False)
    return breakdown(synthesize(rtl, kept, library).modules, rtl.name)
