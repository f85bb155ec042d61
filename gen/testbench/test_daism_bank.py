"""Bench of one bank of the in-SRAM multiplier: handshakes, cycles, sums, counters, resets."""

import json
import random
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge, Timer

from gen.testbench.coverage import Coverage
from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import pulse_reset, start_and_reset

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
LANES, SLOTS, ROWS = VECTORS["lanes"], VECTORS["slots"], VECTORS["rows_per_group"]
ACCESSES, ACCUMULATE = VECTORS["accesses"], VECTORS["accumulate_latency"]
LATENCY = 2 + ACCESSES + ACCUMULATE
STREAMS = ("load", "drive", "preset")


class Bank:
    """Offers actions, counts cycles, and compares every finished sum when it comes, its slot and its cycle."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.scoreboard = Scoreboard("finished sums")
        self.coverage = Coverage(stream=STREAMS, last=(0, 1), waited=(False, True))
        self.cycle = 0
        dut.shown_slot.value = dut.clear_counters.value = 0
        for name in STREAMS:
            self._offer(name, None)
        cocotb.start_soon(self._watch())

    def _offer(self, name: str, action: dict[str, Any] | None) -> None:
        payload = getattr(self.dut, f"{name}__payload")
        getattr(self.dut, f"{name}__valid").value = int(action is not None)
        payload.value = int(action["payload"], 16) if action else (1 << len(payload)) - 1

    async def _watch(self) -> None:
        dut = self.dut
        while True:
            await FallingEdge(dut.clk)
            if dut.rst.value == 0 and dut.finished.value == 1:
                dut.shown_slot.value = slot = int(dut.finished_slot.value)
                await Timer(1, "ns")
                self.scoreboard.check((self.cycle, slot, self.sums()))
            await RisingEdge(dut.clk)
            self.cycle += 1

    def sums(self) -> list[int]:
        """The sums that are shown, by lane."""
        bits = len(self.dut.sums) // LANES
        word = int(self.dut.sums.value)
        return [word >> lane * bits & ((1 << bits) - 1) for lane in range(LANES)]

    async def do(self, action: dict[str, Any]) -> int:
        """Offer one action until it is taken; returns the cycle, just after the edge that ended it."""
        name, waited = action["stream"], False
        self._offer(name, action)
        await FallingEdge(self.dut.clk)
        while getattr(self.dut, f"{name}__ready").value == 0:
            waited = True
            await FallingEdge(self.dut.clk)
        taken = self.cycle
        self.coverage.hit(stream=name, last=action.get("last", 0), waited=waited)
        if action.get("last"):
            self.scoreboard.expect((taken + LATENCY, action["slot"], action["sums"]), action)
        await RisingEdge(self.dut.clk)
        self._offer(name, None)
        return taken

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        for _ in range(LATENCY + ROWS + 1):
            await RisingEdge(self.dut.clk)
        assert (self.dut.pending.value, self.dut.idle.value) == (0, 1)


async def _begin(dut: Any) -> Bank:
    await start_and_reset(dut)
    return Bank(dut)


@cocotb.test()
async def every_action_in_order(dut: Any) -> None:
    """Random loads, drives and presets with pauses: sums, their cycles, the sums in the end, the counters."""
    bank = await _begin(dut)
    kept: dict[int, list[int]] = {}
    for action in VECTORS["random"]:
        for _ in range(random.choice((0, 0, 0, 1, 4))):
            await RisingEdge(dut.clk)
        await bank.do(action)
        kept |= {action["slot"]: action["sums"]} if "slot" in action else {}
    await bank.settle()
    bank.scoreboard.finish()
    for slot, sums in kept.items():
        dut.shown_slot.value = slot
        await FallingEdge(dut.clk)
        assert bank.sums() == sums, (slot, sums, bank.sums())
    counts = {name: int(getattr(dut, name).value) for name in VECTORS["counts"]}
    assert counts == VECTORS["counts"]
    dut._log.info(bank.coverage.report())
    bank.coverage.assert_covered()


@cocotb.test()
async def full_rate(dut: Any) -> None:
    """Everything is offered at once and taken in the earliest cycle: a group every L, an operand every access."""
    bank = await _begin(dut)
    taken: list[tuple[str, int]] = []
    slots: dict[int, int] = {}
    for action in VECTORS["steady"]:
        cycle = await bank.do(action)
        if taken:
            name, before = taken[-1]
            earliest = before + (ROWS if name == "load" else ACCESSES)
            if action["stream"] == "drive":
                earliest = max(earliest, slots.get(action["slot"], earliest - ACCUMULATE) + ACCUMULATE)
            assert cycle == earliest, (action, cycle, earliest)
        taken.append((action["stream"], cycle))
        if action["stream"] == "drive":
            slots[action["slot"]] = cycle
    await bank.settle()
    bank.scoreboard.finish()


@cocotb.test()
async def a_load_goes_before_a_drive(dut: Any) -> None:
    """Offered in one cycle, the load is taken and the driver operand waits for its rows."""
    bank = await _begin(dut)
    loads = [action for action in VECTORS["steady"] if action["stream"] == "load"]
    for action in loads:
        await bank.do(action)
    drive = next(action for action in VECTORS["steady"] if action["stream"] == "drive")
    driven = cocotb.start_soon(bank.do(drive))
    loaded = await bank.do(loads[0])
    assert await driven == loaded + ROWS
    await bank.settle()
    assert dut.row_write_count.value == ROWS * (len(loads) + 1)


@cocotb.test()
async def a_reset_ends_everything_under_way(dut: Any) -> None:
    """In each cycle after the transfer of an operand or a load: nothing comes of it, and later work is right."""
    bank = await _begin(dut)
    loads = [action for action in VECTORS["steady"] if action["stream"] == "load"]
    drive = next(action for action in VECTORS["steady"] if action["stream"] == "drive")
    for action, cycles in ((drive, LATENCY), (loads[0], ROWS)):
        for passed in range(cycles):
            await bank.do({**action, "last": 0})
            for _ in range(passed):
                await RisingEdge(dut.clk)
            await pulse_reset(dut)
            await FallingEdge(dut.clk)
            assert (dut.pending.value, dut.idle.value, dut.row_write_count.value) == (0, 1, 0)
            assert (dut.load__ready.value, dut.drive__ready.value, dut.preset__ready.value) == (1, 1, 1)
            await bank.settle()
    for action in VECTORS["steady"]:
        await bank.do(action)
    await bank.settle()
    bank.scoreboard.finish()


@cocotb.test()
async def counters_are_cleared(dut: Any) -> None:
    """All are 0 in the cycle after ``clear_counters``."""
    bank = await _begin(dut)
    for action in VECTORS["steady"]:
        await bank.do(action)
    await bank.settle()
    bank.scoreboard.finish()
    assert dut.row_write_count.value != 0
    dut.clear_counters.value = 1
    await RisingEdge(dut.clk)
    dut.clear_counters.value = 0
    await FallingEdge(dut.clk)
    assert [int(getattr(dut, name).value) for name in VECTORS["counts"]] == [0, 0, 0, 0]
