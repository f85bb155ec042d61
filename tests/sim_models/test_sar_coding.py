"""Packed and aligned codes: one value for both, over all configurations; codes that no conversion gives are refused."""

import numpy as np
import pytest

from sim_models.sar import TrqParameters, convert, decode_aligned, decode_packed, pack, packed_width, transfer


def legal(bits: int) -> list[TrqParameters]:
    made = []
    for step in range(bits):
        for r1_bits in range(bits - step):
            for ratio in range(bits - step):
                fields = {"bits": bits, "r1_step_log2": step, "r1_bits": r1_bits, "ratio_log2": ratio}
                made += [TrqParameters(**fields, mid_rise=half) for half in (True, False)]
                made += [TrqParameters(**fields, mid_rise=half, r2_origin="after_r1") for half in (True, False)]
                size = 1 << r1_bits + step
                made += [TrqParameters(**fields, r1_start=start) for start in range(1, (1 << bits) - size)]
    return made


@pytest.mark.parametrize("bits", [3, 5])
def test_both_codings_give_the_value_of_each_count(bits: int) -> None:
    for p in legal(bits):
        table = transfer(p)
        packed = pack(table, p)
        assert packed.min() >= 0, p
        assert packed.max() < 2 << packed_width(p), p
        assert np.array_equal(decode_packed(packed, p, strict=True), table.value), p
        assert np.array_equal(decode_aligned(table.code, ~table.in_r1, p, strict=True), table.value), p


@pytest.mark.parametrize("bits", [3, 5])
def test_strict_decoding_takes_the_codes_of_conversions_and_no_others(bits: int) -> None:
    for p in legal(bits)[::7]:
        table = transfer(p)
        given = set(zip(table.code.tolist(), (~table.in_r1).tolist(), strict=True))
        packed = set(pack(table, p).tolist())
        for code in range(1 << bits):
            for flag in (False, True):
                assert accepted(decode_aligned, code, flag, p) == ((code, flag) in given), (p, code, flag)
        for word in range(2 << packed_width(p)):
            assert accepted(decode_packed, word, p) == (word in packed), (p, word)


def accepted(decode: object, *arguments: object) -> bool:
    try:
        decode(*arguments, strict=True)
    except ValueError:
        return False
    return True


def test_codes_that_no_conversion_gives_are_decoded_as_hardware_does_unless_strict() -> None:
    p = TrqParameters()
    assert decode_aligned(0b0000_1000, True, p) == 12  # a step of R2 inside R1
    assert decode_aligned(0b0100_1001, 1, p) == 0b0100_1101  # a bit below the step stays, the half step is joined
    assert decode_packed(0b1_00001, p) == 12
    assert decode_aligned([16, 224], True, TrqParameters(r2_origin="after_r1", ratio_log2=5)).tolist() == [32, 255]


@pytest.mark.parametrize(
    ("code", "flag", "fields", "message"),
    [
        (9, True, {}, "codes must have no bits below the step of their range, not 9"),
        (3, False, {"r1_step_log2": 1}, "codes must have no bits below the step of their range, not 3"),
        (16, False, {}, "codes must be below the size of R1, 16, in R1, not 16"),
        (8, True, {}, "codes must stand for counts outside R1, 0..15, in R2, not 8"),
        (248, True, {"r2_origin": "after_r1"}, "codes must stand for at most 255 in R2, not 248"),
        (40, True, {"r1_start": 32, "r1_bits": 4}, "codes must stand for counts outside R1, 32..47, in R2, not 40"),
        (256, True, {}, "code must be at most 255, not 256"),
        (8, 2, {}, "flag must be at most 1, not 2"),
        ([1, 2], [True, False, True], {}, "flag must have the shape of code, (2,), not (3,)"),
    ],
)
def test_bad_aligned_codes_are_refused(code: object, flag: object, fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        decode_aligned(code, flag, TrqParameters(**fields), strict=True)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (0b100_0000, "packed words must be at most 63, not 64"),
        (-1, "packed words must be at least 0, not -1"),
        (0b1_00001, "codes must stand for counts outside R1, 0..15, in R2, not 8"),
        (0b0_10000, "codes must be below the size of R1, 16, in R1, not 16"),
    ],
)
def test_bad_packed_words_are_refused(word: int, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        decode_packed([word], TrqParameters(), strict=True)
    assert str(refused.value) == message


def test_words_that_are_too_wide_are_refused_in_any_case() -> None:
    with pytest.raises(ValueError) as refused:
        decode_packed([64], TrqParameters())
    assert str(refused.value) == "packed words must be at most 63, not 64"


def test_a_flag_for_all_codes_and_codes_of_any_shape() -> None:
    p = TrqParameters()
    assert decode_aligned([[16, 24], [32, 40]], True, p).tolist() == [[20, 28], [36, 44]]
    made = convert([[3, 77, 255]], p)
    assert decode_aligned(made.code, ~made.in_r1, p).tolist() == [[3, 76, 252]]
