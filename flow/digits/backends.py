"""Count back ends of the mapped digits network: counts of a layer's columns to int8 activations, one signature each.

The formats of `fp16` and `nmpu` can be exchanged with `functools.partial`. Hardware in simulation is one more function
of this signature (`flow.digits.mapping.CountBackend`).
"""

import numpy as np
from numpy.typing import NDArray

from flow.digits.mapping import Counts, MappedLayer
from flow.digits.network import ACTIVATION_MAXIMUM
from sim_models.nmpu import (
    LdpuParameters,
    NmpuParameters,
    half_words,
    ldpu_process,
    process,
    quantize_columns,
    slope_words,
)

DEFAULT_NMPU = NmpuParameters()
DEFAULT_LDPU = LdpuParameters()


def real(layer: MappedLayer, counts_positive: Counts, counts_negative: Counts) -> NDArray[np.int8]:
    """Affine correction in float64 with real parameters, rounded half up once, ReLU, clamp: the reference."""
    scales = layer.scales
    corrected = counts_positive * scales.scale_positive - counts_negative * scales.scale_negative + scales.offset
    lowest = 0 if layer.relu else -ACTIVATION_MAXIMUM - 1
    return np.clip(np.floor(corrected + 0.5), lowest, ACTIVATION_MAXIMUM).astype(np.int8)


def fp16(
    layer: MappedLayer,
    counts_positive: Counts,
    counts_negative: Counts,
    parameters: LdpuParameters = DEFAULT_LDPU,
) -> NDArray[np.int8]:
    """The half-precision unit, bit exact. Raises ValueError where a parameter overflows half precision."""
    scales = layer.scales
    slopes = slope_words(scales.scale_positive, 0), slope_words(scales.scale_negative, 0)
    result = ldpu_process(counts_positive, counts_negative, *slopes, half_words(scales.offset), layer.relu, parameters)
    return result.output.astype(np.int8)


def nmpu(
    layer: MappedLayer,
    counts_positive: Counts,
    counts_negative: Counts,
    parameters: NmpuParameters = DEFAULT_NMPU,
) -> NDArray[np.int8]:
    """The fixed-point unit, bit exact, its words and shift quantised from the layer's real parameters.

    Raises ValueError for more than 8 output bits and for counts wider than its input.
    """
    if parameters.output_bits > 8:
        raise ValueError(f"output_bits must be at most 8 for int8 activations, not {parameters.output_bits}")
    words = quantize_columns(layer.scales, parameters)
    columns = (words.scale_positive, words.scale_negative, words.offset)
    outputs = process(counts_positive, counts_negative, *columns, words.shift, layer.relu, parameters)
    return outputs.astype(np.int8)
