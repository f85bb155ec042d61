"""Bench of strategy A's read-out: any codes of its converters make the products that the golden model makes of them."""

import json
import random
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import StreamMonitor, StreamSink, no_pauses, pulse_reset, random_pauses, start_and_reset

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
CODES, PRODUCTS = VECTORS["codes"], VECTORS["products"]
SLOTS, CYCLES, OUTPUTS = VECTORS["slots"], VECTORS["cycles"], VECTORS["outputs"]


class Readout:
    """The input register's count, the converters, and the consumer of products; where nothing is asked for is noise."""

    def __init__(self, dut: Any, waits: Any) -> None:
        self.dut = dut
        dut.start.value = dut.code.value = dut.saturated.value = dut.index.value = 0
        if VECTORS["flip"]:
            dut.flip_write.value = dut.flip_line.value = dut.flip_flag.value = 0
        self.scoreboard = Scoreboard("product")
        self.sink = StreamSink(dut, "products", waits)
        self.given = StreamMonitor(dut, "products", lambda payload: self.scoreboard.check(self.value(payload)))
        self.clear()
        cocotb.start_soon(self._run())

    def clear(self) -> None:
        """Nothing was started."""
        self.cycle = self.conversions = self.slices = self.index = 0
        self._coming: dict[int, list[int | None]] = {}
        self.loads: list[int] = []
        self.done: list[int] = []

    @staticmethod
    def value(payload: int) -> int:
        """The number in a product."""
        width = VECTORS["sum_bits"]
        return (payload & (1 << width) - 1) - ((payload >> width - 1 & 1) << width)

    async def _run(self) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            self.cycle += 1
            self._drive()
            await FallingEdge(self.dut.clk)
            if self.dut.rst.value == 0:
                self._observe()

    def _drive(self) -> None:
        given = self._coming.pop(self.cycle, [None] * len(VECTORS["shares"]))
        bits = VECTORS["code_bits"]
        codes = [random.getrandbits(bits) if code is None else code for code in given]
        self.dut.code.value = sum(code << bits * place for place, code in enumerate(codes))
        self.dut.saturated.value = sum(int(code is not None) << place for place, code in enumerate(given))
        self.dut.index.value = self.index

    def _observe(self) -> None:
        dut = self.dut
        if dut.done.value == 1:
            self.done.append(self.cycle)
        starts, held = int(dut.adc_start.value), self.slices - 1
        if starts:
            codes = CODES[held // CYCLES % len(CODES)][held % CYCLES]
            position = int(dut.select.value)
            there = [codes[place][position] if starts >> place & 1 else None for place in range(len(codes))]
            self._coming[self.cycle + VECTORS["converter_delay"]] = there
            self.conversions += starts.bit_count()
        if dut.hold.value == 1:
            assert dut.drive.value == 1
            assert dut.step.value == 1
            self.slices += 1
            self.index = self.slices % CYCLES
        if dut.load.value == 1:
            self.loads.append(self.cycle)
            self.index = 0

    async def write_flags(self, turned: int = 0) -> None:
        """All flags, one a cycle."""
        if VECTORS["flip"]:
            for line, flag in enumerate(VECTORS["flags"]):
                self.dut.flip_write.value, self.dut.flip_line.value, self.dut.flip_flag.value = 1, line, flag ^ turned
                await RisingEdge(self.dut.clk)
            self.dut.flip_write.value = 0

    async def start(self) -> int:
        """Start a vector in the first cycle in which that is possible; returns the cycle."""
        while True:
            self.dut.start.value = 0
            await FallingEdge(self.dut.clk)
            if self.dut.busy.value == 0:
                break
            await RisingEdge(self.dut.clk)
        self.dut.start.value = 1
        cycle = self.cycle
        await RisingEdge(self.dut.clk)
        self.dut.start.value = 0
        return cycle

    def expect(self, vector: int) -> None:
        """The products of a vector are the next ones."""
        for output, value in enumerate(PRODUCTS[vector]):
            self.scoreboard.expect(value, f"vector {vector}, output {output}")


async def _begin(dut: Any, waits: Any = None) -> Readout:
    readout = Readout(dut, waits or no_pauses())
    await start_and_reset(dut)
    await readout.write_flags()
    return readout


@cocotb.test()
async def vectors_back_to_back(dut: Any) -> None:
    """One at each interval; every product in its cycle; conversions counted on their strobes."""
    readout = await _begin(dut)
    started = []
    for vector in range(len(CODES)):
        readout.expect(vector)
        started.append(await readout.start())
    await readout.sink.receive(len(CODES) * OUTPUTS)
    readout.scoreboard.finish()
    assert started == [started[0] + CYCLES * SLOTS * place for place in range(len(CODES))]
    last = [cycle + (VECTORS["latency"] - 1) * SLOTS + OUTPUTS for cycle in started]
    assert [-(-(cycle - start) // SLOTS) for cycle, start in zip(last, started, strict=True)] == [
        VECTORS["latency"]
    ] * len(CODES)
    await RisingEdge(dut.clk)
    assert readout.done == last
    assert readout.conversions == len(CODES) * VECTORS["conversions"]
    assert int(dut.adc_count.value) == readout.conversions
    assert int(dut.sat_count.value) == min(readout.conversions, (1 << len(dut.sat_count)) - 1)
    assert dut.start_ignored.value == 0


@cocotb.test()
async def starts_while_busy_are_ignored_and_counted(dut: Any) -> None:
    """Nothing comes of them, nor of flags that are written then."""
    readout = await _begin(dut)
    await readout.start()
    readout.expect(0)
    dut.start.value = 1
    for _ in range(min(SLOTS * CYCLES - 1, 100)):
        await RisingEdge(dut.clk)
    dut.start.value = 0
    if VECTORS["flip"]:
        assert dut.flip_ignored.value == 0
        await readout.write_flags(turned=1)
    await readout.sink.receive(OUTPUTS)
    for _ in range(SLOTS * VECTORS["latency"]):
        await RisingEdge(dut.clk)
    readout.scoreboard.finish()
    assert int(dut.start_ignored.value) == min(SLOTS * CYCLES - 1, 100)
    assert not VECTORS["flip"] or dut.flip_ignored.value == 1


@cocotb.test()
async def products_that_wait_stop_the_vectors_behind_them(dut: Any) -> None:
    """Products are taken at random, vectors start whenever they can: all are whole."""
    readout = await _begin(dut, random_pauses(1 - 1 / (CYCLES + 2)))
    for vector in range(len(CODES)):
        readout.expect(vector)
        await readout.start()
        for _ in range(random.choice([0, 0, SLOTS, random.randrange(SLOTS * VECTORS["latency"])])):
            await RisingEdge(dut.clk)
    await readout.sink.receive(len(CODES) * OUTPUTS)
    readout.scoreboard.finish()


@cocotb.test()
async def a_reset_ends_everything(dut: Any) -> None:
    """In any cycle: no old product comes, counters are 0, then all is whole."""
    readout = await _begin(dut)
    for _ in range(8):
        await readout.start()
        for _ in range(random.randrange(SLOTS * (VECTORS["latency"] - 1))):
            await RisingEdge(dut.clk)
        await pulse_reset(dut)
        readout.clear()
        await FallingEdge(dut.clk)
        assert dut.adc_count.value == 0
        assert dut.busy.value == 0
    readout.expect(0)
    await readout.start()
    await readout.sink.receive(OUTPUTS)
    readout.scoreboard.finish()
