"""The tile of any strategy."""

from dataclasses import asdict

from hdl.crossbar.cascade_parameters import CascadeParameters
from hdl.crossbar.cascade_tile import CascadeTile
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.crossbar.isaac_tile import IsaacTile
from hdl.crossbar.neural_pim_parameters import NeuralPimParameters
from hdl.crossbar.neural_pim_tile import NeuralPimTile
from hdl.crossbar.tile_converters import TileParameters
from sim_models.arith.checking import require_instance
from sim_models.crossbar import CrossbarParameters
from sim_models.crossbar.parameters import CASCADE, ISAAC

CrossbarTile = IsaacTile | CascadeTile | NeuralPimTile
"""Input register, controller, converters, shift-and-add and output registers of one array."""


def crossbar_tile(parameters: CrossbarParameters) -> CrossbarTile:
    """The tile of the strategy of ``parameters``, which may be those of the golden model: then the converters are those
    that the strategy's hardware has of itself. Raises ValueError for what that hardware refuses.
    """
    p = tile_parameters(parameters)
    if isinstance(p, IsaacParameters):
        return IsaacTile(parameters=p)
    return CascadeTile(parameters=p) if isinstance(p, CascadeParameters) else NeuralPimTile(parameters=p)


def tile_parameters(parameters: CrossbarParameters) -> TileParameters:
    """``parameters`` as the hardware of their strategy has them."""
    require_instance("parameters", parameters, CrossbarParameters)
    if isinstance(parameters, TileParameters):
        return parameters
    fields = asdict(parameters)
    if parameters.strategy == ISAAC:
        return IsaacParameters(**fields)
    return CascadeParameters(**fields) if parameters.strategy == CASCADE else NeuralPimParameters(**fields)
