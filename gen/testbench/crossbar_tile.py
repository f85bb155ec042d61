"""What benches of tiles of strategies B and C have in common: vectors in, results out, compared as they are taken."""

from typing import Any

from cocotb.triggers import RisingEdge

from gen.testbench.crossbar_sums import Surroundings
from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import StreamMonitor, StreamSink, StreamSource


class Tile:
    """A source of vectors, a consumer of results and the analog ``array`` around the tile."""

    def __init__(self, dut: Any, vectors: dict[str, Any], array: Surroundings, pauses: Any, waits: Any) -> None:
        self.dut, self.array, self._vectors = dut, array, vectors
        self.source = StreamSource(dut, "vectors", pauses)
        self.sink = StreamSink(dut, "products", waits)
        self.taken = StreamMonitor(dut, "vectors")
        self.given = StreamMonitor(dut, "products", lambda word: self.scoreboard.check(self._numbers(word)))
        self.scoreboard = Scoreboard("result")

    def _numbers(self, word: int) -> list[int]:
        width, mask = self._vectors["product_bits"], (1 << self._vectors["product_bits"]) - 1
        words = [word >> width * place & mask for place in range(self._vectors["outputs"])]
        return [each - (each >> width - 1 << width) for each in words]

    async def receive(self, words: list[int], results: list[list[int]]) -> None:
        """Send ``words``, and wait until all of ``results`` were compared."""
        for place, numbers in enumerate(results):
            self.scoreboard.expect(numbers, f"result {place}")
        self.source.send(*words)
        await self.sink.receive(len(results))
        self.scoreboard.finish()

    async def full_rate(self, words: list[int]) -> None:
        """Results and the cycles that they come in, conversions and what counts them."""
        vectors = self._vectors
        await self.receive(words, vectors["results"])
        taken, given = ([cycle for cycle, _ in each.transfers] for each in (self.taken, self.given))
        assert [each - taken[0] for each in taken] == vectors["taken"]
        assert [each - taken[0] for each in given] == vectors["given"]
        await RisingEdge(self.dut.clk)
        assert self.array.holds == len(words) * vectors["cycles"]
        assert self.array.conversions == len(words) * vectors["conversions"] == int(self.dut.adc_count.value)
        assert self.array.saturated == vectors["saturated"] == int(self.dut.sat_count.value)
