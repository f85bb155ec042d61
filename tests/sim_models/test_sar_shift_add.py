"""Sums over input bits and slices, and integer products through converters that lose nothing."""

import itertools

import numpy as np
import pytest

from sim_models.sar import (
    ClippedParameters,
    SarParameters,
    ShiftAddParameters,
    TrqParameters,
    product,
    reconstruct,
    remove_offset,
    shift_add,
    subtract_negative,
)
from sim_models.sar.bit_serial import complemented, input_planes, weight_slices
from sim_models.sar.shift_add import accumulate

LOSSLESS = [SarParameters(), TrqParameters(ratio_log2=0), TrqParameters(r1_start=5, r1_bits=3, ratio_log2=0)]


def test_values_are_added_at_the_places_of_their_bits_and_slices() -> None:
    p = ShiftAddParameters(input_bits=3, cell_bits=2, slices=2)
    values = np.random.default_rng(1).integers(0, 256, (4, 3, 2))
    expected = [sum(int(block[i, j]) << (i + 2 * j) for i in range(3) for j in range(2)) for block in values]
    assert shift_add(values, p).tolist() == expected
    assert shift_add(values, p, initial=[1, 2, 3, 4]).tolist() == [
        sum(pair) for pair in zip(expected, (1, 2, 3, 4), strict=True)
    ]


def test_the_sign_bit_of_inputs_is_subtracted() -> None:
    p = ShiftAddParameters(input_bits=3, slices=1, signed_inputs=True)
    assert shift_add([[5], [6], [7]], p) == 5 + 2 * 6 - 4 * 7


@pytest.mark.parametrize(
    ("fields", "width"),
    [({}, 25), ({"cell_bits": 2, "slices": 4}, 24), ({"bits": 4, "input_bits": 1, "slices": 1}, 5), ({"bits": 9}, 26)],
)
def test_accumulator_width(fields: dict[str, int], width: int) -> None:
    p = ShiftAddParameters(**fields)
    assert p.accumulator_width == width
    largest = shift_add(np.full((p.input_bits, p.slices), p.maximum), p)
    assert largest < 1 << width - 1
    assert 2 * largest >= 1 << width - 1  # and no narrower one would do


@pytest.mark.parametrize("encoding", ["differential", "offset"])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("cells", [(1, 8), (2, 4)])
def test_lossless_conversion_gives_the_integer_product(encoding: str, signed: bool, cells: tuple[int, int]) -> None:
    p = ShiftAddParameters(signed_inputs=signed, encoding=encoding, cell_bits=cells[0], slices=cells[1])
    rng = np.random.default_rng(2)
    low, high = (-128, 128) if signed else (0, 256)
    inputs, weights = rng.integers(low, high, (2, 3, 128)), rng.integers(-128, 128, (128, 5))
    inputs[0, 0], weights[:, 0], weights[:, 1] = low or high - 1, -128, 127  # the largest sums
    for converter in LOSSLESS:
        made = product(inputs, weights, p, converter, complement_columns=cells[0] == 2)
        assert np.array_equal(made.values, inputs @ weights)
        assert made.clipped == 0


def test_two_bit_cells_of_128_rows_clip_at_8_bits_and_do_not_at_9() -> None:
    inputs, weights = np.full((1, 128), 255), np.full((128, 1), 127)
    narrow = product(inputs, weights, ShiftAddParameters(cell_bits=2, slices=4), SarParameters())
    assert narrow.clipped == 8 * 3  # slices of 3, 3, 3 and 1: three of sum 384, one of 128
    assert narrow.values.tolist() == [[255 * (255 * (1 + 4 + 16) + 128 * 64)]]
    wide = product(inputs, weights, ShiftAddParameters(bits=9, cell_bits=2, slices=4), SarParameters(bits=9))
    assert wide.clipped == 0
    assert wide.values.tolist() == [[128 * 255 * 127]]


def test_columns_more_than_half_full_are_stored_as_complements() -> None:
    p = ShiftAddParameters(cell_bits=2, slices=2)
    cells = weight_slices(np.array([[15, 1], [14, 2], [3, 0], [12, 9]]), p)
    stored, turned = complemented(cells, p)
    assert turned.tolist() == [[True, True], [False, False]]
    assert (2 * stored.sum(axis=0) <= 4 * 3).all()
    assert np.array_equal(np.where(turned, 3 - stored, stored), cells)


@pytest.mark.parametrize("complement", [False, True])
def test_products_through_lossy_converters_are_those_of_single_sums(complement: bool) -> None:
    p = ShiftAddParameters(input_bits=3, cell_bits=2, slices=2)
    rng = np.random.default_rng(3)
    inputs, weights = rng.integers(0, 8, 40), rng.integers(-15, 16, (40, 3))
    converter = TrqParameters(r1_bits=3, ratio_log2=4)
    made = product(inputs, weights, p, converter, complement_columns=complement)
    expected = []
    for column in weights.T:
        total = 0
        for sign, (i, j) in itertools.product((1, -1), itertools.product(range(3), range(2))):
            bits = inputs >> i & 1
            cells = np.maximum(sign * column, 0) >> 2 * j & 3
            turned = complement and cells.sum() > 40 * 3 / 2
            value = int(reconstruct(bits @ (3 - cells if turned else cells), converter))
            total += sign * (3 * bits.sum() - value if turned else value) << (i + 2 * j)
        expected.append(total)
    assert made.values.tolist() == expected


