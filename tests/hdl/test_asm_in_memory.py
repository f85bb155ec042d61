"""The in-memory unit in simulation: products bit for bit, cycles and counters, traffic, errors, resets, layers."""

import dataclasses
import gc
import itertools
import warnings
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import UnusedElaboratable

from gen.rtl import Rtl, elaborate
from gen.vectors.asm_in_memory import extreme_work, long_works, random_work, refused_work
from hdl.asm.in_memory import AsmInMemory
from hdl.asm.in_memory_array import BitlineAdder, ColumnShift, InMemoryArray
from hdl.asm.in_memory_layouts import config_layout, operation_layout
from hdl.asm.micro_sequencer import MicroSequencer
from hdl.block import Block
from sim_models.asm import (
    AsmParameters,
    MicroOperation,
    clear_operations,
    decode,
    drain_operations,
    encode,
    load_operations,
    matmul,
    micro_operations,
    supported_values,
)
from sim_models.asm.cycles import in_memory_cycles
from sim_models.asm.in_memory import InMemoryParameters, SingleRowParameters, weight_transfers
from sim_models.asm.program import triple_row
from tests.sim_models.test_asm_oracle_product import BOTH_CODED, PLAIN_INPUTS, golden_vectors
from verif.asm_in_memory import run_layers
from verif.asm_in_memory_work import (
    COUNTS,
    Traffic,
    expected_works,
    in_memory_work,
    random_traffic,
    run_works,
    timeless,
)
from verif.batch import simulate
from verif.checks_form import require_equal
from verif.packing import pack, unpack
from verif.workloads_asm_in_memory import in_memory

SEED = 3
CONFIGURATIONS: list[dict[str, Any]] = [
    {},
    {"store_triple": False, "zero_skip": False, "weight_bits": 8, "input_bits": 8, "encode_weights": False, "rows": 20},
    {"alphabets": (1,), "zero_skip": False, "banks": 3, "transfer_words": 4},
    {
        "weight_bits": 8,
        "sign_inside": True,
        "input_bits": 8,
        "rows": 31,
        "columns": 70,
        "transfer_words": 2,
        "banks": 2,
    },
    {
        "weight_bits": 12,
        "input_bits": 7,
        "encode_weights": False,
        "transfer_words": 1,
        "rows": 9,
        "reduction_length": 7,
        "columns": 50,
        "output_limit": 2,
    },
    {"sign_inside": True, "alphabets": (1,), "rows": 200},
    {"weight_bits": 16, "sign_inside": True, "input_bits": 16, "columns": 100, "zero_skip": False},
    {"unsupported": "dont_care", "store_triple": False, "encode_weights": False, "accumulator_bits": 20},
]
SWITCHES = [*itertools.product([(1,), (1, 3)], [False, True], [False, True])]  # alphabets, store_triple, zero_skip


def hardware(parameters: InMemoryParameters) -> Rtl:
    return elaborate(AsmInMemory(parameters=parameters), "asm_in_memory")


@pytest.mark.parametrize(
    "fields",
    [pytest.param(each, marks=[pytest.mark.slow] * (place > 2)) for place, each in enumerate(CONFIGURATIONS)],
    ids=str,
)
def test_products_cycles_and_traffic(fields: dict[str, Any]) -> None:
    """At full rate, with streams that wait, and with words that are refused."""
    p = InMemoryParameters(**fields)
    pairs = in_memory_work(hardware(p), p, 2000, SEED)
    refusable = (p.top_bits == 3 and 3 in p.alphabets) or not p.encode_weights
    assert len(pairs) == 2 + (refusable and p.unsupported == "refuse")
    assert all(require_equal(*pair, SEED) > 10 for pair in pairs)


@pytest.mark.slow
@pytest.mark.parametrize("counted", ["outputs", "groups"])
def test_counts_of_all_bits(counted: str) -> None:
    """The largest counts that a descriptor takes; a controller that counts to fewer is found out."""
    p = InMemoryParameters(rows=32, columns=32)
    work = long_works(p, SEED)[counted == "outputs"]
    rtl = hardware(p)
    assert require_equal(run_works(rtl, [work], p), expected_works([work], p), SEED) > 65_535
    offset = config_layout(p)[counted].offset
    whole, cut = (f"layer[{offset + 15}:{offset}]", f"{{1'h0, layer[{offset + 14}:{offset}]}}")
    assert rtl.verilog.count(f" {whole} -") == 1
    faulty = dataclasses.replace(rtl, verilog=rtl.verilog.replace(f" {whole} -", f" {cut} -"))
    with pytest.raises(TimeoutError):
        run_works(faulty, [work], p)


