"""Slices of inputs and weights: every value of every small width, and the identity that they add up to it."""

import itertools
import random

import numpy as np
import pytest

from sim_models.crossbar import CrossbarParameters, driven_slices, input_slices, unit_sums, weight_slices
from tests.sim_models import crossbar_oracle as oracle
from tests.sim_models.crossbar_cases import ENCODINGS, input_range, weight_range


def of_inputs(largest: int, signed: bool) -> list[CrossbarParameters]:
    pairs = [(bits, dac) for bits in range(1, largest + 1) for dac in range(1, bits + 1)]
    return [CrossbarParameters(rows=1, input_bits=bits, dac_bits=dac, signed_inputs=signed) for bits, dac in pairs]


def of_weights(largest: int, encoding: str) -> list[CrossbarParameters]:
    pairs = [(bits, cell) for bits in range(1, largest + 1) for cell in range(1, min(4, bits) + 1)]
    return [
        CrossbarParameters(rows=1, weight_bits=bits, cell_bits=cell, weight_encoding=encoding) for bits, cell in pairs
    ]


def chosen(low: int, high: int) -> list[int]:
    """All values, or the ends and a sample."""
    if high - low < 2**9:
        return list(range(low, high + 1))
    return [
        low,
        low + 1,
        -1 if low < 0 else 1,
        0,
        high - 1,
        high,
        *(random.Random(1).randint(low, high) for _ in range(40)),
    ]


@pytest.mark.parametrize("signed", [False, True])
def test_inputs(signed: bool) -> None:
    for p in of_inputs(16, signed):
        values = chosen(*input_range(p))
        found = input_slices(np.array(values)[:, None], p)
        assert found.shape == (oracle.cycles(p), len(values), 1)
        assert found[:, :, 0].T.tolist() == [oracle.input_slices(value, p) for value in values], p
        places = np.array([2 ** (p.dac_bits * t) for t in range(oracle.cycles(p))])
        assert (places @ found[:, :, 0]).tolist() == values
        for t, slices in enumerate(found):
            top = signed and t == oracle.cycles(p) - 1
            assert -(2 ** (p.dac_bits - 1)) * top <= slices.min() <= slices.max() < 2 ** (p.dac_bits - top)


@pytest.mark.parametrize("signed", [False, True])
def test_what_drives_the_rows_and_the_factors(signed: bool) -> None:
    for p in of_inputs(8, signed):
        values = chosen(*input_range(p))
        found, factors = driven_slices(np.array(values)[:, None], p)
        expected = [oracle.driven(value, p) for value in values]
        assert found[:, :, 0].T.tolist() == [[slice_ for slice_, _ in slices] for slices in expected]
        assert factors.tolist() == [sign * 2 ** (p.dac_bits * t) for t, (_, sign) in enumerate(expected[0])]
        if p.dac_bits == 1:
            assert set(found.flatten().tolist()) <= {0, 1}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_weights(encoding: str) -> None:
    for p in of_weights(16, encoding):
        values = chosen(*weight_range(p))
        found = weight_slices(np.array([values]), p)
        polarities = 2 if encoding == "differential" else 1
        assert found.shape == (polarities, oracle.slices(p), 1, len(values))
        for value, cells in zip(values, found[:, :, 0].transpose(2, 0, 1).tolist(), strict=True):
            assert cells == [slices for slices in oracle.stored(value, p) if slices], (p, value)
        assert 0 <= found.min() <= found.max() < 2**p.cell_bits
        places = np.array([2 ** (p.cell_bits * s) for s in range(oracle.slices(p))])
        whole = np.tensordot(places, found[:, :, 0], axes=(0, 1))
        offset = 2 ** (p.weight_bits - 1) if encoding == "offset" else 0
        assert (whole[0] - (whole[1] if polarities == 2 else offset)).tolist() == values
        if polarities == 2:
            assert not (whole[0] * whole[1]).any()


def test_axes_of_inputs_and_outputs() -> None:
    p = CrossbarParameters(rows=4, dac_bits=3, cell_bits=3)
    inputs = np.random.default_rng(1).integers(0, 256, (2, 3, 4))
    found = input_slices(inputs, p)
    assert found.shape == (3, 2, 3, 4)
    for place in itertools.product(range(2), range(3), range(4)):
        assert found[(slice(None), *place)].tolist() == oracle.input_slices(int(inputs[place]), p)
    weights = np.random.default_rng(2).integers(-255, 256, (4, 5))
    cells = weight_slices(weights, p)
    assert cells.shape == (2, 3, 4, 5)
    for row, column in itertools.product(range(4), range(5)):
        assert tuple(cells[:, :, row, column].tolist()) == oracle.stored(int(weights[row, column]), p)


def test_the_unit_column_counts_what_drives_the_rows() -> None:
    chance = random.Random(3)
    for signed in (False, True):
        for p in of_inputs(6, signed):
            p = CrossbarParameters(rows=5, input_bits=p.input_bits, dac_bits=p.dac_bits, signed_inputs=signed)
            x = [chance.randint(*input_range(p)) for _ in range(5)]
            driven, _ = driven_slices(np.array([x]), p)
            assert unit_sums(driven).flatten().tolist() == oracle.unit_sums(x, p)
