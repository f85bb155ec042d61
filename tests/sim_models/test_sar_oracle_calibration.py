"""Calibration against trying every candidate, in exact fractions; the recipe of synthetic partial sums."""

import dataclasses
import functools
import random
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import pytest

from sim_models.sar import TrqParameters
from sim_models.sar.calibrate import Calibration, calibrate
from sim_models.sar.candidates import candidates as calibrate_candidates
from sim_models.sar.monotony import is_monotone
from tests.sim_models.sar_oracle import candidates, every_legal, mean, nmse, outcome, quantized

Tables = tuple[TrqParameters, list[int], list[int]]


@functools.cache
def tables(bits: int, step_max: int, mid_rise: bool, r2_origin: str, allow_base: bool) -> list[Tables]:
    """Every candidate with its values and comparisons by count."""
    found = []
    for p in candidates(bits, step_max):
        if p.r1_start == 0 or (allow_base and r2_origin == "zero"):
            chosen = dataclasses.replace(p, mid_rise=mid_rise, r2_origin=r2_origin)
            outcomes = [outcome(count, chosen) for count in range(2**bits)]
            found.append((chosen, [one.value for one in outcomes], [one.operations for one in outcomes]))
    return found


def tie(p: TrqParameters) -> tuple[int, ...]:
    return p.r1_start, p.r1_step_log2, p.r1_bits, p.ratio_log2


def costs(histogram: Sequence[int], table: Sequence[Tables]) -> list[tuple[TrqParameters, Fraction, Fraction, bool]]:
    """Each candidate with its mean comparisons, its error, and whether its values keep their order."""
    return [
        (p, mean(histogram, operations), nmse(histogram, values), values == sorted(values))
        for p, values, operations in table
    ]


def fewest(histogram: Sequence[int], table: Sequence[Tables], limit: float, ordered: bool = False) -> tuple:
    """Of the candidates within ``limit`` of error that of fewest comparisons."""
    allowed = [cost for cost in costs(histogram, table) if cost[2] <= limit and (cost[3] or not ordered)]
    return min(allowed, key=lambda cost: (cost[1], cost[2], *tie(cost[0])))


def closest(histogram: Sequence[int], table: Sequence[Tables], limit: float, ordered: bool = False) -> tuple:
    """Of the candidates within ``limit`` of comparisons that of least error."""
    allowed = [cost for cost in costs(histogram, table) if cost[1] <= limit and (cost[3] or not ordered)]
    return min(allowed, key=lambda cost: (cost[2], cost[1], *tie(cost[0])))


def assert_chosen(found: Calibration, expected: tuple) -> None:
    p, operations, error, ordered = expected
    assert found.parameters == p
    assert found.operations == pytest.approx(float(operations), rel=1e-12)
    assert found.nmse == pytest.approx(float(error), rel=1e-9, abs=0)
    assert found.monotone == ordered


def flat(chance: random.Random, size: int) -> list[int]:
    return [chance.randrange(100) for _ in range(size)]


