"""Supported values and rounding tables against their published-idea counts, digests and samples."""

from hashlib import sha256

import numpy as np
import pytest

from sim_models.asm import (
    ALPHABET,
    SHIFT,
    AsmParameters,
    input_rounding_table,
    is_supported,
    round_inputs,
    round_weights,
    rounding_table,
    supported_inputs,
    supported_quartets,
    supported_values,
)
from tests.sim_models.daism_refused import assert_refused

MAN, PAIR, FOUR, ALL = (1,), (1, 3), (1, 3, 5, 7), tuple(range(1, 16, 2))
WIDTHS = {3: (4, True), 4: (4, False), 7: (8, True), 8: (8, False), 12: (12, False)}
CARRY = {"rounding": "quartet", "quartet_carry": True}
QUARTET = {"rounding": "quartet"}


def parameters(alphabets: tuple[int, ...], magnitude: int = 8, **fields: object) -> AsmParameters:
    width, inside = WIDTHS[magnitude]
    return AsmParameters(alphabets=alphabets, weight_bits=width, sign_inside=inside, **fields)


def test_control_table() -> None:
    assert ALPHABET == (0, 1, 1, 3, 1, 5, 3, 7, 1, 9, 5, 11, 3, 13, 7, 15)
    assert SHIFT == (0, 0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0)
    assert [alphabet << shift for alphabet, shift in zip(ALPHABET, SHIFT, strict=True)] == list(range(16))


@pytest.mark.parametrize(
    ("alphabets", "full", "top", "counts"),
    [
        (MAN, (0, 1, 2, 4, 8), (0, 1, 2, 4), (5, 25, 125)),
        (PAIR, (0, 1, 2, 3, 4, 6, 8, 12), (0, 1, 2, 3, 4, 6), (8, 64, 512)),
        (FOUR, (*range(9), 10, 12, 14), tuple(range(8)), (12, 144, 1728)),
        (ALL, tuple(range(16)), tuple(range(8)), (16, 256, 4096)),
    ],
)
def test_supported_values(
    alphabets: tuple[int, ...], full: tuple[int, ...], top: tuple[int, ...], counts: tuple[int, ...]
) -> None:
    assert supported_quartets(parameters(alphabets), 1) == full
    assert supported_quartets(parameters(alphabets, 7), 0) == full
    assert supported_quartets(parameters(alphabets, 7), 1) == top
    for magnitude, count in zip((4, 8, 12), counts, strict=True):
        p = parameters(alphabets, magnitude)
        values = supported_values(p)
        assert len(values) == count
        assert (np.diff(values) > 0).all()
        assert np.flatnonzero(is_supported(np.arange(2**magnitude), p)).tolist() == values.tolist()


def test_supported_inputs() -> None:
    assert supported_inputs(AsmParameters(input_bits=3)).tolist() == list(range(8))
    assert supported_inputs(AsmParameters(input_bits=4, encode_inputs=True)).tolist() == [0, 1, 2, 3, 4, 6, 8, 12]


@pytest.mark.parametrize(
    ("magnitude", "fields", "alphabets", "digest", "total"),
    [
        (3, {}, MAN, "2f517cd66e1f3723", 21),
        (3, {}, PAIR, "130aa1bc878c3579", 26),
        (3, {}, FOUR, "8a851ff82ee7048a", 28),
        (4, {}, MAN, "252a22b732e39583", 89),
        (4, {}, PAIR, "a5da1a8ad4f9b5bb", 110),
        (4, {}, FOUR, "51d1d1bb585f83b5", 116),
        (8, {}, PAIR, "9554260329c56b53", 31228),
        (8, {}, FOUR, "278ef421860c21fc", 32416),
        (8, QUARTET, PAIR, "9905b5229573d771", 29920),
        (8, QUARTET, FOUR, "98735d8299ce7d85", 31552),
        (8, CARRY, PAIR, "e7873e64d5e3022c", 29920),
        (8, CARRY, FOUR, "98735d8299ce7d85", 31552),
        (12, {}, MAN, "9977a020ab3294f5", 6558577),
        (12, {}, PAIR, "ad448a0fc4e9550f", 8049260),
        (12, {}, FOUR, "a06cfca47cc5e587", 8347824),
        (8, {}, ALL, "40aff2e9d2d8922e", 32640),
        (8, QUARTET, ALL, "40aff2e9d2d8922e", 32640),
        (8, CARRY, ALL, "40aff2e9d2d8922e", 32640),
    ],
)
def test_tables(magnitude: int, fields: dict, alphabets: tuple[int, ...], digest: str, total: int) -> None:
    table = rounding_table(parameters(alphabets, magnitude, **fields))
    stored = table.astype(np.uint8 if magnitude <= 8 else np.dtype("<u2"))
    assert sha256(stored.tobytes()).hexdigest()[:16] == digest
    assert (table.shape, int(table.sum())) == ((2**magnitude,), total)


