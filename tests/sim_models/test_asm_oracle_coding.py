"""Stored words: code tables, every weight and input there and back, what is refused."""

import hashlib
import itertools

import numpy as np
import pytest

from sim_models.asm import AsmParameters, decode, encode, product
from sim_models.asm.coding import decode_inputs, decode_joint, encode_inputs, encode_joint, round_inputs
from tests.sim_models import asm_oracle as oracle
from tests.sim_models.asm_oracle import CODES, NAMED_SETS, WIDTHS
from tests.sim_models.daism_refused import assert_refused

CODED_SETS = [(1,), (1, 3)]
OF_WEIGHTS = [
    AsmParameters(alphabets=alphabets, weight_bits=bits, sign_inside=inside, encode_weights=True)
    for alphabets, bits, inside in itertools.product(CODED_SETS, WIDTHS, (False, True))
]
OF_INPUTS = [
    AsmParameters(alphabets=alphabets, input_bits=bits, input_signed=signed, encode_inputs=coded)
    for alphabets, bits, signed, coded in itertools.product(CODED_SETS, (4, 8, 12), (False, True), (False, True))
]


def label(p: AsmParameters) -> str:
    return f"{p.alphabets}-{p.weight_bits}-{p.sign_inside}-{p.input_bits}-{p.input_signed}-{p.encode_inputs}"


def signed_grid(p: AsmParameters) -> list[int]:
    values = oracle.supported_values(p)
    return sorted({sign * value for sign in (-1, 1) for value in values})


def inputs_of(p: AsmParameters) -> list[int]:
    signs = (-1, 1) if p.input_signed else (1,)
    return sorted({sign * value for sign in signs for value in oracle.input_magnitudes(p)})


@pytest.mark.parametrize(
    ("alphabets", "bits", "inside", "levels", "word_bits"),
    [
        ((1, 3), 4, False, 8, 4),
        ((1,), 4, False, 5, 4),
        ((1,), 4, True, 4, 3),
        ((1, 3), 4, True, 6, 4),
        ((1, 3), 8, False, 64, 7),
        ((1,), 8, False, 25, 7),
    ],
)
def test_levels_and_bits(alphabets: tuple[int, ...], bits: int, inside: bool, levels: int, word_bits: int) -> None:
    p = AsmParameters(alphabets=alphabets, weight_bits=bits, sign_inside=inside, encode_weights=True)
    assert len(oracle.supported_values(p)) == levels
    assert p.weight_word_bits == oracle.weight_word_bits(p) == word_bits
    assert p.code_bits * p.codes == word_bits - 1


@pytest.mark.parametrize("alphabets", CODED_SETS)
def test_tables_of_codes(alphabets: tuple[int, ...]) -> None:
    p = AsmParameters(alphabets=alphabets, weight_bits=4, encode_weights=True)
    assert decode(np.arange(8), p).tolist() == list(CODES[alphabets])
    assert decode(np.arange(8, 16), p).tolist() == [-value for value in CODES[alphabets]]
    inputs = AsmParameters(alphabets=alphabets, input_bits=4, encode_inputs=True)
    assert decode_inputs(np.arange(8), inputs).tolist() == list(CODES[alphabets])


def test_short_codes() -> None:
    p = AsmParameters(alphabets=(1,), weight_bits=4, sign_inside=True, encode_weights=True)
    assert p.code_bits == 2
    assert decode(np.arange(8), p).tolist() == [0, 1, 2, 4, 0, -1, -2, -4]
    assert encode([0, 1, 2, 4, -1, -2, -4], p).tolist() == [0, 1, 2, 3, 5, 6, 7]


def test_encoders_emit_one_zero() -> None:
    """Decoders take every other zero."""
    two = AsmParameters(weight_bits=4, encode_weights=True)
    one = AsmParameters(alphabets=(1,), weight_bits=4, encode_weights=True)
    assert int(encode(0, two)) == 0b0111
    assert int(encode(0, one)) == 0b0000
    assert int(encode(0, AsmParameters(encode_weights=True))) == 0b0_111_111
    assert decode([0b0111, 0b1111], two).tolist() == [0, 0]
    assert decode([0, 1, 2, 3, 8, 9, 10, 11], one).tolist() == [0] * 8
    assert int(encode(0, AsmParameters())) == 0
    assert int(decode(1 << 8, AsmParameters())) == 0


def test_worked_example_of_two_codes() -> None:
    p = AsmParameters(weight_bits=4, input_bits=4, encode_weights=True, encode_inputs=True)
    assert int(encode(-6, p)) == 0b1101
    assert int(encode_inputs(12, p)) == 0b110
    assert int(product(-6, 12, p)) == oracle.encoded_product(-6, 12) == -(9 << 3) == -72


def test_products_of_all_pairs_of_codes() -> None:
    p = AsmParameters(weight_bits=4, input_bits=4, encode_weights=True, encode_inputs=True)
    weights, inputs = decode(np.arange(8), p), decode_inputs(np.arange(8), p)
    table = product(weights[:, None], inputs, p)
    assert table.sum() == 1296
    assert hashlib.sha256(table.astype(np.uint8).tobytes()).hexdigest()[:16] == "d6ea7089652b55e7"


