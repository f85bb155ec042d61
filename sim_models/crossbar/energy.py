"""Energy of a product of one array and an 8-bit vector, by strategy and by rule of accounting.

8 outputs, 8 input bits, 8 bits of magnitude in 1-bit cells, 128 rows. ISAAC's parts from its table of components;
the others follow from it by counts of operations and reported ratios. Everything here is bitline's, not a paper's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from sim_models.arith.checking import require_choice, require_integer, require_real
from sim_models.crossbar.costs import ISAAC_CONVERSIONS_PJ, adc_cost, unit_cost
from sim_models.crossbar.evidence import OURS, UNVERIFIED, require_evidence
from sim_models.crossbar.parameters import CASCADE, ISAAC, NEURAL_PIM

POWER_TIME, CONSTANT_MOVEMENT = "power x time", "constant movement"
RULES = (POWER_TIME, CONSTANT_MOVEMENT)
"""``power x time`` charges every part's power for all cycles of a product. ``constant movement`` charges registers,
memory, bus and router the same per product however long it takes, because the same bytes move."""
DAC_BITS = (1, 2, 4, 8)
INPUT_BITS, OUTPUTS = 8, 8
BASE_CYCLES, BASE_NS = 8, 100.0

CASCADE_CONVERSIONS = 120
"""Of a product: 8 outputs of 15 columns."""
DAC_PJ, CELLS_PJ, SHIFT_ADD_PJ, MOVEMENT_PJ = 400.0, 240.0, 20.0, 487.0
REGISTERS_PJ = 147.0
"""Input and output registers of a unit, which are in the movement."""
INTERFACE_RATIO = 77.5
"""ISAAC's converter interface over CASCADE's amplifiers (reported)."""
CASCADE_ADC_BITS = 10
CASCADE_CALIBRATED_RATIO = 5.36 / 1.73
"""ISAAC's energy over CASCADE's that the published ratios of both to Neural-PIM imply."""


@dataclass(frozen=True, kw_only=True)
class Operating:
    """How Neural-PIM is run, and what is assumed of its parts.

    ``rule`` of accounting. ``dac_bits``; ``dac_factor``: energy of such a DAC over that of a 1-bit one, per row and
    cycle. ``nns_factor``: times 48.5 pJ of a product. ``nnadc_pj`` of a conversion. ``cycle_time_ns`` of its array; the
    baselines keep 100. ``baseline_outputs``: results of a product of ISAAC's array, 8 with 1-bit cells and pairs of
    columns. Raises ValueError for a missing or other rule, dac_bits outside 1, 2, 4, 8, more than one without a factor
    of its own, a factor other than 1 for one bit, and numbers out of range.
    """

    rule: str
    dac_bits: int
    dac_factor: float | None = None
    nns_factor: float = 1.0
    nnadc_pj: float = 1.67
    cycle_time_ns: float = BASE_NS
    baseline_outputs: int = OUTPUTS

    def __post_init__(self) -> None:
        require_choice("rule", self.rule, RULES)
        require_choice("dac_bits", self.dac_bits, DAC_BITS)
        if self.dac_factor is None:
            if self.dac_bits > 1:
                raise ValueError(f"dac_factor must be given for {self.dac_bits} dac_bits, not None")
            object.__setattr__(self, "dac_factor", 1.0)
        require_real("dac_factor", self.dac_factor, 1, 1 if self.dac_bits == 1 else 100)
        require_real("nns_factor", self.nns_factor, 0, 1000)
        require_real("nnadc_pj", self.nnadc_pj, 0, 1000)
        require_real("cycle_time_ns", self.cycle_time_ns, 1, 10_000)
        require_integer("baseline_outputs", self.baseline_outputs, 1, 512)

    @property
    def cycles(self) -> int:
        """Array cycles of a product."""
        return INPUT_BITS // self.dac_bits

    @property
    def time_factor(self) -> float:
        """Time of a product over that of the baseline."""
        return self.cycles * self.cycle_time_ns / (BASE_CYCLES * BASE_NS)


@dataclass(frozen=True, kw_only=True)
class ProductEnergy:
    """Energies of one product of an array in pJ, 8 outputs. Raises ValueError without a label.

    ``digital``: what digital parts of another source take, of which the others then have none.
    """

    converters: float
    dac: float
    cells: float
    shift_add: float
    movement: float
    buffer: float = 0.0
    digital: float = 0.0
    evidence: str = field(default="")

    def __post_init__(self) -> None:
        require_evidence(self.evidence)
        for name, value in self.parts().items():
            require_real(name, value, 0, 1e12)

    def parts(self) -> dict[str, float]:
        """Energies by name."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "evidence"}

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self.parts().values())