@pytest.mark.parametrize(
    ("alphabets", "nibbles", "carried"),
    [
        (MAN, [0, 1, 2, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8, 8, 8, 8], [13, 14, 15]),
        (PAIR, [0, 1, 2, 3, 4, 4, 6, 6, 8, 8, 8, 12, 12, 12, 12, 12], [15]),
        (FOUR, [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 10, 10, 12, 12, 14, 14], []),
    ],
)
def test_nibbles(alphabets: tuple[int, ...], nibbles: list[int], carried: list[int]) -> None:
    assert rounding_table(parameters(alphabets, 4)).tolist() == nibbles
    assert rounding_table(parameters(alphabets, 8, **QUARTET))[:16].tolist() == nibbles
    assert np.flatnonzero(rounding_table(parameters(alphabets, 8, **CARRY))[:16] == 16).tolist() == carried


def test_a_tie_upwards_carries() -> None:
    assert np.flatnonzero(rounding_table(parameters(FOUR, 8, ties="up", **CARRY))[:16] == 16).tolist() == [15]
    assert round_weights([5, 9, 10, 23], parameters(PAIR, ties="up")).tolist() == [6, 8, 12, 24]


@pytest.mark.parametrize(
    ("alphabets", "pairs"),
    [
        (
            PAIR,
            {5: 4, 9: 8, 11: 12, 15: 16, 23: 22, 55: 54, 74: 72, 105: 104, 111: 108, 127: 128, 160: 140, 255: 204},
        ),
        (FOUR, {9: 8, 11: 10, 13: 12, 15: 14, 105: 104, 111: 110, 127: 126, 223: 224, 255: 238}),
        (MAN, {5: 4, 74: 72, 105: 128, 255: 136}),
    ],
)
def test_samples_of_words(alphabets: tuple[int, ...], pairs: dict[int, int]) -> None:
    assert round_weights(list(pairs), parameters(alphabets)).tolist() == list(pairs.values())


@pytest.mark.parametrize(
    ("alphabets", "triples"),
    [
        (MAN, [(15, 8, 16), (31, 24, 32), (109, 72, 128), (223, 136, 128)]),
        (PAIR, [(15, 12, 16), (31, 28, 32), (111, 108, 96), (223, 204, 192), (255, 204, 192)]),
    ],
)
def test_samples_of_quartets(alphabets: tuple[int, ...], triples: list[tuple[int, int, int]]) -> None:
    values, plain, carried = zip(*triples, strict=True)
    assert round_weights(values, parameters(alphabets, **QUARTET)).tolist() == list(plain)
    assert round_weights(values, parameters(alphabets, **CARRY)).tolist() == list(carried)


@pytest.mark.parametrize(
    ("magnitude", "fields", "errors"),
    [
        (4, {}, ((2.06, 7), (0.75, 3), (0.25, 1))),
        (7, {}, ((13.6, 55), (2.67, 19), (0.25, 1))),
        (8, {}, ((31.7, 119), (8.85, 51), (1.72, 17))),
        (8, QUARTET, ((34.7, 119), (12.6, 51), (4.25, 17))),
        (8, CARRY, ((35.1, 127), (12.7, 63), (4.25, 17))),
    ],
)
def test_errors_over_uniform_magnitudes(magnitude: int, fields: dict, errors: tuple[tuple[float, int], ...]) -> None:
    for alphabets, (mean, largest) in zip((MAN, PAIR, FOUR), errors, strict=True):
        error = np.abs(rounding_table(parameters(alphabets, magnitude, **fields)) - np.arange(2**magnitude))
        assert float(f"{error.mean():.3g}") == mean
        assert error.max() == largest


@pytest.mark.parametrize("fields", [{}, QUARTET, CARRY, {"ties": "up"}])
@pytest.mark.parametrize("alphabets", [MAN, PAIR, FOUR, (1, 9), (1, 11, 15)])
@pytest.mark.parametrize("magnitude", sorted(WIDTHS))
def test_tables_hold_supported_words_and_keep_them(magnitude: int, alphabets: tuple[int, ...], fields: dict) -> None:
    p = parameters(alphabets, magnitude, **fields)
    table = rounding_table(p)
    assert is_supported(table, p).all()
    assert (table[supported_values(p)] == supported_values(p)).all()


def test_inputs_are_rounded_by_the_same_rule() -> None:
    p = AsmParameters(input_bits=4, input_signed=True)
    assert round_inputs([-5, 5, -15, 0, 9], p).tolist() == [-4, 4, -12, 0, 8]
    assert input_rounding_table(AsmParameters()).tolist() == rounding_table(AsmParameters()).tolist()
    assert input_rounding_table(AsmParameters(alphabets=MAN, input_bits=6)).shape == (64,)


def test_tables_cannot_be_changed() -> None:
    with pytest.raises(ValueError):
        rounding_table(AsmParameters())[0] = 1


def test_refusals() -> None:
    p = AsmParameters()
    assert_refused(lambda: round_weights([256], p), "magnitudes", "at most 255", "256")
    assert_refused(lambda: round_weights([-1], p), "magnitudes", "at least 0", "-1")
    assert_refused(lambda: round_weights([1.0], p), "magnitudes", "integers", "float64")
    assert_refused(lambda: is_supported([256], p), "magnitudes", "at most 255")
    assert_refused(lambda: round_inputs([-1], p), "values", "at least 0", "-1")
    assert_refused(lambda: round_inputs([256], p), "values", "at most 255", "256")
    assert_refused(lambda: round_inputs([0.5], p), "values", "integers")
    assert_refused(lambda: supported_quartets(p, 2), "place", "between 0 and 1", "2")
    assert_refused(lambda: rounding_table(8), "parameters", "AsmParameters")
