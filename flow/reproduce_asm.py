"""The headline figures of alphabet-set multipliers beside bitline's own, with what each can and cannot say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

from flow.asm import prices_report as report
from flow.asm import prices_system_report as system_report
from flow.asm.prices_accuracy import AccuracyPoint, committed_accuracy, losses, trained_accuracy
from flow.asm.prices_energy import BlockEnergies, block_energies, periphery_energies, precomputer_energy
from flow.asm.prices_plots import accuracy_plot, area_plot, energy_plot
from flow.asm.prices_published import NEURONS, SAVINGS, TRANSISTORS
from flow.asm.prices_system import (
    BUS,
    FACTORS,
    MEMORY,
    NEAR_MEMORY,
    LaneEnergy,
    SystemEnergy,
    system_energies,
)
from flow.asm.prices_work import SOURCE
from flow.asm.published import ACCURACIES, LOSSES
from flow.asm.rtl import RUNS, SimulatedNetwork, simulated_digits
from flow.asm.rtl import text_lines as simulation_lines
from flow.asm.tables import published_lines
from flow.libraries import Library
from flow.prices.asm import BLOCKS, CODED, LANES, MAC, RELAXED, TIGHT, WIDTHS, BlockPrices, Variant, block_prices

Step = Callable[[str], None]
MEASURED = (*((block, bits, TIGHT) for block in BLOCKS for bits in WIDTHS), *((MAC, bits, RELAXED) for bits in WIDTHS))
STEPS = len(BLOCKS) * len(WIDTHS) + len(MEASURED) + len(WIDTHS) + len(RUNS) + 1
CLASSES = (
    "published: of the papers. reported: read in a secondary description, not confirmed. ours: measured or modelled",
    "here, with bitline's own circuits; no table of the papers is replicated, and circuits of arXiv 2302.01990 are not",
    "known: its alphabets, bit widths, cells, node and memories.",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reproduction:
    """Everything measured: prices by block and width, energies by block, width and speed, systems by width.

    ``sensitivities``: systems by width, by what was scaled and by what factor. ``simulations``: the digits through the
    Verilog of the memory units.
    """

    library: str
    prices: Mapping[tuple[str, int], BlockPrices]
    energies: Mapping[tuple[str, int, str], BlockEnergies]
    systems: Mapping[int, Sequence[SystemEnergy]]
    sensitivities: Mapping[int, system_report.Sensitivities]
    accuracy: tuple[AccuracyPoint, ...]
    simulations: tuple[SimulatedNetwork, ...]


def reproduce(library: Library, step: Step) -> Reproduction:
    """Measure everything; netlists, energies and trainings come from the cache where they are there.

    Raises ToolMissing without OpenSTA, Verilator or a C++ compiler, which tell speed and energy.
    """
    prices, energies, systems, sensitivities = {}, {}, {}, {}
    for block in BLOCKS:
        for bits in WIDTHS:
            step(f"pricing {block}, {bits} bits")
            prices[block, bits] = block_prices(block, bits, library)
    for block, bits, speed in MEASURED:
        step(f"measuring energies of {block}, {bits} bits, {speed}")
        energies[block, bits, speed] = block_energies(prices[block, bits], speed, library)
    for bits in WIDTHS:
        step(f"energy of systems, {bits} bits")
        lanes = lane_energies(energies[MAC, bits, RELAXED], library)
        periphery = {alphabets: it.total_pj for alphabets, it in periphery_energies(library, bits).items()}
        systems[bits] = system_energies(bits, lanes, periphery)
        sensitivities[bits] = {
            (what, factor): system_energies(bits, lanes, periphery, **{what: factor})
            for what in (MEMORY, BUS)
            for factor in FACTORS
        }
    step("accuracies")
    accuracy = (*trained_accuracy(lambda _: None), *committed_accuracy())
    return Reproduction(
        library=library.name,
        prices=prices,
        energies=energies,
        systems=systems,
        sensitivities=sensitivities,
        accuracy=accuracy,
        simulations=simulated_digits(step=step),
    )


def lane_energies(measured: BlockEnergies, library: Library) -> dict[Variant, LaneEnergy]:
    """Energies of MACs split into lanes and pre-computer, which is measured by itself and shared by four lanes."""
    found = {}
    for variant, energy in measured.energies.items():
        if energy is not None:
            shared = precomputer_energy(variant, measured.bits, library)
            found[variant] = LaneEnergy(mac=energy.total_pj - shared / LANES, precompute=shared)
    return found


def text(measured: Reproduction) -> str:
    """The report for the terminal."""
    m = measured
    sections = [
        [
            "alphabet-set multipliers (arXiv 1602.08557, ACM JETC 14(2) 2018, arXiv 2302.01990) against bitline on "
            f"{m.library}; pre-layout, no wires, one corner",
            *CLASSES,
        ],
        report.published_lines(m.prices, m.energies),
        report.area_lines(m.prices),
        report.anchor_lines(m.prices),
        report.energy_lines(m.energies, SOURCE),
        system_report.system_lines(m.systems),
        system_report.cause_lines(m.systems),
        system_report.sensitivity_lines(m.sensitivities),
        accuracy_lines(m.accuracy),
        simulation_lines(m.simulations),
    ]
    return "\n\n".join("\n".join(section) for section in sections)


def accuracy_lines(points: tuple[AccuracyPoint, ...]) -> list[str]:
    """Ours, with what few alphabets lose against all eight where these are there, and the published ones."""
    lost = losses(points)
    share, images = points[0].accuracy, points[0].images
    error = 100 * sqrt(share * (1 - share) / images)
    lines = [
        f"accuracy on {images} digits, ours; standard error of a share of so many, at {100 * share:.1f} %: "
        f"{error:.1f} points"
    ]
    for each in points:
        loss = lost.get((each.network, each.origin, each.bits, each.alphabets))
        name = Variant(alphabets=each.alphabets).name + (" coded inputs" if each.coded else "")
        name += f", last {Variant(alphabets=each.last).name}" if each.last else ""
        against = "" if loss is None or not each.plain else f"  {loss:+.2f} points lost against all eight"
        seeds = f", mean of {each.seeds} seeds" if each.seeds > 1 else ""
        lines.append(
            f"  {each.network:4}{each.bits:3} bits  {name:24}{100 * each.accuracy:7.2f} %  "
            f"{each.origin}{seeds}{against}"
        )
    return [*lines, "accuracy, other networks and data", *(f"  {line}" for line in published_lines())]


def plots(measured: Reproduction) -> dict[str, str]:
    """The plots as SVG, by file name."""
    m = measured
    near = {
        (bits, each.system.variant.alphabets or ()): each.mac_pj
        for bits, found in m.systems.items()
        for each in found
        if each.system.placement == NEAR_MEMORY and each.system.variant.codes != CODED
    }
    return {
        "asm_accuracy.svg": accuracy_plot(m.accuracy, near),
        "asm_energy.svg": energy_plot(m.systems),
        "asm_area.svg": area_plot([found for (block, _), found in m.prices.items() if block == MAC]),
    }


def data(measured: Reproduction) -> dict[str, Any]:
    """The report for programs."""
    m = measured
    return {
        "library": m.library,
        "evidence": CLASSES,
        "published": {
            "savings": [asdict(each) for each in SAVINGS],
            "neurons": [asdict(each) for each in NEURONS],
            "accuracies": [asdict(each) for each in (*ACCURACIES, *LOSSES)],
        },
        "transistors": TRANSISTORS,
        "areas": [row for found in m.prices.values() for row in _areas(found)],
        "energies": [row for found in m.energies.values() for row in _energies(found)],
        "systems": [_system(each, "", 1.0) for found in m.systems.values() for each in found],
        "sensitivities": [
            _system(each, what, factor)
            for found in m.sensitivities.values()
            for (what, factor), scaled in found.items()
            for each in scaled
        ],
        "statement": system_report.statement(m.systems),
        "accuracy": [asdict(each) for each in m.accuracy],
        "simulations": [{**asdict(each), "identical": each.identical} for each in m.simulations],
    }


def _areas(found: BlockPrices) -> list[dict[str, Any]]:
    return [
        {
            "block": found.block,
            "bits": found.bits,
            "variant": variant.name,
            "circuit": each.circuit,
            "recipe": each.recipe,
            "area_um2": each.area_um2,
            "longest_ps": each.longest_ps,
            "smallest_at": [speed for speed in (TIGHT, RELAXED) if found.at(variant, speed) is each],
            "speeds_ps": dict(found.speeds),
        }
        for variant, netlists in found.netlists.items()
        for each in netlists
    ]


def _energies(found: BlockEnergies) -> list[dict[str, Any]]:
    return [
        {
            "block": found.block,
            "bits": found.bits,
            "speed": found.speed,
            "variant": variant.name,
            "energy": None if energy is None else {**asdict(energy), "total_pj": energy.total_pj},
            "saving": found.saving(variant),
        }
        for variant, energy in found.energies.items()
    ]


def _system(each: SystemEnergy, scaled: str, factor: float) -> dict[str, Any]:
    return {
        "system": each.system.name,
        "placement": each.system.placement,
        "bits": each.bits,
        "scaled": scaled,
        "factor": factor,
        "mac_pj": each.mac_pj,
        "terms_pj": each.terms(),
    }
