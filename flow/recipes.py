"""Synthesis recipes: which Yosys options and which ABC script turn Verilog into library cells.

Which one is smallest depends on the circuit, so `flow.synthesis.best_of` tries a set. Measured on FreePDK45 (um2 / ps):

=============  ==================  =====================  ===================
recipe         signed 8x8 multiply  NMPU datapath (10x8)   FP16-like adder
=============  ==================  =====================  ===================
plain                447 / 854            1141 / 1514            629 / 2265
booth                343 / 919            1305 / 1696            629 / 2265
area                 398 / 985            1023 / 1753            451 / 3151
dense                383 / 949             978 / 1891            464 / 2925
dense_booth          276 / 1024            937 / 1811            464 / 2925
balanced             634 / 593            1548 / 1130            759 / 1300
balanced_booth       429 / 634            1591 / 1174            759 / 1300
speed                723 / 469            2243 / 997             988 / 1020
speed_booth          606 / 497            2263 / 1013            988 / 1020
=============  ==================  =====================  ===================
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

_ALLOWED = ("-booth", "-noabc", "-noshare", "-nofsm")

# Yosys's own script for liberty mapping, without sizing.
_CONVENTIONAL = "strash; &get -n; &fraig -x; &put; scorr; dc2; strash; &get -n; &dch -f; &nf; &put"

_SWEEP = "strash; ifraig; scorr"
_SMALLEST_CELLS = "dch; amap -m; topo"

# Resubstitution with growing windows between rewriting and refactoring, none of which may deepen the circuit.
_COMPRESS = (
    "balance -l; resub -K 6 -l; rewrite -l; resub -K 6 -N 2 -l; refactor -l; resub -K 8 -l; "
    "balance -l; resub -K 8 -N 2 -l; rewrite -l; resub -K 10 -l; rewrite -z -l; resub -K 10 -N 2 -l; "
    "balance -l; resub -K 12 -l; refactor -z -l; resub -K 12 -N 2 -l; rewrite -z -l; balance -l"
)
# Through 4-input tables and back: the tables' don't-cares lead to structures that rewriting alone does not reach.
_THROUGH_TABLES = "dch; if -a -K 4; mfs2 -a -e; strash"
_TABLE_ROUNDS = 8

# `if -g` rebuilds the logic for depth, whatever the area.
_SHALLOW = f"{_SWEEP}; dch; if -g -K 6; strash"
_FAST_CELLS = "dch -f; map -B 0.9; topo; buffer -c; topo; upsize {D}; dnsize {D}; topo"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to synthesise: options of Yosys's ``synth``, then an ABC script that maps to library cells.

    ``flatten`` dissolves the hierarchy first: smaller, but without a breakdown by submodule. In ``mapping``, ``{D}``
    becomes ABC's delay target when ``delay_target_ps`` is given, and nothing otherwise.
    """

    name: str
    options: tuple[str, ...] = ()
    mapping: str
    flatten: bool = True
    delay_target_ps: int | None = None

    def __post_init__(self) -> None:
        for option in self.options:
            # -arith_tree is known to build wrong signed multiply-adds.
            if option not in _ALLOWED:
                raise ValueError(f"options must be among {', '.join(_ALLOWED)}, not {option}")
        if self.delay_target_ps is not None and self.delay_target_ps < 1:
            raise ValueError(f"delay_target_ps must be at least 1, not {self.delay_target_ps}")

    @property
    def script(self) -> str:
        """The ABC script."""
        target = f"-D {self.delay_target_ps}" if self.delay_target_ps else ""
        return self.mapping.replace("{D}", target)


PLAIN = Recipe(name="plain", mapping=_CONVENTIONAL)
BOOTH = Recipe(name="booth", options=("-booth",), mapping=_CONVENTIONAL)
AREA = Recipe(name="area", mapping=f"{_SWEEP}; dc2; strash; {_SMALLEST_CELLS}")
DENSE = Recipe(
    name="dense",
    mapping="; ".join([_SWEEP, *[_COMPRESS, _THROUGH_TABLES] * _TABLE_ROUNDS, _COMPRESS, _SMALLEST_CELLS]),
)
DENSE_BOOTH = replace(DENSE, name="dense_booth", options=("-booth",))
BALANCED = Recipe(name="balanced", mapping=f"{_SWEEP}; dc2; strash; {_FAST_CELLS}")
BALANCED_BOOTH = replace(BALANCED, name="balanced_booth", options=("-booth",))
SPEED = Recipe(name="speed", mapping=f"{_SHALLOW}; {_FAST_CELLS}")
SPEED_BOOTH = replace(SPEED, name="speed_booth", options=("-booth",))

AREA_RECIPES = (PLAIN, BOOTH, AREA, DENSE, DENSE_BOOTH)
SPEED_RECIPES = (BALANCED, BALANCED_BOOTH, SPEED, SPEED_BOOTH)
RECIPES = (*AREA_RECIPES, *SPEED_RECIPES)


def hierarchical(recipes: Iterable[Recipe]) -> tuple[Recipe, ...]:
    """The same recipes with the hierarchy kept, for a breakdown by submodule and for designs of many equal parts."""
    return tuple(replace(recipe, name=f"{recipe.name}_hierarchical", flatten=False) for recipe in recipes)
