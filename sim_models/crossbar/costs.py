"""What parts of the three designs cost: power and area of components, energy of single operations.

The tables of ISAAC are at 32 nm and an array cycle of 100 ns, all figures totals of a group of parts.
"""

from dataclasses import dataclass

from sim_models.arith.checking import require_integer, require_real
from sim_models.crossbar.evidence import OURS, PUBLISHED, REPORTED, UNVERIFIED, Figure, require_evidence
from sim_models.sar import isaac

ISAAC_TABLE = "Shafiee et al., ISAAC, ISCA 2016, Table I, by a public transcription"
LIBRARY = "https://github.com/Accelergy-Project/hwcomponents-library"
ADC_PJ = {**isaac.ADC_PJ, 9: 1.97, 10: 2.38}
"""Energy of a conversion by bits: a digital part that grows with them and a capacitor array that doubles."""
ADC_UM2 = {**isaac.ADC_UM2, 9: 1828.0, 10: 3002.0}
_STEPS = (min(ADC_PJ), max(ADC_PJ))
_HALVED = ("input_register", "output_register")
"""Registers that 8-bit data need half of."""


@dataclass(frozen=True, kw_only=True)
class Component:
    """Equal parts of a tile: their number times their group, in mW and mm2. Raises ValueError without a label."""

    name: str
    power_mw: float
    area_mm2: float
    evidence: str
    source: str

    def __post_init__(self) -> None:
        require_evidence(self.evidence)
        for name in ("power_mw", "area_mm2"):
            require_real(name, getattr(self, name), -1e9, 1e9)


def isaac_tile(*, eight_bit: bool = False) -> tuple[Component, ...]:
    """Parts of a tile of ISAAC, a share of the router and twelve units; ``eight_bit``: registers halved (ours)."""
    shared = [_isaac(name, isaac.TILE_MW[name], isaac.TILE_MM2[name], eight_bit) for name in isaac.TILE_MW]
    units = [
        _isaac(name, isaac.UNITS_PER_TILE * isaac.UNIT_MW[name], isaac.UNITS_PER_TILE * isaac.UNIT_MM2[name], eight_bit)
        for name in isaac.UNIT_MW
    ]
    named = {part.name for part in units}
    apart = [part if part.name not in named else _renamed(part, f"tile {part.name}") for part in shared]
    return (*apart, *units)


def _isaac(name: str, power_mw: float, area_mm2: float, eight_bit: bool) -> Component:
    halved = eight_bit and name in _HALVED
    return Component(
        name=name,
        power_mw=power_mw / 2 if halved else power_mw,
        area_mm2=area_mm2 / 2 if halved else area_mm2,
        evidence=OURS if halved else REPORTED,
        source=f"{ISAAC_TABLE}, halved for 8-bit data" if halved else ISAAC_TABLE,
    )


def _renamed(part: Component, name: str) -> Component:
    return Component(**{**vars(part), "name": name})


ISAAC_CONVERSIONS_PJ = 1600.0
"""Of a product of an array and an 8-bit vector: 1024 at 1.5625 pJ."""
ANALOG_SAVING = 33.0
"""ISAAC's converters over the analog shift-and-add (reported)."""
UNIT_COSTS = (
    Figure(name="8-bit conversion", value=1.5625, unit="pJ", evidence=OURS, source="2 mW, 128 conversions in 100 ns"),
    Figure(name="8-bit conversion, nameplate", value=1.667, unit="pJ", evidence=PUBLISHED, source=LIBRARY),
    Figure(name="8-bit converter", value=1200.0, unit="um2", evidence=PUBLISHED, source=LIBRARY),
    Figure(name="1-bit DAC, row and cycle", value=0.391, unit="pJ", evidence=OURS, source=ISAAC_TABLE),
    Figure(name="128 x 128 array, a cycle", value=30.0, unit="pJ", evidence=OURS, source=ISAAC_TABLE),
    Figure(name="128 x 128 array", value=25.0, unit="um2", evidence=OURS, source=ISAAC_TABLE),
    Figure(name="shift-add", value=0.021, unit="pJ", evidence=PUBLISHED, source=LIBRARY),
    Figure(name="sample of a line", value=0.00098, unit="pJ", evidence=OURS, source=ISAAC_TABLE),
    Figure(name="off-chip links of a chip", value=10.4, unit="W", evidence=REPORTED, source=ISAAC_TABLE),
    Figure(
        name="NNS+A, product of an array",
        value=ISAAC_CONVERSIONS_PJ / ANALOG_SAVING,
        unit="pJ",
        evidence=OURS,
        source="ISAAC's conversions, 1600 pJ, over the reported 33",
    ),
    Figure(
        name="NNADC, 8-bit conversion",
        value=1.67,
        unit="pJ",
        evidence=UNVERIFIED,
        source="not above ISAAC's converter; 1.0 to 1.67",
    ),
)
"""Energies of single operations. Where a table and a component library differ, both are here."""


def unit_cost(name: str) -> Figure:
    """The figure of that name. Raises ValueError for another one."""
    for each in UNIT_COSTS:
        if each.name == name:
            return each
    raise ValueError(f"name must be one of {', '.join(repr(each.name) for each in UNIT_COSTS)}, not {name!r}")


def adc_cost(bits: int, *, extrapolate: bool = False) -> tuple[Figure, Figure]:
    """Energy of a conversion (pJ) and area (um2) of a converter of ``bits``.

    Below and above the table's 4 to 10 bits only with ``extrapolate``: downwards along its first step, upwards with
    every step as many times the one before as in its last two; never below nothing. Labelled as an assumption then.
    Raises ValueError for bits outside 1..16, and outside the table without ``extrapolate``.
    """
    low, high = _STEPS
    require_integer("bits", bits, *((1, 16) if extrapolate else _STEPS))
    if low <= bits <= high:
        evidence, source = PUBLISHED, LIBRARY
    else:
        evidence, source = UNVERIFIED, f"extrapolated from {low} to {high} bits: {LIBRARY}"
    energy, area = (_continued(table, bits) for table in (ADC_PJ, ADC_UM2))
    name = f"{bits}-bit conversion"
    return (
        Figure(name=name, value=energy, unit="pJ", evidence=evidence, source=source),
        Figure(name=f"{bits}-bit converter", value=area, unit="um2", evidence=evidence, source=source),
    )


def _continued(table: dict[int, float], bits: int) -> float:
    low, high = _STEPS
    if bits in table:
        return table[bits]
    if bits < low:
        return max(0.0, table[low] - (low - bits) * (table[low + 1] - table[low]))
    step, growth = table[high] - table[high - 1], (table[high] - table[high - 1]) / (table[high - 1] - table[high - 2])
    return table[high] + sum(step * growth**count for count in range(1, bits - high + 1))
