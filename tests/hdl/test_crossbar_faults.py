"""Faults of a kind that hides easily, put into strategies' hardware: the comparison with exact integers sees each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, Mux, Signal
from numpy.typing import NDArray

import sim_models.crossbar as golden
from gen.rtl import Rtl, elaborate
from hdl.block import Block
from hdl.crossbar import (
    CascadeController,
    CascadeParameters,
    InputSlicer,
    IsaacParameters,
    IsaacReadout,
    NeuralPimController,
    NeuralPimParameters,
    RangeCode,
    crossbar_tile,
)
from hdl.crossbar.code_sequence import CodeSequence
from hdl.crossbar.unit_sum import UnitSum
from verif import crossbar_isaac as isaac
from verif import crossbar_tiles as tiles
from verif.checks_form import require_equal
from verif.crossbar_tiles_loop import in_loop, in_stand_ins

SEED = 162
Integers = NDArray[np.int64]
Parameters = IsaacParameters | CascadeParameters | NeuralPimParameters
Loop = Callable[[Rtl, Any], Rtl]

FOUR: dict[str, Any] = {
    "rows": 4,
    "input_bits": 4,
    "weight_bits": 3,
    "cell_bits": 1,
    "outputs": 1,
    "slots_per_cycle": 8,
}
DIFFERENTIAL: dict[str, Any] = {"weight_encoding": "differential", "flip_encoding": False, "signed_inputs": False}
FLIPPED: dict[str, Any] = {"weight_bits": 4, "cell_bits": 2, "weight_encoding": "offset", "flip_encoding": True}
FINE = 10  # bits of a code that tells all products of four rows from each other: 511 steps for 420


def strategy_a(**fields: Any) -> IsaacParameters:
    return IsaacParameters(**FOUR | DIFFERENTIAL | {"converter": "ideal"} | fields)


def strategy_b(**fields: Any) -> CascadeParameters:
    chosen = FOUR | {"bitline_bits": None, "carry_columns": 0, "converter": "ideal"}
    return CascadeParameters(**chosen | fields)


def strategy_c(**fields: Any) -> NeuralPimParameters:
    return NeuralPimParameters(**FOUR | {"dac_bits": 1, "output_bits": FINE} | fields)


WEIGHTS = np.array([[3], [-2], [5], [-1]])  # as offset weights in two cells each, both columns are stored flipped


def drawn(p: Parameters) -> Integers:
    """Vectors, with those of the extremes and of zeros."""
    random = np.random.default_rng(SEED)
    vectors: Integers = random.integers(*p.input_range, (40, p.rows), endpoint=True)
    vectors[1], vectors[2], vectors[3] = *p.input_range, 0
    return vectors


def exact(p: Parameters, weights: Integers, vectors: Integers) -> Integers:
    """Products, or of C their codes, rounded to the nearest, ties away from 0."""
    found = vectors @ weights
    if not isinstance(p, NeuralPimParameters):
        return found
    scale, most = p.rows * ((1 << p.input_bits) - 1) * ((1 << p.weight_bits) - 1), (1 << p.output_bits - 1) - 1
    return np.sign(found) * ((2 * np.abs(found) * most + scale) // (2 * scale))


def results(p: Parameters, weights: Integers, vectors: Integers, loop: Loop | None = None) -> Integers:
    """What comes out of the tile: (vectors, outputs)."""
    rtl = elaborate(crossbar_tile(p), f"crossbar_tile_{p.strategy}")
    if isinstance(p, IsaacParameters):
        value: Integers = isaac.run(rtl, p, isaac.full_rate(weights, vectors), SEED)["value"]
        return value.reshape(-1, p.outputs)
    values: Integers = tiles.run(rtl, p, tiles.full_rate(weights, vectors), SEED, loop=loop or in_loop)["values"]
    return values


def compare(p: Parameters, weights: Integers, vectors: Integers, loop: Loop | None = None) -> None:
    """Raises AssertionError where a result of the tile is not the exact one."""
    require_equal({"products": results(p, weights, vectors, loop)}, {"products": exact(p, weights, vectors)}, SEED)


def stuck(kind: type[Block], port: str, value: int, *, register: bool = False) -> type[Block]:
    """A block like ``kind``, whose output ``port`` is always ``value``; a ``register`` from its first clock on."""

    def faulty(self: Block, platform: Any) -> Module:
        m: Module = kind.elaborate(self, platform)  # type: ignore[attr-defined]  # every block has one
        m.d["sync" if register else "comb"] += getattr(self, port).eq(value)
        return m

    return type(f"Stuck{kind.__name__}", (kind,), {"elaborate": faulty})


class HighestFirst(InputSlicer):
    """Drives the highest slice first."""

    def elaborate(self, platform: Any) -> Module:
        m = super().elaborate(platform)
        p = self.parameters
        for row in range(p.rows):
            left = Signal(p.input_bits, name=f"left_{row}")
            with m.If(self.load):
                m.d.sync += left.eq(self.x[row])
            with m.Elif(self.step):
                m.d.sync += left.eq(left << p.dac_bits)
            m.d.comb += self.slice[row].eq(left[-p.dac_bits :] & self.drive.replicate(p.dac_bits))
        return m


class ScannedLate(IsaacReadout):
    """The multiplexer gives the unit column in the second slot of a scan, and the first line before it."""

    def elaborate(self, platform: Any) -> Module:
        m = super().elaborate(platform)
        position = m.submodules.scan.position  # type: ignore[attr-defined]  # the name that the read-out gives it
        m.d.comb += self.select.eq(Mux(position < 2, ~position[0], position))
        return m


class TakenLate(UnitSum):
    """The code of the unit column is taken a slot late: it is that of the first line."""

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.sound = sound = UnitSum(parameters=self.parameters)
        late = Signal()
        m.d.sync += late.eq(self.take)
        m.d.comb += [getattr(sound, name).eq(getattr(self, name)) for name in ("code", "fresh", "subtract", "keep")]
        m.d.comb += [sound.take.eq(late), self.unit.eq(sound.unit), self.total.eq(sound.total)]
        return m


class OfTheCycleBefore(UnitSum):
    """Flipped lines are restored with the unit column of the array cycle before."""

    def elaborate(self, platform: Any) -> Module:
        m = super().elaborate(platform)
        last, before = Signal.like(self.unit), Signal.like(self.unit)
        with m.If(self.take):
            m.d.sync += [last.eq(self.code), before.eq(last)]
        m.d.comb += self.unit.eq(before)
        return m


class ClearedOnce(CascadeController):
    """Clears the banks after a reset, and never again once a vector was taken."""

    def elaborate(self, platform: Any) -> Module:
        m = super().elaborate(platform)
        begun = Signal()
        with m.If(self.load):
            m.d.sync += begun.eq(1)
        cleared = m.submodules.readout.clear  # type: ignore[attr-defined]  # the name that the controller gives it
        m.d.comb += self.clear.eq(Mux(begun, 0, cleared))
        return m


class TowardsZero(RangeCode):
    """Cuts off what is below a step."""

    def elaborate(self, platform: Any) -> Module:
        m = super().elaborate(platform)
        negative = self.value < 0
        size = (Mux(negative, -self.value, self.value) * self.range_mult) >> self.range_shift
        largest = (1 << self.output_bits - 1) - 1
        code = Mux(size > largest, largest, size)
        m.d.comb += self.code.eq(Mux(negative, -code, code))
        return m


def replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A ``faulty`` block in the place of the one that the module of its user, ``user``, knows by the name ``name``.

    ``acts_as``: vectors with which a sound tile gives what the faulty one makes of those that it takes, if there are.
    """

    user: str
    name: str
    faulty: type[Block]
    parameters: Parameters
    loop: Loop | None = None
    acts_as: Callable[[Integers], Integers] | None = None


