"""Float lane and accumulator adder in simulation, word by word against the golden model and published words."""

import gc
import warnings

import numpy as np
import pytest
from amaranth.hdl import UnusedElaboratable
from numpy.typing import NDArray

from gen.rtl import elaborate
from gen.vectors.daism_work import random_operands, significands
from hdl.daism import FloatLane, FloatSum
from sim_models.daism import DaismParameters, accumulate, multiply, product
from verif.batch import simulate

Words = NDArray[np.int64]
COUNT = 300_000
FORMATS = [(8, 8), (11, 5), (24, 8), (4, 5)]
# Stored, driver; product of fla full, fla truncated, pc3 full, pc3 truncated.
BFLOAT16_PRODUCTS = """
0000 3F80 0000 0000 0000 0000
8000 3F80 8000 8000 8000 8000
0040 7F00 0000 0000 0000 0000
BF80 4049 C049 C048 C049 C048
7F7F 3FFF 7F7F 7F7E 7F7F 7F7F
7F40 4000 7F7F 7F7F 7F7F 7F7F
0080 3F80 0080 0080 0080 0080
0080 3F7F 0000 0000 0000 0000
00FF 3F7F 0000 0000 00DF 00DF
00FF 3F3F 0000 0000 009F 009F
407F 407F 40FF 40FE 415F 415F
3FAA 40D5 40FF 40FE 40FF 40FE
3F35 C06B BFFF BFFE C01F C01F
"""
FP32_SUMS = """
3F800000 33800000 3F800000
3F800000 B3000000 3F7FFFFF
3F800000 B2000000 3F7FFFFF
CB800000 3F000000 CB7FFFFF
7F7FFFFF 7F000000 7F7FFFFF
00C00000 80800000 00000000
3F800000 BF800000 00000000
3F800000 BF7FFFFF 33800000
41200000 80000000 41200000
"""


def hexadecimal(table: str) -> Words:
    """Its columns."""
    return np.array([[int(word, 16) for word in line.split()] for line in table.split("\n") if line]).T


def lane_words(stored: Words, driver: Words, p: DaismParameters) -> Words:
    """Products by the float lane, of what the array should give."""
    bits = p.significand_bits - 1
    inputs = {
        "significand": product(significands(stored, p), significands(driver, p), p),
        "stored": stored >> bits,
        "sign": driver >> p.word_bits - 1,
        "exponent": (driver >> bits & p.special_exponent) - p.bias,
        "zero": (significands(driver, p) == 0).astype(np.int64),
    }
    return simulate(elaborate(FloatLane(parameters=p), "float_lane"), inputs)["product"].astype(np.int64)


@pytest.mark.parametrize("saturate_to", ["max_finite", "infinity"])
@pytest.mark.parametrize("rounding", ["rz", "rne"])
@pytest.mark.parametrize("bits", FORMATS, ids=str)
def test_lane_equals_the_golden_model(bits: tuple[int, int], rounding: str, saturate_to: str) -> None:
    kept = {"rz": "truncated", "rne": "full"}[rounding]
    p = DaismParameters(
        significand_bits=bits[0],
        exponent_bits=bits[1],
        product_rounding=rounding,
        saturate_to=saturate_to,
        kept_columns=kept,
        variant="pc3" if rounding == "rz" else "pc2",
    )
    stored, driver = random_operands(np.random.default_rng(7), 2 * COUNT, p).reshape(2, COUNT)
    expected = multiply(stored, driver, p)
    assert np.array_equal(lane_words(stored, driver, p), expected)
    exponents = expected >> p.product_fraction_bits & p.special_exponent
    assert {0, 1, p.special_exponent - (saturate_to == "max_finite")} <= set(exponents.tolist())


@pytest.mark.parametrize("kept", ["full", "guard", "truncated"])
def test_lane_hands_on_all_kept_columns(kept: str) -> None:
    p = DaismParameters(product_precision="kept", kept_columns=kept, variant="hla", hla_mode="b")
    stored, driver = random_operands(np.random.default_rng(8), 2 * COUNT, p).reshape(2, COUNT)
    assert np.array_equal(lane_words(stored, driver, p), multiply(stored, driver, p))


def test_lane_gives_the_published_products() -> None:
    stored, driver, *expected = hexadecimal(BFLOAT16_PRODUCTS)
    choices = [(variant, kept) for variant in ("fla", "pc3") for kept in ("full", "truncated")]
    for (variant, kept), words in zip(choices, expected, strict=True):
        p = DaismParameters(variant=variant, kept_columns=kept)
        assert np.array_equal(lane_words(stored, driver, p), words), (variant, kept)


