"""Successive approximation analog-to-digital conversion: parameters and golden model of the digital control."""

from sim_models.sar.bit_serial import Product, product
from sim_models.sar.bulk import BulkConversion, convert_bulk
from sim_models.sar.calibrate import Calibration, calibrate
from sim_models.sar.candidates import Candidates, candidates
from sim_models.sar.clipped import EqualOperations, best_clipped, equal_operations
from sim_models.sar.clipped_parameters import ClippedParameters
from sim_models.sar.coding import decode_aligned, decode_packed, pack, packed_width
from sim_models.sar.convert import Conversion, Converter, convert, reconstruct, transfer, trials
from sim_models.sar.dac import energy_of_words, transition_energy
from sim_models.sar.energy import ConversionEnergy, EnergyModel, MeanEnergy, conversion_energy, mean_energy
from sim_models.sar.group import (
    AdcGroupParameters,
    TrqDecoderParameters,
    configuration_writes,
    register_map,
    require_slots,
)
from sim_models.sar.metrics import csnr_db, histogram_csnr_db, mean_operations, nmse, nmse_of
from sim_models.sar.monotony import is_monotone
from sim_models.sar.nonideal import NonIdealSar
from sim_models.sar.nonideal_parameters import SarNonIdealities
from sim_models.sar.parameters import SarParameters
from sim_models.sar.registers import register_fields, register_values, register_word
from sim_models.sar.schedule import Order, Schedule, counted, result_order, schedule
from sim_models.sar.search import Search, search
from sim_models.sar.shift_add import ShiftAddParameters, remove_offset, shift_add, subtract_negative
from sim_models.sar.twin_range import TrqControllerParameters, TrqParameters

__all__ = [
    "AdcGroupParameters",
    "BulkConversion",
    "Calibration",
    "Candidates",
    "ClippedParameters",
    "Conversion",
    "ConversionEnergy",
    "Converter",
    "EnergyModel",
    "EqualOperations",
    "MeanEnergy",
    "NonIdealSar",
    "Order",
    "Product",
    "SarNonIdealities",
    "SarParameters",
    "Schedule",
    "Search",
    "ShiftAddParameters",
    "TrqControllerParameters",
    "TrqDecoderParameters",
    "TrqParameters",
    "best_clipped",
    "calibrate",
    "candidates",
    "configuration_writes",
    "conversion_energy",
    "convert",
    "convert_bulk",
    "counted",
    "csnr_db",
    "decode_aligned",
    "decode_packed",
    "energy_of_words",
    "equal_operations",
    "histogram_csnr_db",
    "is_monotone",
    "mean_energy",
    "mean_operations",
    "nmse",
    "nmse_of",
    "pack",
    "packed_width",
    "product",
    "reconstruct",
    "register_fields",
    "register_map",
    "register_values",
    "register_word",
    "remove_offset",
    "require_slots",
    "result_order",
    "schedule",
    "search",
    "shift_add",
    "subtract_negative",
    "transfer",
    "transition_energy",
    "trials",
]
