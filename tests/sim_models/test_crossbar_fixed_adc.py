"""Integers of the trained NNADC and of the chain with it: codes, widths, what is refused."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from sim_models.crossbar import ErrorHooks, eight_bit, neural_pim_codes, weight_slices
from sim_models.crossbar.fixed_adc import FixedAdc
from sim_models.crossbar.fixed_networks import fixed_adc, fixed_adder, fixed_stage, following_adc
from sim_models.crossbar.fixed_vtc import FixedVtc
from sim_models.crossbar.neural_adc import NeuralAdc
from sim_models.crossbar.neural_adc import instance as adc_instance
from sim_models.crossbar.neural_adder import instance as adder_instance
from sim_models.crossbar.neural_hooks import AdcHook, AdderHook
from sim_models.crossbar.neural_quantiser import NeuralQuantiser, counting_quantiser
from sim_models.crossbar.peripherals import Peripherals, load
from sim_models.crossbar.vtc import InverterVtc
from tests.sim_models.test_crossbar_fixed_adder import CELLS, SEED, STEEP, bumped, rms, with_table


@pytest.fixture(scope="module")
def peripherals() -> Peripherals:
    return load()


@pytest.fixture(scope="module")
def trained(peripherals: Peripherals) -> NeuralAdc:
    return NeuralAdc(stages=(peripherals.stage, peripherals.stage))


def exact_code(network: NeuralAdc, value: Fraction) -> int:
    """Signed code of ``value`` -1..1 by the network's constants as they are, in fractions."""
    bits = network.bits
    half = 2 ** (bits - 1)
    seen, code = (value * (half - 1) + half + Fraction(1, 2)) / (2 * half), 0
    for stage in network.stages:
        top, mid = stage.cells.maximum, Fraction(stage.vtc.supply) / 2
        passed = [
            Fraction(int(weight), top) * seen + Fraction(bias) > Fraction(stage.vtc.threshold)
            for weight, bias in zip(stage.input_codes, stage.biases.tolist(), strict=True)
        ]
        gray = 0
        for bit in range(stage.bits):
            pairs = zip(passed, stage.output_codes[:, bit].tolist(), strict=True)
            levels = [(-mid if above else mid) * weight / top for above, weight in pairs]
            gray |= (sum(levels) + Fraction(stage.output_biases.tolist()[bit]) > 0) << bit
        word = 0
        while gray:
            word, gray = word ^ gray, gray >> 1
        code = (code << stage.bits) + word
        seen = 2**stage.bits * seen - sum(passed)
    return max(code - half, 1 - half)


def converters(stage: NeuralQuantiser) -> dict[str, NeuralAdc]:
    counted = {bits: counting_quantiser(bits, CELLS, STEEP) for bits in (1, 2, 3, 4, 8)}
    return {
        "trained": NeuralAdc(stages=(stage, stage)),
        "trained 4": NeuralAdc(stages=(stage,)),
        "counted 4+4": NeuralAdc(stages=(counted[4], counted[4])),
        "counted 8": NeuralAdc(stages=(counted[8],)),
        "counted 1+3": NeuralAdc(stages=(counted[1], counted[3])),
        "counted 2+1": NeuralAdc(stages=(counted[2], counted[1])),
    }


