"""Widths, supported values and the control table against every multiple and shift tried in Python's integers."""

import itertools

import numpy as np
import pytest

from sim_models.asm import AsmParameters, supported_values
from sim_models.asm.control import ALPHABET, SHIFT, is_supported, supported_quartets
from tests.sim_models import asm_oracle as oracle
from tests.sim_models.asm_oracle import NAMED_SETS, SETS, WIDTHS

# quartet: alphabet and shift
CONTROL = {
    0: (0, 0),
    1: (1, 0),
    2: (1, 1),
    3: (3, 0),
    4: (1, 2),
    5: (5, 0),
    6: (3, 1),
    7: (7, 0),
    8: (1, 3),
    9: (9, 0),
    10: (5, 1),
    11: (11, 0),
    12: (3, 2),
    13: (13, 0),
    14: (7, 1),
    15: (15, 0),
}

# quartets of four and of three bits, magnitudes of 8 and 12 bits
COUNTS = dict(zip(NAMED_SETS, [(5, 4, 25, 125), (8, 6, 64, 512), (12, 8, 144, 1728), (16, 8, 256, 4096)], strict=True))
LISTS = {
    (1,): ([0, 1, 2, 4, 8], [0, 1, 2, 4]),
    (1, 3): ([0, 1, 2, 3, 4, 6, 8, 12], [0, 1, 2, 3, 4, 6]),
    (1, 3, 5, 7): ([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14], list(range(8))),
    tuple(range(1, 16, 2)): (list(range(16)), list(range(8))),
}


def test_control_table() -> None:
    assert len(ALPHABET) == len(SHIFT) == 16
    for quartet, (alphabet, shift) in CONTROL.items():
        assert oracle.control(quartet) == (ALPHABET[quartet], SHIFT[quartet] if alphabet else 0) == (alphabet, shift)


@pytest.mark.parametrize(("bits", "inside"), [*itertools.product(WIDTHS, (False, True))])
def test_derived_widths(bits: int, inside: bool) -> None:
    for input_bits, length in itertools.product((2, 4, 7, 8, 16), (1, 2, 3, 4, 5, 255, 256, 257, 65536)):
        p = AsmParameters(weight_bits=bits, sign_inside=inside, input_bits=input_bits, reduction_length=length)
        widths = oracle.quartet_bits(p)
        assert p.magnitude_bits == oracle.magnitude_bits(p) == bits - inside == sum(widths)
        assert (p.quartets, p.top_bits, tuple(p.quartet_bits)) == (bits // 4, 4 - inside, tuple(widths))
        assert p.codes == p.quartets
        assert p.product_bits == bits - inside + input_bits
        assert p.needed_accumulator_bits == p.accumulator_width == oracle.accumulator_bits(p)
        assert p.weight_word_bits == oracle.weight_word_bits(p) == 1 + p.magnitude_bits
        assert p.input_word_bits == input_bits
        wider = AsmParameters(
            weight_bits=bits,
            sign_inside=inside,
            input_bits=input_bits,
            reduction_length=length,
            accumulator_bits=p.accumulator_width + 3,
        )
        assert (wider.needed_accumulator_bits, wider.accumulator_width) == (
            p.accumulator_width,
            p.accumulator_width + 3,
        )


def test_accumulators_of_4_bit_operands() -> None:
    for length, logarithm in ((1, 0), (2, 1), (3, 2), (64, 6), (65, 7), (256, 8)):
        p = AsmParameters(weight_bits=4, input_bits=4, reduction_length=length)
        assert p.accumulator_width == 4 + 4 + logarithm + 1


@pytest.mark.parametrize("columns", [32, 33, 63, 64, 65, 256])
def test_words_in_a_row_of_the_array(columns: int) -> None:
    p = AsmParameters(weight_bits=4, input_bits=4, columns=columns, placement="in_memory")
    assert p.lanes_in_row == columns // 17


def test_sets_are_stored_sorted() -> None:
    p = AsmParameters(alphabets=(7, 1, 5, 3))
    assert p.alphabets == (1, 3, 5, 7)
    assert p == AsmParameters(alphabets=(1, 3, 5, 7))
    assert hash(p) == hash(AsmParameters(alphabets=(1, 3, 5, 7)))


@pytest.mark.parametrize("alphabets", NAMED_SETS)
def test_counts_of_the_named_sets(alphabets: tuple[int, ...]) -> None:
    four, three, eight, twelve = COUNTS[alphabets]
    found = [supported_values(AsmParameters(alphabets=alphabets, weight_bits=bits)) for bits in (4, 8, 12)]
    inside = supported_values(AsmParameters(alphabets=alphabets, weight_bits=4, sign_inside=True))
    assert [len(values) for values in found] == [four, eight, twelve]
    assert len(inside) == three
    assert (found[0].tolist(), inside.tolist()) == LISTS[alphabets]


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("bits", [4, 8, 12])
def test_supported_values_of_every_set(bits: int, inside: bool) -> None:
    assert len(SETS) == 128
    for alphabets in SETS:
        p = AsmParameters(alphabets=alphabets, weight_bits=bits, sign_inside=inside)
        found = supported_values(p)
        assert found.dtype == np.int64
        assert found.tolist() == oracle.supported_values(p), p
        mask = is_supported(np.arange(2**p.magnitude_bits), p)
        assert mask.dtype == bool
        assert np.flatnonzero(mask).tolist() == found.tolist(), p
        if bits <= 8:
            assert found.tolist() == [word for word in range(2**p.magnitude_bits) if oracle.is_supported(word, p)], p


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("alphabets", [*NAMED_SETS, (1, 15), (1, 9, 11)])
def test_supported_values_of_16_bits(alphabets: tuple[int, ...], inside: bool) -> None:
    p = AsmParameters(alphabets=alphabets, weight_bits=16, sign_inside=inside)
    assert supported_values(p).tolist() == oracle.supported_values(p)
    assert np.flatnonzero(is_supported(np.arange(2**p.magnitude_bits), p)).tolist() == oracle.supported_values(p)


@pytest.mark.parametrize("bits", WIDTHS)
def test_supported_quartets_of_every_set_and_place(bits: int) -> None:
    for alphabets, inside in itertools.product(SETS, (False, True)):
        p = AsmParameters(alphabets=alphabets, weight_bits=bits, sign_inside=inside)
        for place, width in enumerate(oracle.quartet_bits(p)):
            expected = oracle.supported_quartets(alphabets, width)
            assert list(supported_quartets(p, place)) == expected, (p, place)


def test_values_are_those_of_the_set_alone() -> None:
    """Neither inputs nor memories nor rounding change the grid."""
    expected = supported_values(AsmParameters()).tolist()
    for fields in (
        {"rounding": "quartet", "quartet_carry": True},
        {"ties": "up"},
        {"input_bits": 4, "encode_weights": True, "encode_inputs": True},
        {"placement": "in_memory", "store_triple": False},
    ):
        assert supported_values(AsmParameters(**fields)).tolist() == expected


def test_a_returned_list_is_the_callers_own_or_read_only() -> None:
    p = AsmParameters()
    before = supported_values(p).tolist()
    values = supported_values(p)
    if values.flags.writeable:
        values[:] = 0
    assert supported_values(p).tolist() == before
