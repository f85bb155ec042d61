"""The published savings of cycles and energy beside those of the models, against row-stationary baselines.

Nothing of the paper's comparison is known but the two percentages: not its layers, networks, configurations nor
baselines. Every condition here is bitline's own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import TypeVar

from flow.daism.tradeoff import LAYERS, driven_counters, layer_point, point_parameters, with_side_memory
from flow.daism.tradeoff_energy import LaneEnergies
from sim_models.daism import ConvLayer, DaismParameters, layer_cycles
from sim_models.daism.energy import LogicEnergies, SramModel
from sim_models.daism.eyeriss import EyerissParameters, baseline_cycles, baseline_energy, equal_pes, equal_sram
from sim_models.daism.layers import CONFIGURATIONS

_Model = TypeVar("_Model", SramModel, LogicEnergies, EyerissParameters)

VARIANT = "pc3"
COLUMNS = ("full", "truncated")
BASELINES = ("168 PEs", "equal PEs", "equal SRAM")
SCENARIOS = ("stated", "equal sums", "gate level")
"""``stated``: the defaults of both models. ``equal sums``: the same, but a partial sum in a lane costs what two
register accesses cost the baseline. ``gate level``: measured lanes in both, partial sums in flip-flops in both."""
FACTOR = 2.0

# Areas, and what scales all terms of the array at once; `sim_models.daism.energy_sensitivity` varies those as well.
_NO_TERM = ("cell_um2", "array_efficiency", "discharged_fraction", "read_swing_v", "supply_v")
_ENERGIES = ("mac_pj", "unit_pj", "register_ratio", "network_ratio", "buffer_ratio", "dram_ratio")


@dataclass(frozen=True, kw_only=True)
class CycleClaim:
    """Cycles of one layer on one accelerator and on one baseline with ``pes`` PEs."""

    layer: str
    size: str
    kept_columns: str
    baseline: str
    lanes: int
    pes: int
    cycles: int
    baseline_cycles: int

    @property
    def saving(self) -> float:
        """Percent fewer cycles than the baseline."""
        return 100 * (1 - self.cycles / self.baseline_cycles)


@dataclass(frozen=True, kw_only=True)
class EnergyClaim:
    """Energy of one layer in pJ a multiply-accumulate, DRAM left out and put in, here and in the baseline.

    ``lowest``, ``highest``: saving on the chip in percent when one term of either model is halved or doubled, and the
    names of those terms.
    """

    layer: str
    size: str
    kept_columns: str
    baseline: str
    scenario: str
    on_chip: float
    total: float
    baseline_on_chip: float
    baseline_total: float
    lowest: tuple[float, str]
    highest: tuple[float, str]

    @property
    def saving(self) -> float:
        """Percent less energy than the baseline, on the chip."""
        return 100 * (1 - self.on_chip / self.baseline_on_chip)

    @property
    def total_saving(self) -> float:
        """The same with DRAM in both."""
        return 100 * (1 - self.total / self.baseline_total)


@dataclass(frozen=True, kw_only=True)
class Models:
    """The energies of one scenario: the array, the lanes, the baseline."""

    sram: SramModel
    logic: LogicEnergies
    baseline: EyerissParameters


def cycle_claims() -> list[CycleClaim]:
    """All layers, configurations of the cycle tables, columns and baselines."""
    return [
        _cycle_claim(layer, size, kept, baseline)
        for layer in LAYERS
        for size in CONFIGURATIONS
        for kept in COLUMNS
        for baseline in BASELINES
    ]


def energy_claims(measured: LaneEnergies | None) -> list[EnergyClaim]:
    """The same for energy, in each scenario; without ``measured`` energies two of them."""
    return [
        _energy_claim(layer, size, kept, baseline, scenario, models)
        for scenario in SCENARIOS
        for layer in LAYERS
        for size in CONFIGURATIONS
        for kept in COLUMNS
        for baseline in BASELINES[1:]
        if (models := scenario_models(scenario, kept, measured)) is not None
    ]


def scenario_models(scenario: str, kept_columns: str, measured: LaneEnergies | None) -> Models | None:
    """The models of one of `SCENARIOS`; None where it needs measured energies and there are none."""
    sram, logic, baseline = SramModel(), LogicEnergies(), EyerissParameters()
    if scenario == "equal sums":
        logic = replace(logic, partial_sum=2 * baseline.register_ratio * baseline.unit_pj)
    elif scenario == "gate level":
        if measured is None:
            return None
        logic, baseline = measured.logic()[kept_columns, 1], measured.baseline()
    return Models(sram=sram, logic=logic, baseline=baseline)


def sized(name: str, parameters: DaismParameters, base: EyerissParameters) -> EyerissParameters:
    """``base`` as large as one of `BASELINES` says."""
    if name == BASELINES[0]:
        return base
    return (equal_pes if name == "equal PEs" else equal_sram)(parameters, base)


def _cycle_claim(layer: ConvLayer, size: str, kept: str, baseline: str) -> CycleClaim:
    p = point_parameters(VARIANT, kept, size)
    eyeriss = sized(baseline, p, EyerissParameters())
    return CycleClaim(
        layer=layer.name,
        size=size,
        kept_columns=kept,
        baseline=baseline,
        lanes=p.banks * p.lanes,
        pes=eyeriss.pes,
        cycles=layer_cycles(layer.gemm(p), p).total,
        baseline_cycles=baseline_cycles(layer, eyeriss).total,
    )


def _energy_claim(layer: ConvLayer, size: str, kept: str, baseline: str, scenario: str, models: Models) -> EnergyClaim:
    p = point_parameters(VARIANT, kept, size)
    (own_chip, own_total), (other_chip, other_total) = _energies(layer, p, baseline, models)
    varied = list(_varied_savings(layer, p, baseline, models))
    return EnergyClaim(
        layer=layer.name,
        size=size,
        kept_columns=kept,
        baseline=baseline,
        scenario=scenario,
        on_chip=own_chip,
        total=own_total,
        baseline_on_chip=other_chip,
        baseline_total=other_total,
        lowest=min(varied),
        highest=max(varied),
    )


def _energies(
    layer: ConvLayer, p: DaismParameters, baseline: str, models: Models
) -> tuple[tuple[float, float], tuple[float, float]]:
    """On the chip and in all, pJ a multiply-accumulate: of the accelerator, of the baseline."""
    own = layer_point(layer, p, models.sram, with_side_memory(models.logic, p, models.sram)).energy
    other = baseline_energy(layer, sized(baseline, p, models.baseline))
    macs = layer.macs
    return (own.on_chip / macs, own.total / macs), (other.on_chip / macs, other.total / macs)


def _varied_savings(layer: ConvLayer, p: DaismParameters, baseline: str, m: Models) -> Iterator[tuple[float, str]]:
    """Savings with one term halved or doubled. The side memory follows the array."""
    changed = [(name, replace(m, sram=model)) for name, model in _variations(m.sram)]
    changed += [(name, replace(m, logic=model)) for name, model in _variations(m.logic) if "side_memory" not in name]
    changed += [(f"baseline's {name}", replace(m, baseline=model)) for name, model in _variations(m.baseline)]
    for name, models in changed:
        (own, _), (other, _) = _energies(layer, p, baseline, models)
        yield 100 * (1 - own / other), name


def _variations(model: _Model) -> Iterator[tuple[str, _Model]]:
    for field in fields(model):
        value = getattr(model, field.name)
        if field.name in _NO_TERM or (isinstance(model, EyerissParameters) and field.name not in _ENERGIES):
            continue
        for factor in (1 / FACTOR, FACTOR):
            changes = {field.name: value * factor}
            yield f"{field.name} x{factor:g}", replace(model, **changes)


def read_and_multiplier_pj(
    size: str, kept_columns: str, measured: LaneEnergies, sram: SramModel
) -> tuple[float, float]:
    """pJ of a product: of reading it from the array, and what the exact lane takes more than the one behind it."""
    p = point_parameters(VARIANT, kept_columns, size)
    counters = driven_counters(LAYERS[0], p)
    opened = counters.wordlines / counters.accesses
    read = (sram.read_pj(p.rows, p.columns, opened) + sram.decode_pj) / p.lanes
    return read, measured.exact_lane.total_pj - measured.lanes[kept_columns, 1].total_pj
