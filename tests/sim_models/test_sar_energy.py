"""Energy of the DAC and of conversions: textbook figures, capacitor by capacitor, and the published tile."""

import itertools

import numpy as np
import pytest

from sim_models.sar import (
    ClippedParameters,
    Converter,
    EnergyModel,
    SarParameters,
    TrqParameters,
    conversion_energy,
    energy_of_words,
    mean_energy,
    search,
    transfer,
    transition_energy,
)
from sim_models.sar.dac import dac_energy, differential_switching, monotonic_switching
from sim_models.sar.isaac import ADC_PJ, ADC_UM2, TILE_MW, UNIT_MW, tile_area_mm2, tile_power


def moved(before: int, after: int, bits: int) -> float:
    """Charge from the reference onto each capacitor that is at it afterwards, with the array's voltage."""
    share = (after - before) / 2**bits
    return sum(2**i * (1 - (before >> i & 1) - share) for i in range(bits) if after >> i & 1)


@pytest.mark.parametrize("bits", [2, 3, 5])
def test_transitions_are_charged_capacitor_by_capacitor(bits: int) -> None:
    words = np.arange(1 << bits)
    made = transition_energy(words[:, np.newaxis], words, bits)
    assert made.tolist() == [[moved(before, after, bits) for after in words.tolist()] for before in words.tolist()]


def test_single_transitions_of_8_bits() -> None:
    assert energy_of_words([[128], [64]], 8).tolist() == [64.0, 48.0]
    assert energy_of_words([[128, 64], [128, 192], [128, 128]], 8).tolist() == [144.0, 80.0, 64.0]
    assert energy_of_words([[128, 64]], 8, [[True, False]]).tolist() == [64.0]


@pytest.mark.parametrize(("bits", "mean"), [(4, 9.6875), (8, 169.66796875), (10, 681.6669921875)])
def test_mean_of_plain_conversions_is_half_the_differential_closed_form(bits: int, mean: float) -> None:
    assert dac_energy(SarParameters(bits=bits)).mean() == mean
    assert differential_switching(bits) == 2 * mean


@pytest.mark.parametrize("bits", range(2, 13))
def test_closed_form_holds_for_all_resolutions(bits: int) -> None:
    assert 2 * dac_energy(SarParameters(bits=bits)).mean() == differential_switching(bits)


def test_monotonic_switching_takes_less() -> None:
    assert [monotonic_switching(bits) for bits in (4, 8, 10)] == [3.5, 63.5, 255.5]


@pytest.mark.parametrize(
    ("count", "plain", "twin_range"),
    [(0, 212.332, 30.332), (11, 212.098, 30.098), (77, 200.754, 218.250), (255, 85.332, 108.250)],
)
def test_dac_energy_of_single_conversions(count: int, plain: float, twin_range: float) -> None:
    assert dac_energy(SarParameters())[count] == pytest.approx(plain, abs=5e-4)
    assert dac_energy(TrqParameters())[count] == pytest.approx(twin_range, abs=5e-4)


@pytest.mark.parametrize(
    "p",
    [
        SarParameters(bits=6),
        TrqParameters(bits=6, r1_bits=2, ratio_log2=2),
        TrqParameters(bits=6, r1_start=9, r1_bits=3, ratio_log2=2),
        TrqParameters(bits=6, r1_bits=3, ratio_log2=2, skip_known_trial=True),
        TrqParameters(bits=6, r1_bits=2, ratio_log2=2, skip_known_trial=True),
        TrqParameters(bits=6, r1_bits=2, ratio_log2=1, r2_origin="after_r1"),
        ClippedParameters(bits=6, kept_bits=3, step_log2=1, start=17),
    ],
    ids=str,
)
def test_energy_of_a_conversion_is_that_of_its_words_up_to_the_last_comparison(p: Converter) -> None:
    found, table = search(np.arange(64), p), dac_energy(p)
    for count in range(64):
        last = max(np.flatnonzero(found.compared[count]))
        words = [0, *found.words[count, : last + 1].tolist()]
        assert table[count] == sum(moved(a, b, 6) for a, b in itertools.pairwise(words))


def test_the_word_of_a_known_trial_at_the_end_of_a_search_does_not_move_the_dac() -> None:
    p = TrqParameters(r1_bits=3, ratio_log2=3, skip_known_trial=True)  # the bit at the end of R1 is the last of R2
    found = search(8, p)
    assert (found.words[-1], bool(found.compared[-1])) == (8, False)
    assert dac_energy(p)[8] == energy_of_words(found.words[:-1], 8) < energy_of_words(found.words, 8)


def test_first_model_is_in_proportion_to_comparisons() -> None:
    table = conversion_energy(TrqParameters(), EnergyModel(operation_pj=0.25))
    assert table.e1_pj.tolist() == (0.25 * transfer(TrqParameters()).operations).tolist()
    assert conversion_energy(SarParameters()).e1_pj.tolist() == [8 * 0.208] * 256


