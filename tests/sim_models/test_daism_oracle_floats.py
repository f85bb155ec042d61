"""Products of floating-point words against exact fractions: worked examples, every special case, random words."""

import itertools
import random

import numpy as np
import pytest

from sim_models.daism import DaismParameters, multiply
from tests.sim_models.daism_oracle import NAMES, VARIANTS, WIDTHS, Layout, operand_layout, parameters, product_layout
from tests.sim_models.daism_oracle import multiply as expected_product

FORMATS = {"bf16": (8, 8), "fp16": (11, 5), "fp32": (24, 8)}
OTHERS = {"n=4 e=5": (4, 5), "n=5 e=8": (5, 8), "n=13 e=8": (13, 8), "n=24 e=5": (24, 5)}

# stored, driver: `fla` full, `fla` truncated, `pc3` full, `pc3` truncated
BF16_EXAMPLES = """
0000 3F80 | 0000 0000 0000 0000
8000 3F80 | 8000 8000 8000 8000
0040 7F00 | 0000 0000 0000 0000
BF80 4049 | C049 C048 C049 C048
7F7F 3FFF | 7F7F 7F7E 7F7F 7F7F
7F40 4000 | 7F7F 7F7F 7F7F 7F7F
0080 3F80 | 0080 0080 0080 0080
0080 3F7F | 0000 0000 0000 0000
00FF 3F7F | 0000 0000 00DF 00DF
00FF 3F3F | 0000 0000 009F 009F
407F 407F | 40FF 40FE 415F 415F
3FAA 40D5 | 40FF 40FE 40FF 40FE
"""
EXAMPLE_COLUMNS = [("fla", "full"), ("fla", "truncated"), ("pc3", "full"), ("pc3", "truncated")]

OPTIONS = [
    {"product_precision": precision, "product_rounding": rounding, "saturate_to": saturation}
    for precision, rounding, saturation in itertools.product(
        ("significand", "kept"), ("rz", "rne"), ("max_finite", "infinity")
    )
]


def of(format_bits: tuple[int, int], **fields: object) -> DaismParameters:
    n, exponent_bits = format_bits
    return parameters(significand_bits=n, exponent_bits=exponent_bits, **fields)


def word(layout: Layout, sign: int, exponent: int, fraction: int) -> int:
    return sign * layout.sign_bit + (exponent << layout.fraction_bits) + fraction


