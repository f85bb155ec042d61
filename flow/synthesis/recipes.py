"""Synthesis recipes: which Yosys options and which ABC script turn Verilog into library cells.

Which one is smallest depends on the circuit, so `flow.synthesis.best_of` tries a set. On FreePDK45, in um2 / ps:

==============  ===========  =============  =====================  ====================  ==================
recipe          4x4 product  signed 8x8     signed 16x16 product   NMPU datapath, 10x8   half-precision add
==============  ===========  =============  =====================  ====================  ==================
plain           72 / 489     447 / 906      1956 / 1538            1141 / 1538           670 / 2360
booth           95 / 602     343 / 963      1285 / 1736            1305 / 1778           670 / 2360
area            68 / 524     398 / 1018     1752 / 1897            1023 / 1762           458 / 3119
dense           63 / 536     383 / 979      1674 / 1832            978 / 1902            470 / 2836
dense_booth     75 / 588     276 / 1046     1091 / 1931            937 / 1852            470 / 2836
compact         103 / 288    582 / 578      2181 / 1064            1421 / 1152           815 / 1237
compact_booth   127 / 362    433 / 590      1454 / 979             1528 / 1112           815 / 1237
balanced        95 / 313     670 / 614      2374 / 1192            1535 / 1141           750 / 1326
balanced_booth  183 / 401    444 / 652      1495 / 1092            1645 / 1193           750 / 1326
speed           142 / 271    722 / 488      2829 / 803             2253 / 1011           976 / 1015
speed_booth     243 / 316    636 / 514      2023 / 735             2295 / 1048           976 / 1015
==============  ===========  =============  =====================  ====================  ==================

`plain` and `booth` are what Yosys gives by itself. Mapping by ``emap`` to full-adder cells and ``&deepsyn`` were tried:
the first was never smaller than `dense` by more than 3 %, the second by more than 4 % in twenty times the time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

_ALLOWED = ("-booth",)

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

_BUFFERS = "buffer -c; topo; dnsize {D}; topo"

# `if -g` rebuilds the logic for depth, whatever the area.
_SHALLOW = f"{_SWEEP}; dch; if -g -K 6; strash"
_SIZING = "buffer -c; topo; upsize {D}; dnsize {D}; topo"
_FAST_CELLS = f"dch -f; map -B 0.9 {{D}}; topo; {_SIZING}"


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
_DENSE_LOGIC = "; ".join([_SWEEP, *[_COMPRESS, _THROUGH_TABLES] * _TABLE_ROUNDS, _COMPRESS])
DENSE = Recipe(name="dense", mapping=f"{_DENSE_LOGIC}; {_SMALLEST_CELLS}")
DENSE_BOOTH = replace(DENSE, name="dense_booth", options=("-booth",))
BALANCED = Recipe(name="balanced", mapping=f"{_SWEEP}; dc2; strash; {_FAST_CELLS}")
BALANCED_BOOTH = replace(BALANCED, name="balanced_booth", options=("-booth",))
SPEED = Recipe(name="speed", mapping=f"{_SHALLOW}; {_FAST_CELLS}")
SPEED_BOOTH = replace(SPEED, name="speed_booth", options=("-booth",))
COMPACT = Recipe(name="compact", mapping=f"{_DENSE_LOGIC}; {_FAST_CELLS}")
COMPACT_BOOTH = replace(COMPACT, name="compact_booth", options=("-booth",))

AREA_RECIPES = (PLAIN, BOOTH, AREA, DENSE, DENSE_BOOTH)
SPEED_RECIPES = (COMPACT, COMPACT_BOOTH, BALANCED, BALANCED_BOOTH, SPEED, SPEED_BOOTH)
RECIPES = (*AREA_RECIPES, *SPEED_RECIPES)


def buffered(recipe: Recipe) -> Recipe:
    """The same recipe with buffers inserted and gates sized: no gate drives more than it can."""
    return replace(recipe, name=f"{recipe.name}_buffered", mapping=f"{recipe.mapping}; {_BUFFERS}")


def sized(recipe: Recipe) -> Recipe:
    """The same recipe with buffers inserted and gates made larger or smaller to meet its delay target."""
    return replace(recipe, name=f"{recipe.name}_sized", mapping=f"{recipe.mapping}; {_SIZING}")


def hierarchical(recipes: Iterable[Recipe]) -> tuple[Recipe, ...]:
    """The same recipes with the hierarchy kept, for a breakdown by submodule and for designs of many equal parts."""
    return tuple(replace(recipe, name=f"{recipe.name}_hierarchical", flatten=False) for recipe in recipes)
