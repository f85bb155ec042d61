"""What each assumption does to the energy ratios of Neural-PIM: a grid of all of them, and one at a time."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product

from sim_models.crossbar.chip import chip
from sim_models.crossbar.energy import (
    BASE_NS,
    CONSTANT_MOVEMENT,
    OUTPUTS,
    POWER_TIME,
    RULES,
    Operating,
    cascade_calibrated_pj,
    cascade_energy,
    isaac_over_neural_pim,
    neural_pim_energy,
)
from sim_models.crossbar.evidence import OURS, require_evidence
from sim_models.crossbar.parameters import ISAAC, NEURAL_PIM

GRID: dict[str, tuple[float, ...]] = {
    "dac_factor": (1.0, 2.0, 2.7, 3.0, 5.0),
    "nns_factor": (0.5, 1.0, 2.0, 4.0),
    "nnadc_pj": (1.0, 1.67, 3.0),
    "cycle_time_ns": (50.0, BASE_NS),
}
GRID_DAC_BITS, GRID_OUTPUTS = (1, 2, 4), (8, 16, 32)
FITTED_FACTOR = 2.7
"""Energy of a 4-bit DAC over that of a 1-bit one, fitted to the published 5.36 (ours)."""


@dataclass(frozen=True, kw_only=True)
class GridRow:
    """One point: energy per product in pJ, the baselines' over it, and `raw_throughput`."""

    operating: Operating
    neural_pim_pj: float
    over_isaac: float
    over_cascade: float
    over_cascade_calibrated: float
    raw_throughput: float
    evidence: str

    def __post_init__(self) -> None:
        require_evidence(self.evidence)

    def columns(self) -> dict[str, str | float]:
        """The row by names of columns."""
        return asdict(self.operating) | {name: value for name, value in vars(self).items() if name != "operating"}


def grid() -> Iterator[GridRow]:
    """All points of `GRID`, both rules of accounting each; a DAC of one bit has a factor of 1."""
    for rule, bits, outputs in product(RULES, GRID_DAC_BITS, GRID_OUTPUTS):
        factors = (1.0,) if bits == 1 else GRID["dac_factor"]
        others = (GRID["nns_factor"], GRID["nnadc_pj"], GRID["cycle_time_ns"])
        for factor, nns, nnadc, cycle in product(factors, *others):
            yield grid_row(
                Operating(
                    rule=rule,
                    dac_bits=bits,
                    dac_factor=factor,
                    nns_factor=nns,
                    nnadc_pj=nnadc,
                    cycle_time_ns=cycle,
                    baseline_outputs=outputs,
                )
            )


def grid_row(operating: Operating) -> GridRow:
    """The point of ``operating``; CASCADE's energy does not depend on ``baseline_outputs``."""
    energy = neural_pim_energy(operating).total
    return GridRow(
        operating=operating,
        neural_pim_pj=energy,
        over_isaac=isaac_over_neural_pim(operating),
        over_cascade=cascade_energy().total / energy,
        over_cascade_calibrated=cascade_calibrated_pj() / energy,
        raw_throughput=raw_throughput(operating),
        evidence=OURS,
    )


def raw_throughput(operating: Operating) -> float:
    """Results in a second of a chip over those of ISAAC's: arrays, times of a product, and results of a product."""
    arrays = chip(NEURAL_PIM).arrays / chip(ISAAC).arrays
    return arrays / operating.time_factor * OUTPUTS / operating.baseline_outputs


def central(rule: str) -> Operating:
    """The point that the published 5.36 asks for: 4 bits a cycle and the fitted factor. Raises for another rule."""
    return Operating(rule=rule, dac_bits=4, dac_factor=FITTED_FACTOR)


@dataclass(frozen=True, kw_only=True)
class Swing:
    """The energy ratio to ISAAC while one field goes over its range and the others stay: at its ends."""

    field: str
    low: float
    high: float
    at_low: float
    at_high: float

    @property
    def width(self) -> float:
        """How far the ratio moves."""
        return abs(self.at_high - self.at_low)


def tornado(rule: str) -> list[Swing]:
    """Swings around `central`, the widest first. Raises ValueError for another rule."""
    base = central(rule)
    found = [_swing(base, name, values[0], values[-1]) for name, values in GRID.items()]
    found.append(_swing(base, "baseline_outputs", GRID_OUTPUTS[0], GRID_OUTPUTS[-1]))
    found.append(_dac_swing(base))
    return sorted(found, key=lambda each: -each.width)


def _swing(base: Operating, name: str, low: float, high: float) -> Swing:
    ends = [isaac_over_neural_pim(replace(base, **{name: value})) for value in (low, high)]  # type: ignore[arg-type]  # a field by name
    return Swing(field=name, low=low, high=high, at_low=ends[0], at_high=ends[1])


def _dac_swing(base: Operating) -> Swing:
    one, widest = (Operating(rule=base.rule, dac_bits=1), base)
    ends = [isaac_over_neural_pim(each) for each in (one, widest)]
    return Swing(field="dac_bits", low=1, high=widest.dac_bits, at_low=ends[0], at_high=ends[1])


def constant_movement_band(dac_bits: int, factors: tuple[float, ...]) -> tuple[float, float]:
    """Lowest and highest ratio to ISAAC with constant movement over ``factors`` of the DAC."""
    ratios = [
        isaac_over_neural_pim(Operating(rule=CONSTANT_MOVEMENT, dac_bits=dac_bits, dac_factor=factor))
        for factor in factors
    ]
    return min(ratios), max(ratios)


def required_factor(ratio: float, dac_bits: int) -> float:
    """The DAC's factor that gives ``ratio`` to ISAAC with power times time, all else at its defaults.

    Raises ValueError where a factor between 1 and 100 does not give it.
    """
    low, high = 1.0, 100.0
    ends = [_ratio(dac_bits, factor) for factor in (high, low)]
    if not ends[0] <= ratio <= ends[1]:
        raise ValueError(f"ratio must be between {ends[0]:.2f} and {ends[1]:.2f} at {dac_bits} dac_bits, not {ratio}")
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _ratio(dac_bits, middle) > ratio else (low, middle)
    return (low + high) / 2


def _ratio(dac_bits: int, factor: float) -> float:
    return isaac_over_neural_pim(Operating(rule=POWER_TIME, dac_bits=dac_bits, dac_factor=factor))
