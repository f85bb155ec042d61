"""Everything analog around a tile of strategy A: array, sample-and-hold circuits, multiplexers, converters."""

import random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge


class CrossbarArray:
    """Answers the tile in every cycle, with the cells of ``matrix``, a list of numbers of each line.

    What nothing asks for is random: codes without a conversion, comparators that are off. Strobes are counted:
    ``holds``, ``conversions``; ``saturated`` are the conversions that count so.
    """

    def __init__(self, dut: Any, vectors: dict[str, Any]) -> None:
        self._dut, self._vectors = dut, vectors
        self._converters = len(vectors["shares"])
        self._registers = vectors["code_bits"] + 2
        self._lowest = 1 << vectors["code_bits"] - 1 if vectors["signed_codes"] else 0
        self._lines: list[list[int]] = []
        self._held = [[0] * (1 + max(vectors["shares"]) * vectors["lines_per_output"]) for _ in vectors["shares"]]
        self._sampled = [[0] * self._registers for _ in vectors["shares"]]
        self.clear()
        self._answer([0] * self._converters, [0] * self._converters)
        if vectors["converter"] == "sar":
            dut.cmp.value = 0
        cocotb.start_soon(self._run())

    def load(self, matrix: dict[str, Any]) -> None:
        """Store other weights."""
        self._lines = matrix["lines"]

    def clear(self) -> None:
        """Count from 0."""
        self.holds = self.conversions = self.saturated = 0

    async def _run(self) -> None:
        codes = [0] * self._converters
        flags = [0] * self._converters
        while True:
            await RisingEdge(self._dut.clk)
            self._answer(codes, flags)
            await FallingEdge(self._dut.clk)
            if self._dut.rst.value == 1:
                continue
            starts = int(self._dut.adc_start.value)
            converting = [starts >> place & 1 for place in range(self._converters)]
            shown = [self._held[place][int(self._dut.select.value)] if on else 0 for place, on in enumerate(converting)]
            self.conversions += sum(converting)
            self._count_saturated(converting, shown)
            codes = [self._code(value) if on else self._noise() for on, value in zip(converting, shown, strict=True)]
            flags = [
                int(self._beyond(value)) if on else random.getrandbits(1)
                for on, value in zip(converting, shown, strict=True)
            ]
            if self._vectors["converter"] == "sar":
                self._compare()
            if self._dut.hold.value == 1:
                self.holds += 1
                self._hold()

    def _hold(self) -> None:
        """The lines' sums of what drives the rows."""
        rows, bits = self._vectors["rows"], self._vectors["dac_bits"]
        word = int(self._dut.slice.value)
        driven = [word >> bits * row & (1 << bits) - 1 for row in range(rows)]
        sums = [sum(x * cell for x, cell in zip(driven, line, strict=True) if x) for line in self._lines]
        first = 0
        for place, share in enumerate(self._vectors["shares"]):
            after = first + share * self._vectors["lines_per_output"]
            self._held[place] = [sum(driven)] * self._vectors["unit_column"] + sums[first:after]
            first = after

    def _code(self, value: int) -> int:
        limit = self._vectors["limit"]
        return max(-limit if self._vectors["signed_codes"] else 0, min(limit, value))

    def _beyond(self, value: int) -> bool:
        return self._code(value) != value

    def _count_saturated(self, converting: list[int], shown: list[int]) -> None:
        """Those beyond the range; of registers that search, those at its end."""
        for on, value in zip(converting, shown, strict=True):
            if self._vectors["converter"] == "sar":
                at_end = abs(value) >= self._vectors["limit"]
                self.saturated += on and self._vectors["limited"] and at_end
            else:
                self.saturated += on and self._beyond(value)

    def _noise(self) -> int:
        return random.getrandbits(self._vectors["code_bits"])

    def _answer(self, codes: list[int], flags: list[int]) -> None:
        """The ports of ideal converters, in the cycle after a conversion."""
        if self._vectors["converter"] == "ideal":
            bits = self._vectors["code_bits"]
            mask = (1 << bits) - 1
            self._dut.code.value = sum((code & mask) << bits * place for place, code in enumerate(codes))
            self._dut.saturated.value = sum(flag << place for place, flag in enumerate(flags))

    def _compare(self) -> None:
        """Capacitors of the registers that sample follow the multiplexer; comparators that are on answer."""
        bits, count = self._vectors["code_bits"], self._registers
        sample, enable = int(self._dut.sample.value), int(self._dut.comparator_enable.value)
        dac, select = int(self._dut.dac.value), int(self._dut.select.value)
        answers = 0
        for place in range(self._converters):
            for register in range(count):
                at = place * count + register
                if sample >> at & 1:
                    self._sampled[place][register] = self._held[place][select]
                word = dac >> bits * at & (1 << bits) - 1
                reached = self._sampled[place][register] + self._lowest >= word
                answers |= (int(reached) if enable >> at & 1 else random.getrandbits(1)) << at
        self._dut.cmp.value = answers
