"""Bad input of the crossbars' models: refused on one line that names the parameter and what it was."""

import dataclasses
import math

import numpy as np
import pytest

from sim_models.crossbar import CrossbarParameters, matvec
from tests.sim_models.crossbar_cases import STRATEGIES, input_range, weight_range

INTEGERS = {
    "rows": (1, 4096),
    "input_bits": (1, 16),
    "weight_bits": (1, 16),
    "dac_bits": (1, 8),
    "cell_bits": (1, 4),
    "output_bits": (2, 16),
    "adc_bits": (1, 16),
    "bitline_bits": (1, 16),
    "buffer_cell_bits": (1, 16),
    "carry_columns": (0, 14),
    "outputs": (1, 512),
    "converters": (1, 64),
    "slots_per_cycle": (1, 1024),
    "clear_cycles": (1, 8),
    "cascade_tail_cycles": (0, 8),
}
OPTIONAL = ("adc_bits", "bitline_bits", "buffer_cell_bits")
CASCADE = (*OPTIONAL, "carry_columns", "clear_cycles", "cascade_tail_cycles")


def fields(name: str) -> dict[str, object]:
    """What a field needs beside it."""
    return {"strategy": "cascade"} if name in CASCADE else {}


def assert_refused(call, *parts: str) -> None:
    """``call`` raises ValueError or TypeError, with one line that holds each of ``parts``."""
    with pytest.raises((ValueError, TypeError)) as refused:
        call()
    message = str(refused.value)
    assert "must" in message, f"{message!r} says nothing of what is allowed"
    assert "\n" not in message
    for part in parts:
        assert part in message, f"{part!r} is not in {message!r}"


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_have_their_range(name: str) -> None:
    low, high = INTEGERS[name]
    for value in (low, high):
        assert getattr(CrossbarParameters(**fields(name), **{name: value}), name) == value
    for value in (low - 1, high + 1, -(2**70), 2**70):
        assert_refused(lambda value=value: CrossbarParameters(**fields(name), **{name: value}), name, str(value))


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("value", [True, False, 4.0, "4", math.nan, [4], np.array([4, 4]), 4j, None], ids=repr)
def test_integers_are_integers(name: str, value: object) -> None:
    if value is None and name in OPTIONAL:
        assert getattr(CrossbarParameters(**fields(name), **{name: value}), name) is None
        return
    assert_refused(lambda: CrossbarParameters(**fields(name), **{name: value}), name)


CHOICES = {
    "strategy": ("isaac", "cascade", "neural_pim"),
    "weight_encoding": ("differential", "offset"),
    "conversion_polarity": ("difference", "separate"),
    "accumulator_feedback": ("lsb_first",),
}


@pytest.mark.parametrize("name", CHOICES)
def test_choices(name: str) -> None:
    for choice in CHOICES[name]:
        assert getattr(CrossbarParameters(**{name: choice}), name) == choice
        for value in (choice.upper(), choice.capitalize(), choice[:-1], choice[:3], f"{choice} ", choice.encode()):
            assert_refused(lambda value=value: CrossbarParameters(**{name: value}), name, repr(value))
    for value in ("", None, 0, True, [CHOICES[name][0]], "msb_first"):
        assert_refused(lambda value=value: CrossbarParameters(**{name: value}), name, repr(value))


@pytest.mark.parametrize("name", ["signed_inputs", "flip_encoding", "double_buffer"])
@pytest.mark.parametrize("value", [0, 1, "yes", None, 1.0, np.True_], ids=repr)
def test_switches_are_booleans(name: str, value: object) -> None:
    assert_refused(lambda: CrossbarParameters(weight_encoding="offset", **{name: value}), name)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("range_fraction", [0, 0.0, -0.5, 1.0000001, 2, math.nan, math.inf, -math.inf, "1", None, True, [0.5], 1j]),
        ("cycle_time_ns", [0, 0.0, -1.0, math.nan, math.inf, "100", None, True, [1.0]]),
    ],
)
def test_numbers(name: str, values: list[object]) -> None:
    for value in values:
        assert_refused(lambda value=value: CrossbarParameters(**{name: value}), name)


def test_a_range_below_the_codes_of_the_converter() -> None:
    """Full scale 4 * 15 * 7 = 420 of codes to 127: 0.3 leaves 126, 0.31 leaves 130; the whole range is always legal."""
    small = {"rows": 4, "input_bits": 4, "weight_bits": 3, "strategy": "neural_pim"}
    assert CrossbarParameters(**small, range_fraction=0.31).range_fraction == 0.31
    assert_refused(lambda: CrossbarParameters(**small, range_fraction=0.3), "range_fraction")
    assert_refused(lambda: CrossbarParameters(**small, range_fraction=1e-300), "range_fraction")
    assert CrossbarParameters(**small, output_bits=10).output_bits == 10


def test_slices_no_wider_than_what_they_slice() -> None:
    for bits in (1, 3, 8):
        assert_refused(lambda bits=bits: CrossbarParameters(input_bits=bits, dac_bits=bits + 1), "dac_bits")
        assert CrossbarParameters(input_bits=bits, dac_bits=bits).dac_bits == bits
    for bits in (1, 2, 3):
        assert_refused(lambda bits=bits: CrossbarParameters(weight_bits=bits, cell_bits=bits + 1), "cell_bits")
        assert CrossbarParameters(weight_bits=bits, cell_bits=bits).cell_bits == bits
    assert_refused(lambda: CrossbarParameters(cell_bits=5), "cell_bits")


