"""Best clips and scales: integrals of the normal density in closed form, and every scale of a fine comb tried."""

import itertools
import math
import random
from collections.abc import Sequence

import numpy as np
import pytest

from sim_models.asm.grid import best_clip, clip_search, sqnr_db
from tests.sim_models.asm_oracle import supported_quartets

# levels, best clip in sigma and SQNR in dB as sampled, hence only good to some 0.2 dB
TABLE = {
    "{1}": ((1,), 2.33, 13.96),
    "{3}": ((3,), 2.05, 13.2),
    "{1,7}": ((1, 7), 2.7, 16.2),
    "{1,5}": ((1, 5), 2.45, 17.1),
    "{1,3}": ((1, 3), 3.0, 19.04),
    "{1,3,5,7}": ((1, 3, 5, 7), 2.9, 23.0),
    "uniform 3 bits": (range(8), 2.45, 18.96),
    "uniform 4 bits": (range(16), 2.9, 24.5),
}


def levels_of(name: str) -> list[int]:
    levels = TABLE[name][0]
    return list(levels) if isinstance(levels, range) else supported_quartets(levels, 4)


def distribution(x: float) -> float:
    return math.erf(x / math.sqrt(2))


def density(x: float) -> float:
    return math.sqrt(2 / math.pi) * math.exp(-x * x / 2)


def cell(level: float, low: float, high: float) -> float:
    """Mean squared error of ``level`` for magnitudes between ``low`` and ``high``, times their share."""
    share = distribution(high) - distribution(low)
    first = density(low) - density(high)
    edge = 0.0 if math.isinf(high) else high * density(high)
    return share + low * density(low) - edge - 2 * level * first + level * level * share


def expected_sqnr(levels: Sequence[int], clip: float) -> float:
    points = [level * clip / levels[-1] for level in levels]
    edges = [0.0, *((a + b) / 2 for a, b in itertools.pairwise(points)), math.inf]
    return -10 * math.log10(sum(cell(*each) for each in zip(points, edges, edges[1:], strict=False)))


@pytest.mark.parametrize("name", TABLE)
def test_table_of_clips(name: str) -> None:
    levels = levels_of(name)
    clip, best = best_clip(levels)
    assert clip == pytest.approx(TABLE[name][1], abs=0.1)
    assert best == pytest.approx(TABLE[name][2], abs=0.2)
    assert best == pytest.approx(expected_sqnr(levels, clip), abs=1e-9)
    comb = [expected_sqnr(levels, step / 200) for step in range(100, 1600)]
    assert max(comb) <= best + 1e-9
    assert (comb.index(max(comb)) + 100) / 200 == pytest.approx(clip, abs=0.01)


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("clip", [0.5, 1.0, 2.33, 3.0, 6.5])
def test_noise_of_a_clip(name: str, clip: float) -> None:
    assert sqnr_db(levels_of(name), clip) == pytest.approx(expected_sqnr(levels_of(name), clip), abs=1e-9)


def test_noise_of_a_clip_by_summing() -> None:
    """A sum over small steps of the magnitude, without any closed form."""
    levels, clip, step = levels_of("{1,3}"), 3.0, 1 / 500
    points = [level * clip / levels[-1] for level in levels]
    noise = 0.0
    for i in range(int(9 / step)):
        x = (i + 0.5) * step
        noise += min((x - point) ** 2 for point in points) * density(x) * step
    assert sqnr_db(levels, clip) == pytest.approx(-10 * math.log10(noise), abs=1e-3)


def test_two_elements_fill_three_bits_as_well_as_uniform_steps() -> None:
    best = {name: best_clip(levels_of(name))[1] for name in TABLE}
    assert max(("{3}", "{1,7}", "{1,5}", "{1,3}", "{1}"), key=best.__getitem__) == "{1,3}"
    assert best["{1,3}"] > best["uniform 3 bits"]


def squared_error(values: Sequence[float], levels: Sequence[int], scale: float) -> float:
    return sum(min((abs(value) - scale * level) ** 2 for level in levels) for value in values)


def words_of(quartets: Sequence[int], count: int) -> list[int]:
    """Levels of words of ``count`` quartets."""
    return sorted(sum(q << 4 * j for j, q in enumerate(word)) for word in itertools.product(quartets, repeat=count))


def error_of_comb(values: Sequence[float], levels: Sequence[int]) -> float:
    """Least squared error among scales that put the largest value at 1/2.2 of the last level and beyond it."""
    largest, size = max(map(abs, values)), 1100
    return min(squared_error(values, levels, 2.2 * step / size * largest / levels[-1]) for step in range(20, size + 1))