def mirrored(vectors: Integers) -> Integers:
    """The four bits in the other order."""
    return (vectors & 1) << 3 | (vectors & 2) << 1 | (vectors & 4) >> 1 | vectors >> 3


def swapped(vectors: Integers) -> Integers:
    """The two halves of four bits."""
    return (vectors & 3) << 2 | vectors >> 2


def unsigned(vectors: Integers) -> Integers:
    """Four bits of two's complement as a number without sign."""
    return vectors & 15


def top_bit(vectors: Integers) -> Integers:
    return vectors & 8


A, B, C = "isaac_readout", "cascade_tile", "neural_pim_tile"
FIRST_STUCK: dict[str, Any] = {"user": C, "name": "NeuralPimController", "parameters": strategy_c()}
UNIT: dict[str, Any] = {"user": A, "parameters": strategy_a(**FLIPPED)}

QUICK = {
    "the highest slice first in C": Fault(
        user=C, name="InputSlicer", faulty=HighestFirst, parameters=strategy_c(), acts_as=mirrored
    ),
    "the sign slice not subtracted in A": Fault(
        user=A,
        name="CodeSequence",
        faulty=stuck(CodeSequence, "subtract", 0),
        parameters=strategy_a(signed_inputs=True),
        acts_as=unsigned,
    ),
    "the unit column scanned a slot late": Fault(
        user="isaac_tile", name="IsaacReadout", faulty=ScannedLate, parameters=strategy_a(**FLIPPED)
    ),
    "the feedback never cleared": Fault(**FIRST_STUCK, faulty=stuck(NeuralPimController, "first", 0, register=True)),
    "banks cleared once": Fault(user=B, name="CascadeController", faulty=ClearedOnce, parameters=strategy_b()),
}
OTHERS = {
    "the highest slice first in A": Fault(
        user="isaac_tile", name="InputSlicer", faulty=HighestFirst, parameters=strategy_a(), acts_as=mirrored
    ),
    "the highest slice first in B": Fault(
        user=B, name="InputSlicer", faulty=HighestFirst, parameters=strategy_b(), acts_as=mirrored
    ),
    "the highest slice first of two": Fault(
        user=C, name="InputSlicer", faulty=HighestFirst, parameters=strategy_c(dac_bits=2), acts_as=swapped
    ),
    "the sign slice not subtracted in A of offset weights": Fault(
        user=A,
        name="CodeSequence",
        faulty=stuck(CodeSequence, "subtract", 0),
        parameters=strategy_a(**FLIPPED | {"signed_inputs": True}),
        acts_as=unsigned,
    ),
    "the sign slice not subtracted in B": Fault(
        user=B,
        name="CascadeController",
        faulty=stuck(CascadeController, "swap", 0),
        parameters=strategy_b(signed_inputs=True),
        acts_as=unsigned,
    ),
    "the sign slice not subtracted in C": Fault(
        user=C,
        name="NeuralPimController",
        faulty=stuck(NeuralPimController, "negate", 0),
        parameters=strategy_c(signed_inputs=True),
        acts_as=unsigned,
    ),
    "the unit column taken a slot late": Fault(**UNIT, name="UnitSum", faulty=TakenLate),
    "the unit column an array cycle late": Fault(**UNIT, name="UnitSum", faulty=OfTheCycleBefore),
    "the feedback always cleared": Fault(
        **FIRST_STUCK, faulty=stuck(NeuralPimController, "first", 1, register=True), acts_as=top_bit
    ),
    "the sums of A never begun anew": Fault(
        user=A, name="CodeSequence", faulty=stuck(CodeSequence, "fresh", 0), parameters=strategy_a()
    ),
    "the sums of B never begun anew": Fault(
        user=B,
        name="CascadeController",
        faulty=stuck(CascadeController, "code_first", 0),
        parameters=strategy_b(),
    ),
    "a single bank cleared once": Fault(
        user=B,
        name="CascadeController",
        faulty=ClearedOnce,
        parameters=strategy_b(double_buffer=False),
    ),
    "banks not cleared after a reset": Fault(
        user=B,
        name="CascadeController",
        faulty=stuck(CascadeController, "clear", 0),
        parameters=strategy_b(),
    ),
    "codes cut off towards zero": Fault(
        user="converter", name="RangeCode", faulty=TowardsZero, parameters=strategy_c(), loop=in_stand_ins
    ),
}


