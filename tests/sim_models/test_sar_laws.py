"""What twin-range quantization promises in closed form: errors, order of the values, comparisons."""

import itertools
import random
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest

from sim_models.sar import TrqParameters, convert
from tests.sim_models.sar_oracle import AT_0, AWAY, every_legal, legal, mean


def size(p: TrqParameters) -> int:
    return 2 ** (p.r1_bits + p.r1_step_log2)


def r2_step(p: TrqParameters) -> int:
    return 2 ** (p.r1_step_log2 + p.ratio_log2)


def counts(p: TrqParameters) -> np.ndarray:
    return np.arange(2**p.bits)


def monotone(p: TrqParameters) -> bool:
    return bool((np.diff(convert(counts(p), p).value) >= 0).all())


def small() -> Iterator[TrqParameters]:
    for bits in range(2, 7):
        yield from every_legal(bits)


def of_8_bits() -> Iterator[TrqParameters]:
    """All with R1 at 0, and a sample of the others."""
    yield from legal(8, away_from_0=False, options=AT_0)
    chosen = random.Random(8).sample(list(legal(8, away_from_0=True)), 1000)
    for p, option in itertools.product(chosen, AWAY):
        yield TrqParameters(
            r1_start=p.r1_start, r1_step_log2=p.r1_step_log2, r1_bits=p.r1_bits, ratio_log2=p.ratio_log2, **option
        )


EVERY = pytest.mark.parametrize("family", [small, of_8_bits], ids=["2 to 6 bits", "8 bits"])


def test_149_configurations_of_8_bits_have_r1_at_0_and_a_step_of_at_most_4() -> None:
    assert sum(1 for _ in legal(8, away_from_0=False, steps=range(3))) == 149


@EVERY
def test_errors_stay_within_half_a_step_or_below_a_whole_one_without_mid_rise(family) -> None:
    for p in family():
        result, x = convert(counts(p), p), counts(p)
        step = np.where(result.in_r1, 2**p.r1_step_log2, r2_step(p))
        error = result.value - x
        assert (2 * abs(error) <= step).all() if p.mid_rise else ((error <= 0) & (-error <= step - 1)).all(), p
        if p.r1_step_log2 == 0:
            assert not error[result.in_r1].any(), p
            assert p.ratio_log2 or not error.any(), p


@EVERY
def test_each_range_is_what_its_name_says_and_values_are_counts(family) -> None:
    for p in family():
        result, x = convert(counts(p), p), counts(p)
        assert np.array_equal(result.in_r1, (p.r1_start <= x) & (x < p.r1_start + size(p))), p
        assert result.value.min() >= 0, p
        assert result.value.max() <= 2**p.bits - 1, p


@EVERY
def test_order_is_kept_with_r1_at_0_but_where_a_coarse_cell_covers_r1_and_reads_0(family) -> None:
    """R1 of one level reads 0 itself, so that nothing is out of order then."""
    for p in family():
        if not p.r1_start:
            covered = not p.mid_rise and p.r2_origin == "zero" and p.ratio_log2 > p.r1_bits > 0
            assert monotone(p) != covered, p


