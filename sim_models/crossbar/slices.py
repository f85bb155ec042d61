"""Inputs and weights cut into slices: what is driven in each cycle, and what the cells hold."""

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, require_instance
from sim_models.crossbar.checking import integer_array
from sim_models.crossbar.parameters import DIFFERENTIAL, CrossbarParameters


def input_slices(inputs: ArrayLike, parameters: CrossbarParameters) -> IntArray:
    """Slices of ``inputs`` (..., rows), lowest first: (cycles, ..., rows).

    Inputs are the sum of slice << dac_bits * t. Slices are 0..2^dac_bits - 1, but for the top slice of signed inputs,
    which is two's complement. Raises ValueError for arrays that are not of integers in ``input_range`` with ``rows``
    along the last axis, and for empty ones.
    """
    words = checked_inputs(inputs, parameters)
    shifts = parameters.dac_bits * np.arange(parameters.cycles)
    shifted = words >> shifts.reshape(-1, *[1] * words.ndim)
    shifted[:-1] &= (1 << parameters.dac_bits) - 1
    return shifted


def driven_slices(inputs: ArrayLike, parameters: CrossbarParameters) -> tuple[IntArray, IntArray]:
    """What the array is driven with, as `input_slices`, and the factor of each cycle's sums, (cycles,).

    The factors are 2^(dac_bits * t). The sign bits of signed inputs that come bit by bit are driven as bits, with a
    negative factor. Raises ValueError as `input_slices` does.
    """
    driven = input_slices(inputs, parameters)
    factors = 1 << parameters.dac_bits * np.arange(parameters.cycles)
    if parameters.signed_inputs and parameters.dac_bits == 1:
        driven[-1] *= -1
        factors[-1] *= -1
    return driven, factors


def weight_slices(weights: ArrayLike, parameters: CrossbarParameters) -> IntArray:
    """Cells of ``weights`` (rows, outputs), lowest first: (polarities, slices, rows, outputs).

    The polarities are the positive and the negative parts of differential weights, or the one of offset weights, to
    which ``weight_offset`` is added. Raises ValueError for arrays that are not of integers in ``weight_range`` and of
    that shape, and for empty ones.
    """
    words = checked_weights(weights, parameters)
    if parameters.weight_encoding == DIFFERENTIAL:
        stored = np.stack([np.maximum(words, 0), np.maximum(-words, 0)])
    else:
        stored = words[np.newaxis] + parameters.weight_offset
    shifts = parameters.cell_bits * np.arange(parameters.slices)
    return stored[:, np.newaxis] >> shifts[:, np.newaxis, np.newaxis] & parameters.cell_maximum


def slice_factors(parameters: CrossbarParameters) -> IntArray:
    """Factors of the sums of the weight slices, 2^(cell_bits * s): (slices,)."""
    return 1 << parameters.cell_bits * np.arange(parameters.slices)


def polarity_signs(parameters: CrossbarParameters) -> IntArray:
    """Signs of the polarities of `weight_slices`: 1 and -1, or 1 alone."""
    return np.array([1, -1])[: parameters.polarities]


def checked_inputs(inputs: ArrayLike, parameters: CrossbarParameters) -> IntArray:
    """``inputs`` as int64, (..., rows). Raises ValueError as `input_slices` does."""
    require_instance("parameters", parameters, CrossbarParameters)
    words = integer_array("inputs", inputs, *parameters.input_range)
    if words.ndim == 0 or words.shape[-1] != parameters.rows or not words.size:
        raise ValueError(f"inputs must have the shape (..., {parameters.rows}), none of zero, not {words.shape}")
    return words


def checked_weights(weights: ArrayLike, parameters: CrossbarParameters) -> IntArray:
    """``weights`` as int64, (rows, outputs). Raises ValueError as `weight_slices` does."""
    require_instance("parameters", parameters, CrossbarParameters)
    words = integer_array("weights", weights, *parameters.weight_range)
    if words.ndim != 2 or words.shape[0] != parameters.rows or not words.size:
        raise ValueError(f"weights must have the shape ({parameters.rows}, outputs), none of zero, not {words.shape}")
    return words
