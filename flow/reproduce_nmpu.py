"""The NMPU paper's headline figures beside bitline's own, with what each can and cannot say."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from flow.digits import backends
from flow.digits.data import load as load_digits
from flow.digits.mapping import map_network, run_mapped
from flow.digits.network import load as load_network
from flow.digits.network import predicted_digits
from flow.libraries import Library
from flow.power import design_energy
from flow.prices.assembly import Assembly
from flow.prices.nmpu import array_price, lane_price, ldpu_price, unit_price
from flow.timing import sta_version
from gen.catalog import find as find_design
from gen.rtl import elaborate
from hdl.nmpu import Nmpu
from hdl.nmpu_fp16 import Ldpu
from sim_models.nmpu import (
    PUBLISHED_FIGURES,
    AimcColumnParameters,
    LdpuParameters,
    NmpuParameters,
    audit_ldpu,
    audit_nmpu,
    draw_case,
)
from verif.batch import simulate
from verif.nmpu import random_groups, run_array
from verif.nmpu_fp16 import tiles

Step = Callable[[str], None]
SERVICE_MODELS = ("F1", "F2", "F3")
LANES = (1, 2, 4, 8, 16)
STEPS = 4 + len(LANES)
COLUMNS = 256
COUNT_STORAGE = ("counts_p_memory", "counts_n_memory")
STORAGE = ("storage", "slopes_memory", "offsets_memory", "aggregates_memory", *COUNT_STORAGE)
AUDITED: dict[str, dict[str, Any]] = {
    "scale (1,5), offset (7,1), no cut": {"scale_fraction_bits": 5, "pre_cut_bits": 0},
    "scale (1,6), offset (7,1), no cut": {"scale_fraction_bits": 6, "pre_cut_bits": 0},
    "scale (1,7), offset (7,0), no cut": {"offset_fraction_bits": 0, "pre_cut_bits": 0},
    "scale (1,7), offset (7,1), no cut": {"pre_cut_bits": 0},
    "scale (1,7), offset (7,1), 5 bits cut": {},
    "scale (1,7), offset (7,1), 7 bits cut": {"pre_cut_bits": 7, "shift_min": 1},
    "scale (1,8), offset (7,1), no cut": {"scale_fraction_bits": 8, "pre_cut_bits": 0},
    "branch_round": {"variant": "branch_round"},
}


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """Everything measured; areas in gate equivalents, cycles counted in simulation.

    ``energy_pj`` has the energy of one column's result in each design; None without OpenSTA.
    """

    library: str
    nmpu_cycles: int
    ldpu_cycles: dict[str, int]
    unit_ge: float
    unit_with_storage_ge: float
    lane_ge: float
    array: Assembly
    ldpu_by_lanes: dict[int, Assembly]
    energy_pj: dict[str, float] | None
    audit: dict[str, tuple[float, float, int]]
    correct: dict[str, int]
    images: int


def reproduce(library: Library, step: Step) -> Reproduction:
    """Measure everything; synthesis results come from the cache where they are there."""
    nmpu, ldpu = NmpuParameters(), LdpuParameters()
    step("counting cycles in simulation")
    cycles = {model: simulated_ldpu_cycles(LdpuParameters(service_model=model)) for model in SERVICE_MODELS}
    step("pricing unit, lane and array")
    unit, array = unit_price(replace(nmpu, storage="external"), library), array_price(nmpu, library)
    lane = lane_price(ldpu, library)
    by_lanes = {}
    for lanes in LANES:
        step(f"pricing the FP16 unit with {lanes} lanes")
        by_lanes[lanes] = ldpu_price(replace(ldpu, lanes=lanes), library)
    step("measuring energies")
    energy_pj = _energies(library) if sta_version() else None
    step("auditing formats, classifying digits")
    correct, images = _digits()
    return Reproduction(
        library=library.name,
        nmpu_cycles=simulated_nmpu_cycles(nmpu),
        ldpu_cycles=cycles,
        unit_ge=unit.winner.ge,
        unit_with_storage_ge=unit_price(nmpu, library).winner.ge,
        lane_ge=lane.winner.ge,
        array=array,
        ldpu_by_lanes=by_lanes,
        energy_pj=energy_pj,
        audit=_audit(),
        correct=correct,
        images=images,
    )


def simulated_nmpu_cycles(parameters: NmpuParameters) -> int:
    """Cycles from the start of one group of all columns to its last result, both counted, in the generated array."""
    groups = random_groups(parameters, 1, parameters.columns, seed=0)
    return run_array(elaborate(Nmpu(parameters=parameters), "nmpu"), parameters, groups)[1]


def simulated_ldpu_cycles(parameters: LdpuParameters) -> int:
    """Cycles from the capture of all columns' counts to the last result in the generated FP16 unit."""
    counts = np.zeros((1, parameters.columns), np.int64)
    rtl = elaborate(Ldpu(parameters=parameters), "nmpu_fp16")
    outputs = simulate(rtl, tiles(parameters, counts, counts), outputs=["done"])
    return int(np.flatnonzero(outputs["done"])[0])


def _energies(library: Library) -> dict[str, float]:
    """Energy in pJ of one column's result, on counts of the analog column model, the same for all designs."""
    results = {
        "nmpu": COLUMNS,
        "nmpu_unit": NmpuParameters().columns_per_unit,
        "nmpu_fp16": COLUMNS,
        "nmpu_fp16_lane": 1,
    }
    found = {}
    for name, columns in results.items():
        design = find_design(name)
        found[name] = design_energy(design, design.configuration()(), library).total_pj / columns
    return found


