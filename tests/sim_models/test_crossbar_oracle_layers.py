"""Layers of more rows than an array, convolutions, arrays and chips: block by block in plain integers."""

import itertools
import random

import numpy as np
import pytest

from sim_models.crossbar import (
    CrossbarParameters,
    ErrorHooks,
    GaussianError,
    arrays,
    blocks,
    cascade_dot,
    chips,
    convolution,
    isaac_dot,
    layer,
    matvec,
    neural_pim_codes,
    neural_pim_dot,
    require_fit,
)
from tests.sim_models import crossbar_oracle as oracle
from tests.sim_models.crossbar_cases import OPERANDS, STRATEGIES, Matrix, input_range, weight_range
from tests.sim_models.test_crossbar_oracle_refusals import assert_refused

VALUE_OF = {
    "isaac": lambda x, w, p: oracle.isaac(x, w, p).value,
    "cascade": lambda x, w, p: oracle.cascade(x, w, p).value,
    "neural_pim": oracle.neural_pim,
}


def of_blocks(x: list[int], w: list[int], p: CrossbarParameters) -> int:
    """Values of the blocks added one after the other; codes in 16 bits that saturate."""
    total = 0
    for start in range(0, len(x), p.rows):
        rows, column = x[start : start + p.rows], w[start : start + p.rows]
        idle = [0] * (p.rows - len(rows))
        total += VALUE_OF[p.strategy]([*rows, *idle], [*column, *idle], p)
        if p.strategy == "neural_pim":
            total = max(-(2**15), min(2**15 - 1, total))
    return total


def drawn(length: int, width: int, limits: tuple[int, int], chance: random.Random) -> Matrix:
    return [[chance.randint(*limits) for _ in range(width)] for _ in range(length)]


@pytest.mark.parametrize("fields", OPERANDS, ids=str)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_layers(strategy: str, fields: dict[str, object]) -> None:
    p = CrossbarParameters(rows=6, input_bits=4, weight_bits=4, strategy=strategy, **fields)
    chance = random.Random(strategy)
    for length in (1, 5, 6, 7, 12, 20):
        x, w = drawn(3, length, input_range(p), chance), drawn(length, 4, weight_range(p), chance)
        found = layer(np.array(x), np.array(w), p)
        columns = list(zip(*w, strict=True))
        assert found.values.tolist() == [[of_blocks(vector, list(column), p) for column in columns] for vector in x]
        if strategy != "neural_pim":
            assert np.array_equal(found.values, np.array(x) @ np.array(w))


def test_records_of_layers_are_those_of_all_blocks() -> None:
    """Of blocks that saturate: their sums, and the extremes of all."""
    chance = random.Random(1)
    p = CrossbarParameters(rows=6, input_bits=4, weight_bits=4, strategy="cascade", adc_bits=2, bitline_bits=2)
    x, w = drawn(5, 15, (0, 15), chance), drawn(15, 3, (-15, 15), chance)
    reads, lost = [], 0
    for start, vector, column in itertools.product((0, 6, 12), x, zip(*w, strict=True)):
        rows = [*vector[start : start + 6], *[0] * 6][:6]
        cells = [*column[start : start + 6], *[0] * 6][:6]
        reads.append(oracle.cascade(rows, cells, p))
        lost += oracle.line_saturations(rows, cells, p)
    codes = [code for read in reads for code in read.codes]
    record = layer(np.array(x), np.array(w), p).record
    assert (record.conversions, record.min_code, record.max_code) == (len(codes), min(codes), max(codes))
    assert record.saturations == sum(read.saturations for read in reads) > 0
    assert record.bitline_saturations == lost > 0


