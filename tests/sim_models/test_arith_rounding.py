"""Integer rounding, saturation and fixed-point formats, against exact fractions."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_models.arith import Format, Rounding, round_shift, saturate


def away(value: Fraction) -> int:
    return math.floor(abs(value) + Fraction(1, 2)) * (1 if value >= 0 else -1)


EXACT: dict[Rounding, Callable[[Fraction], int]] = {
    Rounding.FLOOR: math.floor,
    Rounding.CEILING: math.ceil,
    Rounding.TOWARD_ZERO: math.trunc,
    Rounding.HALF_UP: lambda value: math.floor(value + Fraction(1, 2)),
    Rounding.HALF_EVEN: round,
    Rounding.HALF_AWAY: away,
}


def test_every_rounding_has_an_exact_statement() -> None:
    assert set(EXACT) == set(Rounding)


@pytest.mark.parametrize("rounding", Rounding)
def test_round_shift_equals_exact_rounding(rounding: Rounding) -> None:
    values = np.arange(-70, 71)
    for bits in range(8):
        expected = [EXACT[rounding](Fraction(int(value), 1 << bits)) for value in values]
        assert round_shift(values, bits, rounding).tolist() == expected


@given(value=st.integers(-(2**63), 2**63 - 1), bits=st.integers(0, 62), rounding=st.sampled_from(list(Rounding)))
def test_round_shift_is_exact_over_the_whole_range(value: int, bits: int, rounding: Rounding) -> None:
    assert int(round_shift(value, bits, rounding)) == EXACT[rounding](Fraction(value, 1 << bits))


def test_round_shift_broadcasts_bits() -> None:
    result = round_shift(np.array([[5], [-5]]), np.array([0, 1, 2, 3]), Rounding.HALF_EVEN)
    assert result.tolist() == [[5, 2, 1, 1], [-5, -2, -1, -1]]
    assert result.dtype == np.int64


@pytest.mark.parametrize(
    ("bits", "signed", "low", "high"), [(8, True, -128, 127), (8, False, 0, 255), (1, True, -1, 0), (1, False, 0, 1)]
)
def test_saturate_clamps_to_the_word(bits: int, signed: bool, low: int, high: int) -> None:
    values = np.arange(-300, 301)
    assert saturate(values, bits, signed).tolist() == [min(max(int(value), low), high) for value in values]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: round_shift([0.5], 1, Rounding.FLOOR), "values must be integers of at most 64 bits, not float64"),
        (lambda: round_shift([True], 1, Rounding.FLOOR), "values must be integers of at most 64 bits, not bool"),
        (lambda: round_shift([1], -1, Rounding.FLOOR), "bits must be at least 0, not -1"),
        (lambda: round_shift([1], 63, Rounding.FLOOR), "bits must be at most 62, not 63"),
        (lambda: round_shift([1], 1, "floor"), "rounding must be a Rounding, not 'floor'"),
        (
            lambda: round_shift(np.array([2**63], dtype=np.uint64), 1, Rounding.FLOOR),
            "values must be at most 9223372036854775807, not 9223372036854775808",
        ),
        (lambda: saturate([1], 0, True), "bits must be between 1 and 63, not 0"),
        (lambda: saturate([1], 2.0, True), "bits must be an integer, not 2.0"),
        (lambda: saturate([[1.0]], 2, True), "values must be integers of at most 64 bits, not float64"),
    ],
)
def test_bad_arguments_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        call()
    assert str(refusal.value) == message


def test_empty_arrays_are_integers() -> None:
    assert round_shift([], 3, Rounding.HALF_UP).tolist() == []


def test_format_ranges() -> None:
    offset = Format(signed=True, integer_bits=7, fraction_bits=1)
    scale = Format(signed=False, integer_bits=1, fraction_bits=7)
    assert (offset.width, offset.minimum, offset.maximum) == (8, -128, 127)
    assert (scale.width, scale.minimum, scale.maximum) == (8, 0, 255)
    assert offset.to_real([-128, 127]).tolist() == [-64.0, 63.5]
    assert scale.to_real([255, 128]).tolist() == [1.9921875, 1.0]


def test_quantize_takes_the_nearest_word_ties_to_even_and_clamps() -> None:
    offset = Format(signed=True, integer_bits=7, fraction_bits=1)
    assert offset.quantize([0.25, 0.75, -0.25, -0.75, 0.26, -64.4, 1e300, -1e300]).tolist() == [
        *(0, 2, 0, -2, 1),
        *(-128, 127, -128),
    ]


@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    signed=st.booleans(),
    integer_bits=st.integers(1, 26),
    fraction_bits=st.integers(0, 26),
)
def test_quantize_equals_exact_rounding(value: float, signed: bool, integer_bits: int, fraction_bits: int) -> None:
    words = Format(signed=signed, integer_bits=integer_bits, fraction_bits=fraction_bits)
    exact = round(Fraction(value) * (1 << fraction_bits))
    assert int(words.quantize(value)) == min(max(exact, words.minimum), words.maximum)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: Format(signed=1, integer_bits=1, fraction_bits=1),
            "signed must be a bool, not 1",
        ),
        (
            lambda: Format(signed=True, integer_bits=-1, fraction_bits=1),
            "integer_bits must be between 0 and 53, not -1",
        ),
        (
            lambda: Format(signed=True, integer_bits=0, fraction_bits=0),
            "integer_bits + fraction_bits must be between 1 and 53, not 0",
        ),
        (
            lambda: Format(signed=True, integer_bits=30, fraction_bits=30),
            "integer_bits + fraction_bits must be between 1 and 53, not 60",
        ),
        (
            lambda: Format(signed=True, integer_bits=4, fraction_bits=4).quantize([1.0, float("nan")]),
            "real must be finite numbers, not NaN or infinity",
        ),
        (
            lambda: Format(signed=True, integer_bits=4, fraction_bits=4).to_real([128]),
            "words must be at most 127, not 128",
        ),
    ],
)
def test_bad_formats_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        call()
    assert str(refusal.value) == message
