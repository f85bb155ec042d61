"""The NMPU golden model: one signed activation from two counts, exact in integers and fast."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.nmpu.operands import (
    Piece,
    Words,
    common_shape,
    derive,
    operand_arrays,
    operand_ranges,
    pieces,
    words_of,
)
from sim_models.nmpu.parameters import BRANCH_ROUND, HALF_EVEN, NmpuParameters

PieceFunction = Callable[[Piece], NDArray[Any]]


def process(
    positive: ArrayLike,
    negative: ArrayLike | None,
    scale_positive: ArrayLike,
    scale_negative: ArrayLike | None,
    offset: ArrayLike,
    shift: ArrayLike,
    relu: ArrayLike,
    parameters: NmpuParameters,
) -> NDArray[np.int64]:
    """Correct counts into activations, bit exact. ::

        P = positive * scale_positive            N = negative * scale_negative
        p = P >> pre_cut_bits                    n = N >> pre_cut_bits
        fr = scale_fraction_bits - pre_cut_bits + shift
        w = p - n + (offset << (fr - offset_fraction_bits))
        y = (w + 2^(fr-1)) >> fr                 ties up; 'half_even': ties to even
        result = clamp(max(y, 0) if relu else y) to output_bits

    With ``branch_round`` each branch is first rounded, ties up, to the offset's fraction bits:
    ``B = fr - offset_fraction_bits``, ``c(x) = ((x >> pre_cut_bits) + 2^(B-1)) >> B``, ``w = c(P) - c(N) + offset``,
    and ``fr`` is ``offset_fraction_bits``.

    All operands are integer arrays that broadcast together; ``relu`` may be bool. Counts and scales are unsigned words,
    offsets two's complement words. With ``signed_input`` there is one branch of signed counts: ``negative`` and
    ``scale_negative`` are None or zero. Fastest with counts of shape (vectors, columns), parameters of shape (columns,)
    and a scalar ``shift``.

    Raises ValueError for operands that are no integers, out of range or do not broadcast.

    Source: affine correction and ReLU of arXiv 2402.07549; cut positions and rounding are this project's choice.
    """
    operands = (positive, negative, scale_positive, scale_negative, offset, shift, relu)
    arrays = operand_arrays(operands, parameters)
    shape = common_shape(arrays)
    legal, dtype = operand_ranges(parameters), _working_type(parameters)
    words = {
        name: words_of(name, array, shape, legal[name], dtype, full=name == "positive")
        for name, array in arrays.items()
    }
    rounded = (_branch_round if parameters.variant == BRANCH_ROUND else _single_round)(words, parameters)
    clamp = _clamp(words, parameters)
    result = np.empty(math.prod(shape), np.int64)
    for piece in pieces(result.size, shape[-1] if shape else 1):
        result[piece.start : piece.stop] = clamp(piece, rounded(piece))
    return result.reshape(shape)


def _working_type(parameters: NmpuParameters) -> type:
    """int32 where products, aligned offset and rounding half, all before the cut, provably fit."""
    fraction = parameters.scale_fraction_bits + parameters.shift_max
    bound = parameters.product_bound + (1 << (parameters.offset_integer_bits - 1 + fraction)) + (1 << fraction)
    return np.int32 if bound < 1 << 31 else np.int64


def _single_round(words: Mapping[str, Words], parameters: NmpuParameters) -> PieceFunction:
    """``y`` before ReLU, computed on values that keep the cut bits as zeros: masking is cheaper than shifting."""
    fraction, offset_fraction = parameters.scale_fraction_bits, parameters.offset_fraction_bits
    ties_to_even = parameters.final_rounding == HALF_EVEN
    half_up = 0 if ties_to_even else 1
    dropped = derive(lambda shift: shift + fraction, words["shift"])
    addend = derive(
        lambda offset, bits: (offset << (bits - offset_fraction)) + (half_up << (bits - 1)), words["offset"], dropped
    )

    def rounded(piece: Piece) -> NDArray[Any]:
        total = _branch(words, "positive", piece)
        total &= -1 << parameters.pre_cut_bits
        if not parameters.signed_input:
            negative = _branch(words, "negative", piece)
            negative &= -1 << parameters.pre_cut_bits
            total -= negative
        total += addend.at(piece)
        bits = dropped.at(piece)
        if ties_to_even:
            odd = (total >> bits) & 1
            total += (1 << (bits - 1)) - 1 + odd
        total >>= bits
        return total

    return rounded


def _branch_round(words: Mapping[str, Words], parameters: NmpuParameters) -> PieceFunction:
    """``y`` before ReLU, both branches rounded on their own."""
    offset_half = (1 << parameters.offset_fraction_bits) >> 1
    base = parameters.branch_rounding_bits(0)
    bits_of = derive(lambda shift: shift + base, words["shift"])
    half_of = derive(lambda bits: 1 << (bits - 1), bits_of)

    def branch(name: str, piece: Piece) -> NDArray[Any]:
        value = _branch(words, name, piece)
        value >>= parameters.pre_cut_bits
        value += half_of.at(piece)
        value >>= bits_of.at(piece)
        return value

    def rounded(piece: Piece) -> NDArray[Any]:
        total = branch("positive", piece)
        if not parameters.signed_input:
            total -= branch("negative", piece)
        total += words["offset"].at(piece)
        total += offset_half
        total >>= parameters.offset_fraction_bits
        return total

    return rounded


def _branch(words: Mapping[str, Words], name: str, piece: Piece) -> NDArray[Any]:
    """Exact products of one polarity, in a new array."""
    return words[name].at(piece) * words[f"scale_{name}"].at(piece)


def _clamp(words: Mapping[str, Words], parameters: NmpuParameters) -> Callable[[Piece, NDArray[Any]], NDArray[Any]]:
    """ReLU and clamp in one: with ReLU the lower limit is 0."""
    high = parameters.output_format.maximum
    lowest = derive(lambda relu: (1 - relu) * parameters.output_format.minimum, words["relu"])

    def clamp(piece: Piece, values: NDArray[Any]) -> NDArray[Any]:
        low = lowest.at(piece)
        if low.ndim == 0:  # the quick case of np.clip
            return np.clip(values, low, high, out=values)
        np.maximum(values, low, out=values)
        return np.minimum(values, high, out=values)

    return clamp
