"""Integers of the trained NNS+A: steps, constants, and what a table of 256 entries costs."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sim_models.crossbar.benches import sine_inputs
from sim_models.crossbar.conductance import CellParameters
from sim_models.crossbar.fixed_adder import FixedAdder
from sim_models.crossbar.fixed_networks import fixed_adder
from sim_models.crossbar.neural_adder import NeuralAdder, adder_weights
from sim_models.crossbar.neural_adder import instance as adder_instance
from sim_models.crossbar.peripherals import Peripherals, load
from sim_models.crossbar.sinad import full_scale_sinad_db, sine_sinad_db
from sim_models.crossbar.vtc import InverterVtc

SEED = 2022
CELLS = CellParameters(bits=3)
STEEP = InverterVtc(slope=400.0)


@pytest.fixture(scope="module")
def peripherals() -> Peripherals:
    return load()


def line_maximum(dac_bits: int) -> int:
    return 128 * ((1 << dac_bits) - 1)


def corners(network: FixedAdder) -> tuple[np.ndarray, np.ndarray]:
    """Held values and lines that drive each neuron to both ends of what it can see, and all zero and all full."""
    codes = np.array(network.input_codes)
    top = network.line_maximum
    lines = np.concatenate((codes[:, :16] > 0, codes[:, :16] < 0, [[False] * 16, [True] * 16])) * top
    ends = np.where(codes[:, 16] >= 0, network.held_bound, -network.held_bound)
    return np.concatenate((ends, -ends, [0, network.unit])), lines.astype(np.int64)


# NNS+A, evaluation


class Oracle:
    """Steps in Python integers; every sum is held against the width that is stated for it."""

    def __init__(self, network: FixedAdder) -> None:
        self.n = network
        names = ("sum_width", "mac_width", "total_width", "held_width")
        self.limits = {name: 2 ** (getattr(network, name) - 1) for name in names}

    def fits(self, name: str, value: int) -> bool:
        return -self.limits[name] <= value < self.limits[name]

    def step(self, held: int, lines: list[int], negate: bool) -> int:
        n = self.n
        if negate:
            lines = lines[8:] + lines[:8]
        total = n.offset
        for codes, bias, code, gain in zip(n.input_codes, n.biases, n.output_codes, n.gains, strict=True):
            kept = bias
            for i in range(16):
                kept += codes[i] * min(lines[i], n.full_line) * 2**n.places
                assert self.fits("sum_width", kept)
            kept += codes[16] * held
            assert self.fits("sum_width", kept)
            assert self.fits("mac_width", kept * n.scale)
            address = 128 + kept * n.scale // 2**n.vtc.shift
            total += code * gain * n.vtc.entries[min(255, max(0, address))]
            assert self.fits("total_width", total)
        made = total // 2**n.output_shift
        assert self.fits("held_width", made)
        return made


@pytest.mark.parametrize(
    ("name", "dac_bits", "full"), [("plain", 1, 128), ("two_cells", 4, 1920), ("linear64", 2, 200), ("split", 1, 1)]
)
def test_a_step_is_that_of_python_integers(name: str, dac_bits: int, full: int, peripherals: Peripherals) -> None:
    n = fixed_adder(peripherals.adder(name, dac_bits), line_maximum=line_maximum(dac_bits), full_line=full)
    random = np.random.default_rng(SEED)
    held, lines = corners(n)
    held = np.concatenate((held, random.integers(-n.held_bound, n.held_bound, 60, endpoint=True)))
    lines = np.concatenate((lines, random.integers(0, n.line_maximum, (60, 16), endpoint=True)))
    oracle = Oracle(n)
    for negate in (False, True):
        made = n.step(held, lines, negate=negate)
        pairs = zip(held.tolist(), lines.tolist(), strict=True)
        assert made.tolist() == [oracle.step(value, row, negate) for value, row in pairs]


def test_steps_are_chained_and_the_last_one_can_be_negative(peripherals: Peripherals) -> None:
    n = fixed_adder(peripherals.adder("rounded", 1), line_maximum=128)
    lines = np.random.default_rng(SEED).integers(0, 129, (8, 2, 2, 16))
    oracle = Oracle(n)
    for signed in (False, True):
        chain = n.held_values(lines, signed_inputs=signed)
        for place in np.ndindex(2, 2):
            held = 0
            for t in range(8):
                held = oracle.step(held, lines[t][place].tolist(), signed and t == 7)
                assert chain[t][place] == held


@pytest.mark.parametrize("entry", [120, 128, 134])
def test_an_altered_constant_shows(entry: int, peripherals: Peripherals) -> None:
    n = fixed_adder(peripherals.adder("plain", 1), line_maximum=128)
    random = np.random.default_rng(SEED)
    held, lines = random.integers(-n.unit, n.unit, 2000), random.integers(0, 129, (2000, 16))
    made = n.step(held, lines)
    for changes in (
        {"vtc": replace(n.vtc, entries=bumped(n.vtc.entries, entry, 4))},
        {"input_codes": (bumped(n.input_codes[0], 3), *n.input_codes[1:])},
        {"biases": bumped(n.biases, 5, 64)},
        {"output_codes": bumped(n.output_codes, 31)},
        {"gains": bumped(n.gains, 7, 64)},
        {"offset": n.offset + (1 << n.output_shift)},
        {"scale": n.scale + 64},
    ):
        assert (replace(n, **changes).step(held, lines) != made).any(), changes.keys()


def bumped(row: tuple[int, ...], place: int, by: int = 1) -> tuple[int, ...]:
    return (*row[:place], row[place] + by, *row[place + 1 :])


# NNS+A, constants


@pytest.mark.parametrize(("name", "dac_bits"), [("plain", 1), ("two_cells", 4), ("small_swing", 2), ("linear128", 4)])
def test_constants_are_those_of_the_network(name: str, dac_bits: int, peripherals: Peripherals) -> None:
    network = peripherals.adder(name, dac_bits)
    n = fixed_adder(network, line_maximum=line_maximum(dac_bits))
    assert np.array_equal(np.array(n.input_codes).T, network.input_codes)
    assert np.array_equal(n.output_codes, network.output_codes)
    assert 2**14 <= n.unit < 2**15 or n.places == 0
    assert 2**15 <= n.scale < 2**16
    assert 2**15 <= max(n.gains) < 2**16
    top = network.cells.maximum
    volts = network.input_scale / (top * n.unit)  # a step of the sums
    centre = (n.vtc.low + n.vtc.high) / 2
    assert np.array(n.biases) * volts + centre == pytest.approx(network.biases, abs=0.51 * volts)
    step = 2**n.vtc.shift / n.scale * volts
    assert n.vtc.high - n.vtc.low == pytest.approx(256 * step)
    for place, entry in enumerate(n.vtc.entries):
        z = centre + (place - 127.5) * step
        assert abs(entry - (1 / (1 + math.exp(2 * (z - 0.5))) - 0.5) * 2**16) < 0.51
    factor = n.unit / (top * 2**16) * 2**n.output_shift
    assert np.array(n.gains) == pytest.approx(network.gains * factor, abs=0.51)
    assert n.offset - 2 ** (n.output_shift - 1) == pytest.approx(network.offset * n.unit * 2**n.output_shift, abs=0.51)
    assert n.cycles == 19 * network.hidden


@pytest.mark.parametrize(("name", "dac_bits"), [("plain", 1), ("wide", 2), ("linear32", 4)])
def test_the_table_covers_what_full_lines_and_held_values_give_and_no_more(
    name: str, dac_bits: int, peripherals: Peripherals
) -> None:
    network = peripherals.adder(name, dac_bits)
    n = fixed_adder(network, line_maximum=line_maximum(dac_bits))
    codes = np.array(n.input_codes)
    _, lines = corners(n)
    held = np.sign(np.concatenate((codes[:, 16], -codes[:, 16], [0, 1]))) * n.unit
    seen = np.concatenate((lines / n.line_maximum, held[:, np.newaxis] / n.unit), axis=1)
    z = seen @ network.input_codes / network.cells.maximum * network.input_scale + network.biases
    step = (n.vtc.high - n.vtc.low) / 256
    assert z.min() == pytest.approx(n.vtc.low, abs=0.1 * step)
    assert z.max() == pytest.approx(n.vtc.high, abs=0.1 * step)


# NNS+A, error

LOSS = {"plain": 0.6, "absolute": 0.6, "two_cells": 1.4, "wide": 1.0, "split": 0.4, "small_swing": 0.6, "rounded": 1.2}
"""What the table of 256 entries costs at most, dB of SINAD over DACs of 1, 2 and 4 bits."""


def errors(network: NeuralAdder, dac_bits: int) -> tuple[float, float, float, float]:
    """Errors (rms): of the real network, of it with the table, of integers, and of integers against the real one."""
    n = fixed_adder(network, line_maximum=line_maximum(dac_bits))
    random = np.random.default_rng(11)
    lines = random.integers(0, n.line_maximum, (8000, 16), endpoint=True)
    held = random.integers(-n.unit, n.unit, 8000, endpoint=True)
    seen = np.concatenate((lines / n.line_maximum, held[:, np.newaxis] / n.unit), axis=1)
    made = adder_instance(network)
    real, ideal = made.output(seen), seen @ adder_weights(dac_bits)
    tabled = with_table(network, n, seen)
    fixed = n.step(held, lines) / n.unit
    return rms(real - ideal), rms(tabled - ideal), rms(fixed - ideal), rms(fixed - real)


def rms(error: np.ndarray) -> float:
    return float(np.sqrt(np.mean(error**2)))


@pytest.mark.parametrize("dac_bits", [1, 2, 4])
def test_the_table_is_the_limit_of_the_integers(dac_bits: int, peripherals: Peripherals) -> None:
    for name in {name for name, bits in peripherals.adders if bits == dac_bits}:
        real, tabled, fixed, apart = errors(peripherals.adder(name, dac_bits), dac_bits)
        # words and constants cost nothing that can be seen beside the table
        assert abs(full_scale_sinad_db(fixed) - full_scale_sinad_db(tabled)) < 0.06
        assert full_scale_sinad_db(apart) > 50
        if name in LOSS:
            assert full_scale_sinad_db(fixed) > full_scale_sinad_db(real) - LOSS[name]
        else:  # the linear ones are better than any table of 256 entries
            assert full_scale_sinad_db(real) > 72
            assert 60.8 < full_scale_sinad_db(fixed) < 65.5


SINE = {
    ("plain", 1): (24.5, 24.3),
    ("wide", 4): (27.7, 28.0),
    ("small_swing", 1): (49.9, 45.7),
    ("linear64", 1): (49.8, 43.8),
    ("linear128", 4): (49.9, 43.6),
}
"""SINAD on the sine bench of the held value after all steps, before any converter: real network and integers, dB."""


@pytest.mark.parametrize(("name", "dac_bits"), SINE)
def test_what_the_table_costs_a_chain_on_the_sine_bench(name: str, dac_bits: int, peripherals: Peripherals) -> None:
    """Every row the same input, all weights 255. Inputs of 8 bits allow 49.9 dB, a table of 256 entries less."""
    network, top, cycles = peripherals.adder(name, dac_bits), line_maximum(dac_bits), 8 // dac_bits
    slices = np.arange(256) >> dac_bits * np.arange(cycles)[:, np.newaxis] & (1 << dac_bits) - 1
    lines = np.zeros((cycles, 256, 16), np.int64)
    lines[..., :8] = 128 * slices[..., np.newaxis]
    n = fixed_adder(network, line_maximum=top)
    made, real, tabled = adder_instance(network), np.zeros((256, 1)), np.zeros((256, 1))
    for driven in lines / top:
        real = made.output(np.hstack((driven, real)))[:, np.newaxis]
        tabled = with_table(network, n, np.hstack((driven, tabled)))[:, np.newaxis]
    wave = sine_inputs(8192, 1021)
    found = [sine_sinad_db(held[wave], 1021) for held in (real[:, 0], tabled[:, 0], n.held_values(lines)[-1])]
    assert (found[0], found[2]) == pytest.approx(SINE[name, dac_bits], abs=0.06)
    assert found[2] == pytest.approx(found[1], abs=0.5)  # the loss is the table's


def with_table(network: NeuralAdder, n: FixedAdder, seen: np.ndarray) -> np.ndarray:
    """Output of the real network, its inverters replaced by the table: inputs in its steps, exponentials for levels."""
    made = adder_instance(network)
    z = seen @ made.inputs * network.input_scale + network.biases
    step = (n.vtc.high - n.vtc.low) / 256
    middle = n.vtc.low + (np.clip(np.floor((z - n.vtc.low) / step), 0, 255) + 0.5) * step
    vtc = network.vtc
    levels = vtc.supply / (1 + np.exp(vtc.slope * (middle - vtc.threshold) / vtc.supply)) - vtc.supply / 2
    return levels @ made.outputs + network.offset
