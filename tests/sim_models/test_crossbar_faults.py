"""Faults of a kind that hides easily, put into the golden model: exact integers, or figures by hand, see each."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import sim_models.crossbar as golden
from sim_models.crossbar import ISAAC_PAPER, CrossbarParameters, codes

DOTS = {"isaac": golden.isaac_dot, "cascade": golden.cascade_dot, "neural_pim": golden.neural_pim_dot}
FOUR: dict[str, Any] = {"rows": 4, "input_bits": 4, "weight_bits": 3}
FLIPPED: dict[str, Any] = {"rows": 4, "input_bits": 4, "weight_bits": 4, "cell_bits": 2}
FLIPPED |= {"weight_encoding": "offset", "flip_encoding": True}
X, W = np.array([5, 3, 12, 9]), np.array([[3], [-2], [5], [-1]])


def require_exact(p: CrossbarParameters, vectors: Any, weights: Any) -> None:
    made = DOTS[p.strategy](vectors, weights, p).values
    assert np.array_equal(made, np.asarray(vectors) @ weights), "products differ"


def noticed(check: Callable[..., None], *arguments: Any) -> None:
    """The check fails."""
    with pytest.raises(AssertionError, match="differ"):
        check(*arguments)


@pytest.mark.parametrize("dac_bits", [1, 2])
@pytest.mark.parametrize("strategy", DOTS)
def test_the_highest_slice_first(strategy: str, dac_bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    p = CrossbarParameters(**FOUR, strategy=strategy, dac_bits=dac_bits)
    require_exact(p, X, W)

    def mirrored(inputs: Any, parameters: Any) -> Any:
        driven, factors = golden.driven_slices(inputs, parameters)
        return driven[::-1], factors

    monkeypatch.setattr("sim_models.crossbar.bitlines.driven_slices", mirrored)
    noticed(require_exact, p, X, W)


@pytest.mark.parametrize("strategy", DOTS)
def test_the_sign_slice_not_subtracted(strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    p = CrossbarParameters(**FOUR, strategy=strategy, signed_inputs=True)
    require_exact(p, X - 8, W)

    def added(inputs: Any, parameters: Any) -> Any:
        driven, factors = golden.driven_slices(inputs, parameters)
        return driven, np.abs(factors)

    monkeypatch.setattr("sim_models.crossbar.bitlines.driven_slices", added)
    noticed(require_exact, p, X - 8, W)


def test_the_unit_column_a_cycle_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both columns of the example are flipped: each of their sums is restored with the unit column."""
    p = CrossbarParameters(**FLIPPED)
    require_exact(p, X, W)
    held = [np.zeros((1, 1), np.int64)]

    def late(driven: Any) -> Any:
        held.append(golden.unit_sums(driven))
        return held[-2]

    monkeypatch.setattr("sim_models.crossbar.isaac.unit_sums", late)
    noticed(require_exact, p, X, W)
    assert [each.item() for each in held[1:]] == [3, 1, 2, 2]


ROWS = np.arange(128)
X16, W16 = (12345 * ROWS + 777) % 65536, (54321 * ROWS + 31415) % 65536 - 32768


def require_flags(expected: list[int]) -> None:
    cells = golden.weight_slices(W16[:, np.newaxis], ISAAC_PAPER)
    found = golden.flip_columns(cells, ISAAC_PAPER)[1].astype(int).ravel().tolist()
    assert found == expected, "flags differ"


