"""Price any design of the catalog: block by block where it is made of many equal parts, else flattened."""

from dataclasses import dataclass
from typing import Any

from flow.libraries import Library
from flow.prices.assembly import assemble
from flow.prices.nmpu import ARRAY_BLOCKS, LDPU_BLOCKS
from flow.prices.price import CONDITIONS, price
from gen.catalog import Design

BLOCKS = {"nmpu": ARRAY_BLOCKS, "nmpu_fp16": LDPU_BLOCKS}


@dataclass(frozen=True, kw_only=True)
class DesignPrice:
    """Area, delay and parts of a design. ``parts`` maps what the design is made of to um2.

    ``delay_ps``: longest combinational path by ABC, clock-to-output and setup left out, with buffers that make the
    area ``buffered_um2``. ``period_ps``: shortest clock period by OpenSTA of the same netlist, None without it. Designs
    priced block by block are not timed.
    """

    design: str
    library: str
    recipe: str
    area_um2: float
    ge: float
    delay_ps: float | None
    buffered_um2: float | None
    period_ps: float | None
    recipe_areas_um2: dict[str, float]
    parts_um2: dict[str, float]
    conditions: str = CONDITIONS

    def __str__(self) -> str:
        """The price as a few lines of text."""
        lines = [
            f"{self.design} on {self.library}, recipe {self.recipe} ({self.conditions})",
            f"area   {self.area_um2:,.1f} um2, {self.ge:,.0f} GE",
            f"delay  {self._timing()}",
        ]
        for title, areas in (("by recipe", self.recipe_areas_um2), ("by part", self.parts_um2)):
            if areas:
                lines += [title, *(f"  {name:32}{area:14,.1f} um2" for name, area in areas.items())]
        return "\n".join(lines)

    def _timing(self) -> str:
        if self.delay_ps is None:
            return "not measured for a design priced block by block"
        text = f"{self.delay_ps:,.0f} ps by ABC (no clock-to-output, no setup)"
        if self.period_ps is not None:
            text += f"; {self.period_ps:,.0f} ps clock period by OpenSTA"
        return f"{text}; both with buffers, {self.buffered_um2:,.1f} um2"


def price_design(design: Design, parameters: Any, library: Library) -> DesignPrice:
    """The price of ``design``; raises what `flow.prices.price` raises."""
    rtl = design.elaborate(parameters)
    if design.name in BLOCKS:
        whole = assemble(rtl, BLOCKS[design.name], library)
        return DesignPrice(
            design=design.name,
            library=library.name,
            recipe="smallest of each block",
            area_um2=whole.area_um2,
            ge=whole.ge,
            delay_ps=None,
            buffered_um2=None,
            period_ps=None,
            recipe_areas_um2={},
            parts_um2={f"{part.count} x {part.name}": part.area_um2 for part in whole.parts},
        )
    found = price(rtl, library)
    return DesignPrice(
        design=design.name,
        library=library.name,
        recipe=found.recipe,
        area_um2=found.area_um2,
        ge=found.ge,
        delay_ps=found.delay_ps,
        buffered_um2=found.buffered_um2,
        period_ps=found.sign_off.period_ps if found.sign_off else None,
        recipe_areas_um2=dict(found.recipe_areas_um2),
        parts_um2={part.path or "top": part.own_um2 for part in found.breakdown},
    )
