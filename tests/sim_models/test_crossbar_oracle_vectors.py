"""The oracle itself, and the golden models, on the worked examples of the crossbars' definition."""

from fractions import Fraction

import numpy as np
import pytest

from sim_models.crossbar import CrossbarParameters, conversions, matvec
from tests.sim_models import crossbar_oracle as oracle
from tests.sim_models.crossbar_cases import STRATEGIES

FOUR_ROWS = {"rows": 4, "input_bits": 4, "weight_bits": 3}
# inputs, weights, what differs from the parameters above, product, sums of each cycle, values held
SMALL = {
    "unsigned": ([5, 3, 12, 9], [3, -2, 5, -1], {}, 60, [0, -2, 8, 4], [0, -2, 7, Fraction(15, 2)]),
    "signed": (
        [-7, 4, 6, -2],
        [3, -2, 5, -1],
        {"signed_inputs": True},
        3,
        [3, 4, 2, -2],
        [3, Fraction(11, 2), Fraction(19, 4), Fraction(3, 8)],
    ),
    "two bits": ([11, 6, 1, 14], [2, -7, 4, 3], {"dac_bits": 2}, 26, [2, 6], [2, Fraction(13, 2)]),
    "two bits signed": (
        [-7, 4, 6, -2],
        [2, -7, 4, 3],
        {"dac_bits": 2, "signed_inputs": True},
        -24,
        [16, -10],
        [16, -6],
    ),
}
COLUMNS = {
    "unsigned": {0: 0, 1: 0, 2: 1, 3: 1, 4: 1, 5: 1},
    "signed": {0: 1, 1: 1, 2: 0, 3: 0, 4: 0, 5: 0},
    "two bits": {0: 0, 1: 3, 2: 1, 3: 4, 4: -1},
}


@pytest.mark.parametrize("name", SMALL)
def test_small_examples(name: str) -> None:
    x, w, fields, product, steps, held = SMALL[name]
    p = CrossbarParameters(**FOUR_ROWS, **fields)
    assert oracle.steps(x, w, p) == steps
    assert oracle.held(x, w, p) == held
    assert oracle.dot(x, w) == product
    column = [[value] for value in w]
    for strategy in ("isaac", "cascade"):
        p = CrossbarParameters(**FOUR_ROWS, **fields, strategy=strategy)
        assert matvec(np.array(x), np.array(column), p).tolist() == [product]
    if name in COLUMNS:
        assert oracle.column_sums(x, w, p) == COLUMNS[name]


def test_code_of_the_first_example() -> None:
    x, w, *_ = SMALL["unsigned"]
    p = CrossbarParameters(**FOUR_ROWS, strategy="neural_pim")
    assert (oracle.y_fs(p), oracle.range_encoding(420, 8), oracle.ideal_code(60, 420, 8)) == (420, (39634, 17), 18)
    assert matvec(np.array(x), np.array(w)[:, None], p).tolist() == [18]


def test_conversions_of_the_first_example() -> None:
    found = {strategy: conversions(CrossbarParameters(**FOUR_ROWS, strategy=strategy)) for strategy in STRATEGIES}
    assert found == {"isaac": 12, "cascade": 6, "neural_pim": 1}
    assert conversions(CrossbarParameters(**FOUR_ROWS, conversion_polarity="separate")) == 24
    two_bits = CrossbarParameters(**FOUR_ROWS, dac_bits=2, strategy="cascade")
    assert conversions(two_bits) == 5


def test_offset_weights_with_flipped_columns() -> None:
    x, w = [5, 3, 12, 9], [3, -2, 5, -1]
    p = CrossbarParameters(
        rows=4, input_bits=4, weight_bits=4, cell_bits=2, weight_encoding="offset", flip_encoding=True
    )
    assert oracle.flipped(w, p)[0] == [True, True]
    assert oracle.unit_sums(x, p) == [3, 1, 2, 2]
    assert [sample for sample, _ in oracle.isaac(x, w, p).samples] == [1, 5, 1, 2, 2, 1, 2, 2]
    assert matvec(np.array(x), np.array(w)[:, None], p).tolist() == [60]


ROWS = np.arange(128)
X, W = (37 * ROWS + 11) % 256, (53 * ROWS + 29) % 255 - 127
TIMES_128 = [-18688, -39424, 25344, 5376, 60672, -22528, 33792, 3072]


def test_vector_of_128_rows() -> None:
    assert (X[:4].tolist(), W[:4].tolist(), int(X.sum()), int(W.sum())) == (
        [11, 48, 85, 122],
        [-98, -45, 8, 61],
        16192,
        -215,
    )
    x, w, p = X.tolist(), W.tolist(), CrossbarParameters()
    assert oracle.steps(x, w, p) == [-146, -235, 352, -57, 453, -413, 352, -108]
    assert [value * 2**7 for value in oracle.held(x, w, p)] == TIMES_128
    wide = CrossbarParameters(dac_bits=4)
    assert oracle.steps(x, w, wide) == [336, 171]
    assert [value * 2**4 for value in oracle.held(x, w, wide)] == [5376, 3072]
    assert list(oracle.column_sums(x, w, p).values()) == [-2, -1, 5, 6, -6, 5, 2, 2, 10, 16, 2, -3, 1, -1, 0]


@pytest.mark.parametrize("dac_bits", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("encoding", ["differential", "offset"])
@pytest.mark.parametrize("strategy", ["isaac", "cascade"])
def test_product_of_128_rows(strategy: str, encoding: str, dac_bits: int) -> None:
    p = CrossbarParameters(strategy=strategy, weight_encoding=encoding, dac_bits=dac_bits)
    assert matvec(X, W[:, None], p).tolist() == [3072]
    signed = CrossbarParameters(strategy=strategy, weight_encoding=encoding, dac_bits=dac_bits, signed_inputs=True)
    assert matvec(np.where(X >= 128, X - 256, X), W[:, None], signed).tolist() == [30720]


@pytest.mark.parametrize(
    ("fraction", "full_scale", "shift", "code"),
    [(1, 8323200, 32, 0), (0.25, 2080800, 30, 0), (0.0625, 520200, 28, 1)],
)
def test_codes_of_128_rows(fraction: float, full_scale: int, shift: int, code: int) -> None:
    p = CrossbarParameters(strategy="neural_pim", range_fraction=float(fraction))
    assert (oracle.y_fs(p), oracle.range_encoding(full_scale, 8)) == (full_scale, (65535, shift))
    assert matvec(X, W[:, None], p).tolist() == [code] == [oracle.neural_pim(X.tolist(), W.tolist(), p)]


def test_16_bit_offset_vector() -> None:
    x, w = (12345 * ROWS + 777) % 65536, (54321 * ROWS + 31415) % 65536 - 32768
    fields = {"input_bits": 16, "weight_bits": 16, "cell_bits": 2, "weight_encoding": "offset", "output_bits": 16}
    p = CrossbarParameters(**fields, flip_encoding=True)
    assert oracle.flipped(w.tolist(), p)[0] == [False, False, False, False, True, False, False, True]
    assert max(sample for sample, _ in oracle.isaac(x.tolist(), w.tolist(), p).samples) == 128
    signed = np.where(x >= 32768, x - 65536, x)
    for option in ({}, {"flip_encoding": True}, {"strategy": "cascade"}):
        assert matvec(x, w[:, None], CrossbarParameters(**fields, **option)).tolist() == [2555028032]
        p = CrossbarParameters(**fields, **option, signed_inputs=True)
        assert matvec(signed, w[:, None], p).tolist() == [1139188288]
