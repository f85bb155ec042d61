"""Ranges of converters and analog lines from the values that a layer really has."""

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import require_instance, require_real
from sim_models.crossbar.bitlines import Lines
from sim_models.crossbar.checking import integer_array
from sim_models.crossbar.parameters import CrossbarParameters
from sim_models.crossbar.slices import input_slices, weight_slices

QUANTILE = 0.999


def range_fraction(products: ArrayLike, parameters: CrossbarParameters, *, quantile: float = QUANTILE) -> float:
    """The ``range_fraction`` that puts the quantile of |product| at the largest code of C; at most 1.

    ``products`` (...) are integers of one layer on a calibration set. Raises ValueError for none, for a quantile
    outside 0..1, and where the quantile is below the largest code, so that a step would be less than a count.
    """
    require_instance("parameters", parameters, CrossbarParameters)
    require_real("quantile", quantile, 0, 1)
    words = integer_array("products", products)
    if not words.size:
        raise ValueError("products must hold at least one value, not none")
    limit = float(np.quantile(np.abs(words), quantile))
    if limit < parameters.code_maximum:
        raise ValueError(f"products must reach {parameters.code_maximum} at the quantile {quantile}, not {limit:g}")
    return min(1.0, (np.floor(limit) + 0.5) / parameters.product_maximum)


def line_fraction(
    inputs: ArrayLike, weights: ArrayLike, parameters: CrossbarParameters, *, quantile: float = QUANTILE
) -> float:
    """Part of the largest sum of a line that the quantile of all sums reaches, over all cycles and lines; at most 1.

    ``inputs`` (..., rows) and ``weights`` (rows, outputs) are a calibration set. Raises ValueError as the dataflows do,
    for a quantile outside 0..1, and for one at which all lines are 0.
    """
    require_real("quantile", quantile, 0, 1)
    driven = input_slices(inputs, parameters).reshape(-1, parameters.rows)
    sums = np.abs(Lines(weight_slices(weights, parameters), parameters).sums(driven))
    limit = float(np.quantile(sums, quantile))
    if limit == 0:
        raise ValueError(f"inputs and weights must give lines above 0 at the quantile {quantile}, all of them are 0")
    return min(1.0, limit / parameters.line_maximum)
