"""Ways to better the NNADC, and what each gives; and the best NNS+A and NNADC in one dataflow."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from flow.crossbar.dataflow_sinad import data_db, sine_db
from flow.crossbar.levers import FINE_TRIM_BITS, Lever, manufactured
from flow.crossbar.recipes import SIGMA
from sim_models.crossbar.conductance import CellParameters
from sim_models.crossbar.neural_adc import AdcInstance, NeuralAdc, calibrated, instance
from sim_models.crossbar.neural_quantiser import counting_quantiser
from sim_models.crossbar.peripherals import Peripherals

Trim = Callable[[AdcInstance], AdcInstance]
BEST = Lever(name="both", network="linear64", trim_bits=FINE_TRIM_BITS, trim_corners=True)
"""The smallest NNS+A that reaches 50 dB in a pass, trimmed."""


@dataclass(frozen=True, kw_only=True)
class ConverterResult:
    """SINAD in dB of an NNADC behind ideal shift-and-add: exact, the median and the worst of its instances."""

    name: str
    exact: float
    median: float
    worst: float
    data: float


@dataclass(frozen=True, kw_only=True)
class CombinedResult:
    """Median SINAD in dB of `BEST` and the trimmed pipeline together: of the sine and of network data."""

    dac_bits: int
    sine: float
    data: float


def converters(peripherals: Peripherals, instances: int) -> list[ConverterResult]:
    """The trained stages in a pipeline with each lever, and the one-shot converter of 255 neurons."""
    stage = peripherals.stage
    pipeline = NeuralAdc(stages=(stage, stage))
    counted = counting_quantiser(stage.bits, stage.cells, stage.vtc)
    one_shot = NeuralAdc(stages=(counting_quantiser(8, stage.cells, stage.vtc),))
    cells = replace(stage.cells, sigma=SIGMA)
    absolute = replace(cells, variation="absolute")
    rows: list[tuple[str, NeuralAdc, CellParameters, Trim]] = [
        ("pipeline 4+4", pipeline, cells, _as_made),
        ("pipeline, not trained", NeuralAdc(stages=(counted, counted)), cells, _as_made),
        ("16 cells a residue step", replace(pipeline, parallel=16), cells, _as_made),
        ("biases and gains trimmed", pipeline, cells, calibrated),
        ("trimmed, absolute sigma", pipeline, absolute, calibrated),
        ("one-shot, 255 neurons", one_shot, cells, _as_made),
        ("one-shot, trimmed", one_shot, cells, calibrated),
    ]
    return [_converter(*row, instances) for row in rows]


def combined(peripherals: Peripherals, dac_bits: int, instances: int) -> CombinedResult:
    """Both networks in one dataflow, as many instances of each."""
    adders = manufactured(BEST, peripherals.adder(BEST.network, dac_bits), instances)
    stage = peripherals.stage
    cells = replace(stage.cells, sigma=SIGMA)
    adcs = _instances(NeuralAdc(stages=(stage, stage)), cells, calibrated, instances)
    pairs = list(zip(adders, adcs, strict=True))
    return CombinedResult(
        dac_bits=dac_bits,
        sine=float(np.median([sine_db(adder, adc, dac_bits) for adder, adc in pairs])),
        data=float(np.median([data_db(adder, adc, dac_bits) for adder, adc in pairs])),
    )


def _converter(name: str, adc: NeuralAdc, cells: CellParameters, trim: Trim, instances: int) -> ConverterResult:
    made = _instances(adc, cells, trim, instances)
    sines = [sine_db(None, each, 1) for each in made]
    return ConverterResult(
        name=name,
        exact=sine_db(None, trim(instance(adc)), 1),
        median=float(np.median(sines)),
        worst=min(sines),
        data=float(np.median([data_db(None, each, 1) for each in made])),
    )


def _instances(adc: NeuralAdc, cells: CellParameters, trim: Trim, instances: int) -> list[AdcInstance]:
    return [trim(instance(adc, cells, np.random.default_rng(seed))) for seed in range(instances)]


def _as_made(adc: AdcInstance) -> AdcInstance:
    return adc
