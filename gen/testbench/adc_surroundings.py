"""What surrounds a group of converters: an array that gives planes, hold banks, multiplexers, DACs, comparators."""

import random
from collections.abc import Iterator
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge
from cocotb.utils import get_sim_time

CLOCK_NS = 10


class Surroundings:
    """Offers planes of counts, samples them as the strobes say, and answers every word on a DAC.

    It stops at a strobe that must not be: both banks at once, a bank whose columns have not all been sampled or are
    under conversion, a multiplexer that moves while or right before it is sampled through. A comparator that is off
    answers anything; one whose DAC is off, too.
    """

    def __init__(self, dut: Any, vectors: dict[str, Any], pauses: Iterator[bool]) -> None:
        self.dut, self._pauses = dut, pauses
        self._bits, self._converters = vectors["bits"], vectors["converters"]
        self._columns = vectors["columns_per_adc"]
        self._column_bits = vectors["order_widths"][0]
        self.planes: list[list[int]] = []
        self.sampled: list[tuple[int, int]] = []  # cycle of each sampling of the first converter, and its column
        dut.plane_valid.value = dut.cmp.value = 0
        self.clear()
        cocotb.start_soon(self._run())

    def clear(self) -> None:
        """As after a reset: nothing is held and nothing is offered."""
        self.planes.clear()
        self._offered = False
        self._banks: list[list[int] | None] = [None, None]
        self._left = [set[int](), set[int]()]  # columns of each bank that are to be sampled
        self._held: list[tuple[int, int]] = [(0, 0)] * self._converters  # the count, and the bank it is of
        self._before: list[tuple[int, int]] = [(-1, -1)] * self._converters

    async def _run(self) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            # An offer stays until it is taken.
            self._offered = bool(self.planes) and (self._offered or not next(self._pauses))
            self.dut.plane_valid.value = int(self._offered)
            await FallingEdge(self.dut.clk)
            if self.dut.rst.value == 0:
                self._look()

    @property
    def cycle(self) -> int:
        """The cycle that the simulation is in."""
        return int(get_sim_time("ns")) // CLOCK_NS

    def _look(self) -> None:
        dut = self.dut
        track = int(dut.hold_track.value)
        enabled = int(dut.dac_enable.value)
        converting = enabled & ~int(dut.sample.value)
        assert track != 3, f"both banks follow the array in cycle {self.cycle}"
        assert int(dut.plane_ready.value) == int(track != 0)
        for bank in range(2):
            if track >> bank & 1:
                self._fill(bank, converting)
        answers = 0
        for place in range(self._converters):
            answers |= self._answer(place, enabled >> place & 1, track) << place
        dut.cmp.value = answers

    def _fill(self, bank: int, converting: int) -> None:
        assert self._offered, f"a bank follows the array before its outputs are there, in cycle {self.cycle}"
        assert not self._left[bank], f"columns {sorted(self._left[bank])} were not sampled before cycle {self.cycle}"
        busy = [place for place in range(self._converters) if converting >> place & 1 and self._held[place][1] == bank]
        assert not busy, f"converters {busy} convert from the bank that is filled in cycle {self.cycle}"
        self._banks[bank] = self.planes.pop(0)
        self._left[bank] = set(range(self._converters * self._columns))
        self._offered = False

    def _answer(self, place: int, enabled: int, track: int) -> int:
        dut = self.dut
        bank = int(dut.hold_select.value) >> place & 1
        column = int(dut.column.value) >> place * self._column_bits & (1 << self._column_bits) - 1
        if int(dut.sample.value) >> place & 1:
            assert self._before[place] == (bank, column), f"multiplexer {place} moves in cycle {self.cycle}"
            assert not track >> bank & 1, f"converter {place} samples a bank that is filled, in cycle {self.cycle}"
            held = self._banks[bank]
            assert held is not None, f"converter {place} samples an empty bank in cycle {self.cycle}"
            self._held[place] = held[place * self._columns + column], bank
            self._left[bank].discard(place * self._columns + column)
            if place == 0:
                self.sampled.append((self.cycle, column))
        self._before[place] = bank, column
        if not (int(dut.comparator_enable.value) >> place & 1 and enabled):
            return random.getrandbits(1)
        word = int(dut.dac.value) >> place * self._bits & (1 << self._bits) - 1
        return int(self._held[place][0] >= word)