@pytest.mark.parametrize(
    "name",
    [
        "trained",
        "trained 4",
        "counted 4+4",
        pytest.param("counted 8", marks=pytest.mark.slow),
        "counted 1+3",
        "counted 2+1",
    ],
)
@pytest.mark.parametrize("full_scale", [16320, 777])
def test_codes_are_those_of_exact_comparisons(name: str, full_scale: int, peripherals: Peripherals) -> None:
    network = converters(peripherals.stage)[name]
    n = fixed_adc(network, full_scale=full_scale, input_maximum=3 * full_scale)
    random = np.random.default_rng(SEED)
    inputs = random.integers(-full_scale, full_scale, 60, endpoint=True).tolist()
    inputs += [0, 1, -1, full_scale, -full_scale, full_scale + 1, 3 * full_scale, -3 * full_scale]
    assert n.codes(inputs).tolist() == [exact_code(network, Fraction(value, full_scale)) for value in inputs]
    every = np.arange(-2 * full_scale, 2 * full_scale + 1)
    real = adc_instance(network).signed_codes(every / full_scale)
    differ = np.count_nonzero(n.codes(every) != real)
    # a counted converter has inputs that lie on its thresholds, where doubles round
    assert differ <= (len(real) // 1000 if name.startswith("counted") else 0)
    assert n.codes(every).min() == -n.codes(every).max()


@pytest.mark.parametrize("bias", [0.0, 0.01, -0.01])
def test_sums_of_an_encoder_around_zero(bias: float) -> None:
    """Output codes of alternating signs cancel: the bias alone decides."""
    stage = counting_quantiser(4, CELLS, STEEP)
    network = NeuralAdc(stages=(replace(stage, output_biases=np.full(4, bias)), stage))
    n = fixed_adc(network, full_scale=3000, input_maximum=3000)
    inputs = list(range(-3000, 3001, 50))
    assert n.codes(inputs).tolist() == [exact_code(network, Fraction(value, 3000)) for value in inputs]


def test_the_counted_converter_rounds(peripherals: Peripherals) -> None:
    for name in ("counted 4+4", "counted 8"):
        n = fixed_adc(converters(peripherals.stage)[name], full_scale=127 * 64, input_maximum=20000)
        levels = np.arange(-127, 128)
        for away in (-31, 0, 31, 32):
            assert np.array_equal(n.codes(64 * levels + away), levels)  # half a step falls, as inverters compare
        assert n.codes([-20000, 20000]).tolist() == [-127, 127]


def test_widths_of_the_converter_hold_every_sum(trained: NeuralAdc) -> None:
    n = fixed_adc(trained, full_scale=16320, input_maximum=44000)
    for value in (-44000, 44000, 0, 16320, -16320):
        seen = value * n.gain + n.offset
        for stage in n.stages:
            assert abs(seen) < 2 ** (n.value_width - 1)
            for codes, bias in zip(stage.input_codes, stage.biases, strict=True):
                assert abs(codes * seen + bias) < 2 ** (n.mac_width - 1)
            passed = int(stage.passed(np.array(seen)).sum())
            seen = 2**stage.bits * seen - n.unit * passed


def test_cycles_of_a_conversion_are_its_products(peripherals: Peripherals) -> None:
    for network in converters(peripherals.stage).values():
        n = fixed_adc(network, full_scale=1000, input_maximum=2000)
        hidden = [2**stage.bits - 1 for stage in network.stages]
        products = 1 + sum(count + count * stage.bits for count, stage in zip(hidden, network.stages, strict=True))
        assert n.cycles == products + (1 + hidden[0] if len(hidden) == 2 else 0)


def test_a_level_of_another_sign_shows(trained: NeuralAdc) -> None:
    n = fixed_adc(trained, full_scale=16320, input_maximum=20000)
    every = np.arange(-16320, 16321)
    for entry in (126, 129):
        stage = n.stages[0]
        entries = bumped(stage.vtc.entries, entry, -2 * stage.vtc.entries[entry])
        other = replace(n, stages=(replace(stage, vtc=replace(stage.vtc, entries=entries)), n.stages[1]))
        assert (other.codes(every) != n.codes(every)).any()


def test_inverters_of_any_supply_and_threshold(peripherals: Peripherals) -> None:
    vtc = InverterVtc(slope=3.0, supply=1.2, threshold=0.4)
    network = replace(peripherals.adder("wide", 1), vtc=vtc)
    n = fixed_adder(network, line_maximum=100)
    random = np.random.default_rng(SEED)
    lines, held = random.integers(0, 101, (2000, 16)), random.integers(-n.unit, n.unit, 2000)
    seen = np.column_stack((lines / 100, held / n.unit))
    made, real = n.step(held, lines) / n.unit, adder_instance(network).output(seen)
    assert rms(made - with_table(network, n, seen)) < 0.1 * rms(made - real) < 0.001 * rms(real)
    stage = replace(peripherals.stage, vtc=replace(STEEP, supply=1.2, threshold=0.4))
    adc = NeuralAdc(stages=(stage, stage))
    inputs = random.integers(-9000, 9000, 60).tolist()
    codes = fixed_adc(adc, full_scale=8000, input_maximum=9000).codes(inputs)
    assert codes.tolist() == [exact_code(adc, Fraction(value, 8000)) for value in inputs]


# Strategy C's data path


@pytest.mark.parametrize(("dac_bits", "name", "full"), [(1, "linear64", 1.0), (2, "wide", 1.0), (4, "plain", 0.5)])
def test_the_chain_follows_the_dataflow_with_real_networks(
    dac_bits: int, name: str, full: float, peripherals: Peripherals, trained: NeuralAdc
) -> None:
    p = replace(eight_bit("neural_pim"), dac_bits=dac_bits, range_fraction=full / 2)
    random = np.random.default_rng(SEED)
    inputs, weights = random.integers(0, 256, (300, 128)), random.integers(-255, 256, (128, 4))
    inputs[:200] = random.integers(0, 256, (200, 1))
    weights[:, 0] = random.integers(0, 256, 128)
    network = peripherals.adder(name, dac_bits)
    hooks = ErrorHooks(
        accumulator=AdderHook(adder=adder_instance(network), line_fraction=full),
        converter=AdcHook(adc=adc_instance(trained), code_maximum=127),
    )
    n = fixed_adder(network, line_maximum=p.line_maximum, full_line=int(full * p.line_maximum))
    driven = np.stack([inputs >> dac_bits * t & (1 << dac_bits) - 1 for t in range(p.cycles)])
    lines = np.einsum("tbr,pqro->tbopq", driven, weight_slices(weights, p)).reshape(p.cycles, 300, 4, 16)
    held = n.held_values(lines)[-1]
    codes = following_adc(trained, n, p).codes(held)
    apart = np.abs(codes - neural_pim_codes(inputs, weights, p, hooks=hooks).values)
    assert apart.max() <= 3
    assert np.sqrt(np.mean(apart**2)) < 0.8
    assert np.abs(codes).max() > 60


# What is refused


def test_bad_networks_are_refused(peripherals: Peripherals, trained: NeuralAdc) -> None:
    network, p = peripherals.adder("plain", 1), eight_bit("neural_pim")
    n = fixed_adder(network, line_maximum=128)
    flat = counting_quantiser(2, CELLS, InverterVtc(slope=0.001))
    codes = np.zeros_like(network.input_codes)
    calls: list[tuple[Any, str]] = [
        (lambda: fixed_adder(network, line_maximum=0), "line_maximum must be between 1 and 16777216, not 0"),
        (lambda: fixed_adder(network, line_maximum=9, full_line=10), "full_line must be between 1 and 9, not 10"),
        (
            lambda: fixed_adder(replace(network, input_scale=-1.0), line_maximum=9),
            "input_scale must be above 0, not -1.0",
        ),
        (
            lambda: fixed_adder(replace(network, gains=np.zeros(32)), line_maximum=9),
            "gains must not all be 0",
        ),
        (
            lambda: fixed_adder(replace(network, gains=np.full(32, 1e12)), line_maximum=9),
            "gains must fit 16 bits with 1 to 60 places after the point, they need -20",
        ),
        (
            lambda: fixed_adder(replace(network, input_codes=codes, biases=np.ones(32)), line_maximum=9),
            "input_codes must not all be 0 with equal biases, they are",
        ),
        (lambda: n.step([0], np.full((1, 16), 129)), "lines must be at most 128, not 129"),
        (lambda: n.step([0], np.zeros((1, 17), int)), "lines must have the shape (..., 16), not (1, 17)"),
        (lambda: n.step([0, 0], np.zeros((1, 16), int)), "held must have the shape (1,), not (2,)"),
        (lambda: n.step([0], np.zeros((1, 16))), "lines must be integers of at most 64 bits, not float64"),
        (lambda: n.held_values(np.zeros(16, int)), "lines must have the shape (cycles, ..., 16), not (16,)"),
        (lambda: replace(n, biases=n.biases[1:]), "biases must be a tuple of 32 integers, not 31 entries"),
        (lambda: replace(n, scale=1 << 50), "sums of the network must fit 62 bits, they need 71"),
        (lambda: replace(n.vtc, entries=(0,)), "entries must be a tuple of 256 integers, not 1 entries"),
        (lambda: FixedVtc(entries=(0.5,) * 256, shift=1, low=0, high=1), "entries must be an integer, not 0.5"),
        (lambda: fixed_stage(flat, 64), "slope must be steep enough for a table of comparisons, not 0.001"),
        (
            lambda: fixed_adc(trained, full_scale=0, input_maximum=1),
            "full_scale must be between 1 and 1099511627776, not 0",
        ),
        (
            lambda: FixedAdc(full_scale=1, input_maximum=1, stages=()),
            "stages must be one or two, not 0",
        ),
        (
            lambda: fixed_adc(NeuralAdc(stages=(counting_quantiser(1, CELLS, STEEP),)), full_scale=9, input_maximum=9),
            "bits of the stages must be at least 2, not 1",
        ),
        (
            lambda: fixed_adc(trained, full_scale=9, input_maximum=9).codes([10]),
            "inputs must be at most 9, not 10",
        ),
        (lambda: following_adc(trained, n, eight_bit("isaac")), "strategy must be 'neural_pim', not 'isaac'"),
        (
            lambda: following_adc(trained, n, replace(p, dac_bits=2)),
            "line_maximum must be 128, that of the network, not 384",
        ),
        (
            lambda: following_adc(trained, n, replace(p, output_bits=9)),
            "output_bits must be 8, that of the network, not 9",
        ),
    ]
    for call, message in calls:
        with pytest.raises(ValueError) as problem:
            call()
        assert str(problem.value) == message
