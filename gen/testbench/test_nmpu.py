"""Bench of an NMPU array: results through a stream that pauses, cycles, reset in mid-group."""

import json
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from gen.testbench.nmpu_groups import drive_start, write_words
from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import StreamMonitor, StreamSink, no_pauses, pulse_reset, random_pauses, start_and_reset

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
COLUMNS, STAGES = VECTORS["columns_per_unit"], VECTORS["pipeline_stages"]
WIDTH = VECTORS["output_bits"]


class Driver:
    """Configures the array, starts groups when it is ready, and compares the beats that the consumer takes."""

    def __init__(self, dut: Any, pauses: Any) -> None:
        self.dut = dut
        self.words: list[int] = []
        self.scoreboard = Scoreboard("array")
        for name in ("start", "cfg_write", "words"):
            if hasattr(dut, name):
                getattr(dut, name).value = 0
        self.sink = StreamSink(dut, "outputs", pauses)
        self.monitor = StreamMonitor(dut, "outputs", self.scoreboard.check)
        if VECTORS["external_storage"]:
            cocotb.start_soon(self._serve_words())

    async def _serve_words(self) -> None:
        """The word of the column being issued, of every unit."""
        while True:
            await FallingEdge(self.dut.clk)
            if self.words:
                column, width = int(self.dut.word_column.value), len(self.dut.words) // self.units
                chosen = self.words[column::COLUMNS]
                self.dut.words.value = sum(word << (width * unit) for unit, word in enumerate(chosen))

    @property
    def units(self) -> int:
        """How many units the array has."""
        return len(VECTORS["layers"][0]["words"]) // COLUMNS

    async def configure(self, layer: dict[str, Any]) -> None:
        """Give the array a layer's parameter words."""
        self.words = [int(word, 16) for word in layer["words"]]
        if not VECTORS["external_storage"]:
            await write_words(self.dut, "cfg_address", self.words)

    async def run(self, group: dict[str, Any]) -> None:
        """Start a group, tile by tile; returns when its last column is issued and another group may start."""
        tiles = len(group["count_p"])
        for beat in self._beats(group):
            self.scoreboard.expect(beat, {"shift": group["shift"], "relu": group["relu"]})
        for tile in range(tiles):
            await self._until_ready()
            drive_start(self.dut, group, tile)
            await RisingEdge(self.dut.clk)
            self.dut.start.value = 0
        await self._until_ready()

    async def _until_ready(self) -> None:
        await FallingEdge(self.dut.clk)
        while self.dut.ready.value == 0:
            await FallingEdge(self.dut.clk)

    def _beats(self, group: dict[str, Any]) -> list[int]:
        """The payloads of a group: results, clip flags, column, last, from the low bits up."""
        payloads = []
        column_bits = len(self.dut.outputs__payload) - self.units * (WIDTH + 1) - 1
        for column in range(COLUMNS):
            payload = 0
            for unit, data in enumerate(group["data"][column::COLUMNS]):
                payload |= (data % (1 << WIDTH)) << (unit * WIDTH)
            for unit, clipped in enumerate(group["clipped"][column::COLUMNS]):
                payload |= clipped << (self.units * WIDTH + unit)
            payload |= column << (self.units * (WIDTH + 1))
            payload |= int(column == COLUMNS - 1) << (self.units * (WIDTH + 1) + column_bits)
            payloads.append(payload)
        return payloads

    async def drain(self, groups: int) -> None:
        """Wait for all beats and check that none is missing or too many."""
        await self.sink.receive(groups * COLUMNS)
        for _ in range(2 * (COLUMNS + STAGES)):
            await RisingEdge(self.dut.clk)
        self.scoreboard.finish()


async def _check_all(dut: Any, pauses: Any) -> Driver:
    driver = Driver(dut, pauses)
    await start_and_reset(dut)
    for layer in VECTORS["layers"]:
        await driver.configure(layer)
        for group in layer["groups"]:
            await driver.run(group)
        await driver.drain(len(layer["groups"]))
    assert dut.overrun.value == 0
    return driver


@cocotb.test()
async def all_layers_with_a_consumer_that_is_always_ready(dut: Any) -> None:
    """Results, and one beat a cycle from each group."""
    driver = await _check_all(dut, no_pauses())
    cycles = [cycle for cycle, _ in driver.monitor.transfers]
    for first in range(0, len(cycles), COLUMNS):
        group = cycles[first : first + COLUMNS]
        assert group == list(range(group[0], group[0] + COLUMNS)), "a group's beats are not in consecutive cycles"


@cocotb.test()
async def all_layers_with_a_consumer_that_pauses(dut: Any) -> None:
    """Nothing is lost, repeated or changed while the consumer is not ready."""
    await _check_all(dut, random_pauses(0.6))


@cocotb.test()
async def a_reset_ends_a_group_and_the_next_one_is_whole(dut: Any) -> None:
    """No beat of an interrupted group appears; the group after it is right."""
    driver = Driver(dut, no_pauses())
    await start_and_reset(dut)
    layer = VECTORS["layers"][-1]
    await driver.configure(layer)
    dut.start.value = 1
    await RisingEdge(dut.clk)
    dut.start.value = 0
    await pulse_reset(dut)
    for _ in range(COLUMNS + STAGES):
        await FallingEdge(dut.clk)
        assert dut.outputs__valid.value == 0
    await driver.run(layer["groups"][0])
    await driver.drain(1)
