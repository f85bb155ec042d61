"""Bad input of the array's models: refused by ValueError, on one line that names the parameter and what it was."""

import dataclasses
import math

import numpy as np
import pytest

from sim_models.daism import (
    DaismParameters,
    accumulate,
    exact_product,
    matmul,
    multiply,
    product,
    row_contents,
    row_enables,
    to_values,
    to_words,
)
from sim_models.daism.accumulate import add_partial_sums
from sim_models.daism.convolution import (
    conv2d,
)
from sim_models.daism.cycles import layer_counters
from sim_models.daism.error import dot_product_error
from sim_models.daism.words import accumulator_values
from tests.sim_models.daism_oracle import VARIANTS, kept, legal, parameters, rows
from tests.sim_models.daism_refused import assert_refused

BF16 = DaismParameters()
INFINITE = parameters(saturate_to="infinity")
INTEGER = parameters(operand_kind="integer")
ONE = 0x3F80


CHOICES = {
    "operand_kind": ("float", "integer"),
    "variant": ("fla", "pc2", "pc3", "pc4", "hla"),
    "kept_columns": ("full", "guard", "truncated"),
    "stored_operand": ("weight", "activation"),
    "accumulator": ("fp32", "bf16"),
    "accumulator_rounding": ("rz", "rne"),
    "product_rounding": ("rz", "rne"),
    "product_precision": ("significand", "kept"),
    "saturate_to": ("max_finite", "infinity"),
    "bank_slicing": ("index", "channel", "auto"),
}


@pytest.mark.parametrize("name", CHOICES)
def test_choices(name: str) -> None:
    for choice in CHOICES[name]:
        assert getattr(parameters(**{name: choice}), name) == choice
    for value in ("other", "", CHOICES[name][0].upper(), f" {CHOICES[name][0]}", None, 1, [CHOICES[name][0]]):
        assert_refused(lambda value=value: DaismParameters(**{name: value}), name, repr(value))


@pytest.mark.parametrize("value", ["e", "A", "", None, 0, ["a"]], ids=repr)
def test_modes_of_hla(value: object) -> None:
    assert_refused(lambda: DaismParameters(variant="hla", hla_mode=value), "hla_mode", repr(value))
    assert_refused(lambda: DaismParameters(variant="fla", hla_mode=value), "hla_mode", repr(value))


@pytest.mark.parametrize("mode", "bcd")
def test_a_mode_of_hla_needs_hla(mode: str) -> None:
    for variant in ("fla", "pc2", "pc3", "pc4"):
        assert_refused(lambda variant=variant: DaismParameters(variant=variant, hla_mode=mode), "hla_mode", mode)
    assert DaismParameters(variant="hla", hla_mode=mode).hla_mode == mode


LOWEST = {"significand_bits": 4, "rows": 1, "columns": 1, "banks": 1, "interleave": 1, "accumulate_latency": 1}


@pytest.mark.parametrize("name", LOWEST)
@pytest.mark.parametrize("value", [0, -1, 8.0, 2.5, "8", True, None, math.nan, [8], np.float64(8)], ids=repr)
def test_sizes_are_integers_from_1(name: str, value: object) -> None:
    assert_refused(lambda: DaismParameters(**{name: value}), name, repr(value) if value in (0, -1) else "")


@pytest.mark.parametrize("bits", [-8, 0, 3, 25, 32])
def test_significand_bits(bits: int) -> None:
    for kind in ("float", "integer"):
        assert_refused(
            lambda kind=kind: parameters(significand_bits=bits, operand_kind=kind), "significand_bits", str(bits)
        )


def test_significand_bits_of_precomputed_rows() -> None:
    for kind in ("float", "integer"):
        fields = {"significand_bits": 4, "variant": "pc4", "operand_kind": kind}
        assert_refused(lambda fields=fields: parameters(**fields), "significand_bits", "4")
    for variant in ("fla", "pc2", "pc3", "hla"):
        assert parameters(significand_bits=4, variant=variant).significand_bits == 4
    assert parameters(significand_bits=5, variant="pc4").significand_bits == 5


@pytest.mark.parametrize("bits", [0, 4, 6, 7, 9, 11, -5, 5.0, "8", True, None], ids=repr)
def test_exponent_bits(bits: object) -> None:
    assert_refused(lambda: DaismParameters(exponent_bits=bits), "exponent_bits", repr(bits))


