"""Signal to quantisation noise of non-uniform grids, best clips, and scales found from values."""

import numpy as np
import pytest

from sim_models.asm import AsmParameters, best_clip, clip_search, sqnr_db, supported_values
from sim_models.asm.control import quartets_of
from tests.sim_models.daism_refused import assert_refused

UNIFORM_3 = tuple(range(8))
UNIFORM_4 = tuple(range(16))


@pytest.mark.parametrize(
    ("levels", "clip", "sqnr"),
    [
        (quartets_of((1,), 4), 2.33, 13.96),
        (quartets_of((3,), 4), 2.05, 13.2),
        (quartets_of((1, 7), 4), 2.7, 16.2),
        (quartets_of((1, 5), 4), 2.45, 17.1),
        (quartets_of((1, 3), 4), 3.0, 19.04),
        (UNIFORM_3, 2.45, 18.96),
        (quartets_of((1, 3, 5, 7), 4), 2.9, 23.0),
        (UNIFORM_4, 2.9, 24.5),
    ],
)
def test_best_clips(levels: tuple[int, ...], clip: float, sqnr: float) -> None:
    """The stated figures, found by sampling: 0.2 dB either way, and clips as flat as the optimum is."""
    found, ratio = best_clip(levels)
    assert abs(ratio - sqnr) <= 0.2
    assert abs(found - clip) <= 0.1
    assert ratio == sqnr_db(levels, found)
    assert ratio >= max(sqnr_db(levels, found * 0.99), sqnr_db(levels, found * 1.01))


def test_moments_agree_with_a_riemann_sum() -> None:
    levels = supported_values(AsmParameters(weight_bits=4))
    middle = (np.arange(400_000) + 0.5) * 3e-5  # up to 12 sigma
    density = np.sqrt(2 / np.pi) * np.exp(-(middle**2) / 2) * 3e-5
    for clip in (0.5, 1.5, 2.9, 5.0):
        grid = levels * clip / levels[-1]
        noise = (density * ((middle[:, None] - grid) ** 2).min(axis=1)).sum()
        assert sqnr_db(levels, clip) == pytest.approx(-10 * np.log10(noise), abs=1e-6)


def squared_error(values: np.ndarray, scale: float, levels: np.ndarray) -> float:
    magnitudes = np.abs(values)
    rounded = scale * levels[np.abs(magnitudes[:, None] / scale - levels).argmin(axis=1)]
    return float(((magnitudes - rounded) ** 2).sum())


@pytest.mark.parametrize("alphabets", [(1,), (1, 3), (1, 3, 5, 7)])
def test_scales_have_the_least_error(alphabets: tuple[int, ...]) -> None:
    levels = supported_values(AsmParameters(weight_bits=4, alphabets=alphabets))
    values = np.random.default_rng(9).standard_normal((3, 500)) * [[0.01], [1.0], [70.0]]
    scales = clip_search(values, levels)
    assert scales.shape == (3,)
    for row, scale in zip(values, scales, strict=True):
        largest = np.abs(row).max() / levels[-1]
        others = [squared_error(row, largest * ratio, levels) for ratio in np.linspace(0.02, 2.2, 600)]
        assert squared_error(row, float(scale), levels) <= min(others) * (1 + 1e-9)


def test_values_on_a_scaled_grid_keep_their_scale() -> None:
    levels = supported_values(AsmParameters(weight_bits=8))
    scale = clip_search(0.37 * levels, levels)
    assert scale.shape == ()
    assert float(scale) == pytest.approx(0.37, rel=1e-6)


def test_clipping_pays_where_one_value_lies_far_out() -> None:
    levels = np.arange(16)
    values = np.append(np.tile(np.linspace(0, 1, 101), 100), 3.0)
    assert 0.9 < float(clip_search(values, levels)) * 15 < 1.5


def test_zeros_have_a_scale_of_one() -> None:
    assert clip_search(np.zeros((2, 3, 4)), [0, 1]).tolist() == [[1.0] * 3] * 2


def test_no_scale_is_zero() -> None:
    assert (clip_search([[5e-324, 0.0], [1e-320, 5e-324], [1e-300, 0.0]], np.arange(256)) > 0).all()


def test_refusals() -> None:
    levels = [0, 1, 2]
    assert_refused(lambda: clip_search([], levels), "values", "(0,)")
    assert_refused(lambda: clip_search(1.0, levels), "values", "()")
    assert_refused(lambda: clip_search([np.nan], levels), "values", "finite")
    assert_refused(lambda: clip_search(["a"], levels), "values", "numbers")
    for bad in ([0], [1, 2], [0, 2, 1], [0, 1, 1], [[0, 1]]):
        assert_refused(lambda bad=bad: best_clip(bad), "levels", "ascending")
    assert_refused(lambda: sqnr_db([0, np.inf], 1.0), "levels", "finite")
    assert_refused(lambda: sqnr_db(levels, 0.0), "clip", "0.001")
    assert_refused(lambda: sqnr_db(levels, float("nan")), "clip", "nan")
