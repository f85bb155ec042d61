"""Bench of a tile of strategy C, with everything analog around it in the loop: results, cycles, strobes, counters."""

import json
from pathlib import Path
from typing import Any

import cocotb

from gen.testbench.crossbar_reset import reset_in_mid_run
from gen.testbench.crossbar_sums import Accumulators
from gen.testbench.crossbar_tile import Tile
from gen.testbench.streams import no_pauses, random_pauses, start_and_reset

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
SLOTS, RESULTS = VECTORS["slots"], VECTORS["results"]
FIRST, LAST = (1 << VECTORS["rows"] * VECTORS["input_bits"] + place for place in range(2))
WORDS = [word + FIRST + LAST for word in VECTORS["words"]]


async def _begin(dut: Any, pauses: Any = None, waits: Any = None) -> Tile:
    tile = Tile(dut, VECTORS, Accumulators(dut, VECTORS), pauses or no_pauses(), waits or no_pauses())
    await start_and_reset(dut)
    return tile


@cocotb.test()
async def results_cycles_and_conversions_at_full_rate(dut: Any) -> None:
    """Vectors follow each other as soon as they can, results come in their cycle; conversions are counted."""
    tile = await _begin(dut)
    await tile.full_rate(WORDS)


@cocotb.test()
async def late_vectors_and_slow_consumers_lose_nothing(dut: Any) -> None:
    """Vectors come at random, results wait at random."""
    cycle = SLOTS * VECTORS["interval"]
    tile = await _begin(dut, random_pauses(1 - 1 / cycle), random_pauses(1 - 1 / cycle))
    await tile.receive(WORDS, RESULTS)
    assert tile.array.conversions == len(WORDS) * VECTORS["conversions"]


@cocotb.test()
async def a_reset_ends_everything(dut: Any) -> None:
    """In any cycle: no old result comes, counters are 0, then all is whole."""
    tile = await _begin(dut)
    for _ in range(4):
        await reset_in_mid_run(tile, WORDS[0], "result", SLOTS * (VECTORS["latency"] - 2))
    await tile.receive(WORDS, RESULTS)


@cocotb.test()
async def row_blocks_are_added(dut: Any) -> None:
    """The codes of several vectors make one result, from the first to the last."""
    blocks = VECTORS["blocks"]
    tile = await _begin(dut, random_pauses(0.1))
    count = len(WORDS) // blocks * blocks
    flags = [FIRST * (place % blocks == 0) + LAST * (place % blocks == blocks - 1) for place in range(count)]
    words = [word + flag for word, flag in zip(VECTORS["words"], flags, strict=False)]
    await tile.receive(words, VECTORS["block_results"])