ONLY = {
    "flip_encoding": ("isaac", True),
    "conversion_polarity": ("isaac", "separate"),
    "buffer_cell_bits": ("cascade", 6),
    "bitline_bits": ("cascade", 6),
    "carry_columns": ("cascade", 3),
}


@pytest.mark.parametrize("name", ONLY)
def test_options_of_one_strategy(name: str) -> None:
    only, value = ONLY[name]
    for strategy in STRATEGIES:
        extra = {"weight_encoding": "offset"} if name == "flip_encoding" else {}
        make = lambda strategy=strategy, extra=extra: CrossbarParameters(  # noqa: E731 one call for both outcomes
            strategy=strategy, **extra, **{name: value}
        )
        if strategy == only:
            assert getattr(make(), name) == value
        else:
            assert_refused(make, name)


@pytest.mark.parametrize(
    ("shape", "columns"),
    [((8, 8, 1, 1), 15), ((8, 8, 4, 1), 12), ((16, 15, 1, 1), 30), ((4, 3, 2, 1), 5), ((5, 4, 2, 3), 6)],
)
def test_a_carry_leaves_a_column(shape: tuple[int, int, int, int], columns: int) -> None:
    names = ("input_bits", "weight_bits", "dac_bits", "cell_bits")
    p = CrossbarParameters(strategy="cascade", **dict(zip(names, shape, strict=True)))
    assert dataclasses.replace(p, carry_columns=columns - 1).carry_columns == columns - 1
    assert_refused(lambda: dataclasses.replace(p, carry_columns=columns), "carry_columns", str(columns))


def test_parameters_are_frozen_and_named() -> None:
    p = CrossbarParameters()
    with pytest.raises(dataclasses.FrozenInstanceError):
        p.rows = 2
    with pytest.raises(TypeError):
        CrossbarParameters(128)


SMALL = {"rows": 3, "input_bits": 4, "weight_bits": 3}
GOOD_X, GOOD_W = [1, 2, 3], [[1, 2], [3, 4], [5, 6]]
NO_INTEGERS = [1.0, 0.5, "1", None, True, math.nan, 1j]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_operands_are_integers(strategy: str) -> None:
    p = CrossbarParameters(**SMALL, strategy=strategy)
    assert matvec(GOOD_X, GOOD_W, p).shape == (2,)
    for value in NO_INTEGERS:
        assert_refused(lambda value=value: matvec([value] * 3, GOOD_W, p), "inputs")
        assert_refused(lambda value=value: matvec(GOOD_X, [[value, value]] * 3, p), "weights")
    assert_refused(lambda: matvec(np.array([1.0, 2.0, 3.0]), GOOD_W, p), "inputs")
    assert_refused(lambda: matvec(np.array([True, False, True]), GOOD_W, p), "inputs")
    assert_refused(lambda: matvec(GOOD_X, np.array(GOOD_W, dtype=object), p), "weights")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_shapes_of_the_operands(strategy: str) -> None:
    p = CrossbarParameters(**SMALL, strategy=strategy)
    for x in ([1, 2], [1, 2, 3, 4], 1, [], [[1], [2], [3]], np.zeros((0, 3), int), np.zeros((3, 0), int)):
        assert_refused(lambda x=x: matvec(x, GOOD_W, p), "inputs")
    for w in ([1, 2, 3], GOOD_W[:2], [*GOOD_W, [7, 7]], 1, [], [GOOD_W], [[]] * 3, np.zeros((3, 0), int)):
        assert_refused(lambda w=w: matvec(GOOD_X, w, p), "weights")
    assert matvec([[GOOD_X]], GOOD_W, p).shape == (1, 1, 2)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("encoding", ["differential", "offset"])
def test_operands_out_of_range(strategy: str, signed: bool, encoding: str) -> None:
    p = CrossbarParameters(**SMALL, strategy=strategy, signed_inputs=signed, weight_encoding=encoding)
    for name in ("inputs", "weights"):
        low, high = input_range(p) if name == "inputs" else weight_range(p)
        for value in (low - 1, high + 1, 2**40, -(2**63), np.uint64(2**64 - 1)):
            x = [1, value, 1] if name == "inputs" else GOOD_X
            w = [[1, 1], [1, value], [1, 1]] if name == "weights" else [[1, 1]] * 3
            x, w = np.array(x, dtype=type(value)), np.array(w, dtype=type(value))
            assert_refused(lambda x=x, w=w: matvec(x, w, p), name)
        for value in (low, high):
            x = [value] * 3 if name == "inputs" else [1] * 3
            w = [[value]] * 3 if name == "weights" else [[1]] * 3
            expected = 3 * value
            if strategy != "neural_pim":
                assert matvec(x, w, p).tolist() == [expected]


@pytest.mark.parametrize("value", [None, 8, {}, "isaac"], ids=repr)
def test_parameters_are_parameters(value: object) -> None:
    assert_refused(lambda: matvec(GOOD_X, GOOD_W, value), "parameters")
