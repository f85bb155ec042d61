"""The half-precision lane, all bits of many vectors, against numpy's float16 and the golden model."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from gen.describe import describe_ports
from gen.rtl import Rtl, elaborate
from hdl.nmpu_fp16 import Fp16Lane
from sim_models.nmpu import LdpuParameters, ldpu_process
from verif.nmpu_fp16 import run_lane

SEED = 16
NAN = 0x7E00
WORDS = ("slope_p", "slope_n", "addend")

# count_p, slope_p, count_n, slope_n, addend, value, result with ReLU; words are binary16 patterns
VECTORS = [
    (613, 0x3450, 247, 0x3390, 0x4680, 0x5716, 113),
    (520, 0x3400, 500, 0x3400, 0x3800, 0x4580, 6),
    (518, 0x3400, 500, 0x3400, 0x0000, 0x4480, 4),
    (1023, 0x37F8, 0, 0x0000, 0x0000, 0x5FF6, 127),
    (0, 0x0000, 1023, 0x37F8, 0xD400, 0xE07B, 0),
    (511, 0x3400, 512, 0x3400, 0x0000, 0xB400, 0),
    (777, 0x3429, 123, 0x33F8, 0xC29A, 0x5941, 127),
    (840, 0x3549, 591, 0x3571, 0xCC7C, 0x5352, 59),
    (704, 0x3178, 228, 0x33E7, 0x48BF, 0x5498, 74),
]

# Words with special meaning and their neighbours: zeros, subnormals, ones, largest, infinities, NaN.
CORNERS = [
    0x0000,
    0x0001,
    0x03FF,
    0x0400,
    0x2C00,
    0x3400,
    0x3BFF,
    0x3C00,
    0x57F0,
    0x7BFF,
    0x7C00,
    0x7C01,
    0x7E00,
    0x7FFF,
]


def lane(**fields: object) -> Rtl:
    return elaborate(Fp16Lane(parameters=LdpuParameters(**fields)), "nmpu_fp16_lane")


def half(words: NDArray) -> NDArray[np.float16]:
    return words.astype(np.uint16).view(np.float16)


def float16_value(operands: Mapping[str, NDArray]) -> NDArray[np.int64]:
    """The lane in numpy: every operation on float16 rounds once."""
    with np.errstate(all="ignore"):
        positive = operands["count_p"].astype(np.float16) * half(operands["slope_p"])
        negative = operands["count_n"].astype(np.float16) * half(operands["slope_n"])
        value = (positive - negative) + half(operands["addend"])
    return np.where(np.isnan(value), NAN, value.view(np.uint16).astype(np.int64))


def float16_result(value: NDArray, relu: NDArray) -> NDArray[np.int64]:
    """int8 of the values: `np.rint` takes ties to even."""
    number = half(value).astype(np.float64)
    rectified = np.where((relu == 1) & (number < 0), 0, number)
    return np.where(np.isnan(number), 0, np.clip(np.rint(rectified), -128, 127)).astype(np.int64)


def check_against_float16(operands: Mapping[str, NDArray]) -> dict[str, NDArray]:
    outputs = run_lane(lane(), operands)
    np.testing.assert_array_equal(outputs["value"], float16_value(operands))
    np.testing.assert_array_equal(outputs["out_data"], float16_result(outputs["value"], operands["relu"]))
    np.testing.assert_array_equal(outputs["invalid"], outputs["value"] == NAN)
    return outputs


def random_operands(count: int, words: NDArray) -> dict[str, NDArray]:
    random = np.random.default_rng(SEED)
    counts = {name: random.integers(0, 1024, count) for name in ("count_p", "count_n")}
    return {**counts, **dict(zip(WORDS, words, strict=True)), "relu": random.integers(0, 2, count)}


def test_definition_vectors() -> None:
    count_p, slope_p, count_n, slope_n, addend, value, result = np.array(VECTORS).T
    operands = {"count_p": count_p, "slope_p": slope_p, "count_n": count_n, "slope_n": slope_n, "addend": addend}
    for relu, expected in ((1, result), (0, np.where(value == 0xE07B, -128, result))):
        outputs = run_lane(lane(), {**operands, "relu": np.full(len(value), relu)})
        np.testing.assert_array_equal(outputs["value"], value)
        np.testing.assert_array_equal(outputs["out_data"], expected)
        assert not outputs["invalid"].any()


def test_usual_operands_equal_numpy_float16() -> None:
    random = np.random.default_rng(SEED)
    slopes = random.uniform(0.05, 0.5, (2, 200_000)).astype(np.float16)
    addend = random.uniform(-60, 60, 200_000).astype(np.float16)
    outputs = check_against_float16(random_operands(200_000, np.stack([*slopes, addend]).view(np.uint16)))
    assert set(range(-128, 128)) == set(outputs["out_data"].tolist())


def test_any_words_equal_numpy_float16() -> None:
    words = np.random.default_rng(SEED).integers(0, 1 << 16, (3, 300_000))
    outputs = check_against_float16(random_operands(300_000, words))
    assert 0 < outputs["invalid"].sum() < 100_000


def test_corner_words_equal_numpy_float16() -> None:
    corners = np.array([sign | word for word in CORNERS for sign in (0, 0x8000)])
    grid = np.meshgrid([0, 1, 2, 3, 511, 512, 1023], [0, 1, 1023], corners, corners, corners, [0, 1], indexing="ij")
    names = ("count_p", "count_n", *WORDS, "relu")
    check_against_float16({name: axis.ravel() for name, axis in zip(names, grid, strict=True)})


def test_every_count_and_every_addend_passes_through() -> None:
    """With slope 1 and no addend a count comes out as it is; with no counts the addend does, but for NaN and -0."""
    counts, zero = np.arange(1024), np.zeros(1024, np.int64)
    one = np.full(1024, 0x3C00)
    base = {"slope_p": one, "slope_n": one, "addend": zero, "relu": zero, "count_n": zero}
    assert (run_lane(lane(), {**base, "count_p": counts})["value"] == counts.astype(np.float16).view(np.uint16)).all()
    words = np.arange(1 << 16)
    operands = {name: np.zeros(1 << 16, np.int64) for name in ("count_p", "count_n", "slope_p", "slope_n", "relu")}
    outputs = check_against_float16({**operands, "addend": words})
    same = outputs["value"] == words
    assert (words[~same] == 0x8000).sum() + np.isnan(half(words[~same])).sum() == (~same).sum()


def flushed_value(operands: Mapping[str, NDArray]) -> NDArray[np.int64]:
    """The lane with flush to zero in float64, where finite products and sums of float16 are exact before rounding."""

    def flush(exact: NDArray[np.float64]) -> NDArray[np.float64]:
        # From here on 11 significant bits round up to the smallest normal number.
        tiny = np.abs(exact) < 2.0**-14 * (1 - 2.0**-12)
        return np.where(tiny, np.copysign(0.0, exact), exact).astype(np.float16).astype(np.float64)

    slope_p, slope_n, addend = (flush(half(operands[name]).astype(np.float64)) for name in WORDS)
    difference = flush(flush(operands["count_p"] * slope_p) - flush(operands["count_n"] * slope_n))
    return flush(difference + addend).astype(np.float16).view(np.uint16).astype(np.int64)


@pytest.mark.parametrize(("flush", "reference"), [(False, float16_value), (True, flushed_value)])
def test_subnormal_operands_and_results(flush: bool, reference: Callable[[Mapping[str, NDArray]], NDArray]) -> None:
    random = np.random.default_rng(SEED)
    count = 200_000
    # Exponents near the subnormal range, so that operands, products and sums are often subnormal.
    words = random.integers(0, 0x0C00, (3, count)) | random.integers(0, 2, (3, count)) << 15
    operands = random_operands(count, words)
    operands["count_p"] >>= random.integers(0, 11, count)
    operands["count_n"] >>= random.integers(0, 11, count)
    value = run_lane(lane(flush_to_zero=flush), operands)["value"]
    np.testing.assert_array_equal(value, reference(operands))
    order = ("count_p", "count_n", *WORDS, "relu")
    golden = ldpu_process(*(operands[name] for name in order), LdpuParameters(flush_to_zero=flush))
    np.testing.assert_array_equal(value, golden.value)
    subnormal = ((value & 0x7C00) == 0) & ((value & 0x03FF) != 0)
    assert subnormal.any() == (not flush)


def test_ports_state_their_formats() -> None:
    component = Fp16Lane(parameters=LdpuParameters())
    elaborate(component, "nmpu_fp16_lane")  # Amaranth warns of components that are never elaborated
    ports = {port["name"]: port["format"] for port in describe_ports(component)}
    half_precision = {"kind": "IEEE float", "exponent_bits": 5, "fraction_bits": 10}
    assert all(ports[name] == half_precision for name in (*WORDS, "value"))
    assert ports["count_p"] == {"kind": "unsigned", "integer_bits": 10, "fraction_bits": 0}
    assert ports["out_data"] == {"kind": "two's complement", "integer_bits": 8, "fraction_bits": 0}
