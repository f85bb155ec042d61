"""Arithmetic golden models: rounding, saturation, number formats, floating point on bit patterns."""

from sim_models.arith.floats import (
    float_add,
    float_fused,
    float_multiply,
    float_to_signed,
    signed_to_float,
    unsigned_to_float,
)
from sim_models.arith.formats import BF16, FP16, FP32, FloatFormat, Format
from sim_models.arith.rounding import Rounding, round_shift, saturate

__all__ = [
    "BF16",
    "FP16",
    "FP32",
    "FloatFormat",
    "Format",
    "Rounding",
    "float_add",
    "float_fused",
    "float_multiply",
    "float_to_signed",
    "round_shift",
    "saturate",
    "signed_to_float",
    "unsigned_to_float",
]
