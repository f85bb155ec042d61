"""Energy of designs, from the activity of their netlists on real data."""

from flow.power.design import design_energy, netlist_energy
from flow.power.energy import Energy

__all__ = ["Energy", "design_energy", "netlist_energy"]
