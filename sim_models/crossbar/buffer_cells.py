"""What the buffer cells of B hold of a sum, and columns of them in counts."""

from fractions import Fraction

import numpy as np

from sim_models.arith.checking import IntArray
from sim_models.crossbar.hooks import Numbers
from sim_models.crossbar.parameters import CrossbarParameters
from sim_models.crossbar.record import Tally


def cell_unit(parameters: CrossbarParameters) -> Fraction:
    """Counts that one level of a cell is worth: line_maximum / (2^buffer_cell_bits - 1), or 1 for exact cells."""
    if parameters.buffer_cell_bits is None:
        return Fraction(1)
    return Fraction(parameters.line_maximum, (1 << parameters.buffer_cell_bits) - 1)


def stored_levels(sums: IntArray, parameters: CrossbarParameters, tally: Tally) -> IntArray:
    """Levels that cells take for ``sums``: of the saturated line, the nearest, ties away from 0.

    Negative sums, of a signed top slice, are stored as positive ones are in the other polarity.
    """
    held = sums
    if parameters.bitline_bits is not None:
        limit = (1 << parameters.bitline_bits) - 1
        held = np.clip(sums, -limit, limit)
        tally.lines_saturated(int(np.count_nonzero(held != sums)))
    return rounded_ratio(held, 1 / cell_unit(parameters))


def rounded_ratio(values: IntArray, unit: Fraction) -> IntArray:
    """Integers nearest to ``values * unit``, ties away from zero, exactly; |values| * the numerator below 2^61."""
    if unit.denominator == 1:
        return values * unit.numerator
    doubled = 2 * np.abs(values) * unit.numerator + unit.denominator
    return np.sign(values) * (doubled // (2 * unit.denominator))


def in_counts(levels: Numbers, unit: Fraction) -> Numbers:
    """``levels * unit``: int64 where all of them are integers by their kind, else float64."""
    if levels.dtype.kind == "f" or unit.denominator != 1:
        return levels * unit.numerator / unit.denominator
    return levels * unit.numerator


def largest_level(parameters: CrossbarParameters) -> int:
    """The highest level that a sum can reach in a cell."""
    largest = parameters.line_maximum
    if parameters.bitline_bits is not None:
        largest = min(largest, (1 << parameters.bitline_bits) - 1)
    return int(rounded_ratio(np.array(largest), 1 / cell_unit(parameters)))
