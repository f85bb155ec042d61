"""Tiles of strategies B and C around digital stand-ins: results, cycles, conversions; what they refuse."""

import gc
import warnings
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import UnusedElaboratable

from gen.catalog import find
from gen.rtl import Rtl, elaborate
from hdl.crossbar import (
    AnalogAccumulator,
    BufferArray,
    CascadeParameters,
    NeuralPimParameters,
    crossbar_tile,
)
from hdl.crossbar.tile import tile_parameters
from sim_models.crossbar import CrossbarParameters, accumulator_bits, eight_bit
from verif import crossbar_tiles as tiles
from verif.benches import run_design_bench
from verif.checks_crossbar_tiles import check_tile, expected
from verif.checks_form import require_equal
from verif.crossbar_tiles_loop import in_stand_ins

SEED = 2201
SMALL: dict[str, Any] = {"rows": 8, "input_bits": 4, "weight_bits": 3, "outputs": 4, "slots_per_cycle": 4}
PLAIN: dict[str, Any] = SMALL | {"bitline_bits": None, "carry_columns": 0, "outputs": 2, "converter": "ideal"}
SEARCHES: dict[str, Any] = {"converter": "sar", "slots_per_cycle": 12}


def neural_pim(**fields: Any) -> NeuralPimParameters:
    return NeuralPimParameters(**{**SMALL, "dac_bits": 1, **fields})


def cascade(**fields: Any) -> CascadeParameters:
    return CascadeParameters(**{**PLAIN, **fields})


def tile(parameters: tiles.Tiled) -> Rtl:
    return elaborate(crossbar_tile(parameters), f"crossbar_tile_{parameters.strategy}")


OTHERS: list[tiles.Tiled] = [
    neural_pim(signed_inputs=True, range_fraction=0.25, cell_bits=2, converters=2),
    neural_pim(dac_bits=2, outputs=8),  # conversions without a break
    neural_pim(dac_bits=4, output_bits=12),
    cascade(weight_encoding="offset", signed_inputs=True, converters=2, cascade_tail_cycles=1),
    cascade(dac_bits=2, cell_bits=2, carry_columns=1, bitline_bits=4, adc_bits=3, cascade_tail_cycles=8),
    cascade(double_buffer=False, clear_cycles=3, cascade_tail_cycles=4),
]
SEARCHING: list[tiles.Tiled] = [
    neural_pim(**SEARCHES, dac_bits=2, outputs=24),  # conversions without a break
    cascade(**SEARCHES, signed_inputs=True, converters=2, adc_bits=3),
    neural_pim(**SEARCHES, signed_inputs=True, range_fraction=0.25, converters=2),
    cascade(**SEARCHES, weight_encoding="offset"),
    cascade(**SEARCHES | {"slots_per_cycle": 6}, carry_columns=2, bitline_bits=2, adc_bits=3, double_buffer=False),
    cascade(**SEARCHES, bitline_bits=3, buffer_cell_bits=2, dac_bits=2, cell_bits=2),
]
MANY: list[tiles.Tiled] = [
    neural_pim(signed_inputs=True),
    neural_pim(dac_bits=2),
    neural_pim(dac_bits=4),
    cascade(signed_inputs=True),
    cascade(dac_bits=2, slots_per_cycle=10),
    cascade(dac_bits=4, slots_per_cycle=12, allow_stalls=True),
    neural_pim(**SEARCHES, dac_bits=2),
    cascade(**SEARCHES),
]


@pytest.mark.parametrize("parameters", [OTHERS[3], *SEARCHING[:2]], ids=str)
def test_results_cycles_and_conversions(parameters: tiles.Tiled) -> None:
    assert check_tile(tile(parameters), parameters, 4000, SEED) > 400


@pytest.mark.slow
@pytest.mark.parametrize("parameters", [*OTHERS[:3], *OTHERS[4:], *SEARCHING[2:]], ids=str)
def test_results_of_other_configurations(parameters: tiles.Tiled) -> None:
    assert check_tile(tile(parameters), parameters, 20_000, SEED) > 2000


@pytest.mark.slow
@pytest.mark.parametrize("parameters", [OTHERS[0], OTHERS[4], *SEARCHING[:2]], ids=str)
def test_results_with_stand_ins_in_the_loop(parameters: tiles.Tiled) -> None:
    p, random = parameters, np.random.default_rng(SEED)
    weights = random.integers(*p.weight_range, (p.rows, p.outputs), endpoint=True)
    inputs = random.integers(*p.input_range, (60, p.rows), endpoint=True)
    traffic = tiles.full_rate(weights, inputs)
    seen = tiles.run(tile(p), p, traffic, SEED, loop=in_stand_ins)
    assert require_equal(seen, expected(p, traffic, timed=True), SEED) > 60


@pytest.mark.slow
@pytest.mark.parametrize("parameters", [NeuralPimParameters(), CascadeParameters()], ids=["neural_pim", "cascade"])
def test_results_of_published_arrays(parameters: tiles.Tiled) -> None:
    assert check_tile(tile(parameters), parameters, 20_000, SEED) > 100_000


