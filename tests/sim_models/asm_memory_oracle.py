"""The memories of alphabet-set multipliers, stepped through cycle by cycle on single bits and plain integers.

The in-memory array keeps its rows as lists of bits and does nothing but read two rows as AND and NOR, shift within
words and ripple carries. The near-memory unit is a nest of loops that hands one weight row a cycle to a pipeline.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sim_models.asm import AsmParameters
from tests.sim_models.asm_oracle import accumulator_bits, control, product, quartet_bits, split

Matrix = Sequence[Sequence[int]]


class Bitlines:
    """Rows of words side by side, and a latch; each operation takes one cycle, counted by ``phase`` and by kind."""

    def __init__(self, rows: int, columns: int, width: int) -> None:
        self.rows = [[0] * columns for _ in range(rows)]
        self.latch = [0] * columns
        self.width = width
        self.starts = range(0, columns // width * width, width)
        self.phase = "load"
        self.cycles: Counter[str] = Counter()
        self.kinds: Counter[tuple[str, str]] = Counter()

    def _step(self, kind: str) -> None:
        self.cycles[self.phase] += 1
        self.kinds[self.phase, kind] += 1

    def write(self, row: int, words: Sequence[int]) -> None:
        """Bit 0 of a word in its lowest column; lanes without a word hold 0."""
        assert len(words) <= len(self.starts)
        self._step("write")
        for start, word in itertools.zip_longest(self.starts, words, fillvalue=0):
            for j in range(self.width):
                self.rows[row][start + j] = word >> j & 1

    def clear(self, row: int) -> None:
        self._step("clear")
        self.rows[row] = [0] * len(self.latch)

    def read(self, row: int, shift: int) -> None:
        """Column j latches what column j - shift of its word senses."""
        assert 0 <= shift <= 3
        self._step("read")
        for start in self.starts:
            for j in range(self.width):
                self.latch[start + j] = self.rows[row][start + j - shift] if j >= shift else 0

    def add(self, row: int, *, subtract: bool = False) -> None:
        self._step("add")
        for start in self.starts:
            carry = int(subtract)
            for column in range(start, start + self.width):
                stored, latched = self.rows[row][column], self.latch[column] ^ subtract
                both, neither = stored & latched, 1 - (stored | latched)
                differ = 1 - (both | neither)
                self.rows[row][column] = differ ^ carry
                carry = both | (differ & carry)

    def words(self) -> list[int]:
        """The latch's words in two's complement."""
        found = []
        for start in self.starts:
            bits = self.latch[start : start + self.width]
            unsigned = sum(bit << j for j, bit in enumerate(bits))
            found.append(unsigned - 2**self.width * bits[-1])
        return found


class InMemory:
    """One array: two rows per input if its triple is kept, else one; an accumulator per quartet; a row of zeros."""

    def __init__(self, p: AsmParameters) -> None:
        self.p, self.quartets = p, len(quartet_bits(p))
        self.triples = p.store_triple and 3 in p.alphabets
        self.pitch = 2 if self.triples else 1
        self.room = (p.rows - self.quartets - 1) // self.pitch
        self.zero = self.room * self.pitch
        self.array = Bitlines(self.zero + 1 + self.quartets, p.columns, accumulator_bits(p))
        assert len(self.array.rows) <= p.rows
        for row in range(len(self.array.rows)):
            self.array.rows[row] = [1] * p.columns  # what was there before must not matter

    def dots(self, x: Matrix, w: Matrix) -> list[list[int]]:
        """Sums (positions, outputs) of as many terms as there is room for."""
        length = len(w)
        assert length <= self.room
        self.load(x)
        columns = []
        for output in range(len(w[0])):
            self._clear()
            self.array.phase = "run"
            for k in range(length):
                self.apply(k, w[k][output])
            columns.append(self.drain())
        return [[column[i] for column in columns] for i in range(len(x))]

    def load(self, x: Matrix) -> None:
        """Word i of the row of input k holds that of position i."""
        if not self.p.zero_skip:
            self.array.phase = "clear"
            self.array.clear(self.zero)
        self.array.phase = "load"
        for k in range(len(x[0])):
            row, words = k * self.pitch, [position[k] for position in x]
            self.array.write(row, words)
            if self.triples:
                self.array.write(row + 1, words)
                self.array.read(row, 1)
                self.array.add(row + 1)

    def _clear(self) -> None:
        self.array.phase = "clear"
        for place in range(self.quartets):
            self.array.clear(self.zero + 1 + place)

    def apply(self, k: int, weight: int) -> None:
        """The operations of one weight, its quartets in turn."""
        for place, quartet in enumerate(split(abs(weight), self.p)):
            alphabet, shift = control(quartet)
            row, accumulator, subtract = k * self.pitch, self.zero + 1 + place, weight < 0
            if alphabet == 0 and not self.p.zero_skip:
                self._step(self.zero, 0, accumulator, False)
            elif alphabet == 1:
                self._step(row, shift, accumulator, subtract)
            elif alphabet == 3 and self.triples:
                self._step(row + 1, shift, accumulator, subtract)
            elif alphabet == 3:
                self._step(row, shift, accumulator, subtract)
                self._step(row, shift + 1, accumulator, subtract)
            else:
                assert alphabet == 0, "the array holds no row of another alphabet"

    def _step(self, row: int, shift: int, accumulator: int, subtract: bool) -> None:
        self.array.read(row, shift)
        self.array.add(accumulator, subtract=subtract)

    def drain(self) -> list[int]:
        """Outside the array, the quartets' words of each lane are put together."""
        self.array.phase = "drain"
        totals = [0] * len(self.array.starts)
        for place in range(self.quartets):
            self.array.read(self.zero + 1 + place, 0)
            totals = [total + (word << 4 * place) for total, word in zip(totals, self.array.words(), strict=True)]
        return totals


