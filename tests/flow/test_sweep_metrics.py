"""The numbers that sweeps minimise, against computations of their own."""

import math
from fractions import Fraction
from itertools import pairwise
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from flow.libraries import find as find_library
from flow.metrics import METRICS, Subject, metric
from flow.prices import price_design
from gen.catalog import find
from sim_models.arith import BF16, FP16, FP32, FloatFormat, error
from sim_models.nmpu import LdpuParameters, NmpuParameters, process
from sim_models.nmpu.error import COLUMNS, SEED, VECTORS, draw_filling_case, ldpu_error, nmpu_error

TINY, SMALL = FloatFormat(exponent_bits=2, fraction_bits=3), FloatFormat(exponent_bits=4, fraction_bits=3)
NUMPY_TYPES = {FP16: np.float16, BF16: ml_dtypes.bfloat16, FP32: np.float32, SMALL: ml_dtypes.float8_e4m3}

WORDS = {8: np.uint8, 16: np.uint16, 32: np.uint32}


def drawn(operands: int) -> np.ndarray:
    """The operands that the definition names: seeded, standard normal."""
    return np.random.default_rng(error.SEED).standard_normal((operands, error.SAMPLES))


def value(word: int, fmt: FloatFormat) -> Fraction | None:
    """The exact value of a finite word, from the definition of the format."""
    fraction = word % (1 << fmt.fraction_bits)
    field = word // (1 << fmt.fraction_bits) % (1 << fmt.exponent_bits)
    if field == (1 << fmt.exponent_bits) - 1:
        return None
    significand = Fraction(fraction, 1 << fmt.fraction_bits) + (field > 0)
    magnitude = significand * Fraction(2) ** (max(field, 1) - fmt.bias)
    return -magnitude if word >> (fmt.width - 1) else magnitude


@pytest.mark.parametrize("fmt", NUMPY_TYPES, ids=str)
def test_words_and_values_are_those_of_other_implementations(fmt: FloatFormat) -> None:
    kind = NUMPY_TYPES[fmt]
    values = np.concatenate([drawn(1)[0], drawn(1)[0] * 1e-5, [0.0, -0.0, 1e300, -1e300, 2.0**-1074]])
    with np.errstate(over="ignore"):
        # ml_dtypes rounds float64 twice, by way of float32.
        values = values if fmt in (FP16, FP32) else values.astype(np.float32).astype(np.float64)
        expected = values.astype(kind)
    finite = values[np.isfinite(values)]
    words = error.nearest_words(finite, fmt)
    expected = expected[np.isfinite(values)]
    assert (words == expected.view(WORDS[fmt.width])).all()
    assert np.array_equal(error.real_values(words, fmt), expected.astype(np.float64))


@pytest.mark.parametrize("fmt", [TINY, SMALL])
def test_every_word_of_a_small_format_has_its_exact_value(fmt: FloatFormat) -> None:
    words = np.arange(1 << fmt.width)
    for word, found in zip(words.tolist(), error.real_values(words, fmt).tolist(), strict=True):
        exact = value(word, fmt)
        assert math.isinf(found) if exact is None else Fraction(found) == exact


@pytest.mark.parametrize("fmt", [FP16, FP32, BF16])
def test_errors_of_operations_are_those_of_numpys_own_arithmetic(fmt: FloatFormat) -> None:
    kind = NUMPY_TYPES[fmt]
    a, b, c = (words.astype(WORDS[fmt.width]).view(kind) for words in error.nearest_words(drawn(3), fmt))
    x, y, z = (values.astype(np.float64) for values in (a, b, c))

    def mean(result: Any, exact: Any) -> float:
        return float((np.abs(result.astype(np.float64) - exact) / np.abs(exact)).mean())

    two = [words.astype(WORDS[fmt.width]).view(kind) for words in error.nearest_words(drawn(2), fmt)]
    p, q = (values.astype(np.float64) for values in two)
    assert error.multiply_error(fmt) == pytest.approx(mean(two[0] * two[1], p * q), rel=1e-9)
    # Numbers that cancel have a sum of 0 and no relative error.
    whole = p + q != 0
    assert error.add_error(fmt) == pytest.approx(mean((two[0] + two[1])[whole], (p + q)[whole]), rel=1e-9)
    if fmt != FP32:  # one rounding of the exact x * y + z, which float64 gives but for formats this wide
        assert error.fused_error(fmt) == pytest.approx(mean((x * y + z).astype(kind), x * y + z), rel=1e-9)


