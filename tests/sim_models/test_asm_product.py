"""Products and sums: worked examples, digests, exhaustive pairs, mixed alphabets, refusals."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import islice

import numpy as np
import pytest

from sim_models.asm import AsmParameters, decode, decode_inputs, matmul, product, round_weights, supported_values
from tests.sim_models.daism_refused import assert_refused

MAN, PAIR, FOUR, ALL = (1,), (1, 3), (1, 3, 5, 7), tuple(range(1, 16, 2))
CODED = AsmParameters(weight_bits=4, input_bits=4, encode_weights=True, encode_inputs=True)


@pytest.mark.parametrize(
    ("alphabets", "rounding", "weight", "rounded", "expected"),
    [
        (ALL, "word", 105, 105, 1365),
        (FOUR, "word", 105, 104, 1352),
        (PAIR, "word", 105, 104, 1352),
        (MAN, "quartet", 105, 72, 936),
        (MAN, "word", 105, 128, 1664),
        (FOUR, "word", 74, 74, 962),
        (PAIR, "word", 74, 72, 936),
        (MAN, "word", 74, 72, 936),
    ],
)
def test_worked_examples(alphabets: tuple[int, ...], rounding: str, weight: int, rounded: int, expected: int) -> None:
    p = AsmParameters(alphabets=alphabets, rounding=rounding)
    assert round_weights(weight, p) == rounded
    assert product(rounded, 13, p) == expected
    assert product(-rounded, 13, p) == -expected


def test_worked_signed_example() -> None:
    assert product(-12, 13, AsmParameters(weight_bits=4, input_bits=4)) == -156
    assert product(-6, 12, CODED) == -72


def test_products_of_all_codes() -> None:
    codes = np.arange(8)
    table = product(decode(codes, CODED)[:, None], decode_inputs(codes, CODED), CODED)
    assert sha256(table.astype(np.uint8).tobytes()).hexdigest()[:16] == "d6ea7089652b55e7"
    assert table.sum() == 1296


def generator(seed: int) -> Iterator[int]:
    while True:
        seed = (1664525 * seed + 1013904223) % 2**32
        yield seed


def test_encoded_gemv() -> None:
    stream = generator(1)
    w = np.array([state >> 28 for state in islice(stream, 512)]).reshape(64, 8)
    x = np.array([state >> 29 for state in islice(stream, 64)])
    assert (w[0].tolist(), x[:8].tolist()) == ([3, 5, 8, 11, 0, 5, 12, 8], [7, 3, 0, 0, 4, 2, 6, 6])
    sums = matmul(decode_inputs(x, CODED), decode(w, CODED), CODED)
    assert sums.tolist() == [156, 23, 142, 376, 498, -50, 71, -322]
    assert sha256(sums.astype("<i4").tobytes()).hexdigest()[:16] == "b2f6e96000520a7f"
    plain = np.array([state >> 28 for state in islice(generator(2), 64)])
    assert plain[:8].tolist() == [3, 7, 3, 11, 11, 1, 3, 7]
    sums = matmul(plain, decode(w, CODED), replace(CODED, encode_inputs=False))
    assert sums.tolist() == [-247, -65, 601, -259, 312, -339, -134, -299]


@pytest.mark.parametrize("alphabets", [MAN, PAIR, FOUR, ALL, (1, 11), (1, 7, 13)])
@pytest.mark.parametrize(("width", "inside", "bits"), [(4, False, 4), (4, True, 4), (8, False, 8), (8, True, 8)])
def test_products_are_exact(width: int, inside: bool, bits: int, alphabets: tuple[int, ...]) -> None:
    """Every supported weight by every input, of both signs."""
    p = AsmParameters(weight_bits=width, sign_inside=inside, input_bits=bits, alphabets=alphabets, input_signed=True)
    values = supported_values(p)
    weights = np.concatenate([-values, values])[:, None]
    inputs = np.arange(-p.maximum_input, p.maximum_input + 1)
    assert (product(weights, inputs, p) == weights * inputs).all()


def test_wide_products_are_exact() -> None:
    p = AsmParameters(weight_bits=16, input_bits=16)
    largest = int(supported_values(p)[-1])
    assert largest == 0xCCCC
    assert product(largest, 0xFFFF, p) == largest * 0xFFFF


@pytest.mark.parametrize("alphabets", [MAN, PAIR, FOUR, ALL])
@pytest.mark.parametrize(("width", "bits", "length"), [(4, 4, 64), (8, 8, 256), (12, 12, 100), (16, 16, 1000)])
def test_sums_are_those_of_products(width: int, bits: int, length: int, alphabets: tuple[int, ...]) -> None:
    p = AsmParameters(weight_bits=width, input_bits=bits, alphabets=alphabets, reduction_length=1000, input_signed=True)
    source = np.random.default_rng(width + length)
    w = source.choice(supported_values(p), (length, 5)) * source.choice([-1, 1], (length, 5))
    x = source.integers(-p.maximum_input, p.maximum_input + 1, (2, 3, length))
    expected = product(w, x[..., None], p).sum(axis=-2)
    found = matmul(x, w, p)
    assert found.dtype == np.int64
    assert found.shape == (2, 3, 5)
    assert (found == expected).all()
    assert (matmul(x[0, 0], w, p) == expected[0, 0]).all()


def test_largest_sums_are_exact() -> None:
    p = AsmParameters(weight_bits=16, input_bits=16, alphabets=ALL, reduction_length=1 << 20)
    length = (1 << 20) - 1
    w, x = np.full((length, 1), 0xFFFF), np.full((1, length), 0xFFFF)
    assert matmul(x, w, p).tolist() == [[0xFFFF * 0xFFFF * length]]
    assert 0xFFFF * 0xFFFF * length < 1 << p.accumulator_width - 1


@pytest.mark.parametrize("length", [256, 257, 258])
def test_sums_around_the_integers_of_single_precision(length: int) -> None:
    """256 products of 2^16 are 2^24; an odd one beyond is the first integer that float32 does not have."""
    p = AsmParameters(alphabets=ALL, input_bits=16, reduction_length=length + 1)
    w = np.full((length + 1, 1), 128)
    x = np.full((1, length + 1), 512)
    w[-1], x[0, -1] = 1, 1
    assert matmul(x, w, p).tolist() == [[(length << 16) + 1]]
    assert matmul(x[:, :-1], -w[:-1], p).tolist() == [[-(length << 16)]]


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int64, np.uint64])
def test_any_integers_are_taken(kind: type) -> None:
    p = AsmParameters()
    assert matmul(np.array([[200, 100]], kind), np.array([[12], [4]], np.int16), p).tolist() == [[2800]]


def test_mixed_alphabets() -> None:
    sets = [MAN, PAIR, FOUR, ALL, PAIR]
    mixed = [AsmParameters(alphabets=alphabets) for alphabets in sets]
    source = np.random.default_rng(3)
    w = np.stack([source.choice(supported_values(p), 40) for p in mixed], axis=1)
    x = source.integers(0, 256, (6, 40))
    assert (matmul(x, w, mixed) == x @ w).all()
    w[7, 0] = 3
    assert_refused(lambda: matmul(x, w, mixed), "w", "(1,)", "3")
    assert_refused(lambda: matmul(x, w, mixed[:4]), "parameters", "5", "4")
    assert_refused(lambda: matmul(x, w[:, :2], [mixed[0], replace(mixed[1], lanes=2)]), "parameters", "alphabets only")
    coded = [replace(mixed[1], encode_weights=True), mixed[3]]
    assert_refused(lambda: matmul(x, w[:, :2], coded), "parameters", "alphabets only")
    assert_refused(lambda: matmul(x, w[:, :2], [mixed[0], None]), "parameters", "AsmParameters")


def test_refused_operands() -> None:
    p = AsmParameters(reduction_length=4)
    x, w = np.ones((2, 3), int), np.ones((3, 2), int)
    assert_refused(lambda: product(105, 13, p), "weights", "(1, 3)", "105")
    assert_refused(lambda: product(-256, 13, p), "weights", "at least -255")
    assert_refused(lambda: product(4, -1, p), "inputs", "at least 0", "-1")
    assert_refused(lambda: product(4, 256, p), "inputs", "at most 255")
    assert_refused(lambda: product(4.0, 1, p), "weights", "integers")
    assert_refused(lambda: product(4, 1.0, p), "inputs", "integers")
    assert_refused(lambda: product([1, 2], [1, 2, 3], p), "broadcast", "(2,)", "(3,)")
    assert_refused(lambda: product(4, 5, CODED), "inputs", "(1, 3)", "5")
    assert_refused(lambda: matmul(x.astype(float), w, p), "x", "integers")
    assert_refused(lambda: matmul(x, w.astype(float), p), "w", "integers")
    assert_refused(lambda: matmul(-x, w, p), "x", "at least 0")
    assert_refused(lambda: matmul(256 * x, w, p), "x", "at most 255")
    assert_refused(lambda: matmul(x, 5 * w, p), "w", "(1, 3)", "5")
    assert_refused(lambda: matmul(x, 256 * w, p), "w", "at most 255")
    assert_refused(lambda: matmul(5 * x, w, CODED), "x", "(1, 3)", "5")
    assert_refused(lambda: matmul(x, w[:2], p), "w", "3", "2")
    assert_refused(lambda: matmul(np.ones((2, 5), int), np.ones((5, 2), int), p), "reduction_length = 4", "5")
    assert_refused(lambda: matmul(x[:0], w, p), "x", "(0, 3)")
    assert_refused(lambda: matmul(x[:, :0], w[:0], p), "w", "(0, 2)")
    assert_refused(lambda: matmul(x, w[:, :0], p), "w", "(3, 0)")
    assert_refused(lambda: matmul(1, w, p), "x", "()")
    assert_refused(lambda: matmul(x, w[0], p), "w", "matrix", "(2,)")
    assert_refused(lambda: matmul(x, w, 8), "parameters", "8")
