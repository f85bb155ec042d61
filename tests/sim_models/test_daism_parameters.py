"""Parameters: derived sizes and refusals."""

import pytest

from sim_models.daism import DaismParameters

INTEGER = {"operand_kind": "integer", "accumulator": "int"}


def test_defaults() -> None:
    p = DaismParameters()
    assert (p.operand_kind, p.significand_bits, p.exponent_bits, p.variant, p.hla_mode) == ("float", 8, 8, "pc3", "a")
    assert (p.kept_columns, p.rows, p.columns, p.banks, p.stored_operand) == ("truncated", 512, 512, 16, "weight")
    assert (p.accumulator, p.accumulator_rounding, p.product_rounding) == ("fp32", "rz", "rz")
    assert (p.product_precision, p.saturate_to, p.zero_skip, p.bank_slicing) == (
        "significand",
        "max_finite",
        True,
        "auto",
    )
    assert (p.interleave, p.accumulate_latency, p.clock_hz, p.node_nm) == (8, 1, 1e9, 45)


@pytest.mark.parametrize(
    ("variant", "mode", "n", "floats", "integers", "open_rows", "accesses"),
    [
        ("fla", "a", 8, 8, 8, 8, 1),
        ("pc2", "a", 8, 8, 9, 7, 1),
        ("pc3", "a", 8, 9, 12, 6, 1),
        ("pc4", "a", 8, 12, 19, 5, 1),
        ("hla", "a", 8, 11, 12, 4, 1),
        ("hla", "a", 11, 16, 16, 6, 1),
        ("hla", "b", 8, 8, 8, 4, 2),
        ("hla", "b", 11, 11, 11, 6, 2),
        ("hla", "c", 11, 11, 11, 6, 2),
        ("hla", "d", 11, 6, 6, 6, 1),
        ("pc3", "a", 24, 25, 28, 22, 1),
    ],
)
def test_rows_of_a_group(
    variant: str, mode: str, n: int, floats: int, integers: int, open_rows: int, accesses: int
) -> None:
    for options, rows in (({}, floats), (INTEGER, integers)):
        p = DaismParameters(variant=variant, hla_mode=mode, significand_bits=n, **options)
        assert (p.rows_per_group, p.maximum_rows_open, p.accesses) == (rows, open_rows, accesses)


@pytest.mark.parametrize(
    ("width", "kept", "drop", "lanes"), [("full", 16, 0, 32), ("guard", 9, 7, 56), ("truncated", 8, 8, 64)]
)
def test_columns_of_an_operand(width: str, kept: int, drop: int, lanes: int) -> None:
    p = DaismParameters(kept_columns=width)
    assert (p.kept, p.drop, p.lanes, p.groups) == (kept, drop, lanes, 56)


def test_widths_of_words() -> None:
    for n, exponent, bits in ((8, 8, 16), (11, 5, 16), (24, 8, 32)):
        p = DaismParameters(significand_bits=n, exponent_bits=exponent)
        assert (p.word_bits, p.product_word_bits, p.accumulator_bits(1000)) == (bits, bits, 32)
    assert DaismParameters(kept_columns="full", product_precision="kept").product_word_bits == 24
    assert DaismParameters(**INTEGER).word_bits == 8
    assert [DaismParameters(**INTEGER).accumulator_bits(k) for k in (1, 2, 576)] == [16, 17, 26]


FLOAT_ACCUMULATOR = "accumulator must be 'int' with operand_kind 'integer', not 'fp32'"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"operand_kind": "fixed"}, "operand_kind must be one of 'float', 'integer', not 'fixed'"),
        ({"variant": "pc5"}, "variant must be one of 'fla', 'pc2', 'pc3', 'pc4', 'hla', not 'pc5'"),
        ({"variant": "hla", "hla_mode": "e"}, "hla_mode must be one of 'a', 'b', 'c', 'd', not 'e'"),
        (
            {"hla_mode": "b"},
            "hla_mode must be left at 'a' with variant 'pc3', which does not read it, not 'b'",
        ),
        ({"kept_columns": "half"}, "kept_columns must be one of 'full', 'guard', 'truncated', not 'half'"),
        ({"stored_operand": "x"}, "stored_operand must be one of 'weight', 'activation', not 'x'"),
        ({"accumulator": "fp16"}, "accumulator must be one of 'fp32', 'bf16', 'int', not 'fp16'"),
        ({"accumulator": "int"}, "accumulator must be 'fp32' or 'bf16' with operand_kind 'float', not 'int'"),
        ({"operand_kind": "integer"}, FLOAT_ACCUMULATOR),
        ({"accumulator_rounding": "ru"}, "accumulator_rounding must be one of 'rz', 'rne', not 'ru'"),
        ({"product_rounding": None}, "product_rounding must be one of 'rz', 'rne', not None"),
        ({"product_precision": "all"}, "product_precision must be one of 'significand', 'kept', not 'all'"),
        ({"saturate_to": "nan"}, "saturate_to must be one of 'max_finite', 'infinity', not 'nan'"),
        ({"bank_slicing": "row"}, "bank_slicing must be one of 'index', 'channel', 'auto', not 'row'"),
        ({"zero_skip": 1}, "zero_skip must be a bool, not 1"),
        ({"significand_bits": 3}, "significand_bits must be between 4 and 24, not 3"),
        ({"significand_bits": 25}, "significand_bits must be between 4 and 24, not 25"),
        ({"significand_bits": 8.0}, "significand_bits must be an integer, not 8.0"),
        (
            {"significand_bits": 4, "variant": "pc4"},
            "significand_bits must be at least 5 for variant 'pc4', not 4",
        ),
        ({"exponent_bits": 6}, "exponent_bits must be one of 5, 8, not 6"),
        ({"rows": 8}, "rows must be at least 9, the rows of one operand, not 8"),
        ({"columns": 7}, "columns must be at least 8, the columns of one operand, not 7"),
        ({"columns": 15, "kept_columns": "full"}, "columns must be at least 16, the columns of one operand, not 15"),
        ({"rows": 0}, "rows must be between 1 and 1048576, not 0"),
        ({"banks": 0}, "banks must be between 1 and 1048576, not 0"),
        ({"interleave": 0}, "interleave must be between 1 and 1048576, not 0"),
        ({"accumulate_latency": 0}, "accumulate_latency must be between 1 and 1048576, not 0"),
        ({"clock_hz": 0}, "clock_hz must be between 1 and 1000000000000.0, not 0"),
        ({"node_nm": float("nan")}, "node_nm must be between 1 and 1000, not nan"),
    ],
)
def test_bad_parameters_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        DaismParameters(**fields)
    assert str(refused.value) == message


def test_a_bank_may_hold_exactly_one_operand() -> None:
    p = DaismParameters(rows=9, columns=8)
    assert (p.lanes, p.groups) == (1, 1)


def test_the_length_of_an_accumulator_must_be_positive() -> None:
    with pytest.raises(ValueError) as refused:
        DaismParameters(**INTEGER).accumulator_bits(0)
    assert str(refused.value) == "length must be at least 1, not 0"
