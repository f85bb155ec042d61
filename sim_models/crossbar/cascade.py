"""Strategy B: sums are stored in cells, equal significances add on a wire and are digitised (CASCADE, MICRO 2019)."""

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray
from sim_models.crossbar.bitlines import Lines, Vectors, flattened, pieces, shaped
from sim_models.crossbar.buffer_cells import cell_unit, in_counts, rounded_ratio, stored_levels
from sim_models.crossbar.digitise import digitised
from sim_models.crossbar.hooks import IDEAL, ErrorHooks, Numbers, applied
from sim_models.crossbar.parameters import CASCADE, CrossbarParameters
from sim_models.crossbar.record import Dot, Tally
from sim_models.crossbar.slices import checked_inputs, weight_slices
from sim_models.crossbar.strategy import require_strategy


def cascade_dot(
    inputs: ArrayLike, weights: ArrayLike, parameters: CrossbarParameters, *, hooks: ErrorHooks = IDEAL
) -> Dot:
    """Products of ``inputs`` (..., rows) and ``weights`` (rows, outputs), and the record of conversions. ::

        column[k] = sum over the (t, s) of significance k of the cells that hold their sums, positive minus negative
        y = sum over k of 2^k * converted(column[k]) - weight_offset * sum(inputs)

    The ``carry_columns`` lowest columns are not converted but added to the next one, each at its significance. Every
    converted column is rounded to an integer count, ties away from 0, by exact integer arithmetic without hooks. int64
    whatever the parameters; exact without bits that limit it, carry and hooks. Only what a ``buffer_cell`` hook makes
    is float64 and not rounded while nothing converts it: neither ``adc_bits`` nor ``carry_columns`` nor a converter
    hook. Raises ValueError as `isaac_dot` does.
    """
    require_strategy(parameters, CASCADE, hooks)
    words = checked_inputs(inputs, parameters)
    cells = weight_slices(weights, parameters)
    lines = Lines(_separate(cells, parameters, hooks), parameters)
    made, tally = [], Tally()
    for vectors in pieces(flattened(words), cells.size // parameters.rows, parameters):
        made.append(_products(vectors, lines, parameters, hooks, tally))
    return Dot(shaped(np.concatenate(made), words), tally.record())


def _separate(cells: IntArray, p: CrossbarParameters, hooks: ErrorHooks) -> IntArray:
    """``cells`` of lines that must be known one by one: the differences where lines and what stores them are exact."""
    exact = p.bitline_bits is None and p.buffer_cell_bits is None and hooks.buffer_cell is None
    return cells[:1] - cells[1:] if exact and p.polarities == 2 else cells


def _products(vectors: Vectors, lines: Lines, p: CrossbarParameters, hooks: ErrorHooks, tally: Tally) -> Numbers:
    columns, unit = _columns(vectors, lines, p, hooks, tally)
    codes = _converted(columns, unit, p, hooks, tally)
    places = 1 << np.array(p.significances[p.carry_columns :])
    return np.tensordot(places, codes, axes=1) - p.weight_offset * vectors.input_sums


def _columns(
    vectors: Vectors, lines: Lines, p: CrossbarParameters, hooks: ErrorHooks, tally: Tally
) -> tuple[Numbers, Fraction]:
    """Columns (columns, vectors, outputs), and the counts that one of their units is worth."""
    unit = cell_unit(p) if hooks.buffer_cell is None else Fraction(1)
    kind = np.int64 if hooks.buffer_cell is None else np.float64
    index = {significance: k for k, significance in enumerate(p.significances)}
    columns = np.zeros((len(index), vectors.driven.shape[1], lines.outputs), kind)
    for t, (driven, factor) in enumerate(zip(vectors.driven, vectors.factors, strict=True)):
        held = _held(lines.sums(driven), p, hooks, tally)
        written = held[0] - held[1] if len(held) == 2 else held[0]
        for s in range(p.slices):
            columns[index[p.significance(t, s)]] += np.sign(factor) * written[s]
    return columns, unit


def _held(sums: IntArray, p: CrossbarParameters, hooks: ErrorHooks, tally: Tally) -> Numbers:
    """What the cells hold of ``sums``: levels, or with a hook what it makes of their counts."""
    levels = stored_levels(sums, p, tally)
    if hooks.buffer_cell is None:
        return levels
    return applied(hooks.buffer_cell, in_counts(levels, cell_unit(p)), "buffer_cell")


def _converted(columns: Numbers, unit: Fraction, p: CrossbarParameters, hooks: ErrorHooks, tally: Tally) -> Numbers:
    """Codes of the columns that are converted, (converted columns, vectors, outputs), in counts."""
    integer = columns.dtype.kind != "f"
    if not integer and p.adc_bits is None and p.carry_columns == 0 and hooks.converter is None:
        tally.converted(columns, 0)
        return columns
    samples, carried = columns[p.carry_columns :], _with_carry(columns, p)
    place = p.significances[p.carry_columns]
    if hooks.converter is None and integer:
        whole = rounded_ratio(samples, unit)
        whole[0] = rounded_ratio(carried, unit / (1 << place))
        return digitised(whole, p, None, tally)
    counts = in_counts(samples, unit).astype(np.float64)
    counts[0] = in_counts(carried, unit) * 2.0**-place
    return digitised(counts, p, hooks.converter, tally)


def _with_carry(columns: Numbers, p: CrossbarParameters) -> Numbers:
    """The lowest converted column and all below it, in units of significance 0, where integers stay integers."""
    last = p.carry_columns + 1
    return np.tensordot(1 << np.array(p.significances[:last]), columns[:last], axes=1)