def test_sums_of_codes_saturate_at_16_bits_block_by_block() -> None:
    """What saturates on the way does not come back: three of the largest codes, then one down, are 0."""
    p = CrossbarParameters(rows=1, input_bits=16, weight_bits=16, output_bits=16, strategy="neural_pim")
    x = [65535] * 6
    for w in ([65535] * 3 + [-65535] * 3, [-65535] * 3 + [65535] * 3, [65535, -65535] * 3, [65535] * 6):
        assert layer(x, [[value] for value in w], p).values.tolist() == [of_blocks(x, w, p)]
    down = [65535, 65535, 65535, -65535, 0, 0]
    assert layer(x, [[value] for value in down], p).values.tolist() == [of_blocks(x, down, p)] == [0]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_convolutions(stride: int, padding: int, signed: bool) -> None:
    chance = random.Random(stride)
    p = CrossbarParameters(rows=7, input_bits=4, weight_bits=4, strategy="neural_pim", signed_inputs=signed)
    low, high = input_range(p)
    images = np.array([chance.randint(low, high) for _ in range(2 * 2 * 5 * 6)]).reshape(2, 2, 5, 6)
    kernels = np.array([chance.randint(-15, 15) for _ in range(3 * 2 * 3 * 2)]).reshape(3, 2, 3, 2)
    found = convolution(images, kernels, p, stride, padding).values
    tall, wide = (5 + 2 * padding - 3) // stride + 1, (6 + 2 * padding - 2) // stride + 1
    assert found.shape == (2, 3, tall, wide)
    for image, output, top, left in itertools.product(range(2), range(3), range(tall), range(wide)):
        x, w = [], []
        for channel, row, column in itertools.product(range(2), range(3), range(2)):
            i, j = top * stride + row - padding, left * stride + column - padding
            x.append(int(images[image, channel, i, j]) if 0 <= i < 5 and 0 <= j < 6 else 0)
            w.append(int(kernels[output, channel, row, column]))
        assert found[image, output, top, left] == of_blocks(x, w, p)


def test_vectors_in_pieces_are_vectors_at_once() -> None:
    """More sums than are held at a time: the record and every value as of one vector after the other."""
    p = CrossbarParameters(rows=16, input_bits=4, weight_bits=4, conversion_polarity="separate", adc_bits=3)
    x = np.random.default_rng(1).integers(0, 16, (40_000, 16))
    w = np.random.default_rng(2).integers(-15, 16, (16, 30))
    whole, parts = isaac_dot(x, w, p), [isaac_dot(part, w, p) for part in np.array_split(x, 7)]
    assert np.array_equal(whole.values, np.concatenate([part.values for part in parts]))
    assert whole.record.saturations == sum(part.record.saturations for part in parts) > 0
    assert whole.record.conversions == 40_000 * 30 * 32
    for vector in (0, 12_345, 39_999):
        expected = [oracle.isaac(x[vector].tolist(), column.tolist(), p).value for column in w.T]
        assert whole.values[vector].tolist() == expected


def test_blocks_arrays_and_chips() -> None:
    """The single-column network of the tables: 59,696 arrays of 128 rows and 8 outputs."""
    p = CrossbarParameters(strategy="neural_pim")
    network = [(363, 64), (1600, 192), (1728, 384), (3456, 256), (2304, 256), (9216, 4096), (4096, 4096), (4096, 1000)]
    assert sum(arrays(length, outputs, p) for length, outputs in network) == 59696
    assert [blocks(length, p) for length in (1, 128, 129, 256)] == [1, 1, 2, 2]
    assert [chips(needed, 17920) for needed in (1, 17920, 17921, 135120)] == [1, 1, 2, 8]
    require_fit(135120, 17920, 8)
    assert_refused(lambda: require_fit(135120, 17920, 7), "chips", "8", "7")
    for call in (
        lambda: blocks(0, p),
        lambda: arrays(1, 0, p),
        lambda: chips(0, 1),
        lambda: chips(1, 0),
        lambda: blocks(1, 8),
    ):
        assert_refused(call)


SMALL = {"rows": 3, "input_bits": 4, "weight_bits": 3}
X, W = [1, 2, 3], [[1], [2], [3]]
DOTS = {"isaac": isaac_dot, "cascade": cascade_dot, "neural_pim": neural_pim_codes}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_dataflows_refuse_other_parameters_and_parts(strategy: str) -> None:
    def keep(*values):
        return values[0]

    parts = {
        "isaac": {"converter"},
        "cascade": {"converter", "buffer_cell"},
        "neural_pim": {"converter", "accumulator"},
    }
    for other in STRATEGIES:
        p = CrossbarParameters(**SMALL, strategy=other)
        if other != strategy:
            assert_refused(lambda p=p: DOTS[strategy](X, W, p), "strategy", other)
    p = CrossbarParameters(**SMALL, strategy=strategy)
    for part in ("converter", "buffer_cell", "accumulator"):
        call = lambda part=part: DOTS[strategy](X, W, p, hooks=ErrorHooks(**{part: keep}))  # noqa: E731 used twice
        if part in parts[strategy]:
            assert call().values.shape == (1,)
        else:
            assert_refused(call, part, strategy)
    for hooks in (None, keep, {}):
        assert_refused(lambda hooks=hooks: DOTS[strategy](X, W, p, hooks=hooks), "hooks")


