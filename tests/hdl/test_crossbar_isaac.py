"""Strategy A's hardware against the golden model, with any codes of its converters and with the array in the loop."""

import gc
import warnings
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import UnusedElaboratable

from gen.catalog import find
from gen.rtl import elaborate
from gen.vectors.crossbar_codes import any_codes
from hdl.crossbar import IsaacReadout, IsaacTile
from hdl.crossbar.interleaved_sar import InterleavedSar
from hdl.crossbar.isaac_lane import IsaacLane
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.crossbar.unit_sum import UnitSum
from sim_models.crossbar import CrossbarParameters, conversions, eight_bit, latency, unit_conversions
from verif import crossbar_isaac, crossbar_isaac_codes, crossbar_isaac_stalled
from verif.benches import run_design_bench
from verif.checks_form import require_equal
from verif.crossbar_isaac_loop import in_stand_ins

SEED = 2016
SMALL: dict[str, Any] = {"rows": 4, "input_bits": 4, "weight_bits": 4, "outputs": 2, "slots_per_cycle": 8}
DIFFERENCE: dict[str, Any] = {"weight_encoding": "differential", "flip_encoding": False}
SEPARATE: dict[str, Any] = {"weight_encoding": "differential", "conversion_polarity": "separate"}
UNSIGNED: dict[str, Any] = {"signed_inputs": False}
CONFIGURATIONS: list[dict[str, Any]] = [
    {},
    {"converter": "ideal"},
    {"slots_per_cycle": 5},  # as many as lines: scans follow each other without a pause
    {**DIFFERENCE, "weight_bits": 3, "cell_bits": 1},
    {**DIFFERENCE, "adc_bits": 2},
    {**DIFFERENCE, "adc_bits": 2, "converter": "ideal"},
    {**DIFFERENCE, **UNSIGNED, "input_bits": 5, "dac_bits": 2, "converter": "ideal"},
    {**DIFFERENCE, **UNSIGNED, "dac_bits": 4, "converter": "ideal"},  # a slice alone
    {**SEPARATE, **UNSIGNED, "input_bits": 8, "dac_bits": 4, "outputs": 3, "converters": 2, "slots_per_cycle": 12},
    {**SEPARATE, "flip_encoding": False, "adc_bits": 2, "weight_bits": 2, "cell_bits": 1, "converter": "ideal"},
    {"flip_encoding": False, "weight_bits": 5, "cell_bits": 3, "rows": 3},
    {"weight_bits": 3, "cell_bits": 1, "rows": 3, "outputs": 5, "converters": 4},
]


MANY: list[dict[str, Any]] = [
    {"rows": 8, "slots_per_cycle": 5},
    {"rows": 8, "slots_per_cycle": 5, **DIFFERENCE},
    {"rows": 8, **SEPARATE, **UNSIGNED, "dac_bits": 2, "slots_per_cycle": 9, "converter": "ideal"},
    {"rows": 8, **DIFFERENCE, **UNSIGNED, "input_bits": 8, "dac_bits": 4, "converter": "ideal"},
]


def some_of(fields: list[dict[str, Any]], *quick: int) -> list[Any]:
    """All of them, those but the ``quick`` ones among the slow tests."""
    return [
        pytest.param(each, marks=() if place in quick else pytest.mark.slow, id=str(each))
        for place, each in enumerate(fields)
    ]


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


def of(fields: dict[str, Any]) -> IsaacParameters:
    return IsaacParameters(**SMALL | fields)


