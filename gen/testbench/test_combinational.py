"""Bench of a design without a clock: every vector, one after the other."""

import json
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import Timer

from gen.testbench.scoreboard import Scoreboard

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())


@cocotb.test()
async def every_vector(dut: Any) -> None:
    """Each output equals the model's."""
    inputs, outputs = VECTORS["inputs"], VECTORS["outputs"]
    scoreboard = Scoreboard("outputs")
    for index in range(len(next(iter(inputs.values())))):
        applied = {name: values[index] for name, values in inputs.items()}
        for name, value in applied.items():
            port = getattr(dut, name)
            port.value = value % (1 << len(port))
        scoreboard.expect(
            {name: values[index] % (1 << len(getattr(dut, name))) for name, values in outputs.items()}, applied
        )
        await Timer(1, "ns")
        scoreboard.check({name: int(getattr(dut, name).value) for name in outputs})
    scoreboard.finish()
