"""Blocks of the in-SRAM multiplier keep their properties for all inputs in all cycles; wrong blocks are found out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hdl.daism import BankLoader, DaismBank, FloatLane, FloatSum, MultiRowArray
from hdl.daism.array_properties import MultiRowArrayProperties
from hdl.daism.bank_parameters import BankParameters
from hdl.daism.bank_properties import DaismBankProperties
from hdl.daism.float_properties import FloatLaneProperties, FloatSumProperties
from hdl.daism.loader_properties import BankLoaderProperties
from hdl.daism.or_plane import OrPlane
from hdl.daism.or_plane_properties import OrPlaneProperties
from hdl.daism.properties import accumulator_properties, bank_properties, exact_lane_properties, lane_properties
from hdl.daism.slots import SlotPipeline
from hdl.daism.slots_properties import SlotPipelineProperties
from hdl.property_set import PropertySet
from verif.properties import check_set

INTEGER = {"operand_kind": "integer", "accumulator": "int"}


def failures(properties: PropertySet, name: str = "set") -> list[str]:
    return [f"{result.name}: {result.detail}" for result in check_set(properties, name) if not result.passed]


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ({}, "truncated"),
        (INTEGER, "truncated"),
        *(pytest.param(kind, kept, marks=pytest.mark.slow) for kind in ({}, INTEGER) for kept in ("guard", "full")),
    ],
    ids=str,
)
@pytest.mark.parametrize("variant", ["fla", "pc2", "pc3", "pc4", "hla a", "hla b", "hla c", "hla d"])
def test_opened_rows_equal_the_formula_for_all_operands(kind: dict[str, str], variant: str, kept: str) -> None:
    name, _, mode = variant.partition(" ")
    p = BankParameters(variant=name, hla_mode=mode or "a", kept_columns=kept, **kind)
    assert failures(OrPlaneProperties(parameters=p)) == []


@pytest.mark.parametrize("bits", [4, 5, 7])
@pytest.mark.parametrize("mode", ["a", "b"])
def test_opened_rows_of_other_widths_equal_the_formula(mode: str, bits: int) -> None:
    p = BankParameters(variant="hla", hla_mode=mode, significand_bits=bits)
    assert failures(OrPlaneProperties(parameters=p)) == []


CONFIGURATIONS: list[dict[str, Any]] = [
    {},
    {**INTEGER, "variant": "pc2", "accumulate_latency": 2},
    {"variant": "fla", "accumulate_latency": 2},
    {"variant": "hla", "hla_mode": "b", "accumulate_latency": 4, "product_rounding": "rne", "kept_columns": "guard"},
    {"variant": "hla", "hla_mode": "a", "significand_bits": 7, "zero_skip": False},
    {"significand_bits": 11, "exponent_bits": 5, "saturate_to": "infinity", "product_precision": "kept"},
]


@pytest.mark.parametrize(
    "fields",
    [*CONFIGURATIONS[:2], *(pytest.param(each, marks=pytest.mark.slow) for each in CONFIGURATIONS[2:])],
    ids=str,
)
def test_every_part_of_a_bank_keeps_its_properties(fields: dict[str, Any]) -> None:
    for name, build in bank_properties(BankParameters(**fields)):
        assert failures(build(), name) == [], name


def test_the_lanes_claims_are_among_those_of_the_bank() -> None:
    p = BankParameters()
    named = [name for name, _ in bank_properties(p)]
    for claims in (lane_properties, accumulator_properties, exact_lane_properties):
        names = [name for name, _ in claims(p)]
        assert names
        assert set(names) <= set(named)
    assert not list(accumulator_properties(BankParameters(**INTEGER)))


class NoLostBit(FloatSum):
    """Forgets what is shifted out."""

    def _add(self, m: Any, larger: Any, shifted: Any, lost: Any, subtract: Any) -> Any:
        return super()._add(m, larger, shifted, lost & 0, subtract)


class NextRow(MultiRowArray):
    """Writes the row beside the one asked for."""

    def _split_row(self, m: Any) -> Any:
        group, place = super()._split_row(m)
        return group, place ^ 1


class NoConflict(SlotPipeline):
    """Takes an operand for a slot whose sum is not there yet."""

    def _conflict(self, m: Any) -> None:
        m.d.comb += self.conflict.eq(0)


class Careless(DaismBank):
    """Drives while rows are written."""

    def _hand_shake(self, m: Any, loader: Any, slots: Any) -> None:
        super()._hand_shake(m, loader, slots)
        m.d.comb += self.drive.ready.eq(slots.free & ~self.load.valid)


SMALL = BankParameters(significand_bits=4, rows=11, columns=4)
LANE = BankParameters(rows=20, columns=8)
WIDE = BankParameters(kept_columns="full")
WRONG: dict[str, Callable[[], PropertySet]] = {
    "equals_the_formula": lambda: OrPlaneProperties(
        parameters=LANE, component=OrPlane(parameters=replace(LANE, variant="pc4", rows=24))
    ),
    "lane_0_holds_its_multiples": lambda: BankLoaderProperties(
        parameters=replace(LANE, rows=27, significand_bits=8),
        component=BankLoader(
            parameters=replace(LANE, rows=27, variant="hla", hla_mode="a", significand_bits=6, columns=8)
        ),
    ),
    "gives_the_or_of_the_open_rows": lambda: MultiRowArrayProperties(
        parameters=SMALL, component=NextRow(parameters=SMALL)
    ),
    "product_as_the_rules_say": lambda: FloatLaneProperties(
        parameters=replace(WIDE, product_rounding="rne"), component=FloatLane(parameters=WIDE)
    ),
    "not_beyond_and_less_than_a_step_short": lambda: FloatSumProperties(
        component=NoLostBit(exponent_bits=3, fraction_bits=3, addend_fraction_bits=3)
    ),
    "no_sum_is_used_before_it_is_there": lambda: SlotPipelineProperties(
        parameters=replace(LANE, interleave=2, accumulate_latency=3),
        component=NoConflict(parameters=replace(LANE, interleave=2, accumulate_latency=3)),
    ),
    "reads_and_writes_take_turns": lambda: DaismBankProperties(
        parameters=replace(SMALL, interleave=1), component=Careless(parameters=replace(SMALL, interleave=1))
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_block_breaks_the_property(name: str) -> None:
    broken = [failure.partition(":")[0] for failure in failures(WRONG[name]())]
    assert name in broken
