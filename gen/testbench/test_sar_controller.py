"""Bench of the successive approximation controller, with the comparator and the DAC in the loop."""

import json
import random
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from gen.testbench.coverage import Coverage
from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import pulse_reset, start_and_reset

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
BITS, SAMPLE_CYCLES = VECTORS["bits"], VECTORS["sample_cycles"]


class Converter:
    """Comparator and DAC around the controller, and one look at its outputs in the middle of every cycle."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.count = 0
        dut.start.value = dut.cmp.value = 0

    async def cycle(self, start: int = 0) -> dict[str, int]:
        """One cycle with this ``start``; returns what the outputs showed. A comparator that is off answers anything."""
        dut = self.dut
        dut.start.value = start
        await FallingEdge(dut.clk)
        names = ("sample", "dac", "comparator_enable", "done", "code", "ops", "overrun")
        seen = {name: getattr(dut, name).value for name in names}
        shown = {name: int(value) if value.is_resolvable else -1 for name, value in seen.items()}
        higher = self.count >= shown["dac"]
        dut.cmp.value = int(higher) if shown["comparator_enable"] else random.getrandbits(1)
        await RisingEdge(dut.clk)
        return shown

    async def convert(self, index: int, *, accepted: bool = False, restart: bool = False) -> Any:
        """Convert one count; returns what was seen as `expected` has it. With ``restart`` the cycle of done is a start.

        ``accepted`` says that the cycle of the start has passed.
        """
        self.count = VECTORS["counts"][index]
        if not accepted:
            await self.cycle(start=1)
        cycles = [await self.cycle() for _ in range(SAMPLE_CYCLES + BITS)]
        cycles.append(await self.cycle(start=int(restart)))
        return [tuple(cycle[name] for name in ("sample", "comparator_enable", "dac", "done")) for cycle in cycles], (
            cycles[-1]["code"],
            cycles[-1]["ops"],
        )


def expected(index: int) -> Any:
    """``sample``, ``comparator_enable``, ``dac`` and ``done`` of each cycle after the start; then code and ops."""
    search = [(0, 1, trial, 0) for trial in VECTORS["trials"][index]]
    cycles = [(1, 0, 0, 0)] * SAMPLE_CYCLES + search + [(0, 0, 0, 1)]
    assert len(cycles) == VECTORS["latency"]
    return cycles, (VECTORS["codes"][index], VECTORS["operations"][index])


async def _begin(dut: Any) -> Converter:
    converter = Converter(dut)
    await start_and_reset(dut)
    return converter


@cocotb.test()
async def every_count_alone(dut: Any) -> None:
    """Words, strobes, latency, code and number of comparisons; the code stays until the next start."""
    converter = await _begin(dut)
    scoreboard = Scoreboard("conversion")
    coverage = Coverage(bit=range(BITS), kept=(0, 1))
    for index, count in enumerate(VECTORS["counts"]):
        scoreboard.expect(expected(index), count)
        scoreboard.check(await converter.convert(index))
        for _ in range(index % 3):
            shown = await converter.cycle()
            assert (shown["code"], shown["dac"], shown["done"]) == (VECTORS["codes"][index], 0, 0)
            assert (shown["sample"], shown["comparator_enable"], shown["overrun"]) == (0, 0, 0)
        for bit in range(BITS):
            coverage.hit(bit=bit, kept=count >> bit & 1)
    scoreboard.finish()
    dut._log.info(coverage.report())
    coverage.assert_covered()


@cocotb.test()
async def conversions_back_to_back(dut: Any) -> None:
    """A start in the cycle of done: a code every latency cycles, none overrun."""
    converter = await _begin(dut)
    scoreboard = Scoreboard("conversion")
    conversions = min(50, len(VECTORS["counts"]))
    for index in range(conversions):
        scoreboard.expect(expected(index), VECTORS["counts"][index])
        scoreboard.check(await converter.convert(index, accepted=index > 0, restart=index + 1 < conversions))
    scoreboard.finish()
    assert dut.overrun.value == 0


@cocotb.test()
async def a_start_too_early_is_ignored_and_reported(dut: Any) -> None:
    """In every cycle of a conversion: the result is the same, and the overrun flag stays until the reset."""
    converter = await _begin(dut)
    for early in range(SAMPLE_CYCLES + BITS):
        converter.count = VECTORS["counts"][0]
        await converter.cycle(start=1)
        for cycle in range(SAMPLE_CYCLES + BITS):
            shown = await converter.cycle(start=int(cycle == early))
            assert shown["overrun"] == int(cycle > early)
        shown = await converter.cycle()
        assert (shown["done"], shown["code"], shown["overrun"]) == (1, VECTORS["codes"][0], 1)
        await pulse_reset(dut)
        assert (await converter.cycle())["overrun"] == 0


@cocotb.test()
async def a_reset_ends_a_conversion_and_the_next_one_is_whole(dut: Any) -> None:
    """In every cycle of a conversion: no done comes, and a start right after the reset is accepted."""
    converter = await _begin(dut)
    scoreboard = Scoreboard("conversion")
    for stopped in range(SAMPLE_CYCLES + BITS):
        converter.count = VECTORS["counts"][0]
        await converter.cycle(start=1)
        for _ in range(stopped):
            await converter.cycle()
        await pulse_reset(dut)
        shown = await converter.cycle()
        assert (shown["sample"], shown["dac"], shown["comparator_enable"], shown["done"]) == (0, 0, 0, 0)
        index = 1 + stopped % (len(VECTORS["counts"]) - 1)
        scoreboard.expect(expected(index), VECTORS["counts"][index])
        scoreboard.check(await converter.convert(index))
    scoreboard.finish()
