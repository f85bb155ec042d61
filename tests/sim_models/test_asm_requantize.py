"""Requantisation of alphabet-set sums, against exact fractions."""

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest

from sim_models.asm import AsmParameters
from sim_models.asm.requantize import (
    SCALE_BITS,
    affine,
    affine_bits,
    maximum_shift,
    offset_bits,
    requantize,
    shift_bits,
)

UNSIGNED = AsmParameters(weight_bits=4, input_bits=4, reduction_length=64)
SIGNED = AsmParameters(weight_bits=8, input_bits=8, input_signed=True, reduction_length=200)


def by_fractions(total: int, shift: int, relu: bool, p: AsmParameters) -> int:
    """Nearest integer, ties up, then the limits of the format, by definition."""
    nearest = floor(Fraction(total, 2**shift) + Fraction(1, 2))
    high = 2**p.input_bits - 1
    low = -high if p.input_signed and not relu else 0
    return max(low, min(high, nearest))


@pytest.mark.parametrize("p", [UNSIGNED, SIGNED])
def test_results_are_those_of_fractions(p: AsmParameters) -> None:
    random = np.random.default_rng(5)
    count = 3000
    half = 1 << (p.accumulator_width - 1)
    sums = random.integers(-half, half, count) >> random.integers(0, p.accumulator_width, count)
    scale = random.integers(0, 1 << SCALE_BITS, count)
    room = random.integers(0, offset_bits(p), count)
    offset = random.integers(-(1 << (offset_bits(p) - 1)), 1 << (offset_bits(p) - 1), count) >> room
    shift = random.integers(0, maximum_shift(p) + 1, count)
    relu = random.integers(0, 2, count).astype(bool)
    got = requantize(sums, scale, offset, shift, relu, p)
    words = zip(sums.tolist(), scale.tolist(), offset.tolist(), shift.tolist(), relu.tolist(), strict=True)
    assert got.tolist() == [by_fractions(s * m + o, sh, r, p) for s, m, o, sh, r in words]
    assert len(set(got.tolist())) > p.maximum_input // 2
    assert affine(sums, scale, offset, p).tolist() == (sums * scale + offset).tolist()


def test_extremes_fit_the_stated_widths() -> None:
    """The largest sum, scale and offset of either sign, and the rounding half, in Python's own integers."""
    for p in (UNSIGNED, SIGNED):
        half, limit, top = 1 << (p.accumulator_width - 1), 1 << (offset_bits(p) - 1), (1 << SCALE_BITS) - 1
        largest = (half - 1) * top + limit - 1
        smallest = -half * top - limit
        assert -(1 << (affine_bits(p) - 1)) <= smallest < largest < 1 << (affine_bits(p) - 1)
        assert affine([half - 1, -half], top, [limit - 1, -limit], p).tolist() == [largest, smallest]
        assert -2 <= by_unlimited(smallest, maximum_shift(p)) < by_unlimited(largest, maximum_shift(p)) <= 2
        assert maximum_shift(p) < 1 << shift_bits(p)


def by_unlimited(total: int, shift: int) -> int:
    return floor(Fraction(total, 2**shift) + Fraction(1, 2))


def test_scale_one_is_a_shift_alone() -> None:
    sums = np.arange(-40, 400)
    assert requantize(sums, 1, 0, 3, True, UNSIGNED).tolist() == np.clip((sums + 4) >> 3, 0, 15).tolist()


def test_operands_broadcast_with_channels_last() -> None:
    sums = np.arange(12).reshape(3, 4)
    got = requantize(sums, [1, 2, 3, 4], [0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 0, 0], UNSIGNED)
    assert got.shape == (3, 4)
    assert got[:, 2].tolist() == [requantize(value, 3, 0, 1, False, UNSIGNED).item() for value in sums[:, 2]]


@pytest.mark.parametrize(
    ("operands", "message"),
    [
        (([1.5], 1, 0, 0, True), "sums must be integers of at most 64 bits, not float64"),
        (([1 << 14], 1, 0, 0, True), "sums must be at most 16383, not 16384"),
        (([0], 256, 0, 0, True), "scale must be at most 255, not 256"),
        (([0], -1, 0, 0, True), "scale must be at least 0, not -1"),
        (([0], 1, 1 << 22, 0, True), "offset must be at most 4194303, not 4194304"),
        (([0], 1, 0, 23, True), "shift must be at most 22, not 23"),
        (([0], 1, 0, 0, 2), "relu must be at most 1, not 2"),
        (([0, 1], [1, 2, 3], 0, 0, True), "shapes must broadcast, not sums (2,), scale (3,), offset ()"),
        (([0, 1], 1, 0, [0, 1, 2], True), "shapes must broadcast, not sums (2,), shift (3,), relu ()"),
    ],
)
def test_bad_operands_are_refused(operands: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError) as problem:
        requantize(*operands, UNSIGNED)
    assert str(problem.value) == message


def test_accumulators_beyond_int64_are_refused() -> None:
    assert affine_bits(AsmParameters(accumulator_bits=53)) == 62
    with pytest.raises(ValueError) as problem:
        requantize([0], 1, 0, 0, True, AsmParameters(accumulator_bits=54))
    assert str(problem.value) == "accumulator_bits must be at most 53 to requantize, not 54"
