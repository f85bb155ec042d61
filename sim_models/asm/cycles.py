"""Cycles of a matrix product, (positions, length) by (length, outputs), near memory and in memory."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, require_instance, require_integer
from sim_models.asm.control import require_supported
from sim_models.asm.parameters import AsmParameters
from sim_models.asm.program import code_cycles, require_in_memory, require_matrix

PIPELINE_DRAIN = 4
"""Of the ideal unit, after its last weight row is read: three cycles for the stages from decoding to accumulation,
and one in which the results are taken."""


@dataclass(frozen=True, kw_only=True)
class NearMemoryCycles:
    """Cycles of an ideal near-memory unit: a bound, which no hardware here is.

    Its host never stalls, and it hands over the sums of all lanes at once while the next block runs.
    `sim_models.asm.near_memory_cycles` has the cycles of bitline's unit, which drains and requantizes lane by lane: the
    same ``load`` and ``run``, and what it takes besides them.

    ``load``: row writes. ``run``: cycles in which a weight row is read. ``drain``: `PIPELINE_DRAIN` for each
    of ``passes``, fillings of the memory. ``row_reads``: weight rows read, and as many inputs fetched and multiples
    formed.
    """

    load: int
    run: int
    drain: int
    passes: int
    row_reads: int

    @property
    def total(self) -> int:
        """All cycles."""
        return self.load + self.run + self.drain


def near_memory_cycles(
    positions: int, length: int, outputs: int, parameters: AsmParameters, *, codes_per_cycle: int | None = None
) -> NearMemoryCycles:
    """Cycles of the ideal unit near memory; ``codes_per_cycle`` of each lane: None for all J codes of a weight at once.

    With B = ceil(outputs / lanes) blocks: ::

        load  = length * B                                      a row a cycle, row = a block's weights of one input
        run   = positions * length * B * ceil(J / codes_per_cycle)
        drain = passes * PIPELINE_DRAIN
        passes = ceil(B / floor(rows / length))                 as many whole blocks as fit are loaded at a time

    ``run`` has a cycle per weight row and group of codes, with none idle between blocks or positions; only the last
    block of a pass is waited for.

    Raises ValueError for sizes below 1, a ``length`` above ``reduction_length`` or ``rows``, ``codes_per_cycle``
    outside 1..J and another ``placement``.
    """
    p = parameters
    require_instance("parameters", p, AsmParameters)
    if p.placement != "near_memory":
        raise ValueError(f"placement must be 'near_memory', not {p.placement!r}")
    require_integer("positions", positions, 1)
    require_integer("length", length, 1, min(p.reduction_length, p.rows))
    require_integer("outputs", outputs, 1)
    together = p.codes if codes_per_cycle is None else codes_per_cycle
    require_integer("codes_per_cycle", together, 1, p.codes)
    blocks = -(-outputs // p.lanes)
    passes = -(-blocks // (p.rows // length))
    row_reads = positions * length * blocks
    return NearMemoryCycles(
        load=length * blocks,
        run=row_reads * -(-p.codes // together),
        drain=passes * PIPELINE_DRAIN,
        passes=passes,
        row_reads=row_reads,
    )


@dataclass(frozen=True, kw_only=True)
class InMemoryCycles:
    """Cycles in memory, one micro-operation each; all banks do the same ones at once.

    ``load``: rows of inputs written, and 3X formed. ``clear``: of accumulator rows, and of the row of zeros if there
    are no skips. ``run``: READ, ADD and SUB of the codes. ``drain``: READ of accumulator rows. ``groups``: loads of
    ``banks * lanes_in_row`` positions; ``passes``: parts of the reduction, each loaded by itself. ``bank_groups``:
    loads of one bank, ceil(positions / lanes_in_row), as the banks of the last group need not all work.
    """

    load: int
    clear: int
    run: int
    drain: int
    groups: int
    passes: int
    bank_groups: int

    @property
    def total(self) -> int:
        """All cycles."""
        return self.load + self.clear + self.run + self.drain


def in_memory_cycles(weights: ArrayLike, positions: int, parameters: AsmParameters) -> InMemoryCycles:
    """Cycles in memory for supported signed ``weights`` (length, outputs) and ``positions``. ::

        groups = ceil(positions / (banks * lanes_in_row))       passes = ceil(length / inputs_per_pass)
        load   = groups * length * (4 with 3X kept, else 1)
        clear  = groups * passes * (outputs * J + (0 with zero_skip, else 1))
        run    = groups * sum over weights and quartets of: 0 for zero with zero_skip, else 2;
                                                            4 for alphabet 3 without 3X kept, else 2
        drain  = groups * passes * outputs * J

    One output is in flight; see `sim_models.asm.program` for the order and the rows. Raises ValueError for weights
    that are no matrix, empty, out of range or unsupported, longer than ``reduction_length``, ``positions`` below 1 and
    another ``placement``.
    """
    p = parameters
    require_in_memory(p)
    magnitudes = _magnitudes(weights, p)
    require_integer("positions", positions, 1)
    length, outputs = magnitudes.shape
    groups = -(-positions // (p.banks * p.lanes_in_row))
    passes = -(-length // p.inputs_per_pass)
    rows = groups * passes * outputs * p.quartets
    return InMemoryCycles(
        load=groups * length * (4 if p.keeps_triple else 1),
        clear=rows + (0 if p.zero_skip else groups * passes),
        run=groups * int(code_cycles(magnitudes, p).sum()),
        drain=rows,
        groups=groups,
        passes=passes,
        bank_groups=-(-positions // p.lanes_in_row),
    )


def _magnitudes(weights: ArrayLike, p: AsmParameters) -> IntArray:
    matrix = require_matrix("weights", weights)
    if len(matrix) > p.reduction_length:
        raise ValueError(f"weights must have at most reduction_length = {p.reduction_length} rows, not {len(matrix)}")
    if (largest := max(int(matrix.max()), -int(matrix.min()))) > p.maximum_weight:
        raise ValueError(f"weights must be magnitudes of at most {p.maximum_weight}, not {largest}")
    require_supported("weights", np.abs(matrix), p.alphabets, p.magnitude_bits)
    return np.abs(matrix)
