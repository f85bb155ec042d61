"""Bench of the in-memory unit of alphabet sets: products, their cycles and counters, traffic, refusals, resets."""

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
PRODUCTS = VECTORS["products"]
REFUSED = VECTORS["refused"]
COUNTS = tuple(PRODUCTS[0]["counts"])
INPUTS = ("input_in", "weight_in")
PATIENCE = 40 * max(product["counts"]["cycle_count"] for product in PRODUCTS) + 100
BETWEEN = 2  # cycles from a product's last result to the next descriptor that is there


class Unit:
    """Offers products, checks every result and its tags in order."""

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
            self.done += int(self.dut.rst.value == 0 and self.dut.done.value == 1)
            await RisingEdge(self.dut.clk)

    def offer(self, product: dict[str, Any]) -> None:
        """Queue a product's streams."""
        for name in ("config", *INPUTS):
            payloads = [product[name]] if name == "config" else product[name]
            self.sources[name].send(*(int(payload, 16) for payload in payloads))

    def expect(self, product: dict[str, Any]) -> None:
        """Queue a product's results."""
        for place, payload in enumerate(product["result_out"]):
            self.scoreboard.expect(int(payload, 16), f"result {place} of {len(product['result_out'])}")

    async def finish(self) -> None:
        """Wait until a product is done, which is told once."""
        already = self.done
        for _ in range(PATIENCE):
            await RisingEdge(self.dut.clk)
            if self.done > already:
                return
        raise AssertionError("the product did not end")

    async def run(self, product: dict[str, Any]) -> dict[str, int]:
        """One product from its descriptor to its end; returns what the counters show then."""
        self.expect(product)
        self.offer(product)
        await self.finish()
        self.scoreboard.finish()
        await FallingEdge(self.dut.clk)  # of the cycle after the one in which it is done
        return {name: int(getattr(self.dut, name).value) for name in COUNTS}


async def _begin(dut: Any, pauses: Any = no_pauses) -> Unit:
    unit = Unit(dut, pauses)
    await start_and_reset(dut)
    return unit


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def products_at_full_rate(dut: Any) -> None:
    """Results, tags, cycles and counters of every product."""
    unit = await _begin(dut)
    for place, product in enumerate(PRODUCTS):
        counts = await unit.run(product)
        assert counts == product["counts"], (place, counts, product["counts"])
        assert (dut.busy.value, dut.error.value) == (0, 0)


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def pauses_change_nothing_but_time(dut: Any) -> None:
    """Gaps in all inputs and results that have to wait: the same results and micro-operations, and no fewer cycles."""
    unit = await _begin(dut, lambda: random_pauses(random.choice((0.2, 0.6, 0.9))))
    for product in PRODUCTS:
        counts = await unit.run(product)
        assert counts.pop("cycle_count") >= product["counts"]["cycle_count"]
        assert counts.items() <= product["counts"].items()


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def one_descriptor_after_the_other(dut: Any) -> None:
    """All products are offered at once; each descriptor is taken when the one before has ended."""
    unit = await _begin(dut)
    for product in PRODUCTS:
        unit.expect(product)
        unit.offer(product)
    for _ in PRODUCTS:
        await unit.finish()
    unit.scoreboard.finish()
    taken = [cycle for cycle, _ in unit.configs.transfers]
    steps = [after - before for before, after in pairwise(taken)]
    assert steps == [product["counts"]["cycle_count"] + BETWEEN for product in PRODUCTS[:-1]]


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def a_result_waits(dut: Any) -> None:
    """Results taken in one of many cycles stay what they are until then, and no row is read twice."""
    unit = await _begin(dut, lambda: pattern_pauses([True] * 29 + [False]))
    counts = await unit.run(PRODUCTS[1])
    assert counts["read_count"] == PRODUCTS[1]["counts"]["read_count"]


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def refused_words_count_as_nothing_and_are_told(dut: Any) -> None:
    """``error`` stays until the next product; where no word is refused there is nothing to see but its absence."""
    unit = await _begin(dut)
    for product in REFUSED:
        await unit.run(product)
        assert dut.error.value == 1
    assert await unit.run(PRODUCTS[0]) == PRODUCTS[0]["counts"]
    assert dut.error.value == 0


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def a_reset_ends_a_product(dut: Any) -> None:
    """In any phase: nothing comes of the product, counters are 0, and the next product is right."""
    unit = await _begin(dut)
    # All inputs of a product of one load are taken before its weights but one transfer.
    product = max((each for each in PRODUCTS if each["loads"] == 1), key=lambda each: each["counts"]["cycle_count"])
    inputs, weights = len(product["input_in"]), len(product["weight_in"])
    parts = [(part, 0) for part in range(0, inputs, max(1, inputs // 3))]
    parts += [(inputs, part) for part in range(1, weights + 1, max(1, weights // 5))]
    for rows, transfers in parts:
        for cycles in (0, 1, 2, 7):
            unit.expect(product)
            unit.offer(
                {**product, "input_in": product["input_in"][:rows], "weight_in": product["weight_in"][:transfers]}
            )
            for name in ("config", *INPUTS):
                await unit.sources[name].wait_sent()
            for _ in range(cycles):
                await RisingEdge(dut.clk)
            await pulse_reset(dut)
            await FallingEdge(dut.clk)
            seen = (dut.busy.value, dut.done.value, dut.result_out__valid.value, dut.error.value)
            assert seen == (0, 0, 0, 0)
            assert [int(getattr(dut, name).value) for name in COUNTS] == [0] * len(COUNTS)
            unit.scoreboard = Scoreboard("results")
            await RisingEdge(dut.clk)
        assert await unit.run(PRODUCTS[1]) == PRODUCTS[1]["counts"]
