"""The bank and its parts in simulation: every product through loaded rows, random work, handshakes and counters."""

import gc
import warnings
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import UnusedElaboratable

from gen.rtl import elaborate
from gen.vectors.daism import accumulator_vectors, exact_lane_vectors, exact_words, lane_vectors
from gen.vectors.daism_work import Drive, Load, Preset, random_operands
from hdl.block import Block
from hdl.daism import (
    Accumulator,
    BankLoader,
    DaismBank,
    DaismLane,
    ExactLane,
    FloatLane,
    MultiRowArray,
    SideMemory,
    WordlineDecoder,
)
from hdl.daism.bank_parameters import BankParameters
from sim_models.arith import BF16, float_multiply
from sim_models.daism import DaismParameters, product
from verif.batch import simulate
from verif.daism import schedule
from verif.daism_bank import bank_work, expected_bank, lane_work, run_bank
from verif.packing import pack, unpack

SEED = 11
INTEGER = {"operand_kind": "integer", "accumulator": "int"}
FP16 = {"significand_bits": 11, "exponent_bits": 5}
WORK: list[dict[str, Any]] = [
    {},
    {"variant": "fla", "kept_columns": "full", "zero_skip": False},
    {"variant": "hla", "hla_mode": "b", "kept_columns": "guard", "accumulate_latency": 3, "interleave": 3},
    {
        "variant": "hla",
        "hla_mode": "a",
        "accumulator_rounding": "rne",
        "saturate_to": "infinity",
        "accumulate_latency": 2,
    },
    {"variant": "hla", "hla_mode": "c", "accumulate_latency": 5, "interleave": 2},
    {"variant": "hla", "hla_mode": "d", "accumulator": "bf16", "interleave": 1},
    {**INTEGER, "variant": "pc2", "accumulate_latency": 4, "interleave": 2},
    {**INTEGER, "variant": "hla", "hla_mode": "b", "rows": 8, "zero_skip": True},
    {**FP16, "product_rounding": "rne", "kept_columns": "full", "variant": "pc4", "interleave": 5},
    {"significand_bits": 24, "product_precision": "kept", "columns": 75},
]


def test_parameters_of_one_bank_are_those_of_the_family() -> None:
    p = BankParameters()
    assert isinstance(p, DaismParameters)
    assert (p.rows, p.columns, p.banks, p.lanes, p.groups) == (64, 64, 1, 8, 7)


@pytest.mark.parametrize(
    "fields",
    [pytest.param(each, marks=[pytest.mark.slow] * (place % 4 > 0)) for place, each in enumerate(WORK)],
    ids=str,
)
def test_bank_does_random_work_as_the_golden_model(fields: dict[str, Any]) -> None:
    p = BankParameters(**{"rows": 40, "columns": 36, **fields})  # some columns belong to no lane
    got, expected = bank_work(elaborate(DaismBank(parameters=p), "daism_bank"), p, 600 * p.lanes, SEED)
    assert got.keys() == expected.keys()
    for name, words in expected.items():
        assert np.array_equal(got[name], words), name
    assert len(expected["sums"]) > 30


@pytest.mark.parametrize("fields", [WORK[0], WORK[4], WORK[6]], ids=str)
def test_lanes_and_accumulators_keep_their_sums(fields: dict[str, Any]) -> None:
    p = BankParameters(**fields)
    parts = ((Accumulator, accumulator_vectors), (DaismLane, lane_vectors), (ExactLane, exact_lane_vectors))
    for component, vectors_of in parts:
        got, expected = lane_work(elaborate(component(parameters=p), "dut"), vectors_of(p))
        assert np.array_equal(got["sums"], expected["sums"]), component


def test_exact_products_are_those_of_bfloat16() -> None:
    """Of normal numbers, rounded to nearest, apart from overflow to the largest number."""
    p = BankParameters(product_rounding="rne")
    stored, driver = random_operands(np.random.default_rng(SEED), 200_000, p).reshape(2, -1)
    expected = float_multiply(stored, driver, BF16, flush_to_zero=True)
    finite = expected & 0x7FFF != BF16.infinity
    assert finite.sum() > 90_000
    assert np.array_equal(exact_words(stored, driver, p)[finite], expected[finite])


EVERY = [(variant, "a") for variant in ("fla", "pc2", "pc3", "pc4")] + [("hla", mode) for mode in "abcd"]
QUICK = {("pc3", "a", "truncated"), ("hla", "a", "guard")}
ALL = [(variant, mode, kept) for variant, mode in EVERY for kept in ("full", "guard", "truncated")]


