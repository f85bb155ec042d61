"""Per-layer calibration: the best of all candidates, found again by trying every one on every count."""

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_models.sar import TrqParameters, calibrate, candidates, convert, is_monotone

LADDER = (0, 1e-3, 3e-3, 1e-2)
Histogram = NDArray[np.int64]


def legal(bits: int, origin: str = "zero", base: bool = True, mid_rise: bool = True) -> list[TrqParameters]:
    """Every candidate, from the rules: steps of R1 to 4, starts at multiples of half its size, or of 1."""
    found = []
    for start, step, width, ratio in product(range(1 << bits), range(3), range(bits), range(bits)):
        size = 1 << step + width
        if step + width > bits - 1 or step + ratio > bits - 1 or start % max(1, size // 2):
            continue
        if start and (not base or origin == "after_r1" or start + size > (1 << bits) - 1):
            continue
        fields = {"r1_start": start, "r1_step_log2": step, "r1_bits": width, "ratio_log2": ratio}
        found.append(TrqParameters(bits=bits, r2_origin=origin, mid_rise=mid_rise, **fields))
    return found


def cost(histogram: Histogram, parameters: TrqParameters) -> tuple[Fraction, Fraction]:
    """Comparisons per conversion and NMSE, exactly."""
    levels = np.arange(len(histogram))
    made = convert(levels, parameters)
    total, power = int(histogram.sum()), int((histogram * levels**2).sum())
    error = int((histogram * (made.value - levels) ** 2).sum())
    return Fraction(int((histogram * made.operations).sum()), total), Fraction(error, power)


def order(parameters: TrqParameters) -> tuple[int, int, int, int]:
    return parameters.r1_start, parameters.r1_step_log2, parameters.r1_bits, parameters.ratio_log2


def skewed(bits: int, seed: int) -> Histogram:
    rng = np.random.default_rng(seed)
    scale = rng.uniform(0.03, 0.4) * (1 << bits)
    counts = np.abs(rng.normal(rng.choice([0, scale]), scale, 2000)).astype(int)
    return np.bincount(np.minimum(counts, (1 << bits) - 1), minlength=1 << bits)


def test_number_of_candidates() -> None:
    assert len(candidates()) == len(legal(8)) == 10890
    assert len(candidates(allow_base=False)) == len(candidates(r2_origin="after_r1")) == 149
    assert len(candidates(9)) == len(legal(9))
    assert len(candidates(2)) == len(legal(2))


@pytest.mark.parametrize(("origin", "mid_rise"), [("zero", True), ("zero", False), ("after_r1", True)])
def test_candidates_are_the_legal_configurations(origin: str, mid_rise: bool) -> None:
    found = candidates(5, r2_origin=origin, mid_rise=mid_rise)
    listed = [found.parameters(index) for index in range(len(found))]
    assert sorted(listed, key=order) == sorted(legal(5, origin, mid_rise=mid_rise), key=order)


@pytest.mark.parametrize("bits", [4, 5])
@pytest.mark.parametrize("options", [{}, {"r2_origin": "after_r1"}, {"mid_rise": False}, {"allow_base": False}])
@pytest.mark.parametrize("monotone", [False, True])
def test_no_candidate_is_better_under_a_limit_of_error(bits: int, options: dict[str, Any], monotone: bool) -> None:
    names = {"r2_origin": "origin", "mid_rise": "mid_rise", "allow_base": "base"}
    tried = legal(bits, **{names[name]: value for name, value in options.items()})
    tried = [each for each in tried if is_monotone(each) or not monotone]
    for seed, limit in product(range(4), (*LADDER, 0.05, 0.3)):
        histogram = skewed(bits, seed)
        costs = {each: cost(histogram, each) for each in tried}
        within = [each for each in tried if float(costs[each][1]) <= limit]
        best = min(within, key=lambda each: (*costs[each], order(each)))
        found = calibrate(histogram, bits=bits, max_nmse=limit, require_monotone=monotone, **options)
        assert found.parameters == best
        assert (found.operations, found.nmse) == tuple(map(float, costs[best]))
        assert found.monotone == is_monotone(best)


@pytest.mark.parametrize("options", [{}, {"r2_origin": "after_r1"}])
def test_no_candidate_is_better_under_a_limit_of_comparisons(options: dict[str, Any]) -> None:
    tried = legal(5, options.get("r2_origin", "zero"))
    for seed, limit in product(range(4), (2.5, 3, 3.7, 5, 9)):
        histogram = skewed(5, seed)
        costs = {each: cost(histogram, each) for each in tried}
        within = [each for each in tried if float(costs[each][0]) <= limit]
        best = min(within, key=lambda each: (*costs[each][::-1], order(each)))
        found = calibrate(histogram, bits=5, max_operations=limit, **options)
        assert found.parameters == best
        assert (found.operations, found.nmse) == tuple(map(float, costs[best]))


def test_weights_count_in_the_error_and_not_in_the_comparisons() -> None:
    slices = np.stack([skewed(4, seed) for seed in range(6)]).reshape(2, 3, 16)
    weights = 4 ** (np.arange(2)[:, np.newaxis] + 2 * np.arange(3))
    levels = np.arange(16)

    def weighed(parameters: TrqParameters) -> tuple[float, float]:
        made = convert(levels, parameters)
        squared = (slices * (made.value - levels) ** 2).sum(axis=-1)
        power = (slices * levels**2).sum(axis=-1)
        return float((slices * made.operations).sum() / slices.sum()), (weights * squared).sum() / (
            weights * power
        ).sum()

    for limit in (0, 0.01, 0.1):
        costs = {each: weighed(each) for each in legal(4)}
        best = min((each for each in costs if costs[each][1] <= limit), key=lambda each: (*costs[each], order(each)))
        found = calibrate(slices, bits=4, max_nmse=limit, weights=weights)
        assert found.parameters == best
        assert (found.operations, found.nmse) == pytest.approx(costs[best], rel=1e-12, abs=0)
    pooled = calibrate(slices.sum(axis=(0, 1)), bits=4, max_nmse=0.1)
    assert calibrate(slices, bits=4, max_nmse=0.1) == pooled


def test_monotony_fails_where_it_is_stated_to() -> None:
    assert not is_monotone(TrqParameters(r1_start=32, r1_bits=3, r1_step_log2=1, ratio_log2=5))
    for each in legal(6, base=False, mid_rise=False):
        # An R1 of one step reads 0, as the cell of R2 that covers it does.
        assert is_monotone(each) == (each.ratio_log2 <= each.r1_bits or each.r1_bits == 0)
    for each in [*legal(6, base=False), *legal(6, "after_r1"), *legal(6, "after_r1", mid_rise=False)]:
        assert is_monotone(each)


def test_synthetic_recipe_reaches_the_recorded_savings() -> None:
    """Half-normal 8-bit activations, half of them 0, Gaussian weights on 128 rows, differential, all slices in one."""
    rng = np.random.default_rng(1)
    inputs = np.clip(np.rint(np.abs(rng.normal(size=(400, 128)) * 64)), 0, 255).astype(int)
    inputs[rng.random(inputs.shape) < 0.5] = 0
    weights = np.clip(np.rint(rng.normal(size=(128, 64)) * 32), -127, 127).astype(int)
    recorded = {1: (1.61, 1.61, 1.61, 1.68), 2: (1.31, 1.33, 1.58, 2.02)}
    for cell_bits, savings in recorded.items():
        histogram = np.zeros(256, int)
        for magnitudes, plane in product((np.maximum(weights, 0), np.maximum(-weights, 0)), range(8)):
            for place in range(0, 8, cell_bits):
                cells = magnitudes >> place & (1 << cell_bits) - 1
                counts = np.minimum((inputs >> plane & 1) @ cells, 255)
                histogram += np.bincount(counts.ravel(), minlength=256)
        found = [8 / calibrate(histogram, max_nmse=limit).operations for limit in LADDER]
        assert found == pytest.approx(savings, rel=0.03)


def test_a_histogram_of_nothing_but_zeros_takes_one_comparison() -> None:
    histogram = np.zeros(256, int)
    histogram[0] = 7
    found = calibrate(histogram, max_nmse=0)
    assert (found.operations, found.nmse, order(found.parameters)) == (1, 0, (0, 0, 0, 0))


@pytest.mark.parametrize(
    ("histogram", "message"),
    [
        (np.zeros(256, int), "histogram must hold at least one count of weight above 0, not none"),
        ([], "histogram must have 2^bits = 256 counts, not 0"),
        (5, "histogram must have 2^bits = 256 counts, not none"),
        (np.ones(255, int), "histogram must have 2^bits = 256 counts, not 255"),
        (np.full(256, -1), "counts of the histogram must be at least 0, not -1"),
        (np.ones(256), "counts of the histogram must be integers of at most 64 bits, not float64"),
        (
            np.full(256, 1 << 50),
            "counts of the histogram and weights must be smaller: their squared error must fit 63 bits",
        ),
    ],
)
def test_bad_histograms_are_refused(histogram: Any, message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        calibrate(histogram, max_nmse=0)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({}, "give one of max_nmse and max_operations, not none"),
        ({"max_nmse": 0, "max_operations": 4}, "give one of max_nmse and max_operations, not both"),
        ({"max_nmse": -1e-9}, "max_nmse must be at least 0, not -1e-09"),
        ({"max_nmse": float("nan")}, "max_nmse must be at least 0, not nan"),
        ({"max_nmse": "0"}, "max_nmse must be a number, not '0'"),
        ({"max_operations": 0.5}, "max_operations must be at least 1, not 0.5"),
        (
            {"max_operations": 1.5},
            "max_operations must be at least 1.98438, the nearest that can be reached, not 1.5",
        ),
        ({"max_nmse": 0, "bits": 1}, "bits must be between 2 and 16, not 1"),
        ({"max_nmse": 0, "bits": [8]}, "bits must be an integer, not [8]"),
        ({"max_nmse": 0, "r1_step_log2_max": -1}, "r1_step_log2_max must be at least 0, not -1"),
        ({"max_nmse": 0, "r2_origin": "end"}, "r2_origin must be one of zero, after_r1, not 'end'"),
        ({"max_nmse": 0, "mid_rise": 1}, "mid_rise must be a bool, not 1"),
        ({"max_nmse": 0, "weights": [1, 2]}, "weights must have the shape () of the histograms, not (2,)"),
    ],
)
def test_bad_limits_are_refused(limits: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        calibrate(np.ones(256, int), **limits)
    assert str(refusal.value) == message
