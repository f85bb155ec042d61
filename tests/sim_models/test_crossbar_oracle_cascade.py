"""Sums stored in buffer cells: lines and cells that lose, columns added, carried and converted, records."""

import dataclasses
import random
from fractions import Fraction

import numpy as np
import pytest

from sim_models.crossbar import (
    CASCADE_PAPER,
    CrossbarParameters,
    ErrorHooks,
    adc_bits,
    cascade_dot,
    column_bits,
    column_depths,
)
from tests.sim_models import crossbar_oracle as oracle
from tests.sim_models.crossbar_cases import OPERANDS, Matrix, matrix, vectors, widths


def every(x: Matrix, w: Matrix, p: CrossbarParameters, **parts: oracle.Part) -> list[oracle.Reads]:
    return [oracle.cascade(vector, column, p, **parts) for vector in x for column in zip(*w, strict=True)]


def assert_equal(found, expected: list[oracle.Reads]) -> None:
    codes = [code for reads in expected for code in reads.codes]
    values, record = [reads.value for reads in expected], found.record
    assert found.values.dtype == np.int64
    assert found.values.flatten().tolist() == values
    assert (record.conversions, record.accumulations) == (len(codes), len(codes))
    assert (record.min_code, record.max_code) == (min(codes), max(codes))


LIMITS = [
    {"adc_bits": 2},
    {"adc_bits": 5},
    {"bitline_bits": 1},
    {"bitline_bits": 2},
    {"buffer_cell_bits": 1},
    {"buffer_cell_bits": 3},
    {"buffer_cell_bits": 3, "adc_bits": 4},
    {"buffer_cell_bits": 2, "bitline_bits": 2, "adc_bits": 3},
]


@pytest.mark.parametrize("fields", OPERANDS, ids=str)
@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_lines_cells_and_converters_that_lose(limits: dict[str, int], fields: dict[str, object]) -> None:
    chance, losses = random.Random(str(limits)), 0
    for shape in chance.sample(list(widths(5)), 8):
        p = CrossbarParameters(rows=chance.randint(2, 8), strategy="cascade", **shape, **limits, **fields)
        x, w = vectors(p, 1, chance), matrix(p, 1, chance)
        found, expected = cascade_dot(np.array(x), np.array(w), p), every(x, w, p)
        assert_equal(found, expected)
        if "adc_bits" in limits:
            assert found.record.saturations == sum(reads.saturations for reads in expected)
        if "bitline_bits" in limits:
            lost = sum(oracle.line_saturations(vector, column, p) for vector in x for column in zip(*w, strict=True))
            assert found.record.bitline_saturations == lost
        losses += not np.array_equal(found.values, np.array(x) @ np.array(w))
    assert losses > 0


