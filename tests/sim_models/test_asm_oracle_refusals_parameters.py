"""Bad parameters of alphabet sets: ValueError, on one line that names parameter, limits and value."""

import dataclasses
import math

import numpy as np
import pytest

from sim_models.asm import AsmParameters
from tests.sim_models.daism_refused import assert_refused

PLAIN = AsmParameters()
NO_INTEGERS = (8.0, "8", None, True, math.nan, [8], np.float64(8))

CHOICES = {
    "rounding": ("word", "quartet"),
    "ties": ("down", "up"),
    "placement": ("neuron", "near_memory", "in_memory"),
    "unsupported": ("refuse", "dont_care"),
}
FLAGS = (
    "sign_inside",
    "quartet_carry",
    "input_signed",
    "encode_weights",
    "encode_inputs",
    "store_triple",
    "zero_skip",
)

# fields and what the message holds
PARAMETERS = [
    ({"alphabets": ()}, ("alphabets", "()")),
    ({"alphabets": (1, 2)}, ("alphabets", "odd", "2")),
    ({"alphabets": (1, 14)}, ("alphabets", "odd", "14")),
    ({"alphabets": (1, 3, 3)}, ("alphabets", "distinct", "(1, 3, 3)")),
    ({"alphabets": (1, 1)}, ("alphabets", "distinct", "(1, 1)")),
    ({"alphabets": (3,)}, ("alphabets", "contain 1", "(3,)")),
    ({"alphabets": (3, 5, 7)}, ("alphabets", "contain 1", "(3, 5, 7)")),
    ({"alphabets": (1, 17)}, ("alphabets", "15", "17")),
    ({"alphabets": (1, 0)}, ("alphabets", "1", "0")),
    ({"alphabets": (1, -3)}, ("alphabets", "1", "-3")),
    ({"alphabets": (1, 3.0)}, ("alphabets", "integer", "3.0")),
    ({"alphabets": (True, 3)}, ("alphabets", "integer", "True")),
    ({"alphabets": (1, "3")}, ("alphabets", "integer", "'3'")),
    ({"alphabets": (1, None)}, ("alphabets", "integer", "None")),
    ({"alphabets": "13"}, ("alphabets", "'13'")),
    ({"alphabets": 1}, ("alphabets", "not 1")),
    ({"alphabets": None}, ("alphabets", "None")),
    ({"alphabets": {1: 3}}, ("alphabets", "{1: 3}")),
    *(({"weight_bits": bits}, ("weight_bits", "4", "16", str(bits))) for bits in (-4, 0, 1, 2, 3, 17, 20, 64)),
    *(({"weight_bits": bits}, ("weight_bits", "4, 8, 12", str(bits))) for bits in (5, 6, 7, 9, 11, 13, 15)),
    *(({"input_bits": bits}, ("input_bits", "between 2 and 16", str(bits))) for bits in (-1, 0, 1, 17, 32)),
    *(({name: value}, (name, repr(value))) for name in CHOICES for value in ("other", "", None, 1, " word", "WORD")),
    *(({name: value}, (name, "bool", repr(value))) for name in FLAGS for value in (0, 1, "yes", None)),
    ({"quartet_carry": True}, ("quartet_carry", "'word'", "True")),
    ({"quartet_carry": True, "rounding": "word"}, ("quartet_carry", "'word'", "True")),
    *(
        ({name: True, "alphabets": alphabets}, (name, "(1, 3)", str(alphabets)))
        for name in ("encode_weights", "encode_inputs")
        for alphabets in ((1, 5), (1, 3, 5), (1, 3, 5, 7), tuple(range(1, 16, 2)))
    ),
    *(({"encode_inputs": True, "input_bits": bits}, ("input_bits", "multiple of 4", str(bits))) for bits in (2, 6, 9)),
    *(
        ({name: value}, (name, str(value)))
        for name in ("lanes", "reduction_length", "rows", "columns", "banks")
        for value in (0, -1)
    ),
    ({"accumulator_bits": 24}, ("accumulator_bits", "25", "24")),
    ({"accumulator_bits": 0}, ("accumulator_bits", "25", "0")),
    ({"accumulator_bits": -1}, ("accumulator_bits", "25", "-1")),
    ({"accumulator_bits": 25, "reduction_length": 257}, ("accumulator_bits", "26", "25")),
    ({"accumulator_bits": 9, "weight_bits": 4, "input_bits": 4, "reduction_length": 2}, ("accumulator_bits", "10")),
    ({"placement": "in_memory", "columns": 24}, ("columns", "25", "24")),
    ({"placement": "in_memory", "accumulator_bits": 40, "columns": 39}, ("columns", "40", "39")),
    ({"placement": "in_memory", "rows": 4}, ("rows", "5", "4")),
    ({"placement": "in_memory", "rows": 3, "store_triple": False}, ("rows", "4", "3")),
    ({"placement": "in_memory", "rows": 3, "weight_bits": 4}, ("rows", "4", "3")),
    ({"placement": "in_memory", "alphabets": (1, 3, 5)}, ("alphabets", "(1, 3)", "(1, 3, 5)")),
    ({"placement": "in_memory", "input_signed": True}, ("input_signed", "in_memory", "True")),
    ({"lanes": 4, "columns": 35}, ("columns", "36", "35")),
]


