"""Parameters of alphabet-set multiplication: derived sizes and refusals."""

from collections.abc import Callable

import pytest

from sim_models.asm import AsmParameters

ALL = tuple(range(1, 16, 2))
MEMORY = {"placement": "in_memory"}


def test_defaults() -> None:
    p = AsmParameters()
    assert (p.alphabets, p.weight_bits, p.input_bits, p.sign_inside) == ((1, 3), 8, 8, False)
    assert (p.rounding, p.quartet_carry, p.ties, p.input_signed) == ("word", False, "down", False)
    assert (p.encode_weights, p.encode_inputs, p.lanes, p.placement) == (False, False, 4, "near_memory")
    assert (p.accumulator_bits, p.reduction_length, p.unsupported) == (None, 256, "refuse")
    assert (p.store_triple, p.zero_skip, p.rows, p.columns, p.banks) == (True, True, 256, 256, 1)


def test_alphabets_are_kept_sorted() -> None:
    assert AsmParameters(alphabets=(5, 1, 3)) == AsmParameters(alphabets=[1, 3, 5])
    assert AsmParameters(alphabets=(5, 1, 3)).alphabets == (1, 3, 5)


@pytest.mark.parametrize(
    ("weight_bits", "inside", "magnitude", "quartets"),
    [
        (4, False, 4, (4,)),
        (4, True, 3, (3,)),
        (8, False, 8, (4, 4)),
        (8, True, 7, (4, 3)),
        (12, False, 12, (4, 4, 4)),
        (12, True, 11, (4, 4, 3)),
        (16, False, 16, (4, 4, 4, 4)),
    ],
)
def test_quartets(weight_bits: int, inside: bool, magnitude: int, quartets: tuple[int, ...]) -> None:
    p = AsmParameters(weight_bits=weight_bits, sign_inside=inside, input_bits=5)
    assert (p.magnitude_bits, p.quartet_bits, p.quartets, p.codes) == (magnitude, quartets, len(quartets), p.quartets)
    assert p.top_bits == quartets[-1]
    assert (p.maximum_weight, p.product_bits) == (2**magnitude - 1, magnitude + 5)
    assert p.weight_word_bits == 1 + magnitude


@pytest.mark.parametrize(
    ("alphabets", "weight_bits", "inside", "code", "word"),
    [
        ((1, 3), 4, False, 3, 4),
        ((1,), 4, False, 3, 4),
        ((1,), 4, True, 2, 3),
        ((1, 3), 4, True, 3, 4),
        ((1, 3), 8, False, 3, 7),
        ((1,), 8, True, 3, 7),
        ((1, 3), 12, False, 3, 10),
    ],
)
def test_codes_are_shorter_than_plain_words(
    alphabets: tuple[int, ...], weight_bits: int, inside: bool, code: int, word: int
) -> None:
    fields = {"alphabets": alphabets, "weight_bits": weight_bits, "sign_inside": inside}
    p = AsmParameters(**fields, encode_weights=True)
    assert (p.code_bits, p.weight_word_bits) == (code, word)
    assert AsmParameters(**fields).code_bits == 4


def test_input_words() -> None:
    assert AsmParameters(input_bits=6).input_word_bits == 6
    assert AsmParameters(input_bits=6, input_signed=True).input_word_bits == 7
    assert AsmParameters(encode_inputs=True).input_word_bits == 6
    assert AsmParameters(input_bits=12, encode_inputs=True, input_signed=True).input_word_bits == 10
    assert (AsmParameters(input_bits=6).maximum_input, AsmParameters(input_bits=6).input_quartets) == (63, 2)


@pytest.mark.parametrize(("length", "bits"), [(1, 17), (2, 18), (3, 19), (64, 23), (256, 25), (257, 26), (1 << 20, 37)])
def test_accumulators(length: int, bits: int) -> None:
    p = AsmParameters(reduction_length=length)
    assert (p.needed_accumulator_bits, p.accumulator_width) == (bits, bits)
    assert AsmParameters(reduction_length=length, accumulator_bits=40).accumulator_width == 40
    assert 255 * 255 * length < 1 << bits - 1


def test_geometry_in_memory() -> None:
    p = AsmParameters(placement="in_memory", rows=20, columns=60)
    assert (p.lanes_in_row, p.keeps_triple, p.rows_per_input, p.inputs_per_pass) == (2, True, 2, 8)
    single = AsmParameters(placement="in_memory", rows=20, columns=60, store_triple=False)
    assert (single.keeps_triple, single.rows_per_input, single.inputs_per_pass) == (False, 1, 17)
    assert not AsmParameters(alphabets=(1,), placement="in_memory").keeps_triple


