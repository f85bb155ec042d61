"""A design's price as text for a terminal."""

from flow.prices.designs import DesignPrice
from flow.prices.macros import MacroUse
from flow.timing.report import timing_lines


def price_text(price: DesignPrice) -> str:
    """What ``bitline synth`` prints."""
    lines = [
        f"{price.design} on {price.library}, recipe {price.recipe} ({price.conditions})",
        f"area   {price.area_um2:,.1f} um2, {price.ge:,.0f} GE",
        *_kinds(price),
        f"timing of the netlist with buffers, {price.buffered_um2:,.1f} um2; ideal clock",
        *(f"  {line}" for line in timing_lines(price.delay_ps, price.timing, price.timing_by_component)),
    ]
    for title, areas in (("by recipe", price.recipe_areas_um2), ("by part", price.parts_um2)):
        if areas:
            lines += [title, *(_row(name, area) for name, area in areas.items())]
    return "\n".join(lines)


def _kinds(price: DesignPrice) -> list[str]:
    kinds = price.kinds
    rows = [_row("logic", kinds.combinational_um2), _row("flip-flops", kinds.flip_flop_um2)]
    for memory in kinds.memories:
        what = f"{memory.count} x {memory.words} x {memory.width} bits, {'macros' if price.macro else 'flip-flops'}"
        rows.append(f"{_row(memory.module, memory.um2)}  {what}")
    return rows + (_macro(price.macro) if price.macro else [])


def _macro(use: MacroUse) -> list[str]:
    energies = ", ".join(
        f"{module} {use.read_pj[module]:.3g} / {use.write_pj[module]:.3g} pJ" for module in use.read_pj
    )
    return [
        f"  macro {use.name} ({use.source}) in place of {use.flip_flops_um2:,.1f} um2 of flip-flops;",
        f"    read / write {energies}; leakage {use.leakage_uw:,.3g} uW; access {use.access_time_ps:,.0f} ps,",
        "    which is not in the delays below: they are of the netlist with flip-flops",
    ]


def _row(name: str, area: float) -> str:
    return f"  {name:32}{area:14,.1f} um2"
