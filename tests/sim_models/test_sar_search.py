"""The search, decision by decision: worked examples, the closed forms of `convert`, and the converter's limits."""

from collections.abc import Iterator

import numpy as np
import pytest

from sim_models.sar import (
    ClippedParameters,
    Converter,
    SarParameters,
    TrqParameters,
    decode_packed,
    pack,
    search,
    transfer,
    trials,
)
from sim_models.sar.search import Walk, longest_search

# count | r1_start, r1_bits, r1_step_log2, ratio_log2 | words and decisions | flag | aligned | packed | value
EXAMPLES = """
11  0,4,0,3 16:0 8:1 12:0 10:1 11:1 | 0 00001011 1011 11
3   0,4,0,3 16:0 8:0 4:0 2:1 3:1 | 0 00000011 0011 3
77  0,4,0,3 16:1 128:0 64:1 96:0 80:0 72:1 | 1 01001000 01001 76
16  0,4,0,3 16:1 128:0 64:0 32:0 16:1 24:0 | 1 00010000 00010 20
41  32,3,1,2 48:0 32:1 40:1 44:0 42:0 | 0 00001000 100 41
9   0,4,1,6 32:0 16:0 8:1 12:0 10:0 | 0 00001000 0100 9
0   0,4,0,3 16:0 8:0 4:0 2:0 1:0 | 0 00000000 0000 0
15  0,4,0,3 16:0 8:1 12:1 14:1 15:1 | 0 00001111 1111 15
17  0,4,0,3 16:1 128:0 64:0 32:0 16:1 24:0 | 1 00010000 00010 20
31  0,4,0,3 16:1 128:0 64:0 32:0 16:1 24:1 | 1 00011000 00011 28
32  0,4,0,3 16:1 128:0 64:0 32:1 48:0 40:0 | 1 00100000 00100 36
255 0,4,0,3 16:1 128:1 192:1 224:1 240:1 248:1 | 1 11111000 11111 252
0   32,3,1,2 48:0 32:0 128:0 64:0 32:0 16:0 8:0 | 1 00000000 00000 4
31  32,3,1,2 48:0 32:0 128:0 64:0 32:0 16:1 24:1 | 1 00011000 00011 28
32  32,3,1,2 48:0 32:1 40:0 36:0 34:0 | 0 00000000 000 33
47  32,3,1,2 48:0 32:1 40:1 44:1 46:1 | 0 00001110 111 47
48  32,3,1,2 48:1 128:0 64:0 32:1 48:1 56:0 | 1 00110000 00110 52
255 32,3,1,2 48:1 128:1 192:1 224:1 240:1 248:1 | 1 11111000 11111 252
0   0,0,0,3 1:0 | 0 00000000 0 0
1   0,0,0,3 1:1 128:0 64:0 32:0 16:0 8:0 | 1 00000000 00000 4
5   0,3,0,0 8:0 4:1 6:0 5:1 | 0 00000101 101 5
201 0,3,0,0 8:1 128:1 192:1 224:0 208:0 200:1 204:0 202:0 201:1 | 1 11001001 11001001 201
31  0,4,1,6 32:0 16:1 24:1 28:1 30:1 | 0 00011110 1111 31
32  0,4,1,6 32:1 128:0 | 1 00000000 0 64
255 0,4,1,6 32:1 128:1 | 1 10000000 1 192
100 64,4,2,1 128:0 64:1 96:1 112:0 104:0 100:1 | 0 00100100 1001 102
150 64,4,2,1 128:1 128:1 192:0 160:0 144:1 152:0 | 1 10010000 10010 148
127 0,7,0,0 128:0 64:1 96:1 112:1 120:1 124:1 126:1 127:1 | 0 01111111 1111111 127
128 0,7,0,0 128:1 128:1 192:0 160:0 144:0 136:0 132:0 130:0 129:0 | 1 10000000 10000000 128
""".strip().splitlines()

# In brackets: not compared.
SKIPPED = """
16 0,4,0,3 16:1 128:0 64:0 32:0 (16:1) 24:0 | 1 00010000 00010 20
30 0,4,0,3 16:1 128:0 64:0 32:0 (16:1) 24:1 | 1 00011000 00011 28
32 0,4,0,3 16:1 128:0 64:0 32:1 48:0 40:0 | 1 00100000 00100 36
""".strip().splitlines()

AFTER_R1 = """
15  0,4,0,3 16:0 8:1 12:1 14:1 15:1 | 0 00001111 1111 15
16  0,4,0,3 16:1 144:0 80:0 48:0 32:0 24:0 | 1 00000000 00000 20
77  0,4,0,3 16:1 144:0 80:0 48:1 64:1 72:1 | 1 00111000 00111 76
255 0,4,0,3 16:1 144:1 208:1 240:1 (240:0) 248:1 | 1 11101000 11101 252
47  0,4,0,5 16:1 144:0 80:0 48:0 | 1 00000000 000 32
48  0,4,0,5 16:1 144:0 80:0 48:1 | 1 00100000 001 64
245 0,4,0,5 16:1 144:1 208:1 240:1 | 1 11100000 111 255
""".strip().splitlines()


def check_example(row: str, **options: object) -> None:
    left, right = row.split("|")
    count, numbers, *steps = left.split()
    start, r1_bits, step, ratio = map(int, numbers.split(","))
    p = TrqParameters(r1_start=start, r1_bits=r1_bits, r1_step_log2=step, ratio_log2=ratio, **options)
    found = search(int(count), p)
    length = int(found.length)
    shown = [f"{word}:{int(bit)}" for word, bit in zip(found.words, found.decisions, strict=True)]
    marked = [text if used else f"({text})" for text, used in zip(shown, found.compared, strict=True)]
    assert marked[:length] == steps
    for after in (found.words, found.decisions, found.compared):
        assert not after[length:].any()
    flag, aligned, packed, value = right.split()
    x, table = int(count), transfer(p)
    assert (int(~table.in_r1[x] & 1), f"{table.code[x]:08b}", table.value[x]) == (int(flag), aligned, int(value))
    assert table.operations[x] == found.operations == sum("(" not in text for text in steps)
    word = int(flag) << max(p.r1_bits, p.r2_bits) | int(packed, 2)
    assert pack(table, p)[x] == word
    assert decode_packed(word, p, strict=True) == int(value)


