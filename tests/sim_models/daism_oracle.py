"""Multiplication by opening rows of shifted copies, in Python's integers and fractions.

Slow and plain on purpose: rows are listed one by one, numbers are exact fractions, sums go operand by operand in the
order of the array. Nothing is read of the golden models but the fields of their parameters.
"""

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from sim_models.daism import DaismParameters

INFINITY = "infinity"  # stands for a number where a format has room for it
Number = Fraction | str
MEMORY = 2**15  # results that a function keeps, since tests ask again for the same few

VARIANTS = (
    *({"variant": variant} for variant in ("fla", "pc2", "pc3", "pc4")),
    *({"variant": "hla", "hla_mode": mode} for mode in "abcd"),
)
WIDTHS = ("full", "guard", "truncated")
KINDS = ("float", "integer")
NAMES = tuple("-".join(variant.values()) for variant in VARIANTS)


def parameters(**fields: object) -> DaismParameters:
    """Parameters with the accumulator of their operands."""
    if fields.get("operand_kind") == "integer":
        fields.setdefault("accumulator", "int")
    return DaismParameters(**fields)


def legal(n: int, kinds: Sequence[str] = KINDS, widths: Sequence[str] = WIDTHS) -> Iterator[DaismParameters]:
    """Every variant that ``n`` bits allow."""
    for variant, kind, width in itertools.product(VARIANTS, kinds, widths):
        if variant != {"variant": "pc4"} or n >= 5:
            yield parameters(**variant, operand_kind=kind, kept_columns=width, significand_bits=n)


def operands(p: DaismParameters) -> range:
    """Every significand: floats lead with a one."""
    return range(2 ** (p.significand_bits - 1) if p.operand_kind == "float" else 0, 2**p.significand_bits)


class Row(NamedTuple):
    """``code`` times the stored operand, shifted by ``place``; opened by ``code`` in ``width`` driver bits there."""

    code: int
    place: int
    width: int
    access: int

    def content(self, a: int) -> int:
        return self.code * a << self.place

    def enabled(self, b: int) -> bool:
        return (b >> self.place) % 2**self.width == self.code


@functools.cache
def rows(p: DaismParameters) -> list[Row]:
    """The rows of a group in their order."""
    n, floating = p.significand_bits, p.operand_kind == "float"
    direct = [Row(1, place, 1, 0) for place in range(n)]
    if p.variant == "fla":
        return direct
    if p.variant.startswith("pc"):
        k = int(p.variant[2:])
        codes = range(2 ** (k - 1) if floating else 1, 2**k)
        return direct[: n - k] + [Row(code, n - k, k, 0) for code in codes]
    if p.hla_mode == "a":
        return _pairs(n, floating)
    half = n // 2
    if p.hla_mode == "d":
        return direct[half:]
    second = {"b": lambda place: place % 2 == 1, "c": lambda place: place >= half}[p.hla_mode]
    return [row._replace(access=int(second(row.place))) for row in direct]


def _pairs(n: int, floating: bool) -> list[Row]:
    found = []
    for place in range(0, n - 1, 2):
        leading = floating and place + 2 == n
        found += [Row(code, place, 2, 0) for code in (range(2, 4) if leading else range(1, 4))]
    return found + ([Row(1, n - 1, 1, 0)] if n % 2 else [])


def accesses(p: DaismParameters) -> int:
    return 2 if p.variant == "hla" and p.hla_mode in "bc" else 1


def kept(p: DaismParameters) -> int:
    n = p.significand_bits
    return {"full": 2 * n, "guard": n + 1, "truncated": n}[p.kept_columns]


def drop(p: DaismParameters) -> int:
    return 2 * p.significand_bits - kept(p)


@functools.lru_cache(maxsize=MEMORY)
def enables(b: int, p: DaismParameters) -> list[list[bool]]:
    """The open rows of each access; a float of zero opens none, and the codes of an integer of zero own no row."""
    return [[b != 0 and row.access == access and row.enabled(b) for row in rows(p)] for access in range(accesses(p))]


