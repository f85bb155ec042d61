"""Approximate multiplication inside an SRAM (DAISM, arXiv 2305.07376): golden models and models of cost.

`product` is the array, `multiply` and `accumulate` the lane behind it, `matmul` and `conv2d` a layer, bit for bit.
"""

from sim_models.daism.accumulate import accumulate, add_partial_sums
from sim_models.daism.convolution import (
    conv2d,
    conv2d_input_gradient,
    conv2d_weight_gradient,
    im2col,
    input_gradient,
    output_size,
    weight_gradient,
)
from sim_models.daism.cycles import Counters, LayerCycles, layer_counters, layer_cycles, slots_per_bank
from sim_models.daism.error import (
    DotProductError,
    ProductError,
    dot_product_error,
    output_gain,
    product_error,
    signal_error,
)
from sim_models.daism.layers import ConvLayer
from sim_models.daism.layout import Gemm, lane_blocks, slicing, stored_gemm, summing_banks
from sim_models.daism.matmul import matmul
from sim_models.daism.multiply import multiply
from sim_models.daism.parameters import DaismParameters
from sim_models.daism.product import exact_product, product, row_contents, row_enables, row_multiples
from sim_models.daism.words import accumulator_values, to_values, to_words

__all__ = [
    "ConvLayer",
    "Counters",
    "DaismParameters",
    "DotProductError",
    "Gemm",
    "LayerCycles",
    "ProductError",
    "accumulate",
    "accumulator_values",
    "add_partial_sums",
    "conv2d",
    "conv2d_input_gradient",
    "conv2d_weight_gradient",
    "dot_product_error",
    "exact_product",
    "im2col",
    "input_gradient",
    "lane_blocks",
    "layer_counters",
    "layer_cycles",
    "matmul",
    "multiply",
    "output_gain",
    "output_size",
    "product",
    "product_error",
    "row_contents",
    "row_enables",
    "row_multiples",
    "signal_error",
    "slicing",
    "slots_per_bank",
    "stored_gemm",
    "summing_banks",
    "to_values",
    "to_words",
    "weight_gradient",
]
