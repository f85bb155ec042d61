"""Strategy C's tile beside converters that numpy models: any codes, and those of the trained networks."""

import numpy as np
import pytest

from gen.rtl import elaborate
from hdl.crossbar import NeuralPimParameters, NeuralPimTile
from sim_models.crossbar import ErrorHooks, neural_adc, neural_adder, neural_pim_codes
from sim_models.crossbar.neural_adc import NeuralAdc
from sim_models.crossbar.neural_hooks import AdcHook, AdderHook
from sim_models.crossbar.peripherals import load
from verif import crossbar_given_codes as given
from verif import crossbar_tiles as tiles
from verif.checks_form import require_equal

SEED = 1911


def test_any_codes_in_any_traffic() -> None:
    """Sums of row blocks, counters; results that wait, vectors that come late."""
    p = NeuralPimParameters(rows=4, input_bits=4, dac_bits=2, weight_bits=3, outputs=6, converters=2, slots_per_cycle=6)
    random = np.random.default_rng(SEED)
    vectors = random.integers(0, 16, (60, p.rows))
    codes = random.integers(-128, 128, (60, p.outputs))
    flags = random.integers(0, 2, codes.shape)
    rtl = elaborate(NeuralPimTile(parameters=p), "crossbar_tile_neural_pim")
    none = np.zeros((p.rows, p.outputs), np.int64)
    for traffic in (tiles.full_rate(none, vectors, 3), tiles.disturbed(none, vectors, p, SEED, 5)):
        seen = given.run(rtl, p, traffic, codes, flags, SEED)
        assert require_equal(seen, given.expected(p, traffic, codes, flags), SEED) == 60 // traffic.blocks * 6 + 3


def test_a_sum_of_codes_that_does_not_fit_is_limited_and_told() -> None:
    p = NeuralPimParameters(rows=2, input_bits=2, dac_bits=2, weight_bits=1, outputs=2, slots_per_cycle=4)
    vectors = np.zeros((2 * 300, p.rows), np.int64)
    codes = np.tile([-128, 127], (len(vectors), 1))
    traffic = tiles.full_rate(np.zeros((p.rows, p.outputs), np.int64), vectors, 300)
    rtl = elaborate(NeuralPimTile(parameters=p), "crossbar_tile_neural_pim")
    seen = given.run(rtl, p, traffic, codes, np.zeros_like(codes), SEED)
    assert seen["values"].tolist() == [[-32768, 32767]] * 2
    assert seen["sum_saturated"] == 1
    require_equal(seen, given.expected(p, traffic, codes, np.zeros_like(codes)), SEED)


@pytest.mark.parametrize("dac_bits", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_codes_of_the_trained_networks_go_through_the_tile(dac_bits: int) -> None:
    """NNS+A and NNADC in numpy make the codes; the tile asks for them, and adds those of four blocks."""
    p = NeuralPimParameters(rows=32, dac_bits=dac_bits, outputs=4, slots_per_cycle=8)
    random = np.random.default_rng(SEED)
    vectors = random.integers(0, 256, (40, p.rows))
    weights = random.integers(-255, 256, (p.rows, p.outputs))
    peripherals = load()
    adc = NeuralAdc(stages=(peripherals.stage, peripherals.stage))
    hooks = ErrorHooks(
        accumulator=AdderHook(adder=neural_adder.instance(peripherals.adder("plain", dac_bits))),
        converter=AdcHook(adc=neural_adc.instance(adc), code_maximum=p.code_maximum),
    )
    codes = neural_pim_codes(vectors, weights, p, hooks=hooks).values
    assert (codes != neural_pim_codes(vectors, weights, p).values).any()  # the networks do not compute exactly
    traffic = tiles.disturbed(weights, vectors, p, SEED, 4)
    flags = (np.abs(codes) == p.code_maximum).astype(np.int64)
    rtl = elaborate(NeuralPimTile(parameters=p), "crossbar_tile_neural_pim")
    seen = given.run(rtl, p, traffic, codes, flags, SEED)
    assert require_equal(seen, given.expected(p, traffic, codes, flags), SEED) == 43
    assert (seen["values"] == codes.reshape(10, 4, 4).sum(axis=1)).all()