def isaac_energy(*, digital_pj: float | None = None) -> ProductEnergy:
    """Strategy A, bit by bit.

    ``digital_pj``, here and below: what shift-and-add, registers and control of a product take by another source, in
    place of the table's shift-and-add and registers of a unit.
    """
    return ProductEnergy(
        converters=ISAAC_CONVERSIONS_PJ,
        dac=DAC_PJ,
        cells=CELLS_PJ,
        shift_add=SHIFT_ADD_PJ if digital_pj is None else 0.0,
        digital=digital_pj or 0.0,
        movement=_movement(digital_pj),
        evidence=OURS,
    )


def cascade_energy(
    *, adc_bits: int = CASCADE_ADC_BITS, extrapolate: bool = False, digital_pj: float | None = None
) -> ProductEnergy:
    """Strategy B, bit by bit: 120 conversions of ``adc_bits``, amplifiers that cost ISAAC's converters over 77.5.

    With 10 bits a lower bound: columns need up to 11. Raises ValueError as `adc_cost` does.
    """
    conversion, _ = adc_cost(adc_bits, extrapolate=extrapolate)
    return ProductEnergy(
        converters=CASCADE_CONVERSIONS * conversion.value,
        buffer=ISAAC_CONVERSIONS_PJ / INTERFACE_RATIO,
        dac=DAC_PJ,
        cells=CELLS_PJ,
        shift_add=0.0,
        digital=digital_pj or 0.0,
        movement=_movement(digital_pj),
        evidence=UNVERIFIED if extrapolate else OURS,
    )


def cascade_calibrated_pj() -> float:
    """Energy of strategy B that the published ratios imply, 886 pJ: calibrated, not modelled."""
    return isaac_energy().total / CASCADE_CALIBRATED_RATIO


def neural_pim_energy(operating: Operating, *, digital_pj: float | None = None) -> ProductEnergy:
    """Strategy C; ``digital_pj`` comes on top of the analog shift-and-add."""
    o, time = operating, operating.time_factor
    moving = time if o.rule == POWER_TIME else 1.0
    assert o.dac_factor is not None
    return ProductEnergy(
        converters=OUTPUTS * o.nnadc_pj,
        dac=DAC_PJ * o.dac_factor * time,
        cells=CELLS_PJ * time,
        shift_add=unit_cost("NNS+A, product of an array").value * o.nns_factor,
        digital=digital_pj or 0.0,
        movement=_movement(digital_pj) * moving,
        evidence=OURS,
    )


def _movement(digital_pj: float | None) -> float:
    return MOVEMENT_PJ if digital_pj is None else MOVEMENT_PJ - REGISTERS_PJ


def isaac_over_neural_pim(operating: Operating) -> float:
    """Energy per output of ISAAC over that of Neural-PIM."""
    baseline = isaac_energy().total * OUTPUTS / operating.baseline_outputs
    return baseline / neural_pim_energy(operating).total


def ceiling() -> float:
    """ISAAC's energy over what is left of it without any converters and shift-and-add: no 1-bit DAC gets beyond."""
    energy = isaac_energy()
    return energy.total / (energy.total - energy.converters - energy.shift_add)


def energies(operating: Operating, digital_pj: Mapping[str, float] | None = None) -> dict[str, ProductEnergy]:
    """All three strategies by name; ``digital_pj`` of those that it has. Labels are those of the single functions."""
    digital = digital_pj or {}
    return {
        ISAAC: isaac_energy(digital_pj=digital.get(ISAAC)),
        CASCADE: cascade_energy(digital_pj=digital.get(CASCADE)),
        NEURAL_PIM: neural_pim_energy(operating, digital_pj=digital.get(NEURAL_PIM)),
    }
