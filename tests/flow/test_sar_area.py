"""Areas of the controllers: the goals at 8 bits, and the count of textbook gates against circuits counted by hand."""

import pytest
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flow.libraries import find
from flow.prices.sar import VARIANTS, controller_areas, table
from flow.synthesis.textbook import textbook_ge
from gen.rtl import elaborate


class _Small(wiring.Component):
    """Two NAND gates and, where asked for, three flip-flops with an enable."""

    def __init__(self, registers: bool) -> None:
        self._registers = registers
        super().__init__({"a": In(4), "y": Out(2), "q": Out(3)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.y.eq(Cat(~(self.a[0] & self.a[1]), ~(self.a[2] & self.a[3])))
        if self._registers:
            kept = Signal(3, reset_less=True)
            with m.If(self.a[3]):
                m.d.sync += kept.eq(self.a[:3])
            m.d.comb += self.q.eq(kept)
        return m


def test_textbook_gates_of_circuits_counted_by_hand() -> None:
    assert textbook_ge(elaborate(_Small(False), "circuit")) == 2 * 4 / 4
    assert textbook_ge(elaborate(_Small(True), "circuit")) == 2 * 4 / 4 + 3 * 6


def test_controllers_of_8_bits_meet_the_goals() -> None:
    (row,) = controller_areas(find("freepdk45"), [8])
    plain, no_base, base, everything = (row.controllers[name] for name in VARIANTS)
    assert plain.textbook_ge <= 128
    assert plain.flip_flops == 12
    assert no_base.textbook_ge - plain.textbook_ge <= 116
    assert base.textbook_ge - plain.textbook_ge <= 248
    assert plain.um2 < no_base.um2 < base.um2 < everything.um2


@pytest.mark.slow
def test_table_has_a_row_for_each_resolution() -> None:
    rows = controller_areas(find("freepdk45"), [4, 8], workers=2)
    lines = table(rows)
    assert [line.split()[0] for line in lines[2:]] == ["4", "8"]
    first = rows[0].controllers["plain"]
    assert lines[2].split()[1:4] == [f"{first.um2:.1f}", f"{first.ge:.0f}", f"{first.textbook_ge:.1f}"]
