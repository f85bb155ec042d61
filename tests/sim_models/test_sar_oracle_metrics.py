"""Error, comparisons and signal to noise against exact fractions; the clipped converter against its definition."""

import itertools
import math
import random
import statistics
from fractions import Fraction

import numpy as np
import pytest

from sim_models.sar import SarParameters, TrqParameters, convert
from sim_models.sar.clipped import best_clipped, equal_operations
from sim_models.sar.clipped_parameters import ClippedParameters
from sim_models.sar.metrics import csnr_db, histogram_csnr_db, mean_operations, nmse, nmse_of
from sim_models.sar.search import search
from tests.sim_models import sar_oracle as oracle


def windows(bits: int, kept_bits: int | None = None) -> list[tuple[int, int, int]]:
    """Every legal kept_bits, step_log2, start."""
    kept = range(1, bits + 1) if kept_bits is None else (kept_bits,)
    return [
        (k, step, start) for k in kept for step in range(bits - k + 1) for start in range(2**bits - 2 ** (k + step) + 1)
    ]


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("mid_rise", [True, False])
def test_a_clipped_converter_keeps_a_window(bits: int, mid_rise: bool) -> None:
    for k, step, start in windows(bits):
        p = ClippedParameters(bits=bits, kept_bits=k, step_log2=step, start=start, mid_rise=mid_rise)
        result = convert(np.arange(2**bits), p)
        expected = [oracle.clipped(x, bits, k, step, start, mid_rise) for x in range(2**bits)]
        assert result.value.tolist() == [value for _, value in expected], p
        assert result.code.tolist() == [code << step for code, _ in expected], p
        assert result.operations.tolist() == [k] * 2**bits, p


@pytest.mark.parametrize("bits", [2, 4, 5])
def test_a_clipped_converter_searches_its_window(bits: int) -> None:
    for k, step, start in windows(bits):
        p = ClippedParameters(bits=bits, kept_bits=k, step_log2=step, start=start)
        steps = search(np.arange(2**bits), p)
        assert steps.length.tolist() == [k] * 2**bits, p
        assert steps.compared.all(), p
        for x, words, decisions in zip(range(2**bits), steps.words, steps.decisions, strict=True):
            code = 0
            for place, word, decision in zip(reversed(range(k)), words.tolist(), decisions.tolist(), strict=True):
                assert word == start + code + 2 ** (step + place), p
                assert decision == (x >= word), p
                code += decision * 2 ** (step + place)
            assert code >> step == oracle.clipped(x, bits, k, step, start, True)[0], p


def some_converters() -> list[SarParameters | TrqParameters | ClippedParameters]:
    return [
        SarParameters(),
        TrqParameters(),
        TrqParameters(mid_rise=False, ratio_log2=6),
        TrqParameters(r1_start=33, r1_bits=3, r1_step_log2=2),
        TrqParameters(r2_origin="after_r1", ratio_log2=5),
        ClippedParameters(kept_bits=4, step_log2=1, start=7),
    ]


@pytest.mark.parametrize("p", some_converters(), ids=str)
def test_error_and_comparisons_are_means_over_the_histogram(
    p: SarParameters | TrqParameters | ClippedParameters,
) -> None:
    chance = random.Random(2)
    for spread in (1, 100, 10**6):
        histogram = [chance.randrange(spread + 1) * chance.randrange(2) for _ in range(255)] + [1]
        result = convert(np.arange(256), p)
        values, operations = result.value.tolist(), result.operations.tolist()
        assert nmse(histogram, p) == pytest.approx(float(oracle.nmse(histogram, values)), rel=1e-12, abs=0)
        assert nmse_of(histogram, values) == nmse(histogram, p)
        assert mean_operations(histogram, p) == pytest.approx(float(oracle.mean(histogram, operations)), rel=1e-12)
        assert nmse(np.array(histogram) / sum(histogram), p) == pytest.approx(nmse(histogram, p), rel=1e-12, abs=0)


def test_error_of_zeros_only() -> None:
    zeros = [5] + [0] * 255
    assert nmse(zeros, TrqParameters()) == 0
    assert nmse(zeros, TrqParameters(r1_bits=0, r1_step_log2=2)) == math.inf