@EVERY
def test_order_is_kept_with_r1_away_from_0_where_both_its_ends_are(family) -> None:
    """The last code below R1 and its first one must be in order, and its last one and the first above it."""
    for p in family():
        if p.r1_start:
            h1, h2 = (2**p.r1_step_log2 // 2, r2_step(p) // 2) if p.mid_rise else (0, 0)
            end = p.r1_start + size(p)
            below, above = ((x // r2_step(p)) * r2_step(p) + h2 for x in (p.r1_start - 1, end))
            ordered = below <= p.r1_start + h1 and end - 2**p.r1_step_log2 + h1 <= above
            assert monotone(p) == ordered, p
            if p.r1_start % r2_step(p) == 0 == end % r2_step(p):
                assert ordered, p


def test_order_is_lost_where_r1_starts_inside_a_coarse_cell() -> None:
    p = TrqParameters(r1_start=32, r1_bits=3, r1_step_log2=1, ratio_log2=5)
    assert convert([33, 47, 50], p).value.tolist() == [33, 47, 32]
    assert not monotone(p)


def test_ends_of_r1_off_the_grid_of_r2_do_not_always_lose_the_order() -> None:
    p = TrqParameters(bits=2, r1_start=1, r1_bits=0, ratio_log2=1)
    assert convert([0, 1, 2, 3], p).value.tolist() == [1, 1, 3, 3]


@EVERY
def test_the_last_cell_is_limited_exactly_where_r1_is_half_a_step_of_r2(family) -> None:
    for p in family():
        if p.r2_origin == "after_r1":
            x, half = counts(p)[size(p) :], r2_step(p) // 2 if p.mid_rise else 0
            unlimited = size(p) + (x - size(p)) // r2_step(p) * r2_step(p) + half
            assert (unlimited.max() > 2**p.bits - 1) == (p.mid_rise and 2 * size(p) == r2_step(p)), p
            assert np.array_equal(convert(x, p).value, np.minimum(unlimited, 2**p.bits - 1)), p


@EVERY
def test_comparisons_follow_from_the_range(family) -> None:
    """One or two that find the range, and one for each bit in it."""
    for p in family():
        if p.r2_origin == "zero" and not p.skip_known_trial:
            result, x = convert(counts(p), p), counts(p)
            second = p.bits - p.r1_step_log2 - p.ratio_log2
            found = 1 if p.r1_start == 0 else np.where(x >= p.r1_start + size(p), 1, 2)
            assert np.array_equal(result.operations, found + np.where(result.in_r1, p.r1_bits, second)), p
            assert result.operations.max() <= p.worst_operations <= p.slots, p


@EVERY
def test_mean_comparisons_with_r1_at_0_are_a_mixture_of_two(family) -> None:
    chance = random.Random(1)
    for p in itertools.islice(family(), 0, None, 37):
        if p.r1_start == 0 and p.r2_origin == "zero" and not p.skip_known_trial:
            histogram = [chance.randrange(50) + (x < size(p)) for x in range(2**p.bits)]
            inside = Fraction(sum(histogram[: size(p)]), sum(histogram))
            second = p.bits - p.r1_step_log2 - p.ratio_log2
            operations = convert(counts(p), p).operations.tolist()
            assert mean(histogram, operations) == 1 + inside * p.r1_bits + (1 - inside) * second, p


@EVERY
def test_a_skipped_trial_changes_comparisons_only_and_of_one_octave_only(family) -> None:
    seen = 0
    for p in family():
        if p.skip_known_trial:
            x, skipping = counts(p), convert(counts(p), p)
            asking = convert(
                x,
                TrqParameters(
                    bits=p.bits,
                    r1_step_log2=p.r1_step_log2,
                    r1_bits=p.r1_bits,
                    ratio_log2=p.ratio_log2,
                    mid_rise=p.mid_rise,
                ),
            )
            for name in ("code", "in_r1", "value"):
                assert np.array_equal(getattr(skipping, name), getattr(asking, name)), p
            known = (size(p) <= x) & (x < 2 * size(p)) & (p.r1_bits >= p.ratio_log2)
            assert np.array_equal(asking.operations - skipping.operations, known), p
            seen += int(known.any())
    assert seen


@EVERY
def test_after_r1_saves_the_comparison_of_each_word_beyond_the_converter(family) -> None:
    seen = 0
    for p in family():
        if p.r2_origin == "after_r1":
            x, result = counts(p), convert(counts(p), p)
            trials = np.zeros(x.shape, dtype=int)
            for place in range(p.r2_bits):  # the trial at each place keeps the bits of the code above it
                weight = r2_step(p) << place
                code = (x - size(p)) // (2 * weight) * (2 * weight)
                trials += (size(p) + code + weight < 2**p.bits) & ~result.in_r1
            assert np.array_equal(result.operations, 1 + np.where(result.in_r1, p.r1_bits, trials)), p
            cells = -(-(2**p.bits - size(p)) // r2_step(p))
            assert p.r2_bits == (cells - 1).bit_length(), p
            seen += int((trials[size(p) :] < p.r2_bits).any())
    assert seen


def test_r1_of_one_level_takes_one_comparison() -> None:
    for d1 in range(8):
        p = TrqParameters(r1_bits=0, r1_step_log2=d1, ratio_log2=0)
        assert convert(np.arange(2**d1), p).operations.tolist() == [1] * 2**d1
        assert convert(np.arange(2**d1), p).value.tolist() == [2**d1 // 2] * 2**d1


def test_equal_steps_of_one_give_back_every_count() -> None:
    for bits in range(2, 11):
        for r1_bits in range(bits):
            p = TrqParameters(bits=bits, r1_bits=r1_bits, ratio_log2=0)
            assert np.array_equal(convert(counts(p), p).value, counts(p))
            assert convert(counts(p), p).operations.max() == bits + 1


def test_r2_of_one_bit_takes_two_comparisons() -> None:
    for d1 in range(8):
        p = TrqParameters(r1_step_log2=d1, r1_bits=7 - d1, ratio_log2=7 - d1)
        result = convert(np.arange(128, 256), p)
        assert set(result.operations.tolist()) == {2}
        assert set(result.value.tolist()) == {192}


def test_r1_of_half_the_converter_takes_as_many_comparisons_as_a_plain_one() -> None:
    p = TrqParameters(r1_bits=7, ratio_log2=0)
    assert set(convert(np.arange(128), p).operations.tolist()) == {8}
    assert set(convert(np.arange(128, 256), p).operations.tolist()) == {9}
