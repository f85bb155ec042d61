"""The property sets that speak of the floating-point blocks."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

from hdl.arith.add import FloatAdd
from hdl.arith.convert import FloatToSigned, SignedToFloat, UnsignedToFloat
from hdl.arith.convert_properties import FloatToIntegerProperties, IntegerToFloatProperties
from hdl.arith.float_properties import (
    FloatAddOrderProperties,
    FloatAddProperties,
    FloatFusedProperties,
    FloatMultiplyOrderProperties,
    FloatMultiplyProperties,
)
from hdl.arith.fused import FloatFused
from hdl.arith.multiply import FloatMultiply
from hdl.arith.rounding_properties import RoundAndSaturate, RoundingProperties
from hdl.block import Block
from hdl.property_set import PropertySet
from sim_models.arith import FloatFormat, Rounding

Claims = Iterator[tuple[str, Callable[[], PropertySet]]]

# That two products of unlike structure agree is out of reach for a solver at full width.
_SMALL = FloatFormat(exponent_bits=3, fraction_bits=3)


class _Floats(Protocol):
    """Parameters of an operation on floats."""

    @property
    def format(self) -> FloatFormat: ...
    @property
    def flush_to_zero(self) -> bool: ...


class _Conversion(Protocol):
    """Parameters of a conversion."""

    @property
    def format(self) -> FloatFormat: ...
    @property
    def width(self) -> int: ...


def add_properties(parameters: _Floats) -> Claims:
    """Of the adder: special numbers in its own format, order in a small one."""
    for kind, fmt in ((FloatAddProperties, parameters.format), (FloatAddOrderProperties, _SMALL)):
        yield f"FloatAdd of {_said(fmt)}", partial(_build, kind, FloatAdd, fmt, parameters.flush_to_zero)


def multiply_properties(parameters: _Floats) -> Claims:
    """Of the multiplier: special numbers in its own format, order in a small one."""
    for kind, fmt in ((FloatMultiplyProperties, parameters.format), (FloatMultiplyOrderProperties, _SMALL)):
        yield f"FloatMultiply of {_said(fmt)}", partial(_build, kind, FloatMultiply, fmt, parameters.flush_to_zero)


def fused_properties(parameters: _Floats) -> Claims:
    """Of the multiply-add, in a small format."""
    build = partial(_build, FloatFusedProperties, FloatFused, _SMALL, parameters.flush_to_zero)
    yield f"FloatFused of {_said(_SMALL)}", build


def unsigned_properties(parameters: _Conversion) -> Claims:
    """Of the conversion from unsigned integers."""
    yield from _from_integers(UnsignedToFloat, parameters)


def signed_properties(parameters: _Conversion) -> Claims:
    """Of the conversion from two's complement integers."""
    yield from _from_integers(SignedToFloat, parameters)


def integer_properties(parameters: _Conversion) -> Claims:
    """Of the conversion to two's complement integers."""

    def build() -> PropertySet:
        return FloatToIntegerProperties(component=FloatToSigned(format=parameters.format, width=parameters.width))

    yield f"FloatToSigned of {_said(parameters.format)}, {parameters.width} bits", build


def rounding_properties(width: int, bits: int, rounding: Rounding) -> Claims:
    """Of rounding ``bits`` off a value of ``width`` bits, and of a clamp that drops as many."""

    def build() -> PropertySet:
        return RoundingProperties(component=RoundAndSaturate(width=width, bits=bits, rounding=rounding))

    yield f"round_shift {rounding.name.lower()}, saturate", build


def _from_integers(kind: type[UnsignedToFloat] | type[SignedToFloat], parameters: _Conversion) -> Claims:
    def build() -> PropertySet:
        return IntegerToFloatProperties(component=kind(width=parameters.width, format=parameters.format))

    yield f"{kind.__name__} of {_said(parameters.format)}, {parameters.width} bits", build


def _build(
    kind: Callable[..., PropertySet], component: Callable[..., Block], fmt: FloatFormat, flush: bool
) -> PropertySet:
    return kind(component=component(format=fmt, flush_to_zero=flush))


def _said(fmt: FloatFormat) -> str:
    return f"{fmt.exponent_bits} exponent and {fmt.fraction_bits} fraction bits"
