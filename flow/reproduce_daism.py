"""The headline figures of multiplication inside an SRAM beside bitline's own, with what each can and cannot say."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from flow.daism import tradeoff_blocks as blocks
from flow.daism import tradeoff_report as report
from flow.daism.inference import AccuracyRow, accuracy_table
from flow.daism.plots import accuracy_plot, loss_plot
from flow.daism.rtl import SimulatedDigits, simulated_digits
from flow.daism.rtl import text_lines as simulation_lines
from flow.daism.tradeoff import LAYERS, Point, driven_counters, point_parameters, study, with_side_memory
from flow.daism.tradeoff_claims import (
    COLUMNS,
    VARIANT,
    CycleClaim,
    EnergyClaim,
    cycle_claims,
    energy_claims,
    sized,
)
from flow.daism.tradeoff_costs import BlockCosts, Speeds, block_costs, lane_speeds
from flow.daism.tradeoff_efficiency import Efficiency, baseline_mm2, own_efficiencies, published_efficiencies
from flow.daism.tradeoff_energy import LaneEnergies, lane_energies
from flow.daism.tradeoff_multipliers import EVOAPPROX, SOURCE, OrProduct, or_products
from flow.daism.tradeoff_plots import cycles_plot, energy_plot, lane_plot
from flow.daism.training import LossCurve, loss_curves
from flow.libraries import Library
from flow.timing import sta_version
from gen.tools import ToolMissing
from sim_models.daism.comparisons import FIGURES
from sim_models.daism.cycles import layer_cycles
from sim_models.daism.energy import LogicEnergies, SramModel, layer_energy
from sim_models.daism.energy_sensitivity import Sensitivity, sensitivity
from sim_models.daism.eyeriss import EyerissParameters, baseline_cycles
from sim_models.daism.layers import CONFIGURATIONS, VGG16_CONV1_1

Step = Callable[[str], None]

STEPS = 9

CLASSES = (
    "published: the paper's abstracts, or a design's own record. ours: everything else, models and measurements alike.",
    "The paper's tables, clock, tools, networks and baselines are not known: this is its idea, not a replication.",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reproduction:
    """Everything measured; ``energies`` and ``speeds`` are None without OpenSTA, ``simulated`` without a compiler."""

    library: str
    costs: BlockCosts
    energies: LaneEnergies | None
    speeds: Speeds | None
    products: tuple[OrProduct, ...]
    points: tuple[Point, ...]
    cycles: tuple[CycleClaim, ...]
    savings: tuple[EnergyClaim, ...]
    efficiencies: tuple[Efficiency, ...]
    accuracy: tuple[AccuracyRow, ...]
    simulated: SimulatedDigits | None
    curves: tuple[LossCurve, ...]


def reproduce(library: Library, step: Step) -> Reproduction:
    """Measure everything; synthesis results, energies and the networks' results come from the cache."""
    step("measuring energies of lanes")
    energies = lane_energies(library) if sta_version() else None
    costs = block_costs(library, energies, step)
    step("mapping lanes for speed")
    speeds = lane_speeds(library) if sta_version() else None
    step("pricing products by gates")
    products = or_products(library)
    step("trade-offs of all accelerators")
    points, efficiencies = study(costs), own_efficiencies(costs, speeds, energies)
    step("classifying digits")
    accuracy = accuracy_table()
    step("simulating the accelerator on the digits")
    simulated = _simulated()
    step("training")
    return Reproduction(
        library=library.name,
        costs=costs,
        energies=energies,
        speeds=speeds,
        products=tuple(products),
        points=tuple(points),
        cycles=tuple(cycle_claims()),
        savings=tuple(energy_claims(energies)),
        efficiencies=(*published_efficiencies(), *efficiencies),
        accuracy=accuracy,
        simulated=simulated,
        curves=loss_curves(),
    )


def _simulated() -> SimulatedDigits | None:
    try:
        return simulated_digits()
    except ToolMissing:
        return None


def text(measured: Reproduction) -> str:
    """The report for the terminal."""
    m = measured
    sections = [
        [
            f"DAISM (arXiv 2305.07376, DATE 2024) against bitline on {m.library}; pre-layout, no wires, one corner",
            *CLASSES,
        ],
        report.energy_lines(m.savings),
        report.cycle_lines(m.cycles),
        report.efficiency_lines(m.efficiencies),
        blocks.lane_lines(m.costs, m.energies),
        blocks.speed_lines(m.speeds),
        report.point_lines(m.points, m.accuracy),
        report.sensitivity_lines(*_reference_sensitivity()),
        report.network_lines(m.accuracy, m.curves),
        simulation_lines(m.simulated) if m.simulated else ["digits: no Verilog simulated without a C++ compiler"],
        blocks.multiplier_lines(m.products),
    ]
    return "\n\n".join("\n".join(section) for section in sections)


