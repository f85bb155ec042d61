"""Bench of a tile of strategy A, with everything analog around it in the loop: products, cycles, strobes, counters."""

import json
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from gen.testbench.crossbar_array import CrossbarArray
from gen.testbench.crossbar_reset import reset_in_mid_run
from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import (
    StreamMonitor,
    StreamSink,
    StreamSource,
    no_pauses,
    random_pauses,
    start_and_reset,
)

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
WORDS, MATRICES = VECTORS["words"], VECTORS["matrices"]
SLOTS, CYCLES, OUTPUTS = VECTORS["slots"], VECTORS["cycles"], VECTORS["outputs"]


class Tile:
    """The array, the source of vectors and the consumer of products, which are compared as they are taken."""

    def __init__(self, dut: Any, pauses: Any, waits: Any) -> None:
        self.dut = dut
        if VECTORS["flip"]:
            dut.flip_write.value = dut.flip_line.value = dut.flip_flag.value = 0
        self.array = CrossbarArray(dut, VECTORS)
        self.source = StreamSource(dut, "vectors", pauses)
        self.sink = StreamSink(dut, "products", waits)
        self.taken = StreamMonitor(dut, "vectors")
        self.given = StreamMonitor(dut, "products", lambda payload: self.scoreboard.check(self.fields(payload)))
        self.scoreboard = Scoreboard("product")

    @staticmethod
    def fields(payload: int) -> tuple[int, int, int]:
        """Value, index, last."""
        width, index = VECTORS["sum_bits"], max(1, (OUTPUTS - 1).bit_length())
        value = payload & (1 << width) - 1
        value -= value >> width - 1 << width
        return value, payload >> width & (1 << index) - 1, payload >> width + index

    async def load(self, number: int) -> None:
        """Weights, and the flags of their lines."""
        self.array.load(MATRICES[number])
        if VECTORS["flip"]:
            for line, flag in enumerate(MATRICES[number]["flags"]):
                await self.write_flag(line, flag)

    async def write_flag(self, line: int, flag: int) -> None:
        """One write, in one cycle."""
        self.dut.flip_write.value, self.dut.flip_line.value, self.dut.flip_flag.value = 1, line, flag
        await RisingEdge(self.dut.clk)
        self.dut.flip_write.value = 0

    def offer(self, number: int) -> int:
        """Queue all vectors, and expect their products by these weights; returns how many products."""
        for place, products in enumerate(MATRICES[number]["products"]):
            for index, value in enumerate(products):
                self.scoreboard.expect((value, index, int(index == OUTPUTS - 1)), f"vector {place}, output {index}")
        self.source.send(*WORDS)
        return len(WORDS) * OUTPUTS

    async def multiply(self, number: int) -> None:
        """All vectors by one matrix."""
        await self.load(number)
        await self.sink.receive(self.offer(number))
        self.scoreboard.finish()


async def _begin(dut: Any, pauses: Any = None, waits: Any = None) -> Tile:
    tile = Tile(dut, pauses or no_pauses(), waits or no_pauses())
    await start_and_reset(dut)
    return tile


@cocotb.test()
async def products_cycles_and_conversions_at_full_rate(dut: Any) -> None:
    """Vectors follow each other at the interval, products come in their cycle, conversions are as many as they must."""
    tile = await _begin(dut)
    for number in range(len(MATRICES)):
        tile.taken.transfers.clear()
        tile.given.transfers.clear()
        tile.array.clear()
        before = int(dut.adc_count.value), int(dut.sat_count.value)
        await tile.multiply(number)
        taken = [cycle for cycle, _ in tile.taken.transfers]
        assert taken == [taken[0] + SLOTS * VECTORS["interval"] * place for place in range(len(WORDS))]
        # A vector starts an array cycle before it is taken; its first product begins its last array cycle.
        first = [cycle - SLOTS + (VECTORS["latency"] - 1) * SLOTS + 1 for cycle in taken]
        assert [cycle for cycle, _ in tile.given.transfers] == [
            each + place for each in first for place in range(OUTPUTS)
        ]
        assert tile.array.holds == len(WORDS) * CYCLES
        assert tile.array.conversions == len(WORDS) * VECTORS["conversions"]
        assert int(dut.adc_count.value) - before[0] == tile.array.conversions
        assert int(dut.sat_count.value) - before[1] == tile.array.saturated


@cocotb.test()
async def late_vectors_and_slow_consumers_lose_nothing(dut: Any) -> None:
    """Vectors come at random, products wait at random; new weights after the last of them."""
    tile = await _begin(dut, random_pauses(1 - 1 / SLOTS), random_pauses(1 - 1 / (CYCLES + 2)))
    for number in range(len(MATRICES)):
        tile.array.clear()
        await tile.multiply(number)
        assert tile.array.conversions == len(WORDS) * VECTORS["conversions"]


@cocotb.test()
async def vectors_wait_while_no_product_is_taken(dut: Any) -> None:
    """A consumer that takes nothing stops the tile between two slices; nothing is lost when it does."""
    waiting = [True]

    def waits() -> Any:
        while True:
            yield waiting[0]

    tile = await _begin(dut, no_pauses(), waits())
    await tile.load(0)
    count = tile.offer(0)
    for _ in range(SLOTS * (3 * CYCLES + 2 * VECTORS["latency"])):
        await RisingEdge(dut.clk)
    stopped = tile.array.holds
    for _ in range(3 * SLOTS):
        await RisingEdge(dut.clk)
    assert tile.array.holds == stopped
    assert tile.scoreboard.checked == 0
    waiting[0] = False
    await tile.sink.receive(count)
    tile.scoreboard.finish()


@cocotb.test()
async def flags_stay_while_a_vector_is_under_way(dut: Any) -> None:
    """A write of a flag is ignored then, and shown."""
    if not VECTORS["flip"]:
        return
    tile = await _begin(dut)
    await tile.load(0)
    assert dut.flip_ignored.value == 0
    count = tile.offer(0)
    for _ in range(SLOTS + 3):
        await RisingEdge(dut.clk)
    for line, flag in enumerate(MATRICES[0]["flags"]):
        await tile.write_flag(line, 1 - flag)
    await tile.sink.receive(count)
    tile.scoreboard.finish()
    assert dut.flip_ignored.value == 1


@cocotb.test()
async def a_reset_ends_everything(dut: Any) -> None:
    """In any cycle: no old product comes, counters are 0, then all is whole."""
    tile = await _begin(dut, random_pauses(0.2))
    await tile.load(0)
    for _ in range(6):
        await reset_in_mid_run(tile, WORDS[0], "product", SLOTS * (VECTORS["latency"] - 2))
    await tile.multiply(0)
