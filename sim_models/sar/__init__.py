"""Successive approximation analog-to-digital conversion: parameters and golden model of the digital control."""

from sim_models.sar.convert import Conversion, convert, reconstruct, trials
from sim_models.sar.parameters import SarParameters
from sim_models.sar.twin_range import TrqControllerParameters, TrqParameters

__all__ = [
    "Conversion",
    "SarParameters",
    "TrqControllerParameters",
    "TrqParameters",
    "convert",
    "reconstruct",
    "trials",
]
