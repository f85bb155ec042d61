"""Analog column model: shared draws, spread, noise, clipping."""

import numpy as np
import pytest

from sim_models.nmpu import AimcColumnParameters, AimcColumns, counts_per_unit, full_range


def test_same_seed_same_columns_and_readings():
    first, second = (AimcColumns(AimcColumnParameters(seed=3), 64) for _ in range(2))
    ideal = np.random.default_rng(0).uniform(0, 400, (2, 10, 64))
    for name in ("gain_positive", "gain_negative", "offset_positive", "offset_negative"):
        assert np.array_equal(getattr(first, name), getattr(second, name))
    first.read(*ideal, 800.0, reading=5)  # an earlier reading changes nothing
    for before, after in zip(first.read(*ideal, 800.0, reading=1), second.read(*ideal, 800.0, reading=1), strict=True):
        assert np.array_equal(before, after)
    assert not np.array_equal(first.read(*ideal, 800.0, 1)[0], first.read(*ideal, 800.0, 2)[0])
    assert not np.array_equal(first.gain_positive, AimcColumns(AimcColumnParameters(seed=4), 64).gain_positive)


def test_draws_follow_the_documented_order():
    columns = AimcColumns(AimcColumnParameters(), 256)
    z = np.random.default_rng(0).standard_normal((4, 256))
    assert np.array_equal(columns.gain_positive, 1 + 0.0709 * z[0])
    assert np.array_equal(columns.gain_negative, 1 + 0.0709 * z[1])
    assert np.array_equal(columns.offset_positive, 6.0 * z[2])
    assert np.array_equal(columns.offset_negative, 6.0 * z[3])


def test_uniform_gains_stay_inside_the_spread():
    columns = AimcColumns(AimcColumnParameters(gain_spread=0.21, gain_distribution="uniform"), 20_000)
    assert 0.79 <= columns.gain_positive.min() < 0.791
    assert 1.209 < columns.gain_positive.max() <= 1.21
    assert abs(columns.gain_positive.std() - 0.21 / np.sqrt(3)) < 0.002


def test_noise_free_counts_are_the_rounded_transfer():
    columns = AimcColumns(AimcColumnParameters(mvm_error_sigma=0.0), 32)
    ideal_p, ideal_n = np.random.default_rng(1).uniform(0, 1100, (2, 50, 32))
    counts_p, counts_n = columns.read(ideal_p, ideal_n, 1000.0)
    exact_p = columns.gain_positive * ideal_p + columns.offset_positive
    exact_n = columns.gain_negative * ideal_n + columns.offset_negative
    for counts, exact in ((counts_p, exact_p), (counts_n, exact_n)):
        inside = (exact >= 0) & (exact < 1023)
        assert (np.abs(counts - exact)[inside] <= 0.5).all()
        assert (counts[exact >= 1023] == 1023).all()
        assert (counts[exact < 0] == 0).all()
        assert (exact >= 1023).any()
        assert (exact < 0).any()


def test_a_half_count_rounds_up():
    parameters = AimcColumnParameters(gain_spread=0.0, offset_spread_counts=0.0, mvm_error_sigma=0.0)
    counts, _ = AimcColumns(parameters, 1).read([[0.5], [1.5], [2.5], [2.49]], [[0.0]] * 4, 0.0)
    assert counts[:, 0].tolist() == [1, 2, 3, 2]


def test_error_is_split_between_the_polarities():
    parameters = AimcColumnParameters(gain_spread=0.0, offset_spread_counts=0.0, count_bits=16)
    ideal = np.full((1000, 100), 20_000.0)
    counts_p, counts_n = AimcColumns(parameters, 100).read(ideal, ideal, 10_000.0)
    assert np.abs(counts_p + counts_n - 40_000).max() <= 1
    assert abs((counts_p - counts_n).std() - 194) < 2


def test_calibration_ranges():
    parameters = AimcColumnParameters()
    assert counts_per_unit([[10.0, 70.0]], [[20.0, 35.0]], parameters) == 6.0
    assert full_range([[10, 70]], [[20, 35]]) == 45.0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"count_bits": 0}, "count_bits must be between 1 and 16, not 0"),
        ({"gain_spread": -0.1}, "gain_spread must be between 0 and 0.9, not -0.1"),
        ({"gain_spread": float("nan")}, "gain_spread must be between 0 and 0.9, not nan"),
        ({"gain_spread": "7 %"}, "gain_spread must be a number, not '7 %'"),
        ({"gain_distribution": "cauchy"}, "gain_distribution must be one of 'normal', 'uniform', not 'cauchy'"),
        ({"offset_spread_counts": 2000.0}, "offset_spread_counts must be between 0 and 1024, not 2000.0"),
        ({"mvm_error_sigma": 1.5}, "mvm_error_sigma must be between 0 and 1, not 1.5"),
        ({"usable_levels": 1024}, "usable_levels must be between 1 and 1023, not 1024"),
        ({"seed": -1}, "seed must be between 0 and .*, not -1"),
    ],
)
def test_refuses(fields, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        AimcColumnParameters(**fields)


def test_refuses_bad_values():
    columns = AimcColumns(AimcColumnParameters(), 2)
    with pytest.raises(ValueError, match=r"^negative must be finite values >= 0$"):
        columns.read([[1.0, 2.0]], [[1.0, -2.0]], 100.0)
    with pytest.raises(ValueError, match=r"^positive must be finite values >= 0$"):
        columns.read([[np.nan, 2.0]], [[1.0, 2.0]], 100.0)
    with pytest.raises(ValueError, match=r"^largest branch value must be between .*, not 0\.0$"):
        counts_per_unit([[0.0]], [[0.0]], AimcColumnParameters())
