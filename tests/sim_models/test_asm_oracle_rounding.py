"""Rounding onto the grid: checksums, samples, and every word against the nearest of all candidates."""

import hashlib
import itertools

import numpy as np
import pytest

from sim_models.asm import AsmParameters, round_weights
from sim_models.asm.rounding import rounding_table
from tests.sim_models import asm_oracle as oracle
from tests.sim_models.asm_oracle import NAMED_SETS, SETS

ONE, TWO, FOUR, ALL = NAMED_SETS
MODES = [("word", False), ("quartet", False), ("quartet", True)]
ODD_SETS = [(1, 15), (1, 9), (1, 5, 11), (1, 7, 13), (1, 3, 5), (1, 3, 9, 11), (1, 5, 7, 9, 13, 15)]

# magnitude bits, mode, carry, set: start of the SHA-256 of the table of all words, and its sum
CHECKSUMS = [
    (3, "word", False, ONE, "2f517cd66e1f3723", 21),
    (3, "word", False, TWO, "130aa1bc878c3579", 26),
    (3, "word", False, FOUR, "8a851ff82ee7048a", 28),
    (4, "word", False, ONE, "252a22b732e39583", 89),
    (4, "word", False, TWO, "a5da1a8ad4f9b5bb", 110),
    (4, "word", False, FOUR, "51d1d1bb585f83b5", 116),
    (8, "word", False, TWO, "9554260329c56b53", 31228),
    (8, "word", False, FOUR, "278ef421860c21fc", 32416),
    (8, "quartet", False, TWO, "9905b5229573d771", 29920),
    (8, "quartet", False, FOUR, "98735d8299ce7d85", 31552),
    (8, "quartet", True, TWO, "e7873e64d5e3022c", 29920),
    (8, "quartet", True, FOUR, "98735d8299ce7d85", 31552),
    (8, "word", False, ALL, "40aff2e9d2d8922e", 32640),
    (8, "quartet", False, ALL, "40aff2e9d2d8922e", 32640),
    (8, "quartet", True, ALL, "40aff2e9d2d8922e", 32640),
    (12, "word", False, ONE, "9977a020ab3294f5", 6558577),
    (12, "word", False, TWO, "ad448a0fc4e9550f", 8049260),
    (12, "word", False, FOUR, "a06cfca47cc5e587", 8347824),
]

WORD_SAMPLES = {
    TWO: {
        5: 4, 9: 8, 11: 12, 15: 16, 23: 22, 55: 54, 74: 72, 105: 104, 111: 108, 127: 128, 160: 140, 255: 204,
    },
    FOUR: {9: 8, 11: 10, 13: 12, 15: 14, 74: 74, 105: 104, 111: 110, 127: 126, 223: 224, 255: 238},
    ONE: {5: 4, 74: 72, 105: 128, 255: 136},
    ALL: {105: 105, 74: 74, 255: 255},
}  # fmt: skip

# without carry, with carry
QUARTET_SAMPLES = {
    ONE: {15: (8, 16), 31: (24, 32), 109: (72, 128), 223: (136, 128), 105: (72, 72)},
    TWO: {15: (12, 16), 31: (28, 32), 111: (108, 96), 223: (204, 192), 255: (204, 192)},
}

NIBBLES = {
    ONE: [0, 1, 2, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8, 8, 8, 8],
    TWO: [0, 1, 2, 3, 4, 4, 6, 6, 8, 8, 8, 12, 12, 12, 12, 12],
    FOUR: [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 10, 10, 12, 12, 14, 14],
}
CARRYING = {(ONE, "down"): [13, 14, 15], (TWO, "down"): [15], (FOUR, "down"): [], (FOUR, "up"): [15]}

# mean and largest error over all words
ERRORS = {
    (4, "word", False, ONE): (2.06, 7),
    (4, "word", False, TWO): (0.75, 3),
    (4, "word", False, FOUR): (0.25, 1),
    (7, "word", False, ONE): (13.6, 55),
    (7, "word", False, TWO): (2.67, 19),
    (7, "word", False, FOUR): (0.25, 1),
    (8, "word", False, ONE): (31.7, 119),
    (8, "word", False, TWO): (8.85, 51),
    (8, "word", False, FOUR): (1.72, 17),
    (8, "quartet", False, ONE): (34.7, None),
    (8, "quartet", False, TWO): (12.6, None),
    (8, "quartet", False, FOUR): (4.25, None),
    (8, "quartet", True, ONE): (35.1, None),
    (8, "quartet", True, TWO): (12.7, None),
    (8, "quartet", True, FOUR): (4.25, None),
}


def of(bits: int, mode: str, carry: bool, alphabets: tuple[int, ...], ties: str = "down") -> AsmParameters:
    """Parameters with magnitudes of ``bits``: the sign is inside where that leaves no multiple of four."""
    inside = bits % 4 == 3
    return AsmParameters(
        alphabets=alphabets,
        weight_bits=bits + inside,
        sign_inside=inside,
        rounding=mode,
        quartet_carry=carry,
        ties=ties,
    )


def every_table(p: AsmParameters) -> list[int]:
    """The model's table, which rounding all words gives as well."""
    table = rounding_table(p)
    assert (table.shape, table.dtype) == ((2**p.magnitude_bits,), np.int64)
    rounded = round_weights(np.arange(2**p.magnitude_bits), p)
    assert rounded.dtype == np.int64
    np.testing.assert_array_equal(rounded, table)
    return table.tolist()