@pytest.mark.parametrize("fields", OPERANDS, ids=str)
def test_carried_columns(fields: dict[str, object]) -> None:
    """Results are multiples of the lowest converted column's place, and off by half of it at most."""
    chance = random.Random(20)
    for shape in chance.sample(list(widths(6)), 20):
        full = CrossbarParameters(rows=5, strategy="cascade", **shape, **fields)
        places = oracle.columns(full)
        for carried in {0, 1, len(places) // 2, len(places) - 1} & set(range(len(places))):
            p = CrossbarParameters(rows=5, strategy="cascade", carry_columns=carried, **shape, **fields)
            x, w = vectors(p, 2, chance), matrix(p, 2, chance)
            found = cascade_dot(np.array(x), np.array(w), p)
            assert_equal(found, every(x, w, p))
            unit = 2 ** places[carried]
            with_offset = found.values + np.array([[oracle.bias(vector, p)] for vector in x])
            assert not (with_offset % unit).any()
            error = abs(found.values - np.array(x) @ np.array(w))
            assert (2 * error <= unit).all() if carried else not error.any()


@pytest.mark.parametrize("limits", [{"adc_bits": 4}, {"buffer_cell_bits": 3}, {"bitline_bits": 2}], ids=str)
def test_carries_of_what_was_lost(limits: dict[str, int]) -> None:
    chance = random.Random(21)
    for shape in chance.sample(list(widths(5)), 20):
        p = CrossbarParameters(rows=6, strategy="cascade", **shape, **limits)
        p = dataclasses.replace(p, carry_columns=len(oracle.columns(p)) // 2)
        x, w = vectors(p, 1, chance), matrix(p, 1, chance)
        assert_equal(cascade_dot(np.array(x), np.array(w), p), every(x, w, p))


def test_cells_with_a_level_for_every_sum_are_exact() -> None:
    """2^b - 1 a multiple of the largest sum: 3, 5, 15 and 1 of 4 bits."""
    chance = random.Random(22)
    for rows in (1, 3, 5, 15):
        p = CrossbarParameters(rows=rows, strategy="cascade", input_bits=3, weight_bits=3, buffer_cell_bits=4)
        x, w = vectors(p, 5, chance), matrix(p, 5, chance)
        assert np.array_equal(cascade_dot(np.array(x), np.array(w), p).values, np.array(x) @ np.array(w))


@pytest.mark.parametrize("fields", OPERANDS, ids=str)
def test_errors_of_cells_and_converters(fields: dict[str, object]) -> None:
    chance = random.Random(23)
    for shape in chance.sample(list(widths(5)), 8):
        for limits in ({}, {"adc_bits": 4}, {"carry_columns": 1}, {"bitline_bits": 2}):
            p = CrossbarParameters(rows=5, strategy="cascade", **shape, **fields)
            if len(oracle.columns(p)) > 1 or "carry_columns" not in limits:
                p = dataclasses.replace(p, **limits)
            x, w = vectors(p, 1, chance), matrix(p, 1, chance)
            hooks = ErrorHooks(buffer_cell=lambda sums: sums * 0.5 + 0.25, converter=lambda sums: sums * 1.5 - 0.125)
            expected = every(
                x,
                w,
                p,
                buffer_part=lambda sums: sums * Fraction(1, 2) + Fraction(1, 4),
                part=lambda sums: sums * Fraction(3, 2) - Fraction(1, 8),
            )
            assert_equal(cascade_dot(np.array(x), np.array(w), p, hooks=hooks), expected)


def test_cells_that_lose_leave_integers_of_exact_arithmetic() -> None:
    """Cells of up to 16 bits on lines of 4095 full cells: quotients that doubles do not hold."""
    chance = random.Random(24)
    for bits, shape in ((6, (8, 8, 1, 1)), (13, (3, 8, 3, 4)), (16, (16, 16, 8, 4)), (16, (16, 16, 16, 4))):
        names = ("input_bits", "weight_bits", "dac_bits", "cell_bits")
        fields = dict(zip(names, shape, strict=True))
        for carried in (0, 1):
            p = CrossbarParameters(
                rows=4095, strategy="cascade", buffer_cell_bits=bits, carry_columns=carried, **fields
            )
            x, w = vectors(p, 0, chance)[1:3], [row[:2] for row in matrix(p, 0, chance)]
            assert_equal(cascade_dot(np.array(x), np.array(w), p), every(x, w, p))


def test_errors_of_cells_alone_are_reals_that_nothing_rounds() -> None:
    p = CrossbarParameters(rows=2, strategy="cascade", input_bits=2, weight_bits=2)
    found = cascade_dot([3, 3], [[3], [3]], p, hooks=ErrorHooks(buffer_cell=lambda sums: sums * 0.75))
    assert found.values.tolist() == [0.75 * 18]
    assert found.record.max_code == 3.0


@pytest.mark.parametrize("carried", [0, 1, 5, 14])
def test_bits_of_each_column_are_reached(carried: int) -> None:
    """All ones everywhere: the largest code of each column needs the bits that it is given."""
    p = CrossbarParameters(rows=9, strategy="cascade", carry_columns=carried)
    places = oracle.columns(p)
    reads = oracle.cascade([255] * 9, [255] * 9, p)
    assert [oracle.unsigned_bits(int(code)) for code in reads.codes] == list(column_bits(p))
    assert list(column_depths(p)) == [oracle.column_maximum(k, p) // 9 for k in places]


def test_lines_of_6_bits_saturate_where_64_rows_are_driven() -> None:
    p = dataclasses.replace(CASCADE_PAPER, carry_columns=0)
    top = np.full((64, 1), 2**15 - 1)
    found = cascade_dot(np.full(64, 2**16 - 1), top, p)
    assert found.values.tolist() == [63 * (2**16 - 1) * (2**15 - 1)]
    assert found.record.bitline_saturations == 16 * 15
    one_row_less = np.array([*[2**16 - 1] * 63, 0])
    assert cascade_dot(one_row_less, top, p).values.tolist() == [63 * (2**16 - 1) * (2**15 - 1)]


def test_the_published_point_converts_10_columns_of_up_to_11_bits() -> None:
    """10 bits hold the deepest column, 15 sums of 63; what is carried into the lowest adds one bit to it."""
    bits = column_bits(CASCADE_PAPER)
    assert bits == (11, 10, 9, 9, 9, 9, 8, 8, 7, 6)
    assert adc_bits(CASCADE_PAPER) == 11
    uncarried = dataclasses.replace(CASCADE_PAPER, carry_columns=0)
    assert (min(column_bits(uncarried)), max(column_bits(uncarried))) == (6, 10)
