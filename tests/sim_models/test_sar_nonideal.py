"""The converter with deviations: ideal without any, monotone without noise, and each deviation by its formula."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from sim_models.sar import (
    ClippedParameters,
    Conversion,
    Converter,
    NonIdealSar,
    SarNonIdealities,
    SarParameters,
    TrqParameters,
    convert,
    nmse,
)
from sim_models.sar.linearity import added_nmse, code_histogram, linearity, monte_carlo, noisy_nmse
from sim_models.sar.nonideal import CHUNK, Sampled
from sim_models.sar.nonideal_parameters import capacitor_thresholds, threshold_instances

IDEAL = SarNonIdealities()
FIELDS = ("code", "in_r1", "operations", "value", "clipped")


def converters(bits: int) -> list[Converter]:
    half = bits // 2
    return [
        SarParameters(bits=bits),
        TrqParameters(bits=bits, r1_bits=half, ratio_log2=half),
        TrqParameters(bits=bits, r1_bits=half, ratio_log2=half, skip_known_trial=True),
        TrqParameters(bits=bits, r1_bits=half, ratio_log2=half, r2_origin="after_r1"),
        TrqParameters(bits=bits, r1_bits=0, r1_start=1, ratio_log2=half),
        ClippedParameters(bits=bits, kept_bits=half, step_log2=half // 2, start=1),
    ]


def same(first: Conversion, second: Conversion) -> bool:
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in FIELDS)


@pytest.mark.parametrize("bits", range(2, 17))
def test_without_deviations_all_counts_convert_as_ideal(bits: int) -> None:
    counts = np.arange(1 << bits)
    converter = NonIdealSar(bits, IDEAL)
    assert np.array_equal(converter.thresholds, counts)
    for p in converters(bits):
        assert same(converter.convert(counts, p), convert(counts, p)), p


def test_thresholds_are_shares_of_the_capacitors() -> None:
    deviations = SarNonIdealities(unit_capacitor_sigma=0.05, seed=7)
    made = capacitor_thresholds(4, deviations)
    draws = np.random.default_rng((7, 0)).standard_normal(5)
    capacitors = [2**i + 0.05 * math.sqrt(2**i) * draws[i] for i in range(4)]
    total = sum(capacitors) + 1 + 0.05 * draws[4]
    expected = [16 * sum(c for i, c in enumerate(capacitors) if word >> i & 1) / total for word in range(16)]
    assert made == pytest.approx(expected, rel=1e-12)
    assert np.array_equal(NonIdealSar(4, deviations).thresholds, made)


def test_spread_of_the_middle_threshold_is_that_of_its_capacitors() -> None:
    made = threshold_instances(8, SarNonIdealities(unit_capacitor_sigma=0.01), np.arange(4000))
    assert made.shape == (4000, 256)
    # Both halves of the array have the variance sigma^2 2^(n-1), and each half the weight 1/2.
    assert made[:, 128].std() == pytest.approx(0.01 * math.sqrt(64), rel=0.04)
    assert made[:, 128].mean() == pytest.approx(128, abs=0.01)
    assert np.array_equal(made[17], capacitor_thresholds(8, SarNonIdealities(unit_capacitor_sigma=0.01, seed=17)))


@pytest.mark.parametrize("sigma", [0.02, 0.2, 0.5])
def test_without_noise_values_rise_with_the_counts_whatever_the_mismatch(sigma: float) -> None:
    kinds = [p for p in converters(8) if not isinstance(p, TrqParameters) or p.r1_start == 0]
    kinds += [TrqParameters(r1_bits=1, ratio_log2=6), TrqParameters(r1_bits=7, ratio_log2=2, r1_step_log2=0)]
    for seed in range(40):
        deviations = SarNonIdealities(
            unit_capacitor_sigma=sigma, comparator_offset=0.7, gain_error=-0.02, seed=seed, input_centering=0.3
        )
        converter = NonIdealSar(8, deviations)
        for p in kinds:
            assert (np.diff(converter.convert(np.arange(256), p).value) >= 0).all(), (seed, p)


def test_offset_gain_and_centering_move_the_input_against_the_thresholds() -> None:
    p = SarParameters()
    counts = np.arange(256)
    shifted = NonIdealSar(8, SarNonIdealities(comparator_offset=3.25))
    assert np.array_equal(shifted.convert(counts, p).code, np.maximum(np.floor(counts + 0.5 - 3.25), 0))
    attenuated = NonIdealSar(8, SarNonIdealities(gain_error=-1 / (1 + 9.0)))
    assert np.array_equal(attenuated.convert(counts, p).code, np.floor((counts + 0.5) * 0.9))
    early = NonIdealSar(8, SarNonIdealities(input_centering=1.25))
    assert np.array_equal(early.convert(counts, p).code, np.minimum(counts + 1, 255))


def test_noise_decides_as_often_as_the_normal_distribution_says() -> None:
    converter = NonIdealSar(8, SarNonIdealities(comparator_noise=0.5, seed=3))
    above = converter.compare(np.full(200_000, 100), 101)  # the input is one standard deviation too low
    assert above.mean() == pytest.approx(0.158655, abs=0.004)
    assert not np.array_equal(above, converter.compare(np.full(200_000, 100), 101))  # new noise for each call


def test_fixed_seeds_and_runs_repeat_and_others_do_not() -> None:
    deviations = SarNonIdealities(comparator_noise=1.0, seed=5)
    counts, p = np.full(2 * CHUNK, 77), TrqParameters()
    first = NonIdealSar(8, deviations).convert(counts, p)
    assert same(first, NonIdealSar(8, deviations).convert(counts, p))
    assert not np.array_equal(first.code[:CHUNK], first.code[CHUNK:])
    assert not np.array_equal(first.code, NonIdealSar(8, deviations).convert(counts, p, run=1).code)
    assert not np.array_equal(first.code, NonIdealSar(8, replace(deviations, seed=6)).convert(counts, p).code)


def test_kinds_of_converters_share_the_draws() -> None:
    converter = NonIdealSar(8, SarNonIdealities(comparator_noise=20.0, unit_capacitor_sigma=0.05, seed=2))
    counts = np.random.default_rng(1).integers(0, 256, 5000)
    plain = converter.convert(counts, SarParameters())
    halves = converter.convert(counts, TrqParameters(r1_bits=7))  # also asks first whether the count is 128 or more
    clipped = converter.convert(counts, ClippedParameters(kept_bits=3, step_log2=5))
    assert np.array_equal(plain.code >= 128, ~halves.in_r1)
    assert np.array_equal(plain.code >> 5, clipped.code >> 5)
    assert not np.array_equal(plain.code >= 128, counts >= 128)


def driven(p: Converter, step: Callable[[int], bool]) -> tuple[bool, int, int]:
    """In R1, code and comparisons of one search, word by word, as a controller makes it."""
    if not isinstance(p, TrqParameters):
        base, lowest, bits = 0, 0, p.bits
        if isinstance(p, ClippedParameters):
            base, lowest, bits = p.start, p.step_log2, p.kept_bits
        return True, decided(base, lowest, bits, step, p)[0], bits
    in_r1, operations = not step(p.r1_end), 1
    if in_r1 and p.r1_start:
        in_r1, operations = step(p.r1_start), 2
    if in_r1:
        code, compared = decided(p.r1_start, p.r1_step_log2, p.r1_bits, step, p)
    else:
        base = p.r1_size if p.r2_origin == "after_r1" else 0
        known = p.r1_size if p.skip_known_trial else None
        code, compared = decided(base, p.r2_step_log2, p.r2_bits, step, p, known)
    return in_r1, code, operations + compared


def decided(
    base: int, lowest: int, bits: int, step: Callable[[int], bool], p: Converter, known: int | None = None
) -> tuple[int, int]:
    """Code and comparisons of the search of one range."""
    code, compared = 0, 0
    for place in range(lowest + bits - 1, lowest - 1, -1):
        trial = code + (1 << place)
        if base + trial > p.maximum:
            step(base + code)
        elif trial == known:
            step(trial)
            code = trial
        else:
            compared += 1
            code = trial if step(base + trial) else code
    return code, compared


@pytest.mark.parametrize("p", converters(8), ids=str)
def test_conversion_word_by_word_equals_conversion_at_once(p: Converter) -> None:
    """The way a bench drives it; each answer is that of the voltage which the DAC has reached."""
    deviations = SarNonIdealities(settling=1.5, unit_capacitor_sigma=0.05, comparator_offset=0.4, seed=9)
    converter = NonIdealSar(8, deviations)
    made, late = converter.convert(np.arange(256), p), 0
    for count in range(256):
        held, voltage = converter.sample(count), 0.0

        def step(word: int, count: int = count, held: Sampled = held) -> bool:
            nonlocal voltage, late
            voltage += (converter.thresholds[word] - voltage) * (1 - math.exp(-1.5))
            answer = bool(held.step(word))
            assert answer == (count + 0.5 >= voltage + 0.4)
            late += answer != (count + 0.5 >= converter.thresholds[word] + 0.4)
            return answer

        assert driven(p, step) == (made.in_r1[count], made.code[count], made.operations[count])
    assert late


def test_a_dac_of_many_time_constants_settles_completely() -> None:
    counts = np.arange(256)
    for p in converters(8):
        for constants in (30.0, math.inf):
            late = NonIdealSar(8, SarNonIdealities(settling=constants)).convert(counts, p)
            assert same(late, convert(counts, p))
    hasty = NonIdealSar(8, SarNonIdealities(settling=1.0)).convert(counts, SarParameters())
    assert not np.array_equal(hasty.code, counts)


def test_large_arrays_convert_as_single_counts_do() -> None:
    converter = NonIdealSar(8, SarNonIdealities(unit_capacitor_sigma=0.05, settling=3.0, seed=1))
    counts = np.random.default_rng(1).integers(0, 300, (40, 50))
    for p in converters(8):
        made = converter.convert(counts, p, clip=True)
        table = converter.convert(np.arange(256), p)
        held = np.minimum(counts, 255)
        assert np.array_equal(made.value, table.value[held])
        assert np.array_equal(made.operations, table.operations[held])
        assert np.array_equal(made.clipped, counts > 255)


def test_linearity_is_measured_from_the_line_through_the_ends() -> None:
    straight = linearity(3.5 + 1.02 * np.arange(256))
    assert np.abs(straight.inl).max() < 1e-9
    assert np.abs(straight.dnl).max() < 1e-9
    bent = np.arange(16.0)
    bent[5] += 0.25
    made = linearity(bent)
    assert made.inl.tolist() == [0, 0, 0, 0, 0.25, *[0] * 10]
    assert made.dnl.tolist() == [0, 0, 0, 0.25, -0.25, *[0] * 9]


def test_a_step_of_less_than_nothing_is_a_code_that_is_never_given() -> None:
    missing = 0
    for seed in range(20):
        converter = NonIdealSar(8, SarNonIdealities(unit_capacitor_sigma=0.15, seed=seed))
        fine = np.linspace(0, 256, 1 << 16) - 0.5  # finer than counts
        codes = np.zeros(fine.size, int)
        for bit in (128, 64, 32, 16, 8, 4, 2, 1):
            codes |= np.where(fine + 0.5 >= converter.thresholds[codes | bit], bit, 0)
        never = set(range(1, 255)) - set(codes.tolist())
        narrow = set((1 + np.flatnonzero(linearity(converter.thresholds).dnl <= -1)).tolist())
        assert narrow <= never
        missing += len(narrow)
    assert missing


@pytest.mark.parametrize("thresholds", [[0, 1, 2], np.zeros((4, 4)), [0.0], np.arange(1 << 17)])
def test_linearity_refuses_other_numbers_of_thresholds(thresholds: object) -> None:
    with pytest.raises(ValueError) as refused:
        linearity(thresholds)
    assert str(refused.value).startswith("thresholds must have the shape (2^bits,) with bits 2..16, not ")


def test_linearity_refuses_thresholds_that_do_not_rise() -> None:
    with pytest.raises(ValueError) as refused:
        linearity([0, 3, 2, 1])
    assert str(refused.value) == "thresholds must be finite and rise from the first to the last"


def test_codes_are_counted_by_range() -> None:
    counts = np.random.default_rng(1).integers(0, 256, 1000)
    made, p = convert(counts, TrqParameters()), TrqParameters()
    table = code_histogram(counts, NonIdealSar(8, IDEAL), p)
    assert table.shape == (2, 256)
    assert np.array_equal(table[0], np.bincount(made.code[made.in_r1], minlength=256))
    assert np.array_equal(table[1], np.bincount(made.code[~made.in_r1], minlength=256))


def test_added_error_is_that_of_the_values() -> None:
    histogram, p = np.exp2(-np.arange(256) / 16), TrqParameters()
    assert added_nmse(histogram, NonIdealSar(8, IDEAL), p) == 0
    converter = NonIdealSar(8, SarNonIdealities(comparator_offset=2.0, seed=1))
    values = converter.convert(np.arange(256), p).value
    expected = (histogram @ (values - np.arange(256)) ** 2) / (histogram @ np.arange(256) ** 2)
    assert noisy_nmse(histogram, converter, p) == pytest.approx(expected, rel=1e-12)
    assert added_nmse(histogram, converter, p) == pytest.approx(expected - nmse(histogram, p), rel=1e-12)
    assert noisy_nmse(np.eye(1, 256)[0], NonIdealSar(8, SarNonIdealities(input_centering=2.0)), p) == math.inf


def test_more_mismatch_adds_more_error() -> None:
    histogram, seeds = np.exp2(-np.arange(256) / 16), np.arange(30)
    small, large = (
        monte_carlo(histogram, SarParameters(), SarNonIdealities(unit_capacitor_sigma=sigma), seeds)
        for sigma in (0.05, 0.2)
    )
    assert small.shape == large.shape == (30,)
    assert large.mean() > 4 * small.mean() > 0
    one = NonIdealSar(8, SarNonIdealities(unit_capacitor_sigma=0.2, seed=29))
    assert large[29] == added_nmse(histogram, one, SarParameters())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"unit_capacitor_sigma": -0.1}, "unit_capacitor_sigma must be at least 0, not -0.1"),
        ({"comparator_noise": -1}, "comparator_noise must be at least 0, not -1"),
        ({"unit_capacitor_sigma": math.nan}, "unit_capacitor_sigma must be finite, not nan"),
        ({"comparator_offset": math.inf}, "comparator_offset must be finite, not inf"),
        ({"gain_error": -1.0}, "gain_error must be above -1, not -1.0"),
        ({"gain_error": math.nan}, "gain_error must be finite, not nan"),
        ({"input_centering": -math.inf}, "input_centering must be finite, not -inf"),
        ({"settling": 0.0}, "settling must be above 0, or None, not 0.0"),
        ({"settling": math.nan}, "settling must be above 0, or None, not nan"),
        ({"settling": "fast"}, "settling must be a number, not 'fast'"),
        ({"seed": -1}, "seed must be at least 0, not -1"),
        ({"comparator_noise": "1"}, "comparator_noise must be a number, not '1'"),
    ],
)
def test_bad_deviations_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        SarNonIdealities(**fields)
    assert str(refused.value) == message


def test_bad_calls_are_refused() -> None:
    converter, late = NonIdealSar(8, IDEAL), NonIdealSar(8, SarNonIdealities(settling=1.0))
    for call, message in (
        (lambda: converter.convert([256], SarParameters()), "counts must be at most 255, not 256"),
        (lambda: converter.convert([-1], SarParameters(), clip=True), "counts must be at least 0, not -1"),
        (lambda: converter.convert([1], SarParameters(bits=9)), "bits must be 8, as of this converter, not 9"),
        (lambda: converter.convert([1], SarParameters(), run=-1), "run must be at least 0, not -1"),
        (lambda: converter.compare([1], [256]), "words must be at most 255, not 256"),
        (lambda: converter.compare([1, 2], [1, 2, 3]), "words must have a shape that fits counts, (2,), not (3,)"),
        (lambda: converter.sample([300]), "counts must be at most 255, not 300"),
        (lambda: converter.sample([3]).step(-1), "words must be at least 0, not -1"),
        (lambda: converter.sample([3]).step([1, 2]), "words must have the shape of the counts, (1,), not (2,)"),
        (
            lambda: late.compare([1], [1]),
            "settling must be None to compare without a history of words; sample holds one",
        ),
        (lambda: NonIdealSar(1, IDEAL), "bits must be between 2 and 16, not 1"),
        (lambda: NonIdealSar(8, None), "nonidealities must be a SarNonIdealities, not None"),
        (lambda: noisy_nmse(np.ones(256), converter, SarParameters(), repeats=0), "repeats must be at least 1, not 0"),
        (lambda: threshold_instances(8, IDEAL, [-1]), "seeds must be at least 0, not -1"),
    ):
        with pytest.raises(ValueError) as refused:
            call()
        assert str(refused.value) == message


def test_capacitors_of_no_sum_are_refused() -> None:
    refused = []
    for seed in range(20):
        try:
            capacitor_thresholds(2, SarNonIdealities(unit_capacitor_sigma=50.0, seed=seed))
        except ValueError as error:
            refused.append(str(error))
    assert 0 < len(refused) < 20
    assert set(refused) == {"unit_capacitor_sigma must leave a sum of capacitors above 0, 50.0 does not"}
