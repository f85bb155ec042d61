"""Operands of the NMPU golden model: every shape and type that numpy broadcasts, and everything that is refused."""

import numpy as np
import pytest

from sim_models.nmpu import NmpuParameters, intermediate, process

DEFAULT = NmpuParameters()
BRANCH = NmpuParameters(variant="branch_round")


def random_operands(seed, size, largest_count=1023):
    """Legal operands of the default formats, in argument order."""
    rng = np.random.default_rng(seed)
    limits = [(0, largest_count), (0, largest_count), (0, 255), (0, 255), (-128, 127), (0, 3), (0, 1)]
    return [rng.integers(low, high, size, endpoint=True) for low, high in limits]


@pytest.mark.parametrize("parameters", [DEFAULT, BRANCH, NmpuParameters(final_rounding="half_even")])
def test_every_way_to_broadcast_gives_the_same(parameters):
    """Rows of parameters, scalars, full arrays, rows longer than a piece, and a last axis of one."""
    rng = np.random.default_rng(12)
    operands = random_operands(12, (40, 3, 70))
    shapes = [(40, 3, 70), (70,), (1, 1, 70), (3, 1), (40, 1, 1), (), (1,), (3, 70)]
    for _ in range(40):
        parts = []
        for operand in operands:
            shape = shapes[rng.integers(len(shapes))]
            padded = (1,) * (3 - len(shape)) + shape
            parts.append(operand[tuple(slice(0, n) for n in padded)].reshape(shape))
        full = [np.ascontiguousarray(part) for part in np.broadcast_arrays(*parts)]
        expected = intermediate(*full, parameters).output
        result = process(*parts, parameters)
        assert result.shape == expected.shape
        assert np.array_equal(result, expected)


def test_long_rows_square_shapes_and_transposed_counts():
    dp, dn, sp, sn, off, sh, relu = random_operands(13, (3, 100_000))
    operands = (dp, dn, sp[0], sn[0], off[0], sh[:, :1], relu[0])
    assert np.array_equal(process(*operands, DEFAULT), intermediate(*operands, DEFAULT).output)
    square = (dp[:, :3], dn[:, :3], sp[:, :1], sn[:1, :3], off[:, :1], sh[0, :3], relu[:, 0])
    assert np.array_equal(process(*square, DEFAULT), intermediate(*square, DEFAULT).output)
    operands = (dp.T, dn.T, sp[:, 0], sn[:, 0], off[:, 0], 2, relu[:, 0])
    assert np.array_equal(process(*operands, DEFAULT), intermediate(*operands, DEFAULT).output)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64])
def test_every_integer_type_and_no_change_of_the_operands(dtype):
    dp, dn, sp, sn, off, sh, relu = random_operands(14, (50, 64), largest_count=127)
    counts = [dp.astype(dtype), dn.astype(dtype)]
    before = [count.copy() for count in counts]
    result = process(*counts, sp, sn, off, sh, relu.astype(bool), DEFAULT)
    assert result.dtype == np.int64
    assert np.array_equal(result, intermediate(dp, dn, sp, sn, off, sh, relu, DEFAULT).output)
    assert all(np.array_equal(*pair) for pair in zip(counts, before, strict=True))


def test_empty_and_scalar_operands():
    assert process(np.zeros((0, 4), int), 0, 128, 128, np.zeros(4, int), 2, 0, DEFAULT).shape == (0, 4)
    assert process(np.zeros((4, 0), int), 0, 128, 128, 0, 2, 0, DEFAULT).shape == (4, 0)
    assert process(520, 500, 128, 128, 1, 2, True, DEFAULT).shape == ()


NAMES = ("positive", "negative", "scale_positive", "scale_negative", "offset", "shift", "relu")
GOOD = dict.fromkeys(NAMES, 1)
BAD_WORDS = [
    ("positive", 1024, "positive must be between 0 and 1023, not 1024"),
    ("positive", -1, "positive must be between 0 and 1023, not -1"),
    ("negative", np.array([3, 2000], np.uint64), "negative must be between 0 and 1023, not 2000"),
    ("scale_positive", 256, "scale_positive must be between 0 and 255, not 256"),
    ("scale_negative", [0, -5], "scale_negative must be between 0 and 255, not -5"),
    ("offset", 128, "offset must be between -128 and 127, not 128"),
    ("offset", -129, "offset must be between -128 and 127, not -129"),
    ("shift", 4, "shift must be between 0 and 3, not 4"),
    ("shift", -1, "shift must be between 0 and 3, not -1"),
    ("relu", 2, "relu must be between 0 and 1, not 2"),
    ("positive", 1.0, "positive must be integers, not float64"),
    ("scale_negative", [True], "scale_negative must be integers, not bool"),
    ("negative", None, "negative must be integers, not object"),
    ("relu", 0.5, "relu must be integers, not float64"),
    ("positive", 2**70, "positive must be integers, not object"),
]


@pytest.mark.parametrize("function", [process, intermediate])
@pytest.mark.parametrize(("name", "value", "message"), BAD_WORDS)
def test_refuses_bad_operands(function, name, value, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        function(**{**GOOD, name: value}, parameters=DEFAULT)


@pytest.mark.parametrize("name", GOOD)
def test_refuses_one_bad_word_deep_inside_any_array(name):
    operands = {key: np.ones((500, 256), int) for key in GOOD}
    operands[name][499, 255] = 5000
    with pytest.raises(ValueError, match=f"^{name} must be between .* not 5000$"):
        process(**operands, parameters=DEFAULT)


@pytest.mark.parametrize("function", [process, intermediate])
def test_refuses_shapes_that_do_not_broadcast(function):
    with pytest.raises(ValueError, match=r"^operand shapes must broadcast, not positive \(3,\), offset \(4,\)$"):
        function(**{**GOOD, "positive": [1] * 3, "offset": [1] * 4}, parameters=DEFAULT)


@pytest.mark.parametrize("function", [process, intermediate])
def test_signed_input_refuses_a_negative_branch(function):
    parameters = NmpuParameters(signed_input=True)
    for name in ("negative", "scale_negative"):
        operands = {**GOOD, "negative": None, "scale_negative": 0, name: [0, 1]}
        with pytest.raises(ValueError, match=f"^{name} with signed input must be between 0 and 0, not 1$"):
            function(**operands, parameters=parameters)
