"""Matrix products and convolutions: printed checksums, and sums made one product after the other."""

import hashlib

import numpy as np
import pytest

from sim_models.daism import (
    DaismParameters,
    Gemm,
    accumulate,
    accumulator_values,
    add_partial_sums,
    conv2d,
    conv2d_input_gradient,
    conv2d_weight_gradient,
    im2col,
    input_gradient,
    matmul,
    multiply,
    product,
    slicing,
    to_words,
    weight_gradient,
)
from sim_models.daism.speed import measure_rates, random_operands, table_gather

INTEGER = {"operand_kind": "integer", "accumulator": "int"}


def printed_operands() -> tuple[np.ndarray, np.ndarray]:
    words, state = [], 1
    for _ in range(32 * 8 + 4 * 32):
        state = (1664525 * state + 1013904223) % 2**32
        word = (state >> 31) << 15 | 112 + (state >> 26 & 31) << 7 | state >> 19 & 127
        words.append(0 if state >> 15 & 15 == 0 else word)
    return np.array(words[256:]).reshape(4, 32), np.array(words[:256]).reshape(32, 8)


def test_printed_operands() -> None:
    x, w = printed_operands()
    assert [f"{word:04X}" for word in w[0]] == ["0000", "43D1", "B822", "BE8E", "0000", "43D3", "C0CA", "B9CC"]
    assert [f"{word:04X}" for word in x[0, :8]] == ["3DE8", "45E0", "4453", "BBDE", "B9DC", "4071", "C665", "3BB3"]


PRINTED = """
fla full 1 fp32 CB552F65 CB1EA970 4DC00E5A bcd2279aedabb527
fla full 4 fp32 CB552F66 CB1EA973 4DC00E5C 6cb5d4e136be6030
fla truncated 1 fp32 CB542AB2 CB1E07E0 4DBF0D45 48180568e493bff9
pc3 full 1 fp32 CB552F3C CB1FE0E4 4DF045D5 fcb884c20988fb5a
pc3 full 4 fp32 CB552F3D CB1FE0E6 4DF045D7 895b9df088ee821f
pc3 truncated 1 fp32 CB542B7D CB1F5013 4DEF45C1 b327193f2c063b50
pc3 truncated 4 fp32 CB542B7D CB1F5015 4DEF45C3 c6acef76fc0bb184
pc3 truncated 1 bf16 CB520000 CB180000 4DEC0000 5e97011591287f0a
pc3 truncated 4 bf16 CB530000 CB1C0000 4DEE0000 a0554ae5d6268830
"""


@pytest.mark.parametrize("line", PRINTED.split("\n")[1:-1])
def test_printed_products(line: str) -> None:
    variant, width, banks, accumulator, *outputs, digest = line.split()
    p = DaismParameters(variant=variant, kept_columns=width, banks=int(banks), accumulator=accumulator)
    result = matmul(*printed_operands(), p)
    assert result.dtype == np.uint32
    assert [f"{int(result.flat[index]):08X}" for index in (0, 1, 31)] == outputs
    assert hashlib.sha256(result.astype("<u4").tobytes()).hexdigest()[:16] == digest


def slow_matmul(x: np.ndarray, w: np.ndarray, p: DaismParameters, initial: np.ndarray, exact: bool) -> np.ndarray:
    """Slot after slot: every product goes to the sum of its bank, and the banks are added at the end."""
    length, outputs = w.shape
    banks = p.banks if slicing(outputs, p) == "index" else 1
    sums = np.zeros((banks, len(x), outputs), np.uint32)
    sums[0] = initial
    for output in range(outputs):
        block = output // p.lanes
        for t in range(length):
            bank = (block * length + t) % banks
            term = multiply(w[t, output], x[:, t], p, exact=exact)
            sums[bank, :, output] = accumulate(sums[bank, :, output], term, p)
    total = sums[0]
    for bank in range(1, banks):
        total = add_partial_sums(total, sums[bank], p)
    return total


