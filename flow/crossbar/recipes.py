"""The NNS+A networks that come with bitline: the base case, and one for each way to better it that changes codes."""

from dataclasses import dataclass

from sim_models.crossbar.conductance import CellParameters
from sim_models.crossbar.vtc import InverterVtc

SIGMA = 0.025
"""Reported variation of the published networks."""
ADDER_VTC = InverterVtc(slope=2.0)
STAGE_VTC = InverterVtc(slope=400.0)
"""Inverters in a chain, which makes a comparator."""
STAGE_BITS = 4
SMALL_SCALE = 0.03
"""A scale at which the output of a neuron moves by 5 % of the supply."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained: neurons, cells a weight, their variation, whether slices are split in two halves, and
    the ``scale`` it starts from, volts at a neuron per full conductance and full-scale input.

    A split network has one half of its neurons for the four highest slices and the held value, the other half, with a
    gain of 1/16, for the four lowest.
    """

    name: str
    hidden: int = 32
    cells: int = 1
    variation: str = "multiplicative"
    split: bool = False
    scale: float = 0.37

    @property
    def cell_parameters(self) -> CellParameters:
        """Cells with the variation that training knows."""
        return CellParameters(bits=3, cells=self.cells, sigma=SIGMA, variation=self.variation)


TRAINED = (
    Recipe(name="plain"),
    Recipe(name="absolute", variation="absolute"),
    Recipe(name="two_cells", cells=2),
    Recipe(name="wide", hidden=64),
    Recipe(name="split", split=True),
    Recipe(name="small_swing", scale=SMALL_SCALE),
)
ROUNDED, ROUNDED_FROM = "rounded", "plain"
"""`plain` after a greedy descent over its codes."""
LINEAR = (
    Recipe(name="linear32", scale=SMALL_SCALE),
    Recipe(name="linear64", hidden=64, scale=SMALL_SCALE),
    Recipe(name="linear128", hidden=128, scale=SMALL_SCALE),
)
"""Codes by rounding the linear solution, without gradients."""
