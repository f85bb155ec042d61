"""The test half of the digits through all three strategies, ideal and with the trained networks in C."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flow.crossbar import digits, digits_noise, levers, recipes
from flow.crossbar.digits import ReadOut, calibrated, run_through, uncalibrated
from flow.crossbar.digits_noise import NoiseLevel, noise_levels
from flow.crossbar.levers import FINE_TRIM_BITS, Lever, manufactured
from flow.crossbar.recipes import SIGMA
from flow.crossbar.sources import code
from flow.digits import data as digits_data
from flow.digits import network as digits_network
from flow.digits.data import Digits
from flow.digits.data import load as load_digits
from flow.digits.network import WEIGHTS_FILE, Network, load, predicted_digits, run
from flow.results import read_entry, write_entry
from gen.cache import content_key
from sim_models.arith.checking import require_integer
from sim_models.crossbar import adc_bits, eight_bit
from sim_models.crossbar.neural_adc import AdcInstance, NeuralAdc
from sim_models.crossbar.neural_adc import calibrated as calibrated_adc
from sim_models.crossbar.neural_adc import instance as adc_instance
from sim_models.crossbar.parameters import CASCADE, ISAAC, NEURAL_PIM
from sim_models.crossbar.peripherals import PERIPHERALS_FILE, Peripherals
from sim_models.crossbar.peripherals import load as load_peripherals

INSTANCES = 3
TRAINED_IMAGES = 200
"""Test images for manufactured networks, whose inverters take long to compute."""
CALIBRATION_IMAGES = 200
CELL_BITS = (6, 7)
TRAINED_DAC_BITS = (1, 4)
TRIMMED = Lever(
    name="64 neurons, linear start, trimmed", network="linear64", trim_bits=FINE_TRIM_BITS, trim_corners=True
)
PLAIN = Lever(name="32 neurons, as trained", network="plain")
_CACHE = "crossbar_digits"


@dataclass(frozen=True, kw_only=True)
class DigitsRow:
    """One read-out of the network: images with the right digit, of each instance of its parts.

    ``reference``: those of the int8 network without crossbars, on the same images. ``trained``: whether its parts are
    trained networks. ``sinad_db``: of each layer, of the first instance; None where a layer is exact.
    """

    name: str
    strategy: str
    trained: bool
    correct: tuple[int, ...]
    reference: int
    images: int
    sinad_db: tuple[float | None, ...]

    @property
    def drop(self) -> float:
        """Mean loss of accuracy against the reference, in points of a percent."""
        return 100 * (self.reference - sum(self.correct) / len(self.correct)) / self.images


@dataclass(frozen=True, kw_only=True)
class DigitsStudy:
    """``reference``: images that the int8 network without crossbars gets right. Rows, and accuracy by SINAD."""

    reference: int
    images: int
    rows: tuple[DigitsRow, ...]
    levels: tuple[NoiseLevel, ...]

    @property
    def reference_percent(self) -> float:
        """Accuracy of the reference in percent."""
        return 100 * self.reference / self.images


def digits_study(images: int | None = None, instances: int = INSTANCES) -> DigitsStudy:
    """Everything, from the cache where it is there. ``images``: the first of the test half, all 899 if None.

    Raises ValueError for a number of images that there are not and for no instances.
    """
    everything = load_digits()
    count = len(everything.test_labels) if images is None else images
    require_integer("images", count, 1, len(everything.test_labels))
    require_integer("instances", instances, 1, 100)
    key = content_key(count, instances, *_code())
    entry = read_entry(_CACHE, key)
    if entry is None:
        study = _measured(load(), _first(everything, count), load_peripherals(), instances)
        write_entry(_CACHE, key, asdict(study))
        return study
    return _restored(entry[0])


def _first(digits: Digits, count: int) -> Digits:
    return replace(digits, test_images=digits.test_images[:count], test_labels=digits.test_labels[:count])


def _restored(content: dict[str, Any]) -> DigitsStudy:
    rows = tuple(
        DigitsRow(**{**row, "correct": tuple(row["correct"]), "sinad_db": tuple(row["sinad_db"])})
        for row in content["rows"]
    )
    levels = tuple(NoiseLevel(**level) for level in content["levels"])
    return DigitsStudy(reference=content["reference"], images=content["images"], rows=rows, levels=levels)


def _code() -> list[bytes]:
    modules = (digits, digits_noise, levers, recipes, digits_data, digits_network)
    return code(modules, Path(__file__), WEIGHTS_FILE, PERIPHERALS_FILE)


def _measured(network: Network, chosen: Digits, peripherals: Peripherals, instances: int) -> DigitsStudy:
    rows = [_row(name, strategy, network, chosen, [made]) for name, strategy, made in _ideal(network, chosen)]
    few = _first(chosen, TRAINED_IMAGES)
    rows += [
        _trained(lever, dac_bits, network, few, peripherals, instances)
        for lever in (PLAIN, TRIMMED)
        for dac_bits in TRAINED_DAC_BITS
    ]
    return DigitsStudy(
        reference=_reference(network, chosen),
        images=len(chosen.test_labels),
        rows=tuple(rows),
        levels=tuple(noise_levels(network, chosen)),
    )


def _reference(network: Network, chosen: Digits) -> int:
    return _correct(run(network, chosen.test_images)[-1], chosen)


def _correct(logits: NDArray[np.int8], chosen: Digits) -> int:
    return int((predicted_digits(logits) == chosen.test_labels).sum())


Case = tuple[str, str, Sequence[ReadOut]]


def _ideal(network: Network, chosen: Digits) -> list[Case]:
    """Read-outs without analog errors, and with cells of B that hold few levels."""
    calibration = chosen.train_images[:CALIBRATION_IMAGES]
    stored, whole = eight_bit(CASCADE), eight_bit(NEURAL_PIM)
    cases: list[Case] = [
        ("A", ISAAC, uncalibrated(network, eight_bit(ISAAC))),
        ("B", CASCADE, uncalibrated(network, stored)),
    ]
    for bits in CELL_BITS:
        limited = replace(stored, buffer_cell_bits=bits, adc_bits=adc_bits(stored))
        cases.append((f"B, {bits}-bit buffer cells", CASCADE, uncalibrated(network, limited)))
    cases.append(("C, whole range", NEURAL_PIM, uncalibrated(network, whole)))
    cases.append(("C, range of each layer", NEURAL_PIM, calibrated(network, calibration, whole)))
    return cases


def _row(
    name: str, strategy: str, network: Network, chosen: Digits, made: Sequence[Sequence[ReadOut]], trained: bool = False
) -> DigitsRow:
    outcomes = [run_through(network, chosen.test_images, read_outs) for read_outs in made]
    return DigitsRow(
        name=name,
        strategy=strategy,
        trained=trained,
        correct=tuple(_correct(outcome.logits, chosen) for outcome in outcomes),
        reference=_reference(network, chosen),
        images=len(chosen.test_labels),
        sinad_db=tuple(level if math.isfinite(level) else None for level in outcomes[0].sinad_db),
    )


def _trained(
    lever: Lever, dac_bits: int, network: Network, chosen: Digits, peripherals: Peripherals, instances: int
) -> DigitsRow:
    """C with manufactured networks of one kind in place of its analog parts."""
    p = replace(eight_bit(NEURAL_PIM), dac_bits=dac_bits)
    adders = manufactured(lever, peripherals.adder(lever.network, dac_bits), instances)
    adcs = _converters(peripherals, instances, calibrated_adc if lever.trim_bits else _as_made)
    calibration = chosen.train_images[:CALIBRATION_IMAGES]
    made = [calibrated(network, calibration, p, adder, adc) for adder, adc in zip(adders, adcs, strict=True)]
    return _row(f"C, {lever.name}, {dac_bits}-bit DAC", NEURAL_PIM, network, chosen, made, trained=True)


def _converters(
    peripherals: Peripherals, instances: int, trim: Callable[[AdcInstance], AdcInstance]
) -> list[AdcInstance]:
    stage = peripherals.stage
    network, cells = NeuralAdc(stages=(stage, stage)), replace(stage.cells, sigma=SIGMA)
    return [trim(adc_instance(network, cells, np.random.default_rng(seed))) for seed in range(instances)]


def _as_made(adc: AdcInstance) -> AdcInstance:
    return adc
