"""Exact multipliers and multiply-accumulates of every format and structure against Python's integers."""

import gc
import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, UnusedElaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gen.rtl import elaborate
from hdl.arith import FloatMultiply, IntegerMultiply, MultiplyAccumulate
from hdl.arith.integer_multiply import shape
from sim_models.arith import FP16, FloatFormat, MultiplyAccumulateParameters, MultiplyParameters, float_multiply
from sim_models.arith.integers import STRUCTURES
from verif.batch import simulate
from verif.integers import run_vectors

KINDS = ("signed", "unsigned", "sign_magnitude")
MIXED = [pair for pair in itertools.product(KINDS, repeat=2) if set(pair) != {"signed", "sign_magnitude"}]
SMALL = (1, 2, 3, 5, 6)
SEED = 1961


class Multipliers(wiring.Component):
    """Many multipliers side by side, each of the low bits of the same two words."""

    def __init__(self, cases: list[MultiplyParameters]) -> None:
        self.cases = cases
        outputs = {f"product_{index}": Out(shape(case.product)) for index, case in enumerate(cases)}
        super().__init__({"a": In(max(SMALL)), "b": In(max(SMALL)), **outputs})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for index, case in enumerate(self.cases):
            m.submodules[f"multiply_{index}"] = unit = IntegerMultiply(parameters=case)
            m.d.comb += [
                unit.a.eq(self.a[: case.a_width]),
                unit.b.eq(self.b[: case.b_width]),
                getattr(self, f"product_{index}").eq(unit.product),
            ]
        return m


def small_cases(a_format: str, b_format: str) -> Iterator[MultiplyParameters]:
    for a_width, b_width, structure in itertools.product(SMALL, SMALL, STRUCTURES):
        least = [1 + (kind == "sign_magnitude") for kind in (a_format, b_format)]
        if a_width >= least[0] and b_width >= least[1]:
            yield MultiplyParameters(
                a_format=a_format, b_format=b_format, a_width=a_width, b_width=b_width, structure=structure
            )


def numbers(bits: np.ndarray, kind: str, width: int) -> np.ndarray:
    """What the low ``width`` bits stand for."""
    low = bits & ((1 << width) - 1)
    top = low >> (width - 1)
    if kind == "signed":
        return low - (top << width)
    return low if kind == "unsigned" else np.where(top == 1, -1, 1) * (low & ((1 << (width - 1)) - 1))


def expected_bits(a: np.ndarray, b: np.ndarray, p: MultiplyParameters) -> np.ndarray:
    value = numbers(a, p.a_format, p.a_width) * numbers(b, p.b_format, p.b_width)
    if "sign_magnitude" not in (p.a_format, p.b_format):
        return value
    sign = np.zeros_like(a)
    for word, kind, width in ((a, p.a_format, p.a_width), (b, p.b_format, p.b_width)):
        if kind == "sign_magnitude":
            sign = sign ^ (word >> (width - 1) & 1)
    return np.abs(value) | sign << (p.product.width - 1)


@pytest.mark.parametrize(
    ("a_format", "b_format"),
    [pytest.param(*each, marks=[pytest.mark.slow] * bool(place % 3)) for place, each in enumerate(MIXED)],
)
def test_every_product_of_small_words_in_every_structure(a_format: str, b_format: str) -> None:
    cases = list(small_cases(a_format, b_format))
    a, b = (grid.ravel() for grid in np.meshgrid(*[np.arange(1 << max(SMALL))] * 2))
    outputs = simulate(elaborate(Multipliers(cases), "multipliers"), {"a": a, "b": b})
    assert len(cases) >= 48
    for index, case in enumerate(cases):
        assert np.array_equal(outputs[f"product_{index}"], expected_bits(a, b, case)), case


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_product_of_two_bytes(kind: str, structure: str) -> None:
    p = MultiplyParameters(a_format=kind, b_format=kind, structure=structure)
    every = np.arange(p.a.minimum, p.a.maximum + 1)
    a, b = (grid.ravel() for grid in np.meshgrid(every, every))
    product = simulate(elaborate(IntegerMultiply(parameters=p), "dut"), {"a": a, "b": b})["product"]
    assert np.array_equal(product, expected_bits(a & 255, b & 255, p))


WIDE = [
    pytest.param("signed", "signed", 64, 64, "booth", marks=pytest.mark.slow),
    ("unsigned", "unsigned", 64, 64, "operator"),
    pytest.param("unsigned", "unsigned", 64, 9, "array", marks=pytest.mark.slow),
    ("sign_magnitude", "sign_magnitude", 64, 63, "operator"),
    ("signed", "unsigned", 33, 31, "booth"),
    ("unsigned", "signed", 17, 64, "operator"),
    ("signed", "signed", 1, 64, "booth"),
]