BROKEN = {
    "NaN": lambda values: values * np.nan,
    "infinite": lambda values: values + np.inf,
    "another shape": lambda values: values[..., :1].sum(),
    "complex": lambda values: values * 1j,
    "nothing": lambda values: None,
    "booleans": lambda values: values > 0,
}


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("kind", BROKEN)
def test_parts_that_return_no_numbers(kind: str) -> None:
    for strategy, part in (
        ("isaac", "converter"),
        ("cascade", "converter"),
        ("cascade", "buffer_cell"),
        ("neural_pim", "converter"),
    ):
        p, hooks = CrossbarParameters(**SMALL, strategy=strategy), ErrorHooks(**{part: BROKEN[kind]})
        assert_refused(lambda p=p, hooks=hooks: DOTS[p.strategy](X, W, p, hooks=hooks), part)
    p = CrossbarParameters(**SMALL, strategy="neural_pim")
    hooks = ErrorHooks(accumulator=lambda held, lines: BROKEN[kind](held))
    assert_refused(lambda: neural_pim_dot(X, W, p, hooks=hooks), "accumulator")


def test_errors_have_a_size_and_a_seed() -> None:
    for sigma in (-1, -0.5, np.nan, np.inf, "1", None, True):
        assert_refused(lambda sigma=sigma: GaussianError(sigma=sigma, seed=1), "sigma")
    for seed in (None, -1, 1.0, "1", True):
        assert_refused(lambda seed=seed: GaussianError(sigma=1.0, seed=seed), "seed")
    assert_refused(lambda: GaussianError(sigma=1.0), "seed")
    values = np.arange(1000)
    found = [GaussianError(sigma=2.0, seed=seed)(values) for seed in (7, 7, np.random.default_rng(7), 8)]
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])
    assert not np.array_equal(found[0], found[3])
    assert 1.8 < (found[0] - values).std() < 2.2
    assert np.array_equal(GaussianError(sigma=0, seed=1)(values), values)


def test_places_of_the_register() -> None:
    p = CrossbarParameters(**SMALL, strategy="neural_pim")
    assert neural_pim_dot(X, W, p, fraction_bits=3).values.tolist() == [14]
    for places in (-1, 4, 1.0, True, "1"):
        assert_refused(lambda places=places: neural_pim_dot(X, W, p, fraction_bits=places), "fraction_bits")
    hooks = ErrorHooks(accumulator=lambda held, lines: held)
    assert_refused(lambda: neural_pim_dot(X, W, p, hooks=hooks, fraction_bits=2), "fraction_bits")


def test_operands_of_layers() -> None:
    p = CrossbarParameters(**SMALL)
    for x, w in (([1, 2], W), ([1, 2, 16], W), ([1, 2, -1], W), ([1.0, 2, 3], W), (1, W), (np.zeros((0, 3), int), W)):
        assert_refused(lambda x=x, w=w: layer(x, w, p), "inputs")
    for w in ([[1], [2], [8]], [1, 2, 3], [[1.5]] * 3, [[]] * 3, [[True]] * 3):
        assert_refused(lambda w=w: layer(X, w, p), "weights")
    assert_refused(lambda: layer(X, W, None), "parameters")
    for images, kernels in ((X, [[W]]), ([[W]], X), ([[W]], [[W, W]]), (np.zeros((1, 1, 0, 3), int), [[W]])):
        assert_refused(lambda images=images, kernels=kernels: convolution(images, kernels, p))
    for stride, padding in ((0, 0), (1, -1), (1.0, 0), (True, 0), (1, 0.5)):
        assert_refused(lambda stride=stride, padding=padding: convolution([[W]], [[W]], p, stride, padding))
    assert_refused(lambda: convolution([[W]], [[[[1, 1]]]], p))
    assert matvec(X, W, p).tolist() == [14]
