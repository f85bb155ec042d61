"""Stored words of weights and inputs: code tables, round trips, refusals."""

import numpy as np
import pytest

from sim_models.asm import (
    AsmParameters,
    code_values,
    decode,
    decode_inputs,
    decode_joint,
    encode,
    encode_inputs,
    encode_joint,
    supported_inputs,
    supported_values,
)
from tests.sim_models.daism_refused import assert_refused

PAIR = AsmParameters(weight_bits=4, input_bits=4, encode_weights=True, encode_inputs=True)
MAN = AsmParameters(alphabets=(1,), weight_bits=4, input_bits=4, encode_weights=True, encode_inputs=True)
SHORT = AsmParameters(alphabets=(1,), weight_bits=4, sign_inside=True, encode_weights=True)
ALL = tuple(range(1, 16, 2))


def test_codes_of_two_alphabets() -> None:
    values = (1, 2, 4, 8, 3, 6, 12, 0)
    assert code_values(PAIR, 0) == values
    assert decode(np.arange(8), PAIR).tolist() == list(values)
    assert decode(np.arange(8, 16), PAIR).tolist() == [-value for value in values]
    assert decode_inputs(np.arange(8), PAIR).tolist() == list(values)
    assert encode([0, -6, 12, -1], PAIR).tolist() == [0b0111, 0b1101, 0b0110, 0b1000]


def test_codes_of_one_alphabet() -> None:
    values = (0, 0, 0, 0, 1, 2, 4, 8)
    assert code_values(MAN, 0) == values
    assert decode(np.arange(8), MAN).tolist() == decode_inputs(np.arange(8), MAN).tolist() == list(values)
    assert encode([0, 8, -4], MAN).tolist() == [0b0000, 0b0111, 0b1110]


def test_two_bits_do_for_three_of_one_alphabet() -> None:
    assert code_values(SHORT, 0) == (0, 1, 2, 4)
    assert decode(np.arange(8), SHORT).tolist() == [0, 1, 2, 4, 0, -1, -2, -4]
    assert encode([4, -2, 0], SHORT).tolist() == [0b011, 0b110, 0b000]


def test_the_upper_code_is_that_of_the_upper_quartet() -> None:
    p = AsmParameters(encode_weights=True)
    assert encode([0x6C, -0x6C, 0x30], p).tolist() == [0b0_101_110, 0b1_101_110, 0b0_100_111]


def test_plain_words_are_sign_and_magnitude() -> None:
    p = AsmParameters(input_signed=True)
    assert encode([104, -104, 0], p).tolist() == [104, 256 + 104, 0]
    assert decode([104, 256 + 104, 256], p).tolist() == [104, -104, 0]
    assert encode_inputs([-255, 7], p).tolist() == [256 + 255, 7]
    assert decode_inputs([256 + 255, 7, 256], p).tolist() == [-255, 7, 0]
    assert encode_inputs([255, 0], AsmParameters()).tolist() == [255, 0]


@pytest.mark.parametrize(
    ("alphabets", "encoded"),
    [((1,), True), ((1, 3), True), ((1,), False), ((1, 3), False), ((1, 3, 5, 7), False), (ALL, False)],
)
@pytest.mark.parametrize(("width", "inside"), [(4, False), (4, True), (8, False), (8, True), (12, False), (12, True)])
def test_every_weight_comes_back(width: int, inside: bool, alphabets: tuple[int, ...], encoded: bool) -> None:
    p = AsmParameters(weight_bits=width, sign_inside=inside, alphabets=alphabets, encode_weights=encoded)
    values = supported_values(p)
    weights = np.concatenate([-values[::-1], values])
    words = encode(weights, p)
    assert (decode(words, p) == weights).all()
    assert words.max() < 1 << p.weight_word_bits
    assert len(np.unique(words)) == 2 * len(values) - 1  # one word for both zeros


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [4, 8, 12])
@pytest.mark.parametrize("alphabets", [(1,), (1, 3)])
def test_every_input_comes_back(alphabets: tuple[int, ...], bits: int, signed: bool) -> None:
    p = AsmParameters(alphabets=alphabets, input_bits=bits, input_signed=signed, encode_inputs=True)
    values = supported_inputs(p)
    values = np.concatenate([-values, values]) if signed else values
    words = encode_inputs(values, p)
    assert (decode_inputs(words, p) == values).all()
    assert words.max() < 1 << p.input_word_bits


def test_joint_codes() -> None:
    codes = np.arange(25)
    magnitudes = decode_joint(codes)
    assert magnitudes[[0, 1, 4, 5, 24]].tolist() == [0, 1, 8, 16, 0x88]
    assert sorted(magnitudes.tolist()) == supported_values(AsmParameters(alphabets=(1,))).tolist()
    assert (encode_joint(magnitudes) == codes).all()


def test_shapes_are_kept() -> None:
    assert decode(np.zeros((2, 3), int), PAIR).shape == encode(np.zeros((2, 3), int), PAIR).shape == (2, 3)


def test_refused_weights() -> None:
    plain = AsmParameters()
    assert_refused(lambda: encode([105], plain), "weights", "(1, 3)", "105")
    assert_refused(lambda: encode([-5], PAIR), "weights", "(1, 3)", "5")
    assert_refused(lambda: encode([256], plain), "weights", "at most 255", "256")
    assert_refused(lambda: encode([-256], plain), "weights", "at least -255", "-256")
    assert_refused(lambda: encode([1.0], plain), "weights", "integers")
    assert_refused(lambda: decode([105], plain), "codes", "(1, 3)", "105")
    assert_refused(lambda: decode([512], plain), "codes", "at most 511", "512")
    assert_refused(lambda: decode([16], PAIR), "codes", "at most 15", "16")
    assert_refused(lambda: decode([-1], PAIR), "codes", "at least 0", "-1")


def test_refused_codes_of_a_narrow_top_quartet() -> None:
    pair = AsmParameters(weight_bits=8, sign_inside=True, encode_weights=True)
    assert code_values(pair, 1) == (1, 2, 4, -1, 3, 6, -1, 0)
    assert decode([0b011, 0b110], pair).tolist() == [16 + 8, 16 + 12]
    assert_refused(lambda: decode([0b0_011_000], pair), "codes", "below 8", "3")
    assert_refused(lambda: decode([0b1_110_000], pair), "codes", "below 8", "6")
    man = AsmParameters(alphabets=(1,), weight_bits=8, sign_inside=True, encode_weights=True)
    assert_refused(lambda: decode([0b0_111_000], man), "codes", "below 8", "7")
    assert decode([0b0_011_000], man).tolist() == [0]


def test_refused_inputs_and_joint_codes() -> None:
    assert_refused(lambda: encode_inputs([5], PAIR), "values", "(1, 3)", "5")
    assert_refused(lambda: encode_inputs([16], PAIR), "values", "at most 15", "16")
    assert_refused(lambda: encode_inputs([-1], PAIR), "values", "at least 0", "-1")
    assert_refused(lambda: decode_inputs([8], PAIR), "words", "at most 7", "8")
    assert_refused(lambda: decode_inputs([0.0], PAIR), "words", "integers")
    assert_refused(lambda: encode_joint([3]), "magnitudes", "(1,)", "3")
    assert_refused(lambda: encode_joint([256]), "magnitudes", "at most 255")
    assert_refused(lambda: decode_joint([25]), "codes", "at most 24", "25")
    assert_refused(lambda: code_values(AsmParameters(), 0), "encode_weights", "True")
    assert_refused(lambda: code_values(PAIR, 1), "place", "0")