@functools.lru_cache(maxsize=MEMORY)
def contents(a: int, p: DaismParameters) -> list[int]:
    return [row.content(a) >> drop(p) for row in rows(p)]


def bitwise_or(stored: Sequence[int], opened: Sequence[bool]) -> int:
    word = 0
    for content, is_open in zip(stored, opened, strict=True):
        word |= content if is_open else 0
    return word


def product(a: int, b: int, p: DaismParameters) -> int:
    """The kept columns that the array gives: an OR per access, and their sum."""
    stored = contents(a, p)
    return sum(bitwise_or(stored, opened) for opened in enables(b, p))


def product_table(stored: Sequence[int], drivers: Sequence[int], p: DaismParameters) -> list[list[int]]:
    """`product` of every pair, the stored operand in the outer loop."""
    opened = [[[i for i, on in enumerate(access) if on] for access in enables(b, p)] for b in drivers]
    table = []
    for a in stored:
        words = contents(a, p)
        table.append([sum(_or_of(words, access) for access in accesses) for accesses in opened])
    return table


def _or_of(words: Sequence[int], chosen: Sequence[int]) -> int:
    word = 0
    for i in chosen:
        word |= words[i]
    return word


# Floating-point words


@functools.cache
def power_of_2(exponent: int) -> Fraction:
    return Fraction(2) ** exponent


class Layout(NamedTuple):
    """A format: sign, exponent, fraction."""

    exponent_bits: int
    fraction_bits: int

    @property
    def bias(self) -> int:
        return 2 ** (self.exponent_bits - 1) - 1

    @property
    def sign_bit(self) -> int:
        return 2 ** (self.exponent_bits + self.fraction_bits)

    @property
    def infinity(self) -> int:
        return (2**self.exponent_bits - 1) << self.fraction_bits

    @property
    def largest(self) -> int:
        return self.infinity - 1

    def negative(self, word: int) -> bool:
        return word >= self.sign_bit

    @functools.lru_cache(maxsize=MEMORY)  # noqa: B019 (the few layouts live on anyway)
    def value(self, word: int) -> Number:
        """The number without its sign; subnormals are zero."""
        exponent, fraction = divmod(word % self.sign_bit, 2**self.fraction_bits)
        if exponent == 2**self.exponent_bits - 1:
            return INFINITY
        if exponent == 0:
            return Fraction(0)
        return (1 + Fraction(fraction, 2**self.fraction_bits)) * power_of_2(exponent - self.bias)

    def signed(self, word: int) -> Fraction:
        value = self.value(word)
        assert isinstance(value, Fraction)
        return -value if self.negative(word) else value


FP32 = Layout(8, 23)


def operand_layout(p: DaismParameters) -> Layout:
    return Layout(p.exponent_bits, p.significand_bits - 1)


def product_layout(p: DaismParameters) -> Layout:
    bits = p.significand_bits if p.product_precision == "significand" else kept(p)
    return Layout(p.exponent_bits, bits - 1)


def floor_log2(value: Fraction) -> int:
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    return exponent if value >= power_of_2(exponent) else exponent - 1


def rounded(value: Fraction, bits: int, rounding: str) -> Fraction:
    """``value`` > 0 with ``bits`` significant bits and any exponent."""
    unit = power_of_2(floor_log2(value) - bits + 1)
    count = round(value / unit) if rounding == "rne" else value // unit  # round() of a fraction is ties to even
    return count * unit


def word_of(value: Fraction, layout: Layout, p: DaismParameters) -> int:
    """The word of a rounded ``value`` > 0, flushed or saturated where it leaves the range."""
    exponent = floor_log2(value) + layout.bias
    if exponent <= 0:
        return 0
    if exponent >= 2**layout.exponent_bits - 1:
        return layout.largest if p.saturate_to == "max_finite" else layout.infinity
    fraction = (value / power_of_2(exponent - layout.bias) - 1) * 2**layout.fraction_bits
    assert fraction.denominator == 1
    return (exponent << layout.fraction_bits) + int(fraction)


