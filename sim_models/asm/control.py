"""Which alphabet and shift make each quartet, and which quartets and words a set of alphabets supports."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, integers, require_instance, require_integer
from sim_models.asm.parameters import QUARTET_BITS, AsmParameters, quartet_widths

SHIFT = tuple((quartet & -quartet).bit_length() - 1 if quartet else 0 for quartet in range(1 << QUARTET_BITS))
"""Shift of each quartet value 0..15; 0 for the value 0."""

ALPHABET = tuple(quartet >> shift for quartet, shift in enumerate(SHIFT))
"""Alphabet of each quartet value 0..15: ``quartet == ALPHABET[quartet] << SHIFT[quartet]``; 0 for the value 0."""

KEPT_TABLES = 64
"""Tables of each kind that stay in memory: one of 16 bits has 512 KiB, and there are 128 sets of alphabets."""


def supported_quartets(parameters: AsmParameters, place: int = 0) -> tuple[int, ...]:
    """Supported values of quartet ``place`` of a weight (0 is least significant), ascending, 0 first.

    They are 0 and ``a << shift`` for every alphabet a and shift 0..3 that fit the quartet's width. Raises ValueError
    for a ``place`` that weights do not have.
    """
    require_instance("parameters", parameters, AsmParameters)
    require_integer("place", place, 0, parameters.quartets - 1)
    return quartets_of(parameters.alphabets, parameters.quartet_bits[place])


def supported_values(parameters: AsmParameters) -> IntArray:
    """Supported magnitudes of a weight, int64, ascending, read-only: every combination of supported quartets."""
    require_instance("parameters", parameters, AsmParameters)
    return words_of(parameters.alphabets, parameters.magnitude_bits)


def supported_inputs(parameters: AsmParameters) -> IntArray:
    """Magnitudes of an input, int64, ascending, read-only: supported ones if ``encode_inputs``, else all."""
    require_instance("parameters", parameters, AsmParameters)
    if parameters.encode_inputs:
        return words_of(parameters.alphabets, parameters.input_bits)
    every = np.arange(parameters.maximum_input + 1, dtype=np.int64)
    every.setflags(write=False)
    return every


def is_supported(magnitudes: ArrayLike, parameters: AsmParameters) -> NDArray[np.bool_]:
    """Whether each of ``magnitudes``, integers of M bits, is a supported word; an array of their shape.

    Raises ValueError for numbers that are no integers of 0..2^M - 1.
    """
    require_instance("parameters", parameters, AsmParameters)
    values = integers("magnitudes", magnitudes, 0, parameters.maximum_weight)
    return support_table(parameters.alphabets, parameters.magnitude_bits)[values]


def quartets_of(alphabets: Sequence[int], bits: int) -> tuple[int, ...]:
    """Values of a quartet of ``bits`` bits that ``alphabets`` support, ascending."""
    return tuple(value for value in range(1 << bits) if value == 0 or ALPHABET[value] in alphabets)


@lru_cache(maxsize=KEPT_TABLES)
def words_of(alphabets: tuple[int, ...], bits: int) -> IntArray:
    """Words of ``bits`` bits whose quartets ``alphabets`` all support, int64, ascending, read-only."""
    words = np.zeros(1, np.int64)
    for place, width in enumerate(quartet_widths(bits)):
        quartets = np.array(quartets_of(alphabets, width), np.int64) << QUARTET_BITS * place
        words = (quartets[:, None] + words).ravel()
    words.setflags(write=False)
    return words


@lru_cache(maxsize=KEPT_TABLES)
def support_table(alphabets: tuple[int, ...], bits: int) -> NDArray[np.bool_]:
    """Whether ``alphabets`` support each word of ``bits`` bits, (2^bits,), read-only."""
    table = np.zeros(1 << bits, np.bool_)
    table[words_of(alphabets, bits)] = True
    table.setflags(write=False)
    return table


def require_supported(name: str, magnitudes: IntArray, alphabets: tuple[int, ...], bits: int) -> None:
    """Raise ValueError unless ``alphabets`` support every one of ``magnitudes``, integers of ``bits`` bits."""
    refused = magnitudes[~support_table(alphabets, bits)[magnitudes]]
    if refused.size:
        raise ValueError(f"{name} must have magnitudes that alphabets {alphabets} support, not {refused[0]}")
