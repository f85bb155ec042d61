"""Price any design of the catalog: block by block where it is made of many equal parts, else flattened."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flow.libraries import Library
from flow.prices.asm_units import IN_MEMORY_BLOCKS, NEAR_MEMORY_BLOCKS
from flow.prices.assembly import assemble
from flow.prices.crossbar import TILE_BLOCKS
from flow.prices.daism import ACCELERATOR_BLOCKS, BANK_BLOCKS
from flow.prices.macros import MacroUse
from flow.prices.nmpu import ARRAY_BLOCKS, LDPU_BLOCKS
from flow.prices.price import CONDITIONS, price, timed
from flow.synthesis.front import Front, measure_front
from flow.synthesis.kinds import AreaKinds
from flow.synthesis.recipes import AREA, Recipe, hierarchical
from flow.timing import Comparison, SignOff, compare
from gen.catalog import Design
from gen.rtl import Rtl

BLOCKS: dict[str, Mapping[str, Sequence[Recipe]]] = {
    "nmpu": ARRAY_BLOCKS,
    "nmpu_fp16": LDPU_BLOCKS,
    "asm_near_memory": NEAR_MEMORY_BLOCKS,
    "asm_exact_near_memory": NEAR_MEMORY_BLOCKS,
    "asm_in_memory": IN_MEMORY_BLOCKS,
    "asm_in_memory_single_row": IN_MEMORY_BLOCKS,
    "crossbar_tile_cascade": TILE_BLOCKS,
    "crossbar_tile_isaac": TILE_BLOCKS,
    "crossbar_tile_neural_pim": TILE_BLOCKS,
    "daism": ACCELERATOR_BLOCKS,
    "daism_bank": BANK_BLOCKS,
}


@dataclass(frozen=True, kw_only=True)
class DesignPrice:
    """Area, delay and parts of a design. ``parts_um2`` maps what the design is made of to um2.

    ``kinds`` splits the area into flip-flops, logic and memories, which are flip-flops too unless ``macro`` says what
    took their place. ``delay_ps``: longest combinational path by ABC, clock-to-output and setup left out, of a netlist
    with buffers, whose area is ``buffered_um2``; ``timing``, None without OpenSTA, is of the same netlist, and
    ``timing_by_component`` of one that kept its hierarchy, where they differ. Memories are flip-flops in all of them. A
    design priced block by block is timed with its hierarchy kept. ``provenance`` names Yosys's version, the options and
    ABC script of the recipe (of the timed netlist, for a design priced block by block) and the liberty text's SHA-256.
    """

    design: str
    library: str
    recipe: str
    area_um2: float
    ge: float
    kinds: AreaKinds
    macro: MacroUse | None
    delay_ps: float
    buffered_um2: float
    timing: SignOff | None
    timing_by_component: SignOff | None
    recipe_areas_um2: dict[str, float]
    parts_um2: dict[str, float]
    provenance: dict[str, str]
    conditions: str = CONDITIONS

    @property
    def period_ps(self) -> float | None:
        """Shortest clock period by OpenSTA; None without it, or without paths between flip-flops."""
        return self.timing.period_ps if self.timing else None

    @property
    def comparison(self) -> Comparison | None:
        """ABC's longest path beside OpenSTA's; None without it."""
        return compare(self.delay_ps, self.timing) if self.timing else None

    def record(self) -> dict[str, Any]:
        """The price as JSON writes it: the fields, and what follows from them."""
        found = self.comparison
        compared = found and {**asdict(found), "difference": found.difference, "flagged": found.flagged}
        return {**asdict(self), "period_ps": self.period_ps, "comparison": compared}

    def __str__(self) -> str:
        """The price as a few lines of text."""
        from flow.prices.text import price_text

        return price_text(self)


def price_design(design: Design, parameters: Any, library: Library, *, workers: int | None = None) -> DesignPrice:
    """The price of ``design``, ``workers`` jobs at a time (None: as many as there are cores).

    Raises what `flow.prices.price` raises.
    """
    return price_elaborated(design, design.elaborate(parameters), library, workers=workers)


def price_elaborated(design: Design, rtl: Rtl, library: Library, *, workers: int | None = None) -> DesignPrice:
    """The price of ``design`` when it is elaborated already; raises what `flow.prices.price` raises."""
    if design.name in BLOCKS:
        return _block_by_block(design, rtl, library, workers)
    found = price(rtl, library, workers=workers)
    return DesignPrice(
        design=design.name,
        library=library.name,
        recipe=found.recipe,
        area_um2=found.area_um2,
        ge=found.ge,
        kinds=found.kinds,
        macro=None,
        delay_ps=found.delay_ps,
        buffered_um2=found.buffered_um2,
        timing=found.sign_off,
        timing_by_component=found.sign_off_by_component,
        recipe_areas_um2=dict(found.recipe_areas_um2),
        parts_um2={part.path or "top": part.own_um2 for part in found.breakdown},
        provenance=dict(found.provenance),
    )


def design_front(design: Design, parameters: Any, library: Library) -> Front:
    """The area-delay front of ``design``; one priced block by block keeps its hierarchy. Raises SynthesisError."""
    return measure_front(design.elaborate(parameters), library, flatten=design.name not in BLOCKS)


def _block_by_block(design: Design, rtl: Rtl, library: Library, workers: int | None) -> DesignPrice:
    whole = assemble(rtl, BLOCKS[design.name], library, workers=workers)
    driven, timing = timed(rtl, hierarchical((AREA,))[0], library)
    return DesignPrice(
        design=design.name,
        library=library.name,
        recipe="smallest of each block",
        area_um2=whole.area_um2,
        ge=whole.ge,
        kinds=whole.kinds,
        macro=None,
        delay_ps=driven.delay_ps,
        buffered_um2=driven.area_um2,
        timing=timing,
        timing_by_component=None,
        recipe_areas_um2={},
        parts_um2={f"{part.count} x {part.name}": part.area_um2 for part in whole.parts},
        provenance=dict(driven.provenance),
    )
