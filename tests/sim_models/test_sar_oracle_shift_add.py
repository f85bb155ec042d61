"""Sums over input bits and weight slices, and whole products, against Python's integers of any size."""

import itertools
import random

import numpy as np
import pytest

from sim_models.sar import SarParameters, TrqParameters
from sim_models.sar.bit_serial import product
from sim_models.sar.shift_add import ShiftAddParameters, remove_offset, shift_add, subtract_negative
from tests.sim_models import sar_oracle as oracle

SHAPES = [(8, 8, 1, 8), (8, 8, 2, 4), (4, 3, 1, 5), (9, 8, 2, 4), (12, 1, 1, 1), (16, 16, 2, 8), (2, 5, 2, 3)]


def settings(shape: tuple[int, int, int, int], **option: object) -> ShiftAddParameters:
    bits, input_bits, cell_bits, slices = shape
    return ShiftAddParameters(bits=bits, input_bits=input_bits, cell_bits=cell_bits, slices=slices, **option)


def added(values: list[list[int]], p: ShiftAddParameters) -> int:
    """One sum: rows by input bit, columns by slice."""
    total = 0
    for i, row in enumerate(values):
        sign = -1 if p.signed_inputs and i == p.input_bits - 1 else 1
        for j, value in enumerate(row):
            total += sign * value * 2**i * 2 ** (p.cell_bits * j)
    return total


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_accumulator_holds_the_largest_sum_and_its_sign(shape: tuple[int, int, int, int]) -> None:
    bits, input_bits, cell_bits, slices = shape
    largest = (2**bits - 1) * (2**input_bits - 1) * sum(2 ** (cell_bits * j) for j in range(slices))
    width = next(w for w in itertools.count() if 2**w >= largest + 1) + 1
    assert settings(shape).accumulator_width == width


def test_the_accumulator_of_8_bits_has_25() -> None:
    assert ShiftAddParameters().accumulator_width == 25


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sums_are_those_of_plain_integers(shape: tuple[int, int, int, int], signed: bool) -> None:
    p, chance = settings(shape, signed_inputs=signed), random.Random(str(shape))
    top = 2**p.bits - 1
    cases = [
        [[pick() for _ in range(p.slices)] for _ in range(p.input_bits)]
        for pick in (lambda: 0, lambda: top, *[lambda: chance.randrange(top + 1)] * 20)
    ]
    expected = [added(case, p) for case in cases]
    assert shift_add(np.array(cases), p).tolist() == expected
    assert shift_add(np.array(cases).reshape(2, 11, p.input_bits, p.slices), p).tolist() == [
        expected[:11],
        expected[11:],
    ]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_largest_value_of_the_accumulator_is_reached_and_not_passed(shape: tuple[int, int, int, int]) -> None:
    p = settings(shape)
    largest = 2 ** (p.accumulator_width - 1) - 1
    values = np.full((p.input_bits, p.slices), 2**p.bits - 1)
    room = largest - added(values.tolist(), p)
    assert room >= 0
    assert int(shift_add(values, p, initial=room)) == largest
    with pytest.raises(ValueError):
        shift_add(values, p, initial=room + 1)
    assert int(shift_add(0 * values, p, initial=-largest - 1)) == -largest - 1
    with pytest.raises(ValueError):
        shift_add(0 * values, p, initial=-largest - 2)


def test_the_encodings_of_weights_are_undone() -> None:
    assert subtract_negative([7, 3], [2, 9], ShiftAddParameters()).tolist() == [5, -6]
    p = ShiftAddParameters(encoding="offset", cell_bits=2, slices=4)
    assert remove_offset([1000, 128], [7, 1], p).tolist() == [1000 - 7 * 128, 0]
    with pytest.raises(ValueError):
        remove_offset([1], [1], ShiftAddParameters())
    with pytest.raises(ValueError):
        subtract_negative([1], [1], p)


def stored(weights: list[list[int]], p: ShiftAddParameters) -> list[tuple[int, list[list[int]]]]:
    """Sign and numbers of each array that the weights (rows, columns) take."""
    if p.encoding == "offset":
        half = 2 ** (p.cell_bits * p.slices - 1)
        return [(1, [[w + half for w in row] for row in weights])]
    return [(1, [[max(w, 0) for w in row] for row in weights]), (-1, [[max(-w, 0) for w in row] for row in weights])]


def converted(count: int, converter: SarParameters | TrqParameters) -> tuple[int, bool]:
    limited = min(count, 2**converter.bits - 1)
    return oracle.outcome(limited, converter).value, limited != count


def one_by_one(
    inputs: list[int],
    weights: list[list[int]],
    p: ShiftAddParameters,
    converter: SarParameters | TrqParameters,
    complement: bool,
) -> tuple[list[int], int]:
    """Products of one vector, column by column, slice by slice, bit by bit; and the sums that were clipped."""
    top, results, clipped = 2**p.cell_bits - 1, [], 0
    for column in range(len(weights[0])):
        total = 0
        for sign, numbers in stored(weights, p):
            values = [[0] * p.slices for _ in range(p.input_bits)]
            for i, j in itertools.product(range(p.input_bits), range(p.slices)):
                cells = [row[column] >> (p.cell_bits * j) & top for row in numbers]
                bits = [x >> i & 1 for x in inputs]  # Python's integers are two's complement of any width
                inverse = complement and 2 * sum(cells) > len(cells) * top
                kept = [top - cell for cell in cells] if inverse else cells
                value, above = converted(sum(b * c for b, c in zip(bits, kept, strict=True)), converter)
                clipped += above
                values[i][j] = top * sum(bits) - value if inverse else value
            total += sign * added(values, p)
        if p.encoding == "offset":
            total -= sum(inputs) * 2 ** (p.cell_bits * p.slices - 1)
        results.append(total)
    return results, clipped


