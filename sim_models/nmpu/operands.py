"""Checked integer operands of the NMPU model, delivered in cache-sized pieces of their common shape."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.nmpu.parameters import NmpuParameters

NAMES = ("positive", "negative", "scale_positive", "scale_negative", "offset", "shift", "relu")
PIECE_LENGTH = 1 << 15  # the working words of one piece then stay in the second-level cache


def integer_array(name: str, values: ArrayLike | None) -> NDArray[Any]:
    """``values`` as an array of integers; ValueError for anything else, for example floats."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers, not {array.dtype}")
    return array


def check_range(name: str, array: NDArray[Any], low: int, high: int) -> None:
    """Raise ValueError unless every element is from ``low`` to ``high``."""
    if array.size == 0:
        return
    if low == 0 and high & (high + 1) == 0:  # one reduction tells: no bit outside the range is set
        legal = 0 <= int(np.bitwise_or.reduce(array, axis=None)) <= high
    else:
        legal = low <= int(array.min()) and int(array.max()) <= high
    if not legal:
        value = array[(array < low) | (array > high)].flat[0]
        raise ValueError(f"{name} must be between {low} and {high}, not {value}")


def operand_ranges(parameters: NmpuParameters) -> dict[str, tuple[int, int]]:
    """Smallest and largest legal word of every operand; with signed input the negative branch is all zero."""
    formats = {
        "positive": parameters.count_format,
        "negative": parameters.count_format,
        "scale_positive": parameters.scale_format,
        "scale_negative": parameters.scale_format,
        "offset": parameters.offset_format,
    }
    ranges = {name: (words.minimum, words.maximum) for name, words in formats.items()}
    if parameters.signed_input:
        ranges |= {"negative": (0, 0), "scale_negative": (0, 0)}
    return ranges | {"shift": (parameters.shift_min, parameters.shift_max), "relu": (0, 1)}


def operand_arrays(operands: Sequence[ArrayLike | None], parameters: NmpuParameters) -> dict[str, NDArray[Any]]:
    """Integer arrays by name, of ``operands`` in the order of ``NAMES``; ranges are still to be checked.

    With signed input the negative branch may be absent (None) and must be zero otherwise.
    """
    arrays = {}
    for name, values in zip(NAMES, operands, strict=True):
        array = np.asarray(values)
        if parameters.signed_input and name in ("negative", "scale_negative"):
            array = integer_array(name, 0 if values is None else array)
            check_range(f"{name} with signed input", array, 0, 0)
        elif name == "relu" and array.dtype.kind == "b":
            array = array.astype(np.int8)
        arrays[name] = integer_array(name, array)
    return arrays


def common_shape(arrays: Mapping[str, NDArray[Any]]) -> tuple[int, ...]:
    """The shape that all arrays broadcast to; ValueError naming every shape where there is none."""
    try:
        return np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items() if array.ndim)
        raise ValueError(f"operand shapes must broadcast, not {shapes}") from None


@dataclass(frozen=True)
class Piece:
    """Elements ``start`` to ``stop`` of the flattened common shape; the first one lies in column ``column``."""

    start: int
    stop: int
    column: int


def pieces(size: int, columns: int) -> Iterator[Piece]:
    """Cut ``size`` elements, in rows of ``columns``, into pieces of whole rows, or of parts of a long row."""
    columns = max(1, columns)
    if columns <= PIECE_LENGTH:
        step = PIECE_LENGTH // columns * columns
        for start in range(0, size, step):
            yield Piece(start, min(start + step, size), 0)
        return
    for row in range(0, size, columns):
        for column in range(0, columns, PIECE_LENGTH):
            yield Piece(row + column, row + min(column + PIECE_LENGTH, columns), column)


class Words(Protocol):
    """Something that has words of the working type for every piece: a scalar or one word per element."""

    def at(self, piece: Piece) -> NDArray[Any]:
        """The words of ``piece``, to be read only."""


class SharedWords:
    """Words that all rows share: a scalar, or one word per column repeated to the length of a piece."""

    def __init__(self, words: NDArray[Any]) -> None:
        self.words = words

    def at(self, piece: Piece) -> NDArray[Any]:
        """The words of ``piece``."""
        if self.words.ndim == 0:
            return self.words
        return self.words[piece.column : piece.column + piece.stop - piece.start]


class FullWords:
    """One word per element: checked and converted when a piece is due, while it is in the cache."""

    def __init__(self, name: str, values: NDArray[Any], legal: tuple[int, int], dtype: type) -> None:
        self._name, self._values, self._legal, self._dtype = name, values, legal, dtype

    def at(self, piece: Piece) -> NDArray[Any]:
        """The words of ``piece``; ValueError where one is out of range."""
        values = self._values[piece.start : piece.stop]
        check_range(self._name, values, *self._legal)
        return values.astype(self._dtype, copy=False)


class DerivedWords:
    """A function of other words, computed piece by piece."""

    def __init__(self, function: Callable[..., Any], sources: tuple[Words, ...]) -> None:
        self._function, self._sources = function, sources

    def at(self, piece: Piece) -> NDArray[Any]:
        """The words of ``piece``."""
        return self._function(*(source.at(piece) for source in self._sources))


def derive(function: Callable[..., Any], *sources: Words) -> Words:
    """``function`` of the sources' words; computed here, once, where all rows share them."""
    shared = [source.words for source in sources if isinstance(source, SharedWords)]
    return SharedWords(function(*shared)) if len(shared) == len(sources) else DerivedWords(function, sources)


def words_of(
    name: str, array: NDArray[Any], shape: tuple[int, ...], legal: tuple[int, int], dtype: type, full: bool = False
) -> Words:
    """Words of one operand for the common ``shape``; ``full`` asks for one word per element in any case."""
    columns = shape[-1] if shape else 1
    one_row = array.shape[-1:] == (columns,) and array.size == columns < math.prod(shape)
    if full or not (array.size == 1 or one_row):
        return FullWords(name, np.broadcast_to(array, shape).reshape(-1), legal, dtype)
    check_range(name, array, *legal)
    words: NDArray[Any] = array.astype(dtype).reshape(-1)
    return SharedWords(words[0] if words.size == 1 else np.tile(words, max(1, PIECE_LENGTH // columns)))
