"""The accumulator against exact sums of fractions: worked examples, ends of the range, cancellation, random words."""

import itertools
import random

import numpy as np
import pytest

from sim_models.daism import DaismParameters, accumulate
from tests.sim_models.daism_oracle import FP32, WIDTHS, Layout, parameters, product_layout
from tests.sim_models.daism_oracle import accumulate as expected_sum

# single precision, toward zero: a + b = sum
EXAMPLES = """
3F800000+33800000=3F800000 3F800000+B3000000=3F7FFFFF 3F800000+B2000000=3F7FFFFF CB800000+3F000000=CB7FFFFF
7F7FFFFF+7F000000=7F7FFFFF 00C00000+80800000=00000000 3F800000+BF800000=00000000 3F800000+BF7FFFFF=33800000
41200000+80000000=41200000
"""

# n, exponent bits, product precision, width: products of 7, 15, 8, 10, 21, 23, 47 and 25 fraction bits
PRODUCTS = {
    "bf16": {"significand_bits": 8},
    "bf16 full": {"significand_bits": 8, "product_precision": "kept", "kept_columns": "full"},
    "bf16 guard": {"significand_bits": 8, "product_precision": "kept", "kept_columns": "guard"},
    "fp16": {"significand_bits": 11, "exponent_bits": 5},
    "fp16 full": {"significand_bits": 11, "exponent_bits": 5, "product_precision": "kept", "kept_columns": "full"},
    "fp32": {"significand_bits": 24},
    "fp32 full": {"significand_bits": 24, "product_precision": "kept", "kept_columns": "full"},
    "fp32 guard": {"significand_bits": 24, "product_precision": "kept", "kept_columns": "guard"},
    "4 bits": {"significand_bits": 4, "exponent_bits": 5},
    "24 bits of e5": {"significand_bits": 24, "exponent_bits": 5, "product_precision": "kept", "kept_columns": "full"},
}
OPTIONS = [
    {"accumulator": accumulator, "accumulator_rounding": rounding, "saturate_to": saturation}
    for accumulator, rounding, saturation in itertools.product(
        ("fp32", "bf16"), ("rz", "rne"), ("max_finite", "infinity")
    )
]

CASES = pytest.mark.parametrize(
    ("product", "option"),
    list(itertools.product(PRODUCTS, OPTIONS)),
    ids=lambda case: case if isinstance(case, str) else "-".join(case.values()),
)


def word(layout: Layout, sign: int, exponent: int, fraction: int) -> int:
    return sign * layout.sign_bit + (exponent << layout.fraction_bits) + fraction


