"""Emission of Verilog: shared blocks, readable names, no machine-dependent text."""

import re

import pytest
from amaranth.hdl import Module, Signal, signed
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
