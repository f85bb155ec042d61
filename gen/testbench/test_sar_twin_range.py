"""Bench of the twin-range controller, with the comparator and the DAC in the loop."""

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
CONVERSIONS = VECTORS["conversions"]
STROBES = ("sample", "busy", "dac_enable", "comparator_enable", "dac", "done")
RESULTS = ("code", "flag", "ops")
IDLE = (0, 0, 0, 0, 0, 0)


class Converter:
    """Comparator and DAC around the controller, and one look at its outputs in the middle of every cycle."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.count = 0
        dut.start.value = dut.cmp.value = 0
        self.load(CONVERSIONS[0])

    def load(self, conversion: dict[str, Any]) -> None:
        """Put a conversion's configuration into the registers and its count on the input."""
        self.dut.registers.value = conversion["registers"]
        self.count = conversion["count"]

    async def cycle(self, start: int = 0) -> dict[str, int]:
        """One cycle with this ``start``; returns what the outputs showed. A comparator that is off answers anything."""
        dut = self.dut
        dut.start.value = start
        await FallingEdge(dut.clk)
        seen = {name: getattr(dut, name).value for name in (*STROBES, *RESULTS, "overrun")}
        shown = {name: int(value) if value.is_resolvable else -1 for name, value in seen.items()}
        higher = self.count >= shown["dac"]
        dut.cmp.value = int(higher) if shown["comparator_enable"] else random.getrandbits(1)
        await RisingEdge(dut.clk)
        return shown

    async def convert(self, conversion: dict[str, Any], *, accepted: bool = False, restart: bool = False) -> Any:
        """One conversion; returns what was seen as `expected` has it. With ``restart`` the cycle of done is a start.

        ``accepted`` says that the cycle of the start has passed.
        """
        if not accepted:
            await self.cycle(start=1)
        self.load(conversion)
        cycles = [await self.cycle() for _ in range(SAMPLE_CYCLES + len(conversion["words"]))]
        cycles.append(await self.cycle(start=int(restart)))
        strobes = [tuple(cycle[name] for name in STROBES) for cycle in cycles]
        return strobes, tuple(cycles[-1][name] for name in RESULTS)


def expected(conversion: dict[str, Any]) -> Any:
    """The strobes and the word of each cycle after the start; then code, flag and number of comparisons."""
    words, compared = conversion["words"], conversion["compared"]
    last = max(place for place, on in enumerate(compared) if on)
    search = [
        (0, 1, int(place <= last), on, word, 0) for place, (word, on) in enumerate(zip(words, compared, strict=True))
    ]
    cycles = [(1, 1, 1, 0, 0, 0)] * SAMPLE_CYCLES + search + [(0, 0, 0, 0, 0, 1)]
    assert conversion["operations"] == sum(compared)
    return cycles, (conversion["code"], conversion["flag"], conversion["operations"])


async def _begin(dut: Any) -> Converter:
    converter = Converter(dut)
    await start_and_reset(dut)
    return converter


@cocotb.test()
async def every_conversion_alone(dut: Any) -> None:
    """Words, strobes, latency and results, each conversion with other registers; the results stay until the start."""
    converter = await _begin(dut)
    scoreboard = Scoreboard("conversion")
    cases = ["r1", "r2", *(["below_r1"] if "base" in VECTORS["options"] else [])]
    gated = "after_r1" in VECTORS["options"] or "skip" in VECTORS["options"]
    coverage = Coverage(range=cases, comparator_gated=(False, True) if gated else (False,))
    for index, conversion in enumerate(CONVERSIONS):
        scoreboard.expect(expected(conversion), conversion["count"])
        scoreboard.check(await converter.convert(conversion))
        for _ in range(index % 3):
            shown = await converter.cycle()
            assert tuple(shown[name] for name in STROBES) == IDLE
            assert tuple(shown[name] for name in RESULTS) == expected(conversion)[1]
        where = "below_r1" if conversion["below_r1"] else "r2" if conversion["flag"] else "r1"
        coverage.hit(range=where, comparator_gated=0 in conversion["compared"])
    scoreboard.finish()
    assert dut.overrun.value == 0
    dut._log.info(coverage.report())
    coverage.assert_covered()


@cocotb.test()
async def conversions_back_to_back(dut: Any) -> None:
    """A start in the cycle of done, and other registers in the cycle after: none overrun."""
    converter = await _begin(dut)
    scoreboard = Scoreboard("conversion")
    chosen = CONVERSIONS[:100]
    for index, conversion in enumerate(chosen):
        scoreboard.expect(expected(conversion), conversion["count"])
        last = index + 1 == len(chosen)
        scoreboard.check(await converter.convert(conversion, accepted=index > 0, restart=not last))
    scoreboard.finish()
    assert dut.overrun.value == 0


@cocotb.test()
async def a_start_too_early_is_ignored_and_reported(dut: Any) -> None:
    """In every cycle of a conversion: the result is the same, and the overrun flag stays until the reset."""
    converter = await _begin(dut)
    conversion = max(CONVERSIONS, key=lambda each: len(each["words"]))
    cycles = SAMPLE_CYCLES + len(conversion["words"])
    for early in range(cycles):
        converter.load(conversion)
        await converter.cycle(start=1)
        for cycle in range(cycles):
            shown = await converter.cycle(start=int(cycle == early))
            assert shown["overrun"] == int(cycle > early)
        shown = await converter.cycle()
        assert (shown["done"], shown["overrun"]) == (1, 1)
        assert tuple(shown[name] for name in RESULTS) == expected(conversion)[1]
        await pulse_reset(dut)
        assert (await converter.cycle())["overrun"] == 0


@cocotb.test()
async def a_reset_ends_a_conversion_and_the_next_one_is_whole(dut: Any) -> None:
    """In every cycle of a conversion: no done comes, and a start right after the reset is accepted."""
    converter = await _begin(dut)
    scoreboard = Scoreboard("conversion")
    first = max(CONVERSIONS, key=lambda each: len(each["words"]))
    for stopped in range(SAMPLE_CYCLES + len(first["words"])):
        converter.load(first)
        await converter.cycle(start=1)
        for _ in range(stopped):
            await converter.cycle()
        await pulse_reset(dut)
        following = CONVERSIONS[stopped % len(CONVERSIONS)]
        if stopped % 2:
            shown = await converter.cycle()
            assert tuple(shown[name] for name in STROBES) == IDLE
        scoreboard.expect(expected(following), following["count"])
        scoreboard.check(await converter.convert(following))
    scoreboard.finish()
