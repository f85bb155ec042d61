"""The converters against a search written step by step: worked examples, every small configuration, samples above."""

import random
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_models.sar import SarParameters, TrqParameters, convert, reconstruct
from sim_models.sar.bulk import convert_bulk
from sim_models.sar.coding import decode_aligned, decode_packed, pack
from sim_models.sar.convert import transfer
from sim_models.sar.search import search
from tests.sim_models.sar_oracle import (
    AT_0,
    AWAY,
    Outcome,
    every_legal,
    legal,
    outcome,
    quantized,
    r2_bits,
    table,
)


class Vector(NamedTuple):
    """A worked example: count, configuration, bits of R2, trials with answers, and results."""

    count: int
    p: TrqParameters
    r2_bits: int
    trials: list[tuple[int, bool]]
    operations: int
    flag: int
    aligned: int
    packed: str
    value: int


def vectors(text: str, **option: object) -> list[Vector]:
    """Lines of: count | start, bits, step, ratio (bits of R2) | trials | ops | flag | aligned | packed | value."""
    parsed = []
    for line in text.strip().splitlines():
        count, fields, trials, operations, flag, aligned, packed, value = (part.strip() for part in line.split("|"))
        start, r1_bits, step, ratio, second = map(int, fields.replace("(", ",").replace(")", "").split(","))
        p = TrqParameters(r1_start=start, r1_bits=r1_bits, r1_step_log2=step, ratio_log2=ratio, **option)
        answers = [(int(trial), answer == "1") for trial, answer in (pair.split(":") for pair in trials.split())]
        numbers = int(operations), int(flag), int(aligned, 2)
        parsed.append(Vector(int(count), p, second, answers, *numbers, packed.replace("-", ""), int(value)))
    return parsed


