"""Calibration: recovery of known read-outs, batch-norm folding, shift, words, refusals."""

import numpy as np
import pytest

from sim_models.nmpu import (
    AimcColumnParameters,
    AimcColumns,
    ColumnFit,
    ColumnScales,
    NmpuParameters,
    choose_shift,
    fit_columns,
    fit_transfer_curves,
    fold_batch_norm,
    process,
    quantize_columns,
    swap_columns,
)

PARAMETERS = NmpuParameters()
NORM = {"gamma": 0.9, "beta": 0.2, "mean": 0.6, "deviation": 1.5, "input_scale": 0.02, "output_scale": 0.05}


def one_column(gain_positive=0.93, gain_negative=1.06, bias=-3.2):
    return ColumnFit(
        gain_positive=np.array([gain_positive]), gain_negative=np.array([gain_negative]), bias=np.array([bias])
    )


def scales(positive, negative, offset=0.0):
    columns = (np.atleast_1d(np.asarray(values, float)) for values in (positive, negative, offset))
    return ColumnScales(**dict(zip(("scale_positive", "scale_negative", "offset"), columns, strict=True)))


def test_fit_recovers_a_noise_free_read_out():
    rng = np.random.default_rng(0)
    counts_p, counts_n = rng.integers(0, 1024, (2, 50, 16))
    gain_p, gain_n, bias = rng.uniform(0.8, 1.2, 16), rng.uniform(0.8, 1.2, 16), rng.normal(0, 5, 16)
    fit = fit_columns(counts_p, counts_n, gain_p * counts_p - gain_n * counts_n + bias)
    assert np.allclose(fit.gain_positive, gain_p, rtol=0, atol=1e-12)
    assert np.allclose(fit.gain_negative, gain_n, rtol=0, atol=1e-12)
    assert np.allclose(fit.bias, bias, rtol=0, atol=1e-9)


def test_fit_is_the_least_squares_solution():
    rng = np.random.default_rng(1)
    counts_p, counts_n = rng.integers(0, 1024, (2, 40, 3))
    ideal = counts_p - counts_n + rng.normal(0, 20, (40, 3))
    fit = fit_columns(counts_p, counts_n, ideal)
    for column in range(3):
        matrix = np.stack((counts_p[:, column], -counts_n[:, column], np.ones(40)), axis=1)
        expected = np.linalg.lstsq(matrix, ideal[:, column])[0]
        found = (fit.gain_positive[column], fit.gain_negative[column], fit.bias[column])
        assert np.allclose(found, expected, rtol=1e-10)


def test_transfer_curves_are_inverted():
    rng = np.random.default_rng(2)
    levels = np.linspace(0, 400, 30)[:, None] * np.ones(5)
    gain_p, gain_n = rng.uniform(0.8, 1.2, (2, 5))
    offset_p, offset_n = rng.normal(0, 6, (2, 5))
    fit = fit_transfer_curves(levels, gain_p * levels + offset_p, levels, gain_n * levels + offset_n)
    assert np.allclose(fit.gain_positive, 1 / gain_p, rtol=1e-12)
    assert np.allclose(fit.gain_negative, 1 / gain_n, rtol=1e-12)
    assert np.allclose(fit.bias, -offset_p / gain_p + offset_n / gain_n, atol=1e-10)


def test_worked_example():
    folded = fold_batch_norm(one_column(), **NORM)
    k = 0.24
    assert np.allclose(folded.scale_positive, k * 0.93, rtol=1e-14)
    assert np.allclose(folded.scale_negative, k * 1.06, rtol=1e-14)
    assert np.allclose(folded.offset, -3.968, rtol=1e-14)
    assert choose_shift(folded, PARAMETERS) == 2
    words = quantize_columns(folded, PARAMETERS)
    assert (words.scale_positive, words.scale_negative, words.offset, words.shift) == (114, 130, -8, 2)
    assert (words.clipped_scales, words.clipped_offsets) == (0, 0)
    assert process(700, 350, 114, 130, -8, 2, 0, PARAMETERS) == 63
    exact = folded.scale_positive * 700 - folded.scale_negative * 350 + folded.offset
    assert np.allclose(exact, 63.232, rtol=1e-12)


