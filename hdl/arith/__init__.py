"""Arithmetic components: rounding, saturation, exact integer products, IEEE-style floating point."""

from hdl.arith.add import FloatAdd
from hdl.arith.convert import FloatToSigned, SignedToFloat, UnsignedToFloat
from hdl.arith.fused import FloatFused
from hdl.arith.integer_multiply import IntegerMultiply
from hdl.arith.multiply import FloatMultiply
from hdl.arith.multiply_accumulate import MultiplyAccumulate
from hdl.arith.rounding import round_shift, saturate

__all__ = [
    "FloatAdd",
    "FloatFused",
    "FloatMultiply",
    "FloatToSigned",
    "IntegerMultiply",
    "MultiplyAccumulate",
    "SignedToFloat",
    "UnsignedToFloat",
    "round_shift",
    "saturate",
]
