"""Products and matrix products against quartets multiplied one by one, and against Python's own big integers."""

import dataclasses
import hashlib
import itertools
import random
from collections.abc import Sequence

import numpy as np
import pytest

from sim_models.asm import AsmParameters, matmul, product, supported_values
from tests.sim_models import asm_oracle as oracle
from tests.sim_models.asm_oracle import NAMED_SETS, SETS

ONE, TWO, FOUR, ALL = NAMED_SETS

# alphabets, weight, product with 13
EXAMPLES = [
    (ALL, 105, 1365),
    (FOUR, 104, 1352),
    (TWO, 104, 1352),
    (ONE, 72, 936),
    (ONE, 128, 1664),
    (FOUR, 74, 962),
    (TWO, 72, 936),
    (ONE, 72, 936),
    (TWO, -12, -156),
]

# weight as stored in four bits, first input codes
FIRST_WEIGHTS = "3 5 8 B 0 5 C 8"
FIRST_CODES = [7, 3, 0, 0, 4, 2, 6, 6]
BOTH_CODED = [156, 23, 142, 376, 498, -50, 71, -322]
PLAIN_INPUTS = [-247, -65, 601, -259, 312, -339, -134, -299]


def golden_vectors() -> tuple[list[list[int]], list[int], list[int]]:
    """Weights (64, 8), coded inputs and plain inputs, as numbers."""
    coded = AsmParameters(weight_bits=4, input_bits=4, encode_weights=True, encode_inputs=True)
    stream = oracle.generator(1)
    words = [[next(stream) >> 28 for _ in range(8)] for _ in range(64)]
    codes = [next(stream) >> 29 for _ in range(64)]
    assert [f"{word:X}" for word in words[0]] == FIRST_WEIGHTS.split()
    assert codes[:8] == FIRST_CODES
    weights = [[oracle.decode_weight(word, coded) or 0 for word in row] for row in words]
    plain = oracle.generator(2)
    return weights, [oracle.decode_input(code, coded) for code in codes], [next(plain) >> 28 for _ in range(64)]


@pytest.mark.parametrize("placement", ["neuron", "near_memory", "in_memory"])
@pytest.mark.parametrize("encode", [False, True])
def test_golden_vectors(placement: str, encode: bool) -> None:
    w, coded, plain = golden_vectors()
    p = AsmParameters(weight_bits=4, input_bits=4, placement=placement, encode_weights=encode, reduction_length=64)
    assert oracle.matmul([coded, plain], w, [p] * 8) == [BOTH_CODED, PLAIN_INPUTS]
    assert matmul([coded, plain], w, p).tolist() == [BOTH_CODED, PLAIN_INPUTS]
    if placement != "in_memory":  # whose rows hold plain words
        p = dataclasses.replace(p, encode_weights=True, encode_inputs=True)
    found = matmul(coded, w, p)
    assert found.tolist() == BOTH_CODED
    assert hashlib.sha256(found.astype("<i4").tobytes()).hexdigest()[:16] == "b2f6e96000520a7f"


@pytest.mark.parametrize(("alphabets", "weight", "expected"), EXAMPLES)
def test_worked_examples(alphabets: tuple[int, ...], weight: int, expected: int) -> None:
    p = AsmParameters(alphabets=alphabets)
    assert int(product(weight, 13, p)) == oracle.product(weight, 13, p) == expected


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("alphabets", NAMED_SETS)
@pytest.mark.parametrize("bits", [4, 8])
def test_every_supported_weight_by_every_8_bit_input(bits: int, alphabets: tuple[int, ...], inside: bool) -> None:
    p = AsmParameters(alphabets=alphabets, weight_bits=bits, sign_inside=inside)
    weights = oracle.supported_values(p)
    found = product(np.array(weights)[:, None], np.arange(256), p)
    assert found.dtype == np.int64
    assert found.tolist() == [[oracle.product(w, x, p) for x in range(256)] for w in weights]


def test_pairs_of_1_and_3_at_8_bits() -> None:
    p = AsmParameters()
    weights, inputs = supported_values(p)[:, None], np.arange(256)
    found = product(weights, inputs, p)
    assert found.size == 16384
    np.testing.assert_array_equal(found, weights * inputs)


@pytest.mark.parametrize("bits", [4, 8])
def test_every_set_multiplies_exactly(bits: int) -> None:
    inputs = range(-15, 16)
    for alphabets in SETS:
        p = AsmParameters(alphabets=alphabets, weight_bits=bits, input_bits=4, input_signed=True)
        weights = [sign * w for w in oracle.supported_values(p) for sign in (1, -1)]
        assert product(np.array(weights)[:, None], inputs, p).tolist() == [[w * x for x in inputs] for w in weights]


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("alphabets", NAMED_SETS)
def test_samples_of_wide_products(bits: int, alphabets: tuple[int, ...]) -> None:
    p = AsmParameters(alphabets=alphabets, weight_bits=bits, input_bits=16, input_signed=True)
    chosen, values = random.Random(bits), oracle.supported_values(p)
    pairs = [(chosen.choice((-1, 1)) * chosen.choice(values), chosen.randint(-65535, 65535)) for _ in range(500)]
    pairs += itertools.product((values[-1], -values[-1], values[1], 0), (65535, -65535, 1, 0))
    found = product([w for w, _ in pairs], [x for _, x in pairs], p)
    assert found.tolist() == [oracle.product(w, x, p) for w, x in pairs] == [w * x for w, x in pairs]


