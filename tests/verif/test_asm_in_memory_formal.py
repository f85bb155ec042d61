"""The in-memory unit and its parts keep their promises for all inputs in all cycles; wrong ones are found out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Cat, Const

from gen.catalog import find
from hdl.asm.in_memory import AsmInMemory
from hdl.asm.in_memory_array import BitlineAdder, ColumnShift, InMemoryArray
from hdl.asm.in_memory_array_properties import (
    BitlineAdderProperties,
    ColumnShiftProperties,
    InMemoryArrayProperties,
    small_array,
)
from hdl.asm.in_memory_merge import DrainMerge, QuartetMerge
from hdl.asm.in_memory_properties import (
    DrainMergeProperties,
    InMemoryProperties,
    ProductShape,
    QuartetMergeProperties,
    in_memory_properties,
    small_parameters,
)
from hdl.asm.micro_sequencer import MicroSequencer
from hdl.asm.micro_sequencer_properties import MicroSequencerProperties
from hdl.property_set import PropertySet
from sim_models.asm.in_memory import InMemoryParameters, SingleRowParameters
from verif.properties import check_set, properties_of

DEFAULT = InMemoryParameters()
NAMES = [name for name, _ in in_memory_properties(DEFAULT)]
# Two passes, two groups and two outputs take longer than the rest together.
SLOW = [name for name in NAMES if name.startswith("AsmInMemory") and "1 x 1 x 1" not in name]


def failures(properties: PropertySet, name: str = "set") -> list[str]:
    return [f"{result.name}: {result.detail}" for result in check_set(properties, name) if not result.passed]


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in NAMES])
def test_the_unit_keeps_its_properties(name: str) -> None:
    assert failures(dict(in_memory_properties(DEFAULT))[name](), name) == []


def test_the_catalog_knows_them() -> None:
    for name in ("asm_in_memory", "asm_in_memory_single_row"):
        assert [claim for claim, _ in properties_of(find(name), DEFAULT)] == NAMES


@pytest.mark.parametrize(
    "width", [pytest.param(n, marks=[pytest.mark.slow] * (n not in (1, 2, 9, 17, 39, 64))) for n in range(1, 65)]
)
def test_and_and_nor_make_the_sum_of_words_of_all_widths(width: int) -> None:
    assert failures(BitlineAdderProperties(width=width)) == []


@pytest.mark.parametrize("width", [4, 11, 23, 39, 64])
def test_a_shift_stays_in_its_word(width: int) -> None:
    assert failures(ColumnShiftProperties(width=width)) == []


@pytest.mark.parametrize(("width", "quartets"), [(17, 1), (24, 2), (30, 3), (39, 4)])
def test_quartets_become_one_sum(width: int, quartets: int) -> None:
    assert failures(QuartetMergeProperties(width=width, quartets=quartets)) == []


SEQUENCERS: list[dict[str, Any]] = [
    {"store_triple": False},
    {"alphabets": (1,)},
    {"sign_inside": True, "alphabets": (1,)},
    {"sign_inside": True},
    {"zero_skip": False},
    {"zero_skip": False, "store_triple": False, "sign_inside": True},
    {"encode_weights": False},
    {"encode_weights": False, "zero_skip": False, "alphabets": (1,)},
]


@pytest.mark.slow
@pytest.mark.parametrize("fields", SEQUENCERS, ids=str)
def test_the_sequencer_emits_the_golden_program(fields: dict[str, Any]) -> None:
    p = replace(small_parameters(replace(DEFAULT, **fields), inputs=3), transfer_words=2)
    assert failures(MicroSequencerProperties(parameters=p)) == []


@pytest.mark.slow
@pytest.mark.parametrize("fields", [{"store_triple": False}, {"zero_skip": False}, {"sign_inside": True}], ids=str)
def test_units_of_other_parameters_keep_their_properties(fields: dict[str, Any]) -> None:
    for name, build in in_memory_properties(replace(DEFAULT, **fields)):
        assert failures(build(), name) == [], name


@pytest.mark.slow
@pytest.mark.parametrize("fields", [{}, {"sign_inside": True}], ids=str)
def test_the_sequencer_goes_through_quartets_of_a_word(fields: dict[str, Any]) -> None:
    small = small_parameters(replace(DEFAULT, **fields), inputs=3)
    p = replace(small, weight_bits=8, rows=small.rows + 1, columns=2 * small.columns)
    assert failures(MicroSequencerProperties(parameters=p)) == []


class NoCarry(BitlineAdder):
    """Every column by itself."""

    def elaborate(self, platform: Any) -> Any:
        m = super().elaborate(platform)
        m.d.comb += self.sum.eq(~(self.both | self.neither))
        return m


class Leaky(ColumnShift):
    """What leaves a word at its top comes in below."""

    def _column(self, column: int) -> Any:
        return super()._column(column) | (self.shift[1] & self.word[column - 1])


class Borrowless(InMemoryArray):
    """Complements the latch, but lets no carry in."""

    def _add_word(self, m: Any, lane: int, cells: Any, latch: Any) -> None:
        super()._add_word(m, lane, cells, latch)
        m.d.comb += getattr(m.submodules, f"adder_{lane}").carry.eq(0)


class Diligent(MicroSequencer):
    """Does not skip zeros."""

    def _is_used(self, code: Any, place: int) -> Any:
        return 1


class Single(MicroSequencer):
    """Reads X where it should read 3X."""

    def _input_row(self, k: Any, triple: Any, some: Any) -> Any:
        return super()._input_row(k, 0, some)


class Unheard(MicroSequencer):
    """Tells of no refused word."""

    def _keep_error(self, m: Any, error: Any) -> None:
        super()._keep_error(m, error & 0)


class Forgetful(DrainMerge):
    """Begins each pass at zero."""

    def _keep(self, m: Any, kept: Any, output: Any) -> Any:
        return super()._keep(m, kept, output) & 0


class Unshifted(QuartetMerge):
    """Adds all words at the place of the lowest quartet."""

    def elaborate(self, platform: Any) -> Any:
        m = super().elaborate(platform)
        m.d.comb += self.total.eq(Cat(Const(0, 4), self.word))
        return m


class Anonymous(AsmInMemory):
    """Does not say whose results they are."""

    def _drain(self, m: Any, controller: Any, merge: Any) -> None:
        super()._drain(m, controller, merge)
        m.d.comb += self.result_out.payload.output.eq(1)


class Stuck(AsmInMemory):
    """Waits for ever with its first drain."""

    def _drain(self, m: Any, controller: Any, merge: Any) -> None:
        super()._drain(m, controller, merge)
        m.d.comb += controller.free.eq(0)


class Lossy(AsmInMemory):
    """Drains over a result that waits."""

    def _drain(self, m: Any, controller: Any, merge: Any) -> None:
        super()._drain(m, controller, merge)
        m.d.comb += controller.free.eq(1)


class Fleeting(AsmInMemory):
    """An error is told for one cycle."""

    def _sequence(self, m: Any, controller: Any, sequencer: Any) -> None:
        super()._sequence(m, controller, sequencer)
        m.d.comb += sequencer.clear.eq(1)


SMALL = small_parameters(DEFAULT)
INSIDE = small_parameters(replace(DEFAULT, sign_inside=True))
THREE = replace(small_parameters(DEFAULT, inputs=3), transfer_words=2)
ARRAY = small_array(DEFAULT)
ONE, TWO = [ProductShape(groups=1, length=1, outputs=outputs) for outputs in (1, 2)]


def unit(component: type[AsmInMemory], shape: ProductShape, p: InMemoryParameters = SMALL) -> PropertySet:
    return InMemoryProperties(parameters=p, shapes=[shape], component=component(parameters=p))


def sequencer(component: type[MicroSequencer], p: InMemoryParameters = THREE) -> PropertySet:
    return MicroSequencerProperties(parameters=p, component=component(parameters=p))


WRONG: dict[str, tuple[str, Callable[[], PropertySet]]] = {
    "no carry": ("adds", lambda: BitlineAdderProperties(width=5, component=NoCarry(width=5))),
    "a shift that leaks": ("shifts_by_1", lambda: ColumnShiftProperties(width=6, component=Leaky(width=6))),
    "a subtraction without carry": (
        "lane_0_shows_the_row",
        lambda: InMemoryArrayProperties(parameters=ARRAY, component=Borrowless(parameters=ARRAY)),
    ),
    "zeros not skipped": ("operations_are_those_of_the_program", lambda: sequencer(Diligent)),
    "the wrong row": ("operations_are_those_of_the_program", lambda: sequencer(Single)),
    "other parameters": (
        "operations_are_those_of_the_program",
        lambda: MicroSequencerProperties(
            parameters=THREE,
            component=MicroSequencer(parameters=SingleRowParameters(**{**vars(THREE), "store_triple": False})),
        ),
    ),
    "an error not told": (
        "errors_are_told_until_they_are_cleared",
        lambda: sequencer(
            Unheard, replace(small_parameters(replace(DEFAULT, sign_inside=True), inputs=3), transfer_words=2)
        ),
    ),
    "passes forgotten": (
        "it_is_the_sum_of_all_passes",
        lambda: DrainMergeProperties(parameters=SMALL, component=Forgetful(parameters=SMALL)),
    ),
    "quartets that are not shifted": (
        "the_sum_of_2",
        lambda: QuartetMergeProperties(width=9, quartets=2, component=Unshifted(width=9, quartets=2)),
    ),
    "a wrong tag": ("results_come_once_and_in_order", lambda: unit(Anonymous, TWO)),
    "a deadlock": ("a_product_ends_in_its_cycles", lambda: unit(Stuck, ONE)),
    "a result that is lost": ("a_result_waits_unchanged", lambda: unit(Lossy, TWO)),
    "an error that does not stay": (
        "an_error_is_told_until_the_next_product",
        lambda: unit(Fleeting, ONE, INSIDE),
    ),
}


# Counterexamples that take longer than all others together.
LONG = (
    "a wrong tag", "an error that does not stay", "an error not told", "the wrong row", "other parameters",
    "zeros not skipped", "a result that is lost",
)  # fmt: skip


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in WRONG])
def test_a_wrong_design_breaks_the_property(name: str) -> None:
    broken, build = WRONG[name]
    failed = [result.name for result in check_set(build(), name, seconds=12) if result.passed is False]
    assert broken in failed
