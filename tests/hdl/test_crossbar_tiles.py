"""Tiles of strategies B and C around digital stand-ins: results, cycles, conversions; what they refuse."""

import gc
import warnings
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import UnusedElaboratable

from gen.catalog import find
from gen.rtl import Rtl, elaborate
from gen.vectors import crossbar_outputs
from gen.vectors import crossbar_schedule as schedule
from hdl.crossbar import (
    AnalogAccumulator,
    BufferArray,
    CascadeController,
    CascadeParameters,
    NeuralPimController,
    NeuralPimParameters,
    crossbar_tile,
)
from hdl.crossbar.tile import tile_parameters
from sim_models.crossbar import CrossbarParameters, accumulator_bits, eight_bit
from verif import crossbar_tiles as tiles
from verif.benches import run_design_bench
from verif.checks_crossbar_tiles import check_controller, check_tile, expected
from verif.checks_form import require_equal
from verif.crossbar_schedule import run as run_controller
from verif.crossbar_tiles_loop import in_loop, in_stand_ins

SEED = 2201
SMALL: dict[str, Any] = {"rows": 8, "input_bits": 4, "weight_bits": 3, "outputs": 4, "slots_per_cycle": 4}
PLAIN: dict[str, Any] = SMALL | {"bitline_bits": None, "carry_columns": 0, "outputs": 2, "converter": "ideal"}
SEARCHES: dict[str, Any] = {"converter": "sar", "slots_per_cycle": 12}


def neural_pim(**fields: Any) -> NeuralPimParameters:
    return NeuralPimParameters(**{**SMALL, "dac_bits": 1, **fields})


def cascade(**fields: Any) -> CascadeParameters:
    return CascadeParameters(**{**PLAIN, **fields})


def controller(parameters: tiles.Tiled) -> Rtl:
    kind = NeuralPimController if isinstance(parameters, NeuralPimParameters) else CascadeController
    return elaborate(kind(parameters=parameters), f"crossbar_{parameters.strategy}")


def tile(parameters: tiles.Tiled) -> Rtl:
    return elaborate(crossbar_tile(parameters), f"crossbar_tile_{parameters.strategy}")


def at_full_rate(
    p: tiles.Tiled, vectors: int, loop: Callable[[Rtl, tiles.Tiled], Rtl] = in_loop
) -> tuple[int, int, int]:
    """Vectors taken, results written and conversions, of vectors whose results, cycles and counters are right.

    Random ones, and the corners: all zero, all largest, all smallest, a single row, signs in turn.
    """
    random = np.random.default_rng(SEED)
    inputs = random.integers(*p.input_range, (vectors, p.rows), endpoint=True)
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
    seen = tiles.run(tile(p), p, traffic, SEED, loop=loop)
    require_equal(seen, expected(p, traffic, timed=True), SEED)
    return len(seen["taken"]), len(seen["written"]), int(seen["starts"])


# Parameters, and conversions of a vector.
OTHERS: list[tuple[tiles.Tiled, int]] = [
    (neural_pim(signed_inputs=True, range_fraction=0.25, cell_bits=2, converters=2), 4),
    (neural_pim(dac_bits=2, outputs=8), 8),  # conversions without a break
    (neural_pim(dac_bits=4, output_bits=12), 4),
    (cascade(weight_encoding="offset", signed_inputs=True, converters=2, cascade_tail_cycles=1), 12),
    (cascade(dac_bits=2, cell_bits=2, carry_columns=1, bitline_bits=4, adc_bits=3, cascade_tail_cycles=8), 4),
    (cascade(double_buffer=False, clear_cycles=3, cascade_tail_cycles=4), 12),
]
SEARCHING: list[tuple[tiles.Tiled, int]] = [
    (neural_pim(**SEARCHES, dac_bits=2, outputs=24), 24),  # conversions without a break
    (cascade(**SEARCHES, signed_inputs=True, converters=2, adc_bits=3), 12),
    (neural_pim(**SEARCHES, signed_inputs=True, range_fraction=0.25, converters=2), 4),
    (cascade(**SEARCHES, weight_encoding="offset"), 12),
    (cascade(**SEARCHES | {"slots_per_cycle": 6}, carry_columns=2, bitline_bits=2, adc_bits=3, double_buffer=False), 8),
    (cascade(**SEARCHES, bitline_bits=3, buffer_cell_bits=2, dac_bits=2, cell_bits=2), 6),
]
STALLING: list[tuple[tiles.Tiled, int]] = [
    (cascade(clear_cycles=2, allow_stalls=True), 12),
    (cascade(clear_cycles=4, allow_stalls=True, outputs=6, cascade_tail_cycles=1), 36),
    (cascade(**SEARCHES, dac_bits=4, allow_stalls=True, weight_encoding="offset"), 6),
]
MANY: list[tuple[tiles.Tiled, int]] = [
    (neural_pim(signed_inputs=True), 4),
    (neural_pim(dac_bits=2), 4),
    (neural_pim(dac_bits=4), 4),
    (cascade(signed_inputs=True), 12),
    (cascade(dac_bits=2, slots_per_cycle=10), 10),
    (cascade(dac_bits=4, slots_per_cycle=12, allow_stalls=True), 6),
    (neural_pim(**SEARCHES, dac_bits=2), 4),
    (cascade(**SEARCHES), 12),
]


