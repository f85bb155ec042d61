"""Bench of the accelerator of the in-SRAM multiplier: layers, their cycles and counters, traffic, resets."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cocotb

from gen.testbench.jobs import Jobs, longest
from gen.testbench.streams import no_pauses, pattern_pauses, random_pauses

LAYERS = json.loads(Path(__file__).with_name("vectors.json").read_text())["layers"]
INPUTS = ("weight_in", "activation_in", "bias_in")


async def _begin(dut: Any, pauses: Callable[[], Iterator[bool]] = no_pauses) -> Jobs:
    return await Jobs.begin(dut, INPUTS, longest(LAYERS), pauses, refusal="refused")


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def layers_at_full_rate(dut: Any) -> None:
    """Results, tags, cycles and counters of every layer."""
    accelerator = await _begin(dut)
    for place, layer in enumerate(LAYERS):
        counts = await accelerator.run(layer)
        assert counts == layer["counts"], (place, counts, layer["counts"])
        assert dut.busy.value == 0


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def pauses_change_nothing_but_time(dut: Any) -> None:
    """Gaps in all inputs and results that have to wait: the same results, counters, and no fewer cycles."""
    accelerator = await _begin(dut, lambda: random_pauses(random.choice((0.2, 0.6, 0.9))))
    for layer in LAYERS:
        counts = await accelerator.run(layer)
        assert counts.pop("cycle_count") >= layer["counts"]["cycle_count"]
        assert counts.items() <= layer["counts"].items()


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def one_descriptor_after_the_other(dut: Any) -> None:
    """All layers are offered at once; each descriptor is taken when the one before has ended."""
    accelerator = await _begin(dut)
    steps = await accelerator.run_together(LAYERS)
    assert steps == [layer["counts"]["cycle_count"] + 1 for layer in LAYERS[:-1]]


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def a_result_waits(dut: Any) -> None:
    """Results taken in one of many cycles stay what they are until then."""
    accelerator = await _begin(dut, lambda: pattern_pauses([True] * 7 + [False]))
    counts = await accelerator.run(LAYERS[1])
    assert counts["access_count"] == LAYERS[1]["counts"]["access_count"]


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def a_reset_ends_a_layer(dut: Any) -> None:
    """In any phase: nothing comes of the layer, counters are 0, and the next layer is right."""
    accelerator = await _begin(dut)
    # All inputs of a layer of one pass are taken before it computes.
    layer = longest([each for each in LAYERS[:-1] if each["passes"] == 1])
    total = layer["counts"]["cycle_count"]
    begun = {**layer, **{name: layer[name][: len(layer[name]) // 2] for name in INPUTS}}
    for offered, waits in [(begun, range(0, 12, 3)), (layer, range(0, total, max(1, total // 9)))]:
        for cycles in waits:
            await accelerator.reset(offered, cycles)
    for each in LAYERS:
        assert await accelerator.run(each) == each["counts"]
