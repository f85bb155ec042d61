"""Bench of lanes that accumulate: ports by cycle, and every output after it; a reset in mid-run."""

import json
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from gen.testbench.coverage import Coverage
from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import pulse_reset, start_and_reset

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
INPUTS, OUTPUTS = VECTORS["inputs"], VECTORS["outputs"]


async def run(dut: Any, cycles: range, scoreboard: Scoreboard, outputs: list[str]) -> None:
    """Apply the ports of ``cycles`` and compare what ``outputs`` show after each; null is not compared."""
    for cycle in cycles:
        applied = {name: values[cycle] for name, values in INPUTS.items()}
        for name, value in applied.items():
            getattr(dut, name).value = value
        known = [name for name in outputs if OUTPUTS[name][cycle] is not None]
        scoreboard.expect({name: OUTPUTS[name][cycle] for name in known}, {"cycle": cycle, **applied})
        await RisingEdge(dut.clk)
        await FallingEdge(dut.clk)
        scoreboard.check({name: int(getattr(dut, name).value) for name in known})


@cocotb.test()
async def every_cycle(dut: Any) -> None:
    """All outputs after every cycle; starts, additions, pauses and starts without valid are seen."""
    scoreboard = Scoreboard("outputs")
    coverage = Coverage(first_valid=[(0, 0), (0, 1), (1, 0), (1, 1)])
    for first, valid in zip(INPUTS["first"], INPUTS["valid"], strict=True):
        coverage.hit(first_valid=(first, valid))
    await start_and_reset(dut)
    await run(dut, range(len(INPUTS["x"])), scoreboard, list(OUTPUTS))
    scoreboard.finish()
    dut._log.info(coverage.report())
    coverage.assert_covered()


@cocotb.test()
async def a_reset_disturbs_no_later_sum(dut: Any) -> None:
    """Ports that end in mid-sum, a reset, and the ports from their beginning: sums start anew, errors are forgotten."""
    scoreboard = Scoreboard("outputs")
    await start_and_reset(dut)
    await run(dut, range(len(INPUTS["x"]) // 3), scoreboard, list(OUTPUTS))
    await pulse_reset(dut)
    await run(dut, range(len(INPUTS["x"]) // 2), scoreboard, list(OUTPUTS))
    scoreboard.finish()
