"""Exact integer products and sums of products against Python's integers, which have no width."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_models.arith import (
    IntegerFormat,
    MultiplyAccumulateParameters,
    MultiplyParameters,
    integer_multiply,
    multiply_accumulate,
)

KINDS = ("signed", "unsigned", "sign_magnitude")
MIXED = [pair for pair in itertools.product(KINDS, repeat=2) if set(pair) != {"signed", "sign_magnitude"}]


def number(word: int, kind: str, width: int) -> int:
    """What a word stands for, from its definition."""
    if kind != "sign_magnitude":
        return word
    magnitude = word % (1 << (width - 1))
    return -magnitude if word >> (width - 1) else magnitude


def sign(word: int, kind: str, width: int) -> int:
    return word >> (width - 1) if kind == "sign_magnitude" else 0


def words(kind: str, width: int) -> range:
    return range(-(1 << (width - 1)), 1 << (width - 1)) if kind == "signed" else range(1 << width)


def expected_product(a: int, b: int, p: MultiplyParameters) -> int:
    value = number(a, p.a_format, p.a_width) * number(b, p.b_format, p.b_width)
    if "sign_magnitude" not in (p.a_format, p.b_format):
        return value
    negative = sign(a, p.a_format, p.a_width) ^ sign(b, p.b_format, p.b_width)
    return abs(value) + (negative << (p.product.width - 1))


@pytest.mark.parametrize(("a_format", "b_format"), MIXED)
def test_every_product_of_small_words(a_format: str, b_format: str) -> None:
    for a_width, b_width in itertools.product((2, 3, 5), (2, 4)):
        p = MultiplyParameters(a_format=a_format, b_format=b_format, a_width=a_width, b_width=b_width)
        a, b = words(a_format, a_width), words(b_format, b_width)
        products = integer_multiply(np.array(a)[:, None], np.array(b), p)
        assert products.tolist() == [[expected_product(x, y, p) for y in b] for x in a]
        assert products.dtype == np.int64
        assert set(products.ravel().tolist()) <= set(words(p.product.kind, p.product.width))


@given(pair=st.sampled_from(MIXED), widths=st.tuples(st.integers(2, 64), st.integers(2, 64)), data=st.data())
def test_products_of_every_width(pair: tuple[str, str], widths: tuple[int, int], data: st.DataObject) -> None:
    p = MultiplyParameters(a_format=pair[0], b_format=pair[1], a_width=widths[0], b_width=widths[1])
    drawn = [
        data.draw(st.integers(form.minimum, form.maximum) | st.sampled_from([form.minimum, form.maximum]))
        for form in (p.a, p.b)
    ]
    assert integer_multiply([drawn[0]], [drawn[1]], p).tolist() == [expected_product(*drawn, p)]


def test_a_product_is_as_wide_as_its_extremes_need() -> None:
    wide = MultiplyParameters(a_width=64, b_width=64)
    assert wide.product == IntegerFormat(kind="signed", width=128)
    assert integer_multiply([-(1 << 63)], [-(1 << 63)], wide).tolist() == [1 << 126]
    plain = MultiplyParameters(a_format="unsigned", b_format="unsigned", a_width=64, b_width=64)
    assert integer_multiply([(1 << 64) - 1], [(1 << 64) - 1], plain).tolist() == [((1 << 64) - 1) ** 2]
    single = MultiplyParameters(a_width=1, b_width=1)
    assert integer_multiply([-1, -1, 0], [-1, 0, -1], single).tolist() == [1, 0, 0]


def test_a_zero_keeps_the_sign_of_its_operands() -> None:
    p = MultiplyParameters(a_format="sign_magnitude", b_format="unsigned", a_width=4, b_width=3)
    assert integer_multiply([0b1000, 0b1011], [5, 0], p).tolist() == [0b1000000, 0b1000000]


def expected_sums(a: list[int], b: list[int], first: list[int], enable: list[int], p: MultiplyAccumulateParameters):
    total, sums = 0, []
    for x, y, begins, counts in zip(a, b, first, enable, strict=True):
        if counts:
            product = number(x, p.a_format, p.a_width) * number(y, p.b_format, p.b_width)
            total = product + (0 if begins else total)
        wrapped = total % (1 << p.accumulator_width)
        negative = p.accumulator.kind == "signed" and wrapped >> (p.accumulator_width - 1)
        sums.append(wrapped - (1 << p.accumulator_width) if negative else wrapped)
    return sums


@pytest.mark.parametrize("accumulator_width", [14, 20, 62, 63, 64, 65, 100])
@pytest.mark.parametrize(("a_format", "b_format"), MIXED)
def test_sums_with_starts_pauses_and_overflow(a_format: str, b_format: str, accumulator_width: int) -> None:
    wide = accumulator_width > 60
    p = MultiplyAccumulateParameters(
        a_format=a_format, b_format=b_format, a_width=30 if wide else 7, b_width=32 if wide else 7,
        accumulator_width=accumulator_width,
    )  # fmt: skip
    random = np.random.default_rng(accumulator_width)
    a, b = (random.integers(form.minimum, form.maximum, 400, endpoint=True) for form in (p.a, p.b))
    first, enable = (random.random((2, 400)) < [[0.02], [0.7]]).astype(int)
    first[0] = enable[0] = 1
    sums = multiply_accumulate(a, b, first, enable, p)
    assert sums.tolist() == expected_sums(a.tolist(), b.tolist(), first.tolist(), enable.tolist(), p)


def test_sums_run_along_the_last_axis() -> None:
    p = MultiplyAccumulateParameters(a_width=4, b_width=4, accumulator_width=12)
    sums = multiply_accumulate([[1, 2, 3], [4, 5, 6]], 2, [1, 0, 0], 1, p)
    assert sums.tolist() == [[2, 6, 12], [8, 18, 30]]
    assert multiply_accumulate([], [], [], [], p).tolist() == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"a_format": "ones"}, "a_format must be one of signed, unsigned, sign_magnitude, not 'ones'"),
        ({"b_format": 3}, "b_format must be one of signed, unsigned, sign_magnitude, not 3"),
        ({"a_width": 0}, "a_width must be between 1 and 64, not 0"),
        ({"b_width": 65}, "b_width must be between 1 and 64, not 65"),
        ({"a_width": True}, "a_width must be an integer, not True"),
        ({"b_width": 8.0}, "b_width must be an integer, not 8.0"),
        (
            {"a_format": "sign_magnitude", "b_format": "sign_magnitude", "a_width": 1},
            "a_width must be between 2 and 64, not 1",
        ),
        (
            {"a_format": "sign_magnitude"},
            "b_format must not be sign_magnitude where a_format is signed, nor the other way round",
        ),
        ({"structure": "wallace"}, "structure must be one of operator, array, booth, not 'wallace'"),
    ],
)
def test_bad_multipliers_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        MultiplyParameters(**fields)
    assert str(refused.value) == message


@pytest.mark.parametrize("width", [15, 161])
def test_an_accumulator_holds_a_product_at_least(width: int) -> None:
    with pytest.raises(ValueError) as refused:
        MultiplyAccumulateParameters(accumulator_width=width)
    assert str(refused.value) == f"accumulator_width must be between 16 and 160, not {width}"
    assert MultiplyAccumulateParameters(accumulator_width=16).accumulator == IntegerFormat(kind="signed", width=16)


@pytest.mark.parametrize(
    ("a", "width", "message"),
    [
        ([128], 8, "a must be at most 127, not 128"),
        ([-129], 8, "a must be at least -128, not -129"),
        ([1.5], 8, "a must be integers of at most 64 bits, not float64"),
        ([1 << 63], 64, f"a must be between {-(1 << 63)} and {(1 << 63) - 1}, not {1 << 63}"),
        ([1.5], 64, "a must be integers, not 1.5"),
        ([True], 64, "a must be integers, not True"),
    ],
)
def test_words_outside_the_format_are_refused(a: list[object], width: int, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        integer_multiply(a, [1], MultiplyParameters(a_width=width))
    assert str(refused.value) == message


def test_a_sum_must_be_started() -> None:
    p = MultiplyAccumulateParameters()
    for first, enable in (([0, 1], [1, 1]), ([1, 1], [0, 1])):
        with pytest.raises(ValueError) as refused:
            multiply_accumulate([1, 1], [1, 1], first, enable, p)
        assert str(refused.value) == "first and enable must be 1 in the first cycle"
    with pytest.raises(ValueError) as refused:
        multiply_accumulate([1], [1], [2], [1], p)
    assert str(refused.value) == "first must be at most 1, not 2"
