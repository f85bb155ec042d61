"""Flat parameter classes of the floating-point blocks, and the components they configure."""

from dataclasses import dataclass

from amaranth.lib import wiring

from hdl.arith import FloatAdd, FloatFused, FloatMultiply, FloatToSigned, SignedToFloat, UnsignedToFloat
from sim_models.arith import FloatFormat
from sim_models.arith.checking import require_integer


@dataclass(frozen=True, kw_only=True)
class FloatParameters:
    """An IEEE-style format (default binary16) and what becomes of subnormal numbers."""

    exponent_bits: int = 5
    fraction_bits: int = 10
    flush_to_zero: bool = False

    def __post_init__(self) -> None:
        _ = self.format  # refuses bad widths

    @property
    def format(self) -> FloatFormat:
        """The format of every operand and result."""
        return FloatFormat(exponent_bits=self.exponent_bits, fraction_bits=self.fraction_bits)


@dataclass(frozen=True, kw_only=True)
class ConversionParameters:
    """An IEEE-style format (default binary16) and the width of the integer on the other side."""

    exponent_bits: int = 5
    fraction_bits: int = 10
    width: int = 10

    def __post_init__(self) -> None:
        _ = self.format
        require_integer("width", self.width, 2, 32)

    @property
    def format(self) -> FloatFormat:
        """The format of the floating-point side."""
        return FloatFormat(exponent_bits=self.exponent_bits, fraction_bits=self.fraction_bits)


def multiply(*, parameters: FloatParameters) -> wiring.Component:
    """The multiplier."""
    return FloatMultiply(format=parameters.format, flush_to_zero=parameters.flush_to_zero)


def add(*, parameters: FloatParameters) -> wiring.Component:
    """The adder."""
    return FloatAdd(format=parameters.format, flush_to_zero=parameters.flush_to_zero)


def fused(*, parameters: FloatParameters) -> wiring.Component:
    """The multiply-add that rounds once."""
    return FloatFused(format=parameters.format, flush_to_zero=parameters.flush_to_zero)


def from_unsigned(*, parameters: ConversionParameters) -> wiring.Component:
    """The conversion from unsigned integers."""
    return UnsignedToFloat(format=parameters.format, width=parameters.width)


def from_signed(*, parameters: ConversionParameters) -> wiring.Component:
    """The conversion from two's complement integers."""
    return SignedToFloat(format=parameters.format, width=parameters.width)


def to_signed(*, parameters: ConversionParameters) -> wiring.Component:
    """The conversion to two's complement integers."""
    return FloatToSigned(format=parameters.format, width=parameters.width)
