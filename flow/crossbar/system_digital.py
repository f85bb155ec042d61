"""Digital parts of the three strategies as bitline synthesises them: areas, and energies of a product of an array.

Each design of the catalog is the digital part of one array's tile: input and output registers, controller,
shift-and-add. Its analog parts are ports, so that no stand-in of one is priced.
"""

from dataclasses import dataclass

from flow.crossbar.tiles import NAMES, SETTINGS
from flow.libraries import Library
from flow.power import Energy, design_energy
from flow.prices import price_design
from flow.timing import sta_version
from gen.catalog import DESIGNS


@dataclass(frozen=True, kw_only=True)
class DigitalCost:
    """Area of one strategy's digital part, and its energy for a product of 8 outputs; None without OpenSTA."""

    strategy: str
    design: str
    area_um2: float
    ge: float
    energy: Energy | None

    @property
    def product_pj(self) -> float | None:
        """Energy of a product of the array."""
        return None if self.energy is None else self.energy.total_pj


def digital_costs(library: Library) -> dict[str, DigitalCost]:
    """Costs by strategy, of those that the catalog has. Raises what pricing and `design_energy` raise."""
    known = {design.name: design for design in DESIGNS}
    found = {}
    for strategy, name in NAMES.items():
        if name not in known:
            continue
        parameters = known[name].configuration()(**SETTINGS[strategy])
        price = price_design(known[name], parameters, library)
        found[strategy] = DigitalCost(
            strategy=strategy,
            design=name,
            area_um2=price.area_um2,
            ge=price.ge,
            energy=design_energy(known[name], parameters, library) if sta_version() else None,
        )
    return found


def product_energies(costs: dict[str, DigitalCost]) -> dict[str, float] | None:
    """pJ of a product by strategy; None unless all three are measured."""
    found = {strategy: cost.product_pj for strategy, cost in costs.items()}
    measured = {strategy: energy for strategy, energy in found.items() if energy is not None}
    return measured if measured.keys() == NAMES.keys() else None
