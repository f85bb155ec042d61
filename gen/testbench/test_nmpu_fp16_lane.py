"""Bench of the half-precision lane: a column a cycle, each operand in the cycle in which its rank needs it."""

import json
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from gen.testbench.coverage import Coverage
from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import start_and_reset

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
# Cycles after a column's entry in which an operand is taken and a result is there.
DELAYS = {"addend": 2, "relu": 4, "value": 4, "out_data": 5, "invalid": 5}


@cocotb.test()
async def every_column_back_to_back(dut: Any) -> None:
    """All bits of value, result and flag; NaN and both clamps are seen."""
    inputs, outputs = VECTORS["inputs"], VECTORS["outputs"]
    columns = len(inputs["count_p"])
    scoreboards = {name: Scoreboard(name) for name in outputs}
    coverage = Coverage(invalid=(0, 1), lowest=(False, True), highest=(False, True), relu=(0, 1))
    await start_and_reset(dut)
    for cycle in range(columns + max(DELAYS.values())):
        for name, values in inputs.items():
            column = cycle - DELAYS.get(name, 0)
            getattr(dut, name).value = values[column] if 0 <= column < columns else 0
        await FallingEdge(dut.clk)
        for name, values in outputs.items():
            column = cycle - DELAYS[name]
            if 0 <= column < columns:
                port = getattr(dut, name)
                operands = {operand: words[column] for operand, words in inputs.items()}
                scoreboards[name].expect(values[column] % (1 << len(port)), operands)
                scoreboards[name].check(int(port.value))
        await RisingEdge(dut.clk)
    for column in range(columns):
        data, invalid = outputs["out_data"][column], outputs["invalid"][column]
        coverage.hit(invalid=invalid, lowest=data == -128, highest=data == 127, relu=inputs["relu"][column])
    dut._log.info(coverage.report())
    coverage.assert_covered()
