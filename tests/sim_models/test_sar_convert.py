"""Conversions in closed form: formula by formula for single counts, bounds, monotonicity, tables and the bulk path."""

import numpy as np
import pytest

from sim_models.sar import (
    ClippedParameters,
    Converter,
    SarParameters,
    TrqParameters,
    convert,
    convert_bulk,
    reconstruct,
    transfer,
)
from sim_models.sar.speed import conversion_rates


def all_at_0(bits: int, **options: object) -> list[TrqParameters]:
    return [
        TrqParameters(bits=bits, r1_step_log2=step, r1_bits=r1_bits, ratio_log2=ratio, **options)
        for step in range(bits)
        for r1_bits in range(bits - step)
        for ratio in range(bits - step)
    ]


def quantized(x: int, p: TrqParameters) -> tuple[bool, int, int]:
    """In R1, code and value of one count, by division."""
    small, large = 2**p.r1_step_log2, 2 ** (p.r1_step_log2 + p.ratio_log2)
    middle = 1 if p.mid_rise else 0
    if p.r1_start <= x < p.r1_start + small * 2**p.r1_bits:
        code = (x - p.r1_start) // small * small
        return True, code, p.r1_start + code + middle * (small // 2)
    origin = small * 2**p.r1_bits if p.r2_origin == "after_r1" else 0
    code = (x - origin) // large * large
    return False, code, min(origin + code + middle * (large // 2), 2**p.bits - 1)


@pytest.mark.parametrize(
    "p",
    [
        TrqParameters(),
        TrqParameters(mid_rise=False, r1_step_log2=2, r1_bits=3, ratio_log2=4),
        TrqParameters(r1_start=37, r1_step_log2=1, r1_bits=3, ratio_log2=4),
        TrqParameters(r2_origin="after_r1", ratio_log2=5),
        TrqParameters(bits=10, r2_origin="after_r1", r1_step_log2=1, r1_bits=0, ratio_log2=6, mid_rise=False),
    ],
)
def test_each_count_is_quantized_by_the_formula(p: TrqParameters) -> None:
    table = transfer(p)
    made = list(zip(table.in_r1.tolist(), table.code.tolist(), table.value.tolist(), strict=True))
    assert made == [quantized(x, p) for x in range(p.maximum + 1)]


@pytest.mark.parametrize("origin", ["zero", "after_r1"])
@pytest.mark.parametrize("mid_rise", [True, False])
def test_errors_stay_within_the_steps(origin: str, mid_rise: bool) -> None:
    for p in all_at_0(7, r2_origin=origin, mid_rise=mid_rise):
        table = transfer(p)
        error = np.abs(table.value - np.arange(128))
        steps = np.where(table.in_r1, 1 << p.r1_step_log2, 1 << p.r2_step_log2)
        assert (error <= (steps // 2 if mid_rise else steps - 1)).all(), p
        if p.r2_step_log2 == 0:
            assert not error.any(), p


def test_errors_stay_within_the_steps_away_from_0() -> None:
    for start in range(1, 239):
        p = TrqParameters(r1_start=start, r1_bits=3, r1_step_log2=1, ratio_log2=2)
        table = transfer(p)
        assert (np.abs(table.value - np.arange(256)) <= np.where(table.in_r1, 1, 4)).all()


def monotone(p: TrqParameters) -> bool:
    return bool((np.diff(transfer(p).value) >= 0).all())


@pytest.mark.parametrize("origin", ["zero", "after_r1"])
def test_values_rise_with_the_counts_from_0_with_mid_rise(origin: str) -> None:
    assert all(monotone(p) for p in all_at_0(8, r2_origin=origin))


def test_values_without_mid_rise_fall_where_a_step_of_r2_covers_a_longer_r1() -> None:
    for p in all_at_0(8, mid_rise=False):
        assert monotone(p) == (p.ratio_log2 <= p.r1_bits or p.r1_bits == 0), p
    assert all(monotone(p) for p in all_at_0(8, mid_rise=False, r2_origin="after_r1"))


def test_values_away_from_0_rise_where_both_ends_of_r1_are_on_steps_of_r2() -> None:
    seen = set()
    for start in range(1, 55):
        for ratio in range(5):
            p = TrqParameters(bits=6, r1_start=start, r1_bits=2, r1_step_log2=1, ratio_log2=ratio)
            aligned = start % (2 << ratio) == 0 and p.r1_end % (2 << ratio) == 0
            assert monotone(p) or not aligned, p
            seen.add((aligned, monotone(p)))
    assert seen == {(True, True), (False, True), (False, False)}


def test_a_configuration_away_from_0_that_is_not_monotone() -> None:
    p = TrqParameters(r1_start=32, r1_bits=3, r1_step_log2=1, ratio_log2=5)
    assert reconstruct([33, 47, 50], p).tolist() == [33, 47, 32]
    assert not monotone(p)


def test_without_mid_rise_codes_stand_for_their_lower_ends() -> None:
    assert reconstruct([16, 77], TrqParameters(mid_rise=False)).tolist() == [16, 72]
    assert reconstruct(9, TrqParameters(r1_step_log2=1, ratio_log2=6, mid_rise=False)) == 8


def test_tables_are_kept_and_cannot_be_written() -> None:
    table = transfer(TrqParameters())
    assert transfer(TrqParameters()) is table
    for name in ("code", "in_r1", "operations", "value", "clipped"):
        with pytest.raises(ValueError):
            getattr(table, name)[0] = 1
    convert([3], TrqParameters()).value[0] = 7  # results of conversions are the caller's own
    assert transfer(TrqParameters()).value[3] == 3


CONVERTERS: list[Converter] = [
    SarParameters(),
    TrqParameters(),
    TrqParameters(r1_start=32, r1_bits=3, r1_step_log2=1, ratio_log2=2),
    TrqParameters(bits=12, r1_bits=6, r2_origin="after_r1"),
    ClippedParameters(bits=10, kept_bits=4, step_log2=2, start=100),
    SarParameters(bits=16),
    TrqParameters(bits=4, r1_bits=1, ratio_log2=1),
]


@pytest.mark.parametrize("p", CONVERTERS, ids=str)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int64])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_bulk_conversion_equals_conversion(p: Converter, kind: type, threads: int) -> None:
    largest = min(np.iinfo(kind).max, 70_000)
    counts = np.random.default_rng(1).integers(0, largest, (37, 53), endpoint=True).astype(kind)[::2]
    bulk, one = convert_bulk(counts, p, clip=True, threads=threads), convert(counts, p, clip=True)
    for name in ("code", "in_r1", "operations", "value"):
        assert np.array_equal(getattr(bulk, name), getattr(one, name)), name
    assert bulk.clipped == one.clipped.sum()
    assert bulk.code.dtype == bulk.value.dtype == (np.uint8 if p.bits <= 8 else np.uint16)
    assert (bulk.in_r1.dtype, bulk.operations.dtype) == (bool, np.uint8)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (np.array([3, 16], np.uint8), "counts must be at most 15, not 16"),
        (np.array([3, 300], np.uint16), "counts must be at most 15, not 300"),
        (np.array([3, 1 << 40]), "counts must be at most 15, not 1099511627776"),
        (np.array([-1, 3], np.int8), "counts must be at least 0, not -1"),
        (np.array([0.5]), "counts must be integers of at most 64 bits, not float64"),
    ],
)
def test_bulk_conversion_refuses_bad_counts(counts: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        convert_bulk(counts, TrqParameters(bits=4, r1_bits=1, ratio_log2=1))
    assert str(refused.value) == message


def test_bulk_conversion_of_nothing_and_of_one() -> None:
    assert convert_bulk(np.zeros((0, 3), np.uint8), SarParameters()).code.shape == (0, 3)
    assert convert_bulk(np.array(77, np.uint8), TrqParameters()).value.item() == 76
    with pytest.raises(ValueError) as refused:
        convert_bulk(np.zeros(1, np.uint8), SarParameters(), threads=0)
    assert str(refused.value) == "threads must be between 1 and 256, not 0"


def test_rates_are_measured() -> None:
    rates = conversion_rates(TrqParameters(), conversions=200_000, repeats=1)
    assert rates.bulk > 1e6
    assert rates.numpy > 1e6