@pytest.mark.parametrize(("bits", "mode", "carry", "alphabets", "checksum", "total"), CHECKSUMS)
def test_checksums(bits: int, mode: str, carry: bool, alphabets: tuple[int, ...], checksum: str, total: int) -> None:
    p = of(bits, mode, carry, alphabets)
    for table in (every_table(p), oracle.rounding_table(p)):
        content = np.array(table).astype("<u1" if bits <= 8 else "<u2").tobytes()
        assert (hashlib.sha256(content).hexdigest()[:16], sum(table)) == (checksum, total)


@pytest.mark.parametrize("alphabets", WORD_SAMPLES)
def test_samples_of_whole_words(alphabets: tuple[int, ...]) -> None:
    samples = WORD_SAMPLES[alphabets]
    assert round_weights(list(samples), of(8, "word", False, alphabets)).tolist() == list(samples.values())


@pytest.mark.parametrize("alphabets", QUARTET_SAMPLES)
@pytest.mark.parametrize("carry", [False, True])
def test_samples_quartet_by_quartet(alphabets: tuple[int, ...], carry: bool) -> None:
    samples = QUARTET_SAMPLES[alphabets]
    found = round_weights(list(samples), of(8, "quartet", carry, alphabets))
    assert found.tolist() == [pair[carry] for pair in samples.values()]


@pytest.mark.parametrize("alphabets", NIBBLES)
def test_maps_of_single_quartets(alphabets: tuple[int, ...]) -> None:
    """Also below the top, where a word's upper quartet stays zero."""
    for mode in ("word", "quartet"):
        assert every_table(of(4, mode, False, alphabets)) == NIBBLES[alphabets]
    assert every_table(of(8, "quartet", False, alphabets))[:16] == NIBBLES[alphabets]


@pytest.mark.parametrize(("alphabets", "ties"), CARRYING)
def test_quartets_that_carry(alphabets: tuple[int, ...], ties: str) -> None:
    """The top quartet never does."""
    low = every_table(of(8, "quartet", True, alphabets, ties))[:16]
    assert [word for word, result in enumerate(low) if result == 16] == CARRYING[alphabets, ties]
    assert max(every_table(of(4, "quartet", True, alphabets, ties))) < 16


@pytest.mark.parametrize(("bits", "mode", "carry", "alphabets"), ERRORS)
def test_mean_and_largest_errors(bits: int, mode: str, carry: bool, alphabets: tuple[int, ...]) -> None:
    mean, largest = ERRORS[bits, mode, carry, alphabets]
    errors = [abs(result - word) for word, result in enumerate(every_table(of(bits, mode, carry, alphabets)))]
    assert f"{sum(errors) / len(errors):.3g}" == f"{mean:.3g}"
    assert largest in (None, max(errors))


@pytest.mark.parametrize("ties", ["down", "up"])
@pytest.mark.parametrize(("mode", "carry"), MODES)
@pytest.mark.parametrize("bits", [3, 4, 7, 8])
def test_every_word_of_every_set(bits: int, mode: str, carry: bool, ties: str) -> None:
    for alphabets in SETS:
        p = of(bits, mode, carry, alphabets, ties)
        assert every_table(p) == oracle.rounding_table(p), p


@pytest.mark.parametrize(("mode", "carry"), MODES)
@pytest.mark.parametrize("bits", [11, 12])
def test_every_word_of_12_bits(bits: int, mode: str, carry: bool) -> None:
    for alphabets, ties in itertools.product([*NAMED_SETS, *ODD_SETS], ("down", "up")):
        p = of(bits, mode, carry, alphabets, ties)
        if mode == "word" or alphabets in NAMED_SETS[1:3]:
            assert every_table(p) == oracle.rounding_table(p), p
        else:
            assert_sampled(p)


@pytest.mark.parametrize(("mode", "carry"), MODES)
@pytest.mark.parametrize("bits", [15, 16])
def test_words_of_16_bits(bits: int, mode: str, carry: bool) -> None:
    for alphabets, ties in itertools.product([*NAMED_SETS, *ODD_SETS[:2]], ("down", "up")):
        assert_sampled(of(bits, mode, carry, alphabets, ties))


def assert_sampled(p: AsmParameters) -> None:
    table, limit = every_table(p), 2**p.magnitude_bits
    words = [*range(40), *range(limit - 40, limit), *range(3, limit, 211)]
    assert [table[word] for word in words] == [oracle.rounded(word, p) for word in words], p


@pytest.mark.parametrize("bits", [3, 4, 7, 8, 11, 12])
def test_two_words_around_are_as_good_as_all(bits: int) -> None:
    """The oracle's short cut."""
    for alphabets, ties in itertools.product([*NAMED_SETS[:3], (1, 15)], ("down", "up")):
        p = of(bits, "word", False, alphabets, ties)
        for word in range(0, 2**bits, 1 if bits <= 8 else 37):
            assert oracle.rounded(word, p) == oracle.nearest(word, oracle.supported_values(p), ties)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_shapes_are_kept(shape: tuple[int, ...]) -> None:
    found = round_weights(np.full(shape, 105, np.uint8), AsmParameters())
    assert found.shape == shape
    assert (found == 104).all()


def test_callers_cannot_change_the_table() -> None:
    p = AsmParameters()
    before = rounding_table(p).tolist()
    rounded = round_weights(np.arange(256), p)
    rounded[:] = 0
    table = rounding_table(p)
    if table.flags.writeable:
        table[:] = 0
    assert rounding_table(p).tolist() == before