@pytest.mark.parametrize("name", ["{1}", "{1,3}", "{1,3,5,7}", "uniform 4 bits"])
@pytest.mark.parametrize("count", [3, 9, 27, 200])
def test_scale_is_as_good_as_any_of_a_comb(name: str, count: int) -> None:
    chosen, levels = random.Random(count), levels_of(name)
    for _ in range(max(1, 20 // count)):
        values = [chosen.gauss(0, 0.3) for _ in range(count)]
        scale = float(clip_search(values, levels))
        assert scale > 0
        assert squared_error(values, levels, scale) <= error_of_comb(values, levels) * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize("alphabets", [(1,), (1, 3)])
@pytest.mark.parametrize("count", [9, 60])
def test_scale_on_eight_bits_is_as_good_as_any_of_a_comb(alphabets: tuple[int, ...], count: int) -> None:
    chosen, levels = random.Random(count), words_of(supported_quartets(alphabets, 4), 2)
    values = [chosen.gauss(0, 0.3) for _ in range(count)]
    scale = float(clip_search(values, levels))
    assert squared_error(values, levels, scale) <= error_of_comb(values, levels) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("values", "levels", "scale"),
    [
        # the largest value on an inner level: 8 of 12, 4 of 20, 12 of 14
        ([8.0, 6.0, 4.0, 3.0, 2.0, 1.0], (0, 1, 2, 3, 4, 6, 8, 12), 1.0),
        ([3.0, 4.0, 2.0, 1.0], (0, 1, 2, 3, 4, 20), 1.0),
        ([12.0, 11.0, 10.0, 7.0, 5.0, 3.0], (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 14), 1.0),
        # beyond the last one: many small values, one far out
        ([1.0] * 50 + [2.0] * 50 + [5.0], (0, 1, 2), (50 + 4 * 50 + 10) / (50 + 4 * 50 + 4)),
    ],
)
def test_the_largest_value_may_lie_on_any_level_or_beyond(
    values: list[float], levels: tuple[int, ...], scale: float
) -> None:
    assert float(clip_search(values, levels)) == pytest.approx(scale, rel=1e-9)


def test_short_channels_gain_by_a_largest_value_on_an_inner_level() -> None:
    """Mean over normal channels of 9 values, against the best of scales that put the largest value at the end."""
    levels, lost = levels_of("{1,3}"), []
    for seed in range(60):
        chosen = random.Random(seed)
        values = [chosen.gauss(0, 1) for _ in range(9)]
        ends = max(map(abs, values)) / levels[-1]
        within = min(squared_error(values, levels, ends * step / 500) for step in range(50, 501))
        lost.append(10 * math.log10(within / squared_error(values, levels, float(clip_search(values, levels)))))
    assert min(lost) > -1e-3
    assert sum(lost) / len(lost) > 0.8
    assert max(lost) > 3


def test_many_values_on_many_levels() -> None:
    """More than are searched one by one: 120,000 on 25 levels; close to a comb, whose own steps are coarse."""
    draw, levels = np.random.default_rng(8), np.array(words_of(supported_quartets((1,), 4), 2), float)
    values = np.abs(draw.standard_normal(120_000))

    def error(scale: float) -> float:
        nearest = np.searchsorted(scale * (levels[:-1] + levels[1:]) / 2, values)
        return float(((values - scale * levels[nearest]) ** 2).sum())

    comb = [2.2 * step / 400 * values.max() / levels[-1] for step in range(10, 401)]
    errors = [error(scale) for scale in comb]
    found = float(clip_search(values, levels))
    assert error(found) <= min(errors) * 1.001
    assert found == pytest.approx(comb[errors.index(min(errors))], rel=0.02)


def test_scales_of_channels_are_found_one_by_one() -> None:
    chosen, levels = random.Random(4), levels_of("{1,3}")
    channels = [[[chosen.gauss(0, sigma) for _ in range(60)] for sigma in (0.1, 1, 10)] for _ in range(2)]
    found = clip_search(channels, levels)
    assert (found.shape, found.dtype) == ((2, 3), np.float64)
    assert found.tolist() == [[float(clip_search(row, levels)) for row in group] for group in channels]


@pytest.mark.parametrize("factor", [2.0**-20, 0.25, 8.0, 2.0**30])
def test_scale_follows_the_values(factor: float) -> None:
    chosen, levels = random.Random(6), levels_of("{1,3}")
    values = np.array([chosen.gauss(0, 1) for _ in range(100)])
    assert float(clip_search(values * factor, levels)) == float(clip_search(values, levels)) * factor
    assert float(clip_search(-values, levels)) == float(clip_search(values, levels))


def test_scale_of_values_on_the_grid() -> None:
    levels = levels_of("{1,3}")
    assert float(clip_search([0.5 * level for level in levels], levels)) == pytest.approx(0.5, rel=1e-9)
    assert float(clip_search([0.0, 0.0], levels)) == 1.0
    assert float(clip_search([7.0], levels)) * levels[-1] == pytest.approx(7.0)  # of all exact scales the smallest
    assert float(clip_search([0.0, 7.0, -7.0], levels)) * levels[-1] == pytest.approx(7.0)


def test_tiny_and_huge_values() -> None:
    """A scale of 0 would divide by zero; one beyond all numbers is refused."""
    assert float(clip_search([5e-324, 5e-324], levels_of("{1,3}"))) == 1.0
    assert float(clip_search([1e-300], [0, 1e200])) == 1.0
    assert float(clip_search([2e-308, 1e-308], [0, 1, 2])) == pytest.approx(1e-308, rel=1e-9)
    assert float(clip_search([1e308, 1.5e308], [0, 2, 3])) == pytest.approx(5e307, rel=1e-9)
    with pytest.raises(ValueError) as problem:
        clip_search([[1.0], [1e308]], [0, 1e-3])
    assert str(problem.value) == "levels must be larger for values up to 1e+308, not up to 0.001"
