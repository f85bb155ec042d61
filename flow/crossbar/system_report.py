"""The system model as lines of text: component tables, ratios by both rules, networks, sensitivity, endurance."""

import csv
import io
from collections.abc import Mapping, Sequence

from flow.crossbar.headline import Headline
from flow.crossbar.system_study import SYSTEM_DAC_BITS, NetworkRow
from sim_models.crossbar.chip import chip, neural_pim_parts
from sim_models.crossbar.chip_consistency import Link, consistency_chain
from sim_models.crossbar.costs import ADC_PJ, UNIT_COSTS, Component, adc_cost, isaac_tile
from sim_models.crossbar.endurance import lifetime_seconds, write_rate
from sim_models.crossbar.energy import (
    CASCADE_ADC_BITS,
    CASCADE_CALIBRATED_RATIO,
    DAC_BITS,
    RULES,
    Operating,
    cascade_calibrated_pj,
    energies,
    isaac_over_neural_pim,
)
from sim_models.crossbar.energy_sensitivity import FITTED_FACTOR, central, grid, tornado
from sim_models.crossbar.formulas import adc_bits
from sim_models.crossbar.parameters import CASCADE, ISAAC, NEURAL_PIM, STRATEGIES, CrossbarParameters
from sim_models.crossbar.presets import CASCADE_PAPER, eight_bit

FACTORS = (1.0, 2.0, 3.0, 5.0)
ENDURANCES = (1e9, 1e12)
_NAMES = {ISAAC: "ISAAC", CASCADE: "CASCADE", NEURAL_PIM: "Neural-PIM"}


def headline_lines(found: Sequence[Headline]) -> list[str]:
    """Every headline: what is claimed with its evidence, what was found, the criterion, the limit."""
    verdicts = {True: "met", False: "NOT MET", None: "no verdict"}
    lines: list[str] = ["headlines"]
    for each in found:
        lines.append(f"{each.number}. {each.title}")
        lines.append(f"  {each.evidence}: {each.claim}")
        lines += [f"  ours: {line}" for line in each.found]
        lines.append(f"  criterion: {each.criterion}: {verdicts[each.met]}")
        lines.append(f"  limit: {each.limit}")
    return lines


def component_lines() -> list[str]:
    """Tiles of ISAAC and of Neural-PIM as a reconstruction, and unit costs; every row with its evidence."""
    lines = [f"components of a tile{'mW':>25}{'mm2':>12}  evidence", " ISAAC, 16-bit data"]
    lines += [_component(part) for part in isaac_tile()]
    lines.append(f" Neural-PIM, ISAAC's parts and DACs of factor {FITTED_FACTOR}, and the remainder of either sign")
    lines += [_component(part) for part in neural_pim_parts(FITTED_FACTOR)]
    lines.append("unit costs")
    lines += [f"  {each.name:32}{each.value:12.6g} {each.unit:6} {each.evidence}; {each.source}" for each in UNIT_COSTS]
    lines.append("converters by bits")
    for bits in ADC_PJ:
        energy, area = adc_cost(bits)
        lines.append(
            f"  {bits:2} bits {energy.value:8.2f} pJ {area.value:8.0f} um2  {energy.evidence}; {energy.source}"
        )
    return lines


def _component(part: Component) -> str:
    return f"  {part.name:34}{part.power_mw:10.3f}{part.area_mm2:12.5f}  {part.evidence}"


def chain_lines() -> list[str]:
    """The reported figures of Neural-PIM's chip against each other."""
    return ["consistency of the reported chip (what is expected, and its evidence)", *map(_link, consistency_chain())]


def _link(link: Link) -> str:
    verdict = "holds" if link.holds else "FAILS"
    return f"  {link.name:26}{link.found:10.4f} {link.unit:8} {link.expected:g} {link.evidence}: {verdict}"


def ratio_lines() -> list[str]:
    """Energy of ISAAC over that of Neural-PIM by DAC and its factor, both rules."""
    lines = ["ours: energy of ISAAC over that of Neural-PIM by bits and factor of the DAC"]
    head = "".join(f"{f'f={factor:g}':>9}" for factor in FACTORS)
    for rule in RULES:
        lines.append(f"  {rule:20}{head}")
        for bits in DAC_BITS:
            row = "".join(f"{_ratio(rule, bits, factor):>9}" for factor in FACTORS)
            lines.append(f"  {bits} bits, {8 // bits} cycles".ljust(22) + row)
    return lines


def _ratio(rule: str, bits: int, factor: float) -> str:
    if bits == 1 and factor != 1:
        return "-"
    return f"{isaac_over_neural_pim(Operating(rule=rule, dac_bits=bits, dac_factor=factor)):.3g}"