def _audit() -> dict[str, tuple[float, float, int]]:
    case = draw_case()
    results: dict[str, Any] = {name: audit_nmpu(case, NmpuParameters(**fields)) for name, fields in AUDITED.items()}
    results["FP16 lane"] = audit_ldpu(case, LdpuParameters())
    return {name: (each.mean_absolute_error, each.bias, each.maximum_error) for name, each in results.items()}


def _digits() -> tuple[dict[str, int], int]:
    digits = load_digits()
    mapped = map_network(load_network(), digits.train_images, AimcColumnParameters())
    correct = {}
    for name in ("real", "fp16", "nmpu"):
        logits = run_mapped(mapped, digits.test_images, getattr(backends, name))[-1].activations
        correct[name] = int((predicted_digits(logits) == digits.test_labels).sum())
    return correct, len(digits.test_images)


def text(measured: Reproduction) -> str:
    """The report for the terminal."""
    m = measured
    ldpu = m.ldpu_by_lanes[1]
    speed = ", ".join(f"{m.ldpu_cycles[model] / m.nmpu_cycles:.1f} ({model})" for model in SERVICE_MODELS)
    drops = {name: 100 * (m.correct["real"] - m.correct[name]) / m.images for name in ("fp16", "nmpu")}
    ours = (
        f"{speed}",
        f"{ldpu.area_um2 / m.array.area_um2:.2f} with one lane",
        f"{ldpu.ge / m.unit_ge:.0f} without the unit's storage; one lane over one unit: {m.lane_ge / m.unit_ge:.2f}",
        f"{drops['nmpu']:+.2f} against float64 ({drops['fp16']:+.2f} for FP16), {m.images} handwritten digits",
        "the same network and task as above",
    )
    lines = [f"NMPU (arXiv 2402.07549) against bitline on {m.library}; pre-layout, no wires, one corner", ""]
    for figure, own in zip(PUBLISHED_FIGURES, ours, strict=True):
        lines += [f"{figure.name}", f"  {figure.evidence}: {figure.value:g} {figure.unit}", f"  bitline: {own}"]
        lines += [f"  limit: {figure.limit}", ""]
    lines += [f"cycles for {COLUMNS} columns, counted in simulation: NMPU array {m.nmpu_cycles}"]
    lines += [f"  FP16 unit, service model {model}: {m.ldpu_cycles[model]}" for model in SERVICE_MODELS]
    lines += [
        "  F2 and F3 at the same clock need their multiply-add retimed, which no recipe here does",
        "",
    ]
    return "\n".join([*lines, *_areas(m), "", *_energy(m), "", *_formats(m)])


def _areas(m: Reproduction) -> list[str]:
    lines = [f"area (GE): unit {m.unit_ge:,.0f}, with its parameter words {m.unit_with_storage_ge:,.0f}"]
    lines.append(f"  FP16 lane {m.lane_ge:,.0f}")
    for design in (m.array, m.ldpu_by_lanes[1]):
        lines.append(f"  {design.name}: {design.ge:,.0f}")
        counts = {part.name: part.count for part in design.parts}
        lines += [f"    {counts[name]:3} x {name:22}{gates:12,.0f}" for name, gates in design.parts_ge().items()]
    lines.append("FP16 unit over 64-unit array, by lanes, with flip-flop storage and without any storage")
    for lanes, ldpu in m.ldpu_by_lanes.items():
        bare = ldpu.without(*STORAGE) / m.array.without(*STORAGE)
        lines.append(f"  {lanes:2} lanes: {ldpu.area_um2 / m.array.area_um2:.2f}, {bare:.3f}")
    return lines


def _energy(m: Reproduction) -> list[str]:
    if m.energy_pj is None:
        return ["energy: not measured without OpenSTA"]
    lines = ["energy per column's result (pJ; pre-layout, glitches and clock network not in it), over the NMPU array's"]
    array = m.energy_pj["nmpu"]
    lines += [f"  {name:16}{energy:8.2f}{energy / array:8.2f}" for name, energy in m.energy_pj.items()]
    return [*lines, "  the FP16 unit clocks all of its storage in every cycle; the lane is its arithmetic alone"]


def _formats(m: Reproduction) -> list[str]:
    lines = ["error against the real-valued correction, output LSB (mean absolute, bias, maximum)"]
    lines += [f"  {name:40}{mean:8.4f}{bias:+9.4f}{worst:4}" for name, (mean, bias, worst) in m.audit.items()]
    return [*lines, "  'at most 1 LSB' is a statement about these operands, not a bound"]


def data(measured: Reproduction) -> dict[str, Any]:
    """The report for programs."""
    m = measured
    return {
        "library": m.library,
        "published": [vars(figure) for figure in PUBLISHED_FIGURES],
        "cycles": {"nmpu": m.nmpu_cycles, **m.ldpu_cycles},
        "unit_ge": m.unit_ge,
        "unit_with_storage_ge": m.unit_with_storage_ge,
        "lane_ge": m.lane_ge,
        "array_ge": m.array.parts_ge(),
        "ldpu_ge_by_lanes": {lanes: ldpu.parts_ge() for lanes, ldpu in m.ldpu_by_lanes.items()},
        "energy_pj": m.energy_pj,
        "audit_lsb": m.audit,
        "correct": m.correct,
        "images": m.images,
    }
