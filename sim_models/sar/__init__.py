"""Successive approximation analog-to-digital conversion: parameters and golden model of the digital control."""

from sim_models.sar.convert import Conversion, convert, trials
from sim_models.sar.parameters import SarParameters

__all__ = ["Conversion", "SarParameters", "convert", "trials"]
