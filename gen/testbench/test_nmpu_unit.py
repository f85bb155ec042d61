"""Bench of one NMPU unit: results, cycles, back-to-back groups, overrun, reset in mid-group."""

import json
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from gen.testbench.coverage import Coverage
from gen.testbench.nmpu_groups import drive_start, write_words
from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import pulse_reset, start_and_reset

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
COLUMNS, STAGES = VECTORS["columns_per_unit"], VECTORS["pipeline_stages"]


class Driver:
    """Starts groups and checks every result with the cycle it comes in; cycle 0 is the first after the reset."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.words: list[int] = [0] * COLUMNS
        self.scoreboard = Scoreboard("unit")
        self.coverage = Coverage(relu=(0, 1), clipped=(0, 1), negative=(False, True))
        self.cycle = 0
        for name in ("start", "cfg_write", "word"):
            if hasattr(dut, name):
                getattr(dut, name).value = 0
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        while True:
            await FallingEdge(self.dut.clk)
            if VECTORS["external_storage"]:
                self.dut.word.value = self.words[int(self.dut.word_column.value)]
            if self.dut.rst.value == 0 and self.dut.out_valid.value == 1:
                self._check()
            self.cycle += 1

    def _check(self) -> None:
        dut = self.dut
        data, clipped = dut.out_data.value.to_signed(), int(dut.out_clipped.value)
        self.coverage.hit(clipped=clipped, negative=data < 0)
        self.scoreboard.check((self.cycle, int(dut.out_column.value), data, clipped, int(dut.done.value)))

    async def configure(self, layer: dict[str, Any]) -> None:
        """Give the unit a layer's parameter words."""
        self.words = [int(word, 16) for word in layer["words"]]
        if not VECTORS["external_storage"]:
            await write_words(self.dut, "cfg_column", self.words)

    async def run(self, group: dict[str, Any]) -> None:
        """Start a group, tile by tile, without gaps; returns in the cycle in which the next may start."""
        tiles = len(group["count_p"])
        for tile in range(tiles):
            drive_start(self.dut, group, tile)
            self.coverage.hit(relu=group["relu"])
            if tile == tiles - 1:
                self._expect(group)
            await RisingEdge(self.dut.clk)
            self.dut.start.value = 0
            for _ in range(COLUMNS - 1):
                await RisingEdge(self.dut.clk)

    def _expect(self, group: dict[str, Any]) -> None:
        """Column j of a group started in cycle c is there in cycle c + j + pipeline stages."""
        inputs = {name: group[name] for name in group if name not in ("data", "clipped")}
        for column in range(COLUMNS):
            done = int(column == COLUMNS - 1)
            result = (self.cycle + column + STAGES, column, group["data"][column], group["clipped"][column], done)
            self.scoreboard.expect(result, inputs)

    async def drain(self) -> None:
        """Let the last results come out and check that none is missing."""
        for _ in range(STAGES + 1):
            await RisingEdge(self.dut.clk)
        self.scoreboard.finish()


async def _begin(dut: Any) -> Driver:
    driver = Driver(dut)
    await start_and_reset(dut)
    return driver


@cocotb.test()
async def every_group_alone(dut: Any) -> None:
    """Results and their cycles, with gaps between the groups; all kinds of results are seen."""
    driver = await _begin(dut)
    for layer in VECTORS["layers"]:
        await driver.configure(layer)
        for group in layer["groups"]:
            await driver.run(group)
            await driver.drain()
    assert dut.overrun.value == 0
    dut._log.info(driver.coverage.report())
    driver.coverage.assert_covered()


@cocotb.test()
async def groups_back_to_back(dut: Any) -> None:
    """Groups started as often as the unit is ready: a result in every cycle."""
    driver = await _begin(dut)
    for layer in VECTORS["layers"]:
        await driver.configure(layer)
        for group in layer["groups"]:
            await driver.run(group)
        await driver.drain()


@cocotb.test()
async def a_start_too_early_is_ignored_and_reported(dut: Any) -> None:
    """With more than one column, a second start in the next cycle changes nothing but the overrun flag."""
    driver = await _begin(dut)
    layer = VECTORS["layers"][-1]
    await driver.configure(layer)
    group = layer["groups"][0]
    cocotb.start_soon(driver.run(group))
    await RisingEdge(dut.clk)
    if COLUMNS > 1:
        await FallingEdge(dut.clk)
        assert dut.ready.value == 0
        dut.start.value = 1
        await RisingEdge(dut.clk)
        dut.start.value = 0
        await FallingEdge(dut.clk)
        assert dut.overrun.value == 1
    for _ in range(COLUMNS * len(group["count_p"])):
        await RisingEdge(dut.clk)
    await driver.drain()


@cocotb.test()
async def a_reset_ends_a_group_and_the_next_one_is_whole(dut: Any) -> None:
    """No result of an interrupted group appears; the group after it is right."""
    driver = await _begin(dut)
    layer = VECTORS["layers"][-1]
    await driver.configure(layer)
    dut.start.value = 1
    await RisingEdge(dut.clk)
    dut.start.value = 0
    await pulse_reset(dut)
    for _ in range(COLUMNS + STAGES):
        await FallingEdge(dut.clk)
        assert (dut.out_valid.value, dut.done.value) == (0, 0)
    await RisingEdge(dut.clk)
    await driver.run(layer["groups"][1])
    await driver.drain()