FROM_ZERO = """
 11 |  0,4,0,3 (5) | 16:0 8:1 12:0 10:1 11:1                        | 5 | 0 | 00001011 | 1011     |  11
  3 |  0,4,0,3 (5) | 16:0 8:0 4:0 2:1 3:1                           | 5 | 0 | 00000011 | 0011     |   3
 77 |  0,4,0,3 (5) | 16:1 128:0 64:1 96:0 80:0 72:1                 | 6 | 1 | 01001000 | 01001    |  76
 16 |  0,4,0,3 (5) | 16:1 128:0 64:0 32:0 16:1 24:0                 | 6 | 1 | 00010000 | 00010    |  20
 41 | 32,3,1,2 (5) | 48:0 32:1 40:1 44:0 42:0                       | 5 | 0 | 00001000 | 100      |  41
  9 |  0,4,1,6 (1) | 32:0 16:0 8:1 12:0 10:0                        | 5 | 0 | 00001000 | 0100     |   9
  0 |  0,4,0,3 (5) | 16:0 8:0 4:0 2:0 1:0                           | 5 | 0 | 00000000 | 0000     |   0
 15 |  0,4,0,3 (5) | 16:0 8:1 12:1 14:1 15:1                        | 5 | 0 | 00001111 | 1111     |  15
 17 |  0,4,0,3 (5) | 16:1 128:0 64:0 32:0 16:1 24:0                 | 6 | 1 | 00010000 | 00010    |  20
 31 |  0,4,0,3 (5) | 16:1 128:0 64:0 32:0 16:1 24:1                 | 6 | 1 | 00011000 | 00011    |  28
 32 |  0,4,0,3 (5) | 16:1 128:0 64:0 32:1 48:0 40:0                 | 6 | 1 | 00100000 | 00100    |  36
255 |  0,4,0,3 (5) | 16:1 128:1 192:1 224:1 240:1 248:1             | 6 | 1 | 11111000 | 11111    | 252
  0 | 32,3,1,2 (5) | 48:0 32:0 128:0 64:0 32:0 16:0 8:0             | 7 | 1 | 00000000 | 00000    |   4
 31 | 32,3,1,2 (5) | 48:0 32:0 128:0 64:0 32:0 16:1 24:1            | 7 | 1 | 00011000 | 00011    |  28
 32 | 32,3,1,2 (5) | 48:0 32:1 40:0 36:0 34:0                       | 5 | 0 | 00000000 | 000      |  33
 47 | 32,3,1,2 (5) | 48:0 32:1 40:1 44:1 46:1                       | 5 | 0 | 00001110 | 111      |  47
 48 | 32,3,1,2 (5) | 48:1 128:0 64:0 32:1 48:1 56:0                 | 6 | 1 | 00110000 | 00110    |  52
255 | 32,3,1,2 (5) | 48:1 128:1 192:1 224:1 240:1 248:1             | 6 | 1 | 11111000 | 11111    | 252
  0 |  0,0,0,3 (5) | 1:0                                            | 1 | 0 | 00000000 | -        |   0
  1 |  0,0,0,3 (5) | 1:1 128:0 64:0 32:0 16:0 8:0                   | 6 | 1 | 00000000 | 00000    |   4
  5 |  0,3,0,0 (8) | 8:0 4:1 6:0 5:1                                | 4 | 0 | 00000101 | 101      |   5
201 |  0,3,0,0 (8) | 8:1 128:1 192:1 224:0 208:0 200:1 204:0 202:0 201:1 | 9 | 1 | 11001001 | 11001001 | 201
 31 |  0,4,1,6 (1) | 32:0 16:1 24:1 28:1 30:1                       | 5 | 0 | 00011110 | 1111     |  31
 32 |  0,4,1,6 (1) | 32:1 128:0                                     | 2 | 1 | 00000000 | 0        |  64
255 |  0,4,1,6 (1) | 32:1 128:1                                     | 2 | 1 | 10000000 | 1        | 192
100 | 64,4,2,1 (5) | 128:0 64:1 96:1 112:0 104:0 100:1              | 6 | 0 | 00100100 | 1001     | 102
150 | 64,4,2,1 (5) | 128:1 128:1 192:0 160:0 144:1 152:0            | 6 | 1 | 10010000 | 10010    | 148
127 |  0,7,0,0 (8) | 128:0 64:1 96:1 112:1 120:1 124:1 126:1 127:1  | 8 | 0 | 01111111 | 1111111  | 127
128 |  0,7,0,0 (8) | 128:1 128:1 192:0 160:0 144:0 136:0 132:0 130:0 129:0 | 9 | 1 | 10000000 | 10000000 | 128
"""
WITH_SKIP = """
 16 |  0,4,0,3 (5) | 16:1 128:0 64:0 32:0 24:0                      | 5 | 1 | 00010000 | 00010    |  20
 30 |  0,4,0,3 (5) | 16:1 128:0 64:0 32:0 24:1                      | 5 | 1 | 00011000 | 00011    |  28
 32 |  0,4,0,3 (5) | 16:1 128:0 64:0 32:1 48:0 40:0                 | 6 | 1 | 00100000 | 00100    |  36
"""
AFTER_R1 = """
 15 |  0,4,0,3 (5) | 16:0 8:1 12:1 14:1 15:1                        | 5 | 0 | 00001111 | 1111     |  15
 16 |  0,4,0,3 (5) | 16:1 144:0 80:0 48:0 32:0 24:0                 | 6 | 1 | 00000000 | 00000    |  20
 77 |  0,4,0,3 (5) | 16:1 144:0 80:0 48:1 64:1 72:1                 | 6 | 1 | 00111000 | 00111    |  76
255 |  0,4,0,3 (5) | 16:1 144:1 208:1 240:1 248:1                   | 5 | 1 | 11101000 | 11101    | 252
 47 |  0,4,0,5 (3) | 16:1 144:0 80:0 48:0                           | 4 | 1 | 00000000 | 000      |  32
 48 |  0,4,0,5 (3) | 16:1 144:0 80:0 48:1                           | 4 | 1 | 00100000 | 001      |  64
245 |  0,4,0,5 (3) | 16:1 144:1 208:1 240:1                         | 4 | 1 | 11100000 | 111      | 255
"""
VECTORS = [
    *vectors(FROM_ZERO),
    *vectors(WITH_SKIP, skip_known_trial=True),
    *vectors(AFTER_R1, r2_origin="after_r1"),
]


def named(vector: Vector) -> str:
    p = vector.p
    option = "-skip" if p.skip_known_trial else "-after_r1" if p.r2_origin == "after_r1" else ""
    return f"{p.r1_start},{p.r1_bits},{p.r1_step_log2},{p.ratio_log2}{option}-{vector.count}"


