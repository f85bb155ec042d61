"""Integer products on an array of cells: inputs bit by bit, weights in slices, each sum of a column converted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, integers
from sim_models.sar.convert import Converter, convert
from sim_models.sar.search import BoolArray
from sim_models.sar.shift_add import ShiftAddParameters, accumulate, remove_offset, subtract_negative


@dataclass(frozen=True, kw_only=True, eq=False)
class Product:
    """``values`` (..., columns) int64: the products; ``clipped``: how many sums were above the converter's range."""

    values: IntArray
    clipped: int


def product(
    inputs: ArrayLike,
    weights: ArrayLike,
    parameters: ShiftAddParameters,
    converter: Converter,
    *,
    complement_columns: bool = False,
) -> Product:
    """Products of ``inputs`` (..., rows) and ``weights`` (rows, columns), all rows on one array.

    The sums of the columns are clipped to the converter's range, converted, shifted and added, and the encoding of the
    weights is undone. With ``complement_columns`` a column that is more than half full is stored as its complement.
    A converter that loses nothing on these sums gives the integer product.

    Raises ValueError for inputs and weights that their numbers of bits do not hold, shapes that do not fit, a converter
    of other bits than the parameters, and a sum that the accumulator cannot hold.
    """
    if converter.bits != parameters.bits:
        raise ValueError(f"bits of the converter must be {parameters.bits}, as of the values, not {converter.bits}")
    planes = input_planes(inputs, parameters)
    stored = stored_weights(weights, parameters)
    if planes.shape[-2] != stored[0].shape[0]:
        raise ValueError(f"inputs must have {stored[0].shape[0]} rows, as the weights, not {planes.shape[-2]}")
    sums, clipped = [], 0
    for column in stored:
        values, above = _measured(planes, weight_slices(column, parameters), parameters, converter, complement_columns)
        sums.append(accumulate(values, parameters))
        clipped += above
    if parameters.encoding == "differential":
        return Product(values=subtract_negative(sums[0], sums[1], parameters), clipped=clipped)
    total = integers("inputs", inputs).sum(axis=-1, keepdims=True)
    return Product(values=remove_offset(sums[0], total, parameters), clipped=clipped)


def input_planes(inputs: ArrayLike, parameters: ShiftAddParameters) -> IntArray:
    """Bits of the inputs, (..., rows) to (..., rows, input_bits), lowest first; signed ones in two's complement.

    Raises ValueError for inputs that do not fit their bits, or without an axis of rows.
    """
    half = 1 << parameters.input_bits - 1
    low, high = (-half, half - 1) if parameters.signed_inputs else (0, 2 * half - 1)
    words = integers("inputs", inputs, low, high)
    if words.ndim == 0:
        raise ValueError("inputs must have an axis of rows, not be one number")
    return words[..., np.newaxis] >> np.arange(parameters.input_bits) & 1


def stored_weights(weights: ArrayLike, parameters: ShiftAddParameters) -> list[IntArray]:
    """What the columns hold of signed weights (rows, columns): positive and negative parts, or all plus the offset.

    Raises ValueError for weights whose stored numbers do not fit the cells, or of another number of axes.
    """
    largest = (1 << parameters.weight_bits) - 1
    offset = 1 << parameters.weight_bits - 1
    differential = parameters.encoding == "differential"
    words = integers("weights", weights, -largest if differential else -offset, largest if differential else offset - 1)
    if words.ndim != 2 or not words.size:
        raise ValueError(f"weights must have the shape (rows, columns), at least one row and column, not {words.shape}")
    return [np.maximum(words, 0), np.maximum(-words, 0)] if differential else [words + offset]


def weight_slices(stored: IntArray, parameters: ShiftAddParameters) -> IntArray:
    """Cells of stored weights, (rows, columns) to (rows, columns, slices), lowest first."""
    shifts = parameters.cell_bits * np.arange(parameters.slices)
    return stored[..., np.newaxis] >> shifts & (1 << parameters.cell_bits) - 1


def complemented(cells: IntArray, parameters: ShiftAddParameters) -> tuple[IntArray, BoolArray]:
    """Cells as stored, and which columns (columns, slices) are stored as complements: those more than half full."""
    full = (1 << parameters.cell_bits) - 1
    turned = 2 * cells.sum(axis=0) > cells.shape[0] * full
    return np.where(turned, full - cells, cells), turned


def column_sums(planes: IntArray, cells: IntArray) -> IntArray:
    """Sums of (..., rows, input_bits) planes and (rows, columns, slices) cells: (..., columns, input_bits, slices)."""
    rows, columns, slices = cells.shape
    flat = np.swapaxes(planes, -1, -2).astype(np.float64) @ cells.reshape(rows, -1).astype(np.float64)
    sums = flat.astype(np.int64).reshape(*flat.shape[:-1], columns, slices)  # exact: far below 2^53
    return np.swapaxes(sums, -3, -2)


def _measured(
    planes: IntArray, cells: IntArray, p: ShiftAddParameters, converter: Converter, complement: bool
) -> tuple[IntArray, int]:
    """Values of the sums, restored where the column is a complement, and how many sums were clipped."""
    if not complement:
        made = convert(column_sums(planes, cells), converter, clip=True)
        return made.value, int(made.clipped.sum())
    stored, turned = complemented(cells, p)
    made = convert(column_sums(planes, stored), converter, clip=True)
    ones = planes.sum(axis=-2)[..., np.newaxis, :, np.newaxis]
    restored = ((1 << p.cell_bits) - 1) * ones - made.value
    return np.where(turned[:, np.newaxis, :], restored, made.value), int(made.clipped.sum())
