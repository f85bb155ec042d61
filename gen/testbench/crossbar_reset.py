"""Resets of a crossbar's tile in mid-run."""

import random
from typing import Any

from cocotb.triggers import FallingEdge, RisingEdge

from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import pulse_reset


async def reset_in_mid_run(tile: Any, word: int, what: str, most: int) -> None:
    """Start the vector ``word`` and reset at most ``most`` cycles after it was taken: it is as if it had not been.

    ``tile`` has a ``source``, a ``scoreboard`` of ``what``, and its ``dut``.
    """
    tile.source.send(word)
    tile.scoreboard = Scoreboard(what)
    await tile.source.wait_sent()
    for _ in range(random.randrange(1, most)):
        await RisingEdge(tile.dut.clk)
    await pulse_reset(tile.dut)
    await FallingEdge(tile.dut.clk)
    assert tile.dut.products__valid.value == 0
    assert tile.dut.adc_count.value == 0