def product_lines(digital_pj: Mapping[str, float] | None) -> list[str]:
    """Energy of a product by part, strategy and rule; with bitline's own digital parts where they are measured."""
    lines = [f"ours: pJ of a product of an array, 8 outputs; Neural-PIM with {SYSTEM_DAC_BITS} bits, f={FITTED_FACTOR}"]
    for rule in RULES:
        for label, digital in (("table", None), ("digital parts synthesised at 45 nm", digital_pj)):
            if label != "table" and digital is None:
                continue
            lines.append(f"  {rule}, {label}")
            for strategy, energy in energies(central(rule), digital).items():
                parts = ", ".join(f"{name} {value:.1f}" for name, value in energy.parts().items() if value)
                lines.append(f"    {_NAMES[strategy]:11}{energy.total:8.1f}: {parts}; {energy.evidence}")
    if digital_pj is None:
        lines.append("  digital parts: those of the table; bitline's own are not measured without designs and OpenSTA")
    e = energies(central(RULES[0]))
    lines.append(
        f"  CASCADE: model {e[ISAAC].total / e[CASCADE].total:.2f} below ISAAC, calibrated "
        f"{CASCADE_CALIBRATED_RATIO:.2f} ({cascade_calibrated_pj():.0f} pJ), which the published ratios imply; the "
        f"model is a lower bound: conversions have {CASCADE_ADC_BITS} bits, {adc_bits(eight_bit(CASCADE))} are needed"
    )
    return lines


def network_lines(rows: Sequence[NetworkRow]) -> list[str]:
    """Every network: counts, chips, and the ratios of both rules side by side."""
    lines = ["networks; energy ratios over Neural-PIM on the chip, power x time | constant movement; images a second"]
    head = f"{'macs':>16}{'arrays':>9}{'chips':>6}{'used':>7}  {'ISAAC':>13}{'CASCADE':>14}"
    lines.append(f"  {'':13}{head}{'ISAAC':>10}{'CASCADE':>10}{'Neural-PIM':>11}{'x':>6}")
    for row in rows:
        place = row.places[NEURAL_PIM, SYSTEM_DAC_BITS]
        ratios = [" | ".join(f"{row.saving(rule, name):.2f}" for rule in RULES) for name in (ISAAC, CASCADE)]
        speeds = [row.places[name, 1].images_per_second for name in (ISAAC, CASCADE)] + [place.images_per_second]
        lines.append(
            f"  {row.network.name:13}{row.counts.macs:16,}{row.counts.arrays:9,}{place.chips:6}"
            f"{100 * row.counts.utilisation:6.1f}%  {ratios[0]:>13}{ratios[1]:>14}"
            f"{speeds[0]:10,.0f}{speeds[1]:10,.0f}{speeds[2]:11,.0f}{row.speed_up(ISAAC):6.2f}"
        )
    more = [row for row in rows if row.places[NEURAL_PIM, SYSTEM_DAC_BITS].chips > 1]
    per_chip = ", ".join(f"{_NAMES[name]} {chip(name).arrays:,}" for name in STRATEGIES)
    lines.append(f"  arrays a chip: {per_chip}; chips: the fewest on which all three designs hold the network")
    lines += [f"  {row.network.name} does not fit one chip: {_fewest(row)}" for row in more]
    return lines


def _fewest(row: NetworkRow) -> str:
    chosen = {ISAAC: 1, CASCADE: 1, NEURAL_PIM: SYSTEM_DAC_BITS}
    return ", ".join(f"{_NAMES[name]} {row.places[name, bits].fits_on}" for name, bits in chosen.items()) + " needed"


def tornado_lines() -> list[str]:
    """Swings of the energy ratio around the fitted point, both rules."""
    lines = [f"ours: ratio to ISAAC around {SYSTEM_DAC_BITS} bits, f={FITTED_FACTOR}, one assumption at a time"]
    for rule in RULES:
        lines.append(f"  {rule}: {isaac_over_neural_pim(central(rule)):.2f}")
        lines += [
            f"    {each.field:18}{each.low:6g} to {each.high:<6g}{each.at_low:8.2f} to {each.at_high:.2f}"
            for each in tornado(rule)
        ]
    return lines


def sensitivity_csv() -> str:
    """All points of the grid as text of comma-separated values, both rules, every row with its evidence."""
    rows = [row.columns() for row in grid()]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def endurance_lines() -> list[str]:
    """How long buffer cells last: with every report of strategy B."""
    cases = {"CASCADE, 16-bit data": CASCADE_PAPER, "8-bit data": eight_bit(CASCADE)}
    return ["ours: writes to a buffer cell of strategy B, one a product, without pause", *_endurances(cases)]


def _endurances(cases: Mapping[str, CrossbarParameters]) -> list[str]:
    return [
        f"  {name}: {write_rate(p):.3g} a second; "
        + ", ".join(f"{writes:.0e} last {_duration(lifetime_seconds(p, writes))}" for writes in ENDURANCES)
        + "; two banks in turn: twice as long"
        for name, p in cases.items()
    ]


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 86400:.1f} days"
