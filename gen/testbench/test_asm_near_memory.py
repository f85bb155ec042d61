"""Bench of the near-memory unit of alphabet sets: layers, their cycles and counters, traffic, resets."""

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import (
    StreamMonitor,
    StreamSink,
    StreamSource,
    no_pauses,
    pattern_pauses,
    pulse_reset,
    random_pauses,
    start_and_reset,
)

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
LAYERS = VECTORS["layers"]
COUNTS = tuple(LAYERS[0]["counts"])
INPUTS = ("weight_in", "input_in", "channel_in")
PATIENCE = 40  # times a layer's own cycles
BETWEEN = 2  # cycles from a layer's last result to the next descriptor that is there


class Unit:
    """Offers layers, checks every result and its tags in order, and that no stored word is refused."""

    def __init__(self, dut: Any, pauses: Any = no_pauses) -> None:
        self.dut = dut
        self.sources = {name: StreamSource(dut, name, pauses()) for name in ("config", *INPUTS)}
        self.sink = StreamSink(dut, "result_out", pauses())
        self.scoreboard = Scoreboard("results")
        self.configs = StreamMonitor(dut, "config")
        self.results = StreamMonitor(dut, "result_out", lambda payload: self.scoreboard.check(payload))
        self.done = 0
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        while True:
            await FallingEdge(self.dut.clk)
            assert self.dut.rst.value == 1 or self.dut.error.value == 0
            self.done += int(self.dut.rst.value == 0 and self.dut.done.value == 1)
            await RisingEdge(self.dut.clk)

    def offer(self, layer: dict[str, Any]) -> None:
        """Queue a layer's streams."""
        for name in ("config", *INPUTS):
            payloads = [layer[name]] if name == "config" else layer[name]
            self.sources[name].send(*(int(payload, 16) for payload in payloads))

    def expect(self, layer: dict[str, Any]) -> None:
        """Queue a layer's results."""
        for place, payload in enumerate(layer["result_out"]):
            self.scoreboard.expect(int(payload, 16), f"result {place} of {len(layer['result_out'])}")

    async def finish(self, layer: dict[str, Any]) -> None:
        """Wait until the layer is done, which is told once."""
        already = self.done
        for _ in range(PATIENCE * layer["counts"]["cycle_count"] + 100):
            await RisingEdge(self.dut.clk)
            if self.done > already:
                return
        raise AssertionError("the layer did not end")

    async def run(self, layer: dict[str, Any]) -> dict[str, int]:
        """One layer from its descriptor to its end; returns what the counters show then."""
        self.expect(layer)
        self.offer(layer)
        await self.finish(layer)
        self.scoreboard.finish()
        return {name: int(getattr(self.dut, name).value) for name in COUNTS}


async def _begin(dut: Any, pauses: Any = no_pauses) -> Unit:
    unit = Unit(dut, pauses)
    await start_and_reset(dut)
    return unit


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def layers_at_full_rate(dut: Any) -> None:
    """Results, tags, cycles and counters of every layer."""
    unit = await _begin(dut)
    for place, layer in enumerate(LAYERS):
        counts = await unit.run(layer)
        assert counts == layer["counts"], (place, counts, layer["counts"])
        assert dut.busy.value == 0


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def pauses_change_nothing_but_time(dut: Any) -> None:
    """Gaps in all inputs and results that have to wait: the same results, counters, and no fewer cycles."""
    unit = await _begin(dut, lambda: random_pauses(random.choice((0.2, 0.6, 0.9))))
    for layer in LAYERS:
        counts = await unit.run(layer)
        assert counts.pop("cycle_count") >= layer["counts"]["cycle_count"]
        assert counts.items() <= layer["counts"].items()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def one_descriptor_after_the_other(dut: Any) -> None:
    """All layers are offered at once; each descriptor is taken when the one before has ended."""
    unit = await _begin(dut)
    for layer in LAYERS:
        unit.expect(layer)
        unit.offer(layer)
    for _ in LAYERS:
        await unit.finish(max(LAYERS, key=lambda layer: layer["counts"]["cycle_count"]))
    unit.scoreboard.finish()
    taken = [cycle for cycle, _ in unit.configs.transfers]
    steps = [after - before for before, after in pairwise(taken)]
    assert steps == [layer["counts"]["cycle_count"] + BETWEEN for layer in LAYERS[:-1]]


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def a_result_waits(dut: Any) -> None:
    """Results taken in one of many cycles stay what they are until then, and nothing is read twice."""
    unit = await _begin(dut, lambda: pattern_pauses([True] * 7 + [False]))
    counts = await unit.run(LAYERS[1])
    assert counts["weight_read_count"] == LAYERS[1]["counts"]["weight_read_count"]


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def a_reset_ends_a_layer(dut: Any) -> None:
    """In any phase: nothing comes of the layer, counters are 0, and the next layer is right."""
    unit = await _begin(dut)
    layer = max(LAYERS, key=lambda each: each["counts"]["cycle_count"])
    total = layer["counts"]["cycle_count"]
    begun = {**layer, **{name: layer[name][: len(layer[name]) // 2] for name in INPUTS}}
    for offered, waits in [(begun, range(0, 12, 3)), (layer, range(0, total, max(1, total // 9)))]:
        for cycles in waits:
            unit.expect(layer)
            unit.offer(offered)
            for name in ("config", *INPUTS):
                await unit.sources[name].wait_sent()
            for _ in range(cycles):
                await RisingEdge(dut.clk)
            await pulse_reset(dut)
            await FallingEdge(dut.clk)
            assert (dut.busy.value, dut.done.value, dut.result_out__valid.value) == (0, 0, 0)
            assert [int(getattr(dut, name).value) for name in COUNTS] == [0] * len(COUNTS)
            unit.scoreboard = Scoreboard("results")
            await RisingEdge(dut.clk)
    for each in LAYERS:
        assert await unit.run(each) == each["counts"]