@pytest.mark.parametrize(
    ("alphabets", "triple", "skip"),
    [pytest.param(*each, marks=[pytest.mark.slow] * (place % 3 != 1)) for place, each in enumerate(SWITCHES)],
)
@pytest.mark.parametrize("bits", [4, pytest.param(8, marks=pytest.mark.slow)])
def test_sets_rows_and_skips(alphabets: tuple[int, ...], triple: bool, skip: bool, bits: int) -> None:
    p = InMemoryParameters(
        alphabets=alphabets, store_triple=triple, zero_skip=skip, weight_bits=bits, rows=24, columns=62, banks=2
    )
    works = [random_work(5, 40, 3, p, SEED), random_work(9, 7, 6, p, SEED + 1, zeros=0.9), extreme_work(p)]
    got = run_works(hardware(p), works, p)
    for work, cycles, reads, writes in zip(works, *(got[name] for name in ("cycles", *COUNTS[1:])), strict=True):
        array = in_memory_cycles(work.weights, work.positions, p)
        assert reads + writes == array.total
        zeros = ~decode(weight_transfers(work.weights, p), p).any(axis=1)
        assert cycles == array.total + (array.groups * zeros.sum() if skip else 0) + 2
    assert require_equal(got, expected_works(works, p), SEED) > 100


