"""Cycles that the in-memory unit takes for a product, beside those of its arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim_models.asm.coding import decode
from sim_models.asm.cycles import InMemoryCycles, in_memory_cycles
from sim_models.asm.in_memory import InMemoryParameters, require_fit, weight_transfers
from sim_models.asm.program import require_matrix

CONTROL = 2
"""Cycles from the last micro-operation to its result: the latch is merged; the result is taken."""


@dataclass(frozen=True, kw_only=True)
class InMemoryUnitCycles:
    """Cycles of a product, from taking its descriptor to its last result, while no stream waits for its other side.

    ``array``: one for each micro-operation. ``empty``: transfers of weights that are all zero, with ``zero_skip``: no
    micro-operation comes of them, but to see that takes a cycle. ``control``: the rest, `CONTROL` cycles.
    """

    array: InMemoryCycles
    empty: int
    control: int

    @property
    def total(self) -> int:
        """What ``cycle_count`` shows at the end."""
        return self.array.total + self.empty + self.control


def unit_cycles(weights: ArrayLike, positions: int, parameters: InMemoryParameters) -> InMemoryUnitCycles:
    """Cycles of supported signed ``weights`` (length, outputs) and ``positions``. ::

        total = in_memory_cycles(..).total + groups * (transfers of zeros only) + CONTROL

    Raises ValueError as `in_memory_cycles` does, and, with the sizes, for a product that does not fit.
    """
    p = parameters
    array = in_memory_cycles(weights, positions, p)
    length, outputs = require_matrix("weights", weights).shape
    require_fit(positions, length, outputs, p)
    empty = 0
    if p.zero_skip:
        empty = array.groups * int(np.count_nonzero(~decode(weight_transfers(weights, p), p).any(axis=1)))
    return InMemoryUnitCycles(array=array, empty=empty, control=CONTROL)


def operation_counts(weights: ArrayLike, positions: int, parameters: InMemoryParameters) -> tuple[int, int]:
    """READs, and the micro-operations that write a row (ADD, SUB, CLEAR, WRITE), of a product. Raises as above."""
    p = parameters
    found = in_memory_cycles(weights, positions, p)
    reads = found.drain + found.run // 2 + (found.load // 4 if p.keeps_triple else 0)
    return reads, found.total - reads
