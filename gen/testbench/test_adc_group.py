"""Bench of a group of converters that columns share, with everything analog around it in the loop."""

import itertools
import json
import random
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from gen.testbench.adc_surroundings import Surroundings
from gen.testbench.coverage import Coverage
from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import StreamMonitor, StreamSink, no_pauses, pulse_reset, random_pauses, start_and_reset

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
COLUMNS, ADDRESSES = VECTORS["columns_per_adc"], VECTORS["addresses"]
COUNTS, CONFIGURATIONS = VECTORS["counts"], VECTORS["configurations"]
PLANES = len(COUNTS)
COMMIT, CLEAR = 1, 2
BUSY, PENDING = 1, 2
PROGRAMMED = bool(CONFIGURATIONS[0]["writes"])
# Cycles from the beginning of a conversion to its first cycle of sampling.
SELECTED = VECTORS["select_cycles"]


class Group:
    """The bus, the surroundings and the consumer of results, which are compared as they are taken."""

    def __init__(self, dut: Any, pauses: Any, waits: Any) -> None:
        self.dut = dut
        self.scoreboard = Scoreboard("result")
        self._offered = 0
        dut.cfg_write.value = dut.cfg_address.value = dut.cfg_write_data.value = 0
        self.array = Surroundings(dut, VECTORS, pauses)
        self.sink = StreamSink(dut, "results", waits)
        self.cycles: list[int] = []  # of each result
        StreamMonitor(dut, "results", self._check)

    def _check(self, payload: int) -> None:
        self.cycles.append(self.array.cycle)
        self.scoreboard.check(self.fields(payload))

    @staticmethod
    def fields(payload: int) -> tuple[list[int], list[int]]:
        """Words of all converters, and what says where they belong."""
        width, count = VECTORS["word_bits"], VECTORS["converters"]
        words = [payload >> width * place & (1 << width) - 1 for place in range(count)]
        payload >>= width * count
        order = []
        for bits in VECTORS["order_widths"]:
            order.append(payload & (1 << bits) - 1)
            payload >>= bits
        return words, order

    async def write(self, address: int, data: int) -> None:
        """One write, in one cycle."""
        self.dut.cfg_address.value, self.dut.cfg_write_data.value, self.dut.cfg_write.value = address, data, 1
        await RisingEdge(self.dut.clk)
        self.dut.cfg_write.value = 0

    async def read(self, name: str) -> int:
        """What a register shows, in one cycle."""
        self.dut.cfg_address.value = ADDRESSES[name]
        await FallingEdge(self.dut.clk)
        value = int(self.dut.cfg_read_data.value)
        await RisingEdge(self.dut.clk)
        return value

    async def load(self, number: int, *, commit: bool = True) -> None:
        """Write the fields of a configuration."""
        for address, data in CONFIGURATIONS[number]["writes"]:
            await self.write(address, data)
        if commit:
            await self.write(ADDRESSES["control"], COMMIT)

    def offer(self, planes: range, number: int) -> None:
        """Queue planes, to be converted with configuration ``number``."""
        for plane in planes:
            for column in range(COLUMNS):
                words = CONFIGURATIONS[number]["words"][plane * COLUMNS + column]
                order = VECTORS["order"][self._offered * COLUMNS + column]
                self.scoreboard.expect((words, order), (number, plane, column))
            self.array.planes.append(COUNTS[plane])
            self._offered += 1

    async def receive(self) -> None:
        """Wait until every result of what was offered since the last reset was taken."""
        for _ in range(4 * (self._offered + 2) * COLUMNS * VECTORS["slot_cycles"] ** 2):
            if self.scoreboard.checked == self._offered * COLUMNS:
                return
            await RisingEdge(self.dut.clk)
        raise AssertionError(f"{self.scoreboard.checked} results of {self._offered} planes of {COLUMNS} columns")

    async def sampling(self) -> None:
        """Wait until the first converter samples once more."""
        count = len(self.array.sampled)
        while len(self.array.sampled) == count:
            await RisingEdge(self.dut.clk)

    async def reset(self) -> None:
        """Reset, and forget what was offered."""
        self.array.planes.clear()
        await pulse_reset(self.dut)
        self.array.clear()
        self.scoreboard, self._offered = Scoreboard("result"), 0


async def _begin(dut: Any, pauses: Any = None, waits: Any = None) -> Group:
    group = Group(dut, pauses or no_pauses(), waits or no_pauses())
    await start_and_reset(dut)
    return group


