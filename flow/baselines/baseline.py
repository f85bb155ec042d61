"""The smallest exact circuit that the tools here find for a task, and what another circuit saves against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flow.baselines.adder_cells import with_adder_cells
from flow.libraries import Library
from flow.prices import CONDITIONS
from flow.synthesis import Synthesis
from flow.synthesis.mapping import synthesize_all
from flow.synthesis.recipes import AREA_RECIPES, RECIPES, SPEED_RECIPES, Recipe
from gen.rtl import Rtl

_BOOTH = "-booth"


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The smallest of several exact circuits for one task, each mapped by several recipes.

    ``name`` identifies the task, ``what`` says it in words. ``circuit`` and ``recipe`` are the ones that won;
    ``areas_um2`` holds the area of every circuit by every recipe, under ``circuit, recipe``. ``delay_ps`` is the
    longest combinational path by ABC, as `flow.synthesis.Synthesis` has it; ``synthesis`` holds the netlist and
    ``rtl`` its ports. Pre-layout, no wires, one corner.
    """

    name: str
    what: str
    library: str
    circuit: str
    recipe: str
    area_um2: float
    ge: float
    delay_ps: float
    areas_um2: Mapping[str, float]
    synthesis: Synthesis
    rtl: Rtl
    conditions: str = CONDITIONS


def saving(ours_um2: float, baseline: Baseline) -> float:
    """The part of the baseline's area that a circuit of ``ours_um2`` saves: ``1 - ours / baseline``.

    Negative for a circuit that is larger. Both must be of the same library and do the same task. Raises ValueError for
    a negative area.
    """
    if not ours_um2 >= 0:
        raise ValueError(f"ours_um2 must be at least 0, not {ours_um2}")
    return 1 - ours_um2 / baseline.area_um2


def smallest(
    name: str,
    what: str,
    circuits: Mapping[str, Rtl],
    library: Library,
    *,
    delay_ps: float | None = None,
    workers: int | None = None,
) -> Baseline:
    """The smallest of ``circuits``, which do the same, by any recipe for area; equal areas are decided by delay.

    Circuits with full adders also come with the library's own adder cells. With ``delay_ps`` the smallest by any recipe
    whose longest path is not longer. Raises ValueError for a bound that is not positive or that none meets, and what
    `flow.synthesis.synthesize` raises.
    """
    if delay_ps is not None and not delay_ps >= 1:
        raise ValueError(f"delay_ps must be at least 1, not {delay_ps}")
    tried: dict[tuple[str, str], tuple[Rtl, Synthesis]] = {}
    for label, rtl in _with_cells(circuits, library).items():
        for result in synthesize_all(rtl, _recipes(rtl, delay_ps), library, workers=workers):
            tried[label, result.recipe] = rtl, result
    fitting = {key: each for key, each in tried.items() if delay_ps is None or each[1].delay_ps <= delay_ps}
    if not fitting:
        fastest = min((result for _, result in tried.values()), key=lambda it: it.delay_ps)
        raise ValueError(f"delay_ps must be at least {fastest.delay_ps:.2f} for {name}, the fastest, not {delay_ps:g}")
    circuit, recipe = min(fitting, key=lambda key: (fitting[key][1].area_um2, fitting[key][1].delay_ps))
    rtl, won = fitting[circuit, recipe]
    return Baseline(
        name=name,
        what=what,
        library=library.name,
        circuit=circuit,
        recipe=recipe,
        area_um2=won.area_um2,
        ge=won.ge,
        delay_ps=won.delay_ps,
        areas_um2={", ".join(key): result.area_um2 for key, (_, result) in tried.items()},
        synthesis=won,
        rtl=rtl,
    )


def _with_cells(circuits: Mapping[str, Rtl], library: Library) -> dict[str, Rtl]:
    """The circuits, and those with full adders once more with adder cells."""
    found = dict(circuits)
    for label, rtl in circuits.items():
        if (celled := with_adder_cells(rtl, library)) is not None:
            found[f"{label} of adder cells"] = celled
    return found


def _recipes(rtl: Rtl, delay_ps: float | None) -> Sequence[Recipe]:
    """The recipes that can make a difference: Booth's only where a product is left to synthesis."""
    recipes: Sequence[Recipe] = AREA_RECIPES
    if delay_ps is not None:
        target = max(1, int(delay_ps))
        aimed = (replace(it, name=f"{it.name}_to_{target}ps", delay_target_ps=target) for it in SPEED_RECIPES)
        recipes = (*RECIPES, *aimed)
    return [recipe for recipe in recipes if _BOOTH not in recipe.options or " * " in rtl.verilog]
