"""Conversions, bits and latency: published and tabled figures, enumeration, and machines run cycle by cycle."""

import dataclasses
import random

import pytest

from sim_models.crossbar import (
    CASCADE_PAPER,
    ISAAC_PAPER,
    NEURAL_PIM_PAPER,
    CrossbarParameters,
    adc_bits,
    conversions,
    eight_bit,
    initiation_interval,
    latency,
    sample_bits,
    unit_conversions,
)
from tests.sim_models import crossbar_oracle as oracle
from tests.sim_models.crossbar_cases import STRATEGIES, widths
from tests.sim_models.crossbar_machine import RUNS, interval

NAMES = ("input_bits", "weight_bits", "dac_bits", "cell_bits", "rows")
# shape: conversions of A for one polarity, bits of A for one polarity, conversions of B, its depth and largest bits
TABLE = {
    (8, 8, 1, 1, 128): (64, 8, 15, 8, 11),
    (8, 8, 4, 1, 128): (16, 11, 12, 2, 12),
    (16, 16, 1, 2, 128): (128, 9, 30, 8, 12),
    (16, 15, 1, 1, 64): (240, 7, 30, 15, 10),
}


def of(shape: tuple[int, ...], **fields: object) -> CrossbarParameters:
    return CrossbarParameters(**dict(zip(NAMES, shape, strict=True)), **fields)


@pytest.mark.parametrize("shape", TABLE, ids=str)
def test_table_of_conversions(shape: tuple[int, ...]) -> None:
    a, _, b, depth, _ = TABLE[shape]
    assert conversions(of(shape)) == a
    assert conversions(of(shape, conversion_polarity="separate")) == 2 * a
    cascade = of(shape, strategy="cascade")
    assert conversions(cascade) == b
    assert conversions(of(shape, strategy="neural_pim")) == 1
    line = oracle.line_maximum(cascade)
    assert max(oracle.column_maximum(k, cascade) for k in oracle.columns(cascade)) == depth * line


@pytest.mark.parametrize("shape", TABLE, ids=str)
def test_table_of_bits(shape: tuple[int, ...]) -> None:
    """Of magnitudes; the sign of a difference is one bit more."""
    _, a, _, _, b = TABLE[shape]
    cascade = {"strategy": "cascade"} | ({"bitline_bits": 6} if shape == (16, 15, 1, 1, 64) else {})
    for fields, magnitude, sign in (
        ({}, a, 1),
        ({"conversion_polarity": "separate"}, a, 0),
        ({"weight_encoding": "offset"}, a, 0),
        ({"weight_encoding": "offset", "flip_encoding": True}, a - 1, 0),
        ({"weight_encoding": "offset", "signed_inputs": True}, a, int(shape[2] > 1)),
        (cascade, b, 1),
        (cascade | {"weight_encoding": "offset"}, b, 0),
    ):
        p = of(shape, **fields)
        assert (adc_bits(p), sample_bits(p)) == (magnitude, magnitude + sign), fields
    assert sample_bits(of(shape, strategy="neural_pim")) == 8
    for bits in (2, 8, 12):
        assert adc_bits(of(shape, strategy="neural_pim", output_bits=bits)) == bits


def chosen_widths(count: int) -> list[dict[str, int]]:
    return random.Random(count).sample(list(widths(8)), count)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_conversions_and_cycles_are_those_of_a_run(strategy: str) -> None:
    chance = random.Random(5)
    for shape in chosen_widths(150):
        outputs, converters, slots = chance.randint(1, 40), chance.randint(1, 3), chance.choice([1, 7, 64, 128])
        p = CrossbarParameters(
            **shape,
            strategy=strategy,
            outputs=outputs,
            converters=converters if strategy != "isaac" else 64,
            slots_per_cycle=slots if strategy != "isaac" else 1024,
            cascade_tail_cycles=chance.randint(0, 8),
        )
        expected = RUNS[strategy](p)
        assert (latency(p), conversions(p)) == expected, p


