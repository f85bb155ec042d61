"""Between arrays of integers and the words that a simulated port takes and gives."""

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Port

Words = NDArray[np.generic]


def input_words(port: Port, value: object) -> Words:
    """``value``, an integer or an array of integers, as the unsigned words of ``port``.

    Up to 64 bits: shape () or (cycles,), in the smallest unsigned type that holds the port. Wider ports take a Python
    integer or what `verif.packing.pack` returns: uint32 words of shape (words,) or (cycles, words), least significant
    first.

    :raises ValueError: not integers, out of the port's range, or of another shape.
    """
    if port.width > 64:
        return _wide_words(port, value)
    values = np.asarray(value)
    if values.dtype.kind not in "biu":
        raise ValueError(f"{port.name} takes integers, not {values.dtype}")
    if values.ndim > 1:
        raise ValueError(f"{port.name} takes one integer per cycle, not an array of shape {values.shape}")
    _check_range(port, values)
    return _narrow(port, values)


def _narrow(port: Port, values: NDArray[np.generic]) -> Words:
    kind = np.dtype(f"u{word_bytes(port)}")
    words = np.ascontiguousarray(values).astype(kind, copy=False).reshape(values.shape)
    spare = port.signed and port.width < 8 * kind.itemsize
    # Without an axis the operator gives a scalar, which has no address.
    return np.asarray(words & kind.type((1 << port.width) - 1)) if spare else words


def word_bytes(port: Port) -> int:
    """Bytes of one value: 1, 2, 4 or 8, and for ports of more than 64 bits a multiple of 4."""
    if port.width > 64:
        return 4 * -(-port.width // 32)
    return next(size for size in (1, 2, 4, 8) if port.width <= 8 * size)


def output_bytes(port: Port) -> int:
    """Bytes of one result in what `empty_outputs` returns."""
    return word_bytes(port) if port.width > 64 else 8


def empty_outputs(port: Port, cycles: int) -> Words:
    """Room for an output port's values: int64 (uint64 for unsigned 64 bits), or uint32 of shape (cycles, words)."""
    if port.width > 64:
        return np.empty((cycles, word_bytes(port) // 4), np.uint32)
    return np.empty(cycles, np.uint64 if port.width == 64 and not port.signed else np.int64)


def _check_range(port: Port, values: NDArray[np.integer]) -> None:
    low = -(1 << port.width - 1) if port.signed else 0
    high = low + (1 << port.width) - 1
    if values.size and not (low <= int(values.min()) and int(values.max()) <= high):
        flat = values.reshape(-1)
        cycle = int(np.argmax((flat < low) | (flat > high)))
        where = f" (cycle {cycle})" if values.ndim else ""
        raise ValueError(f"{port.name} must be between {low} and {high}, not {flat[cycle]}{where}")


def _wide_words(port: Port, value: object) -> Words:
    count = word_bytes(port) // 4
    if not isinstance(value, np.ndarray):
        return _words_of_integer(port, value, count)
    if value.dtype != np.uint32 or value.ndim not in (1, 2) or value.shape[-1] != count:
        raise ValueError(
            f"{port.name} takes uint32 words of shape (cycles, {count}) as `pack` returns them, "
            f"not {value.dtype} of shape {value.shape}"
        )
    used = port.width - 32 * (count - 1)
    if value.size and int(value[..., -1].max()) >> used:
        raise ValueError(f"{port.name} must be below 2**{port.width}: bits beyond the port are set")
    return np.ascontiguousarray(value)


def _words_of_integer(port: Port, value: object, count: int) -> Words:
    if not isinstance(value, int):
        raise ValueError(f"{port.name} takes an integer or the uint32 words that `pack` returns, not {value!r}")
    if not 0 <= value < 1 << port.width:
        raise ValueError(f"{port.name} must be between 0 and 2**{port.width}-1, not {value}")
    return np.frombuffer(value.to_bytes(4 * count, "little"), "<u4")