def operands(p: DaismParameters, shape: tuple[int, int, int], spread: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Words of exponents so close to the middle, or to an end, that sums cancel, vanish and saturate."""
    random = np.random.default_rng(seed)
    matrices = []
    middle = p.bias + {0: 0, 1: p.bias // 2 + 1, 2: -(p.bias // 2)}[seed % 3]
    for size in (shape[:2], shape[1:]):
        field = np.clip(random.integers(middle - spread, middle + spread + 1, size), 1, p.special_exponent - 1)
        word = field << p.significand_bits - 1 | random.integers(0, 1 << p.significand_bits - 1, size)
        word[random.random(size) < 0.15] = 0
        word[random.random(size) < 0.02] = 1  # subnormal
        matrices.append(word | random.integers(0, 2, size) << p.word_bits - 1)
    return matrices[0], matrices[1]


FORMATS = [
    {"significand_bits": 8},
    {"significand_bits": 11, "exponent_bits": 5},
    {"significand_bits": 24},
    {"significand_bits": 5, "exponent_bits": 5},
    {"significand_bits": 13, "exponent_bits": 8},
]
SUMS = [
    {"accumulator": accumulator, "accumulator_rounding": rounding}
    for accumulator in ("fp32", "bf16")
    for rounding in ("rz", "rne")
]
LANES = [
    {"variant": "fla"},
    {"variant": "pc2", "kept_columns": "full"},
    {"variant": "pc3", "kept_columns": "guard", "product_rounding": "rne"},
    {"variant": "pc4", "kept_columns": "full", "product_rounding": "rne"},
    {"variant": "pc3", "kept_columns": "full", "product_precision": "kept"},
    {"variant": "hla", "hla_mode": "a", "kept_columns": "guard", "product_precision": "kept"},
    {"variant": "hla", "hla_mode": "b"},
    {"variant": "hla", "hla_mode": "c", "kept_columns": "full"},
    {"variant": "hla", "hla_mode": "d", "saturate_to": "infinity"},
]


@pytest.mark.parametrize("sums", SUMS, ids=str)
@pytest.mark.parametrize("lane", LANES, ids=str)
@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_products_against_slots_in_order(fmt: dict, lane: dict, sums: dict) -> None:
    for seed, banks in enumerate((1, 3, 4)):
        p = DaismParameters(columns=48, banks=banks, bank_slicing="index", **fmt, **lane, **sums)
        x, w = operands(p, (3, 13, 8), 3 + 9 * (seed % 2), seed)
        found = matmul(x, w, p)
        assert np.array_equal(found, slow_matmul(x, w, p, np.zeros((3, 8)), False))
        assert (found != 0).any()


def test_blocks_of_lanes_start_in_different_banks() -> None:
    p = DaismParameters(columns=40, banks=4)
    assert p.lanes == 5
    for outputs, expected in ((14, "index"), (16, "channel")):
        x, w = operands(p, (3, 7, outputs), 4, 0)
        assert slicing(outputs, p) == expected
        assert np.array_equal(matmul(x, w, p), slow_matmul(x, w, p, np.zeros((3, outputs)), False))


def test_the_order_of_banks_matters() -> None:
    x, w = operands(DaismParameters(), (4, 40, 6), 20, 0)
    results = {banks: matmul(x, w, DaismParameters(banks=banks)).tobytes() for banks in (1, 4)}
    assert results[1] != results[4]
    assert np.array_equal(matmul(x, w, DaismParameters(banks=4, bank_slicing="channel")).tobytes(), results[1])
    for latency, interleave in ((4, 1), (3, 8)):
        p = DaismParameters(banks=4, accumulate_latency=latency, interleave=interleave)
        assert matmul(x, w, p).tobytes() == results[4]


def test_initial_values_belong_to_bank_0() -> None:
    for options in ({}, {"saturate_to": "infinity"}, {"accumulator": "bf16"}):
        p = DaismParameters(banks=3, **options)
        x, w = operands(p, (4, 10, 6), 4, 0)
        bias = to_words(np.random.default_rng(0).standard_normal(6), DaismParameters()) << 16
        found = matmul(x, w, p, initial=bias)
        assert np.array_equal(found, slow_matmul(x, w, p, bias, False))
        zeros = matmul(x * 0, w, p, initial=[bias[0], 0x80000000, 0x00010000, 0, 0, 0])
        assert zeros.tolist() == [[bias[0], 0, 0, 0, 0, 0]] * 4


def test_exact_products_in_front_of_the_same_lanes() -> None:
    for options in ({}, {"saturate_to": "infinity"}):
        p = DaismParameters(banks=3, kept_columns="guard", **options)
        x, w = operands(p, (4, 10, 6), 4, 0)
        found = matmul(x, w, p, exact=True)
        assert np.array_equal(found, slow_matmul(x, w, p, np.zeros((4, 6)), True))
        assert not np.array_equal(found, matmul(x, w, p))


def test_stored_activations_exchange_the_operands() -> None:
    p, other = (DaismParameters(banks=3, columns=40, stored_operand=name) for name in ("weight", "activation"))
    x, w = operands(p, (7, 10, 6), 4, 0)
    bias = np.array([0x3F800000, 0, 0, 0, 0, 0x40000000])
    expected = slow_matmul(w.T, x.T, p, np.broadcast_to(bias[:, None], (6, 7)), False).T
    assert np.array_equal(matmul(x, w, other, initial=bias), expected)
    assert not np.array_equal(expected, matmul(x, w, p, initial=bias))


def test_threads_change_nothing() -> None:
    p = DaismParameters(banks=3)
    x, w = operands(p, (700, 40, 150), 4, 0)
    expected = matmul(x, w, p, threads=1)
    for threads in (2, 3, None):
        assert np.array_equal(matmul(x, w, p, threads=threads), expected)
    few = slow_matmul(x[690:694], w, p, np.zeros((4, 150)), False)
    assert np.array_equal(expected[690:694], few)


@pytest.mark.parametrize("variant", [("fla", "a"), ("pc3", "a"), *(("hla", mode) for mode in "abcd")])
@pytest.mark.parametrize("width", ["full", "guard", "truncated"])
@pytest.mark.parametrize("n", [4, 8, 11, 16, 24])
def test_integer_products(n: int, width: str, variant: tuple[str, str]) -> None:
    p = DaismParameters(
        significand_bits=n, variant=variant[0], hla_mode=variant[1], kept_columns=width, banks=3, **INTEGER
    )
    random = np.random.default_rng(n)
    x, w = random.integers(0, 1 << n, (9, 20)), random.integers(0, 1 << n, (20, 7))
    x[0], w[:, 0] = (1 << n) - 1, (1 << n) - 1
    x[1, 3] = 0
    expected = (product(w, x[:, :, None], p) << p.drop).sum(axis=1)
    assert np.array_equal(matmul(x, w, p), expected)
    assert np.array_equal(matmul(x, w, p, initial=np.arange(7)), expected + np.arange(7))
    assert np.array_equal(matmul(x, w, p, exact=True), ((w * x[:, :, None] >> p.drop) << p.drop).sum(axis=1))


def test_long_sums_of_integers_do_not_wrap() -> None:
    p = DaismParameters(variant="fla", kept_columns="full", significand_bits=8, **INTEGER)
    x, w = np.full((1, 70_000), 128), np.full((70_000, 2), 255)
    assert matmul(x, w, p).tolist() == [[70_000 * 128 * 255] * 2]  # above 2^31
    x, w = np.full((1, 200_000), 255), np.full((200_000, 1), 128)
    assert matmul(x, w, p).tolist() == [[200_000 * 128 * 255]]  # above 2^32


def slow_convolution(x: np.ndarray, w: np.ndarray, p: DaismParameters, stride: int, padding: int) -> np.ndarray:
    """Each output position on its own, its driven vector gathered in the documented order."""
    images, _, height, width = x.shape
    outputs, _, kernel_height, kernel_width = w.shape
    rows = (height + 2 * padding - kernel_height) // stride + 1
    columns = (width + 2 * padding - kernel_width) // stride + 1
    found = np.zeros((images, outputs, rows, columns), np.int64)
    stored = np.array([[kernel[c, i, j] for kernel in w] for c, i, j in np.ndindex(w.shape[1:])])
    for image, row, column in np.ndindex(images, rows, columns):
        driven = np.zeros((1, len(stored)), np.int64)
        for t, (c, i, j) in enumerate(np.ndindex(w.shape[1:])):
            y, z = row * stride + i - padding, column * stride + j - padding
            if 0 <= y < height and 0 <= z < width:
                driven[0, t] = x[image, c, y, z]
        found[image, :, row, column] = matmul(driven, stored, p)[0]
    return found


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 1), (3, 2)])
def test_convolutions(stride: int, padding: int) -> None:
    random = np.random.default_rng(stride)
    p = DaismParameters(banks=3)
    x, w = (to_words(random.standard_normal(shape), p) for shape in ((2, 3, 7, 6), (5, 3, 3, 2)))
    assert np.array_equal(conv2d(x, w, p, stride, padding), slow_convolution(x, w, p, stride, padding))
    q = DaismParameters(banks=3, **INTEGER)
    x, w = random.integers(0, 256, x.shape), random.integers(0, 256, w.shape)
    assert np.array_equal(conv2d(x, w, q, stride, padding), slow_convolution(x, w, q, stride, padding))


def test_bias_of_a_convolution() -> None:
    p = DaismParameters(banks=3)
    bias = np.array([0x3F800000, 0xC0000000])
    x, w = np.zeros((1, 2, 3, 3), np.int64), np.full((2, 2, 2, 2), 0x3F80)
    assert conv2d(x, w, p, bias=bias).tolist() == [[[[int(word)] * 2] * 2 for word in bias]]


def float_gradients(
    x: np.ndarray, w: np.ndarray, errors: np.ndarray, stride: int, padding: int
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of input and kernels by their definition, scattered from every output."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    of_input, of_kernels = np.zeros_like(padded), np.zeros_like(w)
    height, width = w.shape[2:]
    for row, column in np.ndindex(errors.shape[2:]):
        window = np.s_[:, :, row * stride : row * stride + height, column * stride : column * stride + width]
        of_input[window] += np.einsum("no,ochw->nchw", errors[:, :, row, column], w)
        of_kernels += np.einsum("no,nchw->ochw", errors[:, :, row, column], padded[window])
    inner = np.s_[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]]
    return of_input[inner], of_kernels


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 0), (2, 1), (3, 1)])
def test_gradients_of_a_convolution(stride: int, padding: int) -> None:
    random = np.random.default_rng(0)
    p = DaismParameters(banks=3)
    # Powers of two multiply exactly in every variant, and these sums need few bits: the float result is exact.
    shapes = (2, 2, 8, 7), (4, 2, 3, 3)
    x, w = (2.0 ** random.integers(-2, 3, shape) * random.choice([-1, 1], shape) for shape in shapes)
    size = conv2d(to_words(x, p), to_words(w, p), p, stride, padding).shape
    errors = 2.0 ** random.integers(-2, 3, size) * random.choice([-1, 1], size)
    of_input, of_kernels = float_gradients(x, w, errors, stride, padding)
    words = [to_words(values, p) for values in (x, w, errors)]
    found = conv2d_input_gradient(words[2], words[1], p, x.shape[2:], stride, padding)
    assert np.array_equal(accumulator_values(found), of_input)
    found = conv2d_weight_gradient(words[0], words[2], p, w.shape[2:], stride, padding)
    assert np.array_equal(accumulator_values(found), of_kernels)


def test_gradients_of_a_layer_store_what_they_say() -> None:
    p = DaismParameters(banks=3)
    x, w = operands(p, (6, 10, 5), 4, 0)
    errors = operands(p, (6, 5, 1), 4, 3)[0]
    zeros = np.zeros((6, 10)), np.zeros((10, 5))
    assert np.array_equal(input_gradient(errors, w, p), slow_matmul(errors, w.T, p, zeros[0], False))
    assert np.array_equal(weight_gradient(x, errors, p), slow_matmul(x.T, errors, p, zeros[1], False))


def test_driven_vectors_have_the_kernel_column_fastest() -> None:
    x = np.arange(2 * 3 * 4).reshape(1, 2, 3, 4)
    assert im2col(x, (2, 2))[1].tolist() == [1, 2, 5, 6, 13, 14, 17, 18]
    assert im2col(x, (2, 2), stride=2, padding=1)[0].tolist() == [0, 0, 0, 0, 0, 0, 0, 12]


def matrix(*shape: int) -> np.ndarray:
    return np.full(shape, 0x3F80)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda p: matmul(matrix(2, 3), matrix(4, 5), p),
            "w must have as many rows as x has columns, 3, not 4",
        ),
        (
            lambda p: matmul(matrix(0, 3), matrix(3, 5), p),
            "x must be a matrix with no dimension of zero, not of shape (0, 3)",
        ),
        (
            lambda p: matmul(matrix(2, 3), matrix(3), p),
            "w must be a matrix with no dimension of zero, not of shape (3,)",
        ),
        (lambda p: matmul(matrix(2, 3) * 1.0, matrix(3, 1), p), "x must be integers of at most 64 bits, not float64"),
        (lambda p: matmul(matrix(2, 3), matrix(3, 1) << 4, p), "w must be at most 65535, not 260096"),
        (lambda p: matmul(matrix(2, 3), matrix(3, 1) | 0x7F80, p), "w must be finite, not 0x7f80"),
        (lambda p: matmul(matrix(2, 3) | 0x7FC0, matrix(3, 1), p), "x must be finite, not 0x7fc0"),
        (
            lambda p: matmul(matrix(2, 3), matrix(3, 4), p, initial=[1, 2]),
            "initial must broadcast to (2, 4), not be of shape (2,)",
        ),
        (
            lambda p: matmul(matrix(1, 1), matrix(1, 1), p, initial=0x7F800000),
            "initial must be finite, not 0x7f800000",
        ),
        (lambda p: matmul(matrix(1, 1), matrix(1, 1), p, threads=0), "threads must be between 1 and 1024, not 0"),
        (lambda p: matmul(matrix(1, 1), matrix(1, 1), None), "parameters must be a DaismParameters, not None"),
        (
            lambda p: conv2d(matrix(1, 2, 4, 4), matrix(1, 3, 2, 2), p),
            "w must have as many channels as x, 2, not 3",
        ),
        (
            lambda p: conv2d(matrix(1, 2, 4, 4), matrix(1, 2, 5, 2), p),
            "kernel height must be between 1 and 4, not 5",
        ),
        (
            lambda p: conv2d(matrix(2, 4, 4), matrix(1, 2, 5, 2), p),
            "x must have 4 dimensions, none of zero, not shape (2, 4, 4)",
        ),
        (
            lambda p: conv2d(matrix(1, 2, 4, 4), matrix(1, 2, 2, 2), p, 0),
            "stride must be between 1 and 1048576, not 0",
        ),
        (
            lambda p: conv2d(matrix(1, 2, 4, 4), matrix(1, 2, 2, 2), p, padding=-1),
            "padding must be between 0 and 1048576, not -1",
        ),
        (
            lambda p: conv2d(matrix(1, 2, 4, 4), matrix(3, 2, 2, 2), p, bias=[0, 0]),
            "bias must be one value or 3, not of shape (2,)",
        ),
        (
            lambda p: conv2d_weight_gradient(matrix(1, 2, 4, 4), matrix(1, 3, 2, 2), p, (2, 2)),
            "errors must be of shape (1, 3, 3, 3), not (1, 3, 2, 2)",
        ),
        (
            lambda p: conv2d_input_gradient(matrix(1, 3, 2, 2), matrix(3, 2, 2, 2), p, (4, 4)),
            "errors must be of shape (1, 3, 3, 3), not (1, 3, 2, 2)",
        ),
    ],
)
def test_bad_operands_are_refused(call, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        call(DaismParameters())
    assert str(refused.value) == message


def test_sums_that_may_not_fit_are_refused() -> None:
    p = DaismParameters(significand_bits=24, kept_columns="full", **INTEGER)
    with pytest.raises(ValueError) as refused:
        matmul(np.zeros((1, 40_000), np.int64), np.zeros((40_000, 1), np.int64), p)
    reach = 40_000 * (2**24 - 1) ** 2
    message = f"initial and 40000 products of 24 bits must stay below 2^63 in sum, not reach {reach}"
    assert str(refused.value) == message
    with pytest.raises(
        ValueError, match=r"^initial and 1 products of 24 bits must stay below 2\^63 in sum, not reach "
    ):
        matmul([[1]], [[1]], p, initial=-(2**63) + 1)


def test_the_gather_to_compare_with_makes_the_same_sums() -> None:
    gemm = Gemm(positions=5, length=60, outputs=7)
    for variant in ("fla", "pc3"):
        for width in ("full", "truncated"):
            p = DaismParameters(variant=variant, kept_columns=width, **INTEGER)
            x, w = random_operands(gemm, p)
            assert np.array_equal(table_gather(x, w, p), matmul(x, w, p))
            p = DaismParameters(variant=variant, kept_columns=width)
            x, w = random_operands(gemm, p)
            sums = accumulator_values(matmul(x, w, p))
            assert np.abs(table_gather(x, w, p) - sums).max() < 1e-4
            assert np.abs(sums).max() > 10


def test_rates_are_measured() -> None:
    for options in ({}, INTEGER):
        rates = measure_rates(Gemm(positions=2, length=3, outputs=4), DaismParameters(**options), repeats=1)
        assert min(rates.matmul, rates.matmul_core, rates.table_gather, rates.gather_core) > 0
        assert rates.threads == 2
    with pytest.raises(ValueError) as refused:
        measure_rates(Gemm(positions=1, length=1, outputs=1), DaismParameters(significand_bits=11))
    assert str(refused.value) == "significand_bits must be between 4 and 8, not 11"
