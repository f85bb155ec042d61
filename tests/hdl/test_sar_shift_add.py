"""The accumulator of shifted values: sums of every kind, full rate and pauses, products of small matrices."""

from typing import Any

import numpy as np
import pytest

from gen.rtl import Rtl, elaborate
from gen.vectors.sar_parts import Sums, random_sums
from hdl.sar import ShiftAdd
from sim_models.sar import ShiftAddParameters
from verif.sar_parts import run_sums

SEED = 2402
ALWAYS = np.ones(1, bool)


def accumulator(parameters: ShiftAddParameters) -> Rtl:
    return elaborate(ShiftAdd(parameters=parameters), "sar_shift_add")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"signed_inputs": True},
        {"encoding": "offset"},
        {"cell_bits": 2, "slices": 4},
        {"cell_bits": 2, "slices": 4, "encoding": "offset", "signed_inputs": True},
        {"bits": 9, "input_bits": 5, "slices": 3},
        {"bits": 16, "input_bits": 16, "slices": 16},
        {"bits": 1, "input_bits": 1, "slices": 1},
        {"bits": 4, "input_bits": 1, "slices": 6, "encoding": "offset"},
        {"bits": 4, "input_bits": 7, "slices": 1, "signed_inputs": True},
    ],
    ids=str,
)
def test_sums_at_full_rate_and_with_pauses(fields: dict[str, Any]) -> None:
    p = ShiftAddParameters(**fields)
    rtl, sums = accumulator(p), random_sums(p, 20_000, SEED)
    got = run_sums(rtl, p, sums, valid=ALWAYS, ready=ALWAYS, seed=SEED)
    assert np.array_equal(got["sums"], sums.sums)
    assert np.array_equal(got["cycle"], np.flatnonzero(sums.values["last"]) + 1)
    random = np.random.default_rng(SEED)
    got = run_sums(rtl, p, sums, valid=random.random(97) < 1 / 2, ready=random.random(101) < 1 / 4, seed=SEED)
    assert np.array_equal(got["sums"], sums.sums)


def test_the_largest_sums_of_both_signs_fit() -> None:
    p = ShiftAddParameters()
    bit, part = (grid.ravel() for grid in np.meshgrid(np.arange(8), np.arange(8)))
    largest = 255 * 255 * 255
    values = {"value": np.full(128, 255), "input_bit": np.tile(bit, 2), "slice": np.tile(part, 2)}
    values["subtract"] = np.repeat([0, 1], 64)
    values["last"] = np.tile(np.arange(64) == 63, 2).astype(np.int64)
    sums = Sums(values=values, sums=np.array([largest, -largest]))
    got = run_sums(accumulator(p), p, sums, valid=ALWAYS, ready=ALWAYS, seed=SEED)
    assert got["sums"].tolist() == [largest, -largest]
    assert p.accumulator_width == 25
    assert largest < 1 << 24


@pytest.mark.parametrize(("cell_bits", "slices"), [(1, 4), (2, 2)])
@pytest.mark.parametrize("signed_inputs", [False, True])
@pytest.mark.parametrize("encoding", ["differential", "offset"])
def test_integer_products(encoding: str, signed_inputs: bool, cell_bits: int, slices: int) -> None:
    """Partial sums of a matrix, as an exact converter gives them, in the order of a group; offsets by a unit column."""
    p = ShiftAddParameters(
        bits=7, input_bits=5, cell_bits=cell_bits, slices=slices, signed_inputs=signed_inputs, encoding=encoding
    )
    random = np.random.default_rng(SEED)
    half = 1 << cell_bits * slices - 1
    low, high = (-2 * half + 1, 2 * half) if encoding == "differential" else (-half, half)
    weights = random.integers(low, high, (16, 10))
    inputs = random.integers(-16, 16, 16) if signed_inputs else random.integers(0, 32, 16)
    planes = inputs[:, np.newaxis] >> np.arange(5) & 1
    stored = [np.maximum(weights, 0), np.maximum(-weights, 0)] if encoding == "differential" else [weights + half]
    rows: list[tuple[int, ...]] = []
    for output in range(weights.shape[1]):
        terms = [
            (int(planes[:, bit] @ (column[:, output] >> cell_bits * part & (1 << cell_bits) - 1)), bit, part, sign)
            for sign, column in enumerate(stored)
            for bit in range(5)
            for part in range(slices)
        ]
        if encoding == "offset":  # a column of ones, at the highest slice, once per bit of a cell
            terms += [(int(planes[:, bit].sum()), bit, slices - 1, 1) for bit in range(5) for _ in range(cell_bits)]
        rows += [(*term, int(place == len(terms) - 1)) for place, term in enumerate(terms)]
    names = ("value", "input_bit", "slice", "subtract", "last")
    values = {name: np.array([row[place] for row in rows]) for place, name in enumerate(names)}
    expected = inputs @ weights
    got = run_sums(accumulator(p), p, Sums(values=values, sums=expected), valid=ALWAYS, ready=ALWAYS, seed=SEED)
    assert got["sums"].tolist() == expected.tolist()