def drawn(p: IsaacParameters, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights and vectors, with the extremes of both."""
    random = np.random.default_rng(SEED)
    weights = random.integers(*p.weight_range, (p.rows, p.outputs), endpoint=True)
    weights[:, 0], weights[:, 1] = p.weight_range
    vectors = random.integers(*p.input_range, (count, p.rows), endpoint=True)
    vectors[0], vectors[1], vectors[2] = *p.input_range, 0
    vectors[3, 1:] = 0
    vectors[4] = np.resize(p.input_range, p.rows)
    return weights, vectors


@pytest.mark.parametrize("fields", some_of(CONFIGURATIONS, 0, 3, 8))
def test_any_codes_every_strobe_and_every_product(fields: dict[str, Any]) -> None:
    p, count = of(fields), 120
    rtl, coded = elaborate(IsaacReadout(parameters=p), "crossbar_isaac"), any_codes(p, count, SEED)
    for schedule in (
        crossbar_isaac_codes.full_rate(p, count),
        crossbar_isaac_codes.disturbed(p, count, SEED),
    ):
        seen = crossbar_isaac_codes.run(rtl, p, coded, schedule, SEED)
        require_equal(seen, crossbar_isaac_codes.expected(p, coded, schedule, SEED), SEED)
        assert seen["adc_count"] == count * (p.outputs * conversions(p) + unit_conversions(p))
        last = seen["cycle"].reshape(count, p.outputs)[:, -1] - schedule.accepted
        assert (-(-last // p.slots_per_cycle) == latency(p)).all()
    assert seen["start_ignored"] > 0
    stalled = crossbar_isaac_stalled.run(rtl, p, coded, SEED)
    require_equal(stalled, crossbar_isaac_stalled.expected(p, coded, SEED), SEED)


@pytest.mark.parametrize("fields", some_of(CONFIGURATIONS, 0, 5, 8))
def test_products_with_the_array_in_the_loop(fields: dict[str, Any]) -> None:
    p = of(fields)
    rtl = elaborate(IsaacTile(parameters=p), "crossbar_tile_isaac")
    weights, vectors = drawn(p, 60)
    traffic = crossbar_isaac.full_rate(weights, vectors)
    seen = crossbar_isaac.run(rtl, p, traffic, SEED)
    results = crossbar_isaac.expected(p, traffic)
    require_equal(seen, results | crossbar_isaac.expected_cycles(p, len(vectors)), SEED)
    if p.adc_bits is None:
        assert np.array_equal(seen["value"].reshape(-1, p.outputs), vectors @ weights)
        assert seen["sat_count"] == 0
    else:
        assert seen["sat_count"] > 0
    waiting = crossbar_isaac.run(rtl, p, crossbar_isaac.disturbed(weights, vectors, p, SEED), SEED)
    require_equal(waiting, results, SEED)
    assert np.diff(waiting["cycle"]).max() > p.cycles * p.slots_per_cycle


@pytest.mark.parametrize("fields", some_of(MANY, 3))
def test_a_hundred_thousand_vectors(fields: dict[str, Any]) -> None:
    p = of(fields)
    rtl = elaborate(IsaacTile(parameters=p), "crossbar_tile_isaac")
    weights, vectors = drawn(p, 100_000)
    traffic = crossbar_isaac.full_rate(weights, vectors)
    seen = crossbar_isaac.run(rtl, p, traffic, SEED)
    require_equal(seen, crossbar_isaac.expected(p, traffic) | crossbar_isaac.expected_cycles(p, len(vectors)), SEED)
    assert np.array_equal(seen["value"].reshape(-1, p.outputs), vectors @ weights)


@pytest.mark.parametrize("fields", [{}, {**DIFFERENCE, "adc_bits": 2, "converter": "ideal"}], ids=str)
def test_products_with_stand_ins_in_the_loop(fields: dict[str, Any]) -> None:
    p = of(fields)
    weights, vectors = drawn(p, 60)
    traffic = crossbar_isaac.full_rate(weights, vectors)
    rtl = elaborate(IsaacTile(parameters=p), "crossbar_tile_isaac")
    seen = crossbar_isaac.run(rtl, p, traffic, SEED, loop=in_stand_ins)
    require_equal(seen, crossbar_isaac.expected(p, traffic) | crossbar_isaac.expected_cycles(p, len(vectors)), SEED)


def test_the_worked_example_of_offset_weights() -> None:
    """Two flipped columns of four cells, a bit an input at a time."""
    p = of({"signed_inputs": False, "outputs": 1})
    traffic = crossbar_isaac.full_rate(np.array([[3], [-2], [5], [-1]]), np.array([[5, 3, 12, 9]]))
    loading = crossbar_isaac.writes(traffic.weights, p)
    assert loading["flip_flag"][:2].tolist() == [1, 1]
    assert loading["w_data"].tolist() == [0, 1, 1, 2, 2, 0, 0, 2]
    seen = crossbar_isaac.run(elaborate(IsaacTile(parameters=p), "crossbar_tile_isaac"), p, traffic, SEED)
    assert seen["value"].tolist() == [60]


def test_the_published_configuration_takes_22_array_cycles() -> None:
    p = IsaacParameters()
    assert (p.scan_positions, p.converter_bits, latency(p)) == (129, 8, 22)
    rtl, coded = elaborate(IsaacReadout(parameters=p), "crossbar_isaac"), any_codes(p, 3, SEED)
    schedule = crossbar_isaac_codes.full_rate(p, 3)
    seen = crossbar_isaac_codes.run(rtl, p, coded, schedule, SEED)
    require_equal(seen, crossbar_isaac_codes.expected(p, coded, schedule, SEED), SEED)
    assert seen["adc_count"] == 3 * 16 * 129
    last = seen["cycle"].reshape(3, 16)[:, -1] - schedule.accepted
    assert (-(-last // p.slots_per_cycle)).tolist() == [22] * 3


@pytest.mark.parametrize("name", ["crossbar_isaac", "crossbar_tile_isaac"])
@pytest.mark.parametrize("fields", [{}, {**DIFFERENCE, "adc_bits": 2, "converter": "ideal"}], ids=str)
def test_bench(name: str, fields: dict[str, Any]) -> None:
    assert run_design_bench(find(name), of(fields), seed=SEED).tests >= 4


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"strategy": "cascade", **DIFFERENCE}, "strategy must be 'isaac', not 'cascade'"),
        ({"dac_bits": 2}, "dac_bits must be 1 with signed_inputs, not 2"),
        ({"slots_per_cycle": 4}, "slots_per_cycle must be at least 5, the lines of a converter, not 4"),
        ({"converters": 3}, "converters must be between 1 and 2, not 3"),
        ({"adc_bits": 2}, "adc_bits must be at least 3 for the unit column, not 2"),
        ({"converter": "flash"}, "converter must be one of 'ideal', 'sar', not 'flash'"),
        (
            {**DIFFERENCE, "adc_bits": 16},
            "bits of a code, with converter 'sar', must be between 2 and 16, not 17",
        ),
        (
            {"outputs": 8, "weight_bits": 1, "cell_bits": 1, "converters": 8, "slots_per_cycle": 7},
            "slots_per_cycle must be at least 8, the outputs, which leave one a slot, not 7",
        ),
        (
            {**SEPARATE, "weight_bits": 1, "cell_bits": 1, "outputs": 1, "adc_bits": 14, "slots_per_cycle": 3},
            "slots_per_cycle must be enough for 18 slots of conversion in 3 array cycles, not 3",
        ),
    ],
    ids=str,
)
def test_bad_parameters_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        of(fields)
    assert str(refused.value) == message


def test_other_objects_are_refused() -> None:
    p = IsaacParameters()
    for build in (IsaacReadout, IsaacTile, UnitSum):
        said = refusal(lambda build=build: build(parameters=eight_bit("isaac")))
        assert said.startswith("parameters must be a IsaacParameters, not CrossbarParameters(")
    without = replace(p, **DIFFERENCE, slots_per_cycle=128)
    said = refusal(lambda: UnitSum(parameters=without))
    assert said == "weight_encoding must be 'offset', or flip_encoding True, for a unit column"
    said = refusal(lambda: IsaacLane(parameters=p, outputs=17))
    assert said == "outputs must be between 16 and 16, not 17"
    assert refusal(lambda: InterleavedSar(bits=1, signed_values=False)) == "bits must be between 2 and 16, not 1"


def test_parameters_of_the_golden_model_serve() -> None:
    """The hardware of an equal comparison: the same fields, and a converter."""
    golden = eight_bit("isaac")
    p = IsaacParameters(**asdict(golden), converter="ideal")
    assert CrossbarParameters(**{name: getattr(p, name) for name in asdict(golden)}) == golden
    assert (p.scan_positions, p.code_bits, p.converter_delay) == (64, 9, 1)
