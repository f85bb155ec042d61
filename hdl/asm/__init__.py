"""Alphabet-set multiplication near and in memory (arXiv 1602.08557 and 2302.01990): multipliers, lanes, units."""

from hdl.asm.activation_encoder import ActivationEncoder
from hdl.asm.decoder import CodeDecoder, QuartetDecoder
from hdl.asm.encoded_product import EncodedProduct
from hdl.asm.exact_mac import ExactMac, ExactProducts
from hdl.asm.lane import AsmLane
from hdl.asm.mac import AsmMac
from hdl.asm.multiplier import AlphabetMultiplier
from hdl.asm.neuron import AsmNeuron, ExactNeuron
from hdl.asm.precomputer import Precomputer

__all__ = [
    "ActivationEncoder",
    "AlphabetMultiplier",
    "AsmLane",
    "AsmMac",
    "AsmNeuron",
    "CodeDecoder",
    "EncodedProduct",
    "ExactMac",
    "ExactNeuron",
    "ExactProducts",
    "Precomputer",
    "QuartetDecoder",
]