def test_fold_equals_batch_norm_of_the_fitted_value():
    rng = np.random.default_rng(3)
    gains = rng.uniform(0.8, 1.2, (2, 8))
    fit = ColumnFit(gain_positive=gains[0], gain_negative=gains[1], bias=rng.normal(0, 5, 8))
    gamma, deviation = rng.uniform(0.1, 2, (2, 8))
    beta, mean = rng.normal(0, 1, (2, 8))
    norm = {"gamma": gamma, "beta": beta, "mean": mean, "deviation": deviation}
    folded = fold_batch_norm(fit, **norm, input_scale=0.02, output_scale=0.05)
    counts_p, counts_n = rng.integers(0, 1024, (2, 20, 8))
    x = fit.gain_positive * counts_p - fit.gain_negative * counts_n + fit.bias
    expected = (gamma * (0.02 * x - mean) / deviation + beta) / 0.05
    assert np.allclose(folded.scale_positive * counts_p - folded.scale_negative * counts_n + folded.offset, expected)


def test_negative_gamma_is_refused_until_the_columns_are_swapped():
    """A whole column, weights to output: swapping the devices restores what a negative gamma asks for."""
    rng = np.random.default_rng(4)
    weights_p, weights_n = rng.uniform(0, 1, (2, 16, 6))
    inputs = rng.integers(0, 20, (300, 16))
    gamma, beta, mean = np.array([0.5, -0.5, 1.2, -2.0, -0.1, 0.3]), rng.normal(0, 1, 6), rng.normal(0, 1, 6)
    norm = {"gamma": gamma, "beta": beta, "mean": mean, "deviation": 1.5, "input_scale": 0.02, "output_scale": 0.05}
    read_out = AimcColumns(AimcColumnParameters(mvm_error_sigma=0.0), 6)
    ideal = {"ideal_positive": np.linspace(0, 400, 50)[:, None] * np.ones(6)}
    ideal["ideal_negative"] = ideal["ideal_positive"]
    curves = (
        read_out.gain_positive * ideal["ideal_positive"] + read_out.offset_positive,
        read_out.gain_negative * ideal["ideal_negative"] + read_out.offset_negative,
    )
    fit = fit_transfer_curves(ideal["ideal_positive"], curves[0], ideal["ideal_negative"], curves[1])
    with pytest.raises(ValueError, match=r"^scale k of column 1 must be > 0, not -0\.1.*; swap the positive and "):
        fold_batch_norm(fit, **norm)
    swapped = gamma < 0
    swapped_p, swapped_n = swap_columns(weights_p, weights_n, swapped)
    assert np.array_equal(swapped_p[:, 1], weights_n[:, 1])
    assert np.array_equal(swapped_p[:, 0], weights_p[:, 0])
    folded = fold_batch_norm(fit, **norm, swapped=swapped)
    counts_p = read_out.gain_positive * (inputs @ swapped_p) + read_out.offset_positive
    counts_n = read_out.gain_negative * (inputs @ swapped_n) + read_out.offset_negative
    output = folded.scale_positive * counts_p - folded.scale_negative * counts_n + folded.offset
    x = inputs @ (weights_p - weights_n)
    assert np.allclose(output, (gamma * (0.02 * x - mean) / 1.5 + beta) / 0.05)


@pytest.mark.parametrize(
    ("largest", "shift"),
    [(0.1, 3), (255 / 1024, 3), (0.2491, 2), (255 / 512, 2), (0.5, 1), (255 / 256, 1), (1.5, 0), (9, 0)],
)
def test_shift_is_the_largest_that_fits(largest, shift):
    assert choose_shift(scales([0.01, largest], [0.02, 0.03]), PARAMETERS) == shift
    assert choose_shift(scales([0.01, 0.03], [0.02, largest]), PARAMETERS) == shift


