"""Chips of the three designs: tiles, arrays, area and power."""

import math
from dataclasses import dataclass

from sim_models.arith.checking import require_choice, require_integer, require_real
from sim_models.crossbar.costs import Component, isaac_tile
from sim_models.crossbar.evidence import OURS, REPORTED, require_evidence
from sim_models.crossbar.parameters import CASCADE, ISAAC, NEURAL_PIM, STRATEGIES
from sim_models.sar.isaac import ADCS_PER_UNIT, UNITS_PER_TILE

LINK_MM2, LINK_MW = 22.88, 10400.0
"""Four off-chip links, which every chip has (reported, ISAAC)."""
ISAAC_TILES, NEURAL_PIM_TILES = 168, 280
NEURAL_PIM_CHIP_MM2, NEURAL_PIM_CHIP_MW = 86.4, 67700.0
DENSITY = {ISAAC: 0.68, CASCADE: 0.76, NEURAL_PIM: 0.71}
"""Percent of the area that are cells (reported, at the level of processing elements)."""
NEURAL_PIM_ARRAYS = 64
"""Arrays a tile; see `sim_models.crossbar.chip_consistency`."""
WEIGHTS_PER_ARRAY = 128 * 8
OPERATIONS_PER_PRODUCT = 2 * WEIGHTS_PER_ARRAY


@dataclass(frozen=True, kw_only=True)
class Chip:
    """Arrays of one design, and the area that its tiles and its links take. ``evidence`` is that of the arrays."""

    strategy: str
    arrays: int
    tiles_mm2: float
    evidence: str

    def __post_init__(self) -> None:
        require_choice("strategy", self.strategy, STRATEGIES)
        require_integer("arrays", self.arrays, 1)
        require_real("tiles_mm2", self.tiles_mm2, 0, 1e9)
        require_evidence(self.evidence)

    @property
    def area_mm2(self) -> float:
        """Tiles and links."""
        return self.tiles_mm2 + LINK_MM2

    @property
    def weights(self) -> int:
        """8-bit weights that the arrays hold."""
        return self.arrays * WEIGHTS_PER_ARRAY

    def with_tiles_mm2(self, tiles_mm2: float) -> "Chip":
        """As many arrays as a chip with another area of tiles has, by the same density. Raises ValueError for none."""
        arrays = math.floor(self.arrays * tiles_mm2 / self.tiles_mm2 + 1e-9)
        return Chip(strategy=self.strategy, arrays=arrays, tiles_mm2=tiles_mm2, evidence=OURS)


@dataclass(frozen=True, kw_only=True)
class RollUp:
    """Power and area of ISAAC from its components up."""

    unit_mw: float
    unit_mm2: float
    tile_mw: float
    tile_mm2: float
    chip_w: float
    chip_mm2: float
    adc_power_share: float
    adc_area_share: float


def isaac_roll_up(*, eight_bit: bool = False) -> RollUp:
    """Unit, tile and chip from the table of components; shares of the converters in the tile, 0..1."""
    parts = {part.name: part for part in isaac_tile(eight_bit=eight_bit)}
    mw, mm2 = _totals(tuple(parts.values()))
    first = list(parts).index("adc")
    unit_mw, unit_mm2 = _totals(tuple(parts.values())[first:])
    return RollUp(
        unit_mw=unit_mw / UNITS_PER_TILE,
        unit_mm2=unit_mm2 / UNITS_PER_TILE,
        tile_mw=mw,
        tile_mm2=mm2,
        chip_w=(ISAAC_TILES * mw + LINK_MW) * 1e-3,
        chip_mm2=ISAAC_TILES * mm2 + LINK_MM2,
        adc_power_share=parts["adc"].power_mw / mw,
        adc_area_share=parts["adc"].area_mm2 / mm2,
    )


def _totals(parts: tuple[Component, ...]) -> tuple[float, float]:
    return sum(part.power_mw for part in parts), sum(part.area_mm2 for part in parts)


def neural_pim_tile() -> tuple[float, float]:
    """Power (mW) and area (mm2) of a tile: what a chip has without its links, over its tiles (ours)."""
    power = (NEURAL_PIM_CHIP_MW - LINK_MW) / NEURAL_PIM_TILES
    return power, (NEURAL_PIM_CHIP_MM2 - LINK_MM2) / NEURAL_PIM_TILES


def chip(strategy: str) -> Chip:
    """The chip of a design with 8-bit data. Raises ValueError for another strategy.

    ISAAC: its 168 tiles of 96 arrays, registers halved. Neural-PIM: 280 tiles of 64 arrays. CASCADE: ISAAC's tiles'
    area, arrays in proportion to the reported densities.
    """
    require_choice("strategy", strategy, STRATEGIES)
    tiles = ISAAC_TILES * isaac_roll_up(eight_bit=True).tile_mm2
    arrays = ISAAC_TILES * UNITS_PER_TILE * ADCS_PER_UNIT
    if strategy == ISAAC:
        return Chip(strategy=ISAAC, arrays=arrays, tiles_mm2=tiles, evidence=REPORTED)
    if strategy == CASCADE:
        denser = math.floor(arrays * DENSITY[CASCADE] / DENSITY[ISAAC])
        return Chip(strategy=CASCADE, arrays=denser, tiles_mm2=tiles, evidence=OURS)
    return Chip(
        strategy=NEURAL_PIM,
        arrays=NEURAL_PIM_TILES * NEURAL_PIM_ARRAYS,
        tiles_mm2=NEURAL_PIM_TILES * neural_pim_tile()[1],
        evidence=OURS,
    )


def neural_pim_parts(dac_factor: float) -> tuple[Component, ...]:
    """A reconstruction of Neural-PIM's tile from ISAAC's parts, and the remainder to the reported total, of any sign.

    ``dac_factor``: power of a DAC over that of a 1-bit one. Raises ValueError unless it is 1..100.
    """
    require_real("dac_factor", dac_factor, 1, 100)
    per_unit = {"dac": dac_factor, "sample_hold": 1.0, "arrays": 1.0, "input_register": 1.0, "output_register": 1.0}
    scale = NEURAL_PIM_ARRAYS / (UNITS_PER_TILE * ADCS_PER_UNIT)
    parts = []
    for part in isaac_tile(eight_bit=True):
        if part.name in per_unit:
            parts.append(_scaled(part, scale * per_unit[part.name], scale))
        elif part.name not in ("adc", "shift_add"):
            parts.append(_scaled(part, 1.0, 1.0))
    power, area = neural_pim_tile()
    mw, mm2 = _totals(tuple(parts))
    rest = Component(
        name="NNS+A, NNADC and what is not known",
        power_mw=power - mw,
        area_mm2=area - mm2,
        evidence=OURS,
        source="reported chip less the parts above",
    )
    return (*parts, rest)


def _scaled(part: Component, power: float, area: float) -> Component:
    return Component(
        name=part.name,
        power_mw=part.power_mw * power,
        area_mm2=part.area_mm2 * area,
        evidence=OURS,
        source=f"reconstruction from {part.source}",
    )


def peak_gops_per_mm2(strategy: str, product_ns: float) -> tuple[float, float]:
    """Peak throughput over the whole chip and over its tiles, all arrays making a product in ``product_ns``."""
    require_real("product_ns", product_ns, 1e-3, 1e9)
    found = chip(strategy)
    gops = found.arrays * OPERATIONS_PER_PRODUCT / product_ns
    return gops / found.area_mm2, gops / found.tiles_mm2
