"""The parameters of lanes by themselves, with no memory around them."""

from dataclasses import dataclass

from sim_models.asm import AsmParameters


@dataclass(frozen=True, kw_only=True)
class LaneParameters(AsmParameters):
    """`AsmParameters` of a neuron's lanes: no memory limits them."""

    placement: str = "neuron"


@dataclass(frozen=True, kw_only=True)
class EncodedParameters(LaneParameters):
    """Those of lanes whose products are `EncodedProduct`'s: both operands are codes of 4-bit magnitudes."""

    weight_bits: int = 4
    input_bits: int = 4
    encode_weights: bool = True
    encode_inputs: bool = True