def test_accumulators_of_the_other_operands() -> None:
    assert_refused(lambda: DaismParameters(accumulator="int"), "accumulator", "int")
    for accumulator in ("fp32", "bf16"):
        assert_refused(
            lambda accumulator=accumulator: DaismParameters(operand_kind="integer", accumulator=accumulator),
            "accumulator",
            accumulator,
        )


@pytest.mark.parametrize("n", [5, 8, 11, 24])
def test_banks_without_a_group_or_a_lane(n: int) -> None:
    for p in legal(n):
        length, width = len(rows(p)), kept(p)
        for name, value in (("rows", length - 1), ("columns", width - 1)):
            assert_refused(
                lambda p=p, name=name, value=value: dataclasses.replace(p, **{name: value}), name, str(value)
            )
        smallest = dataclasses.replace(p, rows=length, columns=width)
        assert (smallest.groups, smallest.lanes) == (1, 1)


@pytest.mark.parametrize("value", [0, 1, "yes", None, 1.0], ids=repr)
def test_zero_skip_is_a_boolean(value: object) -> None:
    assert_refused(lambda: DaismParameters(zero_skip=value), "zero_skip", repr(value))


@pytest.mark.parametrize("name", ["clock_hz", "node_nm"])
@pytest.mark.parametrize("value", [0, -1.0, math.nan, math.inf, "45", None], ids=repr)
def test_nominal_figures_are_positive_numbers(name: str, value: object) -> None:
    assert_refused(lambda: DaismParameters(**{name: value}), name)


def test_defaults() -> None:
    expected = {
        "operand_kind": "float",
        "significand_bits": 8,
        "exponent_bits": 8,
        "variant": "pc3",
        "hla_mode": "a",
        "kept_columns": "truncated",
        "rows": 512,
        "columns": 512,
        "banks": 16,
        "stored_operand": "weight",
        "accumulator": "fp32",
        "accumulator_rounding": "rz",
        "product_rounding": "rz",
        "product_precision": "significand",
        "saturate_to": "max_finite",
        "zero_skip": True,
        "bank_slicing": "auto",
        "interleave": 8,
        "accumulate_latency": 1,
        "clock_hz": 1e9,
        "node_nm": 45,
    }
    assert vars(DaismParameters()) == expected
    with pytest.raises(dataclasses.FrozenInstanceError):
        BF16.banks = 2


NO_INTEGERS = [1.0, [1.5], "80", None, [None], np.array([128.0]), np.array([1 << 70], object), True, 1j]


@pytest.mark.parametrize("values", NO_INTEGERS, ids=repr)
def test_arrays_that_are_no_integers(values: object) -> None:
    for call in (product, exact_product, multiply):
        assert_refused(lambda call=call: call(values, ONE if call is multiply else 128, BF16))
        assert_refused(lambda call=call: call(ONE if call is multiply else 128, values, BF16))
    for call in (row_contents, row_enables, to_values):
        assert_refused(lambda call=call: call(values, BF16))
    for call in (accumulate, add_partial_sums):
        assert_refused(lambda call=call: call(values, 0, BF16))
        assert_refused(lambda call=call: call(0, values, BF16))
    assert_refused(lambda: accumulator_values(values))
    matrix = [[ONE]]
    assert_refused(lambda: matmul([[values]], matrix, BF16))
    assert_refused(lambda: matmul(matrix, [[values]], BF16))
    assert_refused(lambda: matmul(matrix, matrix, BF16, initial=values))
    assert_refused(lambda: conv2d([[[[values]]]], [[matrix]], BF16))
    assert_refused(lambda: conv2d([[matrix]], [[[[values]]]], BF16))


def test_lists_of_unequal_rows() -> None:
    """numpy's own refusal."""
    for call in (product, exact_product, multiply, accumulate):
        with pytest.raises(ValueError, match="inhomogeneous"):
            call([[128], [128, 129]], 128, BF16)


