"""SINAD of the analog dataflow through given networks: of a full-scale sine, and of data like those of a network."""

from dataclasses import replace

from sim_models.crossbar.benches import network_data, network_sine_db
from sim_models.crossbar.codes import restored
from sim_models.crossbar.hooks import ErrorHooks
from sim_models.crossbar.neural_adc import AdcInstance
from sim_models.crossbar.neural_adder import AdderInstance
from sim_models.crossbar.neural_hooks import AdcHook, AdderHook
from sim_models.crossbar.neural_pim import neural_pim_codes
from sim_models.crossbar.parameters import NEURAL_PIM
from sim_models.crossbar.presets import eight_bit
from sim_models.crossbar.range_calibration import line_fraction, range_fraction
from sim_models.sar.metrics import csnr_db

SAMPLES, PERIODS = 8192, 127
VECTORS, OUTPUTS, SEED = 400, 8, 5


def sine_db(adder: AdderInstance | None, adc: AdcInstance | None, dac_bits: int) -> float:
    """SINAD in dB of the sine through an NNS+A and an NNADC with 8 bits; None is the ideal part.

    Raises ValueError for ``dac_bits`` that the crossbar does not have and an NNADC of other bits.
    """
    hooks = ErrorHooks(
        accumulator=None if adder is None else AdderHook(adder=adder),
        converter=None if adc is None else AdcHook(adc=adc, code_maximum=255, unipolar=True),
    )
    return network_sine_db(hooks, dac_bits, SAMPLES, PERIODS)


def data_db(adder: AdderInstance | None, adc: AdcInstance | None, dac_bits: int, *, ranges: bool = True) -> float:
    """SINAD in dB of the data, with the ``ranges`` of lines and codes calibrated on them or those of full scale.

    A constant error, which a bias of the layer takes up, does not count. Raises ValueError as `sine_db` does.
    """
    inputs, weights = network_data(VECTORS, OUTPUTS, SEED)
    p = replace(eight_bit(NEURAL_PIM), dac_bits=dac_bits)
    lines = 1.0
    if ranges:
        p = replace(p, range_fraction=range_fraction(inputs @ weights, p))
        lines = line_fraction(inputs, weights, p)
    hooks = ErrorHooks(
        accumulator=None if adder is None else AdderHook(adder=adder, line_fraction=lines),
        converter=None if adc is None else AdcHook(adc=adc, code_maximum=p.code_maximum),
    )
    codes = neural_pim_codes(inputs, weights, p, hooks=hooks).values
    return csnr_db(inputs @ weights, restored(codes, p))
