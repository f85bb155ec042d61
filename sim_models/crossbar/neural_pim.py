"""Strategy C: sums are shifted and added in analog, and one value is digitised (Neural-PIM, IEEE TC 2022)."""

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray
from sim_models.crossbar.accumulator import accumulated
from sim_models.crossbar.bitlines import Lines, Vectors, flattened, pieces, shaped
from sim_models.crossbar.codes import unclipped_codes
from sim_models.crossbar.digitise import clipped, rounded
from sim_models.crossbar.hooks import IDEAL, ErrorHooks, FloatArray, Numbers, Step, applied, require_numbers
from sim_models.crossbar.parameters import NEURAL_PIM, CrossbarParameters
from sim_models.crossbar.record import ConversionRecord, Dot, Tally
from sim_models.crossbar.slices import checked_inputs, polarity_signs, slice_factors, weight_slices
from sim_models.crossbar.strategy import require_strategy


def neural_pim_dot(
    inputs: ArrayLike,
    weights: ArrayLike,
    parameters: CrossbarParameters,
    *,
    hooks: ErrorHooks = IDEAL,
    fraction_bits: int | None = None,
) -> Dot:
    """Products of ``inputs`` (..., rows) and ``weights`` (rows, outputs) before the converter, and its record. ::

        V_t = 2^-dac_bits V_(t-1) + y_t,  y_t = sum over s of 2^(cell_bits s) * (positive - negative sum of the lines)
        y = 2^(dac_bits (cycles - 1)) * last V - weight_offset * sum(inputs)

    int64 and exact without hooks and ``fraction_bits``, which `accumulator_steps` explains; float64 with an accumulator
    hook, which steps U = V (1 - 2^-dac_bits) / Y_FS instead. Raises ValueError as `isaac_dot` does, and for
    fraction_bits beside an accumulator hook.
    """
    products, _, record = _converted(inputs, weights, parameters, hooks, fraction_bits)
    return Dot(products, record)


def neural_pim_codes(
    inputs: ArrayLike,
    weights: ArrayLike,
    parameters: CrossbarParameters,
    *,
    hooks: ErrorHooks = IDEAL,
    fraction_bits: int | None = None,
) -> Dot:
    """Codes of the products of `neural_pim_dot`, int64 (..., outputs), and the record.

    Integers without a converter hook are converted as `fixed_codes` has it, all else by rounding to the nearest code,
    ties away from zero. Raises ValueError as `neural_pim_dot` does.
    """
    _, codes, record = _converted(inputs, weights, parameters, hooks, fraction_bits)
    return Dot(codes, record)


def _converted(
    inputs: ArrayLike, weights: ArrayLike, p: CrossbarParameters, hooks: ErrorHooks, fraction_bits: int | None
) -> tuple[Numbers, IntArray, ConversionRecord]:
    require_strategy(p, NEURAL_PIM, hooks)
    if fraction_bits is not None and hooks.accumulator is not None:
        raise ValueError("fraction_bits must be None with an accumulator hook, which holds reals")
    words = checked_inputs(inputs, p)
    cells = weight_slices(weights, p)
    lines = Lines(cells if hooks.accumulator is not None else _joined(cells, p), p)
    products, codes, tally = [], [], Tally()
    for vectors in pieces(flattened(words), cells.size // p.rows, p):
        if hooks.accumulator is None:
            made: Numbers = accumulated(_sums_of_slices(vectors, lines), p, fraction_bits=fraction_bits)
        else:
            made = _stepped(vectors, lines, p, hooks.accumulator)
        products.append(made - p.weight_offset * vectors.input_sums)
        codes.append(_codes(products[-1], p, hooks, tally))
    return shaped(np.concatenate(products), words), shaped(np.concatenate(codes), words), tally.record()


def _joined(cells: IntArray, p: CrossbarParameters) -> IntArray:
    """``cells`` shifted and added over polarities and slices, (1, 1, rows, outputs), as sums are linear in them."""
    factors = polarity_signs(p)[:, np.newaxis] * slice_factors(p)
    return np.tensordot(factors, cells, axes=2)[np.newaxis, np.newaxis]


def _sums_of_slices(vectors: Vectors, joined: Lines) -> IntArray:
    """y_t, (cycles, vectors, outputs)."""
    sums = [joined.sums(driven)[0, 0] for driven in vectors.driven]
    return np.stack(sums) * np.sign(vectors.factors)[:, np.newaxis, np.newaxis]


def _stepped(vectors: Vectors, lines: Lines, p: CrossbarParameters, step: Step) -> FloatArray:
    """Products (vectors, outputs) of an analog accumulator; a negative factor exchanges the polarities."""
    held = np.zeros((vectors.driven.shape[1], lines.outputs))
    for driven, factor in zip(vectors.driven, vectors.factors, strict=True):
        parts = lines.sums(driven) / p.line_maximum
        if factor < 0:
            parts = parts[::-1] if p.polarities == 2 else -parts
        held = require_numbers("accumulator", np.asarray(step(held, parts)), held.shape).astype(np.float64)
    scale = p.step_full_scale / (1 - 2.0**-p.dac_bits)
    return held * (scale * 2.0 ** (p.dac_bits * (p.cycles - 1)))


def _codes(products: Numbers, p: CrossbarParameters, hooks: ErrorHooks, tally: Tally) -> IntArray:
    q = p.code_maximum
    if hooks.converter is None and products.dtype.kind != "f":
        return clipped(np.sign(products) * unclipped_codes(np.abs(products), p), -q, q, tally)
    steps: Numbers = products * q / p.code_full_scale
    if hooks.converter is not None:
        steps = applied(hooks.converter, steps, "converter")
    return clipped(rounded(steps), -q, q, tally)
