"""Exact strategies equal the plain product, whatever the widths, encodings and operands."""

import itertools
import random

import numpy as np
import pytest

from sim_models.crossbar import CrossbarParameters, cascade_dot, isaac_dot, matvec
from tests.sim_models import crossbar_oracle as oracle
from tests.sim_models.crossbar_cases import OPERANDS, input_range, matrix, vectors, weight_range, widths

EXACT = {"isaac": isaac_dot, "cascade": cascade_dot}


def plain(x: list[list[int]], w: list[list[int]]) -> list[list[int]]:
    return [[oracle.dot(vector, column) for column in zip(*w, strict=True)] for vector in x]


@pytest.mark.parametrize("fields", OPERANDS, ids=str)
@pytest.mark.parametrize("strategy", EXACT)
def test_every_operand_of_every_small_width(strategy: str, fields: dict[str, object]) -> None:
    """Two rows of up to 3 bits: every pair of inputs by every pair of weights that differ in one."""
    for shape in widths(3):
        p = CrossbarParameters(rows=2, strategy=strategy, **shape, **fields)
        (low, high), (least, most) = input_range(p), weight_range(p)
        x = [[a, b] for a, b in itertools.product(range(low, high + 1), repeat=2)]
        columns = [[a, b] for a, b in itertools.product(range(least, most + 1), (least, 0, most))]
        w = [list(row) for row in zip(*columns, strict=True)]
        assert matvec(np.array(x), np.array(w), p).tolist() == plain(x, w), (shape, fields)


@pytest.mark.parametrize("fields", OPERANDS, ids=str)
@pytest.mark.parametrize("strategy", EXACT)
def test_extremes_and_random_operands_of_every_width_to_8_bits(strategy: str, fields: dict[str, object]) -> None:
    chance = random.Random(8)
    for shape in chance.sample(list(widths(8)), 60):
        p = CrossbarParameters(rows=chance.randint(1, 9), strategy=strategy, **shape, **fields)
        x, w = vectors(p, 4, chance), matrix(p, 4, chance)
        assert matvec(np.array(x), np.array(w), p).tolist() == plain(x, w), p


@pytest.mark.parametrize("fields", OPERANDS, ids=str)
@pytest.mark.parametrize("strategy", EXACT)
@pytest.mark.parametrize("shape", [(16, 16, 1, 2), (16, 15, 1, 1), (16, 16, 16, 4), (15, 13, 4, 3), (1, 1, 1, 1)])
def test_wide_operands_on_many_rows(shape: tuple[int, int, int, int], strategy: str, fields: dict[str, object]) -> None:
    names = ("input_bits", "weight_bits", "dac_bits", "cell_bits")
    chance = random.Random(str(shape))
    for rows in (1, 128):
        p = CrossbarParameters(rows=rows, strategy=strategy, **dict(zip(names, shape, strict=True)), **fields)
        x, w = vectors(p, 1, chance), matrix(p, 1, chance)
        assert matvec(np.array(x), np.array(w), p).tolist() == plain(x, w), p


@pytest.mark.parametrize("strategy", EXACT)
def test_the_largest_array_of_the_widest_operands(strategy: str) -> None:
    p = CrossbarParameters(rows=4096, input_bits=16, weight_bits=16, dac_bits=16, cell_bits=4, strategy=strategy)
    x, w = vectors(p, 0, random.Random(0)), matrix(p, 0, random.Random(0))
    assert matvec(np.array(x), np.array(w), p).tolist() == plain(x, w)


FORMS = [
    {"conversion_polarity": "separate"},
    {"conversion_polarity": "separate", "flip_encoding": True},
    {"weight_encoding": "offset", "flip_encoding": True},
]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_options_of_isaac_change_no_product(form: dict[str, object], signed: bool) -> None:
    chance = random.Random(2)
    for shape in chance.sample(list(widths(6)), 30):
        p = CrossbarParameters(rows=7, signed_inputs=signed, **shape, **form)
        x, w = vectors(p, 3, chance), matrix(p, 3, chance)
        assert matvec(np.array(x), np.array(w), p).tolist() == plain(x, w), p


@pytest.mark.parametrize("strategy", EXACT)
def test_batches_are_loops(strategy: str) -> None:
    p = CrossbarParameters(rows=20, strategy=strategy, dac_bits=3, cell_bits=3)
    inputs = np.random.default_rng(1).integers(0, 256, (2, 3, 4, 20))
    weights = np.random.default_rng(2).integers(-255, 256, (20, 5))
    found = matvec(inputs, weights, p)
    assert found.shape == (2, 3, 4, 5)
    assert np.array_equal(found, inputs @ weights)
    for place in np.ndindex(2, 3, 4):
        assert matvec(inputs[place], weights, p).tolist() == found[place].tolist()
    for kind in (np.uint8, np.int16, np.uint64):
        assert np.array_equal(matvec(inputs.astype(kind), weights.astype(np.int16), p), found)


@pytest.mark.parametrize("strategy", EXACT)
def test_operands_are_left_as_they_were(strategy: str) -> None:
    p = CrossbarParameters(rows=3, strategy=strategy, input_bits=4, weight_bits=4)
    x, w = np.array([1, 2, 15]), np.array([[-15, 2], [3, 0], [15, 1]])
    kept = x.copy(), w.copy()
    matvec(x, w, p)
    assert np.array_equal(x, kept[0])
    assert np.array_equal(w, kept[1])
