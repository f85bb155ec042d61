"""Products, rows and wordlines against rows listed one by one: worked examples, checksums, every small operand."""

import hashlib
import random
from collections.abc import Sequence

import numpy as np
import pytest

from sim_models.daism import DaismParameters, exact_product, product, row_contents, row_enables
from tests.sim_models.daism_oracle import (
    KINDS,
    NAMES,
    VARIANTS,
    WIDTHS,
    accesses,
    bitwise_or,
    contents,
    drop,
    enables,
    kept,
    legal,
    operands,
    parameters,
    product_table,
    rows,
)
from tests.sim_models.daism_oracle import product as expected_product

COLUMNS = ["exact", *NAMES]

# stored, driver: exact and every variant at full width
EXAMPLES = """
80 80 | 16384 16384 16384 16384 16384 16384 16384 16384 16384
FF FF | 65025 32767 49151 57343 61439 49149 49149 34799 32752
81 FF | 32895 32767 32767 32767 32767 32767 32895 32895 30960
AA D5 | 36210 32682 32682 32682 35498 32682 32682 33354 32672
C0 FF | 48960 32704 40896 44992 47040 48960 48960 33728 31744
FF BF | 48705 32767 32767 40959 45055 32765 36861 34799 32752
93 A7 | 24549 23551 23551 23551 23551 23549 24261 24543 23520
A7 93 | 24549 23551 23551 23551 24063 23541 24261 24031 23536
E6 9D | 36110 32766 32766 32766 34814 32750 34606 34654 32608
"""

# variant, width: start of the SHA-256 of the table of 128..255 by 128..255 as little-endian uint16, and its sum
CHECKSUMS = [
    ("exact", "full", "4e7689758943e639", 600838144),
    ("fla", "full", "cd2611a05ad9605f", 482828096),
    ("fla", "guard", "3a8d591a52776dd3", 3758927),
    ("fla", "truncated", "8d655902baf6b027", 1871636),
    ("pc3", "full", "a445cdb61e7d7ef7", 572535552),
    ("pc3", "guard", "9552691b4445d5c8", 4459888),
    ("pc3", "truncated", "385a9de074b562e0", 2222400),
    ("hla-c", "full", "6e79de291b7a2b78", 497884672),
    ("hla-c", "truncated", "eb15e23e6dceb1a1", 1922944),
    ("hla-d", "full", "523e6c1c991e8d1a", 478183424),
]
INTEGER_CHECKSUMS = [
    ("exact", "0c6fd3441f139fb5", 1065369600),
    ("fla", "7ca1d6dccfdec605", 857850496),
    ("pc3", "1fe99a4d53748974", 996787712),
]

# rows of a group in order, as multiple and shift
GROUPS_OF_8_BITS = {
    ("fla", "float"): "1<<0 1<<1 1<<2 1<<3 1<<4 1<<5 1<<6 1<<7",
    ("pc2", "float"): "1<<0 1<<1 1<<2 1<<3 1<<4 1<<5 2<<6 3<<6",
    ("pc3", "float"): "1<<0 1<<1 1<<2 1<<3 1<<4 4<<5 5<<5 6<<5 7<<5",
    ("pc4", "float"): "1<<0 1<<1 1<<2 1<<3 8<<4 9<<4 10<<4 11<<4 12<<4 13<<4 14<<4 15<<4",
    ("hla-a", "float"): "1<<0 2<<0 3<<0 1<<2 2<<2 3<<2 1<<4 2<<4 3<<4 2<<6 3<<6",
    ("hla-b", "float"): "1<<0 1<<1 1<<2 1<<3 1<<4 1<<5 1<<6 1<<7",
    ("hla-d", "float"): "1<<4 1<<5 1<<6 1<<7",
    ("pc2", "integer"): "1<<0 1<<1 1<<2 1<<3 1<<4 1<<5 1<<6 2<<6 3<<6",
    ("pc3", "integer"): "1<<0 1<<1 1<<2 1<<3 1<<4 1<<5 2<<5 3<<5 4<<5 5<<5 6<<5 7<<5",
    ("hla-a", "integer"): "1<<0 2<<0 3<<0 1<<2 2<<2 3<<2 1<<4 2<<4 3<<4 1<<6 2<<6 3<<6",
}


