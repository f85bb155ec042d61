"""Layers in pieces that the accelerator's buffers hold, with the same sums as the whole."""

from dataclasses import replace
from math import gcd

from sim_models.daism.accelerator import (
    AcceleratorParameters,
    LayerShape,
    fits,
    layer_places,
    layer_slicing,
    require_fit,
)
from sim_models.daism.splitting import Piece, split_layer


def pieces(shape: LayerShape, parameters: AcceleratorParameters) -> list[Piece]:
    """``shape`` as pieces that fit, in the order of outputs and, for each, of positions; one piece if all fits.

    Outputs are split where the next block begins in the same bank as the first one, so that each sum is made in the
    same order. Positions are split by images, or, if one image is too much, as vectors put together outside.
    Raises ValueError, with the sizes, if not even one position of the fewest outputs fits.
    """
    p = parameters
    whole = replace(shape, slicing=layer_slicing(shape, p))
    step = p.lanes * (p.banks // gcd(p.banks, whole.gemm.length) if whole.slicing == "index" else 1)

    def after(piece: LayerShape, follows: bool) -> LayerShape:
        """After a piece of the same outputs the row groups are still there, if the banks hold them all."""
        return replace(piece, loaded=follows and layer_places(piece, p) <= p.groups)

    return split_layer(
        whole, step, fits=lambda piece: fits(piece, p), require_fit=lambda piece: require_fit(piece, p), after=after
    )
