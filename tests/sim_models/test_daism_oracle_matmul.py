"""Matrix products and convolutions against one output at a time, operand by operand in the order of the array."""

import hashlib
import itertools
import random
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from sim_models.daism import DaismParameters, accumulate, matmul, multiply
from sim_models.daism.accumulate import add_partial_sums
from tests.sim_models.daism_oracle import NAMES, VARIANTS, exact_product, operand_layout, parameters
from tests.sim_models.daism_oracle import matmul as expected_sums

# variant, width, banks, accumulator: out[0], out[1], out[31] and the checksum of all 32 words
CHECKSUMS = """
fla full      1 fp32 | CB552F65 CB1EA970 4DC00E5A | bcd2279aedabb527
fla full      4 fp32 | CB552F66 CB1EA973 4DC00E5C | 6cb5d4e136be6030
fla truncated 1 fp32 | CB542AB2 CB1E07E0 4DBF0D45 | 48180568e493bff9
pc3 full      1 fp32 | CB552F3C CB1FE0E4 4DF045D5 | fcb884c20988fb5a
pc3 full      4 fp32 | CB552F3D CB1FE0E6 4DF045D7 | 895b9df088ee821f
pc3 truncated 1 fp32 | CB542B7D CB1F5013 4DEF45C1 | b327193f2c063b50
pc3 truncated 4 fp32 | CB542B7D CB1F5015 4DEF45C3 | c6acef76fc0bb184
pc3 truncated 1 bf16 | CB520000 CB180000 4DEC0000 | 5e97011591287f0a
pc3 truncated 4 bf16 | CB530000 CB1C0000 4DEE0000 | a0554ae5d6268830
"""
FIRST_WEIGHTS = "0000 43D1 B822 BE8E 0000 43D3 C0CA B9CC"
FIRST_ACTIVATIONS = "3DE8 45E0 4453 BBDE B9DC 4071 C665 3BB3"

Matrix = list[list[int]]


def generated() -> Iterator[int]:
    """Operands of the checksums."""
    state = 1
    while True:
        state = (1664525 * state + 1013904223) % 2**32
        exponent = 112 + (state >> 26) % 32
        word = (state >> 31 << 15) + (exponent << 7) + (state >> 19) % 128
        yield 0 if (state >> 15) % 16 == 0 else word


def operands_of_the_checksums() -> tuple[np.ndarray, np.ndarray]:
    source = generated()
    w = np.array([next(source) for _ in range(32 * 8)]).reshape(32, 8)
    return np.array([next(source) for _ in range(4 * 32)]).reshape(4, 32), w


def matrix(p: DaismParameters, shape: tuple[int, int], chosen: random.Random) -> Matrix:
    """Words with zeros, subnormals and exponents near each other; or any integers."""
    return [[_operand(p, chosen) for _ in range(shape[1])] for _ in range(shape[0])]


