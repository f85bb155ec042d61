"""Floating-point components in simulation against numpy, ml_dtypes and the golden model, every bit of every result."""

import gc
import warnings
from collections.abc import Callable

import ml_dtypes
import numpy as np
import pytest
from amaranth.hdl import UnusedElaboratable
from numpy.typing import NDArray

from gen.rtl import elaborate
from hdl.arith import FloatAdd, FloatFused, FloatMultiply
from hdl.block import Block
from sim_models.arith import (
    BF16,
    FP16,
    FP32,
    FloatFormat,
    float_add,
    float_fused,
    float_multiply,
)
from sim_models.arith.stimulus import corner_words, nearby_words, random_words, tie_addends, tie_factors
from verif.batch import simulate

Words = NDArray[np.int64]

SEED = 754
RANDOM = 500_000
KINDS = {FP16: np.float16, BF16: ml_dtypes.bfloat16, FP32: np.float32}
FORMATS = pytest.mark.parametrize("fmt", KINDS, ids=["fp16", "bf16", "fp32"])
OPERATIONS = pytest.mark.parametrize(
    ("component", "golden", "reference", "ties"),
    [(FloatMultiply, float_multiply, np.multiply, tie_factors), (FloatAdd, float_add, np.add, tie_addends)],
    ids=["multiply", "add"],
)


def format_name(fmt: FloatFormat) -> str:
    return f"e{fmt.exponent_bits}f{fmt.fraction_bits}"


# Formats so narrow that every operand combination can be tried; two exponent bits make sums and products of
# subnormals matter, many fraction bits for few exponents make leading zeros in products long.
NARROW = [FloatFormat(exponent_bits=e, fraction_bits=f) for e, f in [(2, 1), (2, 3), (3, 2), (4, 1)]]


def run(component: Block, **inputs: Words) -> Words:
    """The component's ``result`` port for every word of the inputs."""
    return simulate(elaborate(component, "dut"), inputs)["result"]


def unsigned_kind(fmt: FloatFormat) -> type[np.unsignedinteger]:
    return np.uint32 if fmt.width == 32 else np.uint16


def reference_words(function: np.ufunc, fmt: FloatFormat, *operands: Words) -> Words:
    """What numpy or ml_dtypes computes, as words, with every NaN made the canonical one."""
    kind = unsigned_kind(fmt)
    with np.errstate(all="ignore"):
        result = function(*(words.astype(kind).view(KINDS[fmt]) for words in operands))
        return np.where(np.isnan(result), fmt.nan, result.view(kind).astype(np.int64))


def all_words(fmt: FloatFormat, operands: int) -> list[Words]:
    """Every combination of operand words."""
    return [grid.ravel() for grid in np.meshgrid(*[np.arange(1 << fmt.width)] * operands)]


def operand_pairs(fmt: FloatFormat, ties: Callable[..., tuple[Words, Words]]) -> tuple[Words, Words]:
    """Corner pairs, uniform pairs, pairs of nearby exponents and ties."""
    random = np.random.default_rng(SEED)
    first, second = random.choice(corner_words(fmt), (2, RANDOM))
    plain, near, tie = random_words(fmt, RANDOM, random), random_words(fmt, RANDOM, random), ties(fmt, RANDOM, random)
    others = random_words(fmt, RANDOM, random), nearby_words(near, fmt, random)
    return np.concatenate([first, plain, near, tie[0]]), np.concatenate([second, *others, tie[1]])


def fused_operands(fmt: FloatFormat, count: int) -> tuple[Words, Words, Words]:
    """Addends near the product, opposite to it, and unrelated; factors from corners, ties and all words."""
    random = np.random.default_rng(SEED)
    tie = tie_factors(fmt, count, random)
    a = np.concatenate([random.choice(corner_words(fmt), count), random_words(fmt, count, random), tie[0]])
    b = np.concatenate([random.choice(corner_words(fmt), count), random_words(fmt, count, random), tie[1]])
    product = float_multiply(a, b, fmt)
    near, other = nearby_words(product, fmt, random), random.choice(corner_words(fmt), len(a))
    choice = random.integers(0, 4, len(a))
    c = np.select([choice == 0, choice == 1, choice == 2], [product ^ fmt.sign_mask, other, near ^ 1], near)
    return a, b, c


@FORMATS
@OPERATIONS
def test_operation_equals_numpy(
    fmt: FloatFormat,
    component: type[Block],
    golden: Callable[..., Words],
    reference: np.ufunc,
    ties: Callable[..., tuple[Words, Words]],
) -> None:
    a, b = operand_pairs(fmt, ties)
    if fmt is FP16:
        corners = np.meshgrid(*[corner_words(fmt)] * 2)
        a, b = np.append(a, corners[0]), np.append(b, corners[1])
    assert len(a) >= (5_000_000 if fmt is FP16 else 2_000_000)
    result = run(component(format=fmt), a=a, b=b)
    assert np.array_equal(result, reference_words(reference, fmt, a, b))
    assert np.array_equal(result, golden(a, b, fmt))


