"""What the products promise in closed form: one-sided errors, exactness, commutativity, worst cases, open rows."""

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest

from sim_models.daism import DaismParameters, accumulate, multiply, product, row_contents, row_enables
from tests.sim_models.daism_oracle import FP32, KINDS, NAMES, VARIANTS, WIDTHS, legal, operands, parameters


def of(name: str, **fields: object) -> DaismParameters:
    return parameters(**VARIANTS[NAMES.index(name)], **fields)


def name_of(p: DaismParameters) -> str:
    return f"hla-{p.hla_mode}" if p.variant == "hla" else p.variant


def every_pair(p: DaismParameters) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stored operands as a column, drivers as a row, products at their place."""
    every = np.array(operands(p))
    return every[:, None], every, product(every[:, None], every, p) << p.drop


def power_of_2(values: np.ndarray) -> np.ndarray:
    return values & (values - 1) == 0  # also of 0


def overlapping(p: DaismParameters) -> np.ndarray:
    """Whether two open rows of one access share a set bit, of every pair."""
    every = np.array(operands(p))
    stored, opened = row_contents(every, p)[:, None, None], row_enables(every, p)[None]
    seen = np.zeros((len(every), len(every), p.accesses), np.int64)
    shared = np.zeros_like(seen)
    for row in range(p.rows_per_group):
        word = np.where(opened[..., row], stored[..., row], 0)
        shared |= seen & word
        seen |= word
    return shared.any(axis=-1)


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8])
def test_products_are_never_too_large(n: int) -> None:
    for p in legal(n):
        a, b, found = every_pair(p)
        assert (found <= a * b).all(), p


@pytest.mark.parametrize("n", [12, 16, 24])
def test_products_of_wide_operands_are_never_too_large(n: int) -> None:
    for p in legal(n):
        every = np.random.default_rng(n).choice(np.array([operands(p)[0], 2**n - 1]), 2000)
        drawn = np.random.default_rng(n).integers(operands(p)[0], 2**n, (2, 4000))
        a, b = (np.concatenate([row, every]) for row in drawn)
        assert (product(a, b, p) << p.drop <= a * b).all(), p


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8])
def test_products_with_a_power_of_two_are_exact(n: int) -> None:
    """With all columns; of `hla` d only those with driver bits in its upper half alone."""
    for p in legal(n, widths=["full"]):
        a, b, found = every_pair(p)
        lower_bits = b & (2 ** (n // 2) - 1) if name_of(p) == "hla-d" else np.zeros_like(b)
        chosen = (power_of_2(a) | power_of_2(b)) & (lower_bits == 0)
        assert (found == a * b)[chosen].all(), p


@pytest.mark.parametrize("n", [4, 5, 8])
def test_products_are_exact_where_no_open_rows_of_an_access_overlap_and_only_there(n: int) -> None:
    for p in legal(n, widths=["full"]):
        a, b, found = every_pair(p)
        ignored = (b & (2 ** (n // 2) - 1)) * a != 0 if name_of(p) == "hla-d" else False
        np.testing.assert_array_equal(found == a * b, ~(overlapping(p) | ignored), err_msg=str(p))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", WIDTHS)
def test_only_fla_and_hla_b_are_commutative(kind: str, width: str) -> None:
    for name, n in itertools.product(NAMES, (6, 8)):
        found = every_pair(of(name, operand_kind=kind, kept_columns=width, significand_bits=n))[2]
        assert (found == found.T).all() == (name in ("fla", "hla-b")), (name, n)


@pytest.mark.parametrize(("name", "percent"), [("fla", 0), ("pc2", 44), ("pc3", 59)])
def test_share_of_bf16_significands_that_do_not_commute(name: str, percent: int) -> None:
    found = every_pair(of(name, kept_columns="full"))[2]
    assert round(100 * (found != found.T).mean()) == percent


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8])
def test_fla_never_sets_the_top_bit(n: int) -> None:
    for kind in KINDS:
        assert (every_pair(of("fla", significand_bits=n, operand_kind=kind))[2] < 2 ** (2 * n - 1)).all()


def test_share_of_bf16_significands_with_the_top_bit_set() -> None:
    for name, percent in (("pc2", 33.2), ("pc3", 47.9), ("fla", 0)):
        a, b, found = every_pair(of(name, kept_columns="full"))
        assert round(100 * (found >= 2**15).mean(), 1) == percent
    assert round(100 * (a * b >= 2**15).mean(), 1) == 60.5


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8])
def test_the_leading_one_of_floats_is_in_the_two_top_columns(n: int) -> None:
    """In all kept columns, whatever carries between two accesses were lost."""
    for p in legal(n, kinds=["float"]):
        assert every_pair(p)[2].min() >= 2 ** (2 * n - 2), p


@pytest.mark.parametrize("width", ["guard", "truncated"])
def test_what_is_lost_with_the_dropped_columns(width: str) -> None:
    """Of one access just these columns; of two also their carry, at most one."""
    shares = {("hla-b", "truncated"): 71, ("hla-c", "truncated"): 72, ("hla-b", "guard"): 53, ("hla-c", "guard"): 52}
    for name, kind in itertools.product(NAMES, KINDS):
        p, full = (of(name, operand_kind=kind, kept_columns=kept) for kept in (width, "full"))
        lost = (every_pair(full)[2] >> p.drop) - (every_pair(p)[2] >> p.drop)
        assert set(np.unique(lost)) == ({0, 1} if name in ("hla-b", "hla-c") else {0}), (name, kind)
        if kind == "float":
            assert round(100 * lost.mean()) == shares.get((name, width), 0), name


@pytest.mark.parametrize("name", ["fla", "pc2", "pc3", "pc4", "hla-a", "hla-d"])
@pytest.mark.parametrize("n", [6, 8])
def test_guard_loses_no_significant_bit_of_one_access(name: str, n: int) -> None:
    """Words of products: all pairs, cut to n bits."""
    words = np.arange(2 ** (n - 1)) + (127 << (n - 1))
    full, guard = (multiply(words[:, None], words, of(name, significand_bits=n, kept_columns=w)) for w in WIDTHS[:2])
    np.testing.assert_array_equal(full, guard)


def worst(p: DaismParameters) -> tuple[Fraction, set[tuple[int, int]]]:
    """The largest relative error and the pairs that have it."""
    a, b, found = every_pair(p)
    errors = 1 - found / (a * b)
    candidates = np.argwhere(errors > errors.max() - 1e-9) + operands(p)[0]
    exact = {(i, j): 1 - Fraction(int(product(i, j, p)), i * j) for i, j in candidates.tolist()}
    return max(exact.values()), {pair for pair, error in exact.items() if error == max(exact.values())}


# with fewer than 2k bits the worst pair is another one
@pytest.mark.parametrize(("k", "n"), [(1, n) for n in (4, 5, 8, 10)] + [(2, n) for n in (4, 5, 8, 10)])
def test_worst_case_of_fla_and_pc2(k: int, n: int) -> None:
    assert_worst(k, n)


@pytest.mark.parametrize(("k", "n"), [(3, n) for n in (6, 7, 8, 10)] + [(4, n) for n in (8, 9, 10)])
def test_worst_case_of_pc3_and_pc4_from_twice_as_many_bits_on(k: int, n: int) -> None:
    assert_worst(k, n)


def assert_worst(k: int, n: int) -> None:
    """All ones times a one, k - 1 zeros, and ones; twice all ones for `fla`. Below its limit."""
    error, pairs = worst(of("fla" if k == 1 else f"pc{k}", significand_bits=n, kept_columns="full"))
    driver = 2 ** (n - 1) + 2 ** (n - k) - 1
    assert pairs == {(2**n - 1, driver)}
    assert error < Fraction(1, 2 ** (k - 1) + 1)


@pytest.mark.parametrize(("k", "n", "pair"), [(3, 4, (9, 9)), (3, 5, (19, 19)), (4, 5, (17, 17)), (4, 7, (71, 71))])
def test_worst_case_of_fewer_bits(k: int, n: int, pair: tuple[int, int]) -> None:
    error, pairs = worst(of(f"pc{k}", significand_bits=n, kept_columns="full"))
    assert pairs == {pair}
    assert error < Fraction(1, 2 ** (k - 1) + 1)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_the_worst_error_tends_to_its_limit(k: int) -> None:
    """At 24 bits within the millionth of 1 / (2^(k-1) + 1)."""
    n, limit = 24, Fraction(1, 2 ** (k - 1) + 1)
    p = of("fla" if k == 1 else f"pc{k}", significand_bits=n, kept_columns="full")
    a, b = 2**n - 1, 2 ** (n - 1) + 2 ** (n - k) - 1
    error = 1 - Fraction(int(product(a, b, p)), a * b)
    assert 0 < limit - error < Fraction(1, 10**6)


@pytest.mark.parametrize("n", [5, 8, 11])
def test_rows_open_on_average(n: int) -> None:
    for k, name in enumerate(("fla", "pc2", "pc3", "pc4"), start=1):
        p = of(name, significand_bits=n)
        opened = row_enables(np.array(operands(p)), p).sum(axis=(1, 2))
        assert Fraction(int(opened.sum()), len(opened)) == 1 + Fraction(n - k, 2)
        assert (opened.min(), opened.max()) == (1, n - k + 1)


@pytest.mark.parametrize("name", NAMES)
def test_products_grow_with_either_operand_doubled(name: str) -> None:
    """Integers: twice the stored operand is twice the product; rows are only shifted."""
    p = of(name, operand_kind="integer", kept_columns="full")
    a, b = np.arange(128)[:, None], np.arange(256)
    np.testing.assert_array_equal(product(2 * a, b, p), 2 * product(a, b, p))


def recipe(first: int, second: int) -> int:
    """Words of single precision by the steps of an adder: three bits appended, lost bits jammed, truncated."""
    words = [word if word % 2**31 >> 23 else 0 for word in (first, second)]
    larger, smaller = sorted(words, key=lambda word: word % 2**31, reverse=True)
    if smaller % 2**31 == 0:
        return larger if larger % 2**31 else 0
    exponent, distance = larger % 2**31 >> 23, (larger % 2**31 >> 23) - (smaller % 2**31 >> 23)
    a, b = (((word % 2**23) + 2**23) << 3 for word in (larger, smaller))
    b = (b >> distance) | (b % 2**distance != 0)
    total = a + b if larger >> 31 == smaller >> 31 else a - b
    if total == 0:
        return 0
    exponent += total.bit_length() - 27
    significand = (total << 27) >> total.bit_length()
    if exponent <= 0:
        return 0
    fraction = (significand >> 3) % 2**23
    word = min((exponent << 23) + fraction, 0x7F7FFFFF) if exponent < 255 else 0x7F7FFFFF
    return (larger >> 31 << 31) + word


def test_three_appended_bits_are_enough_to_truncate_a_sum() -> None:
    p = parameters(significand_bits=24)
    chosen = random.Random(31)
    ends = (0, 1, 2, 2**22, 2**23 - 2, 2**23 - 1)
    pairs = []
    for distance, f, g, sign in itertools.product(range(-30, 31), ends, ends, (0, 1)):
        pairs.append(((100 << 23) + f, (sign << 31) + ((100 + distance) << 23) + g))
    pairs += [(chosen.randrange(FP32.infinity), chosen.randrange(FP32.infinity) + 2**31) for _ in range(2000)]
    found = accumulate(np.array([a for a, _ in pairs]), np.array([b for _, b in pairs]), p).tolist()
    assert found == [recipe(a, b) for a, b in pairs]
