"""The property sets that speak of alphabet-set multipliers and their lanes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from hdl.asm.encoded_product import is_fully_encoded
from hdl.asm.mac_properties import ExactMacProperties, MacProperties
from hdl.asm.product_properties import (
    DecoderProperties,
    EncodedProductProperties,
    ExactProductsProperties,
    MultiplierProperties,
    PrecomputerProperties,
)
from hdl.property_set import PropertySet
from sim_models.asm import AsmParameters
from sim_models.asm.parameters import QUARTET_BITS

Claims = Iterator[tuple[str, Callable[[], PropertySet]]]

# Sums of products of more bits take a solver long; products by themselves do not.
_SUM_INPUT_BITS = 4


def multiplier_properties(parameters: AsmParameters) -> Claims:
    """Of the multiplier: pre-computer, decoder of each quartet, products of one lane, all of full width."""
    p = replace(parameters, placement="neuron", lanes=1)
    sets = ", ".join(map(str, p.alphabets))
    yield f"Precomputer of {sets}", partial(PrecomputerProperties, parameters=p)
    for place in range(p.quartets):
        kind = "CodeDecoder" if p.encode_weights else "QuartetDecoder"
        yield f"{kind} of quartet {place}", partial(DecoderProperties, parameters=p, place=place)
    yield "AlphabetMultiplier of one lane", partial(MultiplierProperties, parameters=p)
    if is_fully_encoded(p):
        yield "EncodedProduct", partial(EncodedProductProperties, parameters=p)


def mac_properties(parameters: AsmParameters) -> Claims:
    """Of the MAC: its multiplier's, and one lane's sums and errors, with narrow inputs."""
    yield from multiplier_properties(parameters)
    narrow = _narrow(parameters)
    yield f"AsmMac of one lane, inputs of {narrow.input_bits} bits", partial(MacProperties, parameters=narrow)


def exact_multiplier_properties(parameters: AsmParameters) -> Claims:
    """Of the exact multiplier, one lane, weights of one quartet."""
    p = replace(_narrow(parameters), weight_bits=QUARTET_BITS, input_bits=parameters.input_bits)
    yield "ExactProducts of one lane, weights of a quartet", partial(ExactProductsProperties, parameters=p)


def exact_mac_properties(parameters: AsmParameters) -> Claims:
    """Of the exact MAC, one lane, narrow operands."""
    yield from exact_multiplier_properties(parameters)
    p = replace(_narrow(parameters), weight_bits=QUARTET_BITS)
    yield "ExactMac of one lane of narrow operands", partial(ExactMacProperties, parameters=p)


def _narrow(p: AsmParameters) -> AsmParameters:
    return replace(
        p, placement="neuron", lanes=1, reduction_length=2, accumulator_bits=None,
        input_bits=min(_SUM_INPUT_BITS, p.input_bits),
    )  # fmt: skip