def test_signal_to_noise_has_the_mean_of_the_error_removed() -> None:
    chance = random.Random(4)
    for _ in range(20):
        exact = [chance.randrange(-300, 300) for _ in range(50)]
        measured = [value + chance.randrange(5, 9) for value in exact]
        error = [Fraction(m - e) for m, e in zip(measured, exact, strict=True)]
        ratio = statistics.pvariance([Fraction(value) for value in exact]) / statistics.pvariance(error)
        assert csnr_db(exact, measured) == pytest.approx(10 * math.log10(ratio), rel=1e-12)
        assert csnr_db(exact, [value + 1000 for value in measured]) == pytest.approx(10 * math.log10(ratio), rel=1e-9)


def test_signal_to_noise_of_a_constant_error_is_infinite() -> None:
    assert csnr_db([1, 2, 3], [1, 2, 3]) == math.inf
    assert csnr_db([1, 2, 3], [5, 6, 7]) == math.inf


def test_signal_to_noise_of_a_histogram_is_that_of_its_counts() -> None:
    chance = random.Random(6)
    histogram = [chance.randrange(20) for _ in range(256)]
    counts = np.repeat(np.arange(256), histogram)
    for p in some_converters()[1:]:
        expected = csnr_db(counts, convert(counts, p).value)
        assert histogram_csnr_db(histogram, p) == pytest.approx(expected, rel=1e-9)


def by_trying(histogram: list[int], bits: int, kept_bits: int, mid_rise: bool) -> dict[tuple[int, int], Fraction]:
    """Error of every window: by start and step."""
    return {
        (start, step): oracle.nmse(
            histogram, [oracle.clipped(x, bits, kept_bits, step, start, mid_rise)[1] for x in range(2**bits)]
        )
        for _, step, start in windows(bits, kept_bits)
    }


@pytest.mark.parametrize("bits", [3, 4, 5])
@pytest.mark.parametrize("mid_rise", [True, False])
def test_no_window_of_the_clipped_converter_is_better(bits: int, mid_rise: bool) -> None:
    chance = random.Random(bits)
    for kept_bits, skew in itertools.product(range(1, bits + 1), (0, 1, 3)):
        histogram = [chance.randrange(1 + 1000 // (1 + x) ** skew) for x in range(2**bits - 1)] + [1]
        tried = by_trying(histogram, bits, kept_bits, mid_rise)
        start, step = min(tried, key=lambda window: (tried[window], *window))
        p, error = best_clipped(histogram, bits, kept_bits, mid_rise=mid_rise)
        assert error == pytest.approx(float(tried[start, step]), rel=1e-12, abs=0)
        assert (p.start, p.step_log2) == (start, step)
        assert (p.bits, p.kept_bits, p.mid_rise) == (bits, kept_bits, mid_rise)


@pytest.mark.parametrize("kept_bits", [1, 4, 5, 8])
def test_no_window_of_8_bits_is_better(kept_bits: int) -> None:
    histogram = [5000 // (1 + x) ** 2 + (x % 7 == 3) for x in range(256)]
    tried = by_trying(histogram, 8, kept_bits, True)
    start, step = min(tried, key=lambda window: (tried[window], *window))
    p, error = best_clipped(histogram, 8, kept_bits)
    assert (p.start, p.step_log2) == (start, step)
    assert error == pytest.approx(float(tried[start, step]), rel=1e-12, abs=0)


@pytest.mark.parametrize("operations", [1.0, 2.25, 3.5, 4.0, 4.875, 7.5, 8.0, 9.0])
def test_the_baseline_of_equal_comparisons_lies_between_two_clipped_converters(operations: float) -> None:
    histogram = [5000 // (1 + x) ** 2 + 1 for x in range(256)]
    found = equal_operations(histogram, 8, operations)
    below, above = min(math.floor(operations), 8), min(math.ceil(operations), 8)
    for k, p, error in ((below, found.fewer, found.fewer_nmse), (above, found.more, found.more_nmse)):
        tried = by_trying(histogram, 8, k, True)
        assert p.kept_bits == k
        assert error == pytest.approx(float(min(tried.values())), rel=1e-12, abs=0)
    if found.fewer_nmse == 0 or found.more_nmse == 0:
        assert found.nmse is None
    else:
        share = operations - below if above > below else 0
        exact = 10 ** ((1 - share) * math.log10(found.fewer_nmse) + share * math.log10(found.more_nmse))
        assert found.nmse == pytest.approx(exact, rel=1e-9)
