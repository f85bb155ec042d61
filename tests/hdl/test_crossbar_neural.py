"""Networks of strategy C in hardware: parts and shift-and-add, bit for bit against integers."""

import gc
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import UnusedElaboratable

from gen.rtl import Rtl, elaborate
from hdl.crossbar import NeuralShiftAdd
from hdl.crossbar.constant_table import ConstantTable
from hdl.crossbar.conversion_sequence import ConversionSequence
from hdl.crossbar.vtc_lookup import VtcLookup
from sim_models.crossbar.conductance import CellParameters
from sim_models.crossbar.fixed_adder import FixedAdder
from sim_models.crossbar.fixed_networks import fixed_adder
from sim_models.crossbar.neural_adc import NeuralAdc
from sim_models.crossbar.neural_quantiser import counting_quantiser
from sim_models.crossbar.peripherals import load
from sim_models.crossbar.vtc import InverterVtc
from verif.batch import simulate
from verif.packing import pack

SEED = 2022
STAGE = load().stage
ADC = NeuralAdc(stages=(STAGE, STAGE))
Arrays = dict[str, Any]


def counted(*bits: int) -> NeuralAdc:
    """A converter that needs no training, of stages of ``bits``."""
    cells, vtc = CellParameters(bits=3), InverterVtc(slope=400.0)
    return NeuralAdc(stages=tuple(counting_quantiser(each, cells, vtc) for each in bits))


def few_neurons(hidden: int) -> FixedAdder:
    """The first neurons of a trained network: short steps, and words of the same kind."""
    network = load().adder("plain", 1)
    few = {name: getattr(network, name)[:hidden] for name in ("output_codes", "biases", "gains")}
    return fixed_adder(replace(network, input_codes=network.input_codes[:, :hidden], **few), line_maximum=128)


def refusal(build: Callable[[], object]) -> str:
    """What a constructor says when it refuses."""
    said = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedElaboratable)
        try:
            build()
        except ValueError as error:
            said = str(error)
        gc.collect()  # Amaranth warns of the unused component when it is deleted
    return said


# Parts


def test_a_table_of_constants() -> None:
    for values in ((5,), (0, -3, 7, 0, 1), tuple(range(-40, 40))):
        rtl = elaborate(ConstantTable(values=values), "constants")
        width = next(port.width for port in rtl.ports if port.name == "index")
        indices = np.arange(1 << width)
        wanted = [*values, *[0] * (len(indices) - len(values))]
        assert simulate(rtl, {"index": indices})["value"].tolist() == wanted


