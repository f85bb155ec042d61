"""Every sum converted: converters that saturate, flipped columns, errors, records."""

import random
from fractions import Fraction

import numpy as np
import pytest

from sim_models.crossbar import CrossbarParameters, ErrorHooks, flip_flags, isaac_dot, weight_slices
from tests.sim_models import crossbar_oracle as oracle
from tests.sim_models.crossbar_cases import Matrix, matrix, vectors, widths

FORMS = {
    "difference": {},
    "separate": {"conversion_polarity": "separate"},
    "separate and flipped": {"conversion_polarity": "separate", "flip_encoding": True},
    "offset": {"weight_encoding": "offset"},
    "offset and flipped": {"weight_encoding": "offset", "flip_encoding": True},
}


def every(x: Matrix, w: Matrix, p: CrossbarParameters, part: oracle.Part = oracle.unchanged) -> list[oracle.Reads]:
    return [oracle.isaac(vector, column, p, part) for vector in x for column in zip(*w, strict=True)]


def assert_equal(found, expected: list[oracle.Reads]) -> None:
    codes = [code for reads in expected for code in reads.codes]
    assert found.values.flatten().tolist() == [reads.value for reads in expected]
    record = found.record
    assert (record.conversions, record.accumulations) == (len(codes), len(codes))
    assert record.saturations == sum(reads.saturations for reads in expected)
    assert (record.min_code, record.max_code) == (min(codes), max(codes))
    assert record.bitline_saturations == 0


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_converters_of_any_bits(form: str, signed: bool) -> None:
    chance, saturations = random.Random(form), 0
    for shape in chance.sample(list(widths(5)), 25):
        for bits in (None, 1, 2, 4):
            p = CrossbarParameters(
                rows=chance.randint(1, 8), adc_bits=bits, signed_inputs=signed, **shape, **FORMS[form]
            )
            x, w = vectors(p, 1, chance), matrix(p, 1, chance)
            found, expected = isaac_dot(np.array(x), np.array(w), p), every(x, w, p)
            assert_equal(found, expected)
            saturations += found.record.saturations if bits else 0
            if bits is None:
                assert found.record.saturations == 0
    assert saturations > 0


@pytest.mark.parametrize("form", FORMS)
def test_converters_with_all_bits_lose_nothing_and_with_one_less_do(form: str) -> None:
    """All rows driven in full onto full cells, and onto half full ones where full ones are flipped."""
    for dac_bits, cell_bits, rows in ((1, 1, 8), (1, 2, 8), (2, 2, 5), (1, 1, 7), (2, 1, 9)):
        fields = {"rows": rows, "input_bits": 4, "weight_bits": 4, "dac_bits": dac_bits, "cell_bits": cell_bits}
        top = 2**cell_bits - 1
        least = CrossbarParameters(**fields, **FORMS[form])
        half = oracle.line_maximum(least) // 2 if least.flip_encoding else oracle.line_maximum(least)
        bits = oracle.unsigned_bits(half)
        low = -8 if least.weight_encoding == "offset" else 0
        cells = [top] * rows
        if least.flip_encoding:  # as full as a column may be that is not flipped
            full = rows * top // 2
            cells = [min(top, max(0, full - top * row)) for row in range(rows)]
        column = [low + sum(cell * 2 ** (cell_bits * s) for s in range(4 // cell_bits)) for cell in cells]
        x, w = [[15] * rows], [[value] for value in column]
        for given, exact in ((bits, True), (bits - 1, False)):
            if given:
                p = CrossbarParameters(**fields, **FORMS[form], adc_bits=given)
                found = isaac_dot(np.array(x), np.array(w), p)
                assert_equal(found, every(x, w, p))
                assert (found.record.saturations == 0) is exact, p
                assert (found.values.tolist() == [[oracle.dot(x[0], column)]]) is exact, p


@pytest.mark.parametrize("form", FORMS)
def test_an_error_of_the_converter(form: str) -> None:
    chance = random.Random(form)
    for shape in chance.sample(list(widths(5)), 12):
        for bits in (None, 3):
            p = CrossbarParameters(rows=5, adc_bits=bits, **shape, **FORMS[form])
            x, w = vectors(p, 1, chance), matrix(p, 1, chance)
            hook = ErrorHooks(converter=lambda samples: samples * 0.75 - 1.25)
            expected = every(x, w, p, lambda sample: sample * Fraction(3, 4) - Fraction(5, 4))
            assert_equal(isaac_dot(np.array(x), np.array(w), p, hooks=hook), expected)


@pytest.mark.parametrize("form", ["separate and flipped", "offset and flipped"])
def test_flags_and_reads_of_flipped_columns(form: str) -> None:
    chance = random.Random(7)
    for shape in chance.sample(list(widths(6)), 25):
        p = CrossbarParameters(rows=chance.choice([1, 2, 5, 8]), **shape, **FORMS[form])
        x, w = vectors(p, 2, chance), matrix(p, 3, chance)
        flags = flip_flags(weight_slices(np.array(w), p), p)
        for output, column in enumerate(zip(*w, strict=True)):
            expected = [marks for marks in oracle.flipped(column, p) if marks]
            assert flags[..., output].tolist() == expected
        for reads in every(x, w, p):
            assert all(0 <= sample <= oracle.line_maximum(p) // 2 for sample, _ in reads.samples)


def test_half_full_columns_are_not_flipped() -> None:
    """Strictly above half: 2 cells of 4 full are half."""
    p = CrossbarParameters(rows=4, input_bits=1, weight_bits=1, weight_encoding="offset", flip_encoding=True)
    w = np.array([[-1, -1, -1, -1, 0], [-1, -1, -1, 0, 0], [-1, -1, 0, 0, 0], [-1, 0, 0, 0, 0]])
    assert flip_flags(weight_slices(w, p), p).tolist() == [[[False, False, False, True, True]]]