def special(layout: Layout) -> list[int]:
    """Zeros, subnormals, the ends of the range, around 1 and around the root of the ends, both signs."""
    top, ones, middle = 2**layout.exponent_bits - 2, 2**layout.fraction_bits - 1, layout.bias
    halves = (middle // 2, middle // 2 + 1, middle + middle // 2 + 1)
    parts = [(0, 0), (0, 1), (0, ones), (1, 0), (1, ones), (top, 0), (top, ones), (middle, 0), (middle, ones)]
    parts += [(middle - 1, ones // 3), (middle - 1, ones - 1), *((half, 3 * ones // 4) for half in halves)]
    return [word(layout, i % 2, *part) for i, part in enumerate(parts)] + [layout.sign_bit, layout.sign_bit + 1]


def sampled(layout: Layout, count: int, seed: int) -> list[int]:
    """Words whose products stay in the range for the larger part."""
    chosen, found = random.Random(seed), []
    for _ in range(count):
        exponent = chosen.choice([chosen.randrange(2**layout.exponent_bits - 1), layout.bias + chosen.randrange(-3, 4)])
        found.append(word(layout, chosen.randrange(2), exponent, chosen.randrange(2**layout.fraction_bits)))
    return found


def check(stored: list[int], drivers: list[int], p: DaismParameters) -> None:
    found = multiply(np.array(stored), np.array(drivers), p).tolist()
    expected = [expected_product(a, b, p) for a, b in zip(stored, drivers, strict=True)]
    wrong = [
        f"{a:x} {b:x}: {got:x}, not {want:x}"
        for a, b, got, want in zip(stored, drivers, found, expected, strict=True)
        if got != want
    ]
    assert not wrong, (wrong[0], len(wrong), p)


@pytest.mark.parametrize("line", BF16_EXAMPLES.strip().splitlines())
def test_bf16_examples(line: str) -> None:
    stored, driver = (int(value, 16) for value in line.split("|")[0].split())
    for (variant, width), value in zip(EXAMPLE_COLUMNS, line.split("|")[1].split(), strict=True):
        p = parameters(variant=variant, kept_columns=width)
        found = int(multiply(stored, driver, p))
        assert (f"{found:04X}", expected_product(stored, driver, p)) == (value, found), (variant, width)


@pytest.mark.parametrize(
    ("variant", "widths", "value"),
    [("fla", ("full", "guard"), 0xBFFF), ("fla", ("truncated",), 0xBFFE), ("pc3", WIDTHS, 0xC01F)],
)
def test_example_of_a_weight_and_an_activation(variant: str, widths: tuple[str, ...], value: int) -> None:
    for width in widths:
        p = parameters(variant=variant, kept_columns=width)
        assert int(multiply(0x3F35, 0xC06B, p)) == expected_product(0x3F35, 0xC06B, p) == value


@pytest.mark.parametrize("format_bits", (FORMATS | OTHERS).values(), ids=FORMATS | OTHERS)
@pytest.mark.parametrize("width", WIDTHS)
def test_special_words(format_bits: tuple[int, int], width: str) -> None:
    for variant, option in itertools.product(VARIANTS, OPTIONS):
        if format_bits[0] == 4 and variant["variant"] == "pc4":
            continue
        p = of(format_bits, kept_columns=width, **variant, **option)
        every = special(operand_layout(p))
        chosen = every if variant["variant"] == "pc3" else every[3:13:2] + every[-1:]
        pairs = list(itertools.product(chosen, chosen))
        check([a for a, _ in pairs], [b for _, b in pairs], p)


@pytest.mark.parametrize("format_bits", (FORMATS | OTHERS).values(), ids=FORMATS | OTHERS)
def test_random_words(format_bits: tuple[int, int]) -> None:
    for i, (variant, width, option) in enumerate(itertools.product(VARIANTS, WIDTHS, OPTIONS)):
        if format_bits[0] == 4 and variant["variant"] == "pc4":
            continue
        p = of(format_bits, kept_columns=width, **variant, **option)
        layout = operand_layout(p)
        check(sampled(layout, 25, 2 * i), sampled(layout, 25, 2 * i + 1), p)


@pytest.mark.parametrize("name", NAMES)
def test_every_pair_of_bf16_significands_rounded_to_nearest(name: str) -> None:
    p = parameters(**VARIANTS[NAMES.index(name)], kept_columns="full", product_rounding="rne")
    pairs = list(itertools.product(range(0x3F80, 0x4000, 3), range(0x3F80, 0x4000)))
    check([a for a, _ in pairs], [b for _, b in pairs], p)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_pair_of_bf16_significands(name: str, width: str) -> None:
    for option in OPTIONS[::2]:
        p = parameters(**VARIANTS[NAMES.index(name)], kept_columns=width, **option)
        pairs = list(itertools.product(range(0x3F80, 0x4000), range(0x3F80, 0x4000)))
        check([a for a, _ in pairs], [b for _, b in pairs], p)


@pytest.mark.slow
@pytest.mark.parametrize("saturate_to", ["max_finite", "infinity"])
def test_every_pair_of_exponents_of_bf16(saturate_to: str) -> None:
    for rounding, (a, b) in itertools.product(("rz", "rne"), ((0x00, 0x00), (0x7F, 0x7F), (0x7F, 0x00), (0x7E, 0x01))):
        p = parameters(kept_columns="full", saturate_to=saturate_to, product_rounding=rounding)
        pairs = list(itertools.product(range(255), range(255)))
        check([(e << 7) + a for e, _ in pairs], [(e << 7) + b for _, e in pairs], p)


def test_rounding_to_nearest_carries_into_the_exponent_and_out_of_the_range() -> None:
    p = parameters(variant="fla", kept_columns="full", product_rounding="rne")
    assert int(multiply(0x3FFF, 0x3FFF, p)) == 0x4000  # 7FFF rounds to 8000
    assert int(multiply(0x7F7F, 0x3FFF, p)) == 0x7F7F  # the largest, where 2^128 is too much
    infinite = parameters(variant="fla", kept_columns="full", product_rounding="rne", saturate_to="infinity")
    assert int(multiply(0xFF7F, 0x3FFF, infinite)) == 0xFF80
    assert int(multiply(0x00FF, 0x3F7F, p)) == 0x0080  # from below the smallest normal number


def test_kept_columns_as_products() -> None:
    """All columns follow the leading one; the format is wider than the operands'."""
    p = parameters(variant="fla", kept_columns="full", product_precision="kept")
    assert product_layout(p) == Layout(8, 15)
    assert int(multiply(0x3FFF, 0x3FFF, p)) == (127 << 15) + (0x7FFF << 1) - (1 << 15)
    assert int(multiply(0xFF7F, 0x7F7F, p)) == (1 << 23) + (254 << 15) + 0x7FFF


@pytest.mark.parametrize("format_bits", FORMATS.values(), ids=FORMATS)
def test_full_and_guard_columns_agree_where_the_product_is_cut_to_the_significand(format_bits) -> None:
    for variant in VARIANTS:
        if variant.get("hla_mode") in ("b", "c"):
            continue
        full, guard = (of(format_bits, kept_columns=width, **variant) for width in ("full", "guard"))
        stored, drivers = (np.array(sampled(operand_layout(full), 4000, seed)) for seed in (1, 2))
        np.testing.assert_array_equal(multiply(stored, drivers, full), multiply(stored, drivers, guard))
