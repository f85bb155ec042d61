"""Rounding of magnitudes to supported words, as a table: of whole words, or quartet by quartet."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, integers, require_instance
from sim_models.asm.control import KEPT_TABLES, quartets_of, words_of
from sim_models.asm.parameters import QUARTET_BITS, AsmParameters, quartet_widths

_CARRY = 1 << QUARTET_BITS


def rounding_table(parameters: AsmParameters) -> IntArray:
    """Supported word that stands for each magnitude 0..2^M - 1: int64, (2^M,), read-only.

    ``word``: the nearest supported word. ``quartet``: from the least significant quartet up, t = quartet + carry
    becomes the nearest supported quartet; with ``quartet_carry``, 16 is offered too in all but the top quartet, and
    leaves 0 and a carry. Of two equally near, ``ties`` takes the smaller (``down``) or the larger; what lies above the
    largest becomes the largest.
    """
    require_instance("parameters", parameters, AsmParameters)
    return _table(parameters, parameters.magnitude_bits)


def input_rounding_table(parameters: AsmParameters) -> IntArray:
    """`rounding_table` for input magnitudes 0..2^input_bits - 1, by the same rule and alphabets; (2^input_bits,)."""
    require_instance("parameters", parameters, AsmParameters)
    return _table(parameters, parameters.input_bits)


def round_weights(magnitudes: ArrayLike, parameters: AsmParameters) -> IntArray:
    """``magnitudes``, integers of M bits, rounded to supported words: int64 of their shape.

    Raises ValueError for numbers that are no integers of 0..2^M - 1.
    """
    table = rounding_table(parameters)
    return table[integers("magnitudes", magnitudes, 0, parameters.maximum_weight)]


def _table(p: AsmParameters, bits: int) -> IntArray:
    if p.rounding == "word":
        return _word_table(p.alphabets, bits, p.ties)
    return _quartet_table(p.alphabets, bits, p.ties, p.quartet_carry)


@lru_cache(maxsize=KEPT_TABLES)
def _word_table(alphabets: tuple[int, ...], bits: int, ties: str) -> IntArray:
    table = _nearest(words_of(alphabets, bits), 1 << bits, ties)
    table.setflags(write=False)
    return table


@lru_cache(maxsize=KEPT_TABLES)
def _quartet_table(alphabets: tuple[int, ...], bits: int, ties: str, carry: bool) -> IntArray:
    values = np.arange(1 << bits, dtype=np.int64)
    table, carries = np.zeros_like(values), np.zeros_like(values)
    widths = quartet_widths(bits)
    for place, width in enumerate(widths):
        candidates = np.array(quartets_of(alphabets, width), np.int64)
        if carry and place < len(widths) - 1:
            candidates = np.append(candidates, _CARRY)
        quartets = (values >> QUARTET_BITS * place & (1 << width) - 1) + carries
        rounded = _nearest(candidates, _CARRY + 1, ties)[quartets]
        carries = rounded // _CARRY
        table += rounded % _CARRY << QUARTET_BITS * place
    table.setflags(write=False)
    return table


def _nearest(candidates: IntArray, count: int, ties: str) -> IntArray:
    """Nearest of the ascending ``candidates`` to each of 0..count - 1."""
    values = np.arange(count, dtype=np.int64)
    above = np.searchsorted(candidates, values).clip(max=len(candidates) - 1)
    low, high = candidates[(above - 1).clip(min=0)], candidates[above]
    # of one candidate, low and high are equal or the value lies above both: either choice is the nearest then
    takes_low = values - low <= high - values if ties == "down" else values - low < high - values
    return np.where(takes_low, low, high)
