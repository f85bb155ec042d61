"""The accelerator of the in-SRAM multiplier in simulation: layers bit for bit, their cycles, counters and traffic."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gen.rtl import Rtl, elaborate
from gen.vectors.daism_accelerator import random_layer, random_layers
from gen.vectors.daism_work import random_operands
from hdl.daism.accelerator import Daism
from sim_models.daism import (
    accumulator_values,
    conv2d,
    im2col,
    input_gradient,
    layer_counters,
    layer_cycles,
    matmul,
    to_words,
    weight_gradient,
)
from sim_models.daism.accelerator import AcceleratorParameters, LayerShape, fits, layer_slicing, matrix_shape
from sim_models.daism.accelerator_cycles import accelerator_cycles
from sim_models.daism.pieces import pieces
from verif import daism_network
from verif.daism_accelerator import COUNTS, Traffic, accelerator_work, expected_works, run_works
from verif.daism_network import NetworkLayer, run_layer, run_layers, run_matmul

SEED = 12
INTEGER = {"operand_kind": "integer", "accumulator": "int"}
CONFIGURATIONS: list[dict[str, Any]] = [
    {},
    {"banks": 4, "variant": "fla", "kept_columns": "full", "rows": 32},
    {
        "banks": 3,
        "variant": "hla",
        "hla_mode": "b",
        "accumulate_latency": 3,
        "interleave": 3,
        "columns": 20,
        "rows": 30,
    },
    {"banks": 5, **INTEGER, "accumulate_latency": 2, "interleave": 1, "columns": 20, "rows": 24, "variant": "fla"},
    {"banks": 1, "accumulator": "bf16", "accumulator_rounding": "rne", "columns": 16, "rows": 20},
    {"banks": 12, "columns": 9, "rows": 20, "saturate_to": "infinity", "variant": "fla"},
    {"banks": 4, "bank_slicing": "channel", "columns": 16, "rows": 20, "interleave": 4, "accumulate_latency": 2},
    {
        "significand_bits": 11,
        "exponent_bits": 5,
        "columns": 33,
        "rows": 40,
        "product_rounding": "rne",
        "zero_skip": False,
    },
]


def hardware(parameters: AcceleratorParameters) -> Rtl:
    return elaborate(Daism(parameters=parameters), "daism")


def random_convolution(random: np.random.Generator, outputs: int, bias: bool, sliced: str | None) -> LayerShape:
    images, channels = (int(number) for number in random.integers(1, 3, 2))
    height, width, rows, columns = (int(number) for number in random.integers((3, 3, 1, 1), (7, 7, 4, 4)))
    stride, padding = int(random.integers(1, 4)), int(random.integers(0, 3))
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
        bias=bias,
        slicing=sliced,
    )


def random_shapes(parameters: AcceleratorParameters, count: int, seed: int) -> list[LayerShape]:
    """Matrix products and convolutions that fit, of either slicing, and layers whose operands are there already."""
    random = np.random.default_rng(seed)
    found: list[LayerShape] = []
    while len(found) < count:
        sliced = (None, "index", "channel")[random.integers(3)]
        bias, outputs = bool(random.random() < 0.5), int(random.integers(1, 13))
        if random.random() < 0.5:
            positions, length = (int(random.integers(1, limit)) for limit in (15, 13))
            drawn = matrix_shape(positions, length, outputs, bias=bias, slicing=sliced)
        else:
            drawn = random_convolution(random, outputs, bias, sliced)
        found += [drawn] if fits(drawn, parameters) else []
        if random.random() < 0.2 and fits(replace(drawn, loaded=True), parameters):
            found.append(replace(drawn, loaded=True))
    return found


def require_same(got: dict[str, Any], expected: dict[str, Any], names: Any = None) -> None:
    for name in names or expected:
        assert np.array_equal(got[name], expected[name]), name


QUICK = 2
OTHERS = [pytest.param(fields, marks=pytest.mark.slow) for fields in CONFIGURATIONS[QUICK:]]


@pytest.mark.parametrize("fields", [*CONFIGURATIONS[:QUICK], *OTHERS], ids=str)
def test_layers_are_the_golden_models_bit_for_bit_in_the_cycles_of_the_formula(fields: dict[str, Any]) -> None:
    p = AcceleratorParameters(**fields)
    shapes = random_shapes(p, 30, SEED)
    works = random_layers(shapes, p, SEED)
    expected = expected_works(works, p)
    require_same(run_works(hardware(p), works, p), expected)
    assert len(expected["sums"]) > 100
    assert {shape.bias for shape in shapes} == {shape.stride > 1 for shape in shapes} == {True, False}
    assert p.bank_slicing == "channel" or len({layer_slicing(shape, p) for shape in shapes}) == 2
    assert any(shape.padding for shape in shapes)
    assert any(shape.loaded for shape in shapes) or p.groups < 4


@pytest.mark.parametrize("fields", CONFIGURATIONS[:2], ids=str)
def test_waiting_streams_change_nothing_but_time(fields: dict[str, Any]) -> None:
    p, random = AcceleratorParameters(**fields), np.random.default_rng(SEED)
    works = random_layers(random_shapes(p, 12, SEED + 1), p, SEED)
    names = ("weight_in", "activation_in", "bias_in", "config", "result_out")
    patterns = {name: random.random(101 + 2 * place) < 0.3 for place, name in enumerate(names)}
    got, expected = run_works(hardware(p), works, p, Traffic(**patterns)), expected_works(works, p)
    require_same(got, expected, ("sums", "position", "block", "refused", *COUNTS))
    assert (got["cycles"] > expected["cycles"]).all()
    assert np.array_equal(got["cycle_count"] + 1, got["cycles"])


def test_a_wrong_sum_is_found_out() -> None:
    """The comparison compares: another order of summation is another result."""
    p = AcceleratorParameters(columns=16)
    work = random_layer(matrix_shape(8, 31, 2, slicing="index"), p, SEED)
    got = run_works(hardware(p), [work], p)
    other = replace(work, shape=replace(work.shape, slicing="channel"))
    assert not np.array_equal(got["sums"], expected_works([other], p)["sums"])
    require_same(got, expected_works([work], p))


def test_the_formula_is_that_of_the_layer_and_a_fixed_number_of_cycles() -> None:
    """Where tiles are full, nothing is preset and banks need no sum: compute and load, a fixed rest, the results."""
    p = AcceleratorParameters(banks=4, columns=16, rows=36, activation_words=1024, sum_words=256)
    shape = matrix_shape(64, 4, 8)
    cycles, model = accelerator_cycles(shape, p), layer_cycles(shape.gemm, p)
    assert (cycles.compute, cycles.load, model.passes) == (model.compute, model.load, 1)
    assert cycles.preset == 0
    assert cycles.control == p.banks + 7 + p.accumulate_latency
    fill = p.banks + model.load + p.banks - 1
    rest = {"weight_stream": p.banks - 1, "activations": 64 - fill, "write_back": 64 * 4}
    assert {name: getattr(cycles, name) for name in rest} == rest
    work = random_layer(shape, p, SEED)
    got = run_works(hardware(p), [work], p)
    assert got["cycles"][0] == model.compute + model.load + cycles.control + sum(rest.values())
    require_same(got, expected_works([work], p))


def operands(random: np.random.Generator, p: AcceleratorParameters, *shape: int) -> Any:
    return random_operands(random, int(np.prod(shape)), p).reshape(shape)


@pytest.mark.parametrize(
    ("x", "w", "stride", "padding", "rows"),
    [
        ((5, 2, 6, 6), (7, 2, 3, 3), 1, 1, 200),
        pytest.param((2, 3, 9, 9), (5, 3, 3, 3), 2, 0, 20, marks=pytest.mark.slow),
        ((2, 1, 4, 4), (40, 1, 2, 2), 1, 0, 20),
    ],
    ids=str,
)
def test_a_layer_in_pieces_is_the_layer(x: Any, w: Any, stride: int, padding: int, rows: int) -> None:
    """By images, by positions and by outputs; weights that stay are not loaded again."""
    p = AcceleratorParameters(banks=4, columns=16, rows=rows, activation_words=128, sum_words=64)
    random = np.random.default_rng(SEED)
    images, kernels = operands(random, p, *x), operands(random, p, *w)
    bias = random.integers(0x3F000000, 0x40000000, len(kernels))
    run = run_layer(hardware(p), p, NetworkLayer(weights=kernels, bias=bias, stride=stride, padding=padding), images)
    assert np.array_equal(run.sums, conv2d(images, kernels, p, stride, padding, bias=bias))
    assert run.pieces > 1
    assert run.cycles == run.expected_cycles
    golden = layer_counters(im2col(images, kernels.shape[2:], stride, padding), len(kernels), p)
    stays = rows == 200
    assert (run.counters == golden) is stays
    assert replace(run.counters, row_writes=0) == replace(golden, row_writes=0)


def test_a_small_network() -> None:
    """A convolution, its rectified sums rounded to operands, and a fully connected layer."""
    p = AcceleratorParameters(columns=32, activation_words=512, sum_words=128)
    random = np.random.default_rng(SEED)
    images, kernels = operands(random, p, 6, 1, 6, 6) & 0x7FFF, operands(random, p, 3, 1, 3, 3)
    matrix, bias = to_words(random.normal(0, 1, (5, 27)), p), random.integers(0x3F000000, 0x40000000, 5)

    def after(sums: Any) -> Any:
        return to_words(np.clip(accumulator_values(sums), 0, 1e30), p)

    layers = [NetworkLayer(weights=kernels, stride=2, padding=1, after=after), NetworkLayer(weights=matrix, bias=bias)]
    runs = run_layers(hardware(p), p, layers, images)
    first = conv2d(images, kernels, p, 2, 1)
    assert np.array_equal(runs[0].sums, first)
    expected = matmul(after(first).reshape(6, -1), matrix.T, p, initial=bias)
    assert np.array_equal(runs[1].sums[:, :, 0, 0], expected)


@pytest.mark.parametrize("stored", ["weight", pytest.param("activation", marks=pytest.mark.slow)])
def test_the_matrix_products_of_training_run_as_they_are(stored: str) -> None:
    """Forward; the input's gradient, transposed weights stored; the weights' gradient, errors stored."""
    p = AcceleratorParameters(columns=32, stored_operand=stored)
    random, rtl = np.random.default_rng(SEED), hardware(p)
    x, w, errors = operands(random, p, 6, 9), operands(random, p, 9, 5), operands(random, p, 6, 5)
    for factors, expected in (
        ((x, w), matmul(x, w, p)),
        ((errors, w.T), input_gradient(errors, w, p)),
        ((x.T, errors), weight_gradient(x, errors, p)),
    ):
        run = run_matmul(rtl, p, *factors)
        assert np.array_equal(run.sums, expected)
        assert run.cycles == run.expected_cycles


def test_what_does_not_fit_is_refused_with_its_sizes() -> None:
    p = AcceleratorParameters(activation_words=32, sum_words=16, group_limit=40)
    with pytest.raises(ValueError, match=r"^activation_words must be at least 33 for this layer, not 32$"):
        pieces(matrix_shape(1, 33, 1), p)
    with pytest.raises(ValueError, match=r"^group_limit must be at least 48 for this layer, not 40$"):
        accelerator_cycles(matrix_shape(1, 32, 17, slicing="index"), p)
    with pytest.raises(ValueError, match=r"^sum_words must be at least 17 for this layer, not 16$"):
        accelerator_cycles(matrix_shape(17, 1, 1), p)
    with pytest.raises(ValueError, match=r"^groups must be at least 16 for this layer, not 7$"):
        accelerator_cycles(LayerShape(images=1, channels=32, outputs=1, loaded=True), p)
    with pytest.raises(ValueError, match=r"^channels must be between 1 and 1048576, not 0$"):
        matrix_shape(1, 0, 1)
    with pytest.raises(ValueError, match=r"^slicing must be 'index', 'channel' or None, not 'bank'$"):
        matrix_shape(1, 1, 1, slicing="bank")
    with pytest.raises(ValueError, match=r"^kernel height must be between 1 and 2, not 3$"):
        LayerShape(images=1, channels=1, outputs=1, height=2, width=3, kernel_height=3)
    with pytest.raises(ValueError, match=r"^sum_words must be between 2 and 1048576, not 1$"):
        AcceleratorParameters(sum_words=1)
    with pytest.raises(ValueError, match=r"^stored_operand must be 'weight' for a network, not 'activation'$"):
        run_layers(hardware(p), replace(p, stored_operand="activation"), [], np.zeros((1, 1, 1, 1), np.int64))
    with pytest.raises(ValueError, match=r"^layers must be at least one, not none$"):
        run_layers(hardware(p), p, [], np.zeros((1, 1, 1, 1), np.int64))


def test_random_work_is_compared_at_full_rate_and_with_waiting() -> None:
    p = AcceleratorParameters(columns=16)
    (got, expected), (slow, timeless) = accelerator_work(hardware(p), p, 3000, SEED)
    require_same(got, expected)
    require_same(slow, timeless)
    assert "cycles" in expected
    assert "cycles" not in timeless


def test_runs_one_after_the_other_load_their_weights_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that is too long for one run of the simulator is the same layer, in as many cycles as it says."""
    p = AcceleratorParameters(banks=4, columns=16, rows=200, activation_words=128, sum_words=64)
    random = np.random.default_rng(SEED)
    images, kernels = operands(random, p, 5, 2, 6, 6), operands(random, p, 7, 2, 3, 3)
    layer = NetworkLayer(weights=kernels, padding=1)
    whole = run_layer(hardware(p), p, layer, images)
    monkeypatch.setattr(daism_network, "_CYCLES_AT_ONCE", whole.cycles // 2)
    parts = run_layer(hardware(p), p, layer, images)
    assert np.array_equal(parts.sums, conv2d(images, kernels, p, 1, 1))
    assert parts.pieces == whole.pieces
    assert parts.counters.row_writes == 3 * whole.counters.row_writes
    assert parts.cycles == parts.expected_cycles > whole.cycles
