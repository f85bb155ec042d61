"""Ways to better the NNS+A, and what each gives: measured on the committed networks, with cells that deviate."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flow.crossbar.dataflow_sinad import data_db, sine_db
from flow.crossbar.recipes import SIGMA
from sim_models.crossbar.adder_calibration import calibrated
from sim_models.crossbar.neural_adder import SLICES, AdderInstance, NeuralAdder, adder_error, instance, random_inputs
from sim_models.crossbar.peripherals import Peripherals
from sim_models.crossbar.sinad import full_scale_sinad_db

TRIM_BITS, FINE_TRIM_BITS = 6, 8
MEASURED, TRIMMED_ON = 2000, 512


@dataclass(frozen=True, kw_only=True)
class Lever:
    """A row of the table: a network, the variation of its cells, and bits of the trim of every neuron's gain.

    ``trim_corners``: half of the inputs trimmed on are extremes, which helps the sine and costs random inputs.
    """

    name: str
    network: str
    variation: str = "multiplicative"
    trim_bits: int | None = None
    trim_corners: bool = False


LEVERS = (
    Lever(name="0 plain: 32 neurons, 3-bit", network="plain"),
    Lever(name="1 absolute sigma", network="absolute", variation="absolute"),
    Lever(name="2 gain trims of 6 bits", network="plain", trim_bits=TRIM_BITS),
    Lever(name="3 two cells a weight", network="two_cells"),
    Lever(name="4 64 neurons", network="wide"),
    Lever(name="5 greedy rounding", network="rounded"),
    Lever(name="6 MSB and LSB networks", network="split"),
    Lever(name="7 small swing", network="small_swing"),
    Lever(name="7 and 8 linear start: 32", network="linear32"),
    Lever(name="2 and 4", network="wide", trim_bits=TRIM_BITS),
    Lever(name="4, 7 and 8: 64", network="linear64"),
    Lever(name="4, 7 and 8: 128", network="linear128"),
    Lever(name="2, 7 and 8: 32", network="linear32", trim_bits=FINE_TRIM_BITS, trim_corners=True),
    Lever(name="2, 4, 7 and 8: 64", network="linear64", trim_bits=FINE_TRIM_BITS, trim_corners=True),
    Lever(name="1, 4, 7 and 8: 128", network="linear128", variation="absolute"),
    Lever(
        name="1, 2, 4, 7 and 8: 128",
        network="linear128",
        variation="absolute",
        trim_bits=FINE_TRIM_BITS,
        trim_corners=True,
    ),
)
"""The base case; levers 1 to 6 one by one; 7 and 8, of bitline's own: neurons kept near the middle of their curve, and
codes rounded from the linear solution without gradients; then combinations."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """SINAD in dB of a lever and a DAC: of one pass over random inputs, of the sine and of network data.

    ``*_exact``: cells without deviation. The others are medians over instances, ``sine_worst`` the lowest of them.
    ``swing``: part of the supply that hidden outputs of the exact network move over.
    """

    lever: Lever
    dac_bits: int
    fit_exact: float
    fit: float
    sine_exact: float
    sine: float
    sine_worst: float
    data: float
    swing: float


def measure(lever: Lever, dac_bits: int, peripherals: Peripherals, instances: int) -> Result:
    """One lever. Raises ValueError for a network that the file does not have."""
    network = peripherals.adder(lever.network, dac_bits)
    values = random_inputs(MEASURED, np.random.default_rng(1))
    exact, made = instance(network), manufactured(lever, network, instances)
    sines = [sine_db(each, None, dac_bits) for each in made]
    return Result(
        lever=lever,
        dac_bits=dac_bits,
        fit_exact=full_scale_sinad_db(adder_error(exact, values)),
        fit=float(np.median([full_scale_sinad_db(adder_error(each, values)) for each in made])),
        sine_exact=sine_db(exact, None, dac_bits),
        sine=float(np.median(sines)),
        sine_worst=min(sines),
        data=float(np.median([data_db(each, None, dac_bits) for each in made])),
        swing=float(np.ptp(exact.neurons(values))),
    )


def manufactured(lever: Lever, network: NeuralAdder, instances: int) -> list[AdderInstance]:
    """Instances of a network, each from its own seed, trimmed if the lever says so."""
    cells = replace(network.cells, sigma=SIGMA, variation=lever.variation)
    made = [instance(network, cells, np.random.default_rng(seed)) for seed in range(instances)]
    if lever.trim_bits is None:
        return made
    values = trim_inputs(np.random.default_rng(2), lever.trim_corners)
    return [calibrated(each, values, trim_bits=lever.trim_bits) for each in made]


def trim_inputs(random: np.random.Generator, corners: bool) -> NDArray[np.float64]:
    """Random inputs (512, 17); with ``corners`` all lines of a polarity are 0 or all are 1 in half of them."""
    values = random_inputs(TRIMMED_ON, random)
    if corners:
        values[::2, :SLICES] = random.integers(0, 2, (TRIMMED_ON // 2, 1))
        values[::2, SLICES : 2 * SLICES] = random.integers(0, 2, (TRIMMED_ON // 2, 1))
    return values
