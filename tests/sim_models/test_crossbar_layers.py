"""Layers of several row blocks, and convolutions."""

from dataclasses import replace

import numpy as np
import pytest

from sim_models.crossbar import (
    CrossbarParameters,
    ErrorHooks,
    GaussianError,
    conversions,
    convolution,
    fixed_codes,
    layer,
)

SMALL = {"rows": 16, "input_bits": 5, "weight_bits": 4}
RNG = np.random.default_rng(10)


def operands(p: CrossbarParameters, length: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    x = RNG.integers(*p.input_range, (2, 3, length), endpoint=True)
    return x, RNG.integers(*p.weight_range, (length, outputs), endpoint=True)


@pytest.mark.parametrize("length", [1, 15, 16, 17, 48, 70])
@pytest.mark.parametrize("strategy", ["isaac", "cascade"])
@pytest.mark.parametrize("encoding", ["differential", "offset"])
def test_products_of_blocks_are_added(length: int, strategy: str, encoding: str) -> None:
    p = CrossbarParameters(**SMALL, strategy=strategy, weight_encoding=encoding, signed_inputs=True)
    x, w = operands(p, length, 7)
    made = layer(x, w, p)
    assert np.array_equal(made.values, x @ w)
    assert made.record.conversions == -(-length // 16) * 6 * 7 * conversions(p)


@pytest.mark.parametrize("length", [16, 17, 70])
@pytest.mark.parametrize("encoding", ["differential", "offset"])
def test_codes_of_blocks_are_added(length: int, encoding: str) -> None:
    p = CrossbarParameters(**SMALL, strategy="neural_pim", weight_encoding=encoding, range_fraction=0.25)
    x, w = operands(p, length, 7)
    expected = sum(fixed_codes(x[..., k : k + 16] @ w[k : k + 16], p) for k in range(0, length, 16))
    made = layer(x, w, p)
    assert np.array_equal(made.values, expected)
    assert made.record.conversions == made.record.accumulations == -(-length // 16) * 42


def test_sums_of_codes_saturate_block_by_block() -> None:
    """Four times 32767 stays there; three times -32767 then leads to 0, -32767 and the end."""
    p = CrossbarParameters(rows=1, input_bits=16, weight_bits=16, output_bits=16, strategy="neural_pim")
    full, w = [65535] * 7, [[65535]] * 4 + [[-65535]] * 3
    assert layer(full, w, p).values.tolist() == [-32768]
    assert layer(full[:5], w[:5], p).values.tolist() == [0]
    assert layer(full[:2], w[:2], p).values.tolist() == [32767]
    assert layer(full, [[-65535]] * 7, p).values.tolist() == [-32768]


def test_records_of_blocks_are_added() -> None:
    """33 rows on arrays of 16: lines of 16, 16 and 1 against an end of 7."""
    p = CrossbarParameters(**SMALL, strategy="cascade", bitline_bits=3)
    made = layer([31] * 33, [[15]] * 33, p)
    assert made.values.tolist() == [(7 + 7 + 1) * 31 * 15]
    assert made.record.bitline_saturations == 2 * 5 * 4
    assert (made.record.min_code, made.record.max_code) == (1, 7 * 4)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
@pytest.mark.parametrize("signed", [False, True])
def test_convolutions(stride: int, padding: int, signed: bool) -> None:
    p = CrossbarParameters(**SMALL, strategy="cascade", signed_inputs=signed)
    images = RNG.integers(*p.input_range, (2, 3, 7, 6), endpoint=True)
    kernels = RNG.integers(*p.weight_range, (5, 3, 3, 2), endpoint=True)
    made = convolution(images, kernels, p, stride, padding).values
    padded = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    for image, output, row, column in np.ndindex(made.shape):
        window = padded[image, :, row * stride : row * stride + 3, column * stride : column * stride + 2]
        assert made[image, output, row, column] == (window * kernels[output]).sum()
    assert made.shape == (2, 5, (7 + 2 * padding - 3) // stride + 1, (6 + 2 * padding - 2) // stride + 1)


def test_errors_reach_every_block() -> None:
    p = CrossbarParameters(**SMALL, strategy="cascade")
    x, w = operands(p, 40, 3)
    errors = [
        layer(x[..., :length], w[:length], p, hooks=ErrorHooks(buffer_cell=GaussianError(sigma=0.1, seed=1))).values
        - x[..., :length] @ w[:length]
        for length in (16, 32, 40)
    ]
    assert all((np.diff(np.stack(errors), axis=0) != 0).all(axis=(1, 2, 3)))
    assert not np.array_equal(layer(x, w, replace(p, adc_bits=1)).values, x @ w)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: layer([1, 2], [[1], [2], [3]], p), "inputs must have the shape (..., 3), as the weights, not (2,)"),
        (lambda p: layer([1], [1], p), "weights must have the shape (rows, outputs), none of zero, not (1,)"),
        (lambda p: layer([], np.zeros((0, 2), int), p), "weights must have the shape (rows, outputs), none of zero"),
        (lambda p: layer(np.zeros((0, 2), int), [[1], [2]], p), "inputs must have the shape (..., 16), none of zero"),
        (lambda p: layer([32], [[1]], p), "inputs must be at most 31, not 32"),
        (lambda p: layer([1.0], [[1]], p), "inputs must be integers of at most 64 bits, not float64"),
        (lambda p: layer([1], [[16]], p), "weights must be at most 15, not 16"),
        (lambda p: layer([1], [[1]], None), "parameters must be a CrossbarParameters, not None"),
        (lambda p: convolution([[[1]]], [[[[1]]]], p), "images must have four dimensions, none of zero, not shape"),
        (
            lambda p: convolution(np.ones((1, 2, 3, 3), int), np.ones((1, 3, 2, 2), int), p),
            "kernels must have as many channels as images, 2, not 3",
        ),
        (
            lambda p: convolution(np.ones((1, 1, 2, 2), int), np.ones((1, 1, 3, 2), int), p),
            "kernel height must be between 1 and 2, not 3",
        ),
    ],
)
def test_bad_layers(call: object, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        call(CrossbarParameters(**SMALL))
    assert message in str(refused.value)
