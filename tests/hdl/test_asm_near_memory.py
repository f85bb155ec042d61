"""The near-memory unit in simulation: layers bit for bit, their cycles, counters and traffic, errors, networks."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gen.rtl import Rtl, elaborate
from gen.vectors.asm_layers import LayerWork, random_layer, random_layers
from gen.vectors.asm_near_memory import weight_rows
from hdl.asm.near_memory import AsmNearMemory, ExactNearMemory
from sim_models.asm import decode, decode_inputs
from sim_models.asm.cycles import near_memory_cycles
from sim_models.asm.near_memory import NearMemoryParameters, Requantization, exact_parameters, fits
from sim_models.asm.near_memory_cycles import layer_cycles
from sim_models.daism.accelerator import LayerShape, matrix_shape
from verif.asm_near_memory_work import (
    COUNTS,
    Traffic,
    expected_works,
    near_memory_work,
    random_traffic,
    run_works,
    timeless,
)

SEED = 12
CODED = {"encode_weights": True, "encode_inputs": True}
CONFIGURATIONS: list[dict[str, Any]] = [
    {},
    {"lanes": 8, "banks": 2, "input_signed": True, "transfer_words": 1, "weight_bits": 4, "encode_weights": True},
    {"lanes": 3, "weight_bits": 4, "input_bits": 4, "alphabets": (1,), "sign_inside": True, **CODED},
    {"lanes": 4, "banks": 4, "weight_bits": 4, "input_bits": 4, "input_signed": True, **CODED},
    {"lanes": 1, "alphabets": (1, 3, 5, 7), "weight_bits": 12, "input_bits": 6, "unsupported": "dont_care"},
    {"lanes": 6, "banks": 2, "ties": "up", "rows": 100, **CODED},
]


def hardware(parameters: NearMemoryParameters) -> Rtl:
    return elaborate(AsmNearMemory(parameters=parameters), "asm_near_memory")


def exact_hardware(parameters: NearMemoryParameters) -> Rtl:
    return elaborate(ExactNearMemory(parameters=parameters), "asm_exact_near_memory")


def random_convolution(random: np.random.Generator, outputs: int) -> LayerShape:
    images, channels, stride, padding = (int(n) for n in random.integers((1, 1, 1, 0), (3, 3, 4, 3)))
    height, width, rows, columns = (int(n) for n in random.integers((3, 3, 1, 1), (7, 7, 4, 4)))
    return LayerShape(
        images=images,
        channels=channels,
        outputs=outputs,
        height=height,
        width=width,
        kernel_height=rows,
        kernel_width=columns,
        stride=stride,
        padding=padding,
    )


def random_shapes(p: NearMemoryParameters, count: int, seed: int) -> list[LayerShape]:
    """Vectors, matrices and convolutions that fit, and layers whose weights are there already."""
    random = np.random.default_rng(seed)
    found: list[LayerShape] = []
    while len(found) < count:
        outputs, kind = int(random.integers(1, 3 * p.lanes + 1)), random.random()
        if kind < 0.5:
            positions = 1 if kind < 0.2 else int(random.integers(2, 8))
            drawn = matrix_shape(positions, int(random.integers(1, 30)), outputs)
        else:
            drawn = random_convolution(random, outputs)
        found += [drawn] if fits(drawn, p) else []
        if found and random.random() < 0.2:
            found.append(replace(found[-1], loaded=True))
    return found


def require_same(got: dict[str, Any], expected: dict[str, Any], names: Any = None) -> None:
    for name in names or expected:
        assert np.array_equal(got[name], expected[name]), name


@pytest.mark.parametrize(
    "fields",
    [pytest.param(each, marks=[pytest.mark.slow] * (place > 1)) for place, each in enumerate(CONFIGURATIONS)],
    ids=str,
)
def test_layers_are_the_golden_models_bit_for_bit_in_the_cycles_of_the_formula(fields: dict[str, Any]) -> None:
    p = NearMemoryParameters(**fields)
    shapes = random_shapes(p, 40, SEED)
    works = random_layers(shapes, p, SEED)
    expected = expected_works(works, p)
    require_same(run_works(hardware(p), works, p), expected)
    assert len(expected["values"]) > 400
    assert {shape.stride > 1 for shape in shapes} == {shape.loaded for shape in shapes} == {True, False}
    assert any(shape.padding for shape in shapes)
    assert any(shape.gemm.positions == 1 for shape in shapes)
    assert {work.requantization.rounded for work in works} == {work.requantization.relu for work in works}
    smaller = p.encode_inputs or len(p.alphabets) == 1
    assert any(work.alphabets for work in works) is not smaller


@pytest.mark.parametrize(
    "fields", [CONFIGURATIONS[0], pytest.param(CONFIGURATIONS[1], marks=pytest.mark.slow)], ids=str
)
def test_the_exact_unit_is_golden_in_as_many_cycles(fields: dict[str, Any]) -> None:
    p = NearMemoryParameters(**fields)
    plain = exact_parameters(p)
    shapes = random_shapes(p, 20, SEED + 1)
    works = random_layers(shapes, plain, SEED)
    expected = expected_works(works, plain)
    require_same(run_works(exact_hardware(p), works, plain), expected)
    assert np.array_equal(expected["cycles"], [layer_cycles(shape, p).total for shape in shapes])
    assert len(np.unique(np.abs(np.concatenate([work.weights.ravel() for work in works])))) > 8


@pytest.mark.parametrize(
    "fields", [pytest.param(CONFIGURATIONS[0], marks=pytest.mark.slow), CONFIGURATIONS[1]], ids=str
)
def test_waiting_streams_change_nothing_but_time(fields: dict[str, Any]) -> None:
    p = NearMemoryParameters(**fields)
    works = random_layers(random_shapes(p, 12, SEED + 2), p, SEED)
    expected, rtl = expected_works(works, p), hardware(p)
    traffics = [random_traffic(SEED, 0.3), Traffic(result_out=[False] * 23 + [True]), Traffic(weight_in=[0, 0, 1])]
    for traffic in traffics:
        got = run_works(rtl, works, p, traffic)
        require_same(got, timeless(expected))
        assert np.array_equal(got["cycle_count"] + 1, got["cycles"])
        assert (got["cycles"] >= expected["cycles"]).all()
    assert got["cycles"].sum() > expected["cycles"].sum()


def gemv(p: NearMemoryParameters, seed: int, plain_inputs: int | None = None) -> LayerWork:
    """64 inputs of 8 outputs; words are the leading bits of a linear congruential generator."""
    stream = words_of(seed)
    weights = decode([next(stream) >> 28 for _ in range(64 * 8)], p).reshape(64, 8)
    if plain_inputs is None:
        inputs = decode_inputs([next(stream) >> 29 for _ in range(64)], p)
    else:
        plain = words_of(plain_inputs)
        inputs = np.array([next(plain) >> 28 for _ in range(64)])
    return LayerWork(
        shape=matrix_shape(1, 64, 8),
        inputs=inputs.reshape(1, 64, 1, 1),
        weights=weights.T.reshape(8, 64, 1, 1),
        requantization=Requantization(rounded=False),
    )


def words_of(state: int) -> Any:
    while True:
        state = (1664525 * state + 1013904223) % (1 << 32)
        yield state


@pytest.mark.parametrize(
    ("coded", "sums"),
    [
        (True, [156, 23, 142, 376, 498, -50, 71, -322]),
        (False, [-247, -65, 601, -259, 312, -339, -134, -299]),
    ],
)
def test_the_specified_vectors(coded: bool, sums: list[int]) -> None:
    p = NearMemoryParameters(weight_bits=4, input_bits=4, lanes=8, banks=2, encode_weights=True, encode_inputs=coded)
    work = gemv(p, 1, None if coded else 2)
    got = run_works(hardware(p), [work], p)
    assert got["values"].T.ravel().tolist() == sums
    ideal = near_memory_cycles(1, 64, 8, p)
    assert got["cycles"][0] == ideal.load + ideal.run + p.lanes_in_bank + 6


def test_a_long_position_takes_the_cycles_of_the_model_and_a_short_one_waits_for_its_results() -> None:
    p = NearMemoryParameters(activation_words=512, lanes=8)
    long, short = matrix_shape(12, 40, 16), matrix_shape(12, 3, 16)
    for shape, waits in ((long, 0), (short, 23 * (8 + 2 - 3))):
        cycles, ideal = layer_cycles(shape, p), near_memory_cycles(12, shape.gemm.length, 16, p)
        assert (cycles.load, cycles.run, cycles.wait, cycles.drain, cycles.control) == (
            ideal.load,
            ideal.run,
            waits,
            8,
            6,
        )
        work = random_layer(shape, p, SEED)
        assert run_works(hardware(p), [work], p)["cycles"][0] == cycles.total


def test_an_unsupported_word_is_reported_until_the_next_layer() -> None:
    """Words of all alphabets, on a unit of {1,3}."""
    p = NearMemoryParameters(lanes=2)
    good = random_layer(matrix_shape(2, 5, 2), p, SEED)
    bad = replace(good, weights=np.full_like(good.weights, 5), alphabets=((1, 3, 5), (1, 3, 5)))
    rtl, wide = hardware(p), replace(p, alphabets=(1, 3, 5))
    works = [good, bad, good]
    got = run_works(rtl, works, wide)
    total = layer_cycles(good.shape, p).total + 2
    # The words of the second layer are written from its second cycle on.
    assert got["error"].min() == total + 2
    assert got["error"].max() == 2 * total
    assert np.array_equal(got["values"][:4], expected_works([good], p)["values"])
    assert (weight_rows(bad, wide) == 5).all()


def test_a_wrong_result_is_found_out() -> None:
    p = NearMemoryParameters()
    work = random_layer(matrix_shape(4, 20, 4), p, SEED)
    got, other = run_works(hardware(p), [work], p), replace(work, weights=-work.weights)
    assert not np.array_equal(got["values"], expected_works([other], p)["values"])
    require_same(got, expected_works([work], p))


def test_random_work_is_compared_at_full_rate_and_with_waiting() -> None:
    p = NearMemoryParameters()
    (got, expected), (slow, without) = near_memory_work(hardware(p), p, 3000, SEED)
    require_same(got, expected)
    require_same(slow, without)
    assert {"cycles", *COUNTS} <= set(expected)
    assert "cycles" not in without


def test_one_pre_computer_serves_the_lanes_of_a_bank() -> None:
    p = NearMemoryParameters(lanes=6, banks=2, alphabets=(1, 3, 5))
    text = hardware(p).verilog
    assert text.count("  near_memory_bank ") == 2
    assert text.count("  asm_mac ") == text.count("  precomputer ") == 1
    assert text.count("  asm_lane ") == 3