def addends(sums: Words, p: DaismParameters, random: np.random.Generator) -> Words:
    """Product words: any, and some that all but cancel a sum, or meet it at any distance."""
    fraction_bits, top = p.product_fraction_bits, p.special_exponent
    words = random.integers(0, 1 << p.product_word_bits, len(sums))
    exponent = np.clip((sums >> 23 & 255) - 127 + p.bias + random.integers(-28, 29, len(sums)), 0, top - 1)
    distant = random.integers(0, 2, len(sums)) << p.exponent_bits | exponent
    distant = distant << fraction_bits | random.integers(0, 1 << fraction_bits, len(sums))
    moved = sums + random.integers(-2, 3, len(sums)) * random.choice([1, 1 << 16, 1 << 22], len(sums))
    near = np.clip((moved >> 23 & 255) - 127 + p.bias, 0, top - 1) << fraction_bits
    fraction = moved & (1 << 23) - 1
    shift = fraction_bits - 23
    near |= fraction << shift if shift >= 0 else fraction >> -shift
    near |= (sums >> 31 ^ 1) << p.product_word_bits - 1
    chosen = np.choose(random.integers(0, 3, len(sums)), [words, distant, near])
    exponent = chosen >> fraction_bits & top
    zero = (exponent == 0) * ((1 << fraction_bits) - 1)
    finite = np.where(exponent == top, chosen & ~(1 << fraction_bits), chosen)
    return finite & ~zero


def sum_words(sums: Words, words: Words, p: DaismParameters, stages: int = 0) -> Words:
    """Sums by the adder, for products with 8 exponent bits."""
    low = 24 - p.accumulator_significand_bits
    add = FloatSum(
        exponent_bits=8,
        fraction_bits=p.accumulator_significand_bits - 1,
        addend_fraction_bits=p.product_fraction_bits,
        to_nearest=p.accumulator_rounding == "rne",
        infinity=p.saturate_to == "infinity",
        stages=stages,
    )
    inputs = {
        name: np.concatenate([part, np.zeros(stages, np.int64)])
        for name, part in (("accumulator", sums >> low), ("addend", words))
    }
    return simulate(elaborate(add, "float_sum"), inputs)["total"][stages:].astype(np.int64) << low


SUMS = [
    {},
    {"accumulator_rounding": "rne"},
    {"accumulator": "bf16"},
    {"accumulator": "bf16", "accumulator_rounding": "rne", "significand_bits": 24},
    {"saturate_to": "infinity"},
    {"significand_bits": 24, "product_precision": "kept", "kept_columns": "full", "accumulator_rounding": "rne"},
    {"significand_bits": 24, "product_precision": "kept", "kept_columns": "full"},
    {"significand_bits": 24, "saturate_to": "infinity", "accumulator_rounding": "rne"},
]


@pytest.mark.parametrize("fields", SUMS, ids=str)
def test_sum_equals_the_golden_model(fields: dict) -> None:
    p, random = DaismParameters(**fields), np.random.default_rng(9)
    exponents = np.where(
        random.random(COUNT) < 0.7, random.integers(1, 255, COUNT), random.choice([0, 1, 2, 253, 254], COUNT)
    )
    sums = (random.integers(0, 2, COUNT) << 8 | exponents) << 23 | random.integers(0, 1 << 23, COUNT)
    sums = np.where(exponents == 0, 0, sums & -(1 << 24 - p.accumulator_significand_bits))
    words = addends(sums, p, random)
    if p.saturate_to == "infinity":
        infinite = random.random(COUNT) < 0.05
        words = np.where(
            infinite,
            words >> p.product_word_bits - 1 << p.product_word_bits - 1 | p.special_exponent << p.product_fraction_bits,
            words,
        )
        sums = np.where(random.random(COUNT) < 0.05, sums & 1 << 31 | 255 << 23, sums)
    expected = accumulate(sums, words, p).astype(np.int64)
    assert np.array_equal(sum_words(sums, words, p), expected)
    assert (expected == 0).any()
    assert (expected & (1 << 31) - 1 >= 0x7F000000).any()


@pytest.mark.parametrize("stages", range(1, 7))
def test_stages_only_delay(stages: int) -> None:
    p, random = DaismParameters(significand_bits=24), np.random.default_rng(stages)
    sums = random.integers(0, 1 << 31, 2000) & ~(1 << 30)
    words = addends(sums, p, random)
    sums = np.where(sums >> 23 == 0, 0, sums)
    assert np.array_equal(sum_words(sums, words, p, stages), accumulate(sums, words, p))


def test_sum_gives_the_published_words() -> None:
    sums, words, expected = hexadecimal(FP32_SUMS)
    assert np.array_equal(sum_words(sums, words, DaismParameters(significand_bits=24)), expected)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"exponent_bits": 9}, "exponent_bits must be between 2 and 8, not 9"),
        ({"fraction_bits": 0}, "fraction_bits must be between 1 and 47, not 0"),
        ({"addend_fraction_bits": 48}, "addend_fraction_bits must be between 1 and 47, not 48"),
        ({"stages": -1}, "stages must be at least 0, not -1"),
    ],
)
def test_sum_refuses(fields: dict, message: str) -> None:
    arguments = {"exponent_bits": 8, "fraction_bits": 23, "addend_fraction_bits": 7} | fields
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedElaboratable)
        with pytest.raises(ValueError) as error:
            FloatSum(**arguments)
        refused = str(error.value)
        del error
        gc.collect()  # Amaranth warns of the unused component when it is deleted
    assert refused == message