@pytest.mark.parametrize("row", EXAMPLES)
def test_worked_examples(row: str) -> None:
    check_example(row)


@pytest.mark.parametrize("row", SKIPPED)
def test_a_known_trial_passes_without_a_comparison(row: str) -> None:
    check_example(row, skip_known_trial=True)


@pytest.mark.parametrize("row", AFTER_R1)
def test_a_trial_above_the_words_of_the_dac_is_forced_to_0(row: str) -> None:
    check_example(row, r2_origin="after_r1")


def configurations_at_0(bits: int, steps: int) -> Iterator[TrqParameters]:
    for step in range(steps):
        for r1_bits in range(bits - step):
            for ratio in range(bits - step):
                fields = {"bits": bits, "r1_step_log2": step, "r1_bits": r1_bits, "ratio_log2": ratio}
                yield TrqParameters(**fields)
                yield TrqParameters(**fields, mid_rise=False)
                yield TrqParameters(**fields, skip_known_trial=True)
                yield TrqParameters(**fields, r2_origin="after_r1")


def configurations_away(bits: int, steps: int) -> Iterator[TrqParameters]:
    for p in configurations_at_0(bits, steps):
        if p.r2_origin == "zero" and p.mid_rise and not p.skip_known_trial:
            for start in range(1, p.maximum - p.r1_size + 1):
                yield TrqParameters(
                    bits=bits, r1_start=start, r1_step_log2=p.r1_step_log2, r1_bits=p.r1_bits, ratio_log2=p.ratio_log2
                )


def check_closed_forms(p: Converter) -> None:
    """The search ends with the code, the range and the number of comparisons of `convert`."""
    counts, table = np.arange(p.maximum + 1), transfer(p)
    found, walk = search(counts, p), Walk(counts.shape, p)
    for _ in walk.run(lambda words: counts >= words):
        pass
    assert np.array_equal(walk.code, table.code), p
    assert np.array_equal(walk.in_r1, table.in_r1), p
    assert np.array_equal(found.operations, table.operations), p
    assert found.length.max() <= longest_search(p) == found.words.shape[-1], p
    assert found.words.min() >= 0, p
    assert found.words.max() <= p.maximum, p


def test_there_are_149_configurations_of_8_bits_from_0_with_steps_up_to_4() -> None:
    assert (
        sum(p.mid_rise and p.r2_origin == "zero" and not p.skip_known_trial for p in configurations_at_0(8, 3)) == 149
    )


@pytest.mark.parametrize(("bits", "steps"), [(2, 2), (5, 5), (8, 3)])
def test_search_equals_closed_form_with_r1_at_0(bits: int, steps: int) -> None:
    for p in configurations_at_0(bits, steps):
        check_closed_forms(p)


@pytest.mark.parametrize("bits", [2, 3, 4, 5])
def test_search_equals_closed_form_with_r1_away_from_0(bits: int) -> None:
    for p in configurations_away(bits, bits):
        check_closed_forms(p)


def test_search_equals_closed_form_in_a_sample_of_8_bits_away_from_0() -> None:
    legal = list(configurations_away(8, 3))
    for index in np.random.default_rng(1).choice(len(legal), 250, replace=False):
        check_closed_forms(legal[index])


@pytest.mark.slow
def test_search_equals_closed_form_in_all_of_8_bits_away_from_0() -> None:
    for p in configurations_away(8, 3):
        check_closed_forms(p)


@pytest.mark.parametrize("bits", [3, 5])
def test_search_of_clipped_converters_equals_closed_form(bits: int) -> None:
    for kept in range(1, bits + 1):
        for step in range(bits - kept + 1):
            for start in range((1 << bits) - (1 << kept + step) + 1):
                check_closed_forms(ClippedParameters(bits=bits, kept_bits=kept, step_log2=step, start=start))


@pytest.mark.parametrize("bits", [2, 8, 16])
def test_search_of_plain_converters_compares_with_the_trials(bits: int) -> None:
    p = SarParameters(bits=bits)
    counts = np.random.default_rng(bits).integers(0, 1 << bits, (3, 7))
    found = search(counts, p)
    assert np.array_equal(found.words, trials(counts, p))
    assert found.compared.all()
    assert (found.length == bits).all()


def test_large_converters_agree_too() -> None:
    check_closed_forms(TrqParameters(bits=16, r1_bits=7, r1_step_log2=1, ratio_log2=4, r2_origin="after_r1"))
    check_closed_forms(TrqParameters(bits=12, r1_start=1000, r1_bits=7, r1_step_log2=1, ratio_log2=4))
    check_closed_forms(ClippedParameters(bits=14, kept_bits=6, step_log2=3, start=77))


def test_counts_are_checked_and_clipped_as_in_conversion() -> None:
    p = TrqParameters()
    assert search([300], p, clip=True).words.tolist() == search([255], p).words.tolist()
    assert search(np.zeros((0, 2), int), p).words.shape == (0, 2, 6)
    with pytest.raises(ValueError) as refused:
        search([256], p)
    assert str(refused.value) == "counts must be at most 255, not 256"
    with pytest.raises(ValueError) as refused:
        search([-1], p, clip=True)
    assert str(refused.value) == "counts must be at least 0, not -1"
