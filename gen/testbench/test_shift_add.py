"""Bench of the accumulator of shifted values: sums through streams that pause, cycles, a reset in mid-sum."""

import json
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import (
    StreamMonitor,
    StreamSink,
    StreamSource,
    no_pauses,
    pulse_reset,
    random_pauses,
    start_and_reset,
)

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
WORDS, LAST, SUMS = VECTORS["values"], VECTORS["last"], VECTORS["sums"]


class Accumulator:
    """Streams at both ends; sums are compared as the consumer takes them."""

    def __init__(self, dut: Any, pauses: Any, waits: Any) -> None:
        self.scoreboard = Scoreboard("sum")
        self.source = StreamSource(dut, "values", pauses)
        self.sink = StreamSink(dut, "sums", waits)
        self.taken = StreamMonitor(dut, "values")
        self.given = StreamMonitor(dut, "sums", lambda word: self.scoreboard.check(self.signed(word)))

    @staticmethod
    def signed(word: int) -> int:
        """The two's complement number in ``word``."""
        return word - (word >> VECTORS["width"] - 1 << VECTORS["width"])

    async def add_all(self) -> None:
        """Every value of the vectors, and every sum."""
        for number, total in enumerate(SUMS):
            self.scoreboard.expect(total, f"sum {number}")
        self.source.send(*WORDS)
        await self.sink.receive(len(SUMS))
        self.scoreboard.finish()


@cocotb.test()
async def a_value_a_cycle(dut: Any) -> None:
    """Each sum is there in the cycle after its last value, and the next one's first value goes in with it."""
    bench = Accumulator(dut, no_pauses(), no_pauses())
    await start_and_reset(dut)
    await bench.add_all()
    cycles = [cycle for cycle, _ in bench.taken.transfers]
    assert cycles == list(range(cycles[0], cycles[0] + len(WORDS)))
    ends = [cycle + 1 for cycle, last in zip(cycles, LAST, strict=True) if last]
    assert [cycle for cycle, _ in bench.given.transfers] == ends


@cocotb.test()
async def pauses_lose_nothing(dut: Any) -> None:
    """Values come late, sums wait, no value is taken meanwhile."""
    bench = Accumulator(dut, random_pauses(0.3), random_pauses(0.7))
    await start_and_reset(dut)
    await bench.add_all()


@cocotb.test()
async def a_sum_starts_anew_after_a_reset(dut: Any) -> None:
    """What was added before a reset does not matter."""
    bench = Accumulator(dut, no_pauses(), no_pauses())
    await start_and_reset(dut)
    bench.source.send(*WORDS[: LAST.index(1)])
    await bench.source.wait_sent()
    await RisingEdge(dut.clk)
    await pulse_reset(dut)
    await bench.add_all()
