"""Emission of Verilog: shared blocks, readable names, no machine-dependent text."""

import gc
import re
import warnings

import pytest
from amaranth.hdl import Module, Signal, UnusedElaboratable, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gen.rtl import Port, elaborate
from hdl.block import Block


class Delay(Block):
    def __init__(self, *, width: int) -> None:
        self.width = width
        super().__init__({"value": In(signed(width)), "delayed": Out(signed(width))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        register = Signal(signed(self.width), reset_less=True)
        m.d.sync += register.eq(self.value)
        m.d.comb += self.delayed.eq(register)
        return m


class Line(Block):
    def __init__(self, *, widths: tuple[int, ...]) -> None:
        self.widths = widths
        super().__init__({"value": In(8), "delayed": Out(signed(8))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        value = self.value
        for index, width in enumerate(self.widths):
            m.submodules[f"stage_{index}"] = stage = Delay(width=width)
            m.d.comb += stage.value.eq(value)
            value = stage.delayed
        m.d.comb += self.delayed.eq(value)
        return m


class Wide(Block):
    def __init__(self, *, given: int, shown: int) -> None:
        self.given, self.shown = given, shown
        super().__init__({"value": In(given), "copies": Out(shown)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        register = Signal()
        m.d.sync += register.eq(self.value[-1])
        m.d.comb += self.copies.eq(register.replicate(self.shown))
        return m


class Around(Block):
    """As wide inside, but for its own ports."""

    def __init__(self, *, given: int, shown: int) -> None:
        self.part = {"given": given, "shown": shown}
        super().__init__({"value": In(1), "copies": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.part = part = Wide(**self.part)
        m.d.comb += [part.value.eq(self.value), self.copies.eq(part.copies[-1])]
        return m


def test_equal_blocks_are_emitted_once_and_others_apart() -> None:
    verilog = elaborate(Line(widths=(8, 8, 4, 8)), "line").verilog
    assert re.findall(r"^module (\w+)", verilog, re.M) == ["delay", "delay_2", "line"]
    assert len(re.findall(r"^  delay stage_\d", verilog, re.M)) == 3
    assert len(re.findall(r"^  delay_2 stage_2", verilog, re.M)) == 1


def test_wires_between_blocks_are_named_after_instance_and_port() -> None:
    verilog = elaborate(Line(widths=(8, 8)), "line").verilog
    assert ".delayed(stage_0_delayed)" in verilog
    assert ".value(stage_0_delayed)" in verilog
    assert "$" not in verilog.replace("$signed", "")


def test_ports_and_clocking_are_described() -> None:
    rtl = elaborate(Line(widths=(8,)), "line")
    assert rtl.ports == (Port("value", "input", 8, False), Port("delayed", "output", 8, True))
    assert re.search(r"output signed \[7:0\] delayed;", rtl.verilog)
    assert re.search(r"^module line\(value, clk, rst, delayed\);", rtl.verilog, re.M)
    assert rtl.clocked
    assert not elaborate(Line(widths=()), "straight").clocked


def test_the_same_component_gives_the_same_bytes() -> None:
    first, second = (elaborate(Line(widths=(8, 4)), "line").verilog for _ in range(2))
    assert first == second
    assert "Yosys" not in first
    assert "/" not in first


def test_names_that_verilog_keeps_for_itself_are_refused() -> None:
    class Kept(wiring.Component):
        config: In(1)

        def elaborate(self, platform: object) -> Module:
            return Module()

    with pytest.raises(ValueError, match=r"^names of a design and its ports must be no words of Verilog, not config$"):
        elaborate(Kept(), "kept")
    with pytest.raises(ValueError, match=r"not cell, config$"):
        elaborate(Kept(), "cell")


@pytest.mark.parametrize(("given", "shown"), [(65532, 1), (1, 65536)])
@pytest.mark.parametrize("kind", [Wide, Around])
def test_ports_that_are_just_narrow_enough(kind: type[Wide | Around], given: int, shown: int) -> None:
    wide = re.findall(r"\[(\d{5}):0\] (?:value|copies);", elaborate(kind(given=given, shown=shown), "whole").verilog)
    assert set(wide) == {str(max(given, shown) - 1)}


@pytest.mark.parametrize(
    ("kind", "given", "shown", "message"),
    [
        (Wide, 65533, 1, "input ports of whole must have at most 65532 bits together, not 65533"),
        (Around, 65533, 1, "input ports of wide must have at most 65532 bits together, not 65533"),
        (Wide, 1, 65537, "output port copies of whole must have at most 65536 bits, not 65537"),
        (Around, 1, 65537, "output ports of wide must have at most 65536 bits together, not 65537"),
    ],
)
def test_ports_that_are_too_wide_are_refused(kind: type[Wide | Around], given: int, shown: int, message: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedElaboratable)
        with pytest.raises(ValueError, match=f"^{message}$"):
            elaborate(kind(given=given, shown=shown), "whole")
        gc.collect()  # Amaranth warns of the unused component when it is deleted
