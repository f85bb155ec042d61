"""The clipped converter, the best one for a distribution, and the figures that compare converters."""

import math

import numpy as np
import pytest

from sim_models.sar import (
    ClippedParameters,
    SarParameters,
    TrqParameters,
    best_clipped,
    convert,
    csnr_db,
    equal_operations,
    histogram_csnr_db,
    mean_operations,
    nmse,
    nmse_of,
)


@pytest.mark.parametrize("mid_rise", [True, False])
def test_each_count_gets_the_nearest_step_of_the_window(mid_rise: bool) -> None:
    p = ClippedParameters(bits=6, kept_bits=3, step_log2=2, start=9, mid_rise=mid_rise)
    made = convert(np.arange(64), p)
    steps = [min(max((x - 9) // 4, 0), 7) for x in range(64)]
    assert made.code.tolist() == [4 * step for step in steps]
    assert made.value.tolist() == [9 + 4 * step + (2 if mid_rise else 0) for step in steps]
    assert made.operations.tolist() == [3] * 64
    assert made.in_r1.all()
    assert not made.clipped.any()
    assert convert(70, p, clip=True).clipped


def test_all_bits_kept_is_the_plain_converter() -> None:
    counts = np.arange(256)
    kept, plain = convert(counts, ClippedParameters(kept_bits=8, step_log2=0)), convert(counts, SarParameters())
    assert np.array_equal(kept.code, plain.code)
    assert np.array_equal(kept.value, plain.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kept_bits": 0}, "kept_bits must be between 1 and 8, not 0"),
        ({"kept_bits": 9}, "kept_bits must be between 1 and 8, not 9"),
        ({"bits": 17}, "bits must be between 2 and 16, not 17"),
        ({"step_log2": 5}, "step_log2 must be at most bits - kept_bits = 4, not 5"),
        ({"step_log2": -1}, "step_log2 must be at least 0, not -1"),
        ({"start": 225}, "start must be between 0 and 224, not 225"),
        ({"start": -1}, "start must be between 0 and 224, not -1"),
        ({"mid_rise": 1}, "mid_rise must be a bool, not 1"),
    ],
)
def test_bad_windows_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        ClippedParameters(**{"kept_bits": 4, "step_log2": 1, **fields})
    assert str(refused.value) == message


@pytest.mark.parametrize("mid_rise", [True, False])
def test_best_window_is_the_best_of_all(mid_rise: bool) -> None:
    rng = np.random.default_rng(1)
    for _ in range(12):
        histogram = rng.integers(0, 50, 32) * (rng.random(32) < rng.random())
        histogram[5] += 1
        for kept in range(1, 6):
            found = []
            for step in range(6 - kept):
                for start in range(32 - (1 << kept + step) + 1):
                    p = ClippedParameters(bits=5, kept_bits=kept, step_log2=step, start=start, mid_rise=mid_rise)
                    found.append((nmse(histogram, p), start, step, p))
            error, _, _, best = min(found, key=lambda item: item[:3])
            assert best_clipped(histogram, 5, kept, mid_rise=mid_rise) == (best, error)


def test_best_window_of_few_counts_loses_nothing() -> None:
    histogram = np.zeros(1 << 16)
    histogram[[40_000, 40_003]] = 1e12, 3
    p, error = best_clipped(histogram, 16, 2)
    assert error == 0.0
    assert (p.start, p.step_log2) == (40_000, 0)


def half_normal(scale: float) -> np.ndarray:
    return np.bincount(
        np.minimum(np.abs(np.random.default_rng(1).normal(0, scale, 20_000)), 255).astype(int), None, 256
    )


def test_baseline_of_equal_comparisons_lies_between_two_clipped_converters() -> None:
    histogram = half_normal(30.0)
    baseline = equal_operations(histogram, 8, 4.25)
    assert (baseline.fewer, baseline.fewer_nmse) == best_clipped(histogram, 8, 4)
    assert (baseline.more, baseline.more_nmse) == best_clipped(histogram, 8, 5)
    assert baseline.more_nmse < baseline.nmse < baseline.fewer_nmse
    assert baseline.nmse == pytest.approx(baseline.fewer_nmse**0.75 * baseline.more_nmse**0.25, rel=1e-12)
    whole = equal_operations(histogram, 8, 5)
    assert whole.fewer == whole.more == baseline.more
    assert whole.nmse == pytest.approx(baseline.more_nmse, rel=1e-12)


def test_baseline_does_not_interpolate_an_error_of_0() -> None:
    histogram = half_normal(10.0)
    baseline = equal_operations(histogram, 8, 7.5)
    assert (baseline.fewer.kept_bits, baseline.more.kept_bits) == (7, 8)
    assert (baseline.more_nmse, baseline.nmse) == (0.0, None)
    beyond = equal_operations(histogram, 8, 9.0)  # more comparisons than bits: the plain converter
    assert (beyond.fewer.kept_bits, beyond.more.kept_bits, beyond.nmse) == (8, 8, None)


@pytest.mark.parametrize("operations", [0.99, math.nan, math.inf, -3.0])
def test_baseline_refuses_numbers_of_comparisons_below_1(operations: float) -> None:
    with pytest.raises(ValueError) as refused:
        equal_operations(np.ones(256), 8, operations)
    assert str(refused.value) == f"operations must be finite and at least 1, not {operations}"


def test_normalized_error_and_comparisons_are_weighted_means() -> None:
    histogram, p = half_normal(30.0), TrqParameters(r1_bits=3, ratio_log2=4)
    counts = np.repeat(np.arange(256), histogram)
    made = convert(counts, p)
    assert nmse(histogram, p) == pytest.approx(((made.value - counts) ** 2).mean() / (counts**2).mean(), rel=1e-12)
    assert nmse_of(histogram, convert(np.arange(256), p).value) == nmse(histogram, p)
    assert mean_operations(histogram, p) == pytest.approx(made.operations.mean(), rel=1e-12)
    assert nmse(histogram / histogram.sum(), p) == pytest.approx(nmse(histogram, p), rel=1e-12)


def test_normalized_error_of_zeros_alone() -> None:
    zeros = np.eye(1, 256)[0]
    assert nmse(zeros, TrqParameters()) == 0.0
    assert nmse(zeros, TrqParameters(r1_step_log2=1)) == math.inf  # 0 is read as 1


@pytest.mark.parametrize(
    ("histogram", "message"),
    [
        (np.zeros(256), "histogram must hold a count, it is empty"),
        (np.ones(255), "histogram must have the shape (256,), one entry a count, not (255,)"),
        (np.ones((16, 16)), "histogram must have the shape (256,), one entry a count, not (16, 16)"),
        (np.r_[np.ones(255), -2], "histogram must be at least 0 everywhere, not -2"),
        (np.r_[np.ones(255), np.nan], "histogram must be finite, which it is not"),
        (np.full(256, "a"), "histogram must be numbers, not <U1"),
        ([], "histogram must have the shape (256,), one entry a count, not (0,)"),
    ],
)
def test_bad_histograms_are_refused(histogram: object, message: str) -> None:
    for call in (
        lambda: nmse(histogram, TrqParameters()),
        lambda: mean_operations(histogram, TrqParameters()),
        lambda: best_clipped(histogram, 8, 4),
        lambda: histogram_csnr_db(histogram, TrqParameters()),
    ):
        with pytest.raises(ValueError) as refused:
            call()
        assert str(refused.value) == message


def test_signal_to_noise_removes_the_mean_of_the_error() -> None:
    exact = np.array([0.0, 10.0, 20.0, 30.0])
    assert csnr_db(exact, exact + np.array([1, -1, 1, -1])) == pytest.approx(10 * math.log10(125), rel=1e-12)
    assert csnr_db(exact, exact + np.array([4, 2, 4, 2])) == pytest.approx(10 * math.log10(125), rel=1e-12)
    assert csnr_db(exact, exact) == math.inf
    assert csnr_db(exact, exact + 0.25) == math.inf  # a constant is no noise
    assert csnr_db([5, 5], [4, 6]) == -math.inf


def test_signal_to_noise_of_a_histogram_is_that_of_its_counts() -> None:
    histogram, p = half_normal(30.0), TrqParameters(r1_bits=3, ratio_log2=4)
    counts = np.repeat(np.arange(256), histogram)
    assert histogram_csnr_db(histogram, p) == pytest.approx(csnr_db(counts, convert(counts, p).value), rel=1e-12)
    assert histogram_csnr_db(histogram, SarParameters()) == math.inf


@pytest.mark.parametrize(
    ("exact", "measured", "message"),
    [
        ([], [], "exact must be finite numbers, at least one"),
        ([1.0], [math.nan], "measured must be finite numbers, at least one"),
        (["a"], [1], "exact must be finite numbers, at least one"),
        ([1, 2], [1], "measured must have the shape of exact, (2,), not (1,)"),
    ],
)
def test_signal_to_noise_refuses_bad_arrays(exact: object, measured: object, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        csnr_db(exact, measured)
    assert str(refused.value) == message
