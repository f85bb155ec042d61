"""Cycle formulas by hand, and micro-operations carried out on integers."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from sim_models.asm import (
    AsmParameters,
    MicroOperation,
    clear_operations,
    drain_operations,
    encode,
    load_operations,
    matmul,
    micro_operations,
    supported_values,
)
from sim_models.asm.cycles import PIPELINE_DRAIN, in_memory_cycles, near_memory_cycles
from sim_models.asm.program import accumulator_row, triple_row, zero_row
from tests.sim_models.daism_refused import assert_refused

MEMORY = AsmParameters(placement="in_memory", reduction_length=64, rows=40, columns=69)  # 3 lanes of 23 bits, 18 inputs


def test_near_memory_by_hand() -> None:
    found = near_memory_cycles(10, 20, 9, AsmParameters(lanes=4))
    assert (found.load, found.run, found.drain, found.passes, found.row_reads) == (60, 600, PIPELINE_DRAIN, 1, 600)
    assert found.total == 660 + PIPELINE_DRAIN
    assert near_memory_cycles(1, 1, 1, AsmParameters()).total == 1 + 1 + PIPELINE_DRAIN


def test_near_memory_with_fewer_codes_a_cycle() -> None:
    p = AsmParameters(weight_bits=12)
    runs = [near_memory_cycles(2, 5, 4, p, codes_per_cycle=number).run for number in (1, 2, 3)]
    assert runs == [30, 20, 10]
    assert near_memory_cycles(2, 5, 4, p, codes_per_cycle=1).row_reads == 10


def test_near_memory_loads_whole_blocks() -> None:
    found = near_memory_cycles(3, 100, 20, AsmParameters(lanes=4))  # 5 blocks of 100 rows, 2 at a time
    assert (found.load, found.run, found.passes, found.drain) == (500, 1500, 3, 3 * PIPELINE_DRAIN)


def test_in_memory_by_hand() -> None:
    """5 positions in 3 lanes; quartets by cycles: 0, 1 << 1, 3 << 1 | 0, and 3, 8 with a sign."""
    weights = np.array([[0, 2], [0x60, -0x38]])
    quartets = 4  # that are not zero, of 8
    found = in_memory_cycles(weights, 5, MEMORY)
    assert (found.groups, found.passes, found.bank_groups) == (2, 1, 2)
    assert (found.load, found.run) == (2 * 2 * 4, 2 * 2 * quartets)
    assert (found.clear, found.drain, found.total) == (2 * 4, 2 * 4, 16 + 16 + 8 + 8)
    single = in_memory_cycles(weights, 5, replace(MEMORY, store_triple=False))
    assert (single.load, single.run) == (2 * 2, 2 * 2 * (quartets + 2))
    every = in_memory_cycles(weights, 5, replace(MEMORY, zero_skip=False))
    assert (every.run, every.clear) == (2 * 2 * 8, 2 * 5)
    banks = in_memory_cycles(weights, 5, replace(MEMORY, banks=2))
    assert (banks.groups, banks.bank_groups) == (1, 2)


def test_in_memory_average_cycles_of_a_code() -> None:
    """2 (1 - p0) + 2 p3 of independent codes, 2 + 2 p3 without skips."""
    p = replace(MEMORY, weight_bits=4, store_triple=False)
    weights = np.array([[0, 1, 2, 3, 4, 6, 8, 12]])
    assert in_memory_cycles(weights, 1, p).run / 8 == 2 * (1 - 1 / 8) + 2 * 3 / 8
    assert in_memory_cycles(weights, 1, replace(p, zero_skip=False)).run / 8 == 2 + 2 * 3 / 8


def test_micro_operations_of_codes() -> None:
    p = replace(MEMORY, weight_bits=4, store_triple=False, zero_skip=False)
    read_x, add, sub = (
        MicroOperation("READ", 0, 1),
        *(MicroOperation(name, accumulator_row(0, p)) for name in ("ADD", "SUB")),
    )
    assert micro_operations(encode([-6], p), p) == (read_x, sub, MicroOperation("READ", 0, 2), sub)
    assert micro_operations(encode([2], p), p) == (read_x, add)
    assert micro_operations(encode([0], p), p) == (MicroOperation("READ", zero_row(p)), add)
    triple = replace(p, store_triple=True)
    sub = MicroOperation("SUB", accumulator_row(0, triple))
    assert micro_operations(encode([-6], triple), triple) == (MicroOperation("READ", triple_row(0, triple), 1), sub)
    assert micro_operations(encode([0], MEMORY), MEMORY) == ()


def test_rows() -> None:
    assert (MEMORY.inputs_per_pass, triple_row(0, MEMORY), triple_row(17, MEMORY)) == (18, 18, 35)
    assert (accumulator_row(0, MEMORY), accumulator_row(1, MEMORY), zero_row(MEMORY)) == (36, 37, 38)
    full = replace(MEMORY, rows=41)
    assert (full.inputs_per_pass, zero_row(full)) == (19, 40)
    assert zero_row(replace(MEMORY, alphabets=(1,))) == 39


def run(operations: Sequence[MicroOperation], rows: list[int], latch: int, x: Sequence[int], p: AsmParameters) -> int:
    """Carry out operations on one lane; the latch they leave."""
    for it in operations:
        if it.operation == "READ":
            latch = rows[it.row] << it.shift
        elif it.operation in ("ADD", "SUB"):
            rows[it.row] += latch if it.operation == "ADD" else -latch
        else:
            rows[it.row] = 0 if it.operation == "CLEAR" else x[it.row % p.inputs_per_pass]
        rows[:] = [word % (1 << p.accumulator_width) for word in rows]
        latch %= 1 << p.accumulator_width
    return latch


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("triple", [False, True])
@pytest.mark.parametrize(("alphabets", "width", "inside"), [((1,), 8, False), ((1, 3), 4, True), ((1, 3), 12, False)])
def test_programs_give_the_sums_in_as_many_cycles(
    alphabets: tuple[int, ...], width: int, inside: bool, triple: bool, skip: bool
) -> None:
    p = replace(MEMORY, alphabets=alphabets, weight_bits=width, sign_inside=inside, store_triple=triple, zero_skip=skip)
    source = np.random.default_rng(width)
    w = source.choice(supported_values(p), (44, 3)) * source.choice([-1, 1], (44, 3))
    x = source.integers(0, 256, 44)
    half, sums, cycles = 1 << p.accumulator_width - 1, [0, 0, 0], 0
    rows = source.integers(0, 256, p.rows).tolist()
    for first in range(0, len(w), p.inputs_per_pass):
        part = slice(first, first + p.inputs_per_pass)
        program = load_operations(len(x[part]), p)
        cycles, latch = cycles + len(program), run(program, rows, 0, x[part].tolist(), p)
        for output in range(3):
            program = clear_operations(p) + micro_operations(encode(w[part, output], p), p)
            cycles, latch = cycles + len(program), run(program, rows, latch, [], p)
            for place, operation in enumerate(drain_operations(p)):
                cycles, latch = cycles + 1, run([operation], rows, latch, [], p)
                sums[output] += ((latch + half) % (2 * half) - half) << 4 * place
    assert sums == matmul(x, w, p).tolist()
    assert cycles == in_memory_cycles(w, 1, p).total


def test_refusals() -> None:
    near, w = AsmParameters(rows=16), np.ones((3, 2), int)
    assert_refused(lambda: near_memory_cycles(0, 1, 1, near), "positions", "at least 1")
    assert_refused(lambda: near_memory_cycles(1, 17, 1, near), "length", "between 1 and 16", "17")
    assert_refused(lambda: near_memory_cycles(1, 5, 1, replace(near, reduction_length=4)), "length", "1 and 4", "5")
    assert_refused(lambda: near_memory_cycles(1, 1, 0, near), "outputs", "at least 1")
    assert_refused(lambda: near_memory_cycles(1, 1, 1, near, codes_per_cycle=3), "codes_per_cycle", "1 and 2", "3")
    assert_refused(lambda: near_memory_cycles(1, 1, 1, MEMORY), "placement", "near_memory")
    assert_refused(lambda: in_memory_cycles(w, 1, near), "placement", "in_memory")
    assert_refused(lambda: in_memory_cycles(w, 0, MEMORY), "positions", "at least 1")
    assert_refused(lambda: in_memory_cycles(w[0], 1, MEMORY), "weights", "matrix", "(2,)")
    assert_refused(lambda: in_memory_cycles(w[:0], 1, MEMORY), "weights", "(0, 2)")
    assert_refused(lambda: in_memory_cycles(5 * w, 1, MEMORY), "weights", "(1, 3)", "5")
    assert_refused(lambda: in_memory_cycles(256 * w, 1, MEMORY), "weights", "255", "256")
    assert_refused(lambda: in_memory_cycles(np.ones((65, 1), int), 1, MEMORY), "reduction_length = 64", "65")
    assert_refused(lambda: micro_operations([], MEMORY), "codes", "1 to 18", "(0,)")
    assert_refused(lambda: micro_operations([1] * 19, MEMORY), "codes", "1 to 18", "(19,)")
    assert_refused(lambda: micro_operations([[1]], MEMORY), "codes", "(1, 1)")
    assert_refused(lambda: micro_operations([5], MEMORY), "codes", "(1, 3)", "5")
    assert_refused(lambda: micro_operations([1], near), "placement", "in_memory")
    assert_refused(lambda: load_operations(19, MEMORY), "inputs", "between 1 and 18", "19")
    assert_refused(lambda: load_operations(1, near), "placement", "in_memory")
    assert_refused(lambda: clear_operations(near), "placement", "in_memory")
    assert_refused(lambda: drain_operations(near), "placement", "in_memory")