def test_words_are_nearest_with_ties_to_even_and_clips_are_counted():
    real = scales([0.5 / 128, 1.5 / 128, 1.99609375, 2.5, -0.1], [1, 1, 1, 1, 1], [0.25, 0.75, 63.74, 63.75, -64.3])
    words = quantize_columns(real, PARAMETERS, 0)
    assert words.scale_positive.tolist() == [0, 2, 255, 255, 0]
    assert words.offset.tolist() == [0, 2, 127, 127, -128]
    assert (words.clipped_scales, words.clipped_offsets) == (3, 2)
    wider = quantize_columns(real, NmpuParameters(offset_integer_bits=8), 0)
    assert wider.offset.tolist() == [0, 2, 127, 128, -129]
    assert wider.clipped_offsets == 0


def test_scales_that_fit_no_shift_are_clipped_at_the_smallest():
    words = quantize_columns(scales([3.0, 1.0], [1.0, 2.5]), NmpuParameters(shift_min=1))
    assert (words.shift, words.clipped_scales) == (1, 4)


VARIED = np.array([[1.0], [2.0], [4.0]])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((VARIED[:2], VARIED[:2], VARIED[:2]), "positive and negative and ideal must hold at least 3 .* not 2"),
        ((VARIED, VARIED[:2], VARIED), "positive and negative and ideal must have one shape .*"),
        ((VARIED[:, 0],) * 3, "positive and negative and ideal must have one shape .*"),
        ((VARIED, VARIED * np.nan, VARIED), "negative must be finite, not nan"),
        ((VARIED, VARIED, VARIED * np.inf), "ideal must be finite, not inf"),
        ((VARIED, 2 * VARIED, VARIED), "positive and negative counts must vary independently, not as in column 0"),
        ((VARIED, 0 * VARIED, VARIED), "positive and negative counts must vary independently, not as in column 0"),
        ((0 * VARIED, 0 * VARIED, VARIED), "positive and negative counts must vary independently, not as in column 0"),
    ],
)
def test_fit_refuses(arrays, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        fit_columns(*arrays)


def test_transfer_curve_fit_refuses():
    with pytest.raises(ValueError, match=r"^ideal_negative must vary, not be constant as in column 0$"):
        fit_transfer_curves(VARIED, VARIED, 0 * VARIED, VARIED)
    with pytest.raises(ValueError, match=r"^slope of the positive transfer curve of column 0 must be > 0, not -1\.0$"):
        fit_transfer_curves(VARIED, -VARIED, VARIED, VARIED)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"deviation": 0.0}, "deviation must be > 0, not 0.0"),
        ({"deviation": [-1.5]}, "deviation of column 0 must be > 0, not -1.5"),
        ({"output_scale": 0.0}, "output_scale must be > 0, not 0.0"),
        ({"output_scale": -0.05}, "output_scale must be > 0, not -0.05"),
        ({"gamma": 0.0}, "scale k must be > 0, not 0.0"),
        ({"gamma": -0.9}, "scale k must be > 0, not -0.24.*; swap the positive and negative devices .*"),
        ({"gamma": np.nan}, "gamma must be finite, not nan"),
        ({"beta": np.inf}, "beta must be finite, not inf"),
        ({"mean": [0.1, -np.inf]}, "mean must be finite, not -inf"),
        ({"input_scale": np.nan}, "input_scale must be finite, not nan"),
    ],
)
def test_fold_refuses(change, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        fold_batch_norm(one_column(), **{**NORM, **change})


def test_fold_refuses_a_bad_fit():
    with pytest.raises(ValueError, match=r"^gain_negative of column 0 must be > 0, not -1\.0$"):
        fold_batch_norm(one_column(gain_negative=-1.0), **NORM)
    with pytest.raises(ValueError, match=r"^bias must be finite, not nan$"):
        fold_batch_norm(one_column(bias=np.nan), **NORM)


def test_quantize_refuses():
    with pytest.raises(ValueError, match=r"^shift must be between 0 and 3, not 4$"):
        quantize_columns(scales(1, 1), PARAMETERS, 4)
    with pytest.raises(ValueError, match=r"^offset must be finite, not nan$"):
        quantize_columns(scales(1, 1, np.nan), PARAMETERS)
