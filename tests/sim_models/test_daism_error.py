"""Error metrics: the published characteristics to their printed digits, and small cases by hand."""

from fractions import Fraction

import numpy as np
import pytest

from sim_models.daism import (
    DaismParameters,
    dot_product_error,
    multiply,
    output_gain,
    product,
    product_error,
    signal_error,
    to_values,
    to_words,
)

INTEGER = {"operand_kind": "integer", "accumulator": "int"}

EXHAUSTIVE = [
    ({"variant": "fla", "kept_columns": "full"}, "16.44 12.94 49.61 95.4 11.08"),
    ({"variant": "pc3", "kept_columns": "full"}, "4.59 3.97 19.18 91.4 2.66"),
    ({"variant": "hla", "hla_mode": "a", "kept_columns": "full"}, "8.67 7.86 32.78 92.7 5.29"),
    ({"variant": "hla", "hla_mode": "b", "kept_columns": "full"}, "6.57 6.76 24.42 86.6 4.17"),
    ({"variant": "hla", "hla_mode": "c", "kept_columns": "full"}, "13.95 12.80 46.48 88.3 9.66"),
    ({"variant": "hla", "hla_mode": "d", "kept_columns": "full"}, "17.38 12.40 49.63 98.6 11.51"),
    ({"variant": "fla"}, "17.09 12.83 50.00 99.1 11.42"),
    ({"variant": "pc3"}, "5.22 4.01 20.00 98.7 2.99"),
    ({"variant": "fla", "kept_columns": "full", **INTEGER}, "15.49 13.1 49.6 87.6 4.87"),
    ({"variant": "pc3", "kept_columns": "full", **INTEGER}, "7.85 9.0 49.0 84.5 1.61"),
]


def metrics(error) -> list[float]:
    return [100 * value for value in (error.mred, error.deviation, error.maximum, error.error_rate, error.nmed)]


def half_digit(printed: str) -> float:
    return 0.5 * 10.0 ** -len(printed.split(".")[1]) + 1e-9


@pytest.mark.parametrize(("options", "printed"), EXHAUSTIVE, ids=str)
def test_characteristics_over_all_pairs(options: dict[str, str], printed: str) -> None:
    error = product_error(DaismParameters(**options))
    for found, expected in zip(metrics(error), printed.split(), strict=True):
        assert abs(found - float(expected)) <= half_digit(expected)
    assert error.bias == -error.mred
    assert error.pairs == (65536 if "operand_kind" in options else 16384)


def test_truncation_alone() -> None:
    error = product_error(DaismParameters(), exact=True)
    for found, expected in zip(metrics(error), ("0.37", "0.25", "1.31", "98.4", "0.19"), strict=True):
        assert abs(found - float(expected)) <= half_digit(expected)


@pytest.mark.parametrize(("variant", "printed"), [("fla", (16.82, 12.85, 11.25)), ("pc3", (4.89, 4.00, 2.81))])
def test_characteristics_of_drawn_pairs(variant: str, printed: tuple[float, ...]) -> None:
    p = DaismParameters(variant=variant, significand_bits=24, kept_columns="full")
    error = product_error(p, samples=200_000)
    mred, deviation, nmed = printed
    margin = 5 * error.deviation / 200_000**0.5 * 100 + 0.02  # of the drawing, here and where the figures were taken
    assert abs(100 * error.mred - mred) < margin
    assert abs(100 * error.deviation - deviation) < margin
    assert abs(100 * error.nmed - nmed) < margin
    assert error.error_rate > 0.999
    assert error.maximum < (0.5 if variant == "fla" else 0.2)


def test_truncation_is_free_for_wide_significands() -> None:
    full, narrow = (
        product_error(DaismParameters(significand_bits=24, kept_columns=width), samples=50_000)
        for width in ("full", "truncated")
    )
    assert abs(full.mred - narrow.mred) < 1e-6


