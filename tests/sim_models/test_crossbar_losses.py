"""What limits sums: converters, bit lines, buffer cells, carry, held fractions, ranges of codes."""

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from sim_models.crossbar import (
    CASCADE_PAPER,
    NEURAL_PIM_PAPER,
    CrossbarParameters,
    accumulated,
    accumulator_steps,
    adc_bits,
    bitlines,
    cascade_dot,
    eight_bit,
    fixed_codes,
    flip_columns,
    ideal_codes,
    input_slices,
    isaac_dot,
    matvec,
    neural_pim_codes,
    neural_pim_dot,
    range_registers,
    restored,
    weight_slices,
)
from sim_models.sar import SarParameters, ShiftAddParameters, product

OPERANDS = [
    {"weight_encoding": encoding, "signed_inputs": signed}
    for encoding, signed in itertools.product(("differential", "offset"), (False, True))
]


def drawn(p: CrossbarParameters, vectors: int, outputs: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Random operands, the first vector and the first two outputs at the ends of their ranges."""
    rng = np.random.default_rng(seed)
    x = rng.integers(p.input_range[0], p.input_range[1], (vectors, p.rows), endpoint=True)
    w = rng.integers(p.weight_range[0], p.weight_range[1], (p.rows, outputs), endpoint=True)
    x[0], w[:, 0], w[:, 1] = p.input_range[0] or p.input_range[1], *p.weight_range
    return x, w


@pytest.mark.parametrize("fields", OPERANDS, ids=str)
@pytest.mark.parametrize("strategy", ["isaac", "cascade", "neural_pim"])
def test_products_are_exact_without_limits(strategy: str, fields: dict) -> None:
    dots = {"isaac": isaac_dot, "cascade": cascade_dot, "neural_pim": neural_pim_dot}
    for dac, cell in itertools.product((1, 2, 3, 7), (1, 2, 3, 4)):
        p = CrossbarParameters(
            rows=11, input_bits=7, weight_bits=5, dac_bits=dac, cell_bits=cell, strategy=strategy, **fields
        )
        x, w = drawn(p, 4, 3)
        made = dots[strategy](x.reshape(2, 2, 11), w, p)
        assert np.array_equal(made.values, (x @ w).reshape(2, 2, 3)), p
        assert made.record.saturations == 0


@pytest.mark.parametrize("fields", OPERANDS, ids=str)
def test_lossless_converters_lose_nothing(fields: dict) -> None:
    for strategy, flip, polarity in (
        ("isaac", False, "difference"),
        ("isaac", True, "separate"),
        ("cascade", False, "difference"),
    ):
        polarity = "difference" if fields["weight_encoding"] == "offset" else polarity
        p = CrossbarParameters(
            rows=9, input_bits=6, weight_bits=6, dac_bits=2, cell_bits=2, strategy=strategy, **fields
        )
        p = replace(p, flip_encoding=flip, conversion_polarity=polarity)
        p = replace(p, adc_bits=adc_bits(p))
        x, w = drawn(p, 40, 5)
        made = (isaac_dot if strategy == "isaac" else cascade_dot)(x, w, p)
        assert np.array_equal(made.values, x @ w), p
        assert made.record.saturations == 0


def test_flipped_columns_read_half_at_most() -> None:
    p = CrossbarParameters(rows=7, weight_bits=6, cell_bits=2, weight_encoding="offset", flip_encoding=True)
    _, w = drawn(p, 1, 200)
    cells = weight_slices(w, p)
    stored, flags = flip_columns(cells, p)
    assert flags.any()
    assert not flags.all()
    assert stored.sum(axis=2).max() == p.line_maximum // 2
    assert np.array_equal(np.where(flags[:, :, np.newaxis], 3 - stored, stored), cells)


def test_converters_of_a_saturate() -> None:
    """4 rows of ones on lines of 4: 2 bits end at 3, 9 conversions of each polarity."""
    p = CrossbarParameters(rows=4, input_bits=3, weight_bits=3, adc_bits=2)
    for polarity, weight, codes, saturations in (
        ("separate", 7, (0, 3), 9),
        ("difference", -7, (-3, -3), 9),
        ("difference", 7, (3, 3), 9),
    ):
        made = isaac_dot([7] * 4, [[weight]] * 4, replace(p, conversion_polarity=polarity))
        assert made.values.tolist() == [np.sign(weight) * 3 * 7 * 7]
        assert (made.record.min_code, made.record.max_code, made.record.saturations) == (*codes, saturations)


def test_saturation_as_the_array_of_the_converters_has_it() -> None:
    """Against the family of successive approximation, which counts and clips on its own."""
    p = replace(eight_bit("isaac"), conversion_polarity="separate", adc_bits=4)
    rng = np.random.default_rng(3)
    x, w = rng.integers(100, 256, (5, 128)), rng.integers(-255, 256, (128, 4))
    expected = product(x, w, ShiftAddParameters(bits=4), SarParameters(bits=4))
    made = isaac_dot(x, w, p)
    assert np.array_equal(made.values, expected.values)
    assert made.record.saturations == expected.clipped > 0


def test_lines_of_b_saturate() -> None:
    p = CrossbarParameters(rows=4, input_bits=2, weight_bits=2, strategy="cascade", bitline_bits=2)
    made = cascade_dot([3] * 4, [[3, -3, 1]] * 4, p)
    assert made.values.tolist() == [3 * 9, -3 * 9, 3 * 3]
    assert made.record.bitline_saturations == 4 + 4 + 2
    assert made.record.saturations == 0


@pytest.mark.parametrize("bits", [1, 2, 3, 6])
@pytest.mark.parametrize("fields", OPERANDS, ids=str)
def test_buffer_cells_keep_the_nearest_level(bits: int, fields: dict) -> None:
    p = CrossbarParameters(rows=5, input_bits=3, weight_bits=3, strategy="cascade", buffer_cell_bits=bits, **fields)
    x, w = drawn(p, 6, 4)
    levels, largest = (1 << bits) - 1, p.line_maximum
    sums = np.einsum("tvr,psro->ptsvo", input_slices(x, p), weight_slices(w, p))
    columns = np.zeros((5, 6, 4), object)
    for t, s in itertools.product(range(3), range(3)):
        for sign, lines in zip((1, -1), sums[:, t, s], strict=False):
            held = [Fraction(int(abs(value) * levels * 2 + largest) // (2 * largest) * largest, levels) for value in
                    lines.ravel()]  # fmt: skip
            signed = [int(np.sign(value)) * kept for value, kept in zip(lines.ravel(), held, strict=True)]
            columns[t + s] += sign * np.array(signed, object).reshape(6, 4)
    counts = [[math.floor(abs(sample) + Fraction(1, 2)) * (1 if sample > 0 else -1) for sample in column.ravel()]
              for column in columns]  # fmt: skip
    expected = (1 << np.arange(5)) @ np.array(counts)
    made = cascade_dot(x, w, p).values
    assert made.dtype == np.int64
    assert np.array_equal(made, expected.reshape(6, 4) - p.weight_offset * x.sum(axis=1, keepdims=True))
    if levels % largest == 0:
        assert np.array_equal(made, x @ w)


@pytest.mark.parametrize("carry", [1, 2, 4])
@pytest.mark.parametrize("fields", OPERANDS, ids=str)
@pytest.mark.parametrize("dac", [1, 2])
def test_carry_leaves_multiples_and_half_of_one_as_error(carry: int, fields: dict, dac: int) -> None:
    p = CrossbarParameters(
        rows=6, input_bits=4, weight_bits=4, dac_bits=dac, strategy="cascade", carry_columns=carry, **fields
    )
    x, w = drawn(p, 300, 5)
    unit = 1 << p.significances[carry]
    offset = p.weight_offset * x.sum(axis=1, keepdims=True)
    made = cascade_dot(x, w, p).values
    assert not ((made + offset) % unit).any()
    assert 0 < np.abs(made - x @ w).max() <= unit // 2


def test_carry_is_rounded_away_from_zero() -> None:
    p = CrossbarParameters(rows=1, input_bits=2, weight_bits=2, strategy="cascade", carry_columns=1)
    assert cascade_dot([[1], [1]], [[1, -1, 3, 2]], p).values.tolist() == [[2, -2, 4, 2]] * 2


def test_published_cascade_is_exact_above_its_carry() -> None:
    p = replace(CASCADE_PAPER, bitline_bits=None)
    x, w = drawn(p, 3, 4)
    assert np.abs(cascade_dot(x, w, p).values - x @ w).max() <= 1 << 19
    assert np.array_equal(cascade_dot(x, w, replace(p, carry_columns=0)).values, x @ w)


def test_full_registers_lose_nothing_and_shorter_ones_cut() -> None:
    rng = np.random.default_rng(4)
    for inputs, dac in ((8, 1), (8, 2), (8, 4), (7, 3)):
        p = CrossbarParameters(rows=16, input_bits=inputs, dac_bits=dac, strategy="neural_pim")
        x, w = rng.integers(0, 1 << inputs, (20, 16)), rng.integers(-255, 256, (16, 6))
        sums = input_slices(x, p) @ w
        exact = dac * (p.cycles - 1)
        assert np.array_equal(accumulated(sums, p), x @ w)
        scaled = sum(value << dac * t for t, value in enumerate(sums[:2])) << exact - dac
        assert np.array_equal(accumulator_steps(sums, p)[1], scaled)
        for places in (0, exact // 2):
            held = [Fraction(0)] * sums[0].size
            for value in sums.reshape(p.cycles, -1):
                held = [
                    Fraction((old * 2**places) // 2**dac, 2**places) + int(new)
                    for old, new in zip(held, value, strict=True)
                ]
            found = neural_pim_dot(x, w, p, fraction_bits=places).values
            assert found.ravel().tolist() == [value * 2**exact for value in held]
        assert np.array_equal(neural_pim_dot(x, w, p, fraction_bits=exact).values, x @ w)


def test_fixed_codes_are_next_to_ideal_ones_and_odd() -> None:
    rng = np.random.default_rng(5)
    for output_bits in (2, 3, 8, 12, 16):
        for fraction in (1.0, 0.7, 0.1, 0.013):
            p = CrossbarParameters(strategy="neural_pim", output_bits=output_bits, range_fraction=fraction)
            y = rng.integers(-p.product_maximum, p.product_maximum, 3000)
            y[:9] = [0, 1, -1, p.code_full_scale, -p.code_full_scale, *[p.code_full_scale // 2 + k for k in range(4)]]
            fixed, ideal = fixed_codes(y, p), ideal_codes(y, p)
            assert np.abs(fixed - ideal).max() <= 1
            assert np.array_equal(fixed_codes(-y, p), -fixed)
            assert np.array_equal(ideal_codes(-y, p), -ideal)
            assert np.abs(fixed).max() == np.abs(ideal).max() == p.code_maximum
            exact = [Fraction(int(value) * p.code_maximum, p.code_full_scale) for value in y[:200]]
            nearest = [int(abs(value) + Fraction(1, 2)) * (1 if value > 0 else -1) for value in exact]
            assert ideal[:200].tolist() == [max(-p.code_maximum, min(p.code_maximum, code)) for code in nearest]
            inside = np.abs(y) < p.code_full_scale
            step = p.code_full_scale / p.code_maximum
            assert np.abs(restored(ideal, p) - y)[inside].max() <= step / 2 + 1e-6  # of up to 8e6


def test_range_registers_are_the_widest_that_fit() -> None:
    for rows, bits, output_bits in itertools.product((1, 5, 128, 4096), (1, 8, 16), (2, 8, 16)):
        p = CrossbarParameters(rows=rows, input_bits=bits, weight_bits=bits, output_bits=output_bits)
        made = range_registers(p)
        ratio = Fraction(p.code_maximum, p.code_full_scale)
        assert made.range_mult == int(ratio * 2**made.range_shift + Fraction(1, 2)) < 1 << 16
        assert int(ratio * 2 ** (made.range_shift + 1) + Fraction(1, 2)) >= 1 << 16
        assert made.range_shift < 64
        assert fixed_codes([p.product_maximum, -p.product_maximum], p).tolist() == [p.code_maximum, -p.code_maximum]


def test_codes_saturate_and_are_counted() -> None:
    p = replace(NEURAL_PIM_PAPER, range_fraction=1 / 16)
    made = neural_pim_codes([[255] * 128, [0] * 128], [[255, -255, 1]] * 128, p)
    assert made.values.tolist() == [[127, -127, 8], [0, 0, 0]]
    assert (made.record.saturations, made.record.conversions) == (2, 6)
    assert (made.record.min_code, made.record.max_code) == (-127, 127)


def test_pieces_do_not_change_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    for p in (eight_bit("isaac"), CASCADE_PAPER, NEURAL_PIM_PAPER):
        x, w = drawn(p, 23, 3)
        whole = matvec(x, w, p)
        monkeypatch.setattr(bitlines, "PIECE", 5 * p.rows * p.cycles)
        assert np.array_equal(matvec(x, w, p), whole)
        assert np.array_equal([matvec(vector, w, p) for vector in x], whole)
        monkeypatch.undo()
