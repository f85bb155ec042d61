"""Energy of a capacitive DAC: what the reference gives when the word on a binary-weighted array changes."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, integers, require_integer
from sim_models.sar.convert import Converter
from sim_models.sar.search import Search, search

FloatArray = NDArray[np.float64]


def transition_energy(before: ArrayLike, after: ArrayLike, bits: int) -> FloatArray:
    """Energy of the change of the word from ``before`` to ``after``, in C*Vref^2 of the unit capacitor; exact.

    Capacitor i of ``bits`` has 2^i units and is at Vref where its bit is 1, else at ground; one more unit is always at
    ground. The reference gives sum over the capacitors of the new word of 2^i (1 - [it was at Vref] - (u' - u)/2^n).
    Raises ValueError for words outside 0..2^bits - 1 and bits outside 2..16.
    """
    require_integer("bits", bits, 2, 16)
    old, new = (_words(name, words, bits) for name, words in (("before", before), ("after", after)))
    return (new & ~old) - new * (new - old) / (1 << bits)


def energy_of_words(words: ArrayLike, bits: int, enabled: ArrayLike | None = None) -> FloatArray:
    """Energy of DAC words in order of cycles, (..., cycles), from the word 0 on: (...) in C*Vref^2.

    In a cycle where ``enabled`` (of the shape of words) is False the array stays as it was, whatever the word; None:
    enabled in all cycles. Raises ValueError as `transition_energy` does, for words without an axis of cycles, and for
    ``enabled`` of another shape.
    """
    require_integer("bits", bits, 2, 16)
    trace = _words("words", words, bits)
    if trace.ndim == 0:
        raise ValueError("words must have an axis of cycles, not be one number")
    moves = np.ones(trace.shape, bool) if enabled is None else np.asarray(enabled)
    if moves.dtype != bool:
        raise ValueError(f"enabled must be booleans, not {moves.dtype}")
    if moves.shape != trace.shape:
        raise ValueError(f"enabled must have the shape of words, {trace.shape}, not {moves.shape}")
    total, word = np.zeros(trace.shape[:-1]), np.zeros(trace.shape[:-1], np.int64)
    for cycle in range(trace.shape[-1]):
        after = np.where(moves[..., cycle], trace[..., cycle], word)
        total += transition_energy(word, after, bits)
        word = after
    return total


def dac_enabled(found: Search) -> NDArray[np.bool_]:
    """The cycles (..., steps) in which the array follows the word: all up to the last comparison of a search."""
    later = np.cumsum(found.compared[..., ::-1], axis=-1)[..., ::-1]
    return later > 0


def dac_energy(parameters: Converter) -> FloatArray:
    """DAC energy of the conversion of each count 0..2^bits - 1, in C*Vref^2: shape (2^bits,)."""
    found = search(np.arange(parameters.maximum + 1), parameters)
    return energy_of_words(found.words, parameters.bits, dac_enabled(found))


def differential_switching(bits: int) -> float:
    """Mean of the usual differential array with conventional switching, in C*Vref^2: twice that of the plain search."""
    require_integer("bits", bits, 2, 16)
    return sum(2.0 ** (bits + 1 - 2 * i) * (2**i - 1) for i in range(1, bits + 1))


def monotonic_switching(bits: int) -> float:
    """Mean of a differential array with monotonic switching, in C*Vref^2."""
    require_integer("bits", bits, 2, 16)
    return sum(2.0 ** (bits - 2 - i) for i in range(1, bits))


def _words(name: str, words: ArrayLike, bits: int) -> IntArray:
    return integers(name, words, 0, (1 << bits) - 1)
