"""Whether the reported figures of Neural-PIM's chip agree with each other and with ISAAC's table."""

from dataclasses import dataclass

from sim_models.crossbar.chip import DENSITY, OPERATIONS_PER_PRODUCT, chip, isaac_roll_up, neural_pim_tile
from sim_models.crossbar.costs import unit_cost
from sim_models.crossbar.evidence import OURS, REPORTED, require_evidence
from sim_models.crossbar.parameters import ISAAC, NEURAL_PIM
from sim_models.sar.isaac import ADCS_PER_UNIT, UNITS_PER_TILE

NEURAL_PIM_GOPS_PER_MM2 = 1904.0
"""Reported; over which area is not."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """One step of the chain: what is ``found`` from reported figures, what it should be, and how near."""

    name: str
    found: float
    expected: float
    tolerance: float
    unit: str
    evidence: str

    def __post_init__(self) -> None:
        require_evidence(self.evidence)

    @property
    def holds(self) -> bool:
        """Whether both agree within the tolerance."""
        return abs(self.found - self.expected) <= self.tolerance


def consistency_chain() -> tuple[Link, ...]:
    """Whether chip, tile, density, arrays and throughput of the reported Neural-PIM and ISAAC fit together.

    What is expected is reported; what is found, and the tolerances, half a unit of the last digit, are ours.
    """
    power, area = neural_pim_tile()
    array_mm2 = unit_cost("128 x 128 array").value * 1e-6
    density = {count: 100 * count * array_mm2 / area for count in (63, 64, 65)}
    isaac_arrays = UNITS_PER_TILE * ADCS_PER_UNIT
    isaac_density = 100 * isaac_arrays * array_mm2 / isaac_roll_up(eight_bit=True).tile_mm2
    whole, tiles = implied_product_ns()
    return (
        Link(name="tile", found=area, expected=0.2269, tolerance=5e-5, unit="mm2", evidence=OURS),
        Link(name="tile", found=power, expected=204.6, tolerance=0.05, unit="mW", evidence=OURS),
        _density("64 arrays a tile", density[64], DENSITY[NEURAL_PIM]),
        Link(name="63 arrays a tile", found=density[63], expected=0.69, tolerance=5e-3, unit="%", evidence=OURS),
        Link(name="65 arrays a tile", found=density[65], expected=0.72, tolerance=5e-3, unit="%", evidence=OURS),
        _density("ISAAC, 96 arrays a tile", isaac_density, DENSITY[ISAAC]),
        Link(
            name="8-bit weights a chip",
            found=chip(NEURAL_PIM).weights * 1e-6,
            expected=18.35,
            tolerance=5e-3,
            unit="10^6",
            evidence=OURS,
        ),
        Link(name="product, whole chip", found=whole, expected=223.0, tolerance=0.5, unit="ns", evidence=OURS),
        Link(name="product, tiles only", found=tiles, expected=303.0, tolerance=0.5, unit="ns", evidence=OURS),
    )


def _density(name: str, found: float, expected: float) -> Link:
    return Link(name=name, found=found, expected=expected, tolerance=5e-3, unit="% cells", evidence=REPORTED)


def implied_product_ns() -> tuple[float, float]:
    """Time of a product of an array that the reported 1904 GOPS/s/mm2 implies: over the whole chip, over its tiles."""
    found = chip(NEURAL_PIM)
    operations = found.arrays * OPERATIONS_PER_PRODUCT
    areas = (found.area_mm2, found.tiles_mm2)
    whole, tiles = (operations / (NEURAL_PIM_GOPS_PER_MM2 * area) for area in areas)
    return whole, tiles
