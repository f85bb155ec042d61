"""Micro-operations of the in-memory design: one a cycle, on rows of words side by side.

Rows of an array, in order: X of input k of a pass, in row k; 3X of input k, if it is kept; an accumulator per quartet,
for the one output in flight; a row of zeros. A pass is a load, and then for each output clear, accumulation and drain.
Everything is modulo 2^accumulator_width in each word. Outside the array, the J drained rows of an output become the
sum over j of ``row_j << 4j``, signed, and the sums of passes are added. (None of it is published; it is bitline's.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, integers, require_instance, require_integer
from sim_models.asm.coding import decode
from sim_models.asm.control import ALPHABET, SHIFT
from sim_models.asm.parameters import QUARTET_BITS, AsmParameters

OPERATIONS = ("READ", "ADD", "SUB", "CLEAR", "WRITE")


@dataclass(frozen=True)
class MicroOperation:
    """One cycle: ``READ`` latches ``row`` shifted left by ``shift`` in each word, zeros coming in; ``ADD`` and ``SUB``
    replace ``row`` by itself plus or minus the latch; ``CLEAR`` writes zeros to ``row``, ``WRITE`` the input X that
    belongs to ``row``, one position a word. ``shift`` is 0..3, and 0 for all but ``READ``.
    """

    operation: str
    row: int
    shift: int = 0


def triple_row(k: int, p: AsmParameters) -> int:
    """Row of 3X of input ``k`` of a pass, if ``keeps_triple``."""
    return p.inputs_per_pass + k


def accumulator_row(place: int, p: AsmParameters) -> int:
    """Row that sums the products of quartet ``place``."""
    return p.inputs_per_pass * p.rows_per_input + place


def zero_row(p: AsmParameters) -> int:
    """The row of zeros, which a zero code reads without ``zero_skip``."""
    return accumulator_row(p.quartets, p)


def load_operations(inputs: int, parameters: AsmParameters) -> tuple[MicroOperation, ...]:
    """Load of ``inputs`` inputs, 1..inputs_per_pass: WRITE X, and with 3X kept WRITE 3X; READ X, 1; ADD 3X.

    4 cycles an input with 3X, else 1. Without ``zero_skip`` a CLEAR of the row of zeros comes first. Raises ValueError
    for another number of inputs and another ``placement``.
    """
    p = parameters
    require_in_memory(p)
    require_integer("inputs", inputs, 1, p.inputs_per_pass)
    operations = [] if p.zero_skip else [MicroOperation("CLEAR", zero_row(p))]
    for k in range(inputs):
        operations.append(MicroOperation("WRITE", k))
        if p.keeps_triple:
            operations.append(MicroOperation("WRITE", triple_row(k, p)))
            operations.append(MicroOperation("READ", k, 1))
            operations.append(MicroOperation("ADD", triple_row(k, p)))
    return tuple(operations)


def clear_operations(parameters: AsmParameters) -> tuple[MicroOperation, ...]:
    """Before an output: CLEAR of each accumulator row, quartet 0 first; J cycles."""
    require_in_memory(parameters)
    rows = (accumulator_row(place, parameters) for place in range(parameters.quartets))
    return tuple(MicroOperation("CLEAR", row) for row in rows)


def micro_operations(codes: ArrayLike, parameters: AsmParameters) -> tuple[MicroOperation, ...]:
    """Accumulation of one output in a pass: of stored words ``codes`` (K,), input by input, quartet 0 first.

    Alphabet 1, and alphabet 3 with 3X kept: READ X or 3X, shift; ADD, or SUB for a negative weight; 2 cycles. Alphabet
    3 without: READ X, shift; ADD or SUB; READ X, shift + 1; ADD or SUB; 4 cycles. Zero: nothing with ``zero_skip``,
    else READ of the row of zeros and ADD, 2 cycles. Raises ValueError for words as `decode` does, for no words or more
    than ``inputs_per_pass``, and for another ``placement``.
    """
    p = parameters
    require_in_memory(p)
    weights = decode(codes, p)
    if weights.ndim != 1 or not 1 <= len(weights) <= p.inputs_per_pass:
        raise ValueError(f"codes must be 1 to {p.inputs_per_pass} words in a row, not of shape {weights.shape}")
    operations: list[MicroOperation] = []
    for k, weight in enumerate(weights.tolist()):
        add = "SUB" if weight < 0 else "ADD"
        for place in range(p.quartets):
            quartet = abs(weight) >> QUARTET_BITS * place & 15
            for row, shift in _reads(quartet, k, p):
                operations.append(MicroOperation("READ", row, shift))
                operations.append(MicroOperation(add if quartet else "ADD", accumulator_row(place, p)))
    return tuple(operations)


def drain_operations(parameters: AsmParameters) -> tuple[MicroOperation, ...]:
    """After an output: READ of each accumulator row, unshifted, quartet 0 first; J cycles."""
    require_in_memory(parameters)
    rows = (accumulator_row(place, parameters) for place in range(parameters.quartets))
    return tuple(MicroOperation("READ", row) for row in rows)


def code_cycles(magnitudes: IntArray, parameters: AsmParameters) -> IntArray:
    """Cycles of `micro_operations` for each supported magnitude, all its quartets: int64 of the same shape."""
    table = np.array([2 * len(_reads(quartet, 0, parameters)) for quartet in range(16)], np.int64)
    total = np.zeros_like(magnitudes)
    for place in range(parameters.quartets):
        total += table[magnitudes >> QUARTET_BITS * place & 15]
    return total


def require_in_memory(parameters: AsmParameters) -> None:
    """Raise ValueError unless ``parameters`` are those of an in-memory design."""
    require_instance("parameters", parameters, AsmParameters)
    if parameters.placement != "in_memory":
        raise ValueError(f"placement must be 'in_memory', not {parameters.placement!r}")


def require_matrix(name: str, values: ArrayLike) -> IntArray:
    """``values`` as int64; ValueError unless they are a matrix of integers with no dimension of zero."""
    matrix = integers(name, values)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(f"{name} must be a matrix with no dimension of zero, not of shape {matrix.shape}")
    return matrix


def _reads(quartet: int, k: int, p: AsmParameters) -> list[tuple[int, int]]:
    """Rows and shifts to read for one quartet, each followed by an addition."""
    alphabet, shift = ALPHABET[quartet], SHIFT[quartet]
    if alphabet == 0:
        return [] if p.zero_skip else [(zero_row(p), 0)]
    if alphabet == 1:
        return [(k, shift)]
    if p.keeps_triple:
        return [(triple_row(k, p), shift)]
    return [(k, shift), (k, shift + 1)]