def test_a_polarity_of_its_own_doubles_conversions_and_no_cycle() -> None:
    for shape in chosen_widths(40):
        p = CrossbarParameters(**shape, conversion_polarity="separate", outputs=1)
        assert (latency(p), conversions(p)) == RUNS["isaac"](p)


def test_carried_columns_are_not_converted() -> None:
    for shape in chosen_widths(40):
        full = CrossbarParameters(**shape, strategy="cascade")
        for carried in range(len(oracle.columns(full))):
            p = CrossbarParameters(**shape, strategy="cascade", carry_columns=carried)
            assert (latency(p), conversions(p)) == RUNS["cascade"](p)
            assert conversions(p) == conversions(full) - carried


def test_closed_forms_of_the_second_strategy() -> None:
    for shape in widths(8):
        p = CrossbarParameters(**shape, strategy="cascade")
        t, s, found = oracle.cycles(p), oracle.slices(p), conversions(p)
        assert found == len(oracle.columns(p))
        if p.dac_bits == p.cell_bits:
            assert found == t + s - 1
        elif p.dac_bits % p.cell_bits == 0 and s >= p.dac_bits // p.cell_bits:
            assert found == s + (t - 1) * (p.dac_bits // p.cell_bits)
            if p.input_bits % p.dac_bits == p.weight_bits % p.cell_bits == 0:
                assert found * p.cell_bits == p.input_bits + p.weight_bits - p.dac_bits


def test_latencies() -> None:
    assert latency(ISAAC_PAPER) == 22
    assert [latency(eight_bit(strategy)) for strategy in STRATEGIES] == [14, 13, 14]
    assert latency(NEURAL_PIM_PAPER) == 8
    assert latency(CrossbarParameters(strategy="neural_pim", dac_bits=2)) == 10
    long = CrossbarParameters(strategy="neural_pim", dac_bits=2, outputs=300)
    assert latency(long) == 12  # three array cycles of conversions, not one


def test_intervals_of_the_buffer_are_those_of_a_run() -> None:
    chance, stalled = random.Random(6), 0
    for shape in chosen_widths(60):
        p = CrossbarParameters(
            **shape,
            strategy="cascade",
            outputs=chance.randint(1, 40),
            slots_per_cycle=chance.choice([7, 32, 128]),
            clear_cycles=chance.randint(1, -(-shape["input_bits"] // shape["dac_bits"])),
            double_buffer=chance.random() < 0.7,
        )
        assert initiation_interval(p) == interval(p), p
        stalled += p.double_buffer and interval(p) > oracle.cycles(p)
    assert stalled > 0


def test_intervals_of_the_others_are_their_cycles_where_converters_keep_up() -> None:
    """Of 128 lines and the unit column a cycle; of 8 outputs a product."""
    assert initiation_interval(ISAAC_PAPER) == 16
    assert (unit_conversions(ISAAC_PAPER), unit_conversions(eight_bit("isaac"))) == (16, 0)
    assert [initiation_interval(eight_bit(strategy)) for strategy in STRATEGIES] == [8, 8, 8]
    assert initiation_interval(NEURAL_PIM_PAPER) == 2
    for p in (
        dataclasses.replace(ISAAC_PAPER, slots_per_cycle=128),
        CrossbarParameters(outputs=16, conversion_polarity="separate"),
        CrossbarParameters(strategy="neural_pim", outputs=9, slots_per_cycle=1),
    ):
        with pytest.raises(ValueError):
            initiation_interval(p)
    assert initiation_interval(CrossbarParameters(strategy="neural_pim", outputs=8, slots_per_cycle=1)) == 8


def test_bits_hold_the_largest_sample_and_no_bit_is_spare() -> None:
    for shape in chosen_widths(60):
        for rows in (1, 3, 63, 64, 65, 127, 128, 129):
            p = CrossbarParameters(**shape, rows=rows, conversion_polarity="separate")
            assert adc_bits(p) == oracle.unsigned_bits(oracle.line_maximum(p)), p
            p = CrossbarParameters(**shape, rows=rows, strategy="cascade")
            assert adc_bits(p) == oracle.unsigned_bits(int(oracle.sample_maximum(p))), p


def test_a_carry_widens_its_column() -> None:
    for shape in chosen_widths(30):
        columns = len(oracle.columns(CrossbarParameters(**shape, strategy="cascade")))
        for carried in {1, columns // 2, columns - 1} - {0, columns}:
            p = CrossbarParameters(**shape, strategy="cascade", carry_columns=carried)
            largest = oracle.nearest(oracle.sample_maximum(p))
            assert adc_bits(p) == oracle.unsigned_bits(largest), p


@pytest.mark.parametrize(("weight_bits", "rows", "carried", "largest"), [(2, 5, 1, 8), (3, 9, 2, 16), (3, 2, 2, 4)])
def test_a_carry_that_rounds_up_to_one_more_bit(weight_bits: int, rows: int, carried: int, largest: int) -> None:
    """7 1/2, 15 3/4 and 3 1/2 in the lowest converted column."""
    p = CrossbarParameters(rows=rows, input_bits=1, weight_bits=weight_bits, strategy="cascade", carry_columns=carried)
    assert oracle.nearest(oracle.sample_maximum(p)) == largest
    assert adc_bits(p) == oracle.unsigned_bits(largest)


def test_presets() -> None:
    expected = {
        "rows": 128,
        "input_bits": 16,
        "weight_bits": 16,
        "dac_bits": 1,
        "cell_bits": 2,
        "strategy": "isaac",
        "weight_encoding": "offset",
        "signed_inputs": True,
        "flip_encoding": True,
        "output_bits": 16,
        "outputs": 16,
        "slots_per_cycle": 129,
    }
    assert {name: getattr(ISAAC_PAPER, name) for name in expected} == expected
    assert (conversions(ISAAC_PAPER), adc_bits(ISAAC_PAPER)) == (128, 8)
    expected = {
        "rows": 64,
        "input_bits": 16,
        "weight_bits": 15,
        "dac_bits": 1,
        "cell_bits": 1,
        "strategy": "cascade",
        "weight_encoding": "differential",
        "bitline_bits": 6,
        "buffer_cell_bits": None,
        "carry_columns": 20,
        "outputs": 2,
    }
    assert {name: getattr(CASCADE_PAPER, name) for name in expected} == expected
    assert conversions(CASCADE_PAPER) == 10
    expected = {
        "rows": 128,
        "input_bits": 8,
        "weight_bits": 8,
        "dac_bits": 4,
        "cell_bits": 1,
        "strategy": "neural_pim",
        "weight_encoding": "differential",
        "output_bits": 8,
    }
    assert {name: getattr(NEURAL_PIM_PAPER, name) for name in expected} == expected
    for strategy in STRATEGIES:
        assert eight_bit(strategy) == CrossbarParameters(strategy=strategy)
    with pytest.raises(ValueError):
        eight_bit("ISAAC")


def test_defaults() -> None:
    expected = {
        "rows": 128,
        "input_bits": 8,
        "weight_bits": 8,
        "dac_bits": 1,
        "cell_bits": 1,
        "strategy": "isaac",
        "weight_encoding": "differential",
        "output_bits": 8,
        "signed_inputs": False,
        "flip_encoding": False,
        "conversion_polarity": "difference",
        "adc_bits": None,
        "bitline_bits": None,
        "buffer_cell_bits": None,
        "carry_columns": 0,
        "range_fraction": 1.0,
        "accumulator_feedback": "lsb_first",
        "outputs": 8,
        "converters": 1,
        "slots_per_cycle": 128,
        "cycle_time_ns": 100.0,
        "double_buffer": True,
        "clear_cycles": 1,
        "cascade_tail_cycles": 2,
    }
    assert vars(CrossbarParameters()) == expected