@pytest.mark.parametrize("n", [4, 8, 11, 24])
@pytest.mark.parametrize("kind", ["float", "integer"])
def test_significands_out_of_range(n: int, kind: str) -> None:
    """Also those without the hidden one, but for the 0 of the number zero."""
    for variant in VARIANTS:
        if n == 4 and variant["variant"] == "pc4":
            continue
        p = parameters(**variant, significand_bits=n, operand_kind=kind)
        bad = [-1, 2**n, 2**62, -(2**62), np.uint64(2**63 + 128)]
        bad += [1, 2 ** (n - 1) - 1] if kind == "float" else []
        for value in bad:
            for call in (product, exact_product):
                assert_refused(lambda call=call, value=value, p=p: call(value, 2 ** (n - 1), p))
                assert_refused(lambda call=call, value=value, p=p: call([2 ** (n - 1), 2 ** (n - 1)], [0, value], p))
            for call in (row_contents, row_enables):
                assert_refused(lambda call=call, value=value, p=p: call(value, p))
        assert int(product(0, 2**n - 1, p)) == int(product(2**n - 1, 0, p)) == 0


@pytest.mark.parametrize("word", [0x7F80, 0xFF80, 0x7F81, 0x7FFF, 0xFFC0])
def test_operands_that_are_infinite_or_no_numbers(word: int) -> None:
    for p in (BF16, INFINITE):
        for other in (ONE, 0):
            assert_refused(lambda p=p, other=other: multiply(word, other, p))
            assert_refused(lambda p=p, other=other: multiply(other, word, p))
            assert_refused(lambda p=p, other=other: matmul([[other]], [[word]], p))
            assert_refused(lambda p=p, other=other: matmul([[word]], [[other]], p))
        assert_refused(lambda p=p: conv2d([[[[word]]]], [[[[ONE]]]], p))
        assert_refused(lambda p=p: layer_counters([[word]], 1, p))
        assert_refused(lambda p=p: to_values(word, p))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_no_finite_numbers(value: float) -> None:
    assert_refused(lambda: to_words([1.0, value], BF16))


@pytest.mark.parametrize("word", [-1, 1 << 16, 1 << 40])
def test_words_wider_than_their_format(word: int) -> None:
    assert_refused(lambda: multiply(word, ONE, BF16))
    assert_refused(lambda: multiply(ONE, word, BF16))
    assert_refused(lambda: matmul([[word]], [[ONE]], BF16))
    assert_refused(lambda: matmul([[ONE]], [[word]], BF16))
    assert_refused(lambda: accumulate(0, word, BF16))
    assert_refused(lambda: to_values(word, BF16))
    assert_refused(lambda: matmul([[word]], [[3]], INTEGER))
    assert_refused(lambda: matmul([[3]], [[word]], INTEGER))


def test_accumulator_words() -> None:
    for word in (-1, 1 << 32, 0x7F800001, 0xFFC00000):
        for p in (BF16, INFINITE):
            assert_refused(lambda word=word, p=p: accumulate(word, 0, p))
            assert_refused(lambda word=word, p=p: add_partial_sums(0, word, p))
            assert_refused(lambda word=word, p=p: matmul([[ONE]], [[ONE]], p, initial=word))
    for word in (0x7F800000, 0xFF800000):
        assert_refused(lambda word=word: accumulate(word, 0, BF16))
        assert_refused(lambda word=word: matmul([[ONE]], [[ONE]], BF16, initial=word))
        assert int(accumulate(word, 0, INFINITE)) == word
    bf16 = parameters(accumulator="bf16")
    for word in (1, 0x3F808000, 0x3F800001):
        assert_refused(lambda word=word: accumulate(word, 0, bf16))
        assert_refused(lambda word=word: matmul([[ONE]], [[ONE]], bf16, initial=word))
    for infinity in (0x7F80, 0xFF80):
        assert_refused(lambda infinity=infinity: accumulate(0, infinity, BF16))
        assert_refused(lambda infinity=infinity: accumulate(0, infinity + 1, INFINITE))


def test_functions_of_floats_refuse_integers() -> None:
    for call in (multiply, accumulate, add_partial_sums):
        assert_refused(lambda call=call: call(0, 0, INTEGER))
    assert_refused(lambda: to_words([1.0], INTEGER))
    assert_refused(lambda: to_values([1], INTEGER))
    assert_refused(lambda: dot_product_error(INTEGER))
