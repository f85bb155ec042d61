"""Energies against exact fractions: the published sums, single transitions, every search of a converter."""

import itertools
import math
import random
from fractions import Fraction

import numpy as np
import pytest

from sim_models.sar import SarParameters, TrqParameters, search
from sim_models.sar.clipped_parameters import ClippedParameters
from sim_models.sar.dac import (
    dac_energy,
    differential_switching,
    energy_of_words,
    monotonic_switching,
    transition_energy,
)
from sim_models.sar.energy import EnergyModel, conversion_energy, mean_energy
from tests.sim_models import sar_oracle as oracle

TRQ = TrqParameters(r1_bits=4, ratio_log2=3)


def switched(outcome: oracle.Outcome, bits: int) -> Fraction:
    """Energy of the words up to the last comparison."""
    last = max(index for index, step in enumerate(outcome.steps) if step.compared)
    return oracle.switching([step.word for step in outcome.steps[: last + 1]], bits)


@pytest.mark.parametrize(("bits", "mean"), [(4, 9.6875), (8, 169.668), (10, 681.667)])
def test_mean_of_plain_conversions_is_the_known_one(bits: int, mean: float) -> None:
    p = SarParameters(bits=bits)
    exact = sum(switched(one, bits) for one in oracle.table(p)) / 2**bits
    assert float(exact) == pytest.approx(mean, abs=5e-4)
    assert dac_energy(p).mean() == pytest.approx(float(exact), rel=1e-12)
    assert exact * 2 == sum(Fraction(2) ** (bits + 1 - 2 * i) * (2**i - 1) for i in range(1, bits + 1))


@pytest.mark.parametrize(
    ("bits", "differential", "monotonic"), [(4, 19.375, 3.5), (8, 339.336, 63.5), (10, 1363.334, 255.5)]
)
def test_known_sums_of_differential_arrays(bits: int, differential: float, monotonic: float) -> None:
    exact = sum(Fraction(2) ** (bits + 1 - 2 * i) * (2**i - 1) for i in range(1, bits + 1))
    assert float(exact) == pytest.approx(differential, abs=5e-4)
    assert Fraction(differential_switching(bits)) == exact
    assert monotonic_switching(bits) == monotonic == sum(2.0 ** (bits - 2 - i) for i in range(1, bits))


@pytest.mark.parametrize(("words", "energy"), [([128], 64), ([128, 64], 144), ([128, 192], 80)])
def test_single_transitions_of_8_bits(words: list[int], energy: int) -> None:
    assert oracle.switching(words, 8) == energy
    assert float(energy_of_words(np.array(words), 8)) == energy


@pytest.mark.parametrize(
    ("count", "plain", "twin_range", "operations"),
    [
        (0, 212.332, 30.332, 5),
        (11, 212.098, 30.098, 5),
        (77, 200.754, 218.250, 6),
        (255, 85.332, 108.250, 6),
    ],
)
def test_known_conversions(count: int, plain: float, twin_range: float, operations: int) -> None:
    outcome = oracle.outcome(count, TRQ)
    assert float(switched(oracle.outcome(count, SarParameters()), 8)) == pytest.approx(plain, abs=5e-4)
    assert float(switched(outcome, 8)) == pytest.approx(twin_range, abs=5e-4)
    assert outcome.operations == operations
    assert dac_energy(SarParameters())[count] == pytest.approx(plain, abs=5e-4)
    assert dac_energy(TRQ)[count] == pytest.approx(twin_range, abs=5e-4)


@pytest.mark.parametrize("bits", [2, 3, 4, 5])
def test_every_transition(bits: int) -> None:
    pairs = list(itertools.product(range(2**bits), repeat=2))
    before, after = (np.array(column) for column in zip(*pairs, strict=True))
    expected = [float(oracle.transition(*pair, bits)) for pair in pairs]
    assert transition_energy(before, after, bits).tolist() == expected


def test_transitions_of_16_bits_are_exact_too() -> None:
    chance = random.Random(16)
    pairs = [(chance.randrange(2**16), chance.randrange(2**16)) for _ in range(500)]
    for before, after in pairs:
        exact = oracle.transition(before, after, 16)
        assert Fraction(float(transition_energy(before, after, 16))) == exact


def test_sequences_of_words() -> None:
    chance = random.Random(7)
    words = [[chance.randrange(256) for _ in range(9)] for _ in range(100)]
    assert energy_of_words(np.array(words), 8).tolist() == [float(oracle.switching(row, 8)) for row in words]


def test_the_array_stays_where_it_is_while_disabled() -> None:
    chance = random.Random(8)
    for _ in range(50):
        words = [chance.randrange(256) for _ in range(9)]
        enabled = [chance.random() < 0.7 for _ in range(9)]
        kept = [word for word, on in zip(words, enabled, strict=True) if on]
        assert float(energy_of_words(np.array(words), 8, np.array(enabled))) == float(oracle.switching(kept, 8))


