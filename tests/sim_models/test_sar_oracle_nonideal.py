"""The converter with deviations: thresholds in exact fractions, searches step by step, statistics of many instances."""

import math
import random
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from sim_models.sar import SarParameters, TrqParameters, convert
from sim_models.sar.clipped_parameters import ClippedParameters
from sim_models.sar.nonideal import NonIdealSar
from sim_models.sar.nonideal_parameters import SarNonIdealities, threshold_instances
from tests.sim_models import sar_oracle as oracle

FIELDS = ("code", "in_r1", "operations", "value", "clipped")


def trq(bits: int, **fields: object) -> TrqParameters:
    chosen = {"r1_bits": bits // 2, "ratio_log2": min(3, bits - 1), **fields}
    return TrqParameters(bits=bits, **chosen)


def some(bits: int) -> list[SarParameters | TrqParameters | ClippedParameters]:
    """Converters of every kind."""
    return [
        SarParameters(bits=bits),
        trq(bits),
        trq(bits, ratio_log2=min(1, bits // 2), skip_known_trial=True),
        trq(bits, r1_bits=bits // 2 - 1, r1_step_log2=1, ratio_log2=bits - 2, mid_rise=False),
        trq(bits, r2_origin="after_r1"),
        trq(bits, r1_start=1, r1_bits=bits - 2, ratio_log2=0),
        ClippedParameters(bits=bits, kept_bits=bits - 1, step_log2=0, start=2 ** (bits - 1)),
    ]


@pytest.mark.parametrize("bits", range(2, 13))
def test_without_deviations_every_count_gives_what_the_ideal_converter_gives(bits: int) -> None:
    counts = np.arange(2**bits)
    converter = NonIdealSar(bits, SarNonIdealities())
    assert converter.thresholds.tolist() == counts.tolist()
    for p in some(bits):
        found, ideal = converter.convert(counts, p), convert(counts, p)
        for name in FIELDS:
            assert np.array_equal(getattr(found, name), getattr(ideal, name)), (p, name)


def test_without_deviations_every_configuration_of_4_bits_is_ideal() -> None:
    counts, converter = np.arange(16), NonIdealSar(4, SarNonIdealities(seed=3))
    for p in oracle.every_legal(4):
        found, expected = converter.convert(counts, p), oracle.table(p)
        assert found.value.tolist() == [one.value for one in expected], p
        assert found.operations.tolist() == [one.operations for one in expected], p


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("bits", [2, 5, 8])
def test_thresholds_are_shares_of_all_capacitors(bits: int, seed: int) -> None:
    found = NonIdealSar(bits, SarNonIdealities(unit_capacitor_sigma=0.1, seed=seed)).thresholds
    parts = [Fraction(float(found[1 << bit])) for bit in range(bits)]
    exact = oracle.thresholds(parts, 2**bits - sum(parts))
    assert found.shape == (2**bits,)
    assert found == pytest.approx([float(t) for t in exact], rel=1e-12, abs=1e-12)
    assert len(set(found.tolist()) - set(range(2**bits))) > 2**bits // 2


def comparator(
    count: int, thresholds: Sequence[float], deviations: SarNonIdealities, near: list[float]
) -> oracle.Comparator:
    """Compares with where the DAC has got to by the end of the cycle; ``near`` gets the distances from it."""
    held = (count + deviations.input_centering) * (1 + deviations.gain_error)
    at = 0.0

    def compare(word: int) -> bool:
        nonlocal at
        left = 0.0 if deviations.settling is None else math.exp(-deviations.settling)
        at = thresholds[word] + (at - thresholds[word]) * left
        near.append(abs(held - at - deviations.comparator_offset))
        return held >= at + deviations.comparator_offset

    return compare


DEVIATIONS = [
    SarNonIdealities(unit_capacitor_sigma=0.2, seed=1),
    SarNonIdealities(unit_capacitor_sigma=0.4, seed=2),
    SarNonIdealities(comparator_offset=1.37),
    SarNonIdealities(comparator_offset=-2.71, input_centering=0.1),
    SarNonIdealities(gain_error=-1 / 14.3),
    SarNonIdealities(gain_error=0.143, input_centering=0.03),
    SarNonIdealities(settling=2.3),
    SarNonIdealities(settling=0.9, unit_capacitor_sigma=0.05, comparator_offset=0.3, gain_error=0.01, seed=4),
]


@pytest.mark.parametrize("deviations", DEVIATIONS, ids=str)
@pytest.mark.parametrize("bits", [4, 6])
def test_searches_go_on_from_the_decisions_of_the_comparator(bits: int, deviations: SarNonIdealities) -> None:
    converter, differing = NonIdealSar(bits, deviations), 0
    thresholds = converter.thresholds.tolist()
    chosen = [p for p in some(bits) if not isinstance(p, ClippedParameters)]
    chosen += random.Random(bits).sample(list(oracle.every_legal(bits)), 60)
    for p in chosen:
        near: list[float] = []
        expected = [oracle.searched(comparator(x, thresholds, deviations, near), p) for x in range(2**bits)]
        assert min(near) > 1e-9  # no decision rests on the last bit of a sum
        found = converter.convert(np.arange(2**bits), p)
        assert found.code.tolist() == [one.code for one in expected], p
        assert found.value.tolist() == [one.value for one in expected], p
        assert found.operations.tolist() == [one.operations for one in expected], p
        if isinstance(p, TrqParameters):
            assert found.in_r1.tolist() == [not one.flag for one in expected], p
        differing += expected != oracle.table(p)
    assert differing


@pytest.mark.parametrize("deviations", DEVIATIONS[:6], ids=str)
def test_single_comparisons_are_with_the_threshold(deviations: SarNonIdealities) -> None:
    converter = NonIdealSar(5, deviations)
    counts, words = np.arange(32)[:, None], np.arange(32)
    thresholds = converter.thresholds.tolist()
    expected = [[comparator(x, thresholds, deviations, [])(word) for word in range(32)] for x in range(32)]
    assert converter.compare(counts, words).tolist() == expected


def keeps_order(p: SarParameters | TrqParameters) -> bool:
    return isinstance(p, SarParameters) or (p.r1_start == 0 and p.mid_rise)


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.3])
def test_without_noise_a_larger_count_never_gives_a_smaller_value(sigma: float) -> None:
    """Whatever the mismatch: the first decision that differs is with one threshold, that of ``size`` in both ranges."""
    chosen = [
        p for option in oracle.AT_0 for p in oracle.legal(6, away_from_0=False, options=[option]) if keeps_order(p)
    ]
    for seed in range(3):
        deviations = SarNonIdealities(
            unit_capacitor_sigma=sigma, comparator_offset=0.4 * seed, gain_error=-0.02 * seed, seed=seed
        )
        converter = NonIdealSar(6, deviations)
        for p in [SarParameters(bits=6), *chosen]:
            assert (np.diff(converter.convert(np.arange(64), p).value) >= 0).all(), (p, seed)


def test_a_seed_and_a_run_give_the_same_again_and_others_something_else() -> None:
    deviations = SarNonIdealities(unit_capacitor_sigma=0.05, comparator_noise=0.8, seed=11)
    other = SarNonIdealities(unit_capacitor_sigma=0.05, comparator_noise=0.8, seed=12)
    counts = np.random.default_rng(1).integers(0, 256, 2000)
    for p in some(8):
        first = NonIdealSar(8, deviations)
        values = first.convert(counts, p).value
        assert np.array_equal(first.convert(counts, p).value, values)
        assert np.array_equal(NonIdealSar(8, deviations).convert(counts, p).value, values)
        assert not np.array_equal(first.convert(counts, p, run=1).value, values)
        assert not np.array_equal(NonIdealSar(8, other).convert(counts, p).value, values)
    assert np.array_equal(NonIdealSar(8, deviations).thresholds, NonIdealSar(8, deviations).thresholds)
    assert not np.array_equal(NonIdealSar(8, deviations).thresholds, NonIdealSar(8, other).thresholds)


def test_plain_and_twin_range_converters_share_the_draws_of_the_noise() -> None:
    """Both begin with a comparison with half scale."""
    converter = NonIdealSar(8, SarNonIdealities(comparator_noise=4.0, seed=5))
    counts = np.random.default_rng(2).integers(110, 146, 5000)
    plain = converter.convert(counts, SarParameters())
    halves = converter.convert(counts, TrqParameters(r1_bits=7, ratio_log2=0))
    assert np.array_equal(plain.code >= 128, ~halves.in_r1)
    assert ((plain.code >= 128) != (counts >= 128)).any()


@pytest.mark.parametrize("sigma", [0.3, 1.0, 5.0])
def test_noise_is_normal_and_new_for_each_comparison(sigma: float) -> None:
    converter = NonIdealSar(8, SarNonIdealities(comparator_noise=sigma, seed=6))
    number = 200_000
    for count in (126, 127, 128, 129):
        share = converter.compare(np.full(number, count), 128).mean()
        expected = (1 + math.erf((count + 0.5 - 128) / sigma / math.sqrt(2))) / 2
        spread = math.sqrt(expected * (1 - expected) / number)
        assert abs(share - expected) < 5 * spread + 1e-5
    counts = np.full(1000, 128)
    assert not np.array_equal(converter.compare(counts, 128), converter.compare(counts, 128))


def test_noise_of_the_comparisons_of_one_conversion_is_independent() -> None:
    """The same threshold is asked twice by a plain search of two bits only where the first answer was yes."""
    converter = NonIdealSar(2, SarNonIdealities(comparator_noise=1.0, seed=7))
    number = 200_000
    codes = converter.convert(np.full(number, 1), SarParameters(bits=2)).code
    above = [(1 + math.erf((1.5 - word) / math.sqrt(2))) / 2 for word in range(4)]
    shares = [
        (1 - above[2]) * (1 - above[1]),
        (1 - above[2]) * above[1],
        above[2] * (1 - above[3]),
        above[2] * above[3],
    ]
    for code, share in enumerate(shares):
        assert abs((codes == code).mean() - share) < 5 * math.sqrt(share * (1 - share) / number)


def test_mismatch_spreads_thresholds_like_a_sum_of_unit_capacitors() -> None:
    """To first order T(u) has the variance sigma^2 u (1 - u/2^n), and those of disjoint words -sigma^2 u v / 2^n."""
    bits, sigma, number = 6, 0.01, 20_000
    found = threshold_instances(bits, SarNonIdealities(unit_capacitor_sigma=sigma), np.arange(number))
    words = np.arange(1, 2**bits)
    expected = sigma * np.sqrt(words * (1 - words / 2**bits))
    assert found.std(axis=0)[1:] == pytest.approx(expected, rel=5 / math.sqrt(2 * number) + 0.01)
    assert (abs(found.mean(axis=0)[1:] - words) < 5 * expected / math.sqrt(number) + sigma**2 * 2**bits).all()
    covariance = np.cov(found[:, [1 << bit for bit in range(bits)]], rowvar=False)
    for first in range(bits):
        for second in range(first):
            product, scale = 2 ** (first + second) / 2**bits, math.sqrt(2 ** (first + second))
            assert abs(covariance[first, second] / sigma**2 + product) < 6 * scale / math.sqrt(number)


def test_instances_are_converters_of_their_own_seeds() -> None:
    deviations = SarNonIdealities(unit_capacitor_sigma=0.04, seed=99)
    found = threshold_instances(5, deviations, [3, 99, 4])
    for row, seed in zip(found, (3, 99, 4), strict=True):
        alone = NonIdealSar(5, SarNonIdealities(unit_capacitor_sigma=0.04, seed=seed))
        assert np.array_equal(row, alone.thresholds)


def test_an_offset_of_whole_counts_moves_the_codes_of_a_plain_converter() -> None:
    counts = np.arange(256)
    for offset in (-3, 2):
        found = NonIdealSar(8, SarNonIdealities(comparator_offset=offset)).convert(counts, SarParameters())
        assert np.array_equal(found.code, np.clip(counts - offset, 0, 255))


def test_a_dac_that_settles_for_long_is_a_settled_one() -> None:
    counts = np.arange(256)
    for p in some(8):
        late = NonIdealSar(8, SarNonIdealities(settling=40.0)).convert(counts, p)
        assert np.array_equal(late.value, convert(counts, p).value)


def test_counts_above_full_scale_are_clipped_first() -> None:
    converter = NonIdealSar(8, SarNonIdealities(unit_capacitor_sigma=0.02, seed=1))
    found = converter.convert([[255, 256], [10, 4000]], TrqParameters(), clip=True)
    assert found.clipped.tolist() == [[False, True], [False, True]]
    assert found.value[0, 0] == found.value[0, 1] == found.value[1, 1]


BAD = [
    *[(name, value) for name in ("unit_capacitor_sigma", "comparator_noise") for value in (-0.1, math.nan, math.inf)],
    *[(name, value) for name in ("comparator_offset", "input_centering") for value in (math.nan, -math.inf)],
    *[("gain_error", value) for value in (-1.0, -2.0, math.nan, math.inf)],
    *[("settling", value) for value in (0.0, -1.0, math.nan)],
    *[("seed", value) for value in (-1, 0.5, "1")],
    ("unit_capacitor_sigma", "0.1"),
    ("comparator_noise", None),
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=str)
def test_bad_deviations_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError) as refused:
        SarNonIdealities(**{name: value})
    assert name in str(refused.value)
    assert str(value) in str(refused.value)


def test_bad_counts_words_and_converters_are_refused() -> None:
    converter = NonIdealSar(8, SarNonIdealities())
    for call, part in (
        (lambda: converter.convert([256], SarParameters()), "counts"),
        (lambda: converter.convert([-1], SarParameters(), clip=True), "counts"),
        (lambda: converter.convert([0.5], SarParameters()), "counts"),
        (lambda: converter.convert([1], SarParameters(bits=9)), "bits"),
        (lambda: converter.convert([1], SarParameters(), run=-1), "run"),
        (lambda: converter.compare([256], [1]), "counts"),
        (lambda: converter.compare([1], [256]), "words"),
        (lambda: converter.compare([1], [-1]), "words"),
        (lambda: NonIdealSar(1, SarNonIdealities()), "bits"),
        (lambda: NonIdealSar(17, SarNonIdealities()), "bits"),
    ):
        with pytest.raises(ValueError) as refused:
            call()
        assert part in str(refused.value)
