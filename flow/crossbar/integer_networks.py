"""Trained networks in integers, as their Verilog computes, on the sine bench: what tables of 256 entries cost."""

from dataclasses import dataclass

import numpy as np

from sim_models.arith.checking import IntArray
from sim_models.crossbar.benches import sine_inputs
from sim_models.crossbar.fixed_networks import fixed_adder
from sim_models.crossbar.neural_adder import SLICES, NeuralAdder, instance
from sim_models.crossbar.peripherals import load
from sim_models.crossbar.sinad import sine_sinad_db

SHOWN = (("plain", 1), ("plain", 4), ("small_swing", 1), ("linear64", 1), ("linear128", 4))
"""Networks by name and DAC bits."""
_INPUT_BITS, _ROWS = 8, 128
_SAMPLES, _PERIODS = 8192, 1021


@dataclass(frozen=True, kw_only=True)
class IntegerNetwork:
    """SINAD in dB of the value held after all slices, before any converter: of the real network, and of integers.

    ``cycles``: clock cycles of a step in hardware.
    """

    name: str
    dac_bits: int
    real_db: float
    integer_db: float
    cycles: int


def integer_networks() -> list[IntegerNetwork]:
    """Those of `SHOWN`. Every row has the same input, all weights are 255: 49.9 dB is what inputs of 8 bits allow."""
    peripherals = load()
    return [_measured(name, bits, peripherals.adder(name, bits)) for name, bits in SHOWN]


def _measured(name: str, dac_bits: int, network: NeuralAdder) -> IntegerNetwork:
    n = fixed_adder(network, line_maximum=_ROWS * ((1 << dac_bits) - 1))
    lines, made = _lines(dac_bits), instance(network)
    held = np.zeros((lines.shape[1], 1))
    for driven in lines / n.line_maximum:
        held = made.output(np.hstack((driven, held)))[:, np.newaxis]
    wave = sine_inputs(_SAMPLES, _PERIODS)
    real, integer = (sine_sinad_db(each[wave], _PERIODS) for each in (held[:, 0], n.held_values(lines)[-1]))
    return IntegerNetwork(name=name, dac_bits=dac_bits, real_db=real, integer_db=integer, cycles=n.cycles)


def _lines(dac_bits: int) -> IntArray:
    """Sums of lines (slices, inputs, 16) of every input; those of negative weights are 0."""
    places = dac_bits * np.arange(_INPUT_BITS // dac_bits)
    slices = np.arange(1 << _INPUT_BITS) >> places[:, np.newaxis] & (1 << dac_bits) - 1
    positive = np.repeat(_ROWS * slices[..., np.newaxis], SLICES, axis=-1)
    return np.concatenate((positive, np.zeros_like(positive)), axis=-1)


def integer_lines(found: list[IntegerNetwork]) -> list[str]:
    """The figures as text."""
    return [
        "ours: NNS+A in digital logic (NeuralShiftAdd), inverters by a table of 256 entries; SINAD of the sine, dB",
        f"  {'':28}{'real':>7}{'integers':>10}{'clock cycles a step':>21}",
        *(
            f"  {f'{it.name}, {it.dac_bits}-bit DAC':28}{it.real_db:7.1f}{it.integer_db:10.1f}{it.cycles:21}"
            for it in found
        ),
        "  limit: tables without interpolation, which cost the networks near 50 dB most; no estimate of analog power",
    ]