def notice(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sound tile gives exact results, the one with the fault does not."""
    p = fault.parameters
    vectors = drawn(p)
    compare(p, WEIGHTS, vectors, fault.loop)
    monkeypatch.setattr(f"hdl.crossbar.{fault.user}.{fault.name}", fault.faulty)
    with pytest.raises(AssertionError, match="results differ, first products"):
        compare(p, WEIGHTS, vectors, fault.loop)
    if fault.acts_as is not None:
        assert np.array_equal(results(p, WEIGHTS, vectors, fault.loop), exact(p, WEIGHTS, fault.acts_as(vectors)))


@pytest.mark.parametrize("name", QUICK)
def test_a_fault_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    notice(QUICK[name], monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_another_fault_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    notice(OTHERS[name], monkeypatch)


# Cells 11, 6, 5, 12: the lower ones are 3, 2, 1, 0, half of all they can be, the upper ones 2, 1, 1, 3 more than that.
HALF_FULL = np.array([[3], [-2], [-3], [4]])


def flags_of(p: IsaacParameters, weights: Integers) -> Integers:
    return isaac.writes(weights, p)["flip_flag"][: p.lines]


def from_half_on(cells: Any, parameters: Any) -> NDArray[np.bool_]:
    """Which columns are at least half full."""
    return 2 * np.asarray(cells).sum(axis=-2) >= parameters.rows * parameters.cell_maximum


def test_columns_flipped_from_half_full_on_change_flags_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is legal, as no line then gives more than half; so the flags themselves are compared."""
    p = strategy_a(**FLIPPED)
    vectors = drawn(p)
    by_hand = {"flags": np.array([0, 1])}
    require_equal({"flags": flags_of(p, HALF_FULL)}, by_hand, SEED)
    compare(p, HALF_FULL, vectors)
    monkeypatch.setattr("sim_models.crossbar.flip.flip_flags", from_half_on)
    with pytest.raises(AssertionError, match="1 of 2 results differ, first flags"):
        require_equal({"flags": flags_of(p, HALF_FULL)}, by_hand, SEED)
    compare(p, HALF_FULL, vectors)


def test_flags_that_do_not_go_with_the_cells_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    p, sound = strategy_a(**FLIPPED), isaac.writes
    vectors = drawn(p)
    monkeypatch.setattr(isaac, "writes", lambda *of: (words := sound(*of)) | {"flip_flag": 1 - words["flip_flag"]})
    with pytest.raises(AssertionError, match="results differ, first products"):
        compare(p, HALF_FULL, vectors)


@pytest.mark.parametrize(
    ("bench", "p", "loop"),
    [(isaac, strategy_a(), None), (tiles, strategy_b(), None), (tiles, strategy_c(), None)],
    ids=["isaac", "cascade", "neural_pim"],
)
def test_weights_with_the_highest_slice_first_are_noticed(
    bench: Any, p: Any, loop: Loop | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = drawn(p)
    compare(p, WEIGHTS, vectors, loop)
    monkeypatch.setattr(bench, "weight_slices", lambda *of: golden.weight_slices(*of)[:, ::-1])
    with pytest.raises(AssertionError, match="results differ, first products"):
        compare(p, WEIGHTS, vectors, loop)


@pytest.mark.parametrize(
    ("p", "bits"),
    [
        (strategy_a(), 3),  # 0 to 4
        # Two sums of 0 to 4 share a column.
        pytest.param(strategy_b(weight_bits=2), 4, marks=pytest.mark.slow),
    ],
    ids=["isaac", "cascade"],
)
def test_a_converter_with_a_code_too_few_is_noticed(p: Any, bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its largest code is one short where all inputs and cells are 1, if the number of codes is a power of two."""
    weights, vectors = np.full((4, 1), p.weight_range[1]), np.full((2, 4), 15)
    assert p.code_bits == bits + 1
    compare(p, weights, vectors)
    monkeypatch.setattr("sim_models.crossbar.formulas.unsigned_width", lambda largest: (largest - 1).bit_length())
    assert p.code_bits == bits
    with pytest.raises(AssertionError, match="results differ, first products"):
        compare(p, weights, vectors)
