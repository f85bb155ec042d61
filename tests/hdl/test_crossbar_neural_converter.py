"""Networks of strategy C in hardware: the converter and the whole data path, bit for bit against integers."""

from dataclasses import replace

import numpy as np
import pytest

from gen.rtl import Rtl, elaborate
from hdl.crossbar import NeuralConverter, NeuralShiftAdd
from hdl.crossbar.constant_table import ConstantTable
from hdl.crossbar.conversion_sequence import ConversionSequence
from hdl.crossbar.vtc_lookup import VtcLookup
from sim_models.crossbar.fixed_adc import FixedAdc
from sim_models.crossbar.fixed_networks import fixed_adc, fixed_adder, following_adc
from sim_models.crossbar.neural_adc import NeuralAdc
from sim_models.crossbar.peripherals import load
from sim_models.crossbar.presets import eight_bit
from tests.hdl.test_crossbar_neural import (
    ADC,
    SEED,
    STAGE,
    Arrays,
    bumped,
    counted,
    few_neurons,
    refusal,
    shift_add,
    spread,
    starts,
)
from verif.batch import simulate
from verif.packing import pack

# Converter


def converter(network: FixedAdc) -> Rtl:
    return elaborate(NeuralConverter(network=network), "neural_converter")


def converted(rtl: Rtl, n: FixedAdc, values: np.ndarray) -> np.ndarray:
    """Codes of back-to-back conversions, after a check of when they are there."""
    period = n.cycles + 1
    found = simulate(rtl, {"value": spread(values, period), "start": starts(len(values), period)}, seed=SEED)
    done = np.arange(1, len(values) + 1) * period
    assert np.array_equal(np.flatnonzero(found["done"]), done)
    assert found["busy"].sum() == n.cycles * len(values)
    return found["code"][done]


CONVERTERS = {
    "trained": fixed_adc(ADC, full_scale=16320, input_maximum=44000),
    "narrow range": fixed_adc(ADC, full_scale=61, input_maximum=1 << 20),
    "one stage": fixed_adc(NeuralAdc(stages=(STAGE,)), full_scale=2000, input_maximum=3000),
    "one-shot": fixed_adc(counted(8), full_scale=8128, input_maximum=9000),
    "1 and 3 bits": fixed_adc(counted(1, 3), full_scale=1000, input_maximum=1200),
    "3 and 1 bits": fixed_adc(counted(3, 1), full_scale=1000, input_maximum=1200),
}
PRODUCTS = {
    "trained": 167,
    "narrow range": 167,
    "one stage": 76,
    "one-shot": 2296,
    "1 and 3 bits": 33,
    "3 and 1 bits": 39,
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name == "one-shot")) for name in CONVERTERS]
)
def test_codes_are_those_of_integers(name: str) -> None:
    n = CONVERTERS[name]
    random, top = np.random.default_rng(SEED), n.input_maximum
    inside = random.integers(-n.full_scale, n.full_scale, 2000, endpoint=True)
    outside = random.integers(-top, top, 200, endpoint=True)
    values = np.concatenate((inside, outside, [0, 1, -1, top, -top, n.full_scale, -n.full_scale]))
    codes = converted(converter(n), n, values)
    assert np.array_equal(codes, n.codes(values))
    assert n.cycles == PRODUCTS[name]
    assert (codes.min(), codes.max()) == (1 - n.half, n.half - 1)


def test_every_threshold_of_a_converter_is_met_on_both_sides() -> None:
    n = fixed_adc(ADC, full_scale=16320, input_maximum=17000)
    every = np.arange(-17000, 17001)
    codes = n.codes(every)
    before = np.flatnonzero(np.diff(codes))
    assert len(before) >= 254
    values = every[np.sort(np.concatenate((before, before + 1)))]
    assert np.array_equal(converted(converter(n), n, values), n.codes(values))


def test_a_sum_of_an_encoder_can_be_zero() -> None:
    stage = counted(4).stages[0]
    network = NeuralAdc(stages=(replace(stage, output_biases=np.full(4, 0.01)), stage))
    n = fixed_adc(network, full_scale=3000, input_maximum=3000)
    first = n.stages[0]
    none_passed = np.sum(first.output_codes, axis=1) + first.output_biases
    assert (none_passed == 0).any()
    values = np.arange(-3000, 3001, 30)
    assert np.array_equal(converted(converter(n), n, values), n.codes(values))


def test_conversions_ignore_starts_and_keep_their_code() -> None:
    n = CONVERTERS["1 and 3 bits"]
    random, period, count = np.random.default_rng(SEED), n.cycles + 3, 200  # two idle cycles after each
    values = random.integers(-1200, 1200, count, endpoint=True)
    start = starts(count, period)
    again = (random.random(len(start)) < 0.4) & (np.arange(len(start)) % period <= n.cycles)
    again[::period] = False
    shown = np.where(np.arange(len(start)) % period, random.integers(-1200, 1200, len(start)), spread(values, period))
    found = simulate(converter(n), {"value": shown, "start": start | again}, seed=SEED)
    done = np.flatnonzero(found["done"])
    assert np.array_equal(done, np.arange(count) * period + n.cycles + 1)
    for later in (0, 1, 2):
        assert np.array_equal(found["code"][done[:-1] + later], n.codes(values)[:-1])