@pytest.mark.parametrize(("parameters", "each"), [OTHERS[3], *SEARCHING[:2], STALLING[0]], ids=str)
def test_results_cycles_and_conversions(parameters: tiles.Tiled, each: int) -> None:
    check_tile(tile(parameters), parameters, 4000, SEED)
    assert at_full_rate(parameters, 200) == (200, 200, 200 * each)


@pytest.mark.slow
@pytest.mark.parametrize(("parameters", "each"), [*OTHERS[:3], *OTHERS[4:], *SEARCHING[2:], *STALLING[1:]], ids=str)
def test_results_of_other_configurations(parameters: tiles.Tiled, each: int) -> None:
    check_tile(tile(parameters), parameters, 20_000, SEED)
    assert at_full_rate(parameters, 1000) == (1000, 1000, 1000 * each)


@pytest.mark.slow
@pytest.mark.parametrize(("parameters", "each"), [OTHERS[0], OTHERS[4], *SEARCHING[:2], STALLING[0]], ids=str)
def test_results_with_stand_ins_in_the_loop(parameters: tiles.Tiled, each: int) -> None:
    assert at_full_rate(parameters, 60, in_stand_ins) == (60, 60, 60 * each)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameters", "each"), [(NeuralPimParameters(), 8), (CascadeParameters(), 20)], ids=["neural_pim", "cascade"]
)
def test_results_of_published_arrays(parameters: tiles.Tiled, each: int) -> None:
    check_tile(tile(parameters), parameters, 20_000, SEED)
    assert at_full_rate(parameters, 40) == (40, 40, 40 * each)


CONTROLLERS: list[Any] = [
    STALLING[1][0],
    neural_pim(dac_bits=2, outputs=8),
    *(
        pytest.param(p, marks=pytest.mark.slow)
        for p in (neural_pim(), cascade(), STALLING[0][0], STALLING[2][0], OTHERS[5][0])
    ),
]


@pytest.mark.parametrize("parameters", CONTROLLERS, ids=str)
def test_controllers_in_every_cycle(parameters: tiles.Tiled) -> None:
    """4000 clock cycles thrice: results taken at once, not at once, and 40 resets, with the cycles between them."""
    compared = crossbar_outputs.compared(parameters)
    assert {"start_ignored", "busy", "done"} <= set(compared)
    found = check_controller(controller(parameters), parameters, 4000, SEED)
    assert (2 * 4000 + 4000 - 2 * 40 - 1) * len(compared) <= found < 3 * 4000 * len(compared)


@pytest.mark.slow
def test_counts_of_a_controller_stop_at_their_largest() -> None:
    """A start in every clock cycle; all vectors but two stall in 15 of 16 array cycles."""
    p = cascade(dac_bits=4, outputs=10, slots_per_cycle=2, allow_stalls=True)
    given = schedule.always(p, 150_000)
    seen = run_controller(controller(p), p, given, SEED)
    require_equal(seen, schedule.expected(p, given), SEED)
    accepted = np.flatnonzero(seen["start_ignored"][1:] == seen["start_ignored"][:-1])
    assert accepted[0] == 4  # after two array cycles of clearing
    assert [int(seen[name].max()) for name in ("start_ignored", "stall_count")] == [65_535, 65_535]
    assert [int(seen[name][-1]) for name in ("start_ignored", "stall_count")] == [65_535, 65_535]


@pytest.mark.parametrize(
    "parameters",
    [
        neural_pim(**SEARCHES, outputs=2, converters=2),
        pytest.param(cascade(adc_bits=3, outputs=2), marks=pytest.mark.slow),
        pytest.param(cascade(**SEARCHES, adc_bits=3), marks=pytest.mark.slow),
        pytest.param(STALLING[0][0], marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_bench(parameters: tiles.Tiled) -> None:
    design = find(f"crossbar_tile_{parameters.strategy}")
    assert run_design_bench(design, parameters, seed=SEED).tests == (4 if design.name.endswith("neural_pim") else 3)


@pytest.mark.parametrize(
    "parameters", [STALLING[0][0], pytest.param(neural_pim(dac_bits=2, outputs=8), marks=pytest.mark.slow)], ids=str
)
def test_bench_of_controllers(parameters: tiles.Tiled) -> None:
    assert run_design_bench(find(f"crossbar_{parameters.strategy}"), parameters, seed=SEED).tests == 2


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
@pytest.mark.parametrize(("parameters", "each"), MANY, ids=str)
def test_a_hundred_thousand_vectors(parameters: tiles.Tiled, each: int) -> None:
    assert at_full_rate(parameters, 100_000) == (100_000, 100_000, 100_000 * each)


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
        (CascadeParameters, {"strategy": "isaac"}, "strategy must be 'cascade', not 'isaac'"),
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
