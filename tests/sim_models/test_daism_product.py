"""Products of significands: printed vectors, checksums of whole tables, a big-integer model, properties."""

import hashlib

import numpy as np
import pytest

from sim_models.daism import DaismParameters, exact_product, product, row_contents, row_enables

VARIANTS = [("fla", "a"), ("pc2", "a"), ("pc3", "a"), ("pc4", "a"), *(("hla", mode) for mode in "abcd")]
SINGLE_ACCESS = [pair for pair in VARIANTS if pair not in (("hla", "b"), ("hla", "c"))]
WIDTHS = ("full", "guard", "truncated")


def parameters(variant: str, mode: str = "a", n: int = 8, width: str = "full", integer: bool = False):
    kind = {"operand_kind": "integer", "accumulator": "int"} if integer else {}
    return DaismParameters(variant=variant, hla_mode=mode, significand_bits=n, kept_columns=width, rows=512, **kind)


def pairs(n: int, integer: bool = False) -> tuple[np.ndarray, np.ndarray]:
    values = np.arange(0 if integer else 1 << n - 1, 1 << n)
    return values[:, None], values[None, :]


def ored(a: int, b: int, places) -> int:
    total = 0
    for place in places:
        if b >> place & 1:
            total |= a << place
    return total


def slowly(a: int, b: int, n: int, variant: str, mode: str, drop: int) -> int:
    """One product on Python integers, bit by bit."""
    everything = range(n)
    if variant == "hla" and mode in "bc":
        upper = everything[1::2] if mode == "b" else everything[n // 2 :]
        lower = [place for place in everything if place not in upper]
        return (ored(a, b, lower) >> drop) + (ored(a, b, upper) >> drop)
    if variant == "hla" and mode == "d":
        return ored(a, b, everything[n // 2 :]) >> drop
    if variant == "hla":
        total = 0
        for place in everything[::2]:
            total |= a * ((b >> place) % 4) * 2**place
        return total >> drop
    k = 0 if variant == "fla" else int(variant[2])
    top = b // 2 ** (n - k) * 2 ** (n - k) if k else 0
    return (a * top | ored(a, b, range(n - k))) >> drop


PRINTED = """
80,80 16384 16384 16384 16384 16384 16384 16384 16384 16384
FF,FF 65025 32767 49151 57343 61439 49149 49149 34799 32752
81,FF 32895 32767 32767 32767 32767 32767 32895 32895 30960
AA,D5 36210 32682 32682 32682 35498 32682 32682 33354 32672
C0,FF 48960 32704 40896 44992 47040 48960 48960 33728 31744
FF,BF 48705 32767 32767 40959 45055 32765 36861 34799 32752
93,A7 24549 23551 23551 23551 23551 23549 24261 24543 23520
A7,93 24549 23551 23551 23551 24063 23541 24261 24031 23536
E6,9D 36110 32766 32766 32766 34814 32750 34606 34654 32608
"""


@pytest.mark.parametrize("line", PRINTED.split("\n")[1:-1])
def test_printed_products(line: str) -> None:
    operands, exact, *expected = line.split()
    a, b = (int(word, 16) for word in operands.split(","))
    assert exact_product(a, b, parameters("fla")) == int(exact)
    assert [int(product(a, b, parameters(*variant))) for variant in VARIANTS] == [int(word) for word in expected]


CHECKSUMS = [
    ("exact", "a", "full", "4e7689758943e639", 600838144),
    ("fla", "a", "full", "cd2611a05ad9605f", 482828096),
    ("fla", "a", "guard", "3a8d591a52776dd3", 3758927),
    ("fla", "a", "truncated", "8d655902baf6b027", 1871636),
    ("pc3", "a", "full", "a445cdb61e7d7ef7", 572535552),
    ("pc3", "a", "guard", "9552691b4445d5c8", 4459888),
    ("pc3", "a", "truncated", "385a9de074b562e0", 2222400),
    ("hla", "c", "full", "6e79de291b7a2b78", 497884672),
    ("hla", "c", "truncated", "eb15e23e6dceb1a1", 1922944),
    ("hla", "d", "full", "523e6c1c991e8d1a", 478183424),
]
INTEGER_CHECKSUMS = [
    ("exact", "0c6fd3441f139fb5", 1065369600),
    ("fla", "7ca1d6dccfdec605", 857850496),
    ("pc3", "1fe99a4d53748974", 996787712),
]


def checksum(table: np.ndarray) -> tuple[str, int]:
    return hashlib.sha256(table.astype("<u2").tobytes()).hexdigest()[:16], int(table.sum())


@pytest.mark.parametrize(("variant", "mode", "width", "digest", "total"), CHECKSUMS)
def test_whole_tables(variant: str, mode: str, width: str, digest: str, total: int) -> None:
    p = parameters("fla" if variant == "exact" else variant, mode, width=width)
    table = (exact_product if variant == "exact" else product)(*pairs(8), p)
    assert table.shape == (128, 128)
    assert checksum(table) == (digest, total)


@pytest.mark.parametrize(("variant", "digest", "total"), INTEGER_CHECKSUMS)
def test_whole_tables_of_integers(variant: str, digest: str, total: int) -> None:
    p = parameters("fla" if variant == "exact" else variant, integer=True)
    assert checksum((exact_product if variant == "exact" else product)(*pairs(8, True), p)) == (digest, total)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("variant", "mode"), VARIANTS)
@pytest.mark.parametrize("n", [5, 6, 7, 11, 17, 24])
def test_products_against_big_integers(n: int, variant: str, mode: str, width: str) -> None:
    random = np.random.default_rng(n)
    for integer in (False, True):
        p = parameters(variant, mode, n, width, integer)
        low = 0 if integer else 1 << n - 1
        a, b = random.integers(low, 1 << n, (2, 200))
        a[:3], b[1:4] = (1 << n) - 1, (1 << n) - 1
        expected = [slowly(int(x), int(y), n, variant, mode, p.drop) for x, y in zip(a, b, strict=True)]
        assert product(a, b, p).tolist() == expected


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("variant", "mode"), VARIANTS)
@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("n", [5, 6, 8, 11, 24])
def test_open_rows_give_the_product(n: int, integer: bool, variant: str, mode: str, width: str) -> None:
    p = parameters(variant, mode, n, width, integer)
    random = np.random.default_rng(n)
    a, b = random.integers(0 if integer else 1 << n - 1, 1 << n, (2, 500))
    a[0] = b[1] = 0  # a stored zero is rows of zeros, a driver of zero opens none
    rows, enables = row_contents(a, p), row_enables(b, p)
    assert rows.shape == (500, p.rows_per_group)
    assert enables.shape == (500, p.accesses, p.rows_per_group)
    assert rows.max() < 1 << p.kept
    reads = np.bitwise_or.reduce(np.where(enables, rows[:, None], 0), axis=-1)
    assert np.array_equal(reads.sum(axis=-1), product(a, b, p))
    assert enables.sum(axis=-1).max() <= p.maximum_rows_open
    assert not rows[0].any()
    assert not enables[1].any()


@pytest.mark.parametrize(("variant", "mode"), VARIANTS)
@pytest.mark.parametrize("integer", [False, True])
def test_a_product_is_never_above_the_exact_one(variant: str, mode: str, integer: bool) -> None:
    for n in range(5, 9):
        p = parameters(variant, mode, n, integer=integer)
        exact, found = exact_product(*pairs(n, integer), p), product(*pairs(n, integer), p)
        assert (found <= exact).all()
        if not integer:
            assert (found >= 1 << 2 * n - 2).all()


@pytest.mark.parametrize(("variant", "mode"), [pair for pair in VARIANTS if pair != ("hla", "d")])
def test_powers_of_two_multiply_exactly(variant: str, mode: str) -> None:
    p = parameters(variant, mode, integer=True)
    values, powers = np.arange(256)[:, None], 1 << np.arange(8)
    assert np.array_equal(product(values, powers, p), values * powers)
    assert np.array_equal(product(powers, values, p), values * powers)


def test_products_are_exact_where_no_open_rows_overlap() -> None:
    a, b = pairs(8)
    for variant in ("fla", "pc2", "pc3", "pc4"):
        p = parameters(variant)
        rows, enables = row_contents(a, p), row_enables(b, p)[..., 0, :]
        opened = np.where(enables, rows, 0)
        apart = opened.sum(axis=-1) == np.bitwise_or.reduce(opened, axis=-1)
        assert apart.any()
        assert np.array_equal(product(a, b, p)[apart], exact_product(a, b, p)[apart])


def test_which_variants_commute() -> None:
    tables = {pair: product(*pairs(8), parameters(*pair)) for pair in VARIANTS}
    differ = {pair: float((table != table.T).mean()) for pair, table in tables.items()}
    assert differ["fla", "a"] == differ["hla", "b"] == 0
    assert round(differ["pc2", "a"], 2) == 0.44
    assert round(differ["pc3", "a"], 2) == 0.59


def test_how_often_the_top_bit_is_set() -> None:
    def share(table: np.ndarray) -> float:
        return round(100 * float((table >> 15).mean()), 1)

    assert share(exact_product(*pairs(8), parameters("fla"))) == 60.5
    assert share(product(*pairs(8), parameters("fla"))) == 0.0
    assert share(product(*pairs(8), parameters("pc2"))) == 33.2
    assert share(product(*pairs(8), parameters("pc3"))) == 47.9


@pytest.mark.parametrize(("variant", "limit"), [("fla", 1 / 2), ("pc2", 1 / 3), ("pc3", 1 / 5), ("pc4", 1 / 9)])
def test_worst_relative_error(variant: str, limit: float) -> None:
    k = 1 if variant == "fla" else int(variant[2])

    def error(n: int, a, b) -> np.ndarray:
        p = parameters(variant, n=n)
        return 1 - product(a, b, p) / exact_product(a, b, p)

    ones, driver = (1 << 24) - 1, 1 << 23 | (1 << 24 - k) - 1  # 1, then k - 1 zeros, then ones
    assert abs(float(error(24, ones, driver)) - limit) < 1e-6
    worst = error(8, *pairs(8))
    assert worst.max() < limit
    assert worst.max() == worst[127, driver >> 16 & 127]


@pytest.mark.parametrize(("variant", "mean"), [("fla", 4.5), ("pc2", 4.0), ("pc3", 3.5)])
def test_mean_of_open_rows(variant: str, mean: float) -> None:
    opened = row_enables(np.arange(128, 256), parameters(variant)).sum(axis=(-2, -1))
    assert opened.mean() == mean
    assert opened.max() == parameters(variant).maximum_rows_open


@pytest.mark.parametrize("variant", ["pc2", "pc3", "pc4"])
def test_one_precomputed_row_is_open(variant: str) -> None:
    for integer in (False, True):
        p = parameters(variant, integer=integer)
        direct = p.significand_bits - p.precomputed_bits
        opened = row_enables(pairs(8, integer)[1][0], p)[:, 0, direct:].sum(axis=-1)
        assert set(opened.tolist()) == ({0, 1} if integer else {1})


@pytest.mark.parametrize(("variant", "mode"), SINGLE_ACCESS)
def test_narrow_columns_are_the_upper_ones(variant: str, mode: str) -> None:
    full = product(*pairs(8), parameters(variant, mode))
    for width in WIDTHS:
        p = parameters(variant, mode, width=width)
        assert np.array_equal(product(*pairs(8), p), full >> p.drop)


@pytest.mark.parametrize("mode", ["b", "c"])
def test_lost_carries_of_two_accesses_are_one(mode: str) -> None:
    full = product(*pairs(8), parameters("hla", mode))
    lost = (full >> 8) - product(*pairs(8), parameters("hla", mode, width="truncated"))
    assert set(np.unique(lost).tolist()) == {0, 1}


def test_about_seventy_percent_of_truncated_half_products_lose_a_carry() -> None:
    shares = []
    for mode in "bc":
        full = product(*pairs(8), parameters("hla", mode))
        shares.append(float((product(*pairs(8), parameters("hla", mode, width="truncated")) != full >> 8).mean()))
    assert all(0.6 < share < 0.8 for share in shares)


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ([256], "stored must be at most 255, not 256"),
        ([-1], "stored must be at least 0, not -1"),
        ([128.0], "stored must be integers of at most 64 bits, not float64"),
        ([200, 127], "stored must be 0 or have the hidden one, bit 7, not 127"),
    ],
)
def test_bad_significands_are_refused(stored: list, message: str) -> None:
    for call in (lambda: product(stored, 128, parameters("pc3")), lambda: row_contents(stored, parameters("pc3"))):
        with pytest.raises(ValueError) as refused:
            call()
        assert str(refused.value) == message


def test_bad_drivers_are_refused() -> None:
    with pytest.raises(ValueError) as refused:
        row_enables([127], parameters("fla"))
    assert str(refused.value) == "driver must be 0 or have the hidden one, bit 7, not 127"
    with pytest.raises(ValueError) as refused:
        product(128, 128, {"variant": "fla"})
    assert str(refused.value) == "parameters must be a DaismParameters, not {'variant': 'fla'}"
