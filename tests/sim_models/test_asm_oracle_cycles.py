"""Cycle formulas and micro-operations against memories stepped through on bits, which must also give the results."""

import dataclasses
import itertools
import random
from collections.abc import Sequence

import numpy as np
import pytest

from sim_models.asm import AsmParameters, matmul
from sim_models.asm.coding import encode
from sim_models.asm.cycles import in_memory_cycles, near_memory_cycles
from sim_models.asm.program import (
    MicroOperation,
    accumulator_row,
    clear_operations,
    drain_operations,
    load_operations,
    micro_operations,
    triple_row,
    zero_row,
)
from tests.sim_models import asm_oracle as oracle
from tests.sim_models.asm_memory_oracle import Bitlines, InMemory, NearMemory, in_memory_run
from tests.sim_models.test_asm_oracle_product import BOTH_CODED, PLAIN_INPUTS, golden_vectors, random_matrices

SWITCHES = [*itertools.product([(1,), (1, 3)], [False, True], [False, True])]  # alphabets, store_triple, zero_skip
SMALL = AsmParameters(
    weight_bits=4, input_bits=4, reduction_length=64, placement="in_memory", rows=200, columns=40, encode_weights=True
)


def in_memory(alphabets: tuple[int, ...], triple: bool, skip: bool, **fields: object) -> AsmParameters:
    return dataclasses.replace(SMALL, alphabets=alphabets, store_triple=triple, zero_skip=skip, **fields)


def assert_in_memory(x: Sequence[Sequence[int]], w: Sequence[Sequence[int]], p: AsmParameters) -> None:
    """Results and all counts of the model are those of the array."""
    results, spent, _ = in_memory_run(x, w, p)
    assert matmul(x, w, p).tolist() == results == oracle.matmul(x, w, [p] * len(w[0]))
    found = in_memory_cycles(w, len(x), p)
    phases = {phase: spent[phase] for phase in ("load", "clear", "run", "drain")}
    assert {phase: getattr(found, phase) for phase in phases} == phases
    assert found.total == sum(phases.values())
    assert (found.groups, found.bank_groups) == (spent["groups"], spent["bank groups"])


# Bits of the array


@pytest.mark.parametrize("subtract", [False, True])
@pytest.mark.parametrize("shift", range(4))
def test_words_do_not_touch_each_other(shift: int, subtract: bool) -> None:
    """Three words of four bits and two columns left over: every word beside every other."""
    array = Bitlines(2, 14, 4)
    for stored, latched in itertools.product(range(16), range(16)):
        array.write(0, [latched, 15 - latched, latched])
        array.write(1, [stored, stored, 15 - stored])
        array.read(0, shift)
        array.add(1, subtract=subtract)
        array.read(1, 0)
        sign = -1 if subtract else 1
        pairs = ((stored, latched), (stored, 15 - latched), (15 - stored, latched))
        assert [word % 16 for word in array.words()] == [(a + sign * (b << shift)) % 16 for a, b in pairs]
        assert array.latch[12:] == [0, 0]


# In memory


@pytest.mark.parametrize(("alphabets", "triple", "skip"), SWITCHES[4:])
def test_golden_vectors_in_memory(alphabets: tuple[int, ...], triple: bool, skip: bool) -> None:
    w, coded, plain = golden_vectors()
    p = in_memory(alphabets, triple, skip)
    results, _, _ = in_memory_run([coded, plain], w, p)
    assert results == [BOTH_CODED, PLAIN_INPUTS]
    assert_in_memory([coded, plain], w, p)


@pytest.mark.parametrize(("alphabets", "triple", "skip"), SWITCHES)
@pytest.mark.parametrize(("bits", "inside"), [(4, False), (4, True), (8, False), (8, True), (12, False)])
def test_in_memory_steps(alphabets: tuple[int, ...], triple: bool, skip: bool, bits: int, inside: bool) -> None:
    p = in_memory(alphabets, triple, skip, weight_bits=bits, sign_inside=inside, reduction_length=9, columns=50)
    x, w = random_matrices([p] * 3, 4, 9, bits)
    assert_in_memory(x, w, p)


@pytest.mark.parametrize(("positions", "banks"), [(1, 1), (2, 1), (3, 1), (5, 2), (8, 2), (9, 2), (5, 4), (20, 3)])
def test_positions_fill_lanes_and_banks(positions: int, banks: int) -> None:
    p = dataclasses.replace(SMALL, banks=banks, reduction_length=4, columns=25)
    assert p.lanes_in_row == 2
    x, w = random_matrices([p] * 2, positions, 4, positions)
    assert_in_memory(x, w, p)


