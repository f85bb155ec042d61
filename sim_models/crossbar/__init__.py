"""Bit-sliced analog crossbars read out by three strategies: ISAAC's, CASCADE's and Neural-PIM's dataflows."""

from sim_models.crossbar.accumulator import accumulated, accumulator_bits, accumulator_steps
from sim_models.crossbar.cascade import cascade_dot
from sim_models.crossbar.codes import RangeRegisters, fixed_codes, ideal_codes, range_registers, restored
from sim_models.crossbar.flip import flip_columns, flip_flags, unit_sums
from sim_models.crossbar.formulas import (
    adc_bits,
    column_bits,
    column_depths,
    conversions,
    initiation_interval,
    latency,
    readout_cycles,
    sample_bits,
    unit_conversions,
)
from sim_models.crossbar.hooks import (
    IDEAL,
    ErrorHooks,
    GaussianError,
    NoisyAccumulator,
    SarHook,
    ScaledConverter,
    ideal_step,
)
from sim_models.crossbar.isaac import isaac_dot
from sim_models.crossbar.layers import convolution, layer
from sim_models.crossbar.mapping import arrays, blocks, chips, require_fit
from sim_models.crossbar.matvec import matvec, read_out
from sim_models.crossbar.neural_pim import neural_pim_codes, neural_pim_dot
from sim_models.crossbar.parameters import CrossbarParameters
from sim_models.crossbar.presets import (
    CASCADE_PAPER,
    ISAAC_PAPER,
    NEURAL_PIM_BIT_SERIAL,
    NEURAL_PIM_PAPER,
    eight_bit,
)
from sim_models.crossbar.record import ConversionRecord, Dot
from sim_models.crossbar.slices import driven_slices, input_slices, weight_slices

__all__ = [
    "CASCADE_PAPER",
    "IDEAL",
    "ISAAC_PAPER",
    "NEURAL_PIM_BIT_SERIAL",
    "NEURAL_PIM_PAPER",
    "ConversionRecord",
    "CrossbarParameters",
    "Dot",
    "ErrorHooks",
    "GaussianError",
    "NoisyAccumulator",
    "RangeRegisters",
    "SarHook",
    "ScaledConverter",
    "accumulated",
    "accumulator_bits",
    "accumulator_steps",
    "adc_bits",
    "arrays",
    "blocks",
    "cascade_dot",
    "chips",
    "column_bits",
    "column_depths",
    "conversions",
    "convolution",
    "driven_slices",
    "eight_bit",
    "fixed_codes",
    "flip_columns",
    "flip_flags",
    "ideal_codes",
    "ideal_step",
    "initiation_interval",
    "input_slices",
    "isaac_dot",
    "latency",
    "layer",
    "matvec",
    "neural_pim_codes",
    "neural_pim_dot",
    "range_registers",
    "read_out",
    "readout_cycles",
    "require_fit",
    "restored",
    "sample_bits",
    "unit_conversions",
    "unit_sums",
    "weight_slices",
]