def special(layout: Layout, p: DaismParameters) -> list[int]:
    """Zeros, ends of the range, neighbours of powers of two, ties; infinities where they are allowed."""
    top, ones = 2**layout.exponent_bits - 2, 2**layout.fraction_bits - 1
    exponents = (1, 2, layout.bias - 25, layout.bias - 9, layout.bias - 1, layout.bias, top - 24, top - 8, top)
    parts = [(e, f) for e in exponents if e >= 1 for f in (0, 1, ones, ones // 2 + 1)]
    found = [word(layout, sign, *part) for sign in (0, 1) for part in parts]
    if p.saturate_to == "infinity":
        found += [layout.infinity, layout.infinity + layout.sign_bit]
    return [*found, 0, layout.sign_bit]


def accumulator_words(words: list[int], p: DaismParameters) -> list[int]:
    """Of a bf16 accumulator the low half is zero; no accumulator holds -0."""
    kept = [value & 0xFFFF0000 if p.accumulator == "bf16" else value for value in words]
    return [value for value in kept if value != FP32.sign_bit]


def check(accumulators: list[int], terms: list[int], p: DaismParameters) -> None:
    found = accumulate(np.array(accumulators), np.array(terms), p).tolist()
    wrong = [
        f"{a:08X} + {b:X}: {got:08X}, not {expected_sum(a, b, p):08X}"
        for a, b, got in zip(accumulators, terms, found, strict=True)
        if got != expected_sum(a, b, p)
    ]
    assert not wrong, (wrong[0], len(wrong), p)


def neighbours(p: DaismParameters, count: int, seed: int) -> tuple[list[int], list[int]]:
    """Random terms, and accumulators whose exponents are nearly as large and often cancel them."""
    chosen, layout = random.Random(seed), product_layout(p)
    accumulators, terms = [], []
    for _ in range(count):
        exponent = chosen.randrange(1, 2**layout.exponent_bits - 1)
        fraction = chosen.choice([chosen.randrange(2**layout.fraction_bits), 2**layout.fraction_bits - 1, 0])
        sign = chosen.randrange(2)
        other = exponent - layout.bias + 127 + chosen.choice([0, 0, 1, -1, 2, *range(-30, 31, 5)])
        near = (fraction << 23) >> layout.fraction_bits
        low = chosen.choice([near, near ^ 1, chosen.randrange(2**23), 0, 2**23 - 1])
        # one of two cancels
        opposite = chosen.choice([sign, 1 - sign])
        accumulators.append(word(FP32, opposite, min(max(other, 1), 254), low))
        terms.append(word(layout, sign, exponent, fraction))
    return [a & 0xFFFF0000 if p.accumulator == "bf16" else a for a in accumulators], terms


@pytest.mark.parametrize("example", EXAMPLES.split())
def test_examples(example: str) -> None:
    a, b, total = (int(value, 16) for value in example.replace("=", "+").split("+"))
    p = parameters(significand_bits=24)
    assert f"{int(accumulate(a, b, p)):08X}" == f"{total:08X}" == f"{expected_sum(a, b, p):08X}"


@CASES
def test_special_words(product: str, option: dict[str, str]) -> None:
    p = parameters(**PRODUCTS[product], **option)
    pairs = list(itertools.product(accumulator_words(special(FP32, p), p)[::5], special(product_layout(p), p)))
    pairs += list(itertools.product(accumulator_words(special(FP32, p), p), special(product_layout(p), p)[::7]))
    check([a for a, _ in pairs], [b for _, b in pairs], p)


@CASES
def test_random_words(product: str, option: dict[str, str]) -> None:
    p = parameters(**PRODUCTS[product], **option)
    check(*neighbours(p, 400, seed=list(PRODUCTS).index(product)), p)


@pytest.mark.slow
@CASES
def test_many_random_words(product: str, option: dict[str, str]) -> None:
    p = parameters(**PRODUCTS[product], **option)
    check(*neighbours(p, 60_000, seed=77), p)


def test_a_zero_product_of_either_sign_leaves_the_accumulator_unchanged() -> None:
    for option in OPTIONS:
        p = parameters(**option)
        words = np.array(accumulator_words(special(FP32, p), p))
        for zero in (0x0000, 0x8000):
            np.testing.assert_array_equal(accumulate(words, zero, p), words)


def test_infinity_stays() -> None:
    p = parameters(saturate_to="infinity")
    for infinity, term in itertools.product((0x7F800000, 0xFF800000), (0x7F80, 0xFF80, 0x0000, 0xFF7F, 0x7F7F)):
        assert int(accumulate(infinity, term, p)) == infinity
    assert int(accumulate(0x7F7FFFFF, 0xFF80, p)) == 0xFF800000


@pytest.mark.parametrize("width", WIDTHS)
def test_a_bf16_product_of_all_kept_columns_is_exact_in_an_fp32_accumulator(width: str) -> None:
    p = parameters(product_precision="kept", kept_columns=width)
    layout = product_layout(p)
    for term in neighbours(p, 300, seed=5)[1]:
        assert FP32.signed(int(accumulate(0, term, p))) == layout.signed(term)


def test_words_are_uint32_and_arguments_broadcast() -> None:
    p = parameters(significand_bits=24)
    found = accumulate(np.zeros((3, 1), np.uint32), np.full((1, 2), 0xBF800000), p)
    assert (found.shape, found.dtype) == ((3, 2), np.uint32)
    assert (found == 0xBF800000).all()
