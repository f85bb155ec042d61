"""Requantization in fractions: an affine map, the nearest integer with ties up, the range of the next inputs."""

import itertools
import math
import random
from fractions import Fraction

import numpy as np
import pytest

from sim_models.asm import AsmParameters
from sim_models.asm.requantize import affine, affine_bits, maximum_shift, offset_bits, requantize, shift_bits

FORMATS = [
    AsmParameters(weight_bits=bits, input_bits=inputs, input_signed=signed, reduction_length=length)
    for bits, inputs, signed, length in itertools.product((4, 8, 16), (4, 8, 16), (False, True), (1, 300))
]


def expected(total: int, shift: int, relu: bool, p: AsmParameters) -> int:
    nearest = math.floor(Fraction(total, 2**shift) + Fraction(1, 2)) if shift else total
    high = 2**p.input_bits - 1
    low = -high if p.input_signed and not relu else 0
    return min(max(nearest, low), high)


def operands(p: AsmParameters) -> list[tuple[int, int, int, int, bool]]:
    """Sums, scales, offsets, shifts, relu: all ends, and random ones that land in the range of the results."""
    sums, offsets = 2 ** (p.accumulator_width - 1), 2 ** (p.accumulator_width + 7)
    ends = itertools.product(
        (-sums, sums - 1, 0, -1),
        (0, 1, 255),
        (-offsets, offsets - 1, 0),
        (0, 1, p.accumulator_width + 7),
        (False, True),
    )
    chosen = random.Random(p.accumulator_width)
    found = list(ends)
    for _ in range(300):
        total, scale = chosen.randrange(-sums, sums), chosen.randrange(256)
        shift = max(0, (total * scale).bit_length() - p.input_bits + chosen.randrange(-1, 2))
        shift = min(shift, p.accumulator_width + 7)
        half = 2**shift // 2 * chosen.choice((0, 1, -1))
        offset = half - total * scale % 2**shift if chosen.random() < 0.5 else chosen.randrange(-64, 64)
        found.append((total, scale, min(max(offset, -offsets), offsets - 1), shift, chosen.random() < 0.5))
    return found


@pytest.mark.parametrize("p", FORMATS, ids=lambda p: f"{p.weight_bits}-{p.input_bits}-{p.input_signed}")
def test_requantization(p: AsmParameters) -> None:
    columns = list(zip(*operands(p), strict=True))
    totals = [s * scale + offset for s, scale, offset, _, _ in operands(p)]
    assert affine(*columns[:3], p).tolist() == totals
    found = requantize(*columns[:4], np.array(columns[4]), p)
    assert found.dtype == np.int64
    pairs = zip(totals, columns[3], columns[4], strict=True)
    assert found.tolist() == [expected(total, shift, relu, p) for total, shift, relu in pairs]
    assert len(set(found.tolist())) > 10, "the operands should not all saturate"


@pytest.mark.parametrize("p", FORMATS, ids=lambda p: f"{p.weight_bits}-{p.input_bits}-{p.input_signed}")
def test_widths(p: AsmParameters) -> None:
    """The largest affine sums fit, and would not with one bit less."""
    sums, offsets = 2 ** (p.accumulator_width - 1), 2 ** (offset_bits(p) - 1)
    assert offset_bits(p) == p.accumulator_width + 8
    low = -sums * 255 - offsets
    assert -(2 ** (affine_bits(p) - 1)) <= low < -(2 ** (affine_bits(p) - 2))
    assert abs(Fraction(low, 2 ** maximum_shift(p))) <= 2
    assert 2 ** shift_bits(p) > maximum_shift(p) >= 2 ** (shift_bits(p) - 1)


@pytest.mark.parametrize("shift", range(1, 6))
def test_ties_go_up(shift: int) -> None:
    p = AsmParameters(input_signed=True)
    sums = np.arange(-(2**8), 2**8)
    found = requantize(sums, 1, 0, shift, False, p)
    assert found.tolist() == [math.floor(Fraction(total, 2**shift) + Fraction(1, 2)) for total in sums.tolist()]
    half = 2 ** (shift - 1)
    assert requantize([half, -half, 3 * half, -3 * half], 1, 0, shift, False, p).tolist() == [1, 0, 2, -1]