def of(name: str, **fields: object) -> DaismParameters:
    return parameters(**VARIANTS[NAMES.index(name)], **fields)


def tables(p: DaismParameters, stored: Sequence[int], drivers: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The model's products and the expected ones of every pair."""
    found = product(np.array(stored)[:, None], np.array(drivers), p)
    return found, np.array(product_table(stored, drivers, p))


def sampled(p: DaismParameters, count: int) -> list[int]:
    """The ends, ones without neighbours, and random operands."""
    n, chosen = p.significand_bits, random.Random(p.significand_bits)
    every = operands(p)
    special = {every[0], every[-1], 2 ** (n - 1), 2 ** (n - 1) + 1, 2**n // 3 | 2 ** (n - 1), 2**n - 2}
    return sorted(special | {chosen.choice(every) for _ in range(count)})


@pytest.mark.parametrize("line", EXAMPLES.strip().splitlines())
def test_worked_examples(line: str) -> None:
    a, b = (int(word, 16) for word in line.split("|")[0].split())
    for name, value in zip(COLUMNS, map(int, line.split("|")[1].split()), strict=True):
        found = exact_product if name == "exact" else product
        p = parameters(kept_columns="full") if name == "exact" else of(name, kept_columns="full")
        assert int(found(a, b, p)) == value, name


@pytest.mark.parametrize(
    ("name", "b", "value"),
    [
        ("fla", 0xEB, 32767),
        ("pc3", 0xEB, 40959),
        ("fla", 0xD3, 32767),
        ("pc2", 0xD3, 36863),
        ("pc3", 0xD3, 36863),
        ("hla-b", 0xD3, 35807),
    ],
)
def test_examples_with_b5_stored(name: str, b: int, value: int) -> None:
    p = of(name, kept_columns="full")
    assert int(product(0xB5, b, p)) == expected_product(0xB5, b, p) == value


def test_rows_that_eb_opens_in_b5() -> None:
    p = of("pc3", kept_columns="full")
    assert row_contents(0xB5, p).tolist()[:4] == [0b10110101, 0b101101010, 0b1011010100, 0b10110101000]
    assert row_enables(0xEB, p).tolist() == [[True, True, False, True, False, False, False, False, True]]
    assert int(row_contents(0xB5, p)[8]) == 0b1001111001100000
    plain = of("fla", kept_columns="full")
    assert np.flatnonzero(row_enables(0xEB, plain)[0]).tolist() == [0, 1, 3, 5, 6, 7]


@pytest.mark.parametrize(("name", "width", "checksum", "total"), CHECKSUMS)
def test_checksums_of_every_bf16_significand(name: str, width: str, checksum: str, total: int) -> None:
    every = np.arange(128, 256)
    p = parameters(kept_columns=width) if name == "exact" else of(name, kept_columns=width)
    table = (exact_product if name == "exact" else product)(every[:, None], every, p)
    assert table.shape == (128, 128)
    assert table.sum() == total
    assert hashlib.sha256(table.astype("<u2").tobytes()).hexdigest()[:16] == checksum


@pytest.mark.parametrize(("name", "checksum", "total"), INTEGER_CHECKSUMS)
def test_checksums_of_every_8_bit_integer(name: str, checksum: str, total: int) -> None:
    every = np.arange(256)
    fields = {"operand_kind": "integer", "kept_columns": "full"}
    p = parameters(**fields) if name == "exact" else of(name, **fields)
    table = (exact_product if name == "exact" else product)(every[:, None], every, p)
    assert table.sum() == total
    assert hashlib.sha256(table.astype("<u2").tobytes()).hexdigest()[:16] == checksum


@pytest.mark.parametrize("n", [4, 5, 6, 7, pytest.param(9, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
def test_every_pair_of_operands(n: int, kind: str) -> None:
    for p in legal(n, [kind]):
        found, expected = tables(p, operands(p), operands(p))
        np.testing.assert_array_equal(found, expected, err_msg=str(p))


@pytest.mark.parametrize("name", NAMES)
def test_every_pair_of_bf16_significands(name: str) -> None:
    for width in WIDTHS:
        found, expected = tables(of(name, kept_columns=width), range(128, 256), range(128, 256))
        np.testing.assert_array_equal(found, expected, err_msg=width)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_pair_of_8_bit_integers(name: str, width: str) -> None:
    p = of(name, operand_kind="integer", kept_columns=width)
    found, expected = tables(p, range(256), range(256))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("n", range(9, 25))
def test_samples_of_wider_operands(n: int) -> None:
    for p in legal(n):
        chosen = sampled(p, 12)
        found, expected = tables(p, chosen, chosen)
        np.testing.assert_array_equal(found, expected, err_msg=str(p))


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8, 11, 24])
def test_rows_hold_what_their_number_says(n: int) -> None:
    for p in legal(n):
        chosen = operands(p) if n <= 6 else sampled(p, 20)
        found = row_contents(np.array(chosen), p)
        assert found.shape == (len(chosen), p.rows_per_group)
        assert found.tolist() == [contents(a, p) for a in chosen], p


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8, 11, 24])
def test_driver_bits_open_the_rows_of_their_number(n: int) -> None:
    for p in legal(n):
        chosen = operands(p) if n <= 8 else sampled(p, 20)
        found = row_enables(np.array(chosen), p)
        assert found.dtype == bool
        assert found.shape == (len(chosen), accesses(p), len(rows(p)))
        assert found.tolist() == [enables(b, p) for b in chosen], p


@pytest.mark.parametrize("n", [4, 5, 6, 8, 11, 24])
def test_the_or_of_the_open_rows_is_the_product(n: int) -> None:
    """Of the model's own rows and wordlines, as the hardware would read them."""
    for p in legal(n):
        chosen = operands(p) if n <= 5 else sampled(p, 10)
        opened = row_enables(np.array(chosen), p).tolist()
        stored = row_contents(np.array(chosen), p).tolist()
        found = product(np.array(chosen)[:, None], np.array(chosen), p).tolist()
        read = [[sum(bitwise_or(words, access) for access in each) for each in opened] for words in stored]
        assert found == read, p


@pytest.mark.parametrize(("name", "kind"), GROUPS_OF_8_BITS)
def test_groups_of_8_bit_operands(name: str, kind: str) -> None:
    p = of(name, operand_kind=kind, kept_columns="full")
    multiples = [tuple(map(int, row.split("<<"))) for row in GROUPS_OF_8_BITS[name, kind].split()]
    assert row_contents(0xB5, p).tolist() == [multiple * 0xB5 << shift for multiple, shift in multiples]


def test_enables_of_bf16_drivers_bit_by_bit() -> None:
    drivers = np.arange(128, 256)
    b7, b6, b5, b4, b3, b2, b1, b0 = ((drivers >> bit & 1).astype(bool) for bit in reversed(range(8)))
    low = [b0, b1, b2, b3, b4]
    expected = {
        "fla": [*low, b5, b6, b7],
        "pc2": [*low, b5, ~b6, b6],
        "pc3": [*low, ~b6 & ~b5, ~b6 & b5, b6 & ~b5, b6 & b5],
    }
    for name, lines in expected.items():
        np.testing.assert_array_equal(row_enables(drivers, of(name))[:, 0], np.stack(lines, axis=-1), err_msg=name)


@pytest.mark.parametrize("k", [2, 3, 4])
@pytest.mark.parametrize("n", [5, 8, 11])
def test_one_precomputed_row_is_open_for_floats_and_at_most_one_for_integers(k: int, n: int) -> None:
    for kind in KINDS:
        p = parameters(variant=f"pc{k}", operand_kind=kind, significand_bits=n)
        drivers = np.array(operands(p))
        opened = row_enables(drivers, p)[:, 0, n - k :].sum(axis=-1)
        expected = np.ones(len(drivers)) if kind == "float" else (drivers >> (n - k) != 0)
        np.testing.assert_array_equal(opened, expected)


@pytest.mark.parametrize("n", [4, 5, 8, 11])
def test_a_driver_of_zero_opens_nothing_and_a_stored_zero_is_all_zeros(n: int) -> None:
    for p in legal(n):
        assert not row_enables(0, p).any()
        assert not row_contents(0, p).any()
        every = np.array(operands(p))
        assert not product(0, every, p).any()
        assert not product(every, 0, p).any()


@pytest.mark.parametrize("n", range(4, 25))
def test_derived_sizes(n: int) -> None:
    """The rows of each variant by its formula, and what follows for columns, lanes and groups."""
    even = n % 2 == 0
    pair_rows = {"float": 3 * n // 2 - 1, "integer": 3 * n // 2} if even else dict.fromkeys(KINDS, 3 * (n - 1) // 2 + 1)
    formulas = {
        "fla": {"float": n, "integer": n},
        "pc2": {"float": n, "integer": n + 1},
        "pc3": {"float": n + 1, "integer": n + 4},
        "pc4": {"float": n + 4, "integer": n + 11},
        "hla-a": pair_rows,
        "hla-b": dict.fromkeys(KINDS, n),
        "hla-c": dict.fromkeys(KINDS, n),
        "hla-d": dict.fromkeys(KINDS, n - n // 2),
    }
    for p in legal(n):
        name = f"hla-{p.hla_mode}" if p.variant == "hla" else p.variant
        length = formulas[name][p.operand_kind]
        assert p.rows_per_group == len(rows(p)) == length, p
        assert (p.kept, p.drop, p.accesses) == (kept(p), drop(p), accesses(p))
        assert p.kept + p.drop == 2 * n
        assert (p.lanes, p.groups) == (512 // kept(p), 512 // length)


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8])
def test_rows_open_at_once_at_most(n: int) -> None:
    halves = {"a": (n + 1) // 2, "b": (n + 1) // 2, "c": n - n // 2, "d": n - n // 2}
    for p in legal(n, widths=["full"]):
        most = {"fla": n, "pc2": n - 1, "pc3": n - 2, "pc4": n - 3, "hla": halves[p.hla_mode]}[p.variant]
        opened = max(sum(access) for b in operands(p) for access in enables(b, p))
        assert p.maximum_rows_open == opened == most, p


def test_storage_per_operand_in_bits() -> None:
    expected = {("fla", "full"): 128, ("pc2", "full"): 128, ("pc3", "full"): 144}
    expected |= {("fla", "truncated"): 64, ("pc2", "truncated"): 64, ("pc3", "truncated"): 72}
    for (name, width), bits in expected.items():
        p = of(name, kept_columns=width)
        assert p.rows_per_group * p.kept == bits
    for width, bits in (("full", 1200), ("truncated", 600)):
        p = of("pc3", kept_columns=width, significand_bits=24)
        assert p.rows_per_group * p.kept == bits


def test_results_are_int64_and_arguments_broadcast() -> None:
    p = parameters(significand_bits=24, kept_columns="full", variant="pc4")
    found = product(np.full((3, 1), 2**24 - 1, np.uint32), np.full((1, 2), 2**24 - 1, np.uint32), p)
    assert (found.shape, found.dtype) == ((3, 2), np.int64)
    assert set(found.ravel().tolist()) == {expected_product(2**24 - 1, 2**24 - 1, p)}
