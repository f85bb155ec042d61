"""Blocks beside their baselines as lines of text: lanes, their speed, and multipliers."""

from collections.abc import Callable, Mapping, Sequence

from flow.daism.tradeoff import point_parameters
from flow.daism.tradeoff_claims import COLUMNS, VARIANT, read_and_multiplier_pj
from flow.daism.tradeoff_costs import LATENCIES, BlockCosts, Speeds, smallest_within
from flow.daism.tradeoff_energy import LaneEnergies
from flow.daism.tradeoff_multipliers import EVOAPPROX, SOURCE, OrProduct
from flow.prices.daism import TimedLane
from hdl.daism.layouts import side_bits
from sim_models.daism.energy import SramModel
from sim_models.daism.layers import CONFIGURATIONS

REFERENCE_SIZE = "16 x 32 kB"
CLOCK_PS = 1000.0
EXACT = "exact"


def lane_parts(costs: BlockCosts) -> dict[str, dict[str, float]]:
    """What a lane takes in a bank of the reference size, in um2 by part: ours, and an exact one with as many operands.

    The exact lane's operands lie in a plain array of the same model, and it needs no loader.
    """
    sram, parts = SramModel(), {}
    for kept in COLUMNS:
        p, lane = point_parameters(VARIANT, kept, REFERENCE_SIZE), costs.lanes[kept, 1]
        arrays = sram.area_um2(p.rows, p.columns) + sram.area_um2(p.groups, p.lanes * side_bits(p))
        parts[f"{VARIANT} {kept}"] = {
            "arithmetic": lane.arithmetic_um2,
            "partial sums": lane.sums_um2,
            "loader": costs.loader_um2[VARIANT, kept],
            "operands in arrays": arrays / p.lanes,
        }
    exact = costs.exact_lane
    parts[EXACT] = {
        "arithmetic": exact.arithmetic_um2,
        "partial sums": exact.sums_um2,
        "loader": 0.0,
        "operands in arrays": sram.area_um2(p.groups, p.word_bits),
    }
    return parts


def lane_lines(costs: BlockCosts, energies: LaneEnergies | None) -> list[str]:
    """The lane against the exact one: with and without partial sums, with the loader, with its share of the array."""
    parts = lane_parts(costs)
    lines = ["one lane against the smallest exact bfloat16 lane (um2, saving in %)"]
    lines.append(f"  {'':24}" + "".join(f"{name:>20}" for name in parts))
    for title, area in _counted(costs).items():
        base = area(parts[EXACT])
        cells = [
            f"{area(each):.0f} ({100 * (1 - area(each) / base):.1f})" for name, each in parts.items() if name != EXACT
        ]
        lines.append(f"  {title:24}" + "".join(f"{cell:>20}" for cell in [*cells, f"{base:.0f}"]))
    sums = costs.exact_lane.sums_um2
    lines.append(f"  operands: {REFERENCE_SIZE}; those of the exact lane, as many, in a plain array of the same model")
    lines.append(f"  partial sums: {sums:.0f} um2 of flip-flops in every lane: 8 sums of 32 bits, two read ports")
    return [*lines, *(_lane_energies(energies) if energies else ["  energy: not measured without OpenSTA"])]


def _counted(costs: BlockCosts) -> dict[str, Callable[[Mapping[str, float]], float]]:
    """What may be counted of a lane, from less to more."""
    return {
        "without accumulator": lambda it: it["arithmetic"] + it["partial sums"] - costs.accumulator_um2,
        "without partial sums": lambda it: it["arithmetic"],
        "with partial sums": lambda it: it["arithmetic"] + it["partial sums"],
        "and with its loader": lambda it: it["arithmetic"] + it["partial sums"] + it["loader"],
        "and with its operands": lambda it: sum(it.values()),
    }


def _lane_energies(energies: LaneEnergies) -> list[str]:
    ours = ", ".join(f"{kept} {energies.lanes[kept, 1].total_pj:.2f}" for kept in COLUMNS)
    lines = [
        f"  energy of a multiply-accumulate: exact lane {energies.exact_lane.total_pj:.2f} pJ, ours {ours}; "
        f"{energies.accumulator.total_pj:.2f} of it in the accumulator"
    ]
    for size in CONFIGURATIONS:
        reads = []
        for kept in COLUMNS:
            read, saved = read_and_multiplier_pj(size, kept, energies, SramModel())
            reads.append(f"{kept} {read:.2f} against {saved:.2f}")
        lines.append(f"  {size}: pJ to read a product from the array against what the lane saves: {', '.join(reads)}")
    return [*lines, f"  {energies.exact_lane.label}"]


def speed_lines(speeds: Speeds | None) -> list[str]:
    """At which latency of the accumulate loop lanes reach the nominal clock, and areas at equal speed."""
    if speeds is None:
        return ["speed: not measured without OpenSTA"]
    lines = ["lanes mapped for speed: shortest longest path by OpenSTA (ps), smallest that reaches 1 GHz (um2)"]
    for latency in LATENCIES:
        cells = [_reached(name, lanes, latency) for name, lanes in (("ours", speeds.lanes), (EXACT, speeds.exact))]
        lines.append(f"  accumulate_latency {latency}: {', '.join(cells)}")
    ours, exact = smallest_within(speeds.lanes, CLOCK_PS), smallest_within(speeds.exact, CLOCK_PS)
    if ours and exact:
        saving = 100 * (1 - ours.area_um2 / exact.area_um2)
        lines.append(
            f"  at 1 GHz: ours {ours.area_um2:.0f} um2 (latency {ours.accumulate_latency}), exact {exact.area_um2:.0f} "
            f"(latency {exact.accumulate_latency}): {saving:.1f} % less, partial sums included"
        )
    return [
        *lines,
        "  limit: the array's access time is in no path. 8 sums take turns, so these latencies cost no cycle.",
    ]


def _reached(name: str, lanes: Sequence[TimedLane], latency: int) -> str:
    found = [lane for lane in lanes if lane.accumulate_latency == latency]
    within = smallest_within(found, CLOCK_PS)
    return f"{name} {min(lane.longest_ps for lane in found):5.0f} {f'{within.area_um2:.0f}' if within else '-':>5}"


def multiplier_lines(products: Sequence[OrProduct]) -> list[str]:
    """Approximate multipliers: published ones, and products by OR of the same width."""
    lines = ["approximate 8-bit unsigned multipliers: mean relative error %, area um2"]
    lines += [
        f"  published: {it.name:12}{it.mre_percent:7.2f}{it.area_um2:8.1f}  {it.power_mw:g} mW, {it.delay_ns:g} ns"
        for it in EVOAPPROX
    ]
    lines.append(f"    {SOURCE}")
    lines += [
        f"  ours:      {it.name:12}{it.mre_percent:7.2f}{it.plane_um2:8.1f}  as gates, without an array"
        for it in products
    ]
    return [
        *lines,
        "  limit: other cells than ours (PDK45); whether pairs with a zero count is not stated; none of theirs is",
        "  shipped. In an array an OR product needs no such gates; they are what it replaces at most.",
    ]
