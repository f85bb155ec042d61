"""Throughput per area and energy efficiency beside published designs, the operating point of each shown."""

from collections.abc import Iterator
from dataclasses import dataclass

from flow.daism.tradeoff import layer_point, point_parameters, with_side_memory
from flow.daism.tradeoff_claims import VARIANT, Models, scenario_models, sized
from flow.daism.tradeoff_costs import BlockCosts, Speeds, smallest_within
from flow.daism.tradeoff_energy import LaneEnergies
from flow.prices.daism import bank_area
from sim_models.daism import DaismParameters
from sim_models.daism.comparisons import figure, z_pim_gops_per_mm2
from sim_models.daism.energy import SramModel
from sim_models.daism.eyeriss import EyerissParameters, baseline_cycles, baseline_energy
from sim_models.daism.layers import ALEXNET, VGG16_CONV1_1

NODE_NM = 45
OURS = "ours"
COLUMNS = "truncated"
SIZES = ("16 x 32 kB", "16 x 8 kB", "64 x 2 kB")


@dataclass(frozen=True, kw_only=True)
class Efficiency:
    """One design at one operating point; None where it cannot be said.

    ``gops`` counts two operations a multiply-accumulate, ``tops_per_watt`` likewise; ``gops_per_mm2_scaled`` is at
    45 nm, by the square of the ratio of the nodes. ``evidence``: published, derived from published, or ours.
    """

    design: str
    operating_point: str
    evidence: str
    gops: float | None = None
    gops_per_mm2: float | None = None
    gops_per_mm2_scaled: float | None = None
    tops_per_watt: float | None = None


