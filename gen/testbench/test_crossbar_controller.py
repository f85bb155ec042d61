"""Bench of a controller of a crossbar: every output in every clock cycle, from a reset on and after another one."""

import json
import random
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from gen.testbench.streams import pulse_reset, start_and_reset

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
INPUTS, OUTPUTS = VECTORS["inputs"], VECTORS["outputs"]
CLOCKS = len(INPUTS["start"])


async def _follow(dut: Any, clocks: int) -> None:
    """Drive the inputs of so many clock cycles after a reset, and compare all outputs."""
    for clock in range(clocks):
        for name, words in INPUTS.items():
            getattr(dut, name).value = words[clock]
        await FallingEdge(dut.clk)
        for name, words in OUTPUTS.items():
            if words[clock] is not None:
                got = int(getattr(dut, name).value)
                assert got == words[clock], f"{name} in cycle {clock}: expected {words[clock]}, got {got}"
        await RisingEdge(dut.clk)
    for name in INPUTS:
        getattr(dut, name).value = 0


async def _begin(dut: Any) -> None:
    for name in INPUTS:
        getattr(dut, name).value = 0
    await start_and_reset(dut)


@cocotb.test()
async def every_output_in_every_cycle(dut: Any) -> None:
    """Vectors at random and one after another, results that wait."""
    await _begin(dut)
    await _follow(dut, CLOCKS)


@cocotb.test()
async def a_reset_ends_everything(dut: Any) -> None:
    """In any cycle; then all is as after the first one."""
    await _begin(dut)
    for _ in range(5):
        await _follow(dut, random.randrange(CLOCKS // 10))
        await pulse_reset(dut)
    await _follow(dut, CLOCKS // 4)