@pytest.mark.parametrize(
    ("alphabets", "triple", "skip"),
    [SWITCHES[4], *(pytest.param(*each, marks=pytest.mark.slow) for each in SWITCHES[5:])],
)
def test_golden_vectors(alphabets: tuple[int, ...], triple: bool, skip: bool) -> None:
    """Encoded GEMV of 64 by 8, on inputs of the set and on plain ones, side by side."""
    w, coded, plain = golden_vectors()
    for rows in (256, 40):
        p = InMemoryParameters(reduction_length=64, store_triple=triple, zero_skip=skip, rows=rows)
        (run,) = run_layers(hardware(p), [([coded, plain], w)], p)
        assert run.sums.tolist() == [BOTH_CODED, PLAIN_INPUTS]
        array = in_memory_cycles(w, 2, p)
        assert array.passes == (1 if rows == 256 else -(-64 // p.inputs_per_pass))
        assert run.reads + run.writes == array.total
        assert run.cycles == run.expected_cycles == array.total + 2  # no eight weights in a row are all zero


def test_every_weight_by_every_input() -> None:
    """All products of 8-bit weights of {1,3} and inputs of 4 bits: one input of a sum is not 0."""
    p = InMemoryParameters(weight_bits=8, reduction_length=16, columns=16 * 17, rows=60, output_limit=2)
    assert p.lanes_in_row == 16
    values = supported_values(p)
    weights = np.concatenate([values, -values])
    w = weights[None, :]
    x = np.arange(16)[:, None]
    (run,) = run_layers(hardware(p), [(x, w)], p)
    assert np.array_equal(run.sums, x * weights)
    assert run.products == 1


def test_layers_in_pieces() -> None:
    """More outputs than sums can be kept of, more positions than one group; exact sums and cycles of all pieces."""
    p = SingleRowParameters(rows=20, output_limit=3, reduction_length=50)
    random = np.random.default_rng(SEED)
    layers = []
    for positions, length, outputs in ((11, 50, 8), (6, 18, 7), (1, 1, 1)):
        w = random.choice(supported_values(p), (length, outputs)) * random.choice([-1, 1], (length, outputs))
        layers.append((random.integers(0, 16, (positions, length)), w))
    runs = run_layers(hardware(p), layers, p)
    for (x, w), run in zip(layers, runs, strict=True):
        assert np.array_equal(run.sums, x @ w)
        assert run.cycles == run.expected_cycles
        assert (
            run.reads + run.writes
            == sum(in_memory_cycles(w[:, first : first + 3], len(x), p).total for first in range(0, w.shape[1], 3))
            or len(w) <= p.inputs_per_pass
        )
    assert [run.products for run in runs] == [3, 1, 1]


def test_layers_are_refused() -> None:
    p = InMemoryParameters()
    rtl = hardware(p)
    for layers, message in [
        ([], "layers must be at least one, not none"),
        ([([[1, 2]], [[1]])], "weights must have as many rows as inputs has columns, 2, not 1"),
        ([([1], [[1]])], "inputs must be a matrix"),
        ([([[16]], [[1]])], "must be between 0 and 15, not 16|at most"),
        ([([[1]], [[5]])], r"alphabets \(1, 3\)"),
        ([(np.ones((1, 129), int), np.ones((129, 1), int))], "reduction_length = 128"),
    ]:
        with pytest.raises(ValueError, match=message):
            run_layers(rtl, layers, p)
    with pytest.raises(ValueError, match=r"^parameters must be a InMemoryParameters"):
        run_layers(rtl, [([[1]], [[1]])], AsmParameters())  # type: ignore[arg-type]  # what is tested


def test_a_slow_result_only_costs_time() -> None:
    p = InMemoryParameters(rows=12, zero_skip=True)
    works = [random_work(5, 12, 7, p, SEED, zeros=0.8)]
    expected = expected_works(works, p)
    slow = run_works(hardware(p), works, p, Traffic(result_out=np.arange(61) == 60))
    require_equal(slow, timeless(expected), SEED)
    assert slow["cycles"] > 2 * expected["cycles"]
    waits = run_works(hardware(p), works, p, random_traffic(SEED, 0.1))
    require_equal(waits, timeless(expected), SEED)


@pytest.mark.parametrize("fields", [{}, {"weight_bits": 8, "store_triple": False, "zero_skip": False}], ids=str)
def test_a_reset_in_mid_flight_leaves_nothing(fields: dict[str, Any]) -> None:
    """In any cycle of a product: what was under way is gone, and the product after it is right, in its cycles."""
    p = InMemoryParameters(**fields)
    task = in_memory(p)
    inputs = dict(task.inputs)
    del inputs["result_out__ready"]
    length = len(inputs["config__valid"])
    cuts = [*range(1, 60), *range(60, length, 13)]
    pieces: dict[str, list[Any]] = {name: [] for name in [*inputs, "rst"]}
    for cut in cuts:
        # A part, a cycle of reset, all of it, and two cycles for its end.
        for name, words in inputs.items():
            nothing = np.zeros((1, *words.shape[1:]), words.dtype)
            pieces[name] += [words[:cut], nothing, words, nothing, nothing]
        pieces["rst"].append(np.arange(cut + length + 3) == cut)
    outputs = simulate(
        hardware(p), {name: np.concatenate(each) for name, each in pieces.items()} | {"result_out__ready": 1}
    )
    begin = 0
    for cut in cuts:
        begin += cut
        assert outputs["busy"][begin + 1] == 0
        assert [int(outputs[name][begin + 1]) for name in COUNTS] == [0, 0, 0]
        task.check({name: words[begin + 1 : begin + 1 + length] for name, words in outputs.items()})
        assert outputs["done"][begin + 1 + length]
        begin += length + 3


@pytest.mark.parametrize("fields", [{}, {"store_triple": False, "weight_bits": 8, "zero_skip": False}], ids=str)
def test_the_workload_has_an_operation_in_every_cycle(fields: dict[str, Any]) -> None:
    """Of the measured window: from the first clear to the last drain."""
    p = InMemoryParameters(**fields)
    task = in_memory(p)
    outputs = simulate(hardware(p), task.inputs)
    steps = np.diff((outputs["read_count"] + outputs["write_count"]).astype(np.int64))
    assert task.check(outputs) == task.operations == 16 * 16 * p.positions_together
    outputs_of_zeros = 3 * 16 // p.transfer_words * p.zero_skip  # every fifth
    assert (steps[task.window] == 0).sum() == outputs_of_zeros
    assert not steps[task.window.stop :].any()


def test_refused_words_are_told_until_the_next_product() -> None:
    """The others of the same row count, whatever was refused."""
    p = InMemoryParameters(weight_bits=8, sign_inside=True)
    rtl = hardware(p)
    refused = refused_work(p)
    assert refused is not None
    good = random_work(3, 5, 2, p, SEED)
    works = [good, refused, refused, good]
    got = run_works(rtl, works, p)
    assert got["error"].tolist() == [0, 1, 1, 0]
    require_equal(got, timeless(expected_works(works, p), *COUNTS), SEED)


# The array by itself


def array_words(operations: list[MicroOperation], p: AsmParameters) -> Any:
    """Micro-operations as the array takes them."""
    layout = operation_layout(p)
    kinds = {"READ": "read", "ADD": "add", "SUB": "subtract", "CLEAR": "clear", "WRITE": "write"}
    words = []
    for it in operations:
        fields = {kinds[it.operation]: 1, "row": it.row}
        if it.operation == "READ":
            fields["shift"] = 1 << it.shift
        words.append(layout.const(fields).as_bits())
    return np.array(words)


@pytest.mark.parametrize(("alphabets", "triple", "skip"), SWITCHES)
def test_the_golden_program_runs_on_the_array(alphabets: tuple[int, ...], triple: bool, skip: bool) -> None:
    """Every micro-operation of the model in its order: what the drain reads are the sums."""
    p = AsmParameters(
        placement="in_memory", alphabets=alphabets, store_triple=triple, zero_skip=skip, rows=40, columns=90,
        reduction_length=16, encode_weights=True,
    )  # fmt: skip
    random = np.random.default_rng(SEED)
    w = random.choice(supported_values(p), (16, 3)) * random.choice([-1, 1], (16, 3))
    x = random.integers(0, 256, (p.lanes_in_row, 16))
    operations, drained = list(load_operations(16, p)), []
    for output in range(3):
        operations += [*clear_operations(p), *micro_operations(encode(w[:, output], p), p)]
        drained.append(len(operations))
        operations += drain_operations(p)
    k = [it.row - (triple_row(0, p) if p.keeps_triple and it.row >= p.inputs_per_pass else 0) for it in operations]
    inputs = [x[:, row] if it.operation == "WRITE" else x[:, 0] for it, row in zip(operations, k, strict=True)]
    ports = {"operation": array_words(operations, p), "inputs": pack(np.array(inputs), p.input_bits)}
    padded = {name: np.concatenate([words, words[-1:]]) for name, words in ports.items()}
    latch = simulate(elaborate(InMemoryArray(parameters=p), "array"), padded)["latch"]
    words = unpack(latch, p.lanes_in_row, p.accumulator_width, True).astype(np.int64)
    for output, first in enumerate(drained):
        sums = words[first + 1] + (words[first + 2] << 4)
        assert np.array_equal(sums, matmul(x, w, p)[:, output])


@pytest.mark.parametrize("width", [1, 4, 17, 39])
def test_random_words_in_a_column_adder_and_shift(width: int) -> None:
    random = np.random.default_rng(width)
    a, b = random.integers(0, 1 << width, (2, 2000))
    subtract = random.integers(0, 2, 2000)
    mask = (1 << width) - 1
    other = np.where(subtract, ~b & mask, b)
    ports = {"both": a & other, "neither": ~(a | other) & mask, "carry": subtract}
    total = simulate(elaborate(BitlineAdder(width=width), "adder"), ports)["sum"]
    assert np.array_equal(total, np.where(subtract, a - b, a + b) & mask)
    shift = random.integers(0, 4, 2000)
    shifted = simulate(elaborate(ColumnShift(width=width), "shift"), {"word": a, "shift": 1 << shift})["shifted"]
    assert np.array_equal(shifted, a << shift & mask)


def refusal(component: type[Block], parameters: object) -> str:
    """The message with which a constructor refuses ``parameters``, or nothing."""
    message = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedElaboratable)
        try:
            component(parameters=parameters)
        except ValueError as error:
            message = str(error)
        gc.collect()  # Amaranth warns of the unused component when it is deleted
    return message


def test_other_parameters_are_refused() -> None:
    for component in (AsmInMemory, MicroSequencer):
        assert refusal(component, AsmParameters()).startswith("parameters must be a InMemoryParameters, not")
    assert refusal(InMemoryArray, AsmParameters()) == "placement must be 'in_memory', not 'near_memory'"
