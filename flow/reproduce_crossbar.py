"""The headline figures of Neural-PIM, ISAAC and CASCADE beside bitline's own, with what each can and cannot say."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from flow.crossbar import plots as drawing
from flow.crossbar import system_report as report
from flow.crossbar.digits_accuracy import DigitsStudy, digits_study
from flow.crossbar.digits_noise import knee_db
from flow.crossbar.digits_report import digits_lines
from flow.crossbar.headline import Headline
from flow.crossbar.integer_networks import IntegerNetwork, integer_lines, integer_networks
from flow.crossbar.lever_study import lever_study
from flow.crossbar.lever_table import LeverTable, lever_lines, lever_rows
from flow.crossbar.rtl import simulated_digits
from flow.crossbar.rtl_comparison import SimulatedDigits
from flow.crossbar.rtl_comparison import text_lines as simulation_lines
from flow.crossbar.system_digital import DigitalCost, digital_costs, product_energies
from flow.crossbar.system_headlines import headlines
from flow.crossbar.system_study import MeanSpeedUp, NetworkRow, mean_speed_ups, network_rows
from flow.crossbar.tiles import TILES
from flow.libraries import Library
from gen.tools import ToolMissing
from sim_models.crossbar.chip import neural_pim_parts
from sim_models.crossbar.chip_consistency import consistency_chain
from sim_models.crossbar.costs import UNIT_COSTS, isaac_tile
from sim_models.crossbar.energy import RULES, cascade_calibrated_pj, ceiling, energies
from sim_models.crossbar.energy_sensitivity import FITTED_FACTOR, central, tornado

Step = Callable[[str], None]

STEPS = 5 + len(TILES)

CLASSES = (
    "published: the paper's own record. reported: a secondary account. ours: derived or run by bitline. ours, "
    "unverified: an assumption.",
    "The full texts of Neural-PIM and CASCADE were not at hand: a reconstruction from reported figures.",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reproduction:
    """Everything computed; ``digital`` by strategy, of the designs that the catalog has.

    ``simulated``: the digits through each tile; None without Verilator and a C++ compiler.
    """

    library: str
    digital: dict[str, DigitalCost]
    networks: tuple[NetworkRow, ...]
    speed_ups: tuple[MeanSpeedUp, ...]
    headlines: tuple[Headline, ...]
    levers: LeverTable
    integers: tuple[IntegerNetwork, ...]
    digits: DigitsStudy
    simulated: tuple[SimulatedDigits, ...] | None


def reproduce(library: Library, step: Step) -> Reproduction:
    """Compute everything; synthesis results, energies and the digits come from the cache where they are there."""
    step("pricing digital parts")
    digital = digital_costs(library)
    step("mapping nine networks")
    networks, speed_ups = network_rows(), mean_speed_ups()
    step("counting conversions")
    found = headlines(networks, speed_ups, digital)
    step("measuring analog networks with each lever")
    levers = lever_study()
    step("classifying digits")
    digits = digits_study()
    return Reproduction(
        library=library.name,
        digital=digital,
        networks=tuple(networks),
        speed_ups=tuple(speed_ups),
        headlines=tuple(found),
        levers=levers,
        integers=tuple(integer_networks()),
        digits=digits,
        simulated=_simulated(step),
    )


def _simulated(step: Step) -> tuple[SimulatedDigits, ...] | None:
    try:
        return simulated_digits(step=step)
    except ToolMissing:
        return None


def text(measured: Reproduction) -> str:
    """The report for the terminal."""
    m = measured
    sections = [
        [
            "Neural-PIM (IEEE TC 2022, arXiv 2201.12861) beside ISAAC (ISCA 2016) and CASCADE (MICRO 2019); digital "
            f"parts on {m.library}",
            *CLASSES,
        ],
        report.headline_lines(m.headlines),
        report.ratio_lines(),
        report.product_lines(product_energies(m.digital)),
        report.network_lines(m.networks),
        report.tornado_lines(),
        report.component_lines(),
        report.chain_lines(),
        report.endurance_lines(),
        lever_lines(m.levers),
        integer_lines(list(m.integers)),
        digits_lines(m.digits),
        ["the tiles' Verilog: not run, Verilator or a C++ compiler is missing"]
        if m.simulated is None
        else simulation_lines(m.simulated),
    ]
    return "\n\n".join("\n".join(section) for section in sections)


def plots(measured: Reproduction) -> dict[str, str]:
    """The plots as SVG, by file name."""
    m = measured
    return {
        "crossbar_energy.svg": drawing.energy_plot(product_energies(m.digital)),
        "crossbar_area.svg": drawing.area_plot(),
        "crossbar_tornado.svg": drawing.tornado_plot(),
        "crossbar_networks.svg": drawing.network_plot(m.networks),
        "crossbar_digits.svg": drawing.accuracy_plot(m.digits),
    }


def data(measured: Reproduction) -> dict[str, Any]:
    """The report for programs, the grid as comma-separated values in it."""
    m = measured
    digital_pj = product_energies(m.digital)
    return {
        "library": m.library,
        "evidence": CLASSES,
        "headlines": [asdict(each) for each in m.headlines],
        "digital": {name: asdict(cost) for name, cost in m.digital.items()},
        "components": {
            "isaac": [asdict(part) for part in isaac_tile()],
            "neural_pim": [asdict(part) for part in neural_pim_parts(FITTED_FACTOR)],
        },
        "unit_costs": [asdict(each) for each in UNIT_COSTS],
        "consistency": [{**asdict(link), "holds": link.holds} for link in consistency_chain()],
        "products_pj": {
            rule: {name: asdict(energy) for name, energy in energies(central(rule), digital_pj).items()}
            for rule in RULES
        },
        "cascade_calibrated_pj": cascade_calibrated_pj(),
        "ceiling": ceiling(),
        "networks": [_network(row) for row in m.networks],
        "speed_ups": [asdict(each) for each in m.speed_ups],
        "tornado": {rule: [asdict(each) for each in tornado(rule)] for rule in RULES},
        "sensitivity_csv": report.sensitivity_csv(),
        "endurance": report.endurance_lines(),
        "levers": lever_rows(m.levers),
        "integer_networks": [asdict(each) for each in m.integers],
        "digits": {**asdict(m.digits), "knee_db": knee_db(m.digits.levels, m.digits.reference_percent)},
        "simulated": None if m.simulated is None else [_tile(each) for each in m.simulated],
    }


def _tile(found: SimulatedDigits) -> dict[str, Any]:
    return {**asdict(found), "identical": found.identical}


def _network(row: NetworkRow) -> dict[str, Any]:
    return {
        "name": row.network.name,
        "source": row.network.source,
        "weights": row.network.weights,
        "counts": asdict(row.counts),
        "utilisation": row.counts.utilisation,
        "isaac_counts": asdict(row.isaac),
        "energies_pj": {
            rule: {name: {**asdict(energy), "total": energy.total} for name, energy in of.items()}
            for rule, of in row.energies.items()
        },
        "places": [asdict(place) for place in row.places.values()],
    }
