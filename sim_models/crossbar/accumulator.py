"""The analog shift-and-add of C as one integer register, lowest slice first."""

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, require_instance, require_integer
from sim_models.arith.widths import signed_width
from sim_models.crossbar.checking import integer_array
from sim_models.crossbar.parameters import CrossbarParameters


def accumulator_bits(parameters: CrossbarParameters) -> int:
    """Width of the register A after any cycle, sign included.

    That of the largest product where ``dac_bits`` divide ``input_bits``. Else the full slices below a narrow top one
    can reach more than the product does. Source: this project's fixed-point form.
    """
    require_instance("parameters", parameters, CrossbarParameters)
    p = parameters
    full_slices = p.input_bits // p.dac_bits
    held = sum(p.step_full_scale << p.dac_bits * (p.cycles - 1 - t) for t in range(full_slices))
    return signed_width(max(held, p.product_maximum))


def accumulator_steps(sums: ArrayLike, parameters: CrossbarParameters, *, fraction_bits: int | None = None) -> IntArray:
    """The register after each cycle, (cycles, ...), of ``sums`` y_t (cycles, ...), those of all slices of a weight. ::

        A_t = (A_(t-1) >> dac_bits) + (y_t << fraction_bits),  A_(-1) = 0

    ``fraction_bits``: places below 1, all of dac_bits * (cycles - 1) if left out. Then nothing is shifted out and the
    last A is the product; with fewer, bits are cut off towards minus infinity and the product is the last A times
    2^(dac_bits * (cycles - 1) - fraction_bits). Raises ValueError for another number of cycles, for what is no integer
    or above ``step_full_scale`` in magnitude, and for fraction_bits outside 0..dac_bits * (cycles - 1).
    """
    require_instance("parameters", parameters, CrossbarParameters)
    p = parameters
    exact = p.dac_bits * (p.cycles - 1)
    places = exact if fraction_bits is None else fraction_bits
    require_integer("fraction_bits", places, 0, exact)
    words = integer_array("sums", sums, -p.step_full_scale, p.step_full_scale)
    if words.ndim == 0 or len(words) != p.cycles:
        raise ValueError(f"sums must have the shape ({p.cycles}, ...), not {words.shape}")
    steps = np.empty(words.shape, np.int64)
    held = np.zeros(words.shape[1:], np.int64)
    for t, sum_of_slices in enumerate(words):
        if places == exact:
            assert not (held & (1 << p.dac_bits) - 1).any(), "a bit would be shifted out"
        held = (held >> p.dac_bits) + (sum_of_slices << places)
        steps[t] = held
    return steps


def accumulated(sums: ArrayLike, parameters: CrossbarParameters, *, fraction_bits: int | None = None) -> IntArray:
    """Products of ``sums``, as `accumulator_steps` has them: (...). Raises ValueError as it does."""
    steps = accumulator_steps(sums, parameters, fraction_bits=fraction_bits)
    exact = parameters.dac_bits * (parameters.cycles - 1)
    return steps[-1] << exact - (exact if fraction_bits is None else fraction_bits)