@pytest.mark.parametrize(("alphabets", "triple", "skip"), SWITCHES)
@pytest.mark.parametrize("rows", [4, 5, 6, 7, 9, 12])
def test_long_reductions_take_passes(alphabets: tuple[int, ...], triple: bool, skip: bool, rows: int) -> None:
    p = in_memory(alphabets, triple, skip, rows=rows, reduction_length=11, columns=30)
    x, w = random_matrices([p] * 2, 3, 11, rows)
    assert_in_memory(x, w, p)
    room = InMemory(p).room
    assert (p.inputs_per_pass, in_memory_cycles(w, 3, p).passes) == (room, -(-11 // room))


def test_in_memory_at_the_extremes() -> None:
    """Accumulators at their largest of both signs, also those of single quartets."""
    for bits, skip in itertools.product((4, 8), (False, True)):
        p = in_memory((1, 3), True, skip, weight_bits=bits, reduction_length=16)
        largest = oracle.supported_values(p)[-1]
        assert_in_memory([[15] * 16, [0] * 16], [[largest, -largest]] * 16, p)


def test_average_cycles_of_a_code() -> None:
    """2 (1 - p0) + 2 p3 a code, p0 the share of zeros and p3 that of alphabet 3."""
    chosen = random.Random(5)
    for skip, triple in itertools.product((False, True), (False, True)):
        p = in_memory((1, 3), triple, skip)
        w = [[chosen.choice((0, 0, 1, -2, 3, -6, 12, 8)) for _ in range(10)] for _ in range(30)]
        codes = [abs(value) for row in w for value in row]
        zeros, threes = codes.count(0), sum(codes.count(value) for value in (3, 6, 12))
        expected = 2 * len(codes) - (2 * zeros if skip else 0) + (0 if triple else 2 * threes)
        assert in_memory_cycles(w, 1, p).run == expected


@pytest.mark.parametrize(
    ("value", "triple", "skip", "expected"),
    [
        (0, True, True, []),
        (0, True, False, ["READ zero", "ADD"]),
        (1, True, True, ["READ X", "ADD"]),
        (-8, True, True, ["READ X<<3", "SUB"]),
        (3, True, True, ["READ 3X", "ADD"]),
        (-12, True, True, ["READ 3X<<2", "SUB"]),
        (3, False, True, ["READ X", "ADD", "READ X<<1", "ADD"]),
        (-12, False, True, ["READ X<<2", "SUB", "READ X<<3", "SUB"]),
    ],
)
def test_operations_of_a_code(value: int, triple: bool, skip: bool, expected: list[str]) -> None:
    p = in_memory((1, 3), triple, skip)
    rows = {0: "X", zero_row(p): "zero"} | ({triple_row(0, p): "3X"} if triple else {})
    found = []
    for step in micro_operations(encode([value], p), p):
        if step.operation == "READ":
            found.append(f"READ {rows[step.row]}" + (f"<<{step.shift}" if step.shift else ""))
        else:
            assert (step.row, step.shift) == (accumulator_row(0, p), 0)
            found.append(step.operation)
    assert found == expected


def execute(array: Bitlines, steps: Sequence[MicroOperation], inputs: dict[int, list[int]]) -> list[list[int]]:
    """The words latched by each READ."""
    latched = []
    for step in steps:
        if step.operation == "READ":
            array.read(step.row, step.shift)
            latched.append(array.words())
        elif step.operation == "WRITE":
            array.write(step.row, inputs[step.row])
        elif step.operation == "CLEAR":
            array.clear(step.row)
        else:
            array.add(step.row, subtract={"ADD": False, "SUB": True}[step.operation])
    return latched


@pytest.mark.parametrize(("alphabets", "triple", "skip"), SWITCHES)
@pytest.mark.parametrize(("bits", "inside", "coded"), [(4, False, True), (8, True, True), (8, False, False)])
def test_the_models_own_program_on_the_array(
    alphabets: tuple[int, ...], triple: bool, skip: bool, bits: int, inside: bool, coded: bool
) -> None:
    """Step by step on bits, in an array that starts full of ones: sums, cycles, and no row outside the array."""
    length, outputs = 8, 3
    p = in_memory(
        alphabets, triple, skip, weight_bits=bits, sign_inside=inside, encode_weights=coded, columns=50, rows=30
    )
    x, w = random_matrices([p] * outputs, p.lanes_in_row, length, bits)
    array = Bitlines(p.rows, p.columns, oracle.accumulator_bits(p))
    array.rows = [[1] * p.columns for _ in array.rows]
    inputs = {}
    for k in range(length):
        words = [row[k] for row in x]
        inputs |= {k: words} | ({triple_row(k, p): words} if p.keeps_triple else {})
    execute(array, load_operations(length, p), inputs)
    columns = []
    for output in range(outputs):
        codes = [oracle.encode_weight(w[k][output], p) for k in range(length)]
        execute(array, [*clear_operations(p), *micro_operations(codes, p)], {})
        quartets = execute(array, drain_operations(p), {})
        columns.append([sum(row[i] << 4 * j for j, row in enumerate(quartets)) for i in range(len(x))])
    assert [list(row) for row in zip(*columns, strict=True)] == oracle.matmul(x, w, [p] * outputs)
    assert sum(array.cycles.values()) == in_memory_cycles(w, len(x), p).total


def test_rows_of_the_array_do_not_overlap() -> None:
    for (alphabets, triple, skip), rows, bits in itertools.product(SWITCHES, (8, 9, 100), (4, 8, 12)):
        p = in_memory(alphabets, triple, skip, rows=rows, weight_bits=bits)
        used = [*range(p.inputs_per_pass)]
        used += [triple_row(k, p) for k in range(p.inputs_per_pass)] if p.keeps_triple else []
        used += [accumulator_row(place, p) for place in range(p.quartets)] + [zero_row(p)]
        assert len(set(used)) == len(used)
        assert min(used) == 0
        assert max(used) < rows


# Near memory


@pytest.mark.parametrize(("bits", "together"), [(4, 1), (8, 1), (8, 2), (12, 1), (12, 2), (12, 3), (16, 3)])
@pytest.mark.parametrize(("lanes", "rows"), [(4, 256), (1, 20), (3, 40)])
def test_near_memory_steps(bits: int, together: int, lanes: int, rows: int) -> None:
    p = AsmParameters(weight_bits=bits, lanes=lanes, rows=rows, input_bits=4)
    for positions, length, outputs in ((1, 1, 1), (3, 5, 4), (2, 7, 9), (4, 3, 13), (1, 20, 3)):
        assert_near_memory(positions, length, outputs, together, p)


def assert_near_memory(positions: int, length: int, outputs: int, together: int, p: AsmParameters) -> None:
    """Results and all counts of the model are those of the loops."""
    x, w = random_matrices([p] * outputs, positions, length, outputs)
    unit = NearMemory(x, w, p, together)
    unit.run()
    assert unit.results == oracle.matmul(x, w, [p] * outputs) == matmul(x, w, p).tolist()
    found = near_memory_cycles(positions, length, outputs, p, codes_per_cycle=together)
    spent = unit.cycles
    assert (found.load, found.run, found.drain) == (spent["load"], spent["run"], spent["drain"])
    assert (found.passes, found.row_reads) == (spent["passes"], spent["row reads"])
    assert found.total == spent["load"] + spent["run"] + spent["drain"]


def test_near_memory_formula() -> None:
    """positions * length * blocks * groups of codes + length * blocks."""
    for positions, length, outputs, bits in itertools.product((1, 10), (1, 27, 256), (1, 4, 5, 64), (4, 8, 12, 16)):
        p = AsmParameters(weight_bits=bits)
        for together in range(1, bits // 4 + 1):
            found = near_memory_cycles(positions, length, outputs, p, codes_per_cycle=together)
            blocks, groups = -(-outputs // 4), -(-(bits // 4) // together)
            assert found.total - found.drain == positions * length * blocks * groups + length * blocks
        assert near_memory_cycles(positions, length, outputs, p) == found


def test_golden_vectors_near_memory() -> None:
    w, coded, plain = golden_vectors()
    p = AsmParameters(weight_bits=4, input_bits=4, encode_weights=True, reduction_length=64)
    unit = NearMemory([coded, plain], w, p, 1)
    unit.run()
    assert unit.results == [BOTH_CODED, PLAIN_INPUTS]
    found = near_memory_cycles(2, 64, 8, p)
    assert (found.load, found.run) == (unit.cycles["load"], unit.cycles["run"]) == (128, 256)


def test_counts_are_plain_integers() -> None:
    """That a report can hold, whatever numpy integers the weights were."""
    found = in_memory_cycles(np.array([[1, 2], [3, -4]]), 5, SMALL)
    assert {type(value) for value in vars(found).values()} == {int}
