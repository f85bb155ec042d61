"""Convolutions, and the gradients of layers, tap by tap."""

import itertools
import random

import numpy as np
import pytest

from sim_models.daism import DaismParameters
from sim_models.daism.convolution import (
    conv2d,
    conv2d_input_gradient,
    conv2d_weight_gradient,
    input_gradient,
    weight_gradient,
)
from tests.sim_models import daism_layer_oracle, daism_oracle
from tests.sim_models.daism_layer_oracle import output_size
from tests.sim_models.daism_oracle import VARIANTS, operand_layout, parameters

# image height and width, kernel height and width, stride, padding
SHAPES = [
    ((5, 6), (3, 3), 1, 0),
    ((5, 6), (3, 3), 1, 1),
    ((4, 7), (2, 3), 2, 1),
    ((5, 5), (3, 3), 2, 0),
    ((6, 5), (3, 2), 2, 1),
    ((7, 4), (1, 1), 3, 0),
    ((4, 4), (4, 4), 1, 0),
    ((3, 3), (4, 4), 1, 1),
    ((8, 3), (3, 1), 3, 0),
]
SETTINGS = [
    {},
    {"banks": 3, "columns": 16, "bank_slicing": "index"},
    {"banks": 2, "columns": 16, "bank_slicing": "channel", "variant": "fla", "kept_columns": "full"},
    {"banks": 2, "columns": 24, "stored_operand": "activation"},
    {"banks": 2, "accumulator": "bf16", "variant": "hla", "hla_mode": "b"},
    {"operand_kind": "integer", "columns": 16},
    {"significand_bits": 11, "exponent_bits": 5, "banks": 3},
]


def tensor(p: DaismParameters, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Words of numbers near 1, a fifth of them zeros of either sign; or integers."""
    source = np.random.default_rng(seed)
    if p.operand_kind == "integer":
        return source.integers(0, 2**p.significand_bits, shape)
    layout = operand_layout(p)
    exponents = (layout.bias + source.integers(-4, 5, shape)) * source.integers(0, 5, shape).astype(bool)
    fractions = source.integers(0, 2**layout.fraction_bits, shape)
    return source.integers(0, 2, shape) * layout.sign_bit + (exponents << layout.fraction_bits) + fractions


def array(elements: dict[tuple[int, ...], int]) -> np.ndarray:
    shape = tuple(max(place[axis] for place in elements) + 1 for axis in range(4))
    found = np.full(shape, -1, np.int64)
    for place, value in elements.items():
        found[place] = value
    return found


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: "-".join(map(str, setting.values())) or "default")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_convolution_and_its_gradients(setting: dict, shape: tuple) -> None:
    p = parameters(**setting)
    size, kernel, stride, padding = shape
    x, w = tensor(p, (2, 2, *size), 1), tensor(p, (3, 2, *kernel), 2)
    np.testing.assert_array_equal(
        conv2d(x, w, p, stride, padding), array(daism_layer_oracle.conv2d(x.tolist(), w.tolist(), p, stride, padding))
    )
    errors = tensor(p, (2, 3, *output_size(x.tolist(), kernel, stride, padding)), 3)
    np.testing.assert_array_equal(
        conv2d_weight_gradient(x, errors, p, kernel, stride, padding),
        array(daism_layer_oracle.weight_gradient(x.tolist(), errors.tolist(), p, kernel, stride, padding)),
    )
    if padding < min(kernel):
        np.testing.assert_array_equal(
            conv2d_input_gradient(errors, w, p, size, stride, padding),
            array(daism_layer_oracle.input_gradient(errors.tolist(), w.tolist(), p, size, stride, padding)),
        )


def test_bias_of_a_convolution() -> None:
    p = parameters(banks=3, columns=16)
    x, w, bias = tensor(p, (2, 2, 4, 4), 1), tensor(p, (3, 2, 2, 2), 2), [0x3F800000, 0, 0xC7000001]
    expected = array(daism_layer_oracle.conv2d(x.tolist(), w.tolist(), p, 1, 1, bias))
    np.testing.assert_array_equal(conv2d(x, w, p, padding=1, bias=bias), expected)


@pytest.mark.parametrize("stored", ["weight", "activation"])
def test_gradients_of_a_fully_connected_layer(stored: str) -> None:
    for variant, banks in itertools.product(VARIANTS, (1, 3)):
        p = parameters(**variant, banks=banks, columns=24, stored_operand=stored)
        x, w, errors = tensor(p, (6, 5), 4), tensor(p, (5, 7), 5), tensor(p, (6, 7), 6)
        expected = daism_oracle.matmul(errors.tolist(), w.T.tolist(), p)
        assert input_gradient(errors, w, p).tolist() == expected
        assert weight_gradient(x, errors, p).tolist() == daism_oracle.matmul(x.T.tolist(), errors.tolist(), p)


def test_gradients_are_those_of_the_convolution() -> None:
    """With exact products of small integers: sum(y * errors) changes with each input and weight by its gradient."""
    p = parameters(operand_kind="integer", significand_bits=4, kept_columns="full", variant="fla")
    chosen = random.Random(3)
    for size, kernel, stride, padding in SHAPES:
        if padding >= min(kernel):
            continue
        x, w = tensor(p, (2, 2, *size), chosen.randrange(99)), tensor(p, (3, 2, *kernel), chosen.randrange(99))
        y = conv2d(x, w, p, stride, padding, exact=True)
        errors = tensor(p, y.shape, chosen.randrange(99))
        total = (y * errors).sum()
        of_input = conv2d_input_gradient(errors, w, p, size, stride, padding, exact=True)
        of_weight = conv2d_weight_gradient(x, errors, p, kernel, stride, padding, exact=True)
        # y is linear in x and in w
        assert (of_input * x).sum() == (of_weight * w).sum() == total