Kinds = Counter[tuple[str, str]]


def in_memory_run(x: Matrix, w: Matrix, p: AsmParameters) -> tuple[list[list[int]], Counter[str], Kinds]:
    """Results (positions, outputs), cycles by phase, and the operations of all banks by phase and kind.

    Positions fill the lanes of one bank after the other. Banks run side by side, so that only the first one's cycles
    count: it is never idle.
    """
    results, spent, kinds = [], Counter[str](), Kinds()
    lanes = p.columns // accumulator_bits(p)
    for number, start in enumerate(range(0, len(x), lanes)):
        memory, here = InMemory(p), x[start : start + lanes]
        sums = [[0] * len(w[0]) for _ in here]
        for first in range(0, len(w), memory.room):
            part = slice(first, first + memory.room)
            added = memory.dots([row[part] for row in here], w[part])
            sums = [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(sums, added, strict=True)]
        results += sums
        if number % p.banks == 0:
            spent += memory.array.cycles
            spent["groups"] += 1
        kinds += memory.array.kinds
        spent["bank groups"] += 1
    return results, spent, kinds


class Work(NamedTuple):
    """One cycle of stage S0: the next codes of a weight row, for one position."""

    position: int
    first: int
    k: int
    places: range
    last: bool


class NearMemory:
    """A weight memory, a pipeline behind it, and an accumulator per lane."""

    DEPTH = 4  # cycles from a row's first stage until its sums are handed on

    def __init__(self, x: Matrix, w: Matrix, p: AsmParameters, together: int) -> None:
        self.x, self.w, self.p, self.together = x, w, p, together
        self.results = [[0] * len(w[0]) for _ in x]
        self.sums = [0] * p.lanes
        self.cycles: Counter[str] = Counter()

    def run(self) -> None:
        length, lanes = len(self.w), self.p.lanes
        starts = range(0, len(self.w[0]), lanes)
        room = self.p.rows // length
        for first in range(0, len(starts), room):
            blocks = starts[first : first + room]
            self.cycles["load"] += sum(1 for _ in blocks for _ in range(length))
            self.cycles["passes"] += 1
            self._stream(blocks)

    def _stream(self, blocks: range) -> None:
        pipeline: list[Work | None] = [None] * self.DEPTH
        work = self._work(blocks)
        fetched = next(work, None)
        while fetched is not None or any(pipeline):
            self.cycles["run" if fetched is not None else "drain"] += 1
            self._finish(pipeline.pop())
            pipeline.insert(0, fetched)
            fetched = next(work, None)

    def _work(self, blocks: range) -> Iterator[Work]:
        places = range(len(quartet_bits(self.p)))
        for position, first, k in itertools.product(range(len(self.x)), blocks, range(len(self.w))):
            self.cycles["row reads"] += 1
            for place in places[:: self.together]:
                group = places[place : place + self.together]
                yield Work(position, first, k, group, k == len(self.w) - 1 and group[-1] == places[-1])

    def _finish(self, done: Work | None) -> None:
        if done is None:
            return
        row = self.w[done.k][done.first : done.first + self.p.lanes]
        for lane, weight in enumerate(row):
            magnitude = sum(split(abs(weight), self.p)[place] << 4 * place for place in done.places)
            part = -magnitude if weight < 0 else magnitude
            self.sums[lane] += product(part, self.x[done.position][done.k], self.p)
        if done.last:
            self.results[done.position][done.first : done.first + len(row)] = self.sums[: len(row)]
            self.sums = [0] * self.p.lanes