def test_a_conversion_can_be_reset_at_any_time() -> None:
    n = CONVERTERS["3 and 1 bits"]
    rtl = converter(n)
    for reset in range(1, n.cycles + 1):
        length = reset + 1 + n.cycles + 3
        words: Arrays = {name: np.zeros(length, np.int64) for name in ("rst", "start")}
        words["start"][[0, reset + 1]] = 1
        words["rst"][reset] = 1
        value = np.where(np.arange(length) <= reset, 900, 37 * reset - 700)
        found = simulate(rtl, {**words, "value": value}, seed=reset)
        assert np.flatnonzero(found["done"]).tolist() == [reset + 1 + n.cycles + 1]
        assert found["code"][reset + n.cycles + 2] == n.codes([37 * reset - 700])[0]


@pytest.mark.parametrize("kind", ["entry", "input code", "bias", "output code", "output bias"])
@pytest.mark.parametrize("place", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_wrong_constant_of_the_converter_is_noticed(kind: str, place: int) -> None:
    n = CONVERTERS["trained"]
    stage = n.stages[place]
    codes = stage.output_codes
    entries = stage.vtc.entries
    changes: dict[str, Arrays] = {
        "entry": {"vtc": replace(stage.vtc, entries=bumped(entries, 129, -2 * entries[129]))},
        "input code": {"input_codes": bumped(stage.input_codes, 7, 1)},
        "bias": {"biases": bumped(stage.biases, 4, n.unit // 8)},
        "output code": {"output_codes": (bumped(codes[0], 6, -14), *codes[1:])},
        "output bias": {"output_biases": bumped(stage.output_biases, 3, 7)},
    }
    stages = list(n.stages)
    stages[place] = replace(stage, **changes[kind])
    other = replace(n, stages=tuple(stages))
    values = np.random.default_rng(SEED).integers(-16320, 16320, 2000, endpoint=True)
    found = converted(converter(other), other, values)
    assert not np.array_equal(found, n.codes(values))
    assert np.array_equal(found, other.codes(values))


# Strategy C's data path


@pytest.mark.parametrize(
    ("name", "dac_bits", "signed"),
    [("plain", 1, True), ("linear32", 2, False), pytest.param("wide", 4, False, marks=pytest.mark.slow)],
)
def test_a_chain_of_steps_and_a_conversion(name: str, dac_bits: int, signed: bool) -> None:
    """The held value of one block goes into the other: T steps, then a code, as strategy C has it."""
    p = replace(eight_bit("neural_pim"), dac_bits=dac_bits, signed_inputs=signed, range_fraction=0.5)
    n = fixed_adder(load().adder(name, dac_bits), line_maximum=p.line_maximum)
    adc, vectors, random = following_adc(ADC, n, p), 150, np.random.default_rng(SEED)
    # lines as wide as they come, of one sign for a while, so that codes saturate at either end
    lines = random.integers(0, p.line_maximum, (vectors, p.cycles, 16), endpoint=True)
    lines[:20, :, :8], lines[10:30, :, 8:] = p.line_maximum, 0
    lines[30:50, :, :8] = 0
    if signed:  # the last slice counts negative
        lines[:50, -1] = np.roll(lines[:50, -1], 8, axis=-1)
    steps, period = vectors * p.cycles, n.cycles + 1
    place = np.tile(np.arange(p.cycles), vectors)
    words = {"lines": pack(spread(lines.reshape(steps, 16), period), n.line_width), "start": starts(steps, period)}
    words |= {"first": spread(place == 0, period), "negate": spread((place == p.cycles - 1) & signed, period)}
    held = simulate(shift_add(n), words, seed=SEED)["held"][period::period][p.cycles - 1 :: p.cycles]
    codes = converted(converter(adc), adc, held)
    golden = n.held_values(np.moveaxis(lines, 1, 0), signed_inputs=signed)[-1]
    assert np.array_equal(held, golden)
    assert np.array_equal(codes, adc.codes(golden))
    assert len(np.unique(codes)) > 40
    assert codes.max() == 127


def test_bad_networks_are_refused() -> None:
    for build, message in (
        (lambda: NeuralShiftAdd(network=1), "network must be a FixedAdder, not 1"),
        (lambda: NeuralConverter(network="x"), "network must be a FixedAdc, not 'x'"),
        (lambda: ConstantTable(values=()), "values must be a tuple of at least one integer, not ()"),
        (lambda: ConstantTable(values=(1.5,)), "values must be an integer, not 1.5"),
        (lambda: VtcLookup(vtc=few_neurons(1).vtc, width=0), "width must be at least 1, not 0"),
        (lambda: ConversionSequence(bits=()), "bits must be a tuple of one or two numbers, not ()"),
        (lambda: ConversionSequence(bits=(4, 0)), "bits must be at least 1, not 0"),
    ):
        assert refusal(build) == message