def operands(p: ShiftAddParameters, rows: int, columns: int, seed: int) -> tuple[list[list[int]], list[list[int]]]:
    """Three vectors and a matrix, with the extremes of both."""
    chance = random.Random(seed)
    low, high = (
        (-(2 ** (p.input_bits - 1)), 2 ** (p.input_bits - 1) - 1) if p.signed_inputs else (0, 2**p.input_bits - 1)
    )
    wide = 2 ** (p.cell_bits * p.slices)
    smallest, largest = (-wide // 2, wide // 2 - 1) if p.encoding == "offset" else (1 - wide, wide - 1)
    inputs = [
        [chance.randint(low, high) for _ in range(rows)],
        [high] * rows,
        [chance.choice((low, high)) for _ in range(rows)],
    ]
    weights = [
        [smallest, largest, *(chance.randint(smallest, largest) for _ in range(columns - 2))] for _ in range(rows)
    ]
    return inputs, weights


ENCODED = [
    {"encoding": encoding, "signed_inputs": signed}
    for encoding, signed in itertools.product(("differential", "offset"), (False, True))
]


@pytest.mark.parametrize("option", ENCODED, ids=str)
@pytest.mark.parametrize(("cell_bits", "slices", "rows"), [(1, 4, 255), (1, 8, 100), (2, 4, 85), (2, 2, 40)])
@pytest.mark.parametrize("converter", [SarParameters(), TrqParameters(ratio_log2=0)], ids=["plain", "twin-range"])
def test_a_converter_without_loss_gives_integer_products(
    converter: SarParameters | TrqParameters, cell_bits: int, slices: int, rows: int, option: dict[str, object]
) -> None:
    p = ShiftAddParameters(input_bits=6, cell_bits=cell_bits, slices=slices, **option)
    inputs, weights = operands(p, rows, 6, rows)
    exact = [[sum(x * row[c] for x, row in zip(vector, weights, strict=True)) for c in range(6)] for vector in inputs]
    found = product(inputs, weights, p, converter)
    assert found.values.tolist() == exact
    assert found.clipped == 0


@pytest.mark.parametrize("option", ENCODED, ids=str)
def test_complements_of_full_columns_keep_two_bit_cells_of_128_rows_within_8_bits(option: dict[str, object]) -> None:
    p = ShiftAddParameters(cell_bits=2, slices=4, **option)
    inputs, weights = operands(p, 128, 8, 128)
    exact = [[sum(x * row[c] for x, row in zip(vector, weights, strict=True)) for c in range(8)] for vector in inputs]
    found = product(inputs, weights, p, SarParameters(), complement_columns=True)
    assert found.values.tolist() == exact
    assert found.clipped == 0
    plain = product(inputs, weights, p, SarParameters())
    assert plain.clipped > 0
    assert plain.values.tolist() != exact


LOSSY = [
    SarParameters(bits=6),
    TrqParameters(bits=6, r1_bits=3, ratio_log2=2),
    TrqParameters(bits=6, r1_bits=2, r1_step_log2=1, ratio_log2=3, mid_rise=False),
    TrqParameters(bits=6, r1_start=9, r1_bits=3, ratio_log2=2),
    TrqParameters(bits=6, r1_bits=1, ratio_log2=2, r2_origin="after_r1"),
]


@pytest.mark.parametrize("option", ENCODED, ids=str)
@pytest.mark.parametrize("cell_bits", [1, 2])
@pytest.mark.parametrize("complement", [False, True])
def test_products_through_a_converter_with_loss_and_clipping(
    complement: bool, cell_bits: int, option: dict[str, object]
) -> None:
    p = ShiftAddParameters(bits=6, input_bits=4, cell_bits=cell_bits, slices=3, **option)
    inputs, weights = operands(p, 78 if cell_bits == 1 else 34, 4, cell_bits)
    for converter in LOSSY:
        expected = [one_by_one(vector, weights, p, converter, complement) for vector in inputs]
        found = product(inputs, weights, p, converter, complement_columns=complement)
        assert found.values.tolist() == [values for values, _ in expected], converter
        assert found.clipped == sum(clipped for _, clipped in expected), converter


def test_leading_axes_of_the_inputs_are_kept() -> None:
    p = ShiftAddParameters(input_bits=4, slices=4)
    inputs = np.random.default_rng(1).integers(0, 16, (2, 3, 20))
    weights = np.random.default_rng(2).integers(-15, 16, (20, 5))
    found = product(inputs, weights, p, SarParameters())
    assert np.array_equal(found.values, inputs @ weights)
    assert np.array_equal(product(inputs[0, 0], weights, p, SarParameters()).values, inputs[0, 0] @ weights)