@pytest.mark.parametrize("fraction", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_second_model_divides_the_energy_of_a_plain_conversion(fraction: float) -> None:
    model = EnergyModel(dac_fraction=fraction)
    mean = mean_energy(np.ones(256), SarParameters(), model)
    assert mean.e2_pj == pytest.approx(1.667, rel=1e-12)
    assert mean.dac_pj == pytest.approx(fraction * 1.667, rel=1e-12, abs=1e-15)
    assert model.unit_pj == pytest.approx(fraction * 1.667 / 169.668, rel=1e-6)
    table = conversion_energy(TrqParameters(), EnergyModel(dac_fraction=fraction, sample_pj=0.1))
    expected = 0.1 + 5 * (1 - fraction) * 1.667 / 8 + 30.332 * fraction * 1.667 / 169.668
    assert table.e2_pj[0] == pytest.approx(expected, rel=1e-5)


def test_mean_over_a_histogram_is_weighted() -> None:
    histogram = np.zeros(256, int)
    histogram[[0, 77]] = 3, 1
    mean, table = mean_energy(histogram, TrqParameters()), conversion_energy(TrqParameters())
    for name in ("e1_pj", "e2_pj", "dac_pj", "dac_units"):
        values = getattr(table, name)
        assert getattr(mean, name) == pytest.approx((3 * values[0] + values[77]) / 4, rel=1e-12)
    with pytest.raises(ValueError) as refused:
        mean_energy(np.zeros(256), TrqParameters())
    assert str(refused.value) == "histogram must hold a count, it is empty"


def test_on_skewed_counts_the_dac_saves_more_than_the_comparisons() -> None:
    skewed = np.exp2(-np.arange(256) / 4)
    plain, twin_range = mean_energy(skewed, SarParameters()), mean_energy(skewed, TrqParameters())
    assert plain.dac_units / twin_range.dac_units > plain.e1_pj / twin_range.e1_pj > 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"operation_pj": -0.1}, "operation_pj must be finite and at least 0, not -0.1"),
        ({"conversion_pj": float("nan")}, "conversion_pj must be finite and at least 0, not nan"),
        ({"sample_pj": float("inf")}, "sample_pj must be finite and at least 0, not inf"),
        ({"dac_fraction": 1.1}, "dac_fraction must be at most 1, not 1.1"),
        ({"dac_fraction": "half"}, "dac_fraction must be a number, not 'half'"),
    ],
)
def test_bad_models_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        EnergyModel(**fields)
    assert str(refused.value) == message


def test_bad_words_are_refused() -> None:
    for call, message in (
        (lambda: energy_of_words([[256]], 8), "words must be at most 255, not 256"),
        (lambda: energy_of_words([[-1]], 8), "words must be at least 0, not -1"),
        (lambda: energy_of_words(3, 8), "words must have an axis of cycles, not be one number"),
        (lambda: energy_of_words([[3]], 17), "bits must be between 2 and 16, not 17"),
        (lambda: energy_of_words([[3, 4]], 8, [True]), "enabled must have the shape of words, (1, 2), not (1,)"),
        (lambda: energy_of_words([[3]], 8, [[1]]), "enabled must be booleans, not int64"),
        (lambda: transition_energy(0, 256, 8), "after must be at most 255, not 256"),
    ):
        with pytest.raises(ValueError) as refused:
            call()
        assert str(refused.value) == message


def test_tile_of_329_mw_of_which_converters_take_58_percent() -> None:
    power = tile_power()
    assert power.total_mw == pytest.approx(329.81, abs=1e-9)
    assert 100 * power.adc_share == pytest.approx(58.2, abs=0.05)
    assert power.components["unit_adc"] == 12 * UNIT_MW["adc"]
    assert sum(TILE_MW.values()) == pytest.approx(40.85, abs=1e-9)
    assert tile_area_mm2() == pytest.approx(0.372, abs=1e-3)


def test_tile_with_converters_of_less_power() -> None:
    power = tile_power(0.5, added_control_mw=0.01)
    assert power.total_mw == pytest.approx(329.81 - 96 + 0.96, abs=1e-9)
    assert power.adc_share == pytest.approx(96.96 / 234.77, abs=1e-9)
    for arguments, message in (
        ((-1.0,), "adc_scale must be finite and at least 0, not -1.0"),
        ((1.0, float("nan")), "added_control_mw must be finite and at least 0, not nan"),
    ):
        with pytest.raises(ValueError) as refused:
            tile_power(*arguments)
        assert str(refused.value) == message


def test_energy_and_area_grow_with_resolution() -> None:
    assert list(ADC_PJ) == list(ADC_UM2) == [4, 5, 6, 7, 8]
    assert ADC_PJ[8] / 8 == pytest.approx(0.208, abs=1e-3)
    assert np.all(np.diff(list(ADC_UM2.values())) > 0)
