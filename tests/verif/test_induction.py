"""Induction proves what follows from the cycles before, and nothing else."""

from pathlib import Path

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hdl.property_set import PropertySet
from verif.formal import holds_by_induction, searched
from verif.properties import check_set
from verif.property_design import elaborate_properties

CYCLES = 3


class Decade(wiring.Component):
    """Counts 0 to 9 and begins again; ``kept`` is what it was when the power came, as the count is never 15."""

    count: Out(4)
    kept: Out(1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        kept = Signal(reset_less=True)
        m.d.sync += [self.count.eq(self.count + 1), kept.eq(kept | self.count.all())]
        with m.If(self.count == 9):
            m.d.sync += self.count.eq(0)
        m.d.comb += self.kept.eq(kept)
        return m


class DecadeProperties(PropertySet):
    """The count is never ``never``; or, instead, ``kept`` is 1."""

    def __init__(self, never: int | None) -> None:
        self.never = never
        super().__init__(Decade())

    def state(self, m: Module) -> None:
        self.holds(m, "claim", self.kept if self.never is None else self.count != self.never)
        self.reaches(m, "nine", self.count == 9)


@pytest.mark.parametrize(
    ("never", "inductive"),
    [
        (12, True),  # nothing leads to 10, so no three cycles lead to 12
        (14, False),  # 11, 12, 13 would lead there, and never occur
        (5, False),  # wrong, which the fifth cycle shows
        (None, True),  # holds if it ever did
    ],
)
def test_the_step(never: int | None, inductive: bool, tmp_path: Path) -> None:
    elaborate_properties(DecadeProperties(never)).write_step(tmp_path)
    assert holds_by_induction(tmp_path, CYCLES, 20) is inductive


@pytest.mark.parametrize(("never", "holds"), [(12, True), (None, False)])
def test_the_first_cycles(never: int | None, holds: bool, tmp_path: Path) -> None:
    elaborate_properties(DecadeProperties(never)).write_graph(tmp_path)
    assert searched(tmp_path, 1 + CYCLES, 20) is holds


@pytest.mark.parametrize(("never", "passed"), [(12, True), (14, True), (5, False), (None, False)])
def test_what_becomes_of_the_claims(never: int | None, passed: bool) -> None:
    claim, goal = check_set(DecadeProperties(never), "Decade", seconds=20)
    assert (claim.passed, goal.passed) == (passed, True)


def test_properties_are_assumed_together(tmp_path: Path) -> None:
    """One that no induction over few cycles proves is proved with the help of another."""

    class Helped(DecadeProperties):
        def state(self, m: Module) -> None:
            super().state(m)
            self.holds(m, "helper", self.count <= 9)

    elaborate_properties(Helped(14)).write_step(tmp_path)
    assert holds_by_induction(tmp_path, 1, 20)