@pytest.mark.parametrize("alphabets", CODED_SETS)
def test_signed_products_of_coded_quartets(alphabets: tuple[int, ...]) -> None:
    p = AsmParameters(
        alphabets=alphabets, weight_bits=4, input_bits=4, encode_weights=True, encode_inputs=True, input_signed=True
    )
    weights, inputs = signed_grid(p), inputs_of(p)
    found = product(np.array(weights)[:, None], np.array(inputs), p)
    assert found.tolist() == [[oracle.encoded_product(w, x) for x in inputs] for w in weights]


@pytest.mark.parametrize("p", OF_WEIGHTS, ids=label)
def test_every_weight_in_codes(p: AsmParameters) -> None:
    weights = signed_grid(p)
    words = encode(weights, p)
    assert words.dtype == np.int64
    assert p.weight_word_bits == oracle.weight_word_bits(p)
    assert words.tolist() == [oracle.encode_weight(weight, p) for weight in weights]
    assert decode(words, p).tolist() == weights


@pytest.mark.parametrize("p", OF_WEIGHTS, ids=label)
def test_every_word_of_codes(p: AsmParameters) -> None:
    """Those that fit the top quartet decode, the others are refused."""
    every = range(2**p.weight_word_bits) if p.weight_bits < 16 else range(0, 2**p.weight_word_bits, 13)
    expected = [oracle.decode_weight(word, p) for word in every]
    good = [word for word, value in zip(every, expected, strict=True) if value is not None]
    assert decode(good, p).tolist() == [value for value in expected if value is not None]
    bad = [word for word, value in zip(every, expected, strict=True) if value is None]
    short = p.sign_inside and p.code_bits == 3
    assert bool(bad) == short
    for word in bad[:: max(1, len(bad) // 20)]:
        code = word >> p.code_bits * (p.codes - 1) & 7
        assert_refused(lambda word=word: decode(word, p), "codes", "below 8", f"not {code}")
        assert_refused(lambda word=word: decode([good[0], word], p), "codes", "below 8", f"not {code}")
    for word in (-1, 2**p.weight_word_bits, 2**40):
        assert_refused(lambda word=word: decode(word, p), str(word))


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("bits", [4, 8, 12])
@pytest.mark.parametrize("alphabets", [*NAMED_SETS, (1, 15), (1, 5, 11)])
def test_every_weight_in_sign_and_magnitude(alphabets: tuple[int, ...], bits: int, inside: bool) -> None:
    p = AsmParameters(alphabets=alphabets, weight_bits=bits, sign_inside=inside)
    weights = signed_grid(p)
    words = encode(weights, p).tolist()
    assert words == [abs(weight) + (2**p.magnitude_bits if weight < 0 else 0) for weight in weights]
    assert decode(words, p).tolist() == weights
    off_the_grid = [word for word in range(2**bits) if oracle.decode_weight(word, p) is None]
    for word in off_the_grid[:: max(1, len(off_the_grid) // 20)]:
        assert_refused(lambda word=word: decode(word, p), str(word % 2**p.magnitude_bits))


@pytest.mark.parametrize("p", OF_INPUTS, ids=label)
def test_every_input(p: AsmParameters) -> None:
    values = inputs_of(p)
    words = encode_inputs(values, p)
    assert words.dtype == np.int64
    assert p.input_word_bits == oracle.input_word_bits(p)
    assert words.tolist() == [oracle.encode_input(value, p) for value in values]
    assert decode_inputs(words, p).tolist() == values


@pytest.mark.parametrize("p", OF_INPUTS, ids=label)
def test_every_word_of_inputs(p: AsmParameters) -> None:
    every = range(2**p.input_word_bits)
    assert decode_inputs(np.arange(len(every)), p).tolist() == [oracle.decode_input(word, p) for word in every]
    for word in (-1, len(every), 2**40):
        assert_refused(lambda word=word: decode_inputs(word, p), str(word))


@pytest.mark.parametrize("ties", ["down", "up"])
@pytest.mark.parametrize("p", OF_INPUTS, ids=label)
def test_inputs_on_the_grid_of_their_codes(p: AsmParameters, ties: str) -> None:
    """As a weight of the same width would be rounded, with its sign."""
    if not p.encode_inputs:
        return
    inputs = AsmParameters(
        alphabets=p.alphabets, input_bits=p.input_bits, input_signed=p.input_signed, encode_inputs=True, ties=ties
    )
    as_weight = AsmParameters(alphabets=p.alphabets, weight_bits=p.input_bits, ties=ties)
    values = np.arange(-(2**p.input_bits) + 1 if p.input_signed else 0, 2**p.input_bits)
    expected = []
    for value in values.tolist():
        magnitude = oracle.rounded(abs(value), as_weight)
        expected.append(-magnitude if value < 0 else magnitude)
    found = round_inputs(values, inputs)
    assert found.tolist() == expected
    assert decode_inputs(encode_inputs(found, inputs), inputs).tolist() == expected


def test_joint_codes_of_two_quartets() -> None:
    """Five times the upper digit plus the lower."""
    digits = oracle.JOINT_DIGITS
    values = [16 * upper + lower for upper, lower in itertools.product(digits, digits)]
    found = decode_joint(np.arange(25))
    assert found.tolist() == values
    assert encode_joint(values).tolist() == list(range(25))
    for word in (25, 26, 31, 32, -1):
        assert_refused(lambda word=word: decode_joint(word), str(word))
    for value in (3, 5, 105, 255):
        assert_refused(lambda value=value: encode_joint(value), str(value))