def _reference_sensitivity() -> tuple[list[Sensitivity], float]:
    """What the stated energies do to those of one layer on the reference accelerator, and their total in pJ."""
    p = point_parameters(VARIANT, COLUMNS[-1], blocks.REFERENCE_SIZE)
    sram = SramModel()
    counters = driven_counters(VGG16_CONV1_1, p)
    logic = with_side_memory(LogicEnergies(), p, sram)
    spilled = layer_cycles(VGG16_CONV1_1.gemm(p), p).spilled_words
    words = VGG16_CONV1_1.words
    total = layer_energy(counters, p, sram=sram, logic=logic, spilled_words=spilled, dram_words=words).total
    found = sensitivity(counters, p, sram=sram, logic=logic, spilled_words=spilled, dram_words=words)
    return found, total


def plots(measured: Reproduction) -> dict[str, str]:
    """The plots of study, accuracy and training as SVG, by file name."""
    m = measured
    of_variant = [point for point in m.points if point.variant == VARIANT]
    at_size = [point for point in m.points if point.size == blocks.REFERENCE_SIZE]
    return {
        "daism_cycles.svg": cycles_plot(of_variant, _baselines(of_variant, m.costs)),
        "daism_energy.svg": energy_plot(at_size),
        "daism_lane.svg": lane_plot(blocks.lane_parts(m.costs)),
        "daism_accuracy.svg": accuracy_plot(m.accuracy),
        "daism_loss.svg": loss_plot(m.curves),
    }


def _baselines(points: list[Point], costs: BlockCosts) -> dict[str, tuple[float, int]]:
    """Row-stationary arrays: of the published size, and with as many PEs as accelerators of the tables have lanes."""
    arrays = [EyerissParameters()]
    arrays += [
        sized("equal PEs", point.parameters, arrays[0])
        for point in points
        if point.size in CONFIGURATIONS and point.kept_columns in COLUMNS
    ]
    return {
        f"{pes} PEs": (
            baseline_mm2(array, costs.exact_lane.arithmetic_um2, SramModel(), buffer=False),
            sum(baseline_cycles(layer, array).total for layer in LAYERS),
        )
        for pes, array in sorted({array.pes: array for array in arrays}.items())
    }


def data(measured: Reproduction) -> dict[str, Any]:
    """The report for programs."""
    m = measured
    return {
        "library": m.library,
        "published": [asdict(each) for each in FIGURES],
        "evidence": CLASSES,
        "lanes": [
            {"kept_columns": kept, "accesses": accesses, **asdict(price)}
            for (kept, accesses), price in m.costs.lanes.items()
        ],
        "exact_lane": asdict(m.costs.exact_lane),
        "accumulator_um2": m.costs.accumulator_um2,
        "loader_um2": {f"{variant} {kept}": area for (variant, kept), area in m.costs.loader_um2.items()},
        "control_um2": m.costs.control_um2,
        "around_banks": asdict(m.costs.around),
        "energies": _energies(m.energies),
        "speeds": asdict(m.speeds) if m.speeds else None,
        "energy_saving": [{**asdict(claim), "saving": claim.saving} for claim in m.savings],
        "cycle_saving": [{**asdict(claim), "saving": claim.saving} for claim in m.cycles],
        "efficiencies": [asdict(each) for each in m.efficiencies],
        "points": [_point(point) for point in m.points],
        "accuracy": [asdict(row) for row in m.accuracy],
        "simulated": {**asdict(m.simulated), "identical": m.simulated.identical} if m.simulated else None,
        "loss_curves": [asdict(curve) for curve in m.curves],
        "multipliers": {"published": [asdict(each) for each in EVOAPPROX], "source": SOURCE}
        | {"ours": [asdict(each) for each in m.products]},
    }


def _energies(measured: LaneEnergies | None) -> dict[str, Any] | None:
    if measured is None:
        return None
    lanes = [
        {"kept_columns": kept, "accesses": accesses, **asdict(energy)}
        for (kept, accesses), energy in measured.lanes.items()
    ]
    return {"lanes": lanes, "exact_lane": asdict(measured.exact_lane), "accumulator": asdict(measured.accumulator)}


def _point(point: Point) -> dict[str, Any]:
    return {
        "variant": point.variant,
        "kept_columns": point.kept_columns,
        "size": point.size,
        "mred": point.mred,
        "snr_db": point.snr_db,
        "area_mm2": point.area_mm2,
        "bank_um2": asdict(point.bank),
        "cycles": {name: layer.cycles for name, layer in point.layers.items()},
        "mac_pj": point.mac_pj,
        "gops": point.gops,
        "on_front": point.on_front,
    }
