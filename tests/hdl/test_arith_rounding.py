"""Rounding and saturation expressions: every input of small words, against exact fractions."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from amaranth.hdl import Const, Module, Shape, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gen.rtl import elaborate
from hdl.arith import round_shift, saturate
from sim_models.arith import Rounding
from verif.batch import simulate

WIDTH = 7
RANGES = {True: np.arange(-64, 64), False: np.arange(128)}


def away(value: Fraction) -> int:
    return math.floor(abs(value) + Fraction(1, 2)) * (1 if value >= 0 else -1)


EXACT: dict[Rounding, Callable[[Fraction], int]] = {
    Rounding.FLOOR: math.floor,
    Rounding.CEILING: math.ceil,
    Rounding.TOWARD_ZERO: math.trunc,
    Rounding.HALF_UP: lambda value: math.floor(value + Fraction(1, 2)),
    Rounding.HALF_EVEN: round,
    Rounding.HALF_AWAY: away,
}


class RoundShifts(wiring.Component):
    """Every rounding of one word by every number of bits up to two beyond its width."""

    def __init__(self, *, shape: Shape) -> None:
        ports = {"value": In(shape)}
        for rounding in Rounding:
            for bits in range(WIDTH + 3):
                ports[f"{rounding.value}_{bits}"] = Out(signed(WIDTH + 2))
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for rounding in Rounding:
            for bits in range(WIDTH + 3):
                m.d.comb += getattr(self, f"{rounding.value}_{bits}").eq(round_shift(self.value, bits, rounding))
        return m


class Saturations(wiring.Component):
    """One word clamped to every width up to one beyond its own."""

    def __init__(self, *, shape: Shape) -> None:
        self.kind = signed if shape.signed else unsigned
        ports = {"value": In(shape)}
        for width in range(1, WIDTH + 2):
            ports[f"clamped_{width}"] = Out(self.kind(width))
            ports[f"clipped_{width}"] = Out(1)
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for width in range(1, WIDTH + 2):
            clamped, clipped = saturate(self.value, width)
            assert clamped.shape() == self.kind(width)
            m.d.comb += getattr(self, f"clamped_{width}").eq(clamped)
            m.d.comb += getattr(self, f"clipped_{width}").eq(clipped)
        return m


@pytest.mark.parametrize("is_signed", [True, False])
def test_round_shift_equals_exact_rounding(is_signed: bool) -> None:
    values = RANGES[is_signed]
    rtl = elaborate(RoundShifts(shape=Shape(WIDTH, is_signed)), "round_shifts")
    results = simulate(rtl, {"value": values})
    for rounding in Rounding:
        for bits in range(WIDTH + 3):
            expected = [EXACT[rounding](Fraction(int(value), 1 << bits)) for value in values]
            assert results[f"{rounding.value}_{bits}"].tolist() == expected, (rounding, bits)


@pytest.mark.parametrize("is_signed", [True, False])
def test_saturate_clamps_and_says_so(is_signed: bool) -> None:
    values = RANGES[is_signed]
    results = simulate(elaborate(Saturations(shape=Shape(WIDTH, is_signed)), "saturations"), {"value": values})
    for width in range(1, WIDTH + 2):
        low, high = (-(1 << width - 1), (1 << width - 1) - 1) if is_signed else (0, (1 << width) - 1)
        expected = np.clip(values, low, high)
        assert np.array_equal(results[f"clamped_{width}"], expected), width
        assert np.array_equal(results[f"clipped_{width}"], values != expected), width


def test_no_bit_of_a_rounded_value_is_lost() -> None:
    for bits in range(WIDTH):
        assert len(round_shift(Signal(WIDTH), bits, Rounding.FLOOR)) == WIDTH - bits
        assert len(round_shift(Signal(WIDTH), bits, Rounding.HALF_UP)) == WIDTH - bits + (bits > 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: round_shift(Const(1), -1, Rounding.FLOOR), "bits must be at least 0, not -1"),
        (lambda: round_shift(Const(1), 1.0, Rounding.FLOOR), "bits must be an integer, not 1.0"),
        (lambda: round_shift(Const(1), 1, "half_up"), "rounding must be a Rounding, not 'half_up'"),
        (lambda: saturate(Const(1), 0), "width must be at least 1, not 0"),
        (lambda: saturate(Const(1), None), "width must be an integer, not None"),
    ],
)
def test_bad_arguments_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        call()
    assert str(refusal.value) == message
