"""Bench of the whole half-precision unit: layers of several tiles, cycles, reset in mid-tile."""

import json
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import StreamSource, pulse_reset, random_pauses, start_and_reset

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
COLUMNS, LANES, COUNT_BITS = VECTORS["columns"], VECTORS["lanes"], VECTORS["count_bits"]
ROWS = COLUMNS // LANES
SETTINGS = ("start", "relu", "addend_source", "write_aggregate", "emit")


class Driver:
    """Runs tiles one after the other and compares what is emitted."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.scoreboard = Scoreboard("unit")
        for name in (*SETTINGS, "cfg_write"):
            getattr(dut, name).value = 0
        self.source = StreamSource(dut, "counts", random_pauses(0.3)) if VECTORS["serial"] else None
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        while True:
            await FallingEdge(self.dut.clk)
            if self.dut.rst.value == 0 and self.dut.out_valid.value == 1:
                dut = self.dut
                self.scoreboard.check((int(dut.out_column.value), int(dut.out_data.value), int(dut.invalid.value)))

    async def configure(self) -> None:
        """Write slopes and offsets of all columns."""
        for word, values in enumerate(VECTORS["words"]):
            for column, value in enumerate(values):
                self.dut.cfg_write.value = 1
                self.dut.cfg_word.value, self.dut.cfg_column.value, self.dut.cfg_data.value = word, column, value
                await RisingEdge(self.dut.clk)
        self.dut.cfg_write.value = 0

    async def run(self, layer: dict[str, Any]) -> None:
        """Run a layer's tiles; results come with the last one, in the cycle that the formula says."""
        tiles = len(layer["count_p"])
        for row in range(ROWS):
            columns = range(row * LANES, (row + 1) * LANES)
            data = sum((layer["data"][column] % 256) << (8 * lane) for lane, column in enumerate(columns))
            invalid = sum(layer["invalid"][column] << lane for lane, column in enumerate(columns))
            self.scoreboard.expect((row, data, invalid), {"relu": layer["relu"], "tiles": tiles})
        for tile in range(tiles):
            await self.tile(layer, tile, tiles)
        self.scoreboard.finish()

    async def tile(self, layer: dict[str, Any], tile: int, tiles: int) -> None:
        """Start one tile and wait for ``done``; without pauses in the counts it comes after exactly the cycles."""
        self.set_start(layer, tile, tiles)
        self.send_counts(layer, tile)
        await RisingEdge(self.dut.clk)
        self.dut.start.value = 0
        cycles = 0
        await FallingEdge(self.dut.clk)
        while self.dut.done.value == 0:
            cycles += 1
            assert self.dut.busy.value == 1
            await FallingEdge(self.dut.clk)
        if not VECTORS["serial"]:
            assert cycles + 1 == VECTORS["cycles"], f"done after {cycles + 1} cycles, not {VECTORS['cycles']}"
        await RisingEdge(self.dut.clk)

    def set_start(self, layer: dict[str, Any], tile: int, tiles: int) -> None:
        """Set the start cycle's settings."""
        settings = (1, layer["relu"], int(tile > 0), int(tile < tiles - 1), int(tile == tiles - 1))
        for name, value in zip(SETTINGS, settings, strict=True):
            getattr(self.dut, name).value = value

    def send_counts(self, layer: dict[str, Any], tile: int) -> None:
        """Show all counts in this cycle, or queue them row by row."""
        words = [int(layer[name][tile], 16) for name in ("count_p", "count_n")]
        if self.source is None:
            self.dut.count_p.value, self.dut.count_n.value = words
            return
        width = LANES * COUNT_BITS
        for row in range(ROWS):
            low, high = ((word >> (row * width)) % (1 << width) for word in words)
            self.source.send(low | high << width)


@cocotb.test()
async def layers_of_one_two_and_three_tiles(dut: Any) -> None:
    """Results and cycles of every layer."""
    driver = Driver(dut)
    await start_and_reset(dut)
    await driver.configure()
    for layer in VECTORS["layers"]:
        await driver.run(layer)


@cocotb.test()
async def a_reset_ends_a_tile_and_the_next_one_is_whole(dut: Any) -> None:
    """Nothing of an interrupted tile appears; the next layer is right."""
    driver = Driver(dut)
    await start_and_reset(dut)
    await driver.configure()
    driver.set_start(VECTORS["layers"][1], 0, 2)  # first of two tiles: nothing is emitted
    await RisingEdge(dut.clk)
    dut.start.value = 0
    for _ in range(ROWS // 2):
        await RisingEdge(dut.clk)
    await pulse_reset(dut)
    for _ in range(VECTORS["cycles"] + 1):
        await FallingEdge(dut.clk)
        assert (dut.out_valid.value, dut.busy.value) == (0, 0)
    await RisingEdge(dut.clk)
    await driver.run(VECTORS["layers"][0])