@pytest.mark.parametrize(("fields", "parts"), PARAMETERS, ids=repr)
def test_parameters(fields: dict[str, object], parts: tuple[str, ...]) -> None:
    assert_refused(lambda: AsmParameters(**fields), *parts)


@pytest.mark.parametrize("name", ["weight_bits", "input_bits", "lanes", "reduction_length", "rows", "columns", "banks"])
def test_sizes_are_integers(name: str) -> None:
    for value in NO_INTEGERS:
        assert_refused(lambda value=value: AsmParameters(**{name: value}), name, "integer", repr(value))
    for value in NO_INTEGERS:
        if value is not None:
            assert_refused(lambda value=value: AsmParameters(accumulator_bits=value), "accumulator_bits", "integer")


def test_the_smallest_that_is_taken() -> None:
    """Beside each limit above."""
    assert AsmParameters(accumulator_bits=25).accumulator_width == 25
    assert AsmParameters(placement="in_memory", columns=25).lanes_in_row == 1
    assert AsmParameters(placement="in_memory", rows=5).inputs_per_pass == 1
    assert AsmParameters(placement="in_memory", rows=4, store_triple=False).inputs_per_pass == 1
    assert AsmParameters(columns=36).columns == 36
    assert AsmParameters(columns=35, placement="neuron").columns == 35
    for name, choices in CHOICES.items():
        for choice in choices:
            assert getattr(AsmParameters(**{name: choice}), name) == choice
    for bits in (4, 8, 12, 16):
        assert AsmParameters(weight_bits=bits).weight_bits == bits
    for bits in (2, 16):
        assert AsmParameters(input_bits=bits).input_bits == bits


def test_defaults_and_frozen() -> None:
    expected = {
        "alphabets": (1, 3),
        "weight_bits": 8,
        "input_bits": 8,
        "sign_inside": False,
        "rounding": "word",
        "quartet_carry": False,
        "ties": "down",
        "input_signed": False,
        "encode_weights": False,
        "encode_inputs": False,
        "lanes": 4,
        "placement": "near_memory",
        "accumulator_bits": None,
        "reduction_length": 256,
        "unsupported": "refuse",
        "store_triple": True,
        "zero_skip": True,
        "rows": 256,
        "columns": 256,
        "banks": 1,
    }
    assert vars(PLAIN) == expected
    with pytest.raises(dataclasses.FrozenInstanceError):
        PLAIN.lanes = 2
    with pytest.raises(TypeError):
        AsmParameters((1, 3))