def published_efficiencies() -> list[Efficiency]:
    """The comparison designs, as their records have them."""
    z_low, z_high = (_value("Z-PIM", f"energy efficiency, {end} end") for end in ("low", "high"))
    t_low, t_high = (_value("T-PIM", f"energy efficiency, {end} end") for end in ("low", "high"))
    images, power = _value("Eyeriss", "AlexNet convolutions"), _value("Eyeriss", "AlexNet power")
    eyeriss = 2 * sum(layer.macs for layer in ALEXNET) * images * 1e-9
    z_point = figure("Z-PIM", "energy efficiency, low end").conditions
    one_bit = figure("Z-PIM", "energy efficiency, high end").conditions
    t_point = figure("T-PIM", "energy efficiency, low end").conditions
    return [
        Efficiency(
            design="Z-PIM",
            operating_point=z_point,
            evidence="derived: mean power x lowest efficiency / area",
            gops=_value("Z-PIM", "power") * z_low,
            gops_per_mm2=z_pim_gops_per_mm2().value,
            gops_per_mm2_scaled=z_pim_gops_per_mm2(NODE_NM).value,
            tops_per_watt=z_low,
        ),
        Efficiency(design="Z-PIM", operating_point=one_bit, evidence="published", tops_per_watt=z_high),
        Efficiency(design="T-PIM", operating_point=f"lowest; {t_point}", evidence="published", tops_per_watt=t_low),
        Efficiency(design="T-PIM", operating_point=f"highest; {t_point}", evidence="published", tops_per_watt=t_high),
        Efficiency(
            design="Eyeriss",
            operating_point=f"AlexNet convolutions, {images:g} frame/s at {power:g} mW; as run, not peak",
            evidence="derived: frames x operations",
            gops=eyeriss,
            tops_per_watt=eyeriss / power,
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class _Lanes:
    """Ours and the exact lane (without partial sums, which the baseline has in register files), and their clock."""

    name: str
    own_um2: float
    exact_um2: float
    clock_hz: float

    @property
    def operating_point(self) -> str:
        return f"{self.name}, {self.clock_hz * 1e-6:.0f} MHz"


def own_efficiencies(costs: BlockCosts, speeds: Speeds | None, measured: LaneEnergies | None) -> list[Efficiency]:
    """Accelerators of `SIZES`, each followed by the row-stationary baseline with as many PEs, on one layer.

    The smallest lanes run at the clock that they reach, which without ``measured`` is not known: the nominal one is
    taken. With ``speeds`` follow the smallest ones that reach it. Throughput counts the layer's idle lanes as idle.
    Both have the baseline's buffer; ours its controller, the baseline neither control nor network.
    """
    found = []
    for size in SIZES:
        p = point_parameters(VARIANT, COLUMNS, size)
        for lanes in _lanes(p, costs, speeds, measured):
            found += [_accelerator(size, p, lanes, costs, measured), _baseline(p, lanes, measured)]
    return found


def _lanes(
    p: DaismParameters, costs: BlockCosts, speeds: Speeds | None, measured: LaneEnergies | None
) -> Iterator[_Lanes]:
    sums, own = costs.exact_lane.sums_um2, costs.lanes[COLUMNS, 1].area_um2
    clock_hz = p.clock_hz
    if measured:
        clock_hz = 1e12 / max(measured.lanes[COLUMNS, 1].period_ps, measured.exact_lane.period_ps)
    name = "smallest lanes" if measured else "smallest lanes, as if they reached the clock"
    yield _Lanes(name=name, own_um2=own, exact_um2=costs.exact_lane.arithmetic_um2, clock_hz=clock_hz)
    if speeds is None:
        return
    ours, exact = (smallest_within(each, 1e12 / p.clock_hz) for each in (speeds.lanes, speeds.exact))
    if ours and exact:
        yield _Lanes(
            name="lanes mapped for speed",
            own_um2=ours.area_um2,
            exact_um2=exact.area_um2 - sums,
            clock_hz=p.clock_hz,
        )


def _accelerator(
    size: str, p: DaismParameters, lanes: _Lanes, costs: BlockCosts, measured: LaneEnergies | None
) -> Efficiency:
    models = _models(measured)
    layer = layer_point(VGG16_CONV1_1, p, models.sram, with_side_memory(models.logic, p, models.sram))
    bank = bank_area(p, lanes.own_um2, costs.loader_um2[VARIANT, COLUMNS], costs.control_um2, models.sram)
    buffer = models.sram.area_um2(8 * sized("equal PEs", p, models.baseline).buffer_bytes, 1)
    return _efficiency(
        f"DAISM {size}, {VARIANT} {COLUMNS}",
        lanes,
        gops=2 * layer.macs / layer.cycles * lanes.clock_hz * 1e-9,
        area=(p.banks * bank.total + costs.around.total(p) + buffer) * 1e-6,
        mac_pj=layer.mac_pj,
    )


def _baseline(p: DaismParameters, lanes: _Lanes, measured: LaneEnergies | None) -> Efficiency:
    models = _models(measured)
    eyeriss, layer = sized("equal PEs", p, models.baseline), VGG16_CONV1_1
    return _efficiency(
        f"row-stationary, {eyeriss.pes} exact PEs",
        lanes,
        gops=2 * layer.macs / baseline_cycles(layer, eyeriss).total * lanes.clock_hz * 1e-9,
        area=baseline_mm2(eyeriss, lanes.exact_um2, models.sram),
        mac_pj=baseline_energy(layer, eyeriss).on_chip / layer.macs,
    )


def _efficiency(design: str, lanes: _Lanes, *, gops: float, area: float, mac_pj: float) -> Efficiency:
    return Efficiency(
        design=design,
        operating_point=f"{lanes.operating_point}, {area:.2f} mm2",
        evidence=OURS,
        gops=gops,
        gops_per_mm2=gops / area,
        gops_per_mm2_scaled=gops / area,
        tops_per_watt=2 / mac_pj,
    )


def _models(measured: LaneEnergies | None) -> Models:
    found = scenario_models("gate level" if measured else "stated", COLUMNS, measured)
    assert found is not None, "stated energies need no measured ones"
    return found


def baseline_mm2(eyeriss: EyerissParameters, exact_um2: float, sram: SramModel, *, buffer: bool = True) -> float:
    """PEs, each an exact lane of ``exact_um2`` and its register file, and the ``buffer``; memories by ``sram``.

    Neither a network nor control is in it.
    """
    size = eyeriss.pes * eyeriss.register_bytes + (eyeriss.buffer_bytes if buffer else 0)
    return (eyeriss.pes * exact_um2 + sram.area_um2(8 * size, 1)) * 1e-6


def _value(design: str, name: str) -> float:
    return figure(design, name).value