def exact_product(a: int, b: int, p: DaismParameters) -> int:
    return a * b >> drop(p)


Columns = Callable[[int, int, DaismParameters], int]


@functools.lru_cache(maxsize=MEMORY)
def multiply(stored: int, driver: int, p: DaismParameters, columns: Columns = product) -> int:
    """The product word: what the ``columns`` give as a number, rounded, in its range."""
    operand, result, n = operand_layout(p), product_layout(p), p.significand_bits
    sign = result.sign_bit if operand.negative(stored) != operand.negative(driver) else 0
    values = [operand.value(word) for word in (stored, driver)]
    if 0 in values:
        return sign
    exponents = [floor_log2(value) for value in values]
    a, b = (int(value * power_of_2(n - 1 - exponent)) for value, exponent in zip(values, exponents, strict=True))
    exact = (columns(a, b, p) << drop(p)) * power_of_2(sum(exponents) - 2 * (n - 1))
    return sign + word_of(rounded(exact, result.fraction_bits + 1, p.product_rounding), result, p)


@functools.lru_cache(maxsize=MEMORY)
def add(accumulator: int, layout: Layout, term: int, p: DaismParameters) -> int:
    """The accumulator word after adding a word of ``layout``: the exact sum, rounded once."""
    if FP32.value(accumulator) == INFINITY:
        return accumulator
    if layout.value(term) == INFINITY:
        return FP32.infinity + (FP32.sign_bit if layout.negative(term) else 0)
    exact = FP32.signed(accumulator) + layout.signed(term)
    if exact == 0:
        return 0
    bits = {"fp32": 24, "bf16": 8}[p.accumulator]
    magnitude = rounded(abs(exact), bits, p.accumulator_rounding)
    # of the accumulator's own bits: the rest are zeros, also of the largest number
    shift = 24 - bits
    word = word_of(magnitude, Layout(8, bits - 1), p) << shift
    return word + (FP32.sign_bit if exact < 0 and word else 0)


def accumulate(accumulator: int, term: int, p: DaismParameters) -> int:
    return add(accumulator, product_layout(p), term, p)


# Matrix products


def dot(
    pairs: Sequence[tuple[int, int]],
    first_slot: int,
    banks: int,
    p: DaismParameters,
    bias: int = 0,
    columns: Columns = product,
) -> int:
    """Sum of the products of (stored, driver) over ``banks``, each in its own order, then bank by bank."""
    if p.operand_kind == "integer":
        return bias + sum(columns(a, b, p) << drop(p) for a, b in pairs)
    sums = [bias] + [0] * (banks - 1)
    for t, (a, b) in enumerate(pairs):
        bank = (first_slot + t) % banks
        sums[bank] = accumulate(sums[bank], multiply(a, b, p, columns), p)
    total = sums[0]
    for partial in sums[1:]:
        total = add(total, FP32, partial, p)
    return total


def ceiling(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def slicing(outputs: int, p: DaismParameters) -> str:
    blocks = ceiling(outputs, p.columns // kept(p))
    automatic = "channel" if blocks >= p.banks else "index"
    return automatic if p.bank_slicing == "auto" else p.bank_slicing


def matmul(
    x: Sequence[Sequence[int]],
    w: Sequence[Sequence[int]],
    p: DaismParameters,
    bias: Sequence[int] | None = None,
    columns: Columns = product,
) -> list[list[int]]:
    """x (positions, length) times w (length, outputs), every output by itself."""
    length, outputs, lanes = len(w), len(w[0]), p.columns // kept(p)
    weights = p.stored_operand == "weight"
    banks = p.banks if slicing(outputs if weights else len(x), p) == "index" else 1
    result = []
    for position, row in enumerate(x):
        sums = []
        for channel in range(outputs):
            pairs = [(w[t][channel], row[t]) for t in range(length)]
            if not weights:
                pairs = [(driver, stored) for stored, driver in pairs]
            block = (channel if weights else position) // lanes
            start = bias[channel] if bias is not None else 0
            sums.append(dot(pairs, block * length, banks, p, start, columns))
        result.append(sums)
    return result
