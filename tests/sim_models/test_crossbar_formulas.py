"""Conversions, bits and cycles against the tables, and against counts of what the kernels do."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from sim_models.crossbar import (
    CASCADE_PAPER,
    ISAAC_PAPER,
    NEURAL_PIM_BIT_SERIAL,
    NEURAL_PIM_PAPER,
    CrossbarParameters,
    accumulator_bits,
    accumulator_steps,
    adc_bits,
    arrays,
    blocks,
    chips,
    column_bits,
    column_depths,
    conversions,
    eight_bit,
    initiation_interval,
    isaac_dot,
    latency,
    read_out,
    readout_cycles,
    require_fit,
    sample_bits,
    unit_conversions,
)

TABLE = [
    # input, weight, dac, cell bits, rows: conversions and bits of A, conversions, depth and bits of B
    ((8, 8, 1, 1, 128), 64, 8, 15, 8, (8, 11)),
    ((8, 8, 4, 1, 128), 16, 11, 12, 2, (11, 12)),
    ((16, 16, 1, 2, 128), 128, 9, 30, 8, (9, 12)),
    ((16, 15, 1, 1, 64), 240, 7, 30, 15, (7, 10)),
]
NAMES = ("input_bits", "weight_bits", "dac_bits", "cell_bits", "rows")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row[0]))
def test_table(row: tuple) -> None:
    shape, a_conversions, a_bits, b_conversions, depth, b_bits = row
    fields = dict(zip(NAMES, shape, strict=True))
    a, b, c = (CrossbarParameters(**fields, strategy=name) for name in ("isaac", "cascade", "neural_pim"))
    assert (conversions(a), adc_bits(a), sample_bits(a)) == (a_conversions, a_bits, a_bits + 1)
    assert conversions(replace(a, conversion_polarity="separate")) == 2 * a_conversions
    assert conversions(b) == b_conversions
    assert max(column_depths(b)) == depth
    b = replace(b, bitline_bits=6) if shape[-1] == 64 else b
    assert (min(column_bits(b)), max(column_bits(b))) == (6 if shape[-1] == 64 else b_bits[0], b_bits[1])
    assert (conversions(c), adc_bits(c), sample_bits(c)) == (1, 8, 8)


def test_flipping_saves_a_bit() -> None:
    assert adc_bits(ISAAC_PAPER) == 8
    assert adc_bits(replace(ISAAC_PAPER, flip_encoding=False)) == 9


def test_published_cascade() -> None:
    """10 conversions instead of 30; the carry makes the lowest of them wider than the deepest column, 10 bits."""
    plain = replace(CASCADE_PAPER, carry_columns=0)
    assert (conversions(plain), max(column_depths(plain)), adc_bits(plain)) == (30, 15, 10)
    assert conversions(CASCADE_PAPER) == 10
    assert column_bits(CASCADE_PAPER) == (11, 10, 9, 9, 9, 9, 8, 8, 7, 6)


def test_carry_needs_the_bits_that_are_stated() -> None:
    weights, inputs = np.full((64, 1), (1 << 15) - 1), np.full(64, (1 << 16) - 1)
    record = read_out(inputs, weights, CASCADE_PAPER).record
    assert record.max_code == 1380  # 630 of its own and 749.9 carried, beyond 10 bits
    assert record.bitline_saturations == 240  # 64 ones on a line that ends at 63
    assert read_out(inputs, weights, replace(CASCADE_PAPER, adc_bits=10)).record.saturations == 1
    assert read_out(inputs, weights, replace(CASCADE_PAPER, adc_bits=11)).record.saturations == 0


def test_conversions_per_array_and_product() -> None:
    x, w = np.zeros((1, 128), np.int64), np.zeros((128, 8), np.int64)
    separate = replace(eight_bit("isaac"), conversion_polarity="separate")
    counts = [read_out(x, w, p).record for p in (separate, eight_bit("cascade"), eight_bit("neural_pim"))]
    assert [record.accumulations for record in counts] == [1024, 120, 8]
    assert [record.conversions for record in counts] == [1024, 120, 8]


def test_isaac_converts_once_a_multiply_accumulate() -> None:
    """One 8-bit conversion for each 16-bit product, times 129/128 with the unit column."""
    p = ISAAC_PAPER
    assert p.outputs * conversions(p) == p.rows * p.outputs
    assert (p.outputs * conversions(p) + unit_conversions(p)) * 128 == 129 * p.rows * p.outputs
    assert p.columns == 129


@pytest.mark.parametrize(
    ("parameters", "cycles"),
    [
        (ISAAC_PAPER, 22),
        (eight_bit("isaac"), 14),
        (NEURAL_PIM_BIT_SERIAL, 14),
        (NEURAL_PIM_PAPER, 8),
        (replace(NEURAL_PIM_PAPER, outputs=300, slots_per_cycle=100), 10),  # three array cycles of conversions
        (eight_bit("cascade"), 13),
    ],
)
def test_latency(parameters: CrossbarParameters, cycles: int) -> None:
    assert latency(parameters) == cycles


def test_intervals() -> None:
    assert initiation_interval(ISAAC_PAPER) == 16
    assert initiation_interval(eight_bit("isaac")) == 8
    assert initiation_interval(NEURAL_PIM_PAPER) == 2
    assert initiation_interval(eight_bit("cascade")) == 8
    assert readout_cycles(eight_bit("cascade")) == 1
    single = replace(eight_bit("cascade"), double_buffer=False)
    assert initiation_interval(single) == 8 + 1 + 1 + 1
    slow = replace(eight_bit("cascade"), slots_per_cycle=10)  # 12 cycles of reading and one of clearing
    assert initiation_interval(slow) == 13
    assert initiation_interval(replace(slow, double_buffer=False)) == 22


def test_converters_that_do_not_keep_up() -> None:
    for p, taken, allowed in (
        (replace(ISAAC_PAPER, slots_per_cycle=128), 2, 1),
        (replace(NEURAL_PIM_PAPER, outputs=300, slots_per_cycle=100), 3, 2),
    ):
        with pytest.raises(ValueError) as refused:
            initiation_interval(p)
        assert str(refused.value) == (
            f"converters * slots_per_cycle must be enough to convert in {allowed} cycles, "
            f"not 1 * {p.slots_per_cycle}, which take {taken}"
        )


SHAPES = [
    (inputs, weights, dac, cell)
    for inputs, weights in itertools.product((1, 3, 4, 6), (1, 3, 4, 5))
    for dac, cell in itertools.product(range(1, inputs + 1), range(1, min(4, weights) + 1))
]


def test_formulas_by_enumeration_and_kernels() -> None:
    """All ones reach every bound where slices are whole, and none is beyond it where they are not."""
    for inputs, weights, dac, cell in SHAPES:
        fields = {"rows": 5, "input_bits": inputs, "weight_bits": weights, "dac_bits": dac, "cell_bits": cell}
        for strategy in ("isaac", "cascade"):
            p = CrossbarParameters(**fields, strategy=strategy)
            record = read_out([p.input_range[1]] * 5, [[p.weight_range[1]]] * 5, p).record
            assert record.conversions == conversions(p), p
            assert record.max_code.bit_length() <= adc_bits(p), p
            if inputs % dac == 0 and weights % cell == 0:
                assert record.max_code.bit_length() == adc_bits(p), p


def test_closed_forms() -> None:
    for inputs, weights, dac, cell in SHAPES:
        p = CrossbarParameters(
            input_bits=inputs, weight_bits=weights, dac_bits=dac, cell_bits=cell, strategy="cascade", output_bits=2
        )
        if dac == cell:
            assert conversions(p) == p.cycles + p.slices - 1
        elif dac % cell == inputs % dac == weights % cell == 0 and p.slices >= dac // cell:
            assert conversions(p) == (inputs + weights - dac) // cell


def test_bits_of_all_ones_off_powers_of_two() -> None:
    """64 rows need 7 bits, 63 rows 6; 128 need 8, 127 7."""
    for rows, bits in ((63, 6), (64, 7), (127, 7), (128, 8), (129, 8)):
        p = CrossbarParameters(rows=rows, conversion_polarity="separate")
        assert adc_bits(p) == bits
        x, w = np.full(rows, 255), np.full((rows, 1), 255)
        for limit, saturations in ((bits, 0), (bits - 1, 64 if rows >= 1 << bits - 1 else 0)):
            made = isaac_dot(x, w, replace(p, adc_bits=limit)).record
            assert made.saturations == saturations, (rows, limit)


def test_accumulator_width_is_reached() -> None:
    """Also where a top slice is narrow: the full slices below it can reach more than the product does."""
    for inputs, dac in itertools.product(range(1, 9), range(1, 9)):
        if dac > inputs:
            continue
        p = CrossbarParameters(rows=3, input_bits=inputs, weight_bits=2, dac_bits=dac)
        slices = np.full(p.cycles, (1 << dac) - 1)
        if inputs % dac:
            slices[-1] = (1 << inputs % dac) - 1
        largest = int(accumulator_steps(3 * 3 * slices, p).max())
        assert largest.bit_length() + 1 == accumulator_bits(p), (inputs, dac)


ALEXNET = [
    (363, 64, 3025), (1600, 192, 729), (1728, 384, 169), (3456, 256, 169), (2304, 256, 169),
    (9216, 4096, 1), (4096, 4096, 1), (4096, 1000, 1),
]  # fmt: skip
VGG_CHANNELS = [3, 64, 64, 128, 128, *[256] * 3, *[512] * 6]


def test_arrays_of_networks() -> None:
    p = NEURAL_PIM_PAPER
    assert sum(k * m * n for k, m, n in ALEXNET) == 714_188_480
    assert sum(arrays(k, m, p) for k, m, _ in ALEXNET) == 59_696
    assert sum(arrays(k, m, p) * n for k, m, n in ALEXNET) == 714_224
    assert sum(blocks(k, p) * m * n for k, m, n in ALEXNET) == 5_713_792
    vgg = [(9 * k, m) for k, m in itertools.pairwise(VGG_CHANNELS)]
    vgg += [(25088, 4096), (4096, 4096), (4096, 1000)]
    needed = sum(arrays(k, m, p) for k, m in vgg)
    assert needed == 135_120
    assert chips(needed, 17_920) == 8
    require_fit(needed, 17_920, available=8)
    with pytest.raises(ValueError) as refused:
        require_fit(needed, 17_920)
    assert str(refused.value) == "chips must be at least 8 for 135120 arrays of 17920 a chip, not 1"
