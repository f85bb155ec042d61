"""Error metrics: tables within half a unit of their last digit, and the definitions pair by pair."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from sim_models.daism import DaismParameters
from sim_models.daism.error import dot_product_error, output_gain, product_error, signal_error
from tests.sim_models.daism_oracle import NAMES, VARIANTS, drop, exact_product, operands, parameters, product_table

# variant: mean relative distance, deviation, maximum, error rate, normalised mean distance, all in percent
BF16_FULL = """
fla   | 16.44 12.94 49.61 95.4 11.08
pc3   |  4.59  3.97 19.18 91.4  2.66
hla-a |  8.67  7.86 32.78 92.7  5.29
hla-b |  6.57  6.76 24.42 86.6  4.17
hla-c | 13.95 12.80 46.48 88.3  9.66
hla-d | 17.38 12.40 49.63 98.6 11.51
"""
BF16_TRUNCATED = """
exact |  0.37  0.25  1.31 98.4  0.19
fla   | 17.09 12.83 50.00 99.1 11.42
pc3   |  5.22  4.01 20.00 98.7  2.99
"""
UINT8_FULL = """
fla   | 15.49 13.1 49.6 87.6 4.87
pc3   |  7.85  9.0 49.0 84.5 1.61
"""
FP32_FULL = """
fla   | 16.82 12.85 49.98 100 11.25
pc3   |  4.89  4.00 19.96 100  2.81
"""
LINES = [
    *((line, "float", "full") for line in BF16_FULL.strip().splitlines()),
    *((line, "float", "truncated") for line in BF16_TRUNCATED.strip().splitlines()),
    *((line, "integer", "full") for line in UINT8_FULL.strip().splitlines()),
]

# best scalar, decibels after removing it: variant, width
DOT_PRODUCTS = [
    ("fla", "full", 0.864, 17.1),
    ("pc2", "full", 0.917, 22.0),
    ("pc3", "full", 0.956, 27.5),
    ("pc3", "truncated", 0.949, 27.3),
    ("pc4", "full", 0.978, 33.6),
]


def of(name: str, **fields: object) -> DaismParameters:
    return parameters(**({} if name == "exact" else VARIANTS[NAMES.index(name)]), **fields)


def expected(p: DaismParameters, exact: bool) -> dict[str, float]:
    """The metrics pair by pair."""
    every = operands(p)
    table = product_table(every, every, p)
    pairs = [
        (exact_product(a, b, p) if exact else table[i][j], a * b)
        for i, a in enumerate(every)
        for j, b in enumerate(every)
    ]
    distances = [true - (found << drop(p)) for found, true in pairs]
    relative = [distance / true for distance, (_, true) in zip(distances, pairs, strict=True) if true]
    mean = math.fsum(relative) / len(relative)
    return {
        "mred": mean,
        "bias": -mean,
        "deviation": math.sqrt(math.fsum((error - mean) ** 2 for error in relative) / len(relative)),
        "maximum": max(relative),
        "error_rate": sum(distance != 0 for distance in distances) / len(pairs),
        "nmed": sum(distances) / len(pairs) / (every[-1] ** 2),
        "pairs": len(pairs),
    }


@pytest.mark.parametrize(("line", "kind", "width"), LINES)
def test_tables_of_every_pair_of_8_bits(line: str, kind: str, width: str) -> None:
    name, texts = line.split("|")[0].strip(), line.split("|")[1].split()
    found = product_error(of(name, operand_kind=kind, kept_columns=width), exact=name == "exact")
    values = (found.mred, found.deviation, found.maximum, found.error_rate, found.nmed)
    for text, value in zip(texts, values, strict=True):
        digits = len(text.partition(".")[2])
        assert abs(100 * value - float(text)) <= 0.5 * 10**-digits, (text, value)


@pytest.mark.parametrize("line", FP32_FULL.strip().splitlines())
def test_table_of_drawn_pairs_of_24_bits(line: str) -> None:
    """Other draws: means within four standard errors of both, the maximum nearly the same."""
    name, texts = line.split("|")[0].strip(), line.split("|")[1].split()
    mred, deviation, maximum, rate, nmed = map(float, texts)
    found = product_error(of(name, significand_bits=24, kept_columns="full"), samples=1_000_000)
    spread = 4 * math.sqrt(2) * deviation / 1000
    assert found.pairs == 1_000_000
    assert abs(100 * found.mred - mred) <= spread
    assert abs(100 * found.deviation - deviation) <= spread
    assert abs(100 * found.nmed - nmed) <= spread
    assert abs(100 * found.maximum - maximum) <= 0.05
    assert round(100 * found.error_rate) == rate


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["float", "integer"])
@pytest.mark.parametrize("exact", [False, True])
def test_metrics_by_their_definitions(name: str, kind: str, exact: bool) -> None:
    for width, n in (("full", 6), ("guard", 5), ("truncated", 6)):
        p = of(name, operand_kind=kind, kept_columns=width, significand_bits=n)
        found = vars(product_error(p, exact=exact))
        assert found == pytest.approx(expected(p, exact), rel=1e-9, abs=1e-12)


def test_exact_products_with_all_columns_have_no_error() -> None:
    found = product_error(of("fla", kept_columns="full"), exact=True)
    assert (found.mred, found.maximum, found.error_rate, found.nmed) == (0, 0, 0, 0)


def test_truncation_costs_two_thirds_of_a_percent_point_on_top() -> None:
    for name in ("fla", "pc3"):
        full, cut = (product_error(of(name, kept_columns=width)).mred for width in ("full", "truncated"))
        assert 0.60 <= 100 * (cut - full) <= 0.70


def best_gain(found: Sequence[float], exact: Sequence[float]) -> tuple[float, float, float]:
    """Least squares, decibels of what is left, correlation."""
    gain = math.fsum(f * e for f, e in zip(found, exact, strict=True)) / math.fsum(e * e for e in exact)
    noise = math.fsum((f - gain * e) ** 2 for f, e in zip(found, exact, strict=True))
    signal = math.fsum((gain * e) ** 2 for e in exact)
    count = len(found)
    means = math.fsum(found) / count, math.fsum(exact) / count
    pairs = [(f - means[0], e - means[1]) for f, e in zip(found, exact, strict=True)]
    covariance = math.fsum(f * e for f, e in pairs)
    variances = [math.fsum(value * value for value in side) for side in zip(*pairs, strict=True)]
    return gain, 10 * math.log10(signal / noise), covariance / math.sqrt(math.prod(variances))


@pytest.mark.parametrize(("name", "width", "gain", "decibels"), DOT_PRODUCTS)
def test_table_of_dot_products(name: str, width: str, gain: float, decibels: float) -> None:
    """Other draws: 0.005 and half a decibel."""
    found = dot_product_error(of(name, kept_columns=width))
    assert abs(found.gain - gain) <= 0.005
    assert abs(found.snr_db - decibels) <= 0.5
    correlations = {"fla": 0.990, "pc2": 0.997, "pc3": 0.999}
    if name in correlations and width == "full":
        assert abs(found.correlation - correlations[name]) <= 0.001


@pytest.mark.parametrize(("name", "width"), [line[:2] for line in DOT_PRODUCTS])
def test_dot_products_of_own_draws(name: str, width: str) -> None:
    """From a table of products and numpy's normal numbers, rounded to bf16 by hand."""
    p = of(name, kept_columns=width)
    every = range(128, 256)
    table = np.array(product_table(every, every, p), float) * 2.0 ** drop(p)
    source = np.random.default_rng(77)
    found, exact = [], []
    for _ in range(1500):
        stored, driver = _parts(source.standard_normal(576)), _parts(np.maximum(source.standard_normal(576), 0))
        sign_and_power = stored[0] * driver[0]
        found.append(float((table[stored[1] - 128, driver[1] - 128] * sign_and_power).sum()))
        exact.append(float((stored[1] * driver[1] * sign_and_power).sum()))
    gain, decibels, _ = best_gain(found, exact)
    model = dot_product_error(p)
    assert abs(model.gain - gain) <= 0.005
    assert abs(model.snr_db - decibels) <= 0.75


def _parts(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Signed powers of two and 8-bit significands of the nearest bf16 numbers; a power of 0 for 0."""
    fractions, exponents = np.frexp(np.abs(values))
    significands = np.rint(fractions * 256).astype(int)
    carried = significands == 256
    significands = np.where(carried, 128, significands)
    powers = np.sign(values) * 2.0 ** (exponents + carried)
    return powers, np.where(significands < 128, 128, significands)


def test_gain_and_noise_by_their_definitions() -> None:
    source = np.random.default_rng(4)
    exact = source.standard_normal((40, 3))
    found = 0.9 * exact + 0.05 * source.standard_normal((40, 3)) + 0.02
    result = signal_error(found, exact)
    expected = best_gain(found.ravel().tolist(), exact.ravel().tolist())
    assert (result.gain, result.snr_db, result.correlation) == pytest.approx(expected, rel=1e-9)
    for channel in range(3):
        gain = best_gain(found[:, channel].tolist(), exact[:, channel].tolist())[0]
        assert output_gain(found, exact)[channel] == pytest.approx(gain, rel=1e-9)
    exact[:, 1] = 0
    assert output_gain(found, exact)[1] == 1
