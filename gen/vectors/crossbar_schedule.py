"""When controllers of strategies B and C must do what, from the age of each vector in array cycles."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.vectors.crossbar_outputs import BOTH, DRIVEN, OF_B, OF_C, Controlled, compared, goes_with
from hdl.crossbar import NeuralPimParameters
from sim_models.crossbar import latency, readout_cycles

SEED = 2201
CLOCKS = 4000

Integers = NDArray[np.int64]
Stimuli = dict[str, Integers]
_NO_CODE = {"code_valid": 0, "code_first": 0, "code_column": 0}
_COUNTED_MOST = (1 << 16) - 1


def stimuli(parameters: Controlled, clocks: int, seed: int, *, waits: float = 0.0) -> Stimuli:
    """Inputs by clock cycle: starts at random, results that are not taken with probability ``waits``."""
    random = np.random.default_rng(seed)
    rare = 1 / (parameters.cycles * parameters.slots_per_cycle)
    dense = np.repeat(random.random(64) < 1 / 2, random.integers(1, 2 * clocks // 64 + 2, 64))
    words = {
        "start": np.where(np.resize(dense, clocks), 1, random.random(clocks) < rare),
        "taken": random.random(clocks) >= waits,
    }
    if isinstance(parameters, NeuralPimParameters):
        words |= {name: random.random(clocks) < 1 / 2 for name in ("first_block", "last_block")}
    return {name: word.astype(np.int64) for name, word in words.items()}


def always(parameters: Controlled, clocks: int) -> Stimuli:
    """Inputs by clock cycle: vectors are always there, each a result of its own, which is taken at once."""
    blocks = ("first_block", "last_block") if isinstance(parameters, NeuralPimParameters) else ()
    return {name: np.ones(clocks, np.int64) for name in ("start", "taken", *blocks)}


def expected(parameters: Controlled, given: Stimuli) -> dict[str, Integers]:
    """Outputs by clock cycle, by the ages of vectors; 0 where the strobe that they go with is."""
    schedule = _Schedule(parameters)
    clocks = len(given["start"])
    rows = [schedule.clock({name: int(words[clock]) for name, words in given.items()}) for clock in range(clocks)]
    after = [*rows[1:], schedule.clock(dict.fromkeys(given, 0))]
    for row, following in zip(rows, after, strict=True):
        row["adc_next"] = following["adc_start"]
    names = compared(parameters)
    return {name: np.array([row[name] for row in rows]) for name in names}


@dataclass(eq=False)
class _Vector:
    """Its number, array cycles since it was read, the first one being 1, and conversions that were started.

    ``converts``: its age in the first array cycle of conversions.
    """

    number: int
    converts: int
    age: int = 1
    scanned: int = 0
    first_block: int = 1
    last_block: int = 1


class _Schedule:
    """All vectors under way: read, in array cycles 2 to T + 1 driven, one later added or written, then converted.

    A vector is converted when it is whole and the bank of the vector before is clear. It is one array cycle old until
    its own bank, that of the vector before the last, will be clear when it is three array cycles old and written.
    """

    def __init__(self, parameters: Controlled) -> None:
        self._p = p = parameters
        self._of_c = isinstance(p, NeuralPimParameters)
        self._whole = p.cycles + 3  # age of the first array cycle in which it can be converted
        self._readout = readout_cycles(p)
        self._after = latency(p) - self._whole  # array cycles from that one to the last one
        self._clear = 0 if self._of_c else p.clear_cycles
        self._stalled = self._ignored = 0
        self._settling = 0 if self._of_c else (1 + p.clear_cycles) * p.slots_per_cycle
        self._vectors: list[_Vector] = []
        self._slot = self._count = 0
        self._codes = [_NO_CODE] * p.converter_delay  # of the conversions before, the oldest first

    def clock(self, given: dict[str, int]) -> dict[str, int]:
        """What must be seen in a clock cycle with the inputs ``given``."""
        row = self._settle() if self._settling else self._run(given)
        row["start_ignored"] = self._ignored
        self._ignored = min(_COUNTED_MOST, self._ignored + (given["start"] & row["busy"]))
        return row

    def _run(self, given: dict[str, int]) -> dict[str, int]:
        row = self._busy()
        if given["start"] and not row["busy"]:
            self._vectors.append(_Vector(self._count, self._whole))
            self._count += 1
        last = self._slot == self._p.slots_per_cycle - 1
        written = [each for each in self._vectors if each.age == self._end(each) and each.last_block and last]
        row["write" if self._of_c else "offer"] = len(written)
        row["done"] = int(bool(written) and given["taken"])
        ended = bool(self._vectors) and last and len(written) == row["done"]
        row |= self._driven(given, ended) | self._converted_now(ended)
        row |= self._added() if self._of_c else self._buffered()
        self._advance(ended, last)
        return row

    def _settle(self) -> dict[str, int]:
        self._settling -= 1
        cleared = self._settling < self._p.clear_cycles * self._p.slots_per_cycle
        return dict.fromkeys((*BOTH, *OF_B), 0) | {"busy": 1, "clear": 3 * cleared}

    def _busy(self) -> dict[str, int]:
        p = self._p
        until = p.cycles if self._of_c or p.double_buffer else self._whole + self._readout + self._clear - 2
        return {"busy": int(self._slot > 0 or any(each.age <= until for each in self._vectors))}

    def _end(self, vector: _Vector) -> int:
        """Its age in its last array cycle."""
        return vector.converts + self._after

    def _cleared(self, vector: _Vector) -> int:
        """Its age in the first array cycle in which its bank can hold another one."""
        return vector.converts + self._readout + self._clear

    def _aged(self, low: int, high: int) -> list[_Vector]:
        return [each for each in self._vectors if low <= each.age <= high]

    def _converting(self, low: int, high: int) -> list[_Vector]:
        """Vectors that old if their first array cycle of conversions is the first one."""
        return [each for each in self._vectors if low <= each.age - each.converts + 1 <= high]

    def _stalls(self) -> bool:
        """Whether the vector that is read is not driven in the next array cycle."""
        own = [each.number - 2 for each in self._aged(1, 1)] if self._clear else []
        return any(each.number in own and each.age + 2 < self._cleared(each) for each in self._vectors)

    def _driven(self, given: dict[str, int], ended: bool) -> dict[str, int]:
        driven = len(self._aged(2, self._p.cycles + 1))
        loaded = self._aged(1, 1) if ended and not self._stalls() else []
        for each in loaded:
            if self._of_c:
                each.first_block, each.last_block = given["first_block"], given["last_block"]
        return {"load": len(loaded), "drive": driven, "step": driven * ended, "bl_strobe": driven * ended}

    def _added(self) -> dict[str, int]:
        """Both phases of an accumulation."""
        row = dict.fromkeys(OF_C[:-1], 0)
        for each in self._aged(3, self._p.cycles + 2):
            row["fb_strobe"] = int(self._slot == self._p.slots_per_cycle // 2)
            if self._slot == 0:
                top = each.age == self._p.cycles + 2
                row |= {"accum": 1, "first": int(each.age == 3), "negate": int(top and self._p.signed_inputs)}
                row["bank"] = each.number % 2
        return row

    def _buffered(self) -> dict[str, int]:
        """Cells that are written, and cleared."""
        row = {"write": 0, "bank": 0, "offset": 0, "swap": 0, "clear": 0, "stall_count": self._stalled}
        row |= dict.fromkeys(DRIVEN, 0)
        for each in self._aged(2, self._p.cycles + 1):
            top = each.age == self._p.cycles + 1
            row |= {"index": each.age - 2, "negative": int(top and self._p.signed_inputs)}
            row["driven_bank"] = self._bank(each)
        for each in self._aged(3, self._p.cycles + 2):
            top = each.age == self._p.cycles + 2
            row |= {"write": 1, "offset": each.age - 3, "swap": int(top and self._p.signed_inputs)}
            row["bank"] = self._bank(each)
        for each in self._converting(self._readout + 1, self._readout + self._clear):
            row["clear"] = 1 << self._bank(each)
        return row

    def _bank(self, vector: _Vector) -> int:
        return vector.number % 2 if self._p.double_buffer else 0

    def _converted_now(self, ended: bool) -> dict[str, int]:
        p = self._p
        columns = 1 if self._of_c else len(p.places)  # type: ignore[union-attr]  # of B only
        row = {"adc_start": 0, "group": 0, "read_bank": 0, "column": 0, **self._codes.pop(0)}
        coming = _NO_CODE
        for each in self._converting(1, self._readout):
            if each.scanned < columns * p.groups:
                group, column = divmod(each.scanned, columns)
                row |= {"adc_start": 1, "group": group, "column": column, "read_bank": self._bank(each)}
                first = each.first_block if self._of_c else int(column == 0)
                coming = {"code_valid": 1, "code_first": first, "code_column": column}
                each.scanned += 1
        self._codes.append(coming)
        early = self._of_c and p.converts_always  # type: ignore[union-attr]  # of C only
        held = [each for each in self._converting(self._readout + 1, self._readout + 1) if each.last_block]
        row["hold_results"] = len(held) * int(self._slot == p.converter_delay if early else ended)
        return row

    def _advance(self, ended: bool, last: bool) -> None:
        if ended:
            self._grow()
        over = [max(self._end(each) if each.last_block else 0, self._cleared(each) - 1) for each in self._vectors]
        self._vectors = [each for each, end in zip(self._vectors, over, strict=True) if each.age <= end]
        self._slot = 0 if ended or not self._vectors else self._slot + (not last)

    def _grow(self) -> None:
        """All vectors are an array cycle older, but one that stalls."""
        young = self._aged(1, 1) if self._stalls() else []
        self._stalled = min(_COUNTED_MOST, self._stalled + len(young))
        for each in self._vectors:
            each.age += each not in young
        for before, each in pairwise(self._vectors):
            if each.age == 2:
                each.converts = max(self._whole, self._cleared(before) - before.age + each.age)


def controller_vectors(parameters: Controlled) -> dict[str, Any]:
    """Inputs of every clock cycle, and the outputs that must be seen; None where an output means nothing."""
    given = stimuli(parameters, max(CLOCKS, 3 * parameters.latency_clocks), SEED, waits=0.5)
    seen = expected(parameters, given)
    strobe = {name: seen[strobe] for name, strobe in goes_with(parameters).items() if name in seen}
    return {
        "inputs": {name: words.tolist() for name, words in given.items()},
        "outputs": {
            name: [
                int(word) if name not in strobe or on else None
                for word, on in zip(words, strobe.get(name, words), strict=True)
            ]
            for name, words in seen.items()
        },
    }
