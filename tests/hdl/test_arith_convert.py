"""Conversions between integers and floating point in simulation: against numpy, every bit of every result."""

import gc
import warnings

import ml_dtypes
import numpy as np
import pytest
from amaranth.hdl import UnusedElaboratable
from numpy.typing import NDArray

from gen.rtl import elaborate
from hdl.arith import FloatToSigned, SignedToFloat, UnsignedToFloat
from hdl.block import Block
from sim_models.arith import BF16, FP16, FP32, FloatFormat, float_to_signed, signed_to_float, unsigned_to_float
from sim_models.arith.stimulus import corner_words
from verif.batch import simulate

Words = NDArray[np.int64]

SEED = 754
RANDOM = 500_000
KINDS = {FP16: np.float16, BF16: ml_dtypes.bfloat16, FP32: np.float32}


def run(component: Block, **inputs: Words) -> Words:
    """The component's ``result`` port for every word of the inputs."""
    return simulate(elaborate(component, "dut"), inputs)["result"]


def unsigned_kind(fmt: FloatFormat) -> type[np.unsignedinteger]:
    return np.uint32 if fmt.width == 32 else np.uint16


@pytest.mark.parametrize(("fmt", "width"), [(FP16, 10), (FP16, 16), (FP16, 18), (BF16, 12), (FP32, 18)])
def test_every_integer_converts_as_in_numpy(fmt: FloatFormat, width: int) -> None:
    words = np.arange(1 << width)
    values = words - (words >> (width - 1) << width)
    with np.errstate(over="ignore"):
        # Through float64, exact for these values, so that there is one rounding.
        unsigned, signed = (v.astype(np.float64).astype(KINDS[fmt]).view(unsigned_kind(fmt)) for v in (words, values))
    assert np.array_equal(run(UnsignedToFloat(width=width, format=fmt), value=words), unsigned)
    assert np.array_equal(run(SignedToFloat(width=width, format=fmt), value=values), signed)


@pytest.mark.parametrize(("fmt", "width"), [(FP32, 32), (FP32, 48), (BF16, 40)])
def test_wide_integers_convert_as_in_the_golden_model(fmt: FloatFormat, width: int) -> None:
    random = np.random.default_rng(SEED)
    lengths = random.integers(1, width + 1, RANDOM)
    words = random.integers(0, np.int64(1) << lengths)
    # A one, a gap and a one far below it: a tie, or just above or below one.
    words[: RANDOM // 2] = np.int64(1) << (lengths[: RANDOM // 2] - 1)
    places = lengths - fmt.significand_bits - 1
    words |= np.where(places >= 0, np.int64(1) << np.maximum(places, 0), 0)
    words[::3] += words[::3] < (1 << width) - 1
    values = words - (words >> (width - 1) << width)
    assert np.array_equal(run(UnsignedToFloat(width=width, format=fmt), value=words), unsigned_to_float(words, fmt))
    assert np.array_equal(run(SignedToFloat(width=width, format=fmt), value=values), signed_to_float(values, fmt))


@pytest.mark.parametrize(
    ("fmt", "width"),
    [(FP16, 8), (FP16, 2), (FP16, 16), (FP16, 24), (BF16, 8), (BF16, 32), (FP32, 8), (FP32, 16), (FP32, 32)],
)
def test_floats_convert_to_the_nearest_clamped_integers(fmt: FloatFormat, width: int) -> None:
    random = np.random.default_rng(SEED)
    words = (
        np.arange(1 << 16) if fmt.width == 16 else np.concatenate([corner_words(fmt), conversion_words(fmt, random)])
    )
    with np.errstate(invalid="ignore"):
        real = words.astype(unsigned_kind(fmt)).view(KINDS[fmt]).astype(np.float64)
    invalid = np.isnan(real)
    high = (1 << (width - 1)) - 1
    expected = np.clip(np.rint(np.where(invalid, 0, real)), -high - 1, high).astype(np.int64)
    results = simulate(elaborate(FloatToSigned(format=fmt, width=width), "dut"), {"value": words})
    assert np.array_equal(results["result"], expected)
    assert np.array_equal(results["invalid"], invalid)
    assert np.array_equal(results["result"], float_to_signed(words, width, fmt)[0])


def conversion_words(fmt: FloatFormat, random: np.random.Generator) -> Words:
    """Words of magnitudes between a quarter and 2^34, every other one an integer or half an integer."""
    field = random.integers(fmt.bias - 3, fmt.bias + 34, 2 * RANDOM)
    fraction = random.integers(0, 1 << fmt.fraction_bits, 2 * RANDOM)
    step = np.clip(fmt.fraction_bits - 1 - (field - fmt.bias), 0, fmt.fraction_bits)
    fraction[::2] = fraction[::2] >> step[::2] << step[::2]
    return field << fmt.fraction_bits | fraction | random.integers(0, 2, 2 * RANDOM) << (fmt.width - 1)


def test_conversion_to_a_narrow_format_overflows_to_infinity() -> None:
    fmt = FloatFormat(exponent_bits=3, fraction_bits=2)
    words = np.arange(1 << 8)
    assert np.array_equal(run(UnsignedToFloat(width=8, format=fmt), value=words), unsigned_to_float(words, fmt))
    # The largest finite number is 14; 15 is a tie that rounds up.
    assert run(UnsignedToFloat(width=8, format=fmt), value=words[14:16]).tolist() == [fmt.infinity - 1, fmt.infinity]


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


@pytest.mark.parametrize(
    ("component", "width", "message"),
    [
        (UnsignedToFloat, 0, "width must be between 1 and 64, not 0"),
        (UnsignedToFloat, 65, "width must be between 1 and 64, not 65"),
        (UnsignedToFloat, 8.0, "width must be an integer, not 8.0"),
        (SignedToFloat, 1, "width must be between 2 and 64, not 1"),
        (FloatToSigned, 1, "width must be between 2 and 32, not 1"),
        (FloatToSigned, 33, "width must be between 2 and 32, not 33"),
    ],
)
def test_bad_conversion_widths_are_refused(component: type[Block], width: object, message: str) -> None:
    assert refusal(component, width=width, format=FP16) == message


@pytest.mark.parametrize("component", [UnsignedToFloat, SignedToFloat, FloatToSigned])
def test_bad_conversion_formats_are_refused(component: type[Block]) -> None:
    assert refusal(component, width=8, format=None) == "format must be a FloatFormat, not None"