@FORMATS
@OPERATIONS
def test_flushing_operation_equals_the_golden_model(
    fmt: FloatFormat,
    component: type[Block],
    golden: Callable[..., Words],
    reference: np.ufunc,
    ties: Callable[..., tuple[Words, Words]],
) -> None:
    a, b = operand_pairs(fmt, ties)
    result = run(component(format=fmt, flush_to_zero=True), a=a, b=b)
    assert np.array_equal(result, golden(a, b, fmt, flush_to_zero=True))
    # Where neither an operand nor the result is subnormal, flushing changes nothing.
    plain = reference_words(reference, fmt, a, b)
    words = np.stack([a, b, plain]) & (fmt.sign_mask - 1)
    ordinary = ((words == 0) | (words > 1 << fmt.fraction_bits)).all(axis=0)
    assert ordinary.sum() > 500_000
    assert np.array_equal(result[ordinary], plain[ordinary])


@pytest.mark.parametrize("flush", [False, True])
@FORMATS
def test_fused_equals_the_golden_model(fmt: FloatFormat, flush: bool) -> None:
    a, b, c = fused_operands(fmt, RANDOM)
    result = run(FloatFused(format=fmt, flush_to_zero=flush), a=a, b=b, c=c)
    assert np.array_equal(result, float_fused(a, b, c, fmt, flush_to_zero=flush))


@FORMATS
def test_fused_is_a_multiplier_and_an_adder(fmt: FloatFormat) -> None:
    random = np.random.default_rng(SEED)
    a, b = random.choice(corner_words(fmt), (2, RANDOM))
    one = np.full_like(a, fmt.bias << fmt.fraction_bits)
    product = reference_words(np.multiply, fmt, a, b)
    fused = FloatFused(format=fmt)
    assert np.array_equal(run(fused, a=a, b=b, c=(a ^ b) & fmt.sign_mask), product)
    assert np.array_equal(run(fused, a=a, b=one, c=b), reference_words(np.add, fmt, a, b))


@pytest.mark.parametrize("flush", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("fmt", NARROW, ids=format_name)
def test_every_operation_of_narrow_formats(fmt: FloatFormat, flush: bool) -> None:
    a, b = all_words(fmt, 2)
    for component, golden in ((FloatMultiply, float_multiply), (FloatAdd, float_add)):
        result = run(component(format=fmt, flush_to_zero=flush), a=a, b=b)
        assert np.array_equal(result, golden(a, b, fmt, flush_to_zero=flush))
    a, b, c = all_words(fmt, 3)
    result = run(FloatFused(format=fmt, flush_to_zero=flush), a=a, b=b, c=c)
    assert np.array_equal(result, float_fused(a, b, c, fmt, flush_to_zero=flush))


def check_operations(fmt: FloatFormat, flush: bool, count: int) -> None:
    """Products, sums and fused operations of random words against the golden model."""
    for component, golden, pairs in (
        (FloatMultiply, float_multiply, tie_factors),
        (FloatAdd, float_add, nearby_pairs),
    ):
        a, b = pairs(fmt, count, np.random.default_rng(SEED))
        result = run(component(format=fmt, flush_to_zero=flush), a=a, b=b)
        assert np.array_equal(result, golden(a, b, fmt, flush_to_zero=flush))
    a, b, c = fused_operands(fmt, count)
    result = run(FloatFused(format=fmt, flush_to_zero=flush), a=a, b=b, c=c)
    assert np.array_equal(result, float_fused(a, b, c, fmt, flush_to_zero=flush))


@pytest.mark.parametrize("flush", [False, True])
def test_significands_longer_than_the_exponent_range(flush: bool) -> None:
    check_operations(FloatFormat(exponent_bits=2, fraction_bits=13), flush, 200_000)


@pytest.mark.slow
@pytest.mark.parametrize("flush", [False, True])
@pytest.mark.parametrize("exponent_bits", [2, 3, 4, 6, 8])
@pytest.mark.parametrize("fraction_bits", [1, 2, 3, 4, 6, 9, 13, 16, 20, 23])
def test_formats_of_every_size(exponent_bits: int, fraction_bits: int, flush: bool) -> None:
    check_operations(FloatFormat(exponent_bits=exponent_bits, fraction_bits=fraction_bits), flush, RANDOM)


def nearby_pairs(fmt: FloatFormat, count: int, random: np.random.Generator) -> tuple[Words, Words]:
    words = random_words(fmt, count, random)
    return words, nearby_words(words, fmt, random)


def refusal(component: type[Block], **parameters: object) -> str:
    """The message with which a constructor refuses ``parameters``, or nothing."""
    message = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedElaboratable)
        try:
            component(**parameters)
        except ValueError as error:
            message = str(error)
        gc.collect()  # Amaranth warns of the unused component when it is deleted
    return message


@pytest.mark.parametrize("component", [FloatMultiply, FloatAdd, FloatFused])
def test_bad_operation_parameters_are_refused(component: type[Block]) -> None:
    assert refusal(component, format="fp16") == "format must be a FloatFormat, not 'fp16'"
    assert refusal(component, format=FP16, flush_to_zero=1) == "flush_to_zero must be a bool, not 1"