@pytest.mark.parametrize(
    ("variant", "mode", "kept"),
    [pytest.param(*key, marks=[] if key in QUICK else [pytest.mark.slow]) for key in ALL],
)
def test_every_pair_of_significands_through_a_loaded_bank(variant: str, mode: str, kept: str) -> None:
    """All kept columns are handed on, so that the sum of one product shows them."""
    p = DaismParameters(variant=variant, hla_mode=mode, kept_columns=kept, product_precision="kept", interleave=1)
    p = DaismParameters(**{**vars(p), "rows": 16 * p.rows_per_group, "columns": 8 * p.kept})
    stored = np.arange(128, 256).reshape(p.groups, p.lanes)
    loads = [Load(group=group, operands=0x3F00 | words) for group, words in enumerate(stored)]
    pairs = [(group, driver) for group in range(p.groups) for driver in range(128, 256)]
    drives = [Drive(operand=0x3F00 | driver, group=group, slot=0, first=True, last=True) for group, driver in pairs]
    preset = Preset(slot=0, sums=np.zeros(p.lanes, np.int64))
    plan = schedule([*loads, preset, *drives], p)
    sums = run_bank(elaborate(DaismBank(parameters=p), "daism_bank"), plan)["sums"].astype(np.int64)
    # Both operands are 1 to 2: the sum's exponent says which of the two top columns leads.
    below = sums >> 23 == 127
    got = (sums & (1 << 23) - 1 | 1 << 23) >> 24 - p.kept + below
    expected = product(stored[:, np.newaxis, :], np.arange(128, 256)[:, np.newaxis], p)
    assert np.array_equal(got, expected.reshape(got.shape))
    assert plan.cycles[-1] == len(loads) * p.rows_per_group + (len(drives) - 1) * p.accesses


@pytest.mark.parametrize(("rows", "variant"), [(8, "fla"), (16, "fla"), (64, "pc3"), (100, "pc4"), (512, "hla")])
def test_array_reads_the_or_of_open_rows(rows: int, variant: str) -> None:
    p = DaismParameters(rows=rows, columns=20, variant=variant)
    random, cycles = np.random.default_rng(rows), 3000
    words = random.integers(0, 1 << p.columns, (p.groups, p.rows_per_group))
    first = p.groups * p.rows_per_group
    write = np.concatenate([np.ones(first, np.int64), random.integers(0, 2, cycles)])
    row = np.concatenate([np.arange(first), random.integers(0, first, cycles)])
    data = np.concatenate([words.ravel(), random.integers(0, 1 << p.columns, cycles)])
    read = (1 - write) * random.integers(0, 2, first + cycles)
    group, mask = (
        random.integers(0, p.groups, first + cycles),
        random.integers(0, 1 << p.rows_per_group, first + cycles),
    )
    ports = {"wr_en": write, "wr_row": row, "wr_data": data, "rd_en": read, "rd_group": group, "rd_mask": mask}
    q = simulate(elaborate(MultiRowArray(parameters=p), "array"), ports)["q"]
    memory, expected, word = np.zeros(first, np.int64), [0], 0
    for cycle in range(first + cycles - 1):
        if write[cycle]:
            memory[row[cycle]] = data[cycle]
        if read[cycle]:
            opened = mask[cycle] >> np.arange(p.rows_per_group) & 1 == 1
            content = memory[group[cycle] * p.rows_per_group :][: p.rows_per_group]
            word = np.bitwise_or.reduce(content[opened]) if opened.any() else 0
        expected.append(int(word))
    assert np.array_equal(q, expected)
    assert read.sum() > 500


def test_side_memory_keeps_what_was_read() -> None:
    p = DaismParameters(rows=40, columns=24)
    random = np.random.default_rng(SEED)
    words = random.integers(0, 512, (p.groups, p.lanes))
    write = np.array([1] * p.groups + [0] * 6)
    group = np.array([*range(p.groups), 0, 0, 0, 0, 0, 0])
    data = pack(np.concatenate([words, np.zeros((6, p.lanes), np.int64)]), 9)
    read = np.array([0] * p.groups + [1, 1, 0, 0, 1, 0])
    wanted = np.array([0] * p.groups + [3, 1, 2, 0, 2, 3])
    ports = {"wr_en": write, "wr_group": group, "wr_data": data, "rd_en": read, "rd_group": wanted}
    shown = simulate(elaborate(SideMemory(parameters=p), "side"), ports)["data"]
    assert np.array_equal(unpack(shown, p.lanes, 9, False)[p.groups + 1 :], words[[3, 1, 1, 1, 2]])


def test_counters_do_not_count_what_is_not_done() -> None:
    p = BankParameters(interleave=2)
    stored = np.full(p.lanes, 0x3F80)
    actions = [Load(group=0, operands=stored), Preset(slot=1, sums=np.zeros(p.lanes, np.int64))]
    actions += [Drive(operand=word, group=0, slot=1, last=True) for word in (0x3F80, 0x0000, 0x807F, 0x3FFF)]
    plan = schedule(actions, p)
    got, expected = run_bank(elaborate(DaismBank(parameters=p), "daism_bank"), plan), expected_bank(plan)
    counts = {name: int(got[name][0]) for name in got if name.endswith("count")}
    # One row of the four pre-computed ones is open for 1, that and five direct ones for the largest significand.
    assert counts == {"access_count": 2, "skipped_count": 2, "row_write_count": 9, "wordline_count": 7}
    assert np.array_equal(got["sums"], expected["sums"])


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


@pytest.mark.parametrize(
    "component",
    [Accumulator, BankLoader, DaismBank, DaismLane, ExactLane, FloatLane, MultiRowArray, SideMemory, WordlineDecoder],
)
def test_other_parameters_are_refused(component: type[Block]) -> None:
    assert refusal(component, "pc3") == "parameters must be a DaismParameters, not 'pc3'"


@pytest.mark.parametrize("component", [FloatLane, SideMemory])
def test_what_integers_do_not_have_is_refused(component: type[Block]) -> None:
    message = refusal(component, DaismParameters(operand_kind="integer", accumulator="int"))
    assert message.startswith("operand_kind must be 'float' for a ")