def random_matrices(
    channels: Sequence[AsmParameters], positions: int, length: int, seed: int
) -> tuple[list[list[int]], list[list[int]]]:
    """x (positions, length) in range and w (length, outputs), each column on its own grid."""
    chosen, p = random.Random(seed), channels[0]
    magnitudes = oracle.input_magnitudes(p)
    x = [[chosen.choice(magnitudes) for _ in range(length)] for _ in range(positions)]
    if p.input_signed:
        x = [[chosen.choice((-1, 1)) * value for value in row] for row in x]
    grids = [oracle.supported_values(each) for each in channels]
    w = [[chosen.choice((-1, 1)) * chosen.choice(grid) for grid in grids] for _ in range(length)]
    return x, w


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("bits", [4, 8, 12, 16])
@pytest.mark.parametrize("alphabets", [*NAMED_SETS, (1, 9, 15)])
def test_matrix_products(alphabets: tuple[int, ...], bits: int, inside: bool, signed: bool) -> None:
    p = AsmParameters(alphabets=alphabets, weight_bits=bits, sign_inside=inside, input_signed=signed)
    x, w = random_matrices([p] * 5, 3, 17, bits)
    found = matmul(x, w, p)
    assert found.dtype == np.int64
    assert found.tolist() == oracle.matmul(x, w, [p] * 5)


@pytest.mark.parametrize(("alphabets", "signed"), [*itertools.product([ONE, TWO], [False, True])])
def test_matrix_products_of_codes(alphabets: tuple[int, ...], signed: bool) -> None:
    p = AsmParameters(alphabets=alphabets, encode_weights=True, encode_inputs=True, input_signed=signed)
    x, w = random_matrices([p] * 4, 5, 40, 1)
    assert matmul(x, w, p).tolist() == oracle.matmul(x, w, [p] * 4)


@pytest.mark.parametrize("signed", [False, True])
def test_mixed_alphabets_per_channel(signed: bool) -> None:
    sets = [ONE, TWO, FOUR, ALL, (1, 9), TWO, (1, 15)]
    channels = [AsmParameters(alphabets=each, input_signed=signed) for each in sets]
    x, w = random_matrices(channels, 4, 30, 3)
    assert matmul(x, w, channels).tolist() == oracle.matmul(x, w, channels)
    assert matmul(x, w, tuple(channels)).tolist() == oracle.matmul(x, w, channels)
    alone = [matmul(x, [[row[n]] for row in w], p)[:, 0].tolist() for n, p in enumerate(channels)]
    assert matmul(x, w, channels).T.tolist() == alone


def test_mixed_alphabets_per_layer() -> None:
    """{1} first, more alphabets last; the middle is cut back to the inputs' width."""
    first, last = AsmParameters(alphabets=ONE), AsmParameters(alphabets=FOUR)
    x, w = random_matrices([first] * 6, 3, 20, 4)
    hidden = matmul(x, w, first)
    expected = oracle.matmul(x, w, [first] * 6)
    assert hidden.tolist() == expected
    kept = [[max(value, 0) >> 13 for value in row] for row in expected]
    _, second = random_matrices([last] * 2, 1, 6, 5)
    assert matmul(np.maximum(hidden, 0) >> 13, second, last).tolist() == oracle.matmul(kept, second, [last] * 2)


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (1, 2, 2)])
def test_leading_axes_of_the_inputs(shape: tuple[int, ...]) -> None:
    p = AsmParameters()
    count = int(np.prod(shape))
    x, w = random_matrices([p] * 3, count, 9, 6)
    found = matmul(np.array(x).reshape(*shape, 9), w, p)
    assert found.shape == (*shape, 3)
    assert found.reshape(count, 3).tolist() == oracle.matmul(x, w, [p] * 3)


@pytest.mark.parametrize("length", [1, 2, 3, 5, 64, 65, 256])
@pytest.mark.parametrize(("bits", "inside"), [(4, True), (4, False), (8, False), (16, False)])
@pytest.mark.parametrize("alphabets", NAMED_SETS)
def test_largest_sums_are_exact_and_fit(alphabets: tuple[int, ...], bits: int, inside: bool, length: int) -> None:
    """Every term at its largest, all of one sign."""
    p = AsmParameters(
        alphabets=alphabets, weight_bits=bits, sign_inside=inside, input_signed=True, reduction_length=length
    )
    largest, limit = max(oracle.supported_values(p)), 2 ** (p.accumulator_width - 1)
    assert (p.maximum_weight, p.maximum_input) == (2 ** (bits - inside) - 1, 255)
    total = length * largest * 255
    assert total < limit
    x = [[255] * length, [-255] * length]
    w = [[largest, -largest]] * length
    assert matmul(x, w, p).tolist() == [[total, -total], [-total, total]]
    if alphabets == ALL and length.bit_count() == 1 and length > 1 and bits > 4:
        assert total >= limit // 2, "one bit less would overflow"


def test_longest_sum_of_the_widest_operands() -> None:
    """2^20 terms of nearly 2^32 that sum to an odd number."""
    length = 2**20
    p = AsmParameters(alphabets=ALL, weight_bits=16, input_bits=16, reduction_length=length)
    x, w = np.full(length, 65535), np.full((length, 1), 65535)
    w[0] = 65534
    expected = (length - 1) * 65535**2 + 65534 * 65535
    assert expected % 2 == 1
    assert matmul(x, w, p).tolist() == [expected]


@pytest.mark.parametrize("length", [255, 256, 257, 258, 259])
def test_odd_sums_around_the_integers_of_single_precision(length: int) -> None:
    """Of about 2^24."""
    p = AsmParameters(alphabets=ALL, reduction_length=1024)
    x, w = np.full((2, length), 255), np.full((length, 2), 255)
    x[1, 0], w[0, 1] = 254, -255
    expected = [[sum(a * b for a, b in zip(row, column, strict=True)) for column in w.T.tolist()] for row in x.tolist()]
    assert matmul(x, w, p).tolist() == expected