@pytest.mark.parametrize(("a_format", "b_format", "a_width", "b_width", "structure"), WIDE)
def test_wide_products(a_format: str, b_format: str, a_width: int, b_width: int, structure: str) -> None:
    p = MultiplyParameters(a_format=a_format, b_format=b_format, a_width=a_width, b_width=b_width, structure=structure)
    a, b = wide_words(p.a), wide_words(p.b)[::-1]
    product = run_vectors(elaborate(IntegerMultiply(parameters=p), "dut"), {"a": a, "b": b})["product"]
    for got, x, y in zip(product.tolist(), a, b, strict=True):
        assert got == scalar_product(x, y, p)


def wide_words(form: Any) -> list[int]:
    """Extremes, single bits and random words of the format."""
    random = np.random.default_rng(SEED)
    raw = [0, 1, *(1 << place for place in range(64)), *(int.from_bytes(random.bytes(8)) for _ in range(500))]
    words = [(word & ((1 << form.width) - 1)) for word in raw]
    signed = [word - (1 << form.width) if form.signed and word >> (form.width - 1) else word for word in words]
    return [*signed, *[form.minimum, form.maximum] * 10]


def scalar_product(a: int, b: int, p: MultiplyParameters) -> int:
    sign, value = 0, 1
    for word, form in ((a, p.a), (b, p.b)):
        if form.kind == "sign_magnitude":
            sign ^= word >> (form.width - 1)
            word &= (1 << (form.width - 1)) - 1
        value *= word
    return value | sign << (p.product.width - 1) if p.product.kind == "sign_magnitude" else value


SUMS = [
    *((kind, kind, 4, 4, 16, structure) for kind in KINDS for structure in STRUCTURES),
    ("sign_magnitude", "unsigned", 5, 4, 16, "booth"),
    ("unsigned", "sign_magnitude", 3, 7, 13, "array"),
    ("unsigned", "signed", 6, 3, 9, "booth"),
    ("signed", "unsigned", 3, 6, 9, "operator"),
    ("signed", "signed", 40, 24, 64, "booth"),
    ("unsigned", "unsigned", 20, 20, 70, "array"),
]


@pytest.mark.parametrize(
    ("a_format", "b_format", "a_width", "b_width", "width", "structure"),
    [pytest.param(*each, marks=[pytest.mark.slow] * (place % 2)) for place, each in enumerate(SUMS)],
)
def test_sums_start_pause_and_wrap(
    a_format: str, b_format: str, a_width: int, b_width: int, width: int, structure: str
) -> None:
    p = MultiplyAccumulateParameters(
        a_format=a_format, b_format=b_format, a_width=a_width, b_width=b_width, structure=structure,
        accumulator_width=width,
    )  # fmt: skip
    random, count = np.random.default_rng(SEED), 4000
    a, b = (random.integers(form.minimum, form.maximum, count, endpoint=True) for form in (p.a, p.b))
    first, enable = (random.random((2, count)) < [[0.01], [0.8]]).astype(int)
    first[0] = enable[0] = 1
    # A long run of the largest products wraps.
    a[100:400], b[100:400], first[100:400] = p.a.maximum, p.b.maximum, 0
    inputs = {"a": a.tolist(), "b": b.tolist(), "first": first.tolist(), "enable": enable.tolist()}
    got = run_vectors(elaborate(MultiplyAccumulate(parameters=p), "dut"), inputs, latency=1)["accumulator"]
    total = 0
    for index in range(count):
        if enable[index]:
            product = _number(int(a[index]), p.a) * _number(int(b[index]), p.b)
            total = product if first[index] else total + product
        assert (int(got[index]) - total) % (1 << width) == 0, index
    assert min(got) >= p.accumulator.minimum
    assert max(got) <= p.accumulator.maximum


def _number(word: int, form: Any) -> int:
    if form.kind != "sign_magnitude":
        return word
    magnitude = word & ((1 << (form.width - 1)) - 1)
    return -magnitude if word >> (form.width - 1) else magnitude


@pytest.mark.parametrize("structure", ["array", "booth"])
@pytest.mark.parametrize("fmt", [FP16, FloatFormat(exponent_bits=3, fraction_bits=2)])
def test_float_products_do_not_depend_on_the_structure(fmt: FloatFormat, structure: str) -> None:
    random = np.random.default_rng(SEED)
    a, b = random.integers(0, 1 << fmt.width, (2, 200_000))
    result = simulate(elaborate(FloatMultiply(format=fmt, structure=structure), "dut"), {"a": a, "b": b})["result"]
    assert np.array_equal(result, float_multiply(a, b, fmt))


@pytest.mark.parametrize(
    ("component", "arguments", "message"),
    [
        (IntegerMultiply, {"parameters": 8}, "parameters must be a MultiplyParameters, not 8"),
        (
            MultiplyAccumulate,
            {"parameters": "signed"},
            "parameters must be a MultiplyAccumulateParameters, not 'signed'",
        ),
        (
            FloatMultiply,
            {"format": FP16, "structure": "wallace"},
            "structure must be one of operator, array, booth, not 'wallace'",
        ),
    ],
)
def test_bad_parameters_are_refused(component: type, arguments: dict[str, object], message: str) -> None:
    said = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedElaboratable)
        try:
            component(**arguments)
        except ValueError as error:
            said = str(error)
        gc.collect()  # Amaranth warns of the unused component when it is deleted
    assert said == message
