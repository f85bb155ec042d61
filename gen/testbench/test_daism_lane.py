"""Bench of a lane or an accumulator of the in-SRAM multiplier: ports by cycle, and the sums shown in some cycles."""

import json
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from gen.testbench.coverage import Coverage
from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import pulse_reset, start_and_reset

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
INPUTS = VECTORS["inputs"]
SUMS = dict(zip(VECTORS["cycles"], VECTORS["sums"], strict=True))


async def run(dut: Any, cycles: int, scoreboard: Scoreboard) -> None:
    """Apply the first cycles and compare every sum that is shown in them."""
    for cycle in range(cycles):
        applied = {name: values[cycle] for name, values in INPUTS.items()}
        for name, value in applied.items():
            port = getattr(dut, name)
            port.value = value % (1 << len(port))
        await FallingEdge(dut.clk)
        if cycle in SUMS:
            scoreboard.expect(SUMS[cycle], {"cycle": cycle, **applied})
            scoreboard.check(int(dut.shown_sum.value))
        await RisingEdge(dut.clk)


@cocotb.test()
async def every_sum(dut: Any) -> None:
    """Each sum is there in its cycle; sums that begin, that go on and that are preset are seen."""
    coverage = Coverage(first=(0, 1), preset=(0, 1))
    for first, preset, write in zip(*(INPUTS[name] for name in ("first", "preset", "write")), strict=True):
        if write:
            coverage.hit(first=first, preset=preset)
    scoreboard = Scoreboard("sum")
    await start_and_reset(dut)
    await run(dut, len(INPUTS["write"]), scoreboard)
    scoreboard.finish()
    dut._log.info(coverage.report())
    coverage.assert_covered()


@cocotb.test()
async def a_reset_disturbs_no_later_sum(dut: Any) -> None:
    """After a reset in the middle the same ports give the same sums."""
    scoreboard = Scoreboard("sum")
    await start_and_reset(dut)
    await run(dut, len(INPUTS["write"]) // 3, scoreboard)
    await pulse_reset(dut)
    await run(dut, len(INPUTS["write"]) // 2, scoreboard)
    scoreboard.finish()
