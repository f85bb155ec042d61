"""Alphabet-set multiplication near and in memory (arXiv 1602.08557 and 2302.01990): golden models, models of cost.

`cycles` and `energy` hold the costs; `near_memory` and its modules are the unit around the lanes.
"""

from sim_models.asm.coding import (
    code_values,
    decode,
    decode_inputs,
    decode_joint,
    encode,
    encode_inputs,
    encode_joint,
    round_inputs,
)
from sim_models.asm.control import (
    ALPHABET,
    SHIFT,
    is_supported,
    supported_inputs,
    supported_quartets,
    supported_values,
)
from sim_models.asm.grid import best_clip, clip_search, sqnr_db
from sim_models.asm.multiply import matmul, product
from sim_models.asm.parameters import AsmParameters
from sim_models.asm.program import (
    MicroOperation,
    clear_operations,
    drain_operations,
    load_operations,
    micro_operations,
)
from sim_models.asm.requantize import affine, requantize
from sim_models.asm.rounding import input_rounding_table, round_weights, rounding_table

__all__ = [
    "ALPHABET",
    "SHIFT",
    "AsmParameters",
    "MicroOperation",
    "affine",
    "best_clip",
    "clear_operations",
    "clip_search",
    "code_values",
    "decode",
    "decode_inputs",
    "decode_joint",
    "drain_operations",
    "encode",
    "encode_inputs",
    "encode_joint",
    "input_rounding_table",
    "is_supported",
    "load_operations",
    "matmul",
    "micro_operations",
    "product",
    "requantize",
    "round_inputs",
    "round_weights",
    "rounding_table",
    "sqnr_db",
    "supported_inputs",
    "supported_quartets",
    "supported_values",
]
