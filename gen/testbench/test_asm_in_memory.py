"""Bench of the in-memory unit of alphabet sets: products, their cycles and counters, traffic, refusals, resets."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cocotb

from gen.testbench.jobs import Jobs, longest
from gen.testbench.streams import no_pauses, pattern_pauses, random_pauses

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
PRODUCTS = VECTORS["products"]
REFUSED = VECTORS["refused"]
INPUTS = ("input_in", "weight_in")
BETWEEN = 2  # cycles from a product's last result to the next descriptor that is there


async def _begin(dut: Any, pauses: Callable[[], Iterator[bool]] = no_pauses) -> Jobs:
    return await Jobs.begin(dut, INPUTS, longest(PRODUCTS), pauses)


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
    steps = await unit.run_together(PRODUCTS)
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
    product = longest([each for each in PRODUCTS if each["loads"] == 1])
    inputs, weights = len(product["input_in"]), len(product["weight_in"])
    parts = [(part, 0) for part in range(0, inputs, max(1, inputs // 3))]
    parts += [(inputs, part) for part in range(1, weights + 1, max(1, weights // 5))]
    for rows, transfers in parts:
        begun = {"input_in": product["input_in"][:rows], "weight_in": product["weight_in"][:transfers]}
        for cycles in (0, 1, 2, 7):
            await unit.reset({**product, **begun}, cycles)
            assert dut.error.value == 0
        assert await unit.run(PRODUCTS[1]) == PRODUCTS[1]["counts"]