@pytest.mark.parametrize(
    "parameters",
    [
        neural_pim(**SEARCHES, outputs=2, converters=2),
        pytest.param(cascade(adc_bits=3, outputs=2), marks=pytest.mark.slow),
        pytest.param(cascade(**SEARCHES, adc_bits=3), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_bench(parameters: tiles.Tiled) -> None:
    design = find(f"crossbar_tile_{parameters.strategy}")
    assert run_design_bench(design, parameters, seed=SEED).tests >= 3


@pytest.mark.parametrize("strategy", ["isaac", "cascade", "neural_pim"])
def test_a_tile_of_every_strategy_has_converters_that_search(strategy: str) -> None:
    """Of the golden model's parameters too; the converter of strategy C is a port of itself."""
    golden = eight_bit(strategy)
    hardware = tile_parameters(golden)
    assert CrossbarParameters(**{name: getattr(hardware, name) for name in asdict(golden)}) == golden
    assert hardware.converter == ("port" if strategy == "neural_pim" else "sar")
    names = {port.name for port in elaborate(crossbar_tile(replace(hardware, converter="sar")), "tile").ports}
    assert {"sample", "dac", "comparator_enable", "cmp"} <= names
    assert not {"code", "saturated"} & names


@pytest.mark.slow
@pytest.mark.parametrize("parameters", MANY, ids=str)
def test_a_hundred_thousand_vectors(parameters: tiles.Tiled) -> None:
    """Random ones, and the corners: all zero, all largest, all smallest, a single row, signs in turn."""
    p, random = parameters, np.random.default_rng(SEED)
    inputs = random.integers(*p.input_range, (100_000, p.rows), endpoint=True)
    low, high = p.input_range
    inputs[:5] = [
        np.zeros(p.rows),
        *(np.full(p.rows, end) for end in (low, high)),
        np.eye(p.rows)[0],
        np.resize([low, high], p.rows),
    ]
    weights = random.integers(*p.weight_range, (p.rows, p.outputs), endpoint=True)
    weights[:, 0] = p.weight_range[1]
    traffic = tiles.full_rate(weights, inputs)
    compared = require_equal(tiles.run(tile(p), p, traffic, SEED), expected(p, traffic, timed=True), SEED)
    assert compared >= 100_000 * p.outputs


def test_stalls_are_counted_and_the_interval_is_that_of_the_formula() -> None:
    p = cascade(clear_cycles=2, allow_stalls=True)
    random = np.random.default_rng(SEED)
    inputs = random.integers(0, 16, (40, p.rows))
    weights = random.integers(-7, 8, (p.rows, p.outputs))
    seen = tiles.run(tile(p), p, tiles.full_rate(weights, inputs), SEED, ("stall_count",))
    assert np.array_equal(seen["values"], inputs @ weights)
    # Read and cleared in 3 + 2 array cycles, filled in 4.
    assert set(np.diff(seen["written"])[1:].tolist()) == {5 * p.slots_per_cycle}
    assert seen["stall_count"][-1] == 38  # of 40 vectors, two find their banks clear


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (NeuralPimParameters, {"strategy": "isaac"}, "strategy must be 'neural_pim', not 'isaac'"),
        (NeuralPimParameters, {"signed_inputs": True}, "dac_bits must be 1 with signed_inputs, not 4"),
        (NeuralPimParameters, {"weight_encoding": "offset"}, "weight_encoding of this hardware must be one of"),
        (NeuralPimParameters, {"double_buffer": False}, "double_buffer of this hardware must be one of True"),
        (NeuralPimParameters, {"converters": 3}, "converters must divide outputs = 8, not be 3"),
        (NeuralPimParameters, {"slots_per_cycle": 2}, "slots_per_cycle must be at least 3"),
        (NeuralPimParameters, {"outputs": 32, "slots_per_cycle": 4}, "must be enough to convert in 2 cycles"),
        (CascadeParameters, {"strategy": "isaac"}, "without strategy 'cascade'"),
        (CascadeParameters, {"slots_per_cycle": 13}, "slots_per_cycle must be at least 14, for the last code"),
        (CascadeParameters, {"slots_per_cycle": 1, "converter": "ideal"}, "slots_per_cycle must be at least 2"),
        (CascadeParameters, {"converter": "port"}, "converter must be one of 'ideal', 'sar', not 'port'"),
        (CascadeParameters, {"adc_bits": 16}, "bits of a code, with converter 'sar', must be between 2 and 16, not 17"),
        (NeuralPimParameters, {"converter": "ideal"}, "converter must be one of 'port', 'sar', not 'ideal'"),
        (
            NeuralPimParameters,
            {"converter": "sar", "slots_per_cycle": 10},
            "slots_per_cycle must be at least 11, for the last code of a scan, not 10",
        ),
        (CascadeParameters, {"cascade_tail_cycles": 0}, "cascade_tail_cycles must be at least 1, not 0"),
        (CascadeParameters, {"clear_cycles": 16}, "allow_stalls must be true where a bank is read and cleared in 17"),
        (CascadeParameters, {"allow_stalls": 1}, "allow_stalls must be a bool, not 1"),
    ],
)
def test_parameters_that_are_refused(kind: Any, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**fields)


def test_rows_beyond_the_accumulator_and_cells_that_are_not_exact_are_refused() -> None:
    p = NeuralPimParameters()
    assert accumulator_bits(p) == 24
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedElaboratable)
        with pytest.raises(ValueError, match="width of the accumulator of 128 rows must be at least 24, not 23"):
            AnalogAccumulator(parameters=p, width=23)
        with pytest.raises(ValueError, match="buffer_cell_bits of digital cells must be one of None, not 6"):
            BufferArray(parameters=CascadeParameters(buffer_cell_bits=6))
        gc.collect()  # Amaranth warns of what is not used when it is deleted