def test_errors_against_fractions_with_overflow_and_underflow() -> None:
    """Word by word, for a format so small that products overflow and vanish."""
    words = [error.nearest_words(values[:400], TINY).tolist() for values in drawn(2)]
    from sim_models.arith import float_multiply

    for flush in (False, True):
        found = float_multiply(*words, TINY, flush_to_zero=flush).tolist()
        samples = []
        for a, b, result in zip(*words, found, strict=True):
            factors, given = (value(a, TINY), value(b, TINY)), value(result, TINY)
            if None in factors or factors[0] * factors[1] == 0:
                continue
            exact = factors[0] * factors[1]
            samples.append(Fraction(1) if given is None else min(Fraction(1), abs(given - exact) / abs(exact)))
        reals = [error.real_values(np.array(it), TINY) for it in (*words, found)]
        with np.errstate(invalid="ignore"):
            measured = error.mean_relative_error(reals[2], reals[0] * reals[1])
        assert measured == pytest.approx(float(sum(samples) / len(samples)), rel=1e-12)
        assert 1 in samples


def test_errors_fall_as_formats_grow_and_flushing_costs() -> None:
    for function in (error.multiply_error, error.add_error, error.fused_error):
        widths = [function(FloatFormat(exponent_bits=8, fraction_bits=bits)) for bits in range(1, 24)]
        # Each bit halves the error; formats of few bits round exact results away less evenly.
        assert all(1.9 < wide / narrow < 2.1 for wide, narrow in pairwise(widths[4:]))
        assert function(SMALL, flush_to_zero=True) > function(SMALL)


def test_errors_of_conversions() -> None:
    for function, low in ((error.from_unsigned_error, 0), (error.from_signed_error, -(1 << 11))):
        values = np.arange(low, low + (1 << 12)).astype(np.float64)
        rounded, counted = values.astype(ml_dtypes.bfloat16).astype(np.float64), values != 0
        expected = (np.abs(rounded - values)[counted] / np.abs(values[counted])).mean()
        assert function(12, BF16) == pytest.approx(float(expected), rel=1e-12)
        assert function(8, FP16) == 0
    limit = 127.0
    words = np.random.default_rng(error.SEED).uniform(-limit, limit, error.SAMPLES).astype(np.float16)
    exact = words.astype(np.float64)
    expected = (np.abs(np.rint(exact) - exact) / np.abs(exact)).clip(max=1).mean()
    assert error.to_signed_error(8, FP16) == pytest.approx(float(expected), rel=1e-12)
    # TINY holds nothing above 3.75, so it draws nothing above it.
    assert 0 < error.to_signed_error(32, TINY) < 1
    with pytest.raises(ValueError, match=r"^exact must hold at least one finite value other than 0, not none$"):
        error.mean_relative_error([1.0], [0.0])


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"scale_fraction_bits": 4, "pre_cut_bits": 0},
        {"variant": "branch_round"},
        {"final_rounding": "half_even"},
        {"signed_input": True},
        {"input_bits": 8, "output_bits": 6},
        {"scale_integer_bits": 0},
        {"offset_integer_bits": 2},
    ],
)
def test_error_of_a_unit_is_that_of_its_outputs_one_by_one(fields: dict[str, Any]) -> None:
    parameters = NmpuParameters(**fields)
    case = draw_filling_case(parameters.count_format, parameters.output_bits)
    limit = 2.0 - 2.0**-parameters.scale_fraction_bits if parameters.scale_integer_bits else 1.0
    scales = case.scales
    shift = max(s for s in range(4) if max(scales.scale_positive.max(), scales.scale_negative.max()) * 2**s <= limit)

    def words(reals: np.ndarray, bits: int, low: int, high: int) -> np.ndarray:
        return np.rint(reals * 2**bits).clip(low, high).astype(np.int64)

    p = parameters
    high = (1 << (p.scale_integer_bits + p.scale_fraction_bits)) - 1
    scale_p, scale_n = (
        words(it * 2.0**shift, p.scale_fraction_bits, 0, high) for it in (scales.scale_positive, scales.scale_negative)
    )
    bound = 1 << (p.offset_integer_bits + p.offset_fraction_bits - 1)
    offset = words(scales.offset, p.offset_fraction_bits, -bound, bound - 1)
    output = process(case.positive, case.negative, scale_p, scale_n, offset, shift, True, p)
    squares = []
    for vector, column in np.ndindex(VECTORS, COLUMNS):
        real = case.positive[vector, column] * scales.scale_positive[column] + scales.offset[column]
        real -= case.negative[vector, column] * scales.scale_negative[column]
        squares.append((output[vector, column] - min(max(real, 0.0), 2.0 ** (p.output_bits - 1) - 1)) ** 2)
    assert nmpu_error(p) == pytest.approx(math.sqrt(math.fsum(squares) / len(squares)), rel=1e-9)


