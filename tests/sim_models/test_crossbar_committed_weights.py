"""SINAD that the committed weights reach, computed from the arrays of the file alone, and as the models have it."""

import numpy as np
import pytest

from sim_models.crossbar.neural_adder import adder_error, instance
from sim_models.crossbar.peripherals import PERIPHERALS_FILE, load
from sim_models.crossbar.sinad import full_scale_sinad_db

REACHED = {
    "plain": (40.2, 40.7, 43.0),
    "absolute": (41.8, 43.0, 46.2),
    "two_cells": (44.5, 46.7, 47.7),
    "wide": (43.2, 45.3, 46.9),
    "split": (43.4, 40.1, 44.0),
    "small_swing": (40.7, 44.2, 43.4),
    "rounded": (42.5, 47.3, 46.3),
    "linear32": (72.8, 74.6, 73.0),
    "linear64": (80.9, 80.1, 78.7),
    "linear128": (82.0, 83.9, 86.3),
}
"""SINAD in dB of a pass by cells that do not deviate, with DACs of 1, 2 and 4 bits."""


def inputs() -> np.ndarray:
    """Lines 0..1 and the held value -1..1, (2000, 17)."""
    random = np.random.default_rng(11)
    return np.hstack((random.random((2000, 16)), random.uniform(-1, 1, (2000, 1))))


def error_of_the_arrays(name: str, place: int) -> float:
    """Error (rms) of the network, from codes of three bits a cell, an exponential, and the wanted sum."""
    with np.load(PERIPHERALS_FILE) as stored:
        fields = {key.removeprefix(f"{name}."): stored[key] for key in stored.files if key.startswith(f"{name}.")}
    largest = 8 ** int(fields["cells"]) - 1
    assert max(abs(fields[key].astype(int)).max() for key in ("input_codes", "output_codes")) <= largest
    seen = inputs() @ fields["input_codes"][place] / largest
    volts = 1 / (1 + np.exp(fields["slope"] * (fields["input_scale"][place] * seen + fields["biases"][place] - 0.5)))
    found = (volts - 0.5) @ (fields["gains"][place] * fields["output_codes"][place] / largest) + fields["offset"][place]
    kept = 2.0 ** -int(fields["dac_bits"][place])
    places = (1 - kept) / 255 * 2.0 ** np.arange(8)
    return float(np.sqrt(np.mean((found - inputs() @ np.concatenate((places, -places, [kept]))) ** 2)))


@pytest.mark.parametrize("name", REACHED)
def test_committed_weights_reach_their_sinad(name: str) -> None:
    for place, (dac_bits, decibels) in enumerate(zip((1, 2, 4), REACHED[name], strict=True)):
        error = error_of_the_arrays(name, place)
        assert -20 * np.log10(error * np.sqrt(2)) == pytest.approx(decibels, abs=0.1)
        made = adder_error(instance(load().adder(name, dac_bits)), inputs())
        assert made == pytest.approx(error, rel=1e-9)
        assert full_scale_sinad_db(made) == pytest.approx(decibels, abs=0.1)


def test_figures_are_of_every_network() -> None:
    assert {(name, bits) for name in REACHED for bits in (1, 2, 4)} == set(load().adders)
