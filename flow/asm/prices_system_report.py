"""The energy of systems as lines of text: every term, what saves, and what the model's assumptions do to it."""

from collections.abc import Iterable, Mapping, Sequence

from flow.asm.prices_published import SYSTEM_CLAIM, SYSTEM_CLAIM_SOURCE, SYSTEM_SAVINGS
from flow.asm.prices_system import (
    BASELINE,
    BUS,
    FACTORS,
    GROUPS,
    IN_MEMORY,
    LENGTH,
    MEMORY,
    OUTPUTS,
    POSITIONS,
    SystemEnergy,
    savings,
)
from flow.asm.published import P2, REPORTED
from flow.prices.asm import EXACT
from sim_models.asm.bit_energies import SOURCES

Sensitivities = Mapping[tuple[str, float], Sequence[SystemEnergy]]
"""Systems of one width by what was scaled (`MEMORY`, `BUS`) and the factor."""


def system_lines(points: Mapping[int, Sequence[SystemEnergy]]) -> list[str]:
    """pJ of a multiply-accumulate by term, and its saving against the baseline."""
    lines = [
        f"energy of a multiply-accumulate with memory and buses (pJ): {POSITIONS} positions, sums of {LENGTH}, "
        f"{OUTPUTS} outputs",
        f"  published: more than {SYSTEM_CLAIM:.0f} % less than von Neumann, {SYSTEM_CLAIM_SOURCE}; bits, cells, node "
        "and memories not known",
        *(f"  {REPORTED}: {each}, {P2}" for each in SYSTEM_SAVINGS),
        "  ours: logic synthesised, MACs at the relaxed speed; memories and wires by a stated model:",
        *(f"    {name}: {SOURCES[name]}" for name in ("read", "write", "bus", "broadcast")),
    ]
    for bits, found in points.items():
        base = found[0].mac_pj
        lines.append(f"  {bits} bits{'':40}{_heads(GROUPS)}{'total':>9}{'saving':>10}")
        for each in found:
            cells = "".join(f"{term:13.3f}" for term in each.terms().values())
            saving = "" if each.system == BASELINE else f"{100 * (1 - each.mac_pj / base):.1f} %"
            lines.append(f"    {each.system.name:46}{cells}{each.mac_pj:9.3f}{saving:>10}")
    return lines


def cause_lines(points: Mapping[int, Sequence[SystemEnergy]]) -> list[str]:
    """Which term the savings come from."""
    lines = ["which term saves (percent of the baseline's energy; minus: costs)"]
    for bits, found in points.items():
        lines.append(f"  {bits} bits{'':40}{_heads(GROUPS)}  most")
        for name, parts in savings(found).items():
            cells = "".join(f"{100 * part:13.1f}" for part in parts.values())
            most = max(parts, key=lambda term: parts[term])
            lines.append(f"    {name:46}{cells}  {most if parts[most] > 0 else 'nothing'}")
    return [*lines, *statement(points)]


def statement(points: Mapping[int, Sequence[SystemEnergy]]) -> list[str]:
    """What every report of this family must say, with the figures of this one."""
    near, inside, place = [], [], []
    for bits, found in points.items():
        base = found[0]
        for each in found[1:]:
            if each.system.placement == IN_MEMORY:
                inside.append(each.mac_pj / base.mac_pj)
                continue
            logic = base.terms()["logic"] - each.terms()["logic"]
            near.append((logic / base.terms()["logic"], logic / base.mac_pj, each, bits))
            if each.system.variant == EXACT:
                place.append(f"{100 * (1 - each.mac_pj / base.mac_pj):.0f} % at {bits} bits")
    own, part = max(near, key=lambda it: it[0]), max(near, key=lambda it: it[1])
    most = max(((1 - it.mac_pj / points[bits][0].mac_pj), it.system.name, bits) for _, _, it, bits in near)
    verdict = "no saving" if own[0] <= SYSTEM_CLAIM / 100 else "a saving"
    parts = savings(points[most[2]])[most[1]]
    cause = max(parts, key=lambda term: parts[term])
    return [
        f"  Logic alone gives {verdict} of more than {SYSTEM_CLAIM:.0f} %: it saves {100 * own[0]:.0f} % of the MAC's "
        f"energy at most ({own[2].system.variant.name}, {own[3]} bits),",
        f"  and {100 * part[1]:.0f} % of the baseline's at most ({part[2].system.variant.name}, {part[3]} bits). What "
        f"saves most is the {cause}: exact",
        f"  lanes in the same place, without alphabets, save {', '.join(place)}. Codes shorten the words read.",
        f"  Near memory saves {100 * most[0]:.0f} % at most ({most[1]}, {most[2]} bits). In memory takes "
        f"{min(inside):.1f} to {max(inside):.1f} times the baseline's energy:",
        "  for every code whole rows of the model are read twice and written once, accumulators wide.",
    ]


def _heads(names: Iterable[str]) -> str:
    return "".join(f"{name:>13}" for name in names)


def sensitivity_lines(sensitivities: Mapping[int, Sensitivities]) -> list[str]:
    """Savings where the model's memories or buses cost half or twice as much."""
    lines = ["saving against von Neumann (%) if memories, or wires, of the model take half or twice the energy"]
    for bits, found in sensitivities.items():
        columns = [(what, factor) for what in (MEMORY, BUS) for factor in FACTORS]
        lines.append(f"  {bits} bits{'':40}{_heads(f'{what} x {factor:g}' for what, factor in columns)}")
        names = [each.system.name for each in next(iter(found.values()))]
        for place, name in enumerate(names[1:], start=1):
            cells = (100 * (1 - found[key][place].mac_pj / found[key][0].mac_pj) for key in columns)
            lines.append(f"    {name:46}" + "".join(f"{cell:13.1f}" for cell in cells))
    return lines