@pytest.mark.parametrize("vector", VECTORS, ids=named)
def test_the_search_step_by_step_gives_the_worked_examples(vector: Vector) -> None:
    result = outcome(vector.count, vector.p)
    compared = [(step.word, step.decision) for step in result.steps if step.compared]
    assert compared == vector.trials
    found = [result.operations, result.flag, result.code, result.value]
    assert found == [vector.operations, vector.flag, vector.aligned, vector.value]
    width = r2_bits(vector.p) if vector.flag else vector.p.r1_bits
    assert len(vector.packed) == width
    shown = result.packed - (vector.flag << max(vector.p.r1_bits, r2_bits(vector.p)))
    assert shown == (int(vector.packed, 2) if width else 0)
    assert r2_bits(vector.p) == vector.r2_bits


@pytest.mark.parametrize("vector", VECTORS, ids=named)
def test_the_models_give_the_worked_examples(vector: Vector) -> None:
    result, steps = convert([vector.count], vector.p), search([vector.count], vector.p)
    found = [result.operations, ~result.in_r1, result.code, result.value]
    assert [int(array[0]) for array in found] == [vector.operations, vector.flag, vector.aligned, vector.value]
    compared = steps.compared[0]
    assert list(zip(steps.words[0][compared].tolist(), steps.decisions[0][compared].tolist(), strict=True)) == (
        vector.trials
    )
    code = int(vector.packed, 2) if vector.packed else 0
    assert pack(result, vector.p).tolist() == [code + (vector.flag << max(vector.p.r1_bits, vector.r2_bits))]
    assert vector.p.r2_bits == vector.r2_bits


@pytest.mark.parametrize(("count", "ratio", "step", "value"), [(16, 3, 0, 16), (77, 3, 0, 72), (9, 6, 1, 8)])
def test_without_mid_rise_a_code_stands_for_its_lower_end(count: int, ratio: int, step: int, value: int) -> None:
    p = TrqParameters(r1_step_log2=step, ratio_log2=ratio, mid_rise=False)
    assert outcome(count, p).value == value
    assert convert([count], p).value.tolist() == [value]


def assert_agrees(p: SarParameters | TrqParameters, counts: Sequence[int], expected: Sequence[Outcome]) -> None:
    """Every golden function gives what the search step by step gave."""
    result, steps = convert(np.array(counts), p), search(np.array(counts), p)
    assert result.code.tolist() == [one.code for one in expected], p
    assert result.value.tolist() == [one.value for one in expected], p
    assert result.operations.tolist() == [one.operations for one in expected], p
    assert not result.clipped.any(), p
    assert reconstruct(np.array(counts), p).tolist() == [one.value for one in expected], p
    assert steps.length.tolist() == [len(one.steps) for one in expected], p
    assert_same_steps(p, steps.words.tolist(), steps.decisions.tolist(), steps.compared.tolist(), expected)
    if isinstance(p, TrqParameters):
        assert result.in_r1.tolist() == [not one.flag for one in expected], p
        assert_same_codes(p, expected)


def assert_same_steps(
    p: SarParameters | TrqParameters,
    words: list[list[int]],
    decisions: list[list[bool]],
    compared: list[list[bool]],
    expected: Sequence[Outcome],
) -> None:
    longest = max(len(one.steps) for one in expected)
    for row_words, row_decisions, row_compared, one in zip(words, decisions, compared, expected, strict=True):
        steps, spare = one.steps, [0] * (len(row_words) - len(one.steps))
        assert len(row_words) >= longest, p
        assert row_decisions == [step.decision for step in steps] + spare, p
        assert row_compared == [step.compared for step in steps] + spare, p
        assert row_words == [step.word for step in steps] + spare, p
        assert all(0 <= word < 2**p.bits for word in row_words), p


def assert_same_codes(p: TrqParameters, expected: Sequence[Outcome]) -> None:
    codes, flags = np.array([one.code for one in expected]), np.array([one.flag for one in expected], dtype=bool)
    packed, values = np.array([one.packed for one in expected]), [one.value for one in expected]
    assert decode_aligned(codes, flags, p).tolist() == values, p
    assert decode_aligned(codes, flags, p, strict=True).tolist() == values, p
    assert decode_packed(packed, p).tolist() == values, p
    assert decode_packed(packed, p, strict=True).tolist() == values, p


