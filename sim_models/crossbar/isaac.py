"""Strategy A: every sum of a bit line is digitised, then shifted and added (ISAAC, ISCA 2016)."""

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray
from sim_models.crossbar.bitlines import Lines, Vectors, flattened, pieces, shaped
from sim_models.crossbar.digitise import digitised
from sim_models.crossbar.flip import flip_columns, unit_sums
from sim_models.crossbar.hooks import IDEAL, ErrorHooks
from sim_models.crossbar.parameters import ISAAC, SEPARATE, CrossbarParameters
from sim_models.crossbar.record import Dot, Tally
from sim_models.crossbar.slices import checked_inputs, polarity_signs, slice_factors, weight_slices
from sim_models.crossbar.strategy import require_strategy


def isaac_dot(
    inputs: ArrayLike, weights: ArrayLike, parameters: CrossbarParameters, *, hooks: ErrorHooks = IDEAL
) -> Dot:
    """Products of ``inputs`` (..., rows) and ``weights`` (rows, outputs), int64, and the record of conversions. ::

        y = sum over t, s of 2^(dac_bits t + cell_bits s) * converted(sample[t, s]) - weight_offset * sum(inputs)

    A sample is a sum of a line, or with ``conversion_polarity`` 'difference' that of a pair of lines. A line of flipped
    cells is restored from what was converted and the unit column. That column is read exactly, whatever ``adc_bits``
    are: its sums reach rows * (2^dac_bits - 1), with cells of 1 bit all that a line can reach, a bit more than flipped
    columns need; a converter that is shared must have that bit. Without ``adc_bits`` and hooks the products are exact.
    Raises ValueError for arrays as `input_slices` and `weight_slices` do, for parameters of another strategy and for
    hooks that the strategy does not have.
    """
    require_strategy(parameters, ISAAC, hooks)
    words = checked_inputs(inputs, parameters)
    columns = _StoredColumns(weights, parameters)
    tally = Tally()
    values = np.empty((words.size // parameters.rows, columns.lines.outputs), np.int64)
    for vectors in pieces(flattened(words), columns.number, parameters):
        values[vectors.place] = columns.products(vectors, hooks, tally)
    return Dot(shaped(values, words), tally.record())


class _StoredColumns:
    """Columns that are converted, ``number`` of them, their ``lines``, and how to read these."""

    def __init__(self, weights: ArrayLike, parameters: CrossbarParameters) -> None:
        self._parameters = p = parameters
        cells, signs = weight_slices(weights, p), polarity_signs(p)
        factors = signs[:, np.newaxis] * slice_factors(p)
        shape = (*cells.shape[:2], 1, cells.shape[-1])
        self._unit_factors = np.zeros(cells.shape[-1], np.int64)
        self._factors = np.broadcast_to(factors[..., np.newaxis, np.newaxis], shape)
        if p.flip_encoding:
            cells, flags = flip_columns(cells, p)
            turned = flags[:, :, np.newaxis, :]
            self._unit_factors = (np.where(turned, self._factors, 0) * p.cell_maximum).sum(axis=(0, 1, 2))
            self._factors = np.where(turned, -self._factors, self._factors)
        if p.polarities == 2 and p.conversion_polarity != SEPARATE:
            cells = cells[:1] - cells[1:]
            self._factors = self._factors[:1]
        self.number, self.lines = cells.size // p.rows, Lines(cells, p)

    def products(self, vectors: Vectors, hooks: ErrorHooks, tally: Tally) -> IntArray:
        """(vectors, outputs)."""
        p = self._parameters
        total = -p.weight_offset * vectors.input_sums
        for driven, factor in zip(vectors.driven, vectors.factors, strict=True):
            codes = digitised(self.lines.sums(driven), p, hooks.converter, tally)
            added = (codes * self._factors).sum(axis=(0, 1))
            total = total + factor * (added + self._unit_factors * unit_sums(driven))
        return total