@pytest.mark.parametrize("kind", [{}, INTEGER])
def test_metrics_by_hand(kind: dict[str, str]) -> None:
    p = DaismParameters(variant="pc2", significand_bits=4, **kind)
    values = range(0 if kind else 8, 16)
    pairs = [(a, b, int(product(a, b, p)) << p.drop) for a in values for b in values]
    relative = [Fraction(found - a * b, a * b) for a, b, found in pairs if a * b]
    mean = sum(relative) / len(relative)
    error = product_error(p)
    assert abs(error.mred - float(sum(map(abs, relative)) / len(relative))) < 1e-12
    assert abs(error.bias - float(mean)) < 1e-12
    assert abs(error.deviation**2 - float(sum((each - mean) ** 2 for each in relative) / len(relative))) < 1e-12
    assert error.maximum == float(max(map(abs, relative)))
    assert error.error_rate == sum(found != a * b for a, b, found in pairs) / len(pairs)
    assert abs(error.nmed - sum(abs(found - a * b) for a, b, found in pairs) / len(pairs) / 225) < 1e-12


DOT_PRODUCTS = [
    ("fla", "full", 0.864, 17.1, 0.990),
    ("pc2", "full", 0.917, 22.0, 0.997),
    ("pc3", "full", 0.956, 27.5, 0.999),
    ("pc3", "truncated", 0.949, 27.3, 0.999),
    ("pc4", "full", 0.978, 33.6, 1.000),
]


@pytest.mark.parametrize(("variant", "width", "gain", "snr", "correlation"), DOT_PRODUCTS)
def test_dot_products(variant: str, width: str, gain: float, snr: float, correlation: float) -> None:
    error = dot_product_error(DaismParameters(variant=variant, kept_columns=width))
    # Draws differ by about these amounts, as is stated with the figures.
    assert abs(error.gain - gain) < 0.005
    assert abs(error.snr_db - snr) < 0.5
    assert round(error.correlation, 3) == correlation


def test_a_dot_product_is_the_sum_of_product_words() -> None:
    p = DaismParameters(variant="fla", kept_columns="full", product_precision="kept")
    random = np.random.default_rng(7)
    driver = to_words(np.maximum(random.standard_normal((50, 30)), 0), p)
    stored = to_words(random.standard_normal((50, 30)), p)
    words = multiply(stored, driver, p)  # 16 significand bits: nothing is lost
    products = np.ldexp(1 + (words & 0x7FFF) / 0x8000, (words >> 15 & 255) - 127) * (words & 0x7FFFFF != 0)
    sums = np.where(words >> 23 == 1, -products, products).sum(axis=1)
    exact = (to_values(stored, p) * to_values(driver, p)).sum(axis=1)
    expected, found = signal_error(sums, exact), dot_product_error(p, length=30, count=50, seed=7)
    assert abs(found.gain - expected.gain) < 1e-12
    assert abs(found.snr_db - expected.snr_db) < 1e-9


def test_signal_error_by_hand() -> None:
    exact, noise = np.array([3.0, 4.0]), np.array([4.0, -3.0])  # at right angles, of one length
    error = signal_error(0.5 * exact + 0.05 * noise, exact)
    assert abs(error.gain - 0.5) < 1e-12
    assert abs(error.snr_db - 20) < 1e-9
    assert signal_error([2.0, 4.0], [1.0, 2.0]).snr_db == np.inf


def test_gain_of_each_output() -> None:
    exact = np.array([[1.0, 2.0, 0.0], [3.0, -1.0, 0.0]])
    assert np.allclose(output_gain(exact * [0.9, 1.1, 1.0], exact), [0.9, 1.1, 1.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: product_error(DaismParameters(significand_bits=11)),
            "samples must be given for more than 8 significand bits, not None",
        ),
        (lambda: product_error(DaismParameters(), samples=0), "samples must be between 1 and 16777216, not 0"),
        (
            lambda: dot_product_error(DaismParameters(**INTEGER)),
            "operand_kind must be 'float' for floating-point words, not 'integer'",
        ),
        (lambda: dot_product_error(DaismParameters(), length=0), "length must be between 1 and 65536, not 0"),
        (lambda: signal_error([1.0], [1.0, 2.0]), "found must have as many values as exact, 2, not 1"),
        (lambda: signal_error([1.0], [0.0]), "exact must hold a value other than 0, not only zeros"),
        (lambda: output_gain([1.0], [1.0]), "found must be a matrix of the shape of exact, (1,), not (1,)"),
    ],
)
def test_bad_arguments_are_refused(call, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        call()
    assert str(refused.value) == message
