"""Worked examples by hand: slices, sums of lines, columns, held values, codes and products."""

import numpy as np
import pytest

from sim_models.crossbar import (
    ISAAC_PAPER,
    CrossbarParameters,
    accumulator_bits,
    accumulator_steps,
    adc_bits,
    cascade_dot,
    driven_slices,
    fixed_codes,
    flip_columns,
    ideal_codes,
    input_slices,
    isaac_dot,
    matvec,
    neural_pim_dot,
    range_registers,
    restored,
    unit_sums,
    weight_slices,
)
from sim_models.crossbar.hooks import ErrorHooks

SMALL = {"rows": 4, "input_bits": 4, "weight_bits": 3}
DOTS = {"isaac": isaac_dot, "cascade": cascade_dot, "neural_pim": neural_pim_dot}

# operands, fields, differences by cycle and slice, sums of the slices, columns of B, held values of C, product
EXAMPLES = {
    "unsigned": (
        [5, 3, 12, 9],
        [3, -2, 5, -1],
        {},
        [[0, 0, 0], [0, -1, 0], [2, 1, 1], [0, 0, 1]],
        [0, -2, 8, 4],
        [0, 0, 1, 1, 1, 1],
        [0, -2, 7, 7.5],
        60,
    ),
    "signed": (
        [-7, 4, 6, -2],
        [3, -2, 5, -1],
        {"signed_inputs": True},
        [[1, 1, 0], [0, 0, 1], [0, -1, 1], [0, -1, 0]],
        [3, 4, 2, -2],
        [1, 1, 0, 0, 0, 0],
        [3, 5.5, 4.75, 0.375],
        3,
    ),
    "two bits": (
        [11, 6, 1, 14],
        [2, -7, 4, 3],
        {"dac_bits": 2},
        [[0, 3, -1], [2, 4, -1]],
        [2, 6],
        [0, 3, 1, 4, -1],
        [2, 6.5],
        26,
    ),
    "two signed bits": (
        [-7, 4, 6, -2],
        [2, -7, 4, 3],
        {"signed_inputs": True, "dac_bits": 2},
        None,
        [16, -10],
        None,
        [16, -6],
        -24,
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_sums_columns_and_held_values(name: str) -> None:
    x, w, fields, differences, sums, columns, held, product = EXAMPLES[name]
    p = CrossbarParameters(**SMALL, **fields)
    cells = weight_slices(np.array(w)[:, np.newaxis], p)[..., 0]
    d = np.einsum("tr,psr->pts", input_slices(x, p), cells)
    d = d[0] - d[1]
    places = 2 ** np.arange(p.slices)
    assert (d @ places).tolist() == sums
    if differences is not None:
        assert d.tolist() == differences
        found = dict.fromkeys(p.significances, 0)
        for t in range(p.cycles):
            for s in range(p.slices):
                found[p.significance(t, s)] += int(d[t, s])
        assert list(found.values()) == columns
        assert sum(value << k for k, value in found.items()) == product
    scale = 2 ** (p.dac_bits * (p.cycles - 1))
    assert (accumulator_steps(d @ places, p) / scale).tolist() == held
    for strategy, dot in DOTS.items():
        made = dot(x, [[weight] for weight in w], CrossbarParameters(**SMALL, **fields, strategy=strategy))
        assert made.values.tolist() == [product]
        assert made.values.dtype == np.int64


@pytest.mark.parametrize("name", ["unsigned", "signed"])
def test_columns_that_the_converter_of_b_sees(name: str) -> None:
    x, w, fields, _, _, columns, _, _ = EXAMPLES[name]
    seen = []
    hooks = ErrorHooks(converter=lambda samples: (seen.append(samples.ravel().tolist()), samples)[1])
    p = CrossbarParameters(**SMALL, **fields, strategy="cascade")
    made = cascade_dot(x, [[weight] for weight in w], p, hooks=hooks)
    assert seen == [columns]
    assert made.record.conversions == made.record.accumulations == len(columns)
    assert (made.record.min_code, made.record.max_code) == (min(columns), max(columns))


def test_conversions_of_the_unsigned_example() -> None:
    x, w = [5, 3, 12, 9], [[3], [-2], [5], [-1]]
    pair = isaac_dot(x, w, CrossbarParameters(**SMALL)).record
    assert (pair.conversions, pair.min_code, pair.max_code) == (12, -1, 2)
    p = CrossbarParameters(**SMALL, conversion_polarity="separate")
    alone = isaac_dot(x, w, p).record
    assert (alone.conversions, alone.min_code, alone.max_code) == (24, 0, 2)
    assert adc_bits(p) == 3


def test_code_of_the_unsigned_example() -> None:
    p = CrossbarParameters(**SMALL, strategy="neural_pim")
    registers = range_registers(p)
    assert (p.code_full_scale, p.code_maximum) == (420, 127)
    assert (registers.range_mult, registers.range_shift) == (39634, 17)
    assert matvec([5, 3, 12, 9], [[3], [-2], [5], [-1]], p).tolist() == [18]
    assert ideal_codes([60], p).tolist() == [18]
    assert restored([18], p) == pytest.approx([59.53], abs=5e-3)


def test_normalised_form_of_the_unsigned_example() -> None:
    p = CrossbarParameters(**SMALL, strategy="neural_pim")
    seen = []

    def step(held: np.ndarray, lines: np.ndarray) -> np.ndarray:
        y = np.tensordot([1, 2, 4], lines[0] - lines[1], axes=1) * p.line_maximum
        seen.append(float((held / 2 + y / p.step_full_scale / 2).item()))
        return np.full_like(held, seen[-1])

    made = neural_pim_dot([5, 3, 12, 9], [[3], [-2], [5], [-1]], p, hooks=ErrorHooks(accumulator=step))
    assert seen == pytest.approx([0, -0.035714, 0.125, 0.133929], abs=5e-7)
    assert made.values == pytest.approx([60])
    assert made.record.max_code == 18


def test_sign_bits_are_driven_and_subtracted() -> None:
    p = CrossbarParameters(**SMALL, signed_inputs=True)
    x = [-7, 4, 6, -2]
    assert input_slices(x, p).tolist() == [[1, 0, 0, 0], [0, 0, 1, 1], [0, 1, 1, 1], [-1, 0, 0, -1]]
    driven, factors = driven_slices(x, p)
    assert driven[3].tolist() == [1, 0, 0, 1]
    assert factors.tolist() == [1, 2, 4, -8]
    wide = CrossbarParameters(**SMALL, signed_inputs=True, dac_bits=2)
    assert input_slices(x, wide).tolist() == [[1, 0, 2, 2], [-2, 1, 1, -1]]
    assert driven_slices(x, wide)[1].tolist() == [1, 4]


def test_flipped_columns_and_unit_column() -> None:
    p = CrossbarParameters(
        rows=4, input_bits=4, weight_bits=4, cell_bits=2, weight_encoding="offset", flip_encoding=True
    )
    x, w = [5, 3, 12, 9], [[3], [-2], [5], [-1]]
    cells = weight_slices(w, p)
    assert cells[0, :, :, 0].tolist() == [[3, 2, 1, 3], [2, 1, 3, 1]]
    stored, flags = flip_columns(cells, p)
    assert flags.all()
    assert stored[0, :, :, 0].tolist() == [[0, 1, 2, 0], [1, 2, 0, 2]]
    driven = input_slices(x, p)
    assert unit_sums(driven).ravel().tolist() == [3, 1, 2, 2]
    assert (driven @ stored[0, :, :, 0].T).tolist() == [[1, 5], [1, 2], [2, 1], [2, 2]]
    made = isaac_dot(x, w, p)
    assert made.values.tolist() == [60]
    assert (made.record.min_code, made.record.max_code, made.record.conversions) == (1, 5, 8)
    assert adc_bits(p) == 3
    unflipped = CrossbarParameters(rows=4, input_bits=4, weight_bits=4, cell_bits=2, weight_encoding="offset")
    assert adc_bits(unflipped) == 4


ROWS = np.arange(128)
X8, W8 = (37 * ROWS + 11) % 256, ((53 * ROWS + 29) % 255 - 127)[:, np.newaxis]


def _sums(x: np.ndarray, p: CrossbarParameters) -> np.ndarray:
    return input_slices(x, p) @ W8


def test_full_size_vector() -> None:
    assert X8[:4].tolist() == [11, 48, 85, 122]
    assert W8[:4, 0].tolist() == [-98, -45, 8, 61]
    assert (X8.sum(), W8.sum()) == (16192, -215)
    for strategy, dot in DOTS.items():
        for dac_bits in (1, 2, 3, 4, 8):
            assert dot(X8, W8, CrossbarParameters(strategy=strategy, dac_bits=dac_bits)).values.tolist() == [3072]


def test_full_size_accumulator() -> None:
    p = CrossbarParameters()
    sums = _sums(X8, p)
    assert sums.ravel().tolist() == [-146, -235, 352, -57, 453, -413, 352, -108]
    expected = [-18688, -39424, 25344, 5376, 60672, -22528, 33792, 3072]
    assert accumulator_steps(sums, p).ravel().tolist() == expected
    wide = CrossbarParameters(dac_bits=4)
    assert _sums(X8, wide).ravel().tolist() == [336, 171]
    assert accumulator_steps(_sums(X8, wide), wide).ravel().tolist() == [5376, 3072]
    signed = CrossbarParameters(signed_inputs=True)
    x = np.where(X8 >= 128, X8 - 256, X8)
    assert _sums(x, signed).ravel().tolist() == [*sums.ravel().tolist()[:-1], 108]
    assert {
        dot(x, W8, CrossbarParameters(signed_inputs=True, strategy=s)).values.item() for s, dot in DOTS.items()
    } == {30720}


def test_full_size_columns() -> None:
    seen = []
    hooks = ErrorHooks(converter=lambda samples: (seen.append(samples.ravel().tolist()), samples)[1])
    cascade_dot(X8, W8, CrossbarParameters(strategy="cascade"), hooks=hooks)
    assert seen == [[-2, -1, 5, 6, -6, 5, 2, 2, 10, 16, 2, -3, 1, -1, 0]]


def test_full_size_offset() -> None:
    stored = W8 + 128
    assert (X8 @ stored).tolist() == [2075648]
    p = CrossbarParameters(weight_encoding="offset")
    assert isaac_dot(X8, W8, p).values.tolist() == [3072]


@pytest.mark.parametrize(
    ("fraction", "full_scale", "shift", "code"),
    [(1.0, 8323200, 32, 0), (1 / 4, 2080800, 30, 0), (1 / 16, 520200, 28, 1)],
)
def test_full_size_codes(fraction: float, full_scale: int, shift: int, code: int) -> None:
    p = CrossbarParameters(strategy="neural_pim", range_fraction=fraction)
    registers = range_registers(p)
    assert p.code_full_scale == full_scale
    assert (registers.range_mult, registers.range_shift) == (65535, shift)
    assert matvec(X8, W8, p).tolist() == [code]
    assert fixed_codes([-3072], p).tolist() == [-code]


@pytest.mark.parametrize(("dac_bits", "bits"), [(1, 24), (2, 24), (4, 24)])
def test_width_of_the_accumulator(dac_bits: int, bits: int) -> None:
    assert accumulator_bits(CrossbarParameters(dac_bits=dac_bits)) == bits


def test_isaac_vector() -> None:
    x = (12345 * ROWS + 777) % 65536
    w = ((54321 * ROWS + 31415) % 65536 - 32768)[:, np.newaxis]
    cells = weight_slices(w, ISAAC_PAPER)
    assert cells.sum(axis=2).ravel().tolist() == [192, 192, 192, 190, 196, 191, 191, 194]
    stored, flags = flip_columns(cells, ISAAC_PAPER)
    assert flags.astype(int).ravel().tolist() == [0, 0, 0, 0, 1, 0, 0, 1]
    signed = np.where(x >= 32768, x - 65536, x)
    made = isaac_dot(signed, w, ISAAC_PAPER)
    assert made.values.tolist() == [1139188288]
    assert made.record.max_code == 128
    assert x.sum() == 4232768
    unsigned = CrossbarParameters(
        input_bits=16, weight_bits=16, cell_bits=2, weight_encoding="offset", flip_encoding=True, adc_bits=8
    )
    made = isaac_dot(x, w, unsigned)
    assert made.values.tolist() == [2555028032]
    assert made.record.saturations == 0
    assert (np.abs(stored.sum(axis=2)) <= 192).all()