def assert_every_count_agrees(configurations: Iterable[SarParameters | TrqParameters]) -> None:
    for p in configurations:
        expected = table(p)
        assert_agrees(p, range(2**p.bits), expected)
        whole = transfer(p)
        assert whole.code.tolist() == [one.code for one in expected], p
        assert whole.value.tolist() == [one.value for one in expected], p
        assert whole.operations.tolist() == [one.operations for one in expected], p
        if isinstance(p, TrqParameters):
            assert whole.in_r1.tolist() == [not one.flag for one in expected], p
            assert pack(whole, p).tolist() == [one.packed for one in expected], p


@pytest.mark.parametrize("bits", range(2, 13))
def test_plain_converters_agree_on_every_count(bits: int) -> None:
    assert_every_count_agrees([SarParameters(bits=bits)])


@pytest.mark.parametrize(
    "bits", [2, 3, 4, pytest.param(5, marks=pytest.mark.slow), pytest.param(6, marks=pytest.mark.slow)]
)
def test_every_legal_configuration_agrees_on_every_count(bits: int) -> None:
    assert_every_count_agrees(every_legal(bits))


def test_a_sample_of_the_legal_configurations_of_6_bits_agrees_on_every_count() -> None:
    assert_every_count_agrees(random.Random(6).sample(list(every_legal(6)), 500))


@pytest.mark.parametrize(
    "option", AT_0, ids=lambda option: ",".join(f"{name}={value}" for name, value in option.items())
)
def test_every_configuration_of_8_bits_with_r1_at_0_agrees_on_every_count(option: dict[str, object]) -> None:
    assert_every_count_agrees(legal(8, away_from_0=False, options=[option]))


def away_from_0(bits: int, number: int) -> list[TrqParameters]:
    """Configurations by chance, with R1 anywhere above 0."""
    chance, chosen = random.Random(bits), []
    while len(chosen) < number:
        d1 = chance.randrange(bits)
        r1_bits, ratio = chance.randrange(bits - d1), chance.randrange(bits - d1)
        size = 2 ** (r1_bits + d1)
        if size <= 2**bits - 2:
            start = chance.randrange(1, 2**bits - size)
            option = chance.choice(AWAY)
            chosen.append(
                TrqParameters(bits=bits, r1_start=start, r1_step_log2=d1, r1_bits=r1_bits, ratio_log2=ratio, **option)
            )
    return chosen


@pytest.mark.parametrize("number", [250, pytest.param(3000, marks=pytest.mark.slow)])
def test_configurations_of_8_bits_with_r1_away_from_0_agree_on_every_count(number: int) -> None:
    assert_every_count_agrees(away_from_0(8, number))


@st.composite
def configurations(draw: st.DrawFn) -> TrqParameters:
    """Any legal configuration of 2 to 16 bits."""
    bits = draw(st.integers(2, 16))
    d1 = draw(st.integers(0, bits - 1))
    chosen = {"r1_step_log2": d1, "r1_bits": draw(st.integers(0, bits - 1 - d1)), "mid_rise": draw(st.booleans())}
    highest = 2**bits - 1 - 2 ** (d1 + chosen["r1_bits"])
    start = draw(st.one_of(st.just(0), st.integers(0, max(0, highest))))
    option = {} if start else draw(st.sampled_from([{}, {"skip_known_trial": True}, {"r2_origin": "after_r1"}]))
    return TrqParameters(bits=bits, r1_start=start, ratio_log2=draw(st.integers(0, bits - 1 - d1)), **chosen, **option)


@given(configurations(), st.data())
@settings(max_examples=300, deadline=None)
def test_any_legal_configuration_agrees_at_its_corners_and_inside(p: TrqParameters, data: st.DataObject) -> None:
    end = p.r1_start + 2 ** (p.r1_bits + p.r1_step_log2)
    corners = {0, 2**p.bits - 1, p.r1_start, p.r1_start - 1, end - 1, end} & set(range(2**p.bits))
    inside = data.draw(st.lists(st.integers(0, 2**p.bits - 1), max_size=10))
    counts = [*sorted(corners), *inside]
    expected = [outcome(count, p) for count in counts]
    assert_agrees(p, counts, expected)
    short = [quantized(count, p) for count in counts]
    assert [(one.flag, one.value) for one in expected] == [(flag, value) for flag, _, value in short]


