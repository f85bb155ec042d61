"""Layers in pieces that the near-memory unit holds, with the same results as the whole."""

from dataclasses import replace

from sim_models.asm.near_memory import NearMemoryParameters, fits, require_fit
from sim_models.daism.accelerator import LayerShape
from sim_models.daism.splitting import Piece, split_layer


def layer_pieces(shape: LayerShape, parameters: NearMemoryParameters) -> list[Piece]:
    """``shape`` as pieces that fit, in the order of outputs and, for each, of positions; one piece if all fits.

    Outputs are split by blocks of ``lanes``; positions by images, or, if one image is too much, as vectors put together
    outside. Weights stay from one piece to the next of the same outputs. Raises ValueError, with the sizes, if not
    even one position of one block fits.
    """
    p = parameters
    return split_layer(
        shape,
        p.lanes,
        fits=lambda piece: fits(piece, p),
        require_fit=lambda piece: require_fit(piece, p),
        after=lambda piece, follows: replace(piece, loaded=follows),
    )
