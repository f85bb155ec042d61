"""Streams and cycles of the in-memory unit by hand, and what does not fit."""

import numpy as np
import pytest

from sim_models.asm import encode
from sim_models.asm.in_memory import (
    InMemoryParameters,
    SingleRowParameters,
    input_rows,
    outputs_at_once,
    require_fit,
    result_rows,
    sums_of_rows,
    weight_transfers,
)
from sim_models.asm.in_memory_cycles import operation_counts, unit_cycles
from tests.sim_models.daism_refused import assert_refused

P = InMemoryParameters(rows=10, transfer_words=2, columns=32, banks=2)  # 4 positions together, 4 inputs a pass


def test_sizes() -> None:
    assert (P.positions_together, P.inputs_per_pass, P.keeps_sums) == (4, 4, True)
    assert SingleRowParameters(rows=10).inputs_per_pass == 8
    assert not InMemoryParameters(rows=256, reduction_length=100).keeps_sums


def test_streams_by_hand() -> None:
    x = np.array([[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]])
    assert input_rows(x, P).tolist() == [[1, 3, 5, 7], [2, 4, 6, 8], [9, 0, 0, 0], [10, 0, 0, 0]]
    w = np.array([[1, -1], [2, -2], [4, -4], [8, -8], [3, -3]])
    one, two = encode(w[:, 0], P).tolist(), encode(w[:, 1], P).tolist()
    zero = int(encode(0, P))
    expected = [one[:2], one[2:4], two[:2], two[2:4], [one[4], zero], [two[4], zero]]
    assert weight_transfers(w, P).tolist() == expected
    sums = np.arange(10).reshape(5, 2)
    rows = result_rows(sums, P)
    assert rows.tolist() == [[0, 2, 4, 6], [1, 3, 5, 7], [8, 0, 0, 0], [9, 0, 0, 0]]
    assert np.array_equal(sums_of_rows(rows, 5, 2, P), sums)


def test_cycles_by_hand() -> None:
    """Two groups; two passes; of six transfers one is all zero, and so is one that holds a single input."""
    w = np.array([[1, 0], [0, 0], [0, 2], [3, 0], [0, -6]])
    found = unit_cycles(w, 5, P)
    array = 2 * (5 * 4 + 2 * 2 + 2 * 4 + 2 * 2)  # load, clear, run, drain
    assert (found.array.total, found.empty, found.control) == (array, 2 * 2, 2)
    assert found.total == array + 6
    assert operation_counts(w, 5, P) == (2 * (5 + 4 + 4), 2 * (15 + 4 + 4))
    every = InMemoryParameters(rows=10, transfer_words=2, columns=32, banks=2, zero_skip=False)
    assert unit_cycles(w, 5, every).empty == 0
    assert sum(operation_counts(w, 5, every)) == unit_cycles(w, 5, every).array.total


def test_what_does_not_fit_is_refused() -> None:
    assert (outputs_at_once(4, P), outputs_at_once(5, P)) == (65535, 16)
    require_fit(4 * 65535, 4, 65535, P)
    assert_refused(lambda: require_fit(1, 129, 1, P), "length", "128", "129")
    assert_refused(lambda: require_fit(1, 5, 17, P), "outputs", "16", "17")
    assert_refused(lambda: require_fit(4 * 65535 + 1, 5, 1, P), "positions", "262140", "262141")
    assert_refused(lambda: unit_cycles(np.ones((5, 17), int), 1, P), "outputs", "16", "17")
    assert_refused(lambda: input_rows([1, 2], P), "inputs", "matrix", "(2,)")
    assert_refused(lambda: input_rows([[16]], P), "15", "16")
    assert_refused(lambda: weight_transfers([[5]], P), "(1, 3)", "5")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"placement": "near_memory"}, "placement must be 'in_memory', not 'near_memory'"),
        ({"transfer_words": 3}, "transfer_words must be a power of two"),
        ({"output_limit": 0}, "output_limit must be between 1 and"),
        ({"rows": 3}, "rows must be at least 4"),
        ({"columns": 15}, "columns must be at least 16"),
        ({"encode_inputs": True}, "encode_inputs must be False"),
        ({"alphabets": (1, 5), "encode_weights": False}, "alphabets must be"),
    ],
)
def test_parameters_that_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        InMemoryParameters(**fields)  # type: ignore[arg-type]  # what is tested