def converters() -> list[SarParameters | TrqParameters]:
    plain = [SarParameters(bits=bits) for bits in range(2, 9)]
    small = random.Random(5).sample(list(oracle.every_legal(5)), 100)
    options = [p for option in oracle.AT_0 for p in oracle.legal(8, away_from_0=False, options=[option])]
    base = random.Random(9).sample(list(oracle.legal(8, away_from_0=True)), 20)
    return [*plain, *small, *random.Random(8).sample(options, 60), *base]


def test_every_search_of_many_converters() -> None:
    for p in converters():
        assert dac_energy(p).tolist() == [float(switched(one, p.bits)) for one in oracle.table(p)], p
        assert conversion_energy(p).dac_units.tolist() == dac_energy(p).tolist(), p


def test_the_words_of_a_search_cost_what_the_table_says() -> None:
    counts = np.random.default_rng(3).integers(0, 256, 500)
    for p in (SarParameters(), TRQ, TrqParameters(r1_start=32, r1_bits=3)):
        steps = search(counts, p)
        found = energy_of_words(steps.words, 8, np.arange(steps.words.shape[-1]) < steps.length[:, None])
        assert np.array_equal(found, dac_energy(p)[counts])


def test_energy_in_proportion_to_comparisons() -> None:
    for p in converters():
        expected = [0.208 * one.operations for one in oracle.table(p)]
        assert conversion_energy(p).e1_pj == pytest.approx(expected, rel=1e-12)
    assert conversion_energy(SarParameters()).e1_pj == pytest.approx([1.664] * 256, rel=1e-12)
    assert conversion_energy(SarParameters(), EnergyModel(operation_pj=0.5)).e1_pj == pytest.approx([4.0] * 256)


@pytest.mark.parametrize("fraction", [0.0, 0.2, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("sample", [0.0, 0.03])
def test_energy_with_the_dac_by_itself(fraction: float, sample: float) -> None:
    mean = sum(switched(one, 8) for one in oracle.table(SarParameters())) / 256
    unit = Fraction(fraction) * Fraction(1.667) / mean
    rest = (1 - Fraction(fraction)) * Fraction(1.667) / 8
    model = EnergyModel(dac_fraction=fraction, sample_pj=sample)
    for p in converters()[::5]:
        found, table = conversion_energy(p, model), oracle.table(p)
        dac = [unit * switched(one, p.bits) for one in table]
        whole = [Fraction(sample) + rest * one.operations + part for one, part in zip(table, dac, strict=True)]
        assert found.dac_pj == pytest.approx([float(part) for part in dac], rel=1e-12, abs=0)
        assert found.e2_pj == pytest.approx([float(energy) for energy in whole], rel=1e-12)


def test_a_plain_conversion_takes_the_published_energy_on_average() -> None:
    for fraction in (0.2, 0.5, 0.8):
        found = conversion_energy(SarParameters(), EnergyModel(dac_fraction=fraction))
        assert found.e2_pj.mean() == pytest.approx(1.667, rel=1e-12)
        assert found.dac_pj.mean() == pytest.approx(1.667 * fraction, rel=1e-12)


def test_energies_are_averaged_over_the_histogram() -> None:
    chance = random.Random(11)
    histogram = [chance.randrange(30) for _ in range(256)]
    for p in (
        SarParameters(),
        TRQ,
        TrqParameters(skip_known_trial=True, ratio_log2=4),
        ClippedParameters(kept_bits=5, step_log2=1),
    ):
        table, found = conversion_energy(p), mean_energy(histogram, p)
        for name in ("e1_pj", "e2_pj", "dac_pj", "dac_units"):
            weighted = math.fsum(w * e for w, e in zip(histogram, getattr(table, name).tolist(), strict=True))
            assert getattr(found, name) == pytest.approx(weighted / sum(histogram), rel=1e-12)


def test_r1_never_raises_the_highest_capacitor_and_single_conversions_of_r2_may_cost_more() -> None:
    plain, twin = dac_energy(SarParameters()), dac_energy(TRQ)
    assert (twin[:16] < plain[:16]).all()
    assert (twin[16:] > plain[16:]).any()


def test_the_energy_of_a_clipped_converter_is_that_of_its_words() -> None:
    for k, step, start in ((4, 1, 0), (5, 0, 17), (8, 0, 0), (3, 5, 0)):
        p, expected = ClippedParameters(kept_bits=k, step_log2=step, start=start), []
        for count in range(256):
            code, words = 0, []
            for place in reversed(range(step, step + k)):
                words.append(start + code + 2**place)
                code += 2**place if count >= words[-1] else 0
            expected.append(float(oracle.switching(words, 8)))
        assert dac_energy(p).tolist() == expected