def test_error_of_units_orders_formats_as_precision_does() -> None:
    # Rounding a real number to an integer alone costs sqrt(1/12), and the half that ReLU clears costs nothing.
    ideal = math.sqrt(1 / 12 / 2)
    fine = nmpu_error(NmpuParameters(scale_fraction_bits=12, pre_cut_bits=0, offset_fraction_bits=6))
    assert ideal == pytest.approx(ldpu_error(LdpuParameters()), rel=0.03)
    assert ideal == pytest.approx(fine, rel=0.03)
    errors = [nmpu_error(NmpuParameters(scale_fraction_bits=bits, pre_cut_bits=0)) for bits in (4, 5, 6, 7, 8)]
    assert errors == sorted(errors, reverse=True)
    assert nmpu_error(NmpuParameters(variant="branch_round")) > nmpu_error(NmpuParameters())
    assert nmpu_error(NmpuParameters(offset_integer_bits=2)) > 2 * nmpu_error(NmpuParameters())


def test_counts_of_every_width_are_legal_and_fill_their_words() -> None:
    for bits in range(1, 17):
        for signed in (False, True):
            if signed and bits == 1:
                continue
            counts = NmpuParameters(input_bits=bits, signed_input=signed).count_format
            case = draw_filling_case(counts, 8)
            assert counts.minimum <= case.positive.min()
            assert case.positive.max() <= counts.maximum
            assert bits < 4 or case.positive.max() > 0.75 * 0.39 * 2**bits
            assert not signed or not case.negative.any()


@pytest.mark.parametrize("signed", [False, True])
def test_the_reference_corrects_gain_and_offset_of_the_columns(signed: bool) -> None:
    """What the real correction gives is the ideal difference, but for the rounding of each count."""
    counts = NmpuParameters(input_bits=10, signed_input=signed).count_format
    case = draw_filling_case(counts, 8)
    ideal_p, ideal_n = np.random.default_rng(SEED).uniform(0, 400, (2, VECTORS, COLUMNS))
    scales = case.scales
    real = case.positive * scales.scale_positive - case.negative * scales.scale_negative + scales.offset
    clipped = (case.positive <= counts.minimum) | (case.positive >= counts.maximum)
    clipped |= False if signed else case.negative == 0
    bound = (scales.scale_positive + scales.scale_negative) / 2 + 1e-9
    distance = np.abs(real - (ideal_p - ideal_n) / 4)
    assert (distance <= bound)[~clipped].all()
    assert (distance / bound)[~clipped].max() > 0.5
    assert clipped.mean() < 0.05


def test_every_design_with_an_error_has_a_finite_one_with_its_unit() -> None:
    library = find_library()
    for name in ("nmpu_unit", "nmpu", "nmpu_fp16", "nmpu_fp16_lane", "float_multiply", "float_add", "float_fused"):
        design = find(name)
        chosen = metric("error", design)
        parameters = design.configuration()()
        found = chosen.measure(Subject(design=design, parameters=parameters, library=library))
        assert 0 < found < 1
        assert chosen.unit == ("ratio" if name.startswith("float") else "output LSB")
    assert metric("error", find("float_add")).version(library) != metric("error", find("nmpu")).version(library)


def test_area_and_delay_are_those_of_synth(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path))
    design, library = find("unsigned_to_float"), find_library()
    parameters = design.configuration()(exponent_bits=3, fraction_bits=2, width=3)
    subject = Subject(design=design, parameters=parameters, library=library)
    price = price_design(design, parameters, library)
    assert metric("area", design).measure(subject) == price.area_um2 > 0
    assert metric("delay", design).measure(subject) == price.delay_ps
    assert set(METRICS) == {"area", "delay", "energy", "error"}


def test_a_library_has_a_version_of_its_own() -> None:
    from dataclasses import replace

    library, area = find_library(), metric("area", find("nmpu_unit"))
    assert area.version(library) == area.version(replace(library))
    assert area.version(library) != area.version(replace(library, content_hash="another"))
