"""Prices of alphabet-set lanes as lines of text: areas, energies, published figures beside them."""

from collections.abc import Mapping

from flow.asm.prices_energy import BlockEnergies
from flow.asm.prices_published import (
    MAC_TRANSISTORS,
    NEURONS,
    SAVINGS,
    TRANSISTORS,
    transistor_saving,
)
from flow.asm.published import P2, REPORTED
from flow.prices.asm import EXACT, MAC, MULTIPLIER, NEURON, PLAIN_VARIANTS, RELAXED, TIGHT, BlockPrices, Variant

Prices = Mapping[tuple[str, int], BlockPrices]
"""By block and width."""
Energies = Mapping[tuple[str, int, str], BlockEnergies]
"""By block, width and speed."""

EQUAL_SPEED = (
    "equal speed: longest path by OpenSTA, clock-to-output and setup in it, at most the same for all lanes of a row.",
    "  relaxed: that of the smallest exact netlist. tight: 1.1 times the shortest of all exact netlists. Exact lanes",
    "  are the smallest of all structures and recipes; the others have the same recipes with the same delay targets.",
    "  4 lanes share a pre-computer, and the exact ones what can be shared of theirs; unsupported weights don't-care.",
)


def percent(part: float | None) -> str:
    """A saving, or that there is none to compare."""
    return "too slow" if part is None else f"{0.0 - 100 * part:+.1f} %"


def area_lines(prices: Prices) -> list[str]:
    """um2 at both speeds, and against the exact lanes."""
    lines = ["area of 4 lanes (um2, against exact lanes at equal speed)", *(f"  {line}" for line in EQUAL_SPEED)]
    for (block, bits), found in prices.items():
        for speed in (TIGHT, RELAXED):
            lines.append(f"  {block}, {bits} bits, {speed}: {found.speeds[speed]:.0f} ps")
            lines += [f"    {_area_row(found, variant, speed)}" for variant in found.netlists]
    return lines


def _area_row(found: BlockPrices, variant: Variant, speed: str) -> str:
    netlist = found.at(variant, speed)
    fastest = min(each.longest_ps for each in found.netlists[variant])
    if netlist is None:
        return f"{variant.name:24}{'too slow':>10}{'':12}  shortest longest path {fastest:.0f} ps"
    saving = "" if variant == EXACT else percent(found.saving(variant, speed))
    how = f"{netlist.longest_ps:.0f} ps, {netlist.recipe}" + (f", {netlist.circuit}" if variant == EXACT else "")
    return f"{variant.name:24}{netlist.area_um2:10.0f}{saving:>12}  {how}"


def energy_lines(energies: Energies, source: str) -> list[str]:
    """pJ of a multiply-accumulate of one lane, and against the exact lanes."""
    lines = ["energy of a lane's multiply-accumulate (pJ; a product, of a multiplier), netlists of the areas above"]
    lines.append(f"  {source}")
    for found in energies.values():
        exact = found.energies[EXACT]
        assert exact is not None, "speeds are those of exact netlists"
        cells = [f"exact {exact.total_pj:.3f}"]
        cells += [_energy_cell(found, variant) for variant in found.energies if variant != EXACT]
        lines.append(f"  {found.block}, {found.bits} bits, {found.speed}, a cycle of {exact.period_ps:.0f} ps")
        lines += [f"    {cell}" for cell in cells]
    label = next((each.label for found in energies.values() for each in found.energies.values() if each), "")
    return [*lines, f"  {label}"]


def _energy_cell(found: BlockEnergies, variant: Variant) -> str:
    energy = found.energies[variant]
    shown = f"{variant.name:24}" + ("" if energy is None else f"{energy.total_pj:8.3f}")
    return f"{shown}{percent(found.saving(variant)):>12}"


def published_lines(prices: Prices, energies: Energies) -> list[str]:
    """Savings of whole neurons of {1} as two papers have them, beside ours."""
    one = PLAIN_VARIANTS[0]
    lines = ["whole neuron of {1} against a conventional one at equal speed"]
    lines += [
        f"  {it.evidence + ':':11}{it.bits:3} bits  {it.quantity:7}{-it.percent:6.0f} %  {it.source}" for it in SAVINGS
    ]
    for (block, bits), found in prices.items():
        if block == NEURON:
            for speed in (TIGHT, RELAXED):
                lines.append(f"  ours:      {bits:3} bits  area   {percent(found.saving(one, speed)):>8}  {speed}")
    for (block, bits, speed), measured in energies.items():
        if block == NEURON:
            lines.append(f"  ours:      {bits:3} bits  energy {percent(measured.saving(one)):>8}  {speed}")
    lines.append(f"neurons at 45 nm, alphabet count not stated, {REPORTED}, {P2}; savings computed from them")
    lines += [
        f"  {it.bits:3} bits  {it.delay_ns[0]} / {it.delay_ns[1]} ns  {it.power_mw[0]} / {it.power_mw[1]} mW  "
        f"{it.area[0]} / {it.area[1]}  power {percent(it.power_saving)}, area {percent(it.area_saving)}"
        for it in NEURONS
    ]
    return lines


def anchor_lines(prices: Prices) -> list[str]:
    """Transistor estimates of multipliers beside areas of the same blocks."""
    lines = ["multipliers, 4 lanes sharing one input: transistors (ours, generic mapping) beside areas at equal speed"]
    for (block, bits), found in prices.items():
        if block != MULTIPLIER or bits not in TRANSISTORS:
            continue
        lines.append(f"  {bits} bits, exact {TRANSISTORS[bits]['exact']} transistors")
        for variant in PLAIN_VARIANTS:
            if variant in found.netlists:
                areas = ", ".join(f"{speed} {percent(found.saving(variant, speed))}" for speed in (TIGHT, RELAXED))
                lines.append(f"    {variant.name:12}{percent(transistor_saving(bits, variant.name)):>9}  area {areas}")
    mac = prices.get((MAC, 4))
    if mac is not None:
        lines.append("  MAC of 4-bit operands: transistors without flip-flops, 16-bit sums; areas with them, 17 bits")
        lines += [f"    {_mac_anchor(mac, name, count)}" for name, count in MAC_TRANSISTORS.items() if name != "exact"]
    return lines


def _mac_anchor(mac: BlockPrices, name: str, count: int) -> str:
    saving = percent(1 - count / MAC_TRANSISTORS["exact"])
    variant = next((each for each in mac.netlists if each.name == name), None)
    if variant is None:
        return f"{name:24}{saving:>9}"
    areas = ", ".join(f"{speed} {percent(mac.saving(variant, speed))}" for speed in (TIGHT, RELAXED))
    return f"{name:24}{saving:>9}  area {areas}"