@pytest.mark.parametrize("width", [10, 37])
def test_the_address_of_the_curve_saturates(width: int) -> None:
    vtc = replace(few_neurons(2).vtc, shift=width // 2)
    random, edge = np.random.default_rng(SEED), 1 << width - 1
    border = 128 << vtc.shift
    sums = np.concatenate(
        (random.integers(-edge, edge, 3000), random.integers(-border, border, 3000), [-edge, edge - 1, 0, -1])
    )
    sums[:4] = -border - 1, -border, border - 1, border
    sums = np.clip(sums, -edge, edge - 1)
    found = simulate(elaborate(VtcLookup(vtc=vtc, width=width), "vtc"), {"total": sums})["level"]
    addresses = [min(255, max(0, (value >> vtc.shift) + 128)) for value in sums.tolist()]
    assert found.tolist() == [vtc.entries[address] for address in addresses]
    assert width == 10 or len(set(addresses)) == 256


def phases(bits: tuple[int, ...]) -> list[tuple[str, int, int, int]]:
    """Phase, stage, neuron and bit of every product, in order."""
    order = [("gain", 0, 0, 0)]
    for stage, width in enumerate(bits):
        neurons = range(2**width - 1)
        order += [("compare", stage, neuron, 0) for neuron in neurons]
        order += [("encode", stage, neuron, bit) for bit in range(width) for neuron in neurons]
        if stage < len(bits) - 1:
            order += [("residue", 0, 0, 0), *[("deduct", 0, neuron, 0) for neuron in neurons]]
    return order


@pytest.mark.parametrize("bits", [(4, 4), (1, 3), (3, 1), (1, 1), (3,), (1,)])
def test_the_order_of_a_conversion(bits: tuple[int, ...]) -> None:
    order = phases(bits)
    start = np.zeros(3 * len(order) + 9, np.int64)
    start[[2, 4, 2 + len(order) + 1]] = 1  # the second is ignored, the third comes with the end of the first
    found = simulate(elaborate(ConversionSequence(bits=bits), "sequence"), {"start": start}, seed=SEED)
    for begins in (3, 3 + len(order) + 1):
        for cycle, (phase, *places) in enumerate(order, start=begins):
            assert [name for name in ("gain", "compare", "encode", "residue", "deduct") if found[name][cycle]] == [
                phase
            ]
            assert [found[name][cycle] for name in ("stage", "neuron", "bit")] == places
    assert np.flatnonzero(found["done"]).tolist() == [2 + len(order) + 1, 2 + 2 * (len(order) + 1)]
    assert found["busy"].sum() == 2 * len(order)


# Shift-and-add


def shift_add(network: FixedAdder) -> Rtl:
    return elaborate(NeuralShiftAdd(network=network), "neural_shift_add")


def spread(values: np.ndarray, period: int) -> np.ndarray:
    """Each value for ``period`` clock cycles, and the last one for one more."""
    return np.concatenate((np.repeat(values, period, axis=0), values[-1:]))


def starts(count: int, period: int) -> np.ndarray:
    start = np.zeros(count * period + 1, np.int64)
    start[:-1:period] = 1
    return start


def step_inputs(n: FixedAdder, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lines (count, 16), first and negate (count,): random ones, corners of all neurons, chains that run off."""
    random = np.random.default_rng(SEED)
    lines = random.integers(0, n.line_maximum, (count, 16), endpoint=True)
    ends = np.array(n.input_codes)[:, :16]
    corners = np.concatenate((ends > 0, ends < 0, [[True] * 16, [False] * 16])) * n.line_maximum
    lines[: len(corners)] = corners
    lines[len(corners) : len(corners) + 40] = np.arange(16) < 8  # again and again, the same sign
    lines[len(corners) : len(corners) + 40] *= n.line_maximum
    first, negate = random.random(count) < 0.1, random.random(count) < 0.2
    first[0] = True
    return lines, first, negate


def golden_steps(n: FixedAdder, lines: np.ndarray, first: np.ndarray, negate: np.ndarray) -> np.ndarray:
    held, steps = np.zeros((), np.int64), []
    for row, begins, minus in zip(lines, first.tolist(), negate.tolist(), strict=True):
        held = n.step(np.zeros((), np.int64) if begins else held, row, negate=minus)
        steps.append(int(held))
    return np.array(steps)


NETWORKS = {
    "one neuron": few_neurons(1),
    "five neurons": few_neurons(5),
    "plain": fixed_adder(load().adder("plain", 1), line_maximum=128),
    "two cells": fixed_adder(load().adder("two_cells", 4), line_maximum=1920, full_line=900),
    "linear": fixed_adder(load().adder("linear64", 2), line_maximum=384),
}


QUICK = ("one neuron", "five neurons", "plain")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in NETWORKS]
)
def test_steps_are_those_of_integers(name: str) -> None:
    n, count = NETWORKS[name], 2200
    lines, first, negate = step_inputs(n, count)
    period = n.cycles + 1
    words = {"lines": pack(spread(lines, period), n.line_width)}
    words |= {"first": spread(first, period), "negate": spread(negate, period), "start": starts(count, period)}
    found = simulate(shift_add(n), words, seed=SEED)
    done = np.arange(1, count + 1) * period
    assert np.array_equal(np.flatnonzero(found["done"]), done)
    assert np.array_equal(found["held"][done], golden_steps(n, lines, first, negate))
    assert n.cycles == 19 * n.hidden
    busy = np.arange(count * period + 1) % period != 0
    assert np.array_equal(found["busy"].astype(bool), busy)
    # held only changes with done
    assert (np.flatnonzero(np.diff(found["held"][period:])) + 1 + period).tolist() == [
        cycle for cycle in done[1:] if found["held"][cycle] != found["held"][cycle - 1]
    ]


def test_lines_beyond_full_scale_saturate_up_to_the_last_word_of_the_port() -> None:
    n = few_neurons(3)
    assert n.line_maximum == 128 < 255
    lines = np.zeros((2, 16), np.int64)
    lines[0], lines[1, :8] = 255, 200
    words = {"lines": pack(spread(lines, n.cycles + 1), 8), "first": 1, "start": starts(2, n.cycles + 1)}
    found = simulate(shift_add(n), words, seed=SEED)
    at = np.array([1, 2]) * (n.cycles + 1)
    assert np.array_equal(found["held"][at], n.step([0, 0], np.minimum(lines, 128)))


def test_starts_while_busy_are_ignored() -> None:
    n, count = few_neurons(3), 300
    random = np.random.default_rng(SEED)
    lines, first, negate = step_inputs(n, count)
    period = n.cycles + 1
    words = {"lines": pack(spread(lines, period), n.line_width), "start": starts(count, period)}
    again = random.random(len(words["start"])) < 0.3
    again[::period] = False
    words["start"] = words["start"] | again
    words["first"], words["negate"] = spread(first, period) ^ again, spread(negate, period) ^ again
    found = simulate(shift_add(n), words, seed=SEED)
    assert np.array_equal(np.flatnonzero(found["done"]), np.arange(1, count + 1) * period)
    assert np.array_equal(found["held"][period::period], golden_steps(n, lines, first, negate))


def test_a_step_can_be_reset_at_any_time() -> None:
    n = few_neurons(2)
    lines, _, _ = step_inputs(n, 2 * n.cycles)
    rtl, period = shift_add(n), n.cycles + 1
    for reset in range(1, period):
        length = reset + 1 + 2 * period + 1
        words: Arrays = {name: np.zeros(length, np.int64) for name in ("rst", "start", "first")}
        words["start"][[0, reset + 1, reset + 1 + period]] = 1
        words["first"][[0, reset + 1]] = 1
        words["rst"][reset] = 1
        shown = np.repeat(lines[[reset]], length, axis=0)
        shown[: reset + 1] = lines[reset - 1]
        found = simulate(rtl, {**words, "lines": pack(shown, n.line_width)}, seed=reset)
        done = [reset + 1 + period, reset + 1 + 2 * period]
        assert np.flatnonzero(found["done"]).tolist() == done
        once = n.step(0, lines[reset])
        assert found["held"][done].tolist() == [once, n.step(once, lines[reset])]
        assert not found["busy"][reset + 1]


def bumped(row: tuple[int, ...], place: int, by: int) -> tuple[int, ...]:
    return (*row[:place], row[place] + by, *row[place + 1 :])


@pytest.mark.parametrize("kind", ["entry", "input code", "bias", "gain", "scale", "offset"])
def test_a_wrong_constant_of_the_adder_is_noticed(kind: str) -> None:
    n, count = few_neurons(4), 2000
    changes: dict[str, Arrays] = {
        "entry": {"vtc": replace(n.vtc, entries=bumped(n.vtc.entries, 140, 64))},
        "input code": {"input_codes": (*n.input_codes[:2], bumped(n.input_codes[2], 9, 1), n.input_codes[3])},
        "bias": {"biases": bumped(n.biases, 2, 512)},
        "gain": {"gains": bumped(n.gains, 2, 16)},
        "scale": {"scale": n.scale + 16},
        "offset": {"offset": n.offset + (1 << n.output_shift)},
    }
    lines, first, negate = step_inputs(n, count)
    period = n.cycles + 1
    words = {"lines": pack(spread(lines, period), n.line_width)}
    words |= {"first": spread(first, period), "negate": spread(negate, period), "start": starts(count, period)}
    other = replace(n, **changes[kind])
    assert (other.line_width, other.cycles) == (n.line_width, n.cycles)
    found = simulate(shift_add(other), words, seed=SEED)["held"][period::period]
    assert not np.array_equal(found, golden_steps(n, lines, first, negate))
    assert np.array_equal(found, golden_steps(other, lines, first, negate))
