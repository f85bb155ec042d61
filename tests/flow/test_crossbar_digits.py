"""The digits network through the three strategies, accuracy by SINAD, and the report."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from flow.crossbar import digits_accuracy
from flow.crossbar.digits import calibrated, layer_vectors, run_through, uncalibrated
from flow.crossbar.digits_accuracy import DigitsRow, DigitsStudy, digits_study
from flow.crossbar.digits_noise import NoiseLevel, knee_db, noise_levels, noisy_correct
from flow.crossbar.digits_report import digits_lines
from flow.digits.data import Digits
from flow.digits.data import load as load_digits
from flow.digits.network import Network, branch_sums, load, predicted_digits, run
from sim_models.crossbar import adc_bits, eight_bit
from sim_models.crossbar.neural_adder import instance
from sim_models.crossbar.parameters import CASCADE, ISAAC, NEURAL_PIM
from sim_models.crossbar.peripherals import load as load_peripherals

IMAGES = 16


@pytest.fixture(scope="module")
def network() -> Network:
    return load()


@pytest.fixture(scope="module")
def digits() -> Digits:
    whole = load_digits()
    return replace(
        whole,
        train_images=whole.train_images[:40],
        test_images=whole.test_images[:IMAGES],
        test_labels=whole.test_labels[:IMAGES],
    )


@pytest.mark.parametrize("strategy", [ISAAC, CASCADE])
def test_exact_strategies_give_every_logit_of_the_int8_network(network: Network, digits: Digits, strategy: str) -> None:
    found = run_through(network, digits.test_images, uncalibrated(network, eight_bit(strategy)))
    assert np.array_equal(found.logits, run(network, digits.test_images)[-1])
    assert set(found.sinad_db) == {np.inf}


def test_cells_of_six_bits_lose_what_seven_keep(network: Network, digits: Digits) -> None:
    stored = eight_bit(CASCADE)
    worst = []
    for bits in (6, 7):
        limited = replace(stored, buffer_cell_bits=bits, adc_bits=adc_bits(stored))
        worst.append(min(run_through(network, digits.test_images, uncalibrated(network, limited)).sinad_db))
    assert worst[0] < 15 < worst[1]


def test_ranges_by_layer_make_codes_of_eight_bits_enough(network: Network, digits: Digits) -> None:
    whole = eight_bit(NEURAL_PIM)
    reads = calibrated(network, digits.train_images, whole)
    good = run_through(network, digits.test_images, reads)
    bad = run_through(network, digits.test_images, uncalibrated(network, whole))
    assert min(good.sinad_db) > 25
    assert max(bad.sinad_db) < 10
    reference = predicted_digits(run(network, digits.test_images)[-1])
    assert (predicted_digits(good.logits) == reference).all()
    # The range is the quantile of what one block of rows really gives.
    first = branch_sums(network[0], layer_vectors(network, digits.train_images)[0].astype(np.int8))
    limit = np.quantile(np.abs(first[0] - first[1]), 0.999)
    assert reads[0].parameters.code_full_scale == pytest.approx(limit, abs=1)
    assert reads[0].unit == reads[0].parameters.code_full_scale / 127


def test_a_trained_network_takes_the_place_of_the_accumulator(network: Network, digits: Digits) -> None:
    p = replace(eight_bit(NEURAL_PIM), dac_bits=4)
    adder = instance(load_peripherals().adder("linear64", 4))
    reads = calibrated(network, digits.train_images, p, adder)
    found = run_through(network, digits.test_images[:4], reads)
    ideal = run_through(network, digits.test_images[:4], calibrated(network, digits.train_images, p))
    assert all(read.hooks.accumulator is not None for read in reads)
    assert found.sinad_db[0] < ideal.sinad_db[0]
    assert np.isfinite(found.sinad_db).all()


def test_noise_of_a_layer_has_the_sinad_that_is_asked_for(network: Network, digits: Digits) -> None:
    reference = int((predicted_digits(run(network, digits.test_images)[-1]) == digits.test_labels).sum())
    assert noisy_correct(network, digits, 200.0, 1) == reference
    assert noisy_correct(network, digits, -40.0, 1) < reference
    levels = noise_levels(network, digits, (-40, 60))
    assert [level.sinad_db for level in levels] == [-40.0, 60.0]
    assert levels[0].mean < levels[1].mean == pytest.approx(100 * reference / IMAGES)
    assert all(level.lowest <= level.mean <= level.highest for level in levels)


@pytest.mark.parametrize(("sinad_db", "seed"), [(float("nan"), 0), (500.0, 0), (10.0, -1)])
def test_bad_noise_is_refused(network: Network, digits: Digits, sinad_db: float, seed: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        noisy_correct(network, digits, sinad_db, seed)


def level(sinad_db: float, mean: float) -> NoiseLevel:
    return NoiseLevel(sinad_db=sinad_db, mean=mean, lowest=mean - 1, highest=mean + 1)


def test_the_knee_is_where_the_drop_begins_and_a_lucky_level_below_it_does_not_count() -> None:
    levels = [level(10, 90), level(15, 97.6), level(20, 97), level(25, 97.5), level(30, 98)]
    assert knee_db(levels, 98) == 25
    assert knee_db(list(reversed(levels)), 98) == 25
    assert knee_db(levels, 99) is None
    assert knee_db(levels, 90) == 10


def study() -> DigitsStudy:
    rows = (
        DigitsRow(
            name="A", strategy=ISAAC, trained=False, correct=(95,), reference=95, images=100, sinad_db=(None, None)
        ),
        DigitsRow(
            name="C, trained", strategy=NEURAL_PIM, trained=True, correct=(18, 16), reference=19, images=20,
            sinad_db=(30.0, 12.5),
        ),
    )  # fmt: skip
    return DigitsStudy(reference=95, images=100, rows=rows, levels=(level(20, 90.0), level(50, 94.8)))


def test_the_report_has_the_knee_the_criterion_and_the_limit() -> None:
    text = "\n".join(digits_lines(study()))
    assert "int8 network 95 correct, 95.00 %" in text
    assert "16 to 18 of 20  10.00  30.0, 12.5" in text
    assert "within 0.5 points of int8 at 50 dB and more: met; the drop stays within that from 50 dB on" in text
    assert "12.5 dB in their worst layer, not 50" in text
    worse = replace(study(), levels=(level(50, 90.0),))
    assert "NOT MET; the drop stays within that at no level" in "\n".join(digits_lines(worse))


def test_a_study_comes_back_from_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept: dict[str, object] = {}
    monkeypatch.setattr(digits_accuracy, "_measured", lambda *arguments: study())
    monkeypatch.setattr(digits_accuracy, "write_entry", lambda kind, key, content: kept.update({key: content}))
    monkeypatch.setattr(digits_accuracy, "read_entry", lambda kind, key: (kept[key], {}) if key in kept else None)
    first = digits_study(5, 1)
    monkeypatch.setattr(digits_accuracy, "_measured", lambda *arguments: pytest.fail("measured again"))
    assert digits_study(5, 1) == first == study()
    assert asdict(first)["rows"][0]["correct"] == (95,)
    for images, instances in ((0, 1), (900, 1), (1, 0)):
        with pytest.raises(ValueError, match="must be between"):
            digits_study(images, instances)


def test_read_outs_that_do_not_fit_are_refused(network: Network, digits: Digits) -> None:
    with pytest.raises(ValueError, match="read_outs must be one for each of the 4 layers, not 1"):
        run_through(network, digits.test_images, uncalibrated(network, eight_bit(ISAAC))[:1])
    with pytest.raises(ValueError, match="strategy must be 'neural_pim', not 'isaac'"):
        calibrated(network, digits.train_images, eight_bit(ISAAC))


@pytest.mark.slow
def test_everything_measured_agrees_with_what_is_known() -> None:
    found = digits_study()
    rows = {row.name: row for row in found.rows}
    assert rows["A"].correct == rows["B"].correct == (found.reference,)
    assert rows["C, range of each layer"].drop <= 0.5
    assert rows["C, whole range"].drop > 50
    assert rows["B, 6-bit buffer cells"].drop > 1
    knee = knee_db(found.levels, found.reference_percent)
    assert knee is not None
    assert 10 < knee < 50