def test_columns_flipped_from_half_full_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums of 192 are half: flags change, and neither products nor the bits that they take."""
    signed = np.where(X16 >= 32768, X16 - 65536, X16)
    by_hand = [0, 0, 0, 0, 1, 0, 0, 1]  # of 192, 192, 192, 190, 196, 191, 191, 194
    require_flags(by_hand)

    def from_half_on(cells: Any, parameters: CrossbarParameters) -> NDArray[np.bool_]:
        return 2 * np.asarray(cells).sum(axis=-2) >= parameters.rows * parameters.cell_maximum

    monkeypatch.setattr("sim_models.crossbar.flip.flip_flags", from_half_on)
    noticed(require_flags, by_hand)
    require_flags([1, 1, 1, 0, 1, 0, 0, 1])
    made = golden.isaac_dot(signed, W16[:, np.newaxis], replace(ISAAC_PAPER, adc_bits=8))
    assert made.values.tolist() == [1139188288]
    assert made.record.saturations == 0


def require_codes(products: list[int], expected: list[int], fraction: float) -> None:
    """Codes of 8 bits, of products of 128 rows."""
    p = CrossbarParameters(strategy="neural_pim", range_fraction=fraction)
    assert golden.fixed_codes(products, p).tolist() == expected, "codes differ"


def test_codes_cut_off_towards_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """A range of 520200: 3072 are three quarters of a step."""
    require_codes([3072, -3072], [1, -1], 1 / 16)

    def cut_off(magnitudes: Any, parameters: CrossbarParameters) -> Any:
        registers = golden.range_registers(parameters)
        return magnitudes * registers.range_mult >> registers.range_shift

    monkeypatch.setattr(codes, "unclipped_codes", cut_off)
    noticed(require_codes, [3072, -3072], [1, -1], 1 / 16)


def require_ties() -> None:
    """Of a full scale of 420: 210 is 63.5 steps of 127."""
    p = CrossbarParameters(**FOUR, strategy="neural_pim")
    assert golden.ideal_codes([210, -210, 209], p).tolist() == [64, -64, 63], "codes differ"


def test_ties_towards_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    require_ties()
    sound = golden.ideal_codes

    def towards_zero(products: Any, parameters: CrossbarParameters) -> Any:
        words = np.asarray(products)
        return np.sign(words) * (sound(2 * np.abs(words) - 1, parameters) // 2)

    monkeypatch.setattr(golden, "ideal_codes", towards_zero)
    noticed(require_ties)


def require_registers() -> None:
    p = CrossbarParameters(**FOUR, strategy="neural_pim")
    found = golden.range_registers(p)
    assert (found.range_mult, found.range_shift) == (39634, 17), "registers differ"


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Registers of ranges are remembered: not those of a faulty model."""
    codes._registers.cache_clear()
    yield
    codes._registers.cache_clear()


@pytest.mark.usefixtures("forgotten")
def test_a_range_rounded_towards_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """127 / 420 * 2^17 = 39633.98."""
    require_registers()
    codes._registers.cache_clear()
    monkeypatch.setattr(codes, "_ratio", lambda numerator, denominator: numerator // denominator)
    noticed(require_registers)


def require_enough_bits(p: CrossbarParameters) -> None:
    """All inputs and all cells 1: nothing saturates with as many bits as the formula says, something with one less."""
    weights, vectors = np.full((p.rows, 1), (1 << p.weight_bits) - 1), np.full(p.rows, (1 << p.input_bits) - 1)
    bits = golden.adc_bits(p)
    require_exact(replace(p, adc_bits=bits), vectors, weights)
    with pytest.raises(AssertionError, match="differ"):
        require_exact(replace(p, adc_bits=bits - 1), vectors, weights)


@pytest.mark.parametrize(
    ("strategy", "fields"),
    [
        ("isaac", {"rows": 4}),  # 4
        ("isaac", {"rows": 128}),  # 128
        ("cascade", {"rows": 8, "weight_bits": 4}),  # 4 * 8 in the deepest column
        ("cascade", {"rows": 16, "weight_bits": 2}),  # 2 * 16
    ],
    ids=str,
)
def test_a_bit_too_few(strategy: str, fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """ceil(log2(largest)) instead of ceil(log2(largest + 1)): they differ where the largest is a power of two."""
    p = CrossbarParameters(**FOUR | fields, strategy=strategy)
    require_enough_bits(p)
    monkeypatch.setattr("sim_models.crossbar.formulas.unsigned_width", lambda largest: (largest - 1).bit_length())
    noticed(require_enough_bits, p)


@pytest.mark.parametrize("rows", [3, 5, 100, 127])
def test_enough_bits_of_other_arrays(rows: int) -> None:
    for strategy in ("isaac", "cascade"):
        require_enough_bits(CrossbarParameters(**FOUR | {"rows": rows}, strategy=strategy))
