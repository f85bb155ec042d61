"""Bench of the multiply-accumulate: sums one after the other, with pauses, and a reset in mid-sum."""

import json
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from gen.testbench.coverage import Coverage
from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import pulse_reset, start_and_reset

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())


def drive(dut: Any, cycle: int) -> dict[str, int]:
    """Set the inputs of one cycle; returns them."""
    applied = {name: values[cycle] for name, values in VECTORS["inputs"].items()}
    for name, value in applied.items():
        port = getattr(dut, name)
        port.value = value % (1 << len(port))
    return applied


def expected(dut: Any, cycle: int) -> int:
    """The accumulator's bits after one cycle."""
    return VECTORS["outputs"]["accumulator"][cycle] % (1 << len(dut.accumulator))


@cocotb.test()
async def every_sum(dut: Any) -> None:
    """The accumulator after every cycle; starts, additions, pauses and starts without enable are seen."""
    scoreboard = Scoreboard("accumulator")
    coverage = Coverage(first_enable=[(0, 0), (0, 1), (1, 0), (1, 1)])
    await start_and_reset(dut)
    for cycle in range(len(VECTORS["inputs"]["a"])):
        applied = drive(dut, cycle)
        coverage.hit(first_enable=(applied["first"], applied["enable"]))
        scoreboard.expect(expected(dut, cycle), applied)
        await RisingEdge(dut.clk)
        await FallingEdge(dut.clk)
        scoreboard.check(int(dut.accumulator.value))
    scoreboard.finish()
    dut._log.info(coverage.report())
    coverage.assert_covered()


@cocotb.test()
async def a_sum_starts_anew_after_a_reset(dut: Any) -> None:
    """What was accumulated before a reset does not matter to a sum that starts after it."""
    scoreboard = Scoreboard("accumulator")
    await start_and_reset(dut)
    for cycle in range(10):
        drive(dut, cycle)
        await RisingEdge(dut.clk)
    await pulse_reset(dut)
    for cycle in range(20):
        applied = drive(dut, cycle)
        scoreboard.expect(expected(dut, cycle), applied)
        await RisingEdge(dut.clk)
        await FallingEdge(dut.clk)
        scoreboard.check(int(dut.accumulator.value))
    scoreboard.finish()
