"""Everything analog around tiles of strategies B and C: array, holds, buffer cells or accumulators, converters."""

import random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge


class Surroundings:
    """Looks at the strobes in every cycle; answers conversions in the next one, and anything while there is none.

    Of converters that search it has the capacitors and comparators; one that is off answers anything.
    ``conversions``, ``saturated``, ``holds`` count since `clear`. Subclasses say what the lines and converters are.
    """

    def __init__(self, dut: Any, vectors: dict[str, Any]) -> None:
        self.dut, self.vectors = dut, vectors
        self._searches = vectors["converter"] == "sar"
        self._sampled = [0] * vectors["converters"] * (vectors["code_bits"] + 2)
        if self._searches:
            dut.cmp.value = 0
        self.clear()
        cocotb.start_soon(self._run())

    def clear(self) -> None:
        """Count from 0."""
        self.conversions = self.saturated = self.holds = 0

    def look(self, driven: list[int]) -> None:
        """One cycle in which the rows are driven so."""
        raise NotImplementedError

    def sample(self, output: int) -> tuple[int, bool]:
        """Code of an output, and whether it is at the end of the range."""
        raise NotImplementedError

    async def _run(self) -> None:
        bits, converters = self.vectors["code_bits"], self.vectors["converters"]
        codes = flags = 0
        while True:
            await RisingEdge(self.dut.clk)
            if not self._searches:
                self.dut.code.value, self.dut.saturated.value = codes, flags
            await FallingEdge(self.dut.clk)
            codes, flags = random.getrandbits(bits * converters), random.getrandbits(converters)
            if self.dut.rst.value == 1:
                continue
            if self.dut.adc_start.value == 1:
                codes, flags = self._convert()
            if self._searches:
                self._compare(codes)
            word, width = int(self.dut.slice.value), self.vectors["dac_bits"]
            self.look([word >> width * row & (1 << width) - 1 for row in range(self.vectors["rows"])])

    def _convert(self) -> tuple[int, int]:
        bits, converters = self.vectors["code_bits"], self.vectors["converters"]
        codes = flags = 0
        for place in range(converters):
            code, beyond = self.sample(int(self.dut.group.value) * converters + place)
            codes |= (code & (1 << bits) - 1) << bits * place
            flags |= beyond << place
            self.conversions += 1
            at_end = self.vectors["limited"] and abs(code) >= self.vectors["limit"]
            self.saturated += at_end if self._searches else beyond
        return codes, flags

    def _compare(self, codes: int) -> None:
        """Capacitors of the registers that sample take their converter's ``codes``; comparators that are on answer."""
        bits, registers = self.vectors["code_bits"], self.vectors["code_bits"] + 2
        lowest = 1 << bits - 1 if self.vectors["code_signed"] else 0
        sample, dac = int(self.dut.sample.value), int(self.dut.dac.value)
        enable, answers = int(self.dut.comparator_enable.value), 0
        assert bool(sample) == bool(self.dut.adc_start.value == 1), "registers sample while nothing is converted"
        for at in range(len(self._sampled)):
            if sample >> at & 1:
                code = codes >> bits * (at // registers) & (1 << bits) - 1
                self._sampled[at] = code + lowest & (1 << bits) - 1
            reached = self._sampled[at] >= dac >> bits * at & (1 << bits) - 1
            answers |= (int(reached) if enable >> at & 1 else random.getrandbits(1)) << at
        self.dut.cmp.value = answers


class Accumulators(Surroundings):
    """NNS+A with its holds, and NNADCs: of each output A = (fed back >> dac_bits) + (y_t << dac_bits (cycles - 1))."""

    def __init__(self, dut: Any, vectors: dict[str, Any]) -> None:
        count = vectors["outputs"]
        self._lines, self._fed_back = [0] * count, [0] * count
        self._held = [[0] * count, [0] * count]
        super().__init__(dut, vectors)

    def look(self, driven: list[int]) -> None:
        dut, shift = self.dut, self.vectors["dac_bits"]
        strobes = [int(each.value) for each in (dut.bl_strobe, dut.accum, dut.fb_strobe)]
        assert sum(strobes) <= 1, f"strobes overlap: {strobes}"
        bank = self._held[int(dut.bank.value)]
        if dut.accum.value == 1:
            kept = [0] * len(bank) if dut.first.value == 1 else self._fed_back
            assert all(each & (1 << shift) - 1 == 0 for each in kept), "a bit is shifted out"
            sign = -1 if dut.negate.value == 1 else 1
            places = shift * (self.vectors["cycles"] - 1)
            bank[:] = [(old >> shift) + (sign * line << places) for old, line in zip(kept, self._lines, strict=True)]
        if dut.fb_strobe.value == 1:
            self._fed_back = list(bank)
        if dut.bl_strobe.value == 1:
            self.holds += 1
            self._lines = [sum(x * w for x, w in zip(driven, each, strict=True)) for each in self.vectors["weights"]]

    def sample(self, output: int) -> tuple[int, bool]:
        held = self._held[int(self.dut.read_bank.value)][output]
        largest, multiplier, shift = self.vectors["range"]
        size = abs(held) * multiplier + (1 << shift - 1) >> shift
        return min(size, largest) * (1 if held >= 0 else -1), size > largest


class BufferCells(Surroundings):
    """Two banks of cells, lines that saturate, a carry from the low columns, converters that round and saturate."""

    def __init__(self, dut: Any, vectors: dict[str, Any]) -> None:
        self._lines: list[list[tuple[int, ...]]] = []
        self._cells: list[dict[tuple[int, int, int], int]] = [{}, {}]
        self._written: list[set[int]] = [set(), set()]
        super().__init__(dut, vectors)

    def look(self, driven: list[int]) -> None:
        dut, cleared = self.dut, int(self.dut.clear.value)
        if dut.write.value == 1:
            bank, offset = int(dut.bank.value), int(dut.offset.value)
            assert not cleared >> bank & 1, "a bank is written and cleared"
            self._write(bank, offset)
        if dut.adc_start.value == 1:
            bank = int(dut.read_bank.value)
            assert not cleared >> bank & 1, "a bank is read and cleared"
            assert len(self._written[bank]) == self.vectors["cycles"], "a bank is read before it is full"
        for bank in range(2):
            if cleared >> bank & 1:
                self._cells[bank].clear()
                self._written[bank].clear()
        if dut.bl_strobe.value == 1:
            self.holds += 1
            self._lines = [
                [tuple(self._line(driven, cells) for cells in pair) for pair in zip(*output, strict=True)]
                for output in self.vectors["cells"]
            ]

    def _line(self, driven: list[int], cells: list[int]) -> int:
        return min(self.vectors["line_limit"], sum(x * cell for x, cell in zip(driven, cells, strict=True)))

    def _write(self, bank: int, offset: int) -> None:
        """The held lines into the cells of an input slice, as levels if they have so few."""
        sign = -1 if self.dut.swap.value == 1 else 1
        for output, slices in enumerate(self._lines):
            for place, sums in enumerate(slices):
                stored = [self._level(value) for value in sums]
                self._cells[bank][output, offset, place] = sign * (stored[0] - sum(stored[1:]))
        self._written[bank].add(offset)

    def _level(self, value: int) -> int:
        levels, most = self.vectors["cell_levels"], self.vectors["line_maximum"]
        return value if levels is None else (2 * value * levels + most) // (2 * most)

    def sample(self, output: int) -> tuple[int, bool]:
        columns = self._columns(int(self.dut.read_bank.value), output)
        places, carry, column = self.vectors["places"], self.vectors["carry"], int(self.dut.column.value)
        low = places[: carry + 1] if column == 0 else [places[carry + column]]
        levels, most = self.vectors["cell_levels"], self.vectors["line_maximum"]
        numerator = sum(columns[place] << place for place in low) * (1 if levels is None else most)
        denominator = (1 if levels is None else levels) << low[-1]
        size = (2 * abs(numerator) + denominator) // (2 * denominator)
        code = size if numerator >= 0 else -size
        limit = self.vectors["limit"]
        limited = max(-limit if self.vectors["code_signed"] else 0, min(limit, code))
        return limited, limited != code

    def _columns(self, bank: int, output: int) -> dict[int, int]:
        columns = dict.fromkeys(self.vectors["places"], 0)
        for (of, t, s), level in self._cells[bank].items():
            if of == output:
                columns[self.vectors["slice_places"][t][s]] += level
        return columns