def _operand(p: DaismParameters, chosen: random.Random) -> int:
    if p.operand_kind == "integer":
        return chosen.choice([0, 2**p.significand_bits - 1, *(chosen.randrange(2**p.significand_bits),) * 6])
    layout = operand_layout(p)
    exponent = layout.bias + chosen.choice([*range(-4, 5), *range(-4, 5), -layout.bias, layout.bias // 2])
    fraction = chosen.choice([chosen.randrange(2**layout.fraction_bits), 2**layout.fraction_bits - 1])
    return chosen.choice([0, layout.sign_bit]) + (exponent << layout.fraction_bits) + fraction


def check(shape: tuple[int, int, int], p: DaismParameters, seed: int) -> None:
    positions, length, outputs = shape
    chosen = random.Random(seed)
    x, w = matrix(p, (positions, length), chosen), matrix(p, (length, outputs), chosen)
    found = matmul(np.array(x), np.array(w), p)
    assert found.shape == (positions, outputs)
    assert found.tolist() == expected_sums(x, w, p), (shape, p)


@pytest.mark.parametrize("line", CHECKSUMS.strip().splitlines())
def test_checksums(line: str) -> None:
    setting, heads, checksum = line.split("|")
    variant, width, banks, accumulator = setting.split()
    x, w = operands_of_the_checksums()
    assert " ".join(f"{word:04X}" for word in w[0]) == FIRST_WEIGHTS
    assert " ".join(f"{word:04X}" for word in x[0, :8]) == FIRST_ACTIVATIONS
    p = parameters(variant=variant, kept_columns=width, banks=int(banks), accumulator=accumulator, bank_slicing="index")
    found = matmul(x, w, p)
    assert " ".join(f"{found.ravel()[i]:08X}" for i in (0, 1, 31)) == heads.strip()
    assert hashlib.sha256(found.astype("<u4").tobytes()).hexdigest()[:16] == checksum.strip()
    assert found.tolist() == expected_sums(x.tolist(), w.tolist(), p)


# lanes per bank are few, so that outputs fill several blocks; the columns are not always a multiple of the lane's
BANKS = (1, 2, 3, 5, 16)


@pytest.mark.parametrize("slicing", ["index", "channel", "auto"])
@pytest.mark.parametrize("stored", ["weight", "activation"])
@pytest.mark.parametrize("banks", BANKS)
def test_slicings_over_banks(slicing: str, stored: str, banks: int) -> None:
    for i, (lanes, shape) in enumerate(itertools.product((1, 2, 5), ((4, 7, 5), (1, 13, 9), (7, 3, 1)))):
        p = parameters(
            columns=8 * lanes + 3, banks=banks, bank_slicing=slicing, stored_operand=stored, product_precision="kept"
        )
        check(shape, p, seed=i)


def test_automatic_slicing_is_by_channel_from_as_many_blocks_as_banks_on() -> None:
    """Nine outputs on lanes of three are three blocks: enough for three banks, not for four."""
    chosen = random.Random(3)
    for banks, slicing, other in ((3, "channel", "index"), (4, "index", "channel")):
        sums = {}
        for choice in ("auto", slicing, other):
            p = parameters(columns=24, banks=banks, bank_slicing=choice)
            chosen.seed(9)
            x, w = matrix(p, (20, 40), chosen), matrix(p, (40, 9), chosen)
            sums[choice] = matmul(np.array(x), np.array(w), p)
        assert (sums["auto"] == sums[slicing]).all()
        assert (sums["auto"] != sums[other]).any()


def float_cases() -> Iterator[DaismParameters]:
    formats = ((8, 8), (11, 5), (24, 8), (5, 5), (13, 8))
    rest = itertools.product(("fp32", "bf16"), ("rz", "rne"), ("significand", "kept"), ("rz", "rne"))
    for variant, (n, exponent_bits), options in itertools.product(VARIANTS, formats, rest):
        accumulator, accumulator_rounding, precision, rounding = options
        for width, banks, saturation in (("full", 3, "infinity"), ("truncated", 1, "max_finite")):
            yield parameters(
                **variant,
                significand_bits=n,
                exponent_bits=exponent_bits,
                kept_columns=width,
                accumulator=accumulator,
                accumulator_rounding=accumulator_rounding,
                product_precision=precision,
                product_rounding=rounding,
                saturate_to=saturation,
                banks=banks,
                columns=3 * 2 * n,
            )


@pytest.mark.parametrize("part", [*range(3), *(pytest.param(part, marks=pytest.mark.slow) for part in range(3, 11))])
def test_every_option_of_floats(part: int) -> None:
    for seed, p in enumerate(float_cases()):
        if seed % 11 == part:
            check((2, 7, 4), p, seed)


@pytest.mark.parametrize("saturate_to", ["max_finite", "infinity"])
@pytest.mark.parametrize("accumulator", ["fp32", "bf16"])
@pytest.mark.parametrize("rounding", ["rz", "rne"])
def test_sums_at_the_ends_of_the_range(saturate_to: str, accumulator: str, rounding: str) -> None:
    """Saturation and infinities in products and in sums of banks, and sums that fall below the range."""
    ends = [0x7F7F, 0xFF7F, 0x7F00, 0xFF00, 0x7E80, 0x3F80, 0xBF80, 0x0080, 0x8080, 0x0081, 0x0100, 0x8101, 0x3F7F, 0]
    chosen = random.Random(4)
    for banks, slicing in ((1, "index"), (2, "index"), (3, "channel")):
        p = parameters(
            banks=banks,
            bank_slicing=slicing,
            saturate_to=saturate_to,
            accumulator=accumulator,
            accumulator_rounding=rounding,
            variant="fla",
            product_precision="kept",
        )
        x = [[chosen.choice(ends) for _ in range(5)] for _ in range(25)]
        w = [[chosen.choice(ends) for _ in range(9)] for _ in range(5)]
        assert matmul(np.array(x), np.array(w), p).tolist() == expected_sums(x, w, p)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", ["full", "guard", "truncated"])
def test_integers(name: str, width: str) -> None:
    variant = VARIANTS[NAMES.index(name)]
    for n, stored, banks in itertools.product((5, 8, 12, 16, 24), ("weight", "activation"), (1, 3)):
        p = parameters(
            **variant,
            operand_kind="integer",
            significand_bits=n,
            kept_columns=width,
            stored_operand=stored,
            banks=banks,
        )
        check((3, 8, 5), p, seed=n)


def test_integer_sums_are_int64_and_take_all_of_it() -> None:
    p = parameters(operand_kind="integer", significand_bits=24, kept_columns="full", variant="hla", rows=600)
    x, w = np.full((1, 2000), 2**24 - 1), np.full((2000, 1), 2**24 - 1)
    found = matmul(x, w, p)
    assert found.dtype == np.int64
    assert found.tolist() == expected_sums(x.tolist(), w.tolist(), p)


def test_initial_values_are_those_of_the_first_bank() -> None:
    chosen = random.Random(8)
    for banks, slicing, accumulator in itertools.product((1, 4), ("index", "channel"), ("fp32", "bf16")):
        p = parameters(banks=banks, bank_slicing=slicing, accumulator=accumulator)
        x, w = matrix(p, (5, 11), chosen), matrix(p, (11, 6), chosen)
        bias = [0x3F800000, 0xC2280000, 0x00000000, 0x50000000, 0x7F7F0000, 0x00800000]
        found = matmul(np.array(x), np.array(w), p, initial=np.array(bias))
        assert found.tolist() == expected_sums(x, w, p, bias)
    p = parameters(operand_kind="integer")
    x, w = matrix(p, (5, 11), chosen), matrix(p, (11, 3), chosen)
    assert matmul(np.array(x), np.array(w), p, initial=[-7, 0, 9]).tolist() == expected_sums(x, w, p, [-7, 0, 9])


@pytest.mark.parametrize("product_precision", ["significand", "kept"])
def test_initial_values_of_wide_operands(product_precision: str) -> None:
    """Products of 47 fraction bits do not fit a single; subnormal initial values are zero."""
    p = parameters(significand_bits=24, kept_columns="full", product_precision=product_precision, banks=2)
    chosen = random.Random(8)
    x, w = matrix(p, (4, 5), chosen), matrix(p, (5, 3), chosen)
    bias = [0x41234567, 0x00000012, 0xC0FFFFFF]
    assert matmul(np.array(x), np.array(w), p, initial=bias).tolist() == expected_sums(x, w, p, bias)


def test_arrays_of_any_integers_and_any_layout_stay_as_they_are() -> None:
    chosen = random.Random(14)
    p = parameters(banks=3)
    x, w = np.array(matrix(p, (9, 14), chosen)), np.array(matrix(p, (14, 10), chosen))
    sums, before = matmul(x, w, p), (x.copy(), w.copy())
    for dtype in (np.uint16, np.int32, np.uint64):
        np.testing.assert_array_equal(matmul(x.astype(dtype), w.astype(dtype), p), sums)
    np.testing.assert_array_equal(matmul(np.asfortranarray(x), np.repeat(w, 2, axis=1)[:, ::2], p), sums)
    np.testing.assert_array_equal(matmul(x[::-1], w[:, ::-1], p), sums[::-1, ::-1])
    np.testing.assert_array_equal(matmul(x.tolist(), w.tolist(), p), sums)
    assert sums.dtype == np.uint32
    assert (x == before[0]).all()
    assert (w == before[1]).all()


def test_interleave_latency_skipping_rows_and_threads_do_not_change_the_sums() -> None:
    chosen = random.Random(6)
    p = parameters(banks=3)
    x, w = np.array(matrix(p, (33, 21), chosen)), np.array(matrix(p, (21, 70), chosen))
    sums = matmul(x, w, p)
    others = ({"interleave": 1}, {"interleave": 5, "accumulate_latency": 3}, {"zero_skip": False}, {"rows": 18})
    for fields in others:
        np.testing.assert_array_equal(matmul(x, w, parameters(banks=3, **fields)), sums)
    for threads in (1, 2, 5):
        np.testing.assert_array_equal(matmul(x, w, p, threads=threads), sums)


def test_an_output_does_not_depend_on_the_other_positions() -> None:
    chosen = random.Random(7)
    p = parameters(banks=4)
    x, w = np.array(matrix(p, (19, 30), chosen)), np.array(matrix(p, (30, 12), chosen))
    sums = matmul(x, w, p)
    for position in range(19):
        np.testing.assert_array_equal(matmul(x[position : position + 1], w, p), sums[position : position + 1])


def by_elements(x: np.ndarray, w: np.ndarray, p: DaismParameters, banks: int) -> np.ndarray:
    """Index by index with the products and sums of single words, for one block of outputs."""
    sums = np.zeros((banks, len(x), w.shape[1]), np.uint32)
    for t, row in enumerate(w):
        sums[t % banks] = accumulate(sums[t % banks], multiply(row, x[:, t : t + 1], p), p)
    total = sums[0]
    for partial in sums[1:]:
        total = add_partial_sums(total, partial, p)
    return total


@pytest.mark.parametrize("name", NAMES)
def test_larger_products_are_those_of_single_words(name: str) -> None:
    """Sizes beyond any tile of the compiled loops, with remainders."""
    source = np.random.default_rng(5)
    for banks, accumulator, rounding in ((1, "fp32", "rz"), (3, "bf16", "rne")):
        p = parameters(
            **VARIANTS[NAMES.index(name)],
            banks=banks,
            bank_slicing="index",
            columns=8192,
            accumulator=accumulator,
            accumulator_rounding=rounding,
        )
        x, w = (_words(source, shape) for shape in ((131, 67), (67, 277)))
        np.testing.assert_array_equal(matmul(x, w, p), by_elements(x, w, p, banks))


def _words(source: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    exponents = source.integers(110, 140, shape) * source.integers(0, 5, shape).astype(bool)
    return source.integers(0, 2, shape) << 15 | exponents << 7 | source.integers(0, 128, shape)


@pytest.mark.parametrize("kind", ["float", "integer"])
@pytest.mark.parametrize("n", [16, 24])
def test_driver_values_that_agree_in_their_low_bits(n: int, kind: str) -> None:
    """Many positions drive values that differ above the low bits alone, some of them again and again."""
    p = parameters(significand_bits=n, operand_kind=kind, banks=2, bank_slicing="index")
    chosen = random.Random(n)
    lead = 1 if kind == "integer" else 127 << (n - 1)
    x = [[lead + (chosen.randrange(8) << (n - 4)) + chosen.choice([0, 5]) for _ in range(6)] for _ in range(40)]
    w = matrix(p, (6, 3), chosen)
    assert matmul(np.array(x), np.array(w), p).tolist() == expected_sums(x, w, p)


@pytest.mark.parametrize("stored", ["weight", "activation"])
def test_gradients_of_a_layer(stored: str) -> None:
    """The products of training: y = x w, dx = dy w', dw = x' dy, each with its own length of sums."""
    chosen = random.Random(12)
    p = parameters(banks=2, columns=32, stored_operand=stored)
    x, w, dy = matrix(p, (6, 5), chosen), matrix(p, (5, 7), chosen), matrix(p, (6, 7), chosen)
    for left, right in ((x, w), (dy, _transposed(w)), (_transposed(x), dy)):
        assert matmul(np.array(left), np.array(right), p).tolist() == expected_sums(left, right, p)


def _transposed(rows: Sequence[Sequence[int]]) -> Matrix:
    return [list(column) for column in zip(*rows, strict=True)]


def test_the_stored_operand_changes_the_products() -> None:
    chosen = random.Random(2)
    x, w = matrix(parameters(), (8, 9), chosen), matrix(parameters(), (9, 8), chosen)
    weight, activation = (
        matmul(np.array(x), np.array(w), parameters(banks=1, stored_operand=stored))
        for stored in ("weight", "activation")
    )
    assert (weight != activation).any()


def test_exact_products_before_the_same_lanes() -> None:
    """Of floats and of integers, also where the array reads twice."""
    chosen = random.Random(13)
    cases = itertools.product(("full", "guard", "truncated"), (1, 3), ("float", "integer"), (VARIANTS[2], VARIANTS[5]))
    for width, banks, kind, variant in cases:
        p = parameters(kept_columns=width, banks=banks, operand_kind=kind, **variant)
        x, w = matrix(p, (6, 11), chosen), matrix(p, (11, 5), chosen)
        found = matmul(np.array(x), np.array(w), p, exact=True)
        assert found.tolist() == expected_sums(x, w, p, columns=exact_product), p