def test_offset_and_sign_are_undone() -> None:
    differential, offset = ShiftAddParameters(), ShiftAddParameters(encoding="offset")
    assert subtract_negative([5, 7], [9, 1], differential).tolist() == [-4, 6]
    assert remove_offset([1000], [3], offset).tolist() == [1000 - 3 * 128]
    for call, p, needed in (
        (subtract_negative, offset, "differential"),
        (remove_offset, differential, "offset"),
    ):
        with pytest.raises(ValueError) as refused:
            call([1], [1], p)
        assert str(refused.value) == f"encoding must be {needed}, not {p.encoding!r}"


def test_a_sum_that_would_wrap_is_refused() -> None:
    p = ShiftAddParameters(bits=4, input_bits=1, slices=1)
    assert shift_add([[15]], p) == 15
    assert accumulate(np.array([[-16]]), p) == -16
    for call in (lambda: shift_add([[15]], p, initial=1), lambda: accumulate(np.array([[16]]), p)):
        with pytest.raises(ValueError) as refused:
            call()
        assert str(refused.value) == "sums must fit the 5 bits of the accumulator, not 16"
    with pytest.raises(ValueError) as refused:
        subtract_negative([0], [17], p)
    assert str(refused.value) == "sums must fit the 5 bits of the accumulator, not -17"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"cell_bits": 3}, "cell_bits must be between 1 and 2, not 3"),
        ({"bits": 0}, "bits must be between 1 and 16, not 0"),
        ({"input_bits": 17}, "input_bits must be between 1 and 16, not 17"),
        ({"slices": 0}, "slices must be between 1 and 16, not 0"),
        ({"signed_inputs": 1}, "signed_inputs must be a bool, not 1"),
        (
            {"bits": 16, "input_bits": 16, "cell_bits": 2, "slices": 16},
            "slices must leave an accumulator of at most 62 bits, not 64",
        ),
        ({"encoding": "bias"}, "encoding must be one of differential, offset, not 'bias'"),
    ],
)
def test_bad_parameters_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        ShiftAddParameters(**fields)
    assert str(refused.value) == message


def test_bad_values_are_refused() -> None:
    p = ShiftAddParameters(input_bits=2, slices=1)
    for values, message in (
        ([[256], [0]], "values must be at most 255, not 256"),
        ([[-1], [0]], "values must be at least 0, not -1"),
        ([[1, 2]], "values must have the shape (..., 2, 1), not (1, 2)"),
    ):
        with pytest.raises(ValueError) as refused:
            shift_add(values, p)
        assert str(refused.value) == message


def test_operands_of_other_shapes_or_beyond_any_sum_are_refused() -> None:
    p, offset = ShiftAddParameters(), ShiftAddParameters(encoding="offset")
    huge = np.iinfo(np.int64).max
    for call, message in (
        (
            lambda: subtract_negative([1, 2], [1, 2, 3], p),
            "negative must have a shape that fits the sums, (2,), not (3,)",
        ),
        (lambda: subtract_negative([huge], [0], p), f"sums must fit the 25 bits of the accumulator, not {huge}"),
        (lambda: subtract_negative([0], [-huge], p), f"negative must be at least {-(1 << 25)}, not {-huge}"),
        (lambda: remove_offset([0], [huge], offset), f"input_sums must be at most {1 << 18}, not {huge}"),
        (
            lambda: remove_offset([0], [[1], [2]], offset),
            "input_sums must have a shape that fits the sums, (1,), not (2, 1)",
        ),
    ):
        with pytest.raises(ValueError) as refused:
            call()
        assert str(refused.value) == message


@pytest.mark.parametrize(
    ("inputs", "weights", "fields", "message"),
    [
        ([256], [[1]], {}, "inputs must be at most 255, not 256"),
        ([128], [[1]], {"signed_inputs": True}, "inputs must be at most 127, not 128"),
        ([1], [[256]], {}, "weights must be at most 255, not 256"),
        ([1], [[128]], {"encoding": "offset"}, "weights must be at most 127, not 128"),
        ([1, 2], [[1]], {}, "inputs must have 1 rows, as the weights, not 2"),
        ([1], [1], {}, "weights must have the shape (rows, columns), at least one row and column, not (1,)"),
        (
            [],
            np.zeros((0, 2), int),
            {},
            "weights must have the shape (rows, columns), at least one row and column, not (0, 2)",
        ),
        (1, [[1]], {}, "inputs must have an axis of rows, not be one number"),
        ([1], [[1]], {"bits": 9}, "bits of the converter must be 9, as of the values, not 8"),
    ],
)
def test_bad_products_are_refused(inputs: object, weights: object, fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        product(inputs, weights, ShiftAddParameters(**fields), ClippedParameters(kept_bits=8, step_log2=0))
    assert str(refused.value) == message


def test_planes_of_signed_inputs_are_twos_complement() -> None:
    p = ShiftAddParameters(input_bits=3, signed_inputs=True)
    assert input_planes([-4, -1, 3], p).tolist() == [[0, 0, 1], [1, 1, 1], [1, 1, 0]]
