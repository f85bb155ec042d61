"""Arithmetic golden models: rounding, saturation, number formats, integer products, floating point on bit patterns."""

from sim_models.arith.floats import (
    float_add,
    float_fused,
    float_multiply,
    float_to_signed,
    signed_to_float,
    unsigned_to_float,
)
from sim_models.arith.formats import BF16, FP16, FP32, FloatFormat, Format
from sim_models.arith.integers import (
    IntegerFormat,
    MultiplyAccumulateParameters,
    MultiplyParameters,
    integer_multiply,
    multiply_accumulate,
)
from sim_models.arith.rounding import Rounding, round_shift, saturate

__all__ = [
    "BF16",
    "FP16",
    "FP32",
    "FloatFormat",
    "Format",
    "IntegerFormat",
    "MultiplyAccumulateParameters",
    "MultiplyParameters",
    "Rounding",
    "float_add",
    "float_fused",
    "float_multiply",
    "float_to_signed",
    "integer_multiply",
    "multiply_accumulate",
    "round_shift",
    "saturate",
    "signed_to_float",
    "unsigned_to_float",
]