def test_geometry_near_memory() -> None:
    assert AsmParameters(lanes=7, banks=2, columns=36).lanes_in_bank == 4
    assert AsmParameters(lanes=8, columns=1, placement="neuron").lanes_in_bank == 8


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"alphabets": ()}, "alphabets must be odd integers of 1..15, at least one, not ()"),
        ({"alphabets": 1}, "alphabets must be odd integers of 1..15, at least one, not 1"),
        ({"alphabets": "13"}, "alphabets must be odd integers of 1..15, at least one, not '13'"),
        ({"alphabets": (1, 2)}, "alphabets must be odd, not 2"),
        ({"alphabets": (1, 3, 3)}, "alphabets must be distinct, not (1, 3, 3)"),
        ({"alphabets": (3, 5)}, "alphabets must contain 1, not be (3, 5)"),
        ({"alphabets": (1, 17)}, "each of alphabets must be between 1 and 15, not 17"),
        ({"alphabets": (1, -3)}, "each of alphabets must be between 1 and 15, not -3"),
        ({"alphabets": (1, 3.0)}, "each of alphabets must be an integer, not 3.0"),
        ({"alphabets": (True, 3)}, "each of alphabets must be an integer, not True"),
        ({"weight_bits": 3}, "weight_bits must be between 4 and 16, not 3"),
        ({"weight_bits": 20}, "weight_bits must be between 4 and 16, not 20"),
        ({"weight_bits": 6}, "weight_bits must be one of 4, 8, 12, 16, not 6"),
        ({"weight_bits": 8.0}, "weight_bits must be an integer, not 8.0"),
        ({"input_bits": 1}, "input_bits must be between 2 and 16, not 1"),
        ({"input_bits": 17}, "input_bits must be between 2 and 16, not 17"),
        ({"sign_inside": 1}, "sign_inside must be a bool, not 1"),
        ({"zero_skip": "yes"}, "zero_skip must be a bool, not 'yes'"),
        ({"rounding": "nearest"}, "rounding must be one of 'word', 'quartet', not 'nearest'"),
        ({"ties": "even"}, "ties must be one of 'down', 'up', not 'even'"),
        ({"placement": "memory"}, "placement must be one of 'neuron', 'near_memory', 'in_memory', not 'memory'"),
        ({"unsupported": "round"}, "unsupported must be one of 'refuse', 'dont_care', not 'round'"),
        ({"quartet_carry": True}, "quartet_carry must be False with rounding 'word', not True"),
        (
            {"alphabets": (1, 5), "encode_weights": True},
            "encode_weights must be False with alphabets other than (1,) and (1, 3), not (1, 5)",
        ),
        (
            {"alphabets": ALL, "encode_inputs": True},
            f"encode_inputs must be False with alphabets other than (1,) and (1, 3), not {ALL}",
        ),
        ({"input_bits": 6, "encode_inputs": True}, "input_bits must be a multiple of 4 with encode_inputs, not 6"),
        ({"accumulator_bits": 24}, "accumulator_bits must be between 25 and 64, not 24"),
        ({"accumulator_bits": 65}, "accumulator_bits must be between 25 and 64, not 65"),
        ({"lanes": 0}, "lanes must be between 1 and 1048576, not 0"),
        ({"reduction_length": 0}, "reduction_length must be between 1 and 1048576, not 0"),
        ({"reduction_length": 1 << 21}, "reduction_length must be between 1 and 1048576, not 2097152"),
        ({"rows": 0}, "rows must be between 1 and 1048576, not 0"),
        ({"banks": True}, "banks must be an integer, not True"),
        ({"columns": 35}, "columns must be at least 36, the weights of 4 lanes, not 35"),
        ({**MEMORY, "columns": 24}, "columns must be at least 25, one word, not 24"),
        ({**MEMORY, "columns": 29, "accumulator_bits": 30}, "columns must be at least 30, one word, not 29"),
        ({**MEMORY, "rows": 4}, "rows must be at least 5, those of one input and output, not 4"),
        ({**MEMORY, "rows": 3, "store_triple": False}, "rows must be at least 4, those of one input and output, not 3"),
        (
            {**MEMORY, "alphabets": (1, 3, 5, 7)},
            "alphabets must be (1,) or (1, 3) with placement 'in_memory', not (1, 3, 5, 7)",
        ),
        ({**MEMORY, "input_signed": True}, "input_signed must be False with placement 'in_memory', not True"),
        ({**MEMORY, "encode_inputs": True}, "encode_inputs must be False with placement 'in_memory', not True"),
    ],
)
def test_bad_parameters_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        AsmParameters(**fields)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    "make",
    [
        lambda: AsmParameters(columns=36),
        lambda: AsmParameters(**MEMORY, columns=25),
        lambda: AsmParameters(**MEMORY, rows=5),
        lambda: AsmParameters(**MEMORY, rows=4, alphabets=(1,)),
        lambda: AsmParameters(accumulator_bits=25),
    ],
)
def test_what_just_fits_is_taken(make: Callable[[], AsmParameters]) -> None:
    p = make()
    assert p.lanes_in_row >= 1
    assert p.inputs_per_pass >= 1