def skewed(chance: random.Random, size: int) -> list[int]:
    return [chance.randrange(1 + 4000 // (1 + x) ** 2) for x in range(size)]


def hill(chance: random.Random, size: int) -> list[int]:
    middle = chance.randrange(1, size)
    return [chance.randrange(1 + 3000 // (1 + abs(x - middle)) ** 2) for x in range(size)]


def sparse(chance: random.Random, size: int) -> list[int]:
    return [chance.randrange(2) * chance.randrange(3) for _ in range(size - 1)] + [1]


@pytest.mark.parametrize("shape", [flat, skewed, hill, sparse])
@pytest.mark.parametrize("bits", [4, 5])
def test_no_candidate_is_better_on_random_histograms(bits: int, shape: Callable[..., list[int]]) -> None:
    chance = random.Random(f"{bits} {shape.__name__}")
    table = tables(bits, 2, True, "zero", True)
    for _ in range(6):
        histogram = [*shape(chance, 2**bits - 1), 1]
        for limit in (0.0, 10 ** chance.uniform(-4, -1), 0.3):
            assert_chosen(calibrate(histogram, bits=bits, max_nmse=limit), fewest(histogram, table, limit))
        for limit in (chance.uniform(2, bits), bits + 1.0):
            assert_chosen(calibrate(histogram, bits=bits, max_operations=limit), closest(histogram, table, limit))


@pytest.mark.parametrize("mid_rise", [True, False])
@pytest.mark.parametrize(("r2_origin", "allow_base"), [("zero", True), ("zero", False), ("after_r1", False)])
@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("step_max", [0, 1, 3])
def test_every_option_narrows_the_candidates_and_nothing_else(
    mid_rise: bool, r2_origin: str, allow_base: bool, ordered: bool, step_max: int
) -> None:
    chance = random.Random(step_max)
    table = tables(4, step_max, mid_rise, r2_origin, allow_base)
    option = {"mid_rise": mid_rise, "r2_origin": r2_origin, "allow_base": allow_base, "require_monotone": ordered}
    for shape in (flat, skewed, hill):
        histogram = [*shape(chance, 15), 1]
        for limit in (0.0, 10 ** chance.uniform(-3, -1)):
            found = calibrate(histogram, bits=4, max_nmse=limit, r1_step_log2_max=step_max, **option)
            assert_chosen(found, fewest(histogram, table, limit, ordered))
        limit = chance.uniform(3, 5)
        found = calibrate(histogram, bits=4, max_operations=limit, r1_step_log2_max=step_max, **option)
        assert_chosen(found, closest(histogram, table, limit, ordered))


def test_a_single_count_is_resolved_exactly_in_as_few_comparisons_as_any_candidate_takes() -> None:
    table = tables(5, 2, True, "zero", True)
    for count in range(32):
        histogram = [int(x == count) for x in range(32)]
        assert_chosen(calibrate(histogram, bits=5, max_nmse=0.0), fewest(histogram, table, 0.0))


def test_zeros_only_take_one_comparison_without_error() -> None:
    found = calibrate([7] + [0] * 255, max_nmse=0.0)
    assert (found.operations, found.nmse) == (1.0, 0.0)
    assert tie(found.parameters)[:3] == (0, 0, 0)


def test_a_limit_is_met_where_it_is_reached_exactly() -> None:
    """Of 64 conversions every mean is a float without rounding."""
    table = tables(4, 2, True, "zero", True)
    histogram = [32, 8, 8, 4, 2, 2, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1]
    assert sum(histogram) == 64
    for operations in sorted({cost[1] for cost in costs(histogram, table)}):
        found = calibrate(histogram, bits=4, max_operations=float(operations))
        assert_chosen(found, closest(histogram, table, float(operations)))


def test_no_limit_is_met_by_the_nearest_candidate() -> None:
    histogram = [1] * 256
    with pytest.raises(ValueError):
        calibrate(histogram, max_operations=1.5)
    with pytest.raises(ValueError):
        calibrate([0, 1, 1, 1], bits=2, max_nmse=0.0, r1_step_log2_max=0, max_operations=2.0)


def test_the_scale_of_a_histogram_changes_nothing() -> None:
    histogram = np.array(skewed(random.Random(3), 256))
    for limit in (0.0, 1e-3, 1e-2):
        once, often = (calibrate(histogram * factor, max_nmse=limit) for factor in (1, 1000))
        assert once.parameters == often.parameters
        assert once.operations == pytest.approx(often.operations, rel=1e-12)


def test_10890_candidates_of_8_bits() -> None:
    expected = {tie(p) for p in candidates(8)}
    assert len(expected) == 10_890
    found = calibrate_candidates(8)
    columns = (found.r1_start, found.r1_step_log2, found.r1_bits, found.ratio_log2)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    assert len(rows) == 10_890
    assert set(rows) == expected


def test_order_of_the_values_of_every_configuration() -> None:
    for bits in (2, 3, 4):
        for p in every_legal(bits):
            values = [quantized(count, p)[2] for count in range(2**bits)]
            assert is_monotone(p) == (values == sorted(values)), p


def test_histograms_of_slices_of_equal_weight_are_one_histogram() -> None:
    chance = random.Random(17)
    slices = np.array([skewed(chance, 32) for _ in range(6)]).reshape(2, 3, 32)
    table = tables(5, 2, True, "zero", True)
    for limit in (0.0, 1e-3, 1e-2):
        found = calibrate(slices, bits=5, max_nmse=limit)
        assert_chosen(found, fewest(slices.sum(axis=(0, 1)).tolist(), table, limit))


def partial_sums(cell_bits: int, seed: int = 0) -> np.ndarray:
    """Histogram of bit-line sums of 128 rows, one input bit at a time, the signs of weights in separate columns."""
    chance = np.random.default_rng(seed)
    activations = np.clip(np.rint(abs(chance.standard_normal((400, 128))) * 64), 0, 255).astype(np.int64)
    activations[chance.random(activations.shape) < 0.5] = 0
    weights = np.clip(np.rint(chance.standard_normal((128, 64)) * 32), -127, 127).astype(np.int64)
    histogram = np.zeros(256, dtype=np.int64)
    for column in (np.maximum(weights, 0), np.maximum(-weights, 0)):
        for place in range(0, 8, cell_bits):
            cells = (column >> place) & (2**cell_bits - 1)
            for bit in range(8):
                sums = (activations >> bit & 1) @ cells
                histogram += np.bincount(np.minimum(sums, 255).ravel(), minlength=256)
    return histogram


LADDER = (0.0, 1e-3, 3e-3, 1e-2)


@pytest.mark.parametrize(("cell_bits", "savings"), [(1, (1.61, 1.61, 1.61, 1.68)), (2, (1.31, 1.33, 1.58, 2.02))])
def test_synthetic_partial_sums_save_the_known_factors(cell_bits: int, savings: tuple[float, ...]) -> None:
    histogram = partial_sums(cell_bits)
    for limit, saving in zip(LADDER, savings, strict=True):
        found = calibrate(histogram, max_nmse=limit)
        assert 8 / found.operations == pytest.approx(saving, rel=0.03)
        outcomes = [outcome(count, found.parameters) for count in range(256)]
        weights = histogram.tolist()
        assert found.operations == pytest.approx(float(mean(weights, [one.operations for one in outcomes])), rel=1e-12)
        error = nmse(weights, [one.value for one in outcomes])
        assert error <= Fraction(limit)
        assert found.nmse == pytest.approx(float(error), rel=1e-9)


def test_synthetic_partial_sums_are_as_skewed_as_known() -> None:
    for cell_bits, zeros, below_16 in ((1, 0.25, 0.999), (2, 0.17, 0.60)):
        histogram = partial_sums(cell_bits)
        shares = histogram / histogram.sum()
        assert shares[0] == pytest.approx(zeros, abs=0.01)
        assert shares[:16].sum() == pytest.approx(below_16, abs=0.01)


@functools.cache
def tables_of_8_bits() -> tuple[list[TrqParameters], np.ndarray, np.ndarray]:
    """Candidates, squared errors and comparisons by count, by the formulas."""
    chosen = list(candidates(8))
    errors, operations = np.zeros((2, len(chosen), 256), dtype=np.int64)
    for row, p in enumerate(chosen):
        second = 8 - p.r1_step_log2 - p.ratio_log2
        for count in range(256):
            flag, _, value = quantized(count, p)
            below = p.r1_start > 0 and count < p.r1_start + 2 ** (p.r1_bits + p.r1_step_log2)
            errors[row, count] = (value - count) ** 2
            operations[row, count] = 1 + below + (second if flag else p.r1_bits)
    return chosen, errors, operations


@pytest.mark.slow
@pytest.mark.parametrize("cell_bits", [1, 2])
def test_no_candidate_of_8_bits_is_better_on_synthetic_partial_sums(cell_bits: int) -> None:
    chosen, errors, operations = tables_of_8_bits()
    histogram = partial_sums(cell_bits)
    power = int(histogram @ np.arange(256) ** 2)
    error, cost = (errors @ histogram).tolist(), (operations @ histogram).tolist()
    for limit in (*LADDER, 3e-2):
        allowed = [row for row in range(len(chosen)) if Fraction(error[row], power) <= Fraction(limit)]
        best = min(allowed, key=lambda row: (cost[row], error[row], *tie(chosen[row])))
        assert calibrate(histogram, max_nmse=limit).parameters == chosen[best]
    for limit in (2.5, 4.0, 5.0):
        allowed = [row for row in range(len(chosen)) if Fraction(cost[row], int(histogram.sum())) <= Fraction(limit)]
        best = min(allowed, key=lambda row: (error[row], cost[row], *tie(chosen[row])))
        assert calibrate(histogram, max_operations=limit).parameters == chosen[best]
