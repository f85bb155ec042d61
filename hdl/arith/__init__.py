"""Arithmetic components: rounding, saturation, IEEE-style floating point."""

from hdl.arith.add import FloatAdd
from hdl.arith.convert import FloatToSigned, SignedToFloat, UnsignedToFloat
from hdl.arith.fused import FloatFused
from hdl.arith.multiply import FloatMultiply
from hdl.arith.rounding import round_shift, saturate

__all__ = [
    "FloatAdd",
    "FloatFused",
    "FloatMultiply",
    "FloatToSigned",
    "SignedToFloat",
    "UnsignedToFloat",
    "round_shift",
    "saturate",
]