@cocotb.test()
async def results_cycles_and_counters_at_full_rate(dut: Any) -> None:
    """Each configuration: every result in its order and cycle, then the counters, which are cleared."""
    group = await _begin(dut)
    for number, configuration in enumerate(CONFIGURATIONS):
        await group.load(number)
        group.cycles.clear()
        group.array.sampled.clear()
        group.offer(range(PLANES), number)
        await group.receive()
        # A conversion starts in the cycle before it samples; the cycles in the vectors count from the first start.
        start = group.array.sampled[0][0] - SELECTED
        assert [cycle - start for cycle in group.cycles] == configuration["cycles"]
        assert await group.read("total_ops") == configuration["operations"]
        assert await group.read("total_conversions") == PLANES * COLUMNS * VECTORS["converters"]
        assert await group.read("status") == 0
        await group.write(ADDRESSES["control"], CLEAR)
        assert await group.read("total_ops") == 0
        assert await group.read("total_conversions") == 0
        group.scoreboard.finish()
        await group.reset()


@cocotb.test()
async def late_planes_and_slow_consumers_lose_nothing(dut: Any) -> None:
    """Planes come at random, results wait at random; the same results in the same order."""
    coverage = Coverage(waited=(False, True))
    group = await _begin(dut, random_pauses(0.9), random_pauses(1 - 1 / VECTORS["slot_cycles"]))
    await group.load(0)
    group.offer(range(PLANES), 0)
    group.offer(range(PLANES), 0)
    await group.receive()
    group.scoreboard.finish()
    assert await group.read("total_ops") == 2 * CONFIGURATIONS[0]["operations"]
    assert await group.read("status") == 0
    for before, after in itertools.pairwise(group.cycles):
        coverage.hit(waited=after - before > VECTORS["slot_cycles"])
    coverage.assert_covered()


@cocotb.test()
async def nothing_is_sampled_while_no_result_is_taken(dut: Any) -> None:
    """A consumer that takes nothing stops the group between conversions, and gets every result when it does."""
    waiting = [True]

    def waits() -> Any:
        while True:
            yield waiting[0]

    group = await _begin(dut, no_pauses(), waits())
    await group.load(0)
    group.offer(range(PLANES), 0)
    for _ in range(20 * VECTORS["slot_cycles"]):
        await RisingEdge(dut.clk)
    stopped = len(group.array.sampled)
    for _ in range(5 * VECTORS["slot_cycles"]):
        await RisingEdge(dut.clk)
    assert len(group.array.sampled) == stopped > 0
    assert int(dut.dac_enable.value) == 0
    assert group.scoreboard.checked == 0
    waiting[0] = False
    await group.receive()
    group.scoreboard.finish()


@cocotb.test()
async def a_configuration_takes_effect_between_planes(dut: Any) -> None:
    """Its fields alone change nothing; with the commit it waits until the plane under way has ended."""
    group = await _begin(dut)
    await group.load(0)
    group.offer(range(2), 0)
    await group.sampling()
    await group.load(1, commit=False)
    await group.receive()
    group.offer(range(2, 3), 0)
    await group.sampling()
    await group.write(ADDRESSES["control"], COMMIT)
    assert await group.read("status") == BUSY + PENDING * PROGRAMMED
    await group.receive()
    assert await group.read("status") == PENDING * PROGRAMMED
    group.offer(range(PLANES), 1)
    await group.receive()
    assert await group.read("status") == 0
    group.scoreboard.finish()


@cocotb.test()
async def a_reset_ends_everything(dut: Any) -> None:
    """In any cycle: no old result comes, nothing is converted without a configuration, then all is whole."""
    group = await _begin(dut, random_pauses(0.2))
    for _ in range(8):
        group.offer(range(2), 0)
        if PROGRAMMED:
            group.array.sampled.clear()
            for _ in range(10):
                await RisingEdge(dut.clk)
            assert not group.array.sampled
        await group.load(0)
        for _ in range(random.randrange(1, min(COLUMNS, 20) * VECTORS["slot_cycles"])):
            await RisingEdge(dut.clk)
        await group.reset()
        assert await group.read("total_conversions") == 0
        assert await group.read("status") == 0
    await group.load(0)
    group.offer(range(PLANES), 0)
    await group.receive()
    group.scoreboard.finish()
