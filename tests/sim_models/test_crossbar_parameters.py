"""Fields of the parameters, numbers that follow from them, presets, and what is refused."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest

from sim_models.crossbar import (
    CASCADE_PAPER,
    ISAAC_PAPER,
    NEURAL_PIM_BIT_SERIAL,
    NEURAL_PIM_PAPER,
    CrossbarParameters,
    accumulator_steps,
    adc_bits,
    arrays,
    blocks,
    cascade_dot,
    chips,
    column_bits,
    conversions,
    eight_bit,
    fixed_codes,
    ideal_codes,
    input_slices,
    isaac_dot,
    latency,
    matvec,
    neural_pim_dot,
    restored,
    weight_slices,
)


def message_of(call: Callable[[], object]) -> str:
    with pytest.raises(ValueError) as refused:
        call()
    message = str(refused.value)
    assert "\n" not in message
    return message


RANGES = {
    # with what the field needs to be legal
    "rows": (1, 4096, {}),
    "input_bits": (1, 16, {}),
    "weight_bits": (1, 16, {}),
    "dac_bits": (1, 8, {}),
    "cell_bits": (1, 4, {}),
    "output_bits": (2, 16, {"input_bits": 16, "weight_bits": 16}),
    "adc_bits": (1, 16, {}),
    "bitline_bits": (1, 16, {"strategy": "cascade"}),
    "buffer_cell_bits": (1, 16, {"strategy": "cascade"}),
    "carry_columns": (0, 14, {"strategy": "cascade"}),
    "outputs": (1, 512, {}),
    "converters": (1, 64, {}),
    "slots_per_cycle": (1, 1024, {}),
    "clear_cycles": (1, 8, {}),
    "cascade_tail_cycles": (0, 8, {}),
}


@pytest.mark.parametrize("name", RANGES)
def test_integers(name: str) -> None:
    low, high, needed = RANGES[name]
    for value in (low, high):
        assert getattr(CrossbarParameters(**needed, **{name: value}), name) == value
    for value in (low - 1, high + 1):
        message = message_of(lambda value=value: CrossbarParameters(**needed, **{name: value}))
        assert message == f"{name} must be between {low} and {high}, not {value}"
    for value in (True, 1.0, "1", math.nan, np.int64(1), [1]):
        message = message_of(lambda value=value: CrossbarParameters(**needed, **{name: value}))
        assert message == f"{name} must be an integer, not {value!r}"


def test_slices_are_no_wider_than_words() -> None:
    for fields, message in (
        ({"input_bits": 3, "dac_bits": 4}, "dac_bits must be between 1 and 3, not 4"),
        ({"weight_bits": 2, "cell_bits": 3}, "cell_bits must be between 1 and 2, not 3"),
        ({"cell_bits": 5}, "cell_bits must be between 1 and 4, not 5"),
        ({"dac_bits": 4, "clear_cycles": 3}, "clear_cycles must be between 1 and 2, not 3"),
        (
            {"strategy": "cascade", "dac_bits": 4, "carry_columns": 12},
            "carry_columns must be between 0 and 11, not 12",
        ),
    ):
        assert message_of(lambda fields=fields: CrossbarParameters(**fields)) == message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"strategy": "ISAAC"}, "strategy must be one of 'isaac', 'cascade', 'neural_pim', not 'ISAAC'"),
        ({"strategy": "neural"}, "strategy must be one of 'isaac', 'cascade', 'neural_pim', not 'neural'"),
        ({"weight_encoding": "diff"}, "weight_encoding must be one of 'differential', 'offset', not 'diff'"),
        ({"conversion_polarity": None}, "conversion_polarity must be one of 'difference', 'separate', not None"),
        ({"accumulator_feedback": "msb_first"}, "accumulator_feedback must be one of 'lsb_first', not 'msb_first'"),
        ({"signed_inputs": 1}, "signed_inputs must be a bool, not 1"),
        ({"flip_encoding": "yes"}, "flip_encoding must be a bool, not 'yes'"),
        ({"double_buffer": 0}, "double_buffer must be a bool, not 0"),
        ({"range_fraction": 0}, "range_fraction must be above 0, not 0"),
        ({"range_fraction": 1.5}, "range_fraction must be between 0 and 1, not 1.5"),
        ({"range_fraction": math.nan}, "range_fraction must be between 0 and 1, not nan"),
        ({"range_fraction": "1"}, "range_fraction must be a number, not '1'"),
        ({"range_fraction": 1e-9}, "range_fraction must leave a full scale of at least 127 counts, not 0 (1e-09)"),
        ({"cycle_time_ns": 0.0}, "cycle_time_ns must be above 0, not 0.0"),
        ({"cycle_time_ns": math.inf}, "cycle_time_ns must be between 0 and 1.797e+308, not inf"),
        (
            {"strategy": "cascade", "flip_encoding": True},
            "flip_encoding without strategy 'isaac' must be one of False, not True",
        ),
        (
            {"strategy": "neural_pim", "conversion_polarity": "separate"},
            "conversion_polarity without strategy 'isaac' must be one of 'difference', not 'separate'",
        ),
        ({"bitline_bits": 6}, "bitline_bits without strategy 'cascade' must be one of None, not 6"),
        (
            {"strategy": "neural_pim", "buffer_cell_bits": 6},
            "buffer_cell_bits without strategy 'cascade' must be one of None, not 6",
        ),
        ({"carry_columns": 1}, "carry_columns without strategy 'cascade' must be one of 0, not 1"),
        (
            {"strategy": "neural_pim", "adc_bits": 8},
            "adc_bits with strategy 'neural_pim' must be one of None, not 8",
        ),
        (
            {"weight_encoding": "offset", "conversion_polarity": "separate"},
            "conversion_polarity with offset weights must be one of 'difference', not 'separate'",
        ),
        (
            {"flip_encoding": True},
            "conversion_polarity with flip_encoding of differential weights must be one of 'separate', "
            "not 'difference'",
        ),
    ],
)
def test_refused_fields(fields: dict[str, object], message: str) -> None:
    assert message_of(lambda: CrossbarParameters(**fields)) == message


def test_smallest_range() -> None:
    """Of 4 * 15 * 7 = 420 counts 127 are needed; the whole range is taken however small it is."""
    small = {"rows": 4, "input_bits": 4, "weight_bits": 3, "strategy": "neural_pim"}
    assert CrossbarParameters(**small, range_fraction=0.3024).code_full_scale == 127
    assert "not 126" in message_of(lambda: CrossbarParameters(**small, range_fraction=0.3021))
    tiny = CrossbarParameters(rows=1, input_bits=1, weight_bits=1, strategy="neural_pim")
    assert fixed_codes([0, 1, -1], tiny).tolist() == [0, 127, -127]


def test_numbers_that_follow() -> None:
    p = CrossbarParameters(rows=5, input_bits=7, weight_bits=5, dac_bits=3, cell_bits=2)
    assert (p.cycles, p.slices, p.polarities) == (3, 3, 2)
    assert p.significances == (0, 2, 3, 4, 5, 6, 7, 8, 10)
    assert (p.input_range, p.weight_range, p.weight_offset) == ((0, 127), (-31, 31), 0)
    assert (p.cell_maximum, p.line_maximum) == (3, 5 * 7 * 3)
    assert (p.step_full_scale, p.product_maximum) == (5 * 7 * 31, 5 * 127 * 31)
    assert (p.columns, p.has_unit_column, p.signed_samples) == (8 * 3 * 2, False, True)
    offset = dataclasses.replace(p, weight_encoding="offset", signed_inputs=True)
    assert (offset.input_range, offset.weight_range, offset.weight_offset) == ((-64, 63), (-16, 15), 16)
    assert (offset.columns, offset.has_unit_column, offset.signed_samples) == (8 * 3 + 1, True, True)
    bits = dataclasses.replace(offset, dac_bits=1)
    assert not bits.signed_samples
    assert dataclasses.replace(bits, strategy="cascade").signed_samples  # sums of sign bits are stored as negative


def test_presets() -> None:
    changed = {
        "isaac": {"input_bits": 16, "weight_bits": 16, "cell_bits": 2, "weight_encoding": "offset", "output_bits": 16}
        | {"signed_inputs": True, "flip_encoding": True, "outputs": 16, "slots_per_cycle": 129},
        "cascade": {"rows": 64, "input_bits": 16, "weight_bits": 15, "bitline_bits": 6, "carry_columns": 20}
        | {"output_bits": 16, "outputs": 2, "strategy": "cascade"},
        "neural_pim": {"strategy": "neural_pim", "dac_bits": 4},
    }
    for preset, name in ((ISAAC_PAPER, "isaac"), (CASCADE_PAPER, "cascade"), (NEURAL_PIM_PAPER, "neural_pim")):
        defaults = vars(CrossbarParameters())
        assert {key: value for key, value in vars(preset).items() if value != defaults[key]} == changed[name]
    assert dataclasses.replace(NEURAL_PIM_PAPER, dac_bits=1) == NEURAL_PIM_BIT_SERIAL == eight_bit("neural_pim")
    assert "strategy must be one of" in message_of(lambda: eight_bit("A"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        ISAAC_PAPER.rows = 1


P = CrossbarParameters(rows=3, input_bits=4, weight_bits=3)
W = [[1], [2], [3]]


@pytest.mark.parametrize(
    ("inputs", "weights", "fields", "message"),
    [
        ([1.0, 2.0, 3.0], W, {}, "inputs must be integers of at most 64 bits, not float64"),
        ([True] * 3, W, {}, "inputs must be integers of at most 64 bits, not bool"),
        ([1, 2, -1], W, {}, "inputs must be at least 0, not -1"),
        ([1, 2, 16], W, {}, "inputs must be at most 15, not 16"),
        ([1, 2, 8], W, {"signed_inputs": True}, "inputs must be at most 7, not 8"),
        ([1, 2, -9], W, {"signed_inputs": True}, "inputs must be at least -8, not -9"),
        ([1, 2], W, {}, "inputs must have the shape (..., 3), none of zero, not (2,)"),
        (1, W, {}, "inputs must have the shape (..., 3), none of zero, not ()"),
        (np.zeros((0, 3), int), W, {}, "inputs must have the shape (..., 3), none of zero, not (0, 3)"),
        ([[1, 2, 3], [1]], W, {}, "inputs must have rows of one length"),
        ([1, 2, 3], [[1.5], [2], [3]], {}, "weights must be integers of at most 64 bits, not float64"),
        ([1, 2, 3], [1, 2, 3], {}, "weights must have the shape (3, outputs), none of zero, not (3,)"),
        ([1, 2, 3], [[1], [2]], {}, "weights must have the shape (3, outputs), none of zero, not (2, 1)"),
        ([1, 2, 3], [[], [], []], {}, "weights must have the shape (3, outputs), none of zero, not (3, 0)"),
        ([1, 2, 3], [[8], [0], [0]], {}, "weights must be at most 7, not 8"),
        ([1, 2, 3], [[-8], [0], [0]], {}, "weights must be at least -7, not -8"),
        ([1, 2, 3], [[4], [0], [0]], {"weight_encoding": "offset"}, "weights must be at most 3, not 4"),
        ([1, 2, 3], [[-5], [0], [0]], {"weight_encoding": "offset"}, "weights must be at least -4, not -5"),
    ],
)
@pytest.mark.parametrize("strategy", ["isaac", "cascade", "neural_pim"])
def test_refused_operands(inputs: object, weights: object, fields: dict, message: str, strategy: str) -> None:
    p = dataclasses.replace(P, strategy=strategy, **fields)
    assert message_of(lambda: matvec(inputs, weights, p)) == message


def test_refused_calls() -> None:
    x, w = [1, 2, 3], W
    for call, message in (
        (lambda: matvec(x, w, None), "parameters must be a CrossbarParameters, not None"),
        (lambda: input_slices(x, 8), "parameters must be a CrossbarParameters, not 8"),
        (lambda: weight_slices(w, 8), "parameters must be a CrossbarParameters, not 8"),
        (lambda: cascade_dot(x, w, P), "strategy must be 'cascade', not 'isaac'"),
        (lambda: neural_pim_dot(x, w, P), "strategy must be 'neural_pim', not 'isaac'"),
        (lambda: isaac_dot(x, w, eight_bit("cascade")), "strategy must be 'isaac', not 'cascade'"),
        (lambda: column_bits(P), "strategy must be 'cascade', not 'isaac'"),
        (lambda: accumulator_steps(np.zeros((3, 1), int), P), "sums must have the shape (4, ...), not (3, 1)"),
        (
            lambda: accumulator_steps(np.zeros((4, 1), int), P, fraction_bits=4),
            "fraction_bits must be between 0 and 3, not 4",
        ),
        (lambda: fixed_codes([0.5], P), "products must be integers of at most 64 bits, not float64"),
        (lambda: fixed_codes([1 << 47], P), f"products must be at most {1 << 46}, not {1 << 47}"),
        (lambda: ideal_codes([1.0, math.nan], P), "products must be finite numbers, they are not"),
        (lambda: ideal_codes([True], P), "products must be integers of at most 64 bits, not bool"),
        (lambda: restored([0.5], P), "codes must be integers of at most 64 bits, not float64"),
        (lambda: blocks(0, P), "length must be at least 1, not 0"),
        (lambda: arrays(1, 0, P), "outputs must be at least 1, not 0"),
        (lambda: chips(1, 0), "arrays_per_chip must be at least 1, not 0"),
        *(
            (lambda formula=formula: formula(None), "parameters must be a CrossbarParameters, not None")
            for formula in (conversions, adc_bits, latency)
        ),
    ):
        assert message_of(call) == message