def test_shape_is_kept_and_counts_above_full_scale_are_converted_as_it() -> None:
    p = TrqParameters()
    counts = np.array([[[0, 255, 256], [16, 384, 2**40]]])
    result, limited = convert(counts, p, clip=True), convert(np.minimum(counts, 255), p)
    for name in ("code", "in_r1", "operations", "value", "clipped"):
        assert getattr(result, name).shape == counts.shape
    assert result.clipped.tolist() == [[[False, False, True], [False, True, True]]]
    for name in ("code", "in_r1", "operations", "value"):
        assert np.array_equal(getattr(result, name), getattr(limited, name))
    assert convert(np.zeros((0, 3), dtype=np.int64), p).value.shape == (0, 3)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint32, np.int64, np.uint64])
@pytest.mark.parametrize("p", [SarParameters(), TrqParameters(), TrqParameters(r1_start=32, r1_bits=3)])
def test_the_type_of_the_counts_changes_nothing(kind: type, p: SarParameters | TrqParameters) -> None:
    counts = np.arange(256).astype(kind)
    expected = table(p)
    for array in (counts, counts[::-1][::-1], np.asfortranarray(counts.reshape(16, 16)).ravel()):
        assert convert(array, p).value.tolist() == [one.value for one in expected]
        assert convert(array, p).operations.tolist() == [one.operations for one in expected]


def test_a_bulk_of_conversions_equals_the_table_of_all_counts() -> None:
    counts = np.random.default_rng(5).integers(0, 300, 1_000_003)
    for p in (TrqParameters(), TrqParameters(r1_start=33, r1_step_log2=1), SarParameters()):
        expected = table(p)
        result = convert(counts, p, clip=True)
        index = np.minimum(counts, 255)
        assert np.array_equal(result.value, np.array([one.value for one in expected])[index])
        assert np.array_equal(result.operations, np.array([one.operations for one in expected])[index])
        assert np.array_equal(result.code, np.array([one.code for one in expected])[index])
        assert np.array_equal(result.clipped, counts > 255)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_bulk_conversion_equals_the_table_of_all_counts(kind: type, threads: int) -> None:
    chance = np.random.default_rng(threads)
    for p in (SarParameters(), TrqParameters(), TrqParameters(r1_start=33, r1_step_log2=1)):
        expected = table(p)
        counts = chance.integers(0, 256 if kind is np.uint8 else 300, (7, 30_011)).astype(kind)
        result = convert_bulk(counts, p, clip=True, threads=threads)
        index = np.minimum(counts.astype(np.int64), 255)
        assert np.array_equal(result.value, np.array([one.value for one in expected])[index])
        assert np.array_equal(result.code, np.array([one.code for one in expected])[index])
        assert np.array_equal(result.operations, np.array([one.operations for one in expected])[index])
        assert np.array_equal(result.in_r1, np.array([not one.flag for one in expected])[index]) or p == SarParameters()
        assert result.clipped == int((counts > 255).sum())


@pytest.mark.parametrize("bits", [9, 12, 16])
def test_bulk_conversion_of_more_than_8_bits(bits: int) -> None:
    p = TrqParameters(bits=bits, r1_start=5, r1_bits=bits - 3, r1_step_log2=1, ratio_log2=2)
    counts = np.random.default_rng(bits).integers(0, 2**bits, 3000).astype(np.uint16)
    expected = [outcome(int(count), p) for count in counts]
    result = convert_bulk(counts, p)
    assert result.value.tolist() == [one.value for one in expected]
    assert result.code.tolist() == [one.code for one in expected]
    assert result.operations.tolist() == [one.operations for one in expected]
    assert result.clipped == 0


@pytest.mark.slow
def test_every_configuration_of_8_bits_with_r1_away_from_0_agrees_with_the_formulas() -> None:
    for p in legal(8, away_from_0=True, options=AWAY):
        result, end = convert(np.arange(256), p), p.r1_start + 2 ** (p.r1_bits + p.r1_step_log2)
        flags, codes, values = zip(*(quantized(count, p) for count in range(256)), strict=True)
        assert result.value.tolist() == list(values), p
        assert result.in_r1.tolist() == [not flag for flag in flags], p
        places = [p.r1_step_log2 + p.ratio_log2 * flag for flag in flags]
        assert result.code.tolist() == [code << place for code, place in zip(codes, places, strict=True)], p
        bits = [8 - place if flag else p.r1_bits for flag, place in zip(flags, places, strict=True)]
        assert result.operations.tolist() == [made + (1 if x >= end else 2) for x, made in enumerate(bits)], p
