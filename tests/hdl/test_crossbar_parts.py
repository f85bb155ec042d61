"""Parts that the strategies share: input driver, array cycles, scan, stand-ins of what is analog."""

import gc
import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import UnusedElaboratable

from gen.catalog import find
from gen.rtl import elaborate
from hdl.crossbar import (
    ArrayCycle,
    BitlineArray,
    InputSlicer,
    LineScan,
    RangeConverter,
    SampleHold,
    SaturatingConverter,
    ScanMux,
)
from sim_models.crossbar import CrossbarParameters, fixed_codes, range_registers
from verif.batch import simulate
from verif.packing import pack, unpack

SEED = 2016
SMALL: dict[str, Any] = {"rows": 4, "input_bits": 4, "weight_bits": 3, "outputs": 2, "slots_per_cycle": 12}
DIFFERENTIAL: dict[str, Any] = {"weight_encoding": "differential"}
NAMED: dict[str, list[dict[str, Any]]] = {
    "isaac": [
        {},
        {"converter": "ideal"},
        {"flip_encoding": False, "adc_bits": 3},
        {**DIFFERENTIAL, "conversion_polarity": "separate", "converters": 2},
        {**DIFFERENTIAL, "flip_encoding": False, "input_bits": 1, "converter": "ideal"},
        {"dac_bits": 2, "signed_inputs": False, "weight_bits": 4, "outputs": 3, "converters": 2},
    ],
    "cascade": [
        {"carry_columns": 2},
        {"bitline_bits": None, "carry_columns": 0, "converter": "ideal"},
        {"carry_columns": 0, "double_buffer": False, "clear_cycles": 3, "cascade_tail_cycles": 4, "adc_bits": 3},
        {"carry_columns": 1, "weight_encoding": "offset", "signed_inputs": True, "converters": 2},
        {"carry_columns": 1, "dac_bits": 2, "cell_bits": 2, "allow_stalls": True, "cascade_tail_cycles": 1},
    ],
    "neural_pim": [
        {},
        {"dac_bits": 1, "signed_inputs": True, "converter": "sar"},
        {"dac_bits": 2, "outputs": 24, "converters": 1},
        {"dac_bits": 2, "cell_bits": 2, "converters": 2},
    ],
}
"""Of the controller or read-out and the tile of each strategy: every part that there is with some fields only."""


def refusal(build: Callable[[], object]) -> str:
    """What a constructor says when it refuses."""
    said = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedElaboratable)
        try:
            build()
        except ValueError as error:
            said = str(error)
        gc.collect()  # Amaranth warns of the unused component when it is deleted
    return said


@pytest.mark.parametrize(
    ("input_bits", "dac_bits", "signed"), [(5, 2, False), (4, 1, True), (6, 6, False), (16, 3, False)]
)
def test_slices_add_up_to_the_vector(input_bits: int, dac_bits: int, signed: bool) -> None:
    p = CrossbarParameters(rows=3, input_bits=input_bits, dac_bits=dac_bits, signed_inputs=signed, outputs=1)
    vectors = np.random.default_rng(SEED).integers(*p.input_range, (40, 3), endpoint=True)
    # A load, then a step after every slice but the last, after which the next vector is loaded.
    length = p.cycles * len(vectors) + 1
    load = (np.arange(length) % p.cycles == 0).astype(np.int64)
    words = np.repeat(vectors, p.cycles, axis=0)
    words = np.concatenate([words, words[-1:]])
    words[load == 0] = p.input_range[1]
    rtl = elaborate(InputSlicer(parameters=p), "input_slicer")
    inputs = {"load": load, "x": pack(words, input_bits), "step": np.ones(length, np.int64), "drive": 1}
    found = simulate(rtl, inputs, seed=SEED)
    slices = unpack(found["slice"], 3, dac_bits, False)[1:].reshape(-1, p.cycles, 3)
    places = np.arange(p.cycles)
    weights = (1 << dac_bits * places) * np.where(signed & (places == p.cycles - 1), -1, 1)
    assert np.array_equal(np.tensordot(slices, weights, axes=(1, 0)), vectors)
    assert np.array_equal(found["index"][1:].reshape(-1, p.cycles), np.broadcast_to(places, (40, p.cycles)))
    idle = simulate(rtl, {**inputs, "drive": 0}, seed=SEED)
    assert not idle["slice"].any()


def test_array_cycles_pause_in_their_last_slot_only() -> None:
    random = np.random.default_rng(SEED)
    restart, pause = random.random(2000) < 0.02, random.random(2000) < 0.5
    found = simulate(elaborate(ArrayCycle(slots=5), "array_cycle"), {"restart": restart, "pause": pause}, seed=SEED)
    slot, slots = 0, []
    for again, waits in zip(restart, pause, strict=True):
        slots.append(slot)
        ends = slot == 4
        slot = 0 if again or (ends and not waits) else slot if ends else slot + 1
    assert np.array_equal(found["slot"], slots)
    assert np.array_equal(found["last"], np.array(slots) == 4)
    assert np.array_equal(found["ended"], (np.array(slots) == 4) & ~pause)
    assert np.array_equal(found["first"], np.array(slots) == 0)


@pytest.mark.parametrize("positions", [1, 5, 8])
def test_a_scan_goes_through_all_positions(positions: int) -> None:
    random = np.random.default_rng(SEED)
    gaps = random.choice([0, 0, 1, 3], 200)
    starts = np.cumsum(positions + gaps)
    length = int(starts[-1]) + positions + 2
    start = np.zeros(length, np.int64)
    start[starts] = 1
    found = simulate(elaborate(LineScan(positions=positions), "line_scan"), {"start": start}, seed=SEED)
    at = starts[:, np.newaxis] + 1 + np.arange(positions)
    active = np.zeros(length, np.int64)
    active[at] = 1
    assert np.array_equal(found["active"], active)
    assert np.array_equal(found["position"][at], np.broadcast_to(np.arange(positions), at.shape))
    assert np.array_equal(found["upcoming"][:-1], active[1:])
    assert np.array_equal(found["following"][at - 1], found["position"][at])
    assert np.array_equal(np.flatnonzero(found["last"]), at[:, -1])


def test_sample_and_hold_and_multiplexer() -> None:
    random = np.random.default_rng(SEED)
    lines, strobe = random.integers(-8, 8, (500, 3)), random.random(500) < 0.3
    strobe[0] = True
    words = {"strobe": strobe, "d": pack(lines, 4)}
    held = simulate(elaborate(SampleHold(lines=3, width=4, signed=True), "sample_hold"), words, seed=SEED)
    latest = np.maximum.accumulate(np.where(strobe, np.arange(500), 0))
    assert np.array_equal(unpack(held["q"], 3, 4, True)[1:], lines[latest][:-1])
    select = random.integers(0, 4, 500)
    words = {"select": select, "lines": pack(lines, 4)}
    shown = simulate(elaborate(ScanMux(lines=3, width=4, signed=True), "scan_mux"), words, seed=SEED)
    padded = np.concatenate([lines, np.zeros((500, 1), np.int64)], axis=1)
    assert np.array_equal(shown["value"], padded[np.arange(500), select])


def test_bit_lines_hold_exact_sums() -> None:
    random = np.random.default_rng(SEED)
    cells = random.integers(0, 4, (5, 6))
    cells[:, 0] = 3
    rows, columns = np.divmod(np.arange(30), 6)
    slices = random.integers(0, 8, (200, 5))
    slices[:30], slices[30] = 0, 7
    array = BitlineArray(rows=5, columns=6, dac_bits=3, cell_bits=2, unit_column=True)
    words = {"w_row": np.resize(rows, 200), "w_column": np.resize(columns, 200), "w_data": np.resize(cells, 200)}
    found = simulate(
        elaborate(array, "bitline_array"),
        {**words, "w_write": np.arange(200) < 30, "slice": pack(slices, 3)},
        seed=SEED,
    )
    sums = unpack(found["p"], 7, 7, False)[30:]
    assert np.array_equal(sums[:, :6], slices[30:] @ cells)
    assert np.array_equal(sums[:, 6], slices[30:].sum(axis=1))
    assert sums[0, 0] == 5 * 7 * 3  # all ones


@pytest.mark.parametrize("signed", [False, True])
def test_a_converter_saturates_and_keeps_its_code(signed: bool) -> None:
    random = np.random.default_rng(SEED)
    values = random.integers(-32 if signed else 0, 32 if signed else 64, 600)
    start = random.random(600) < 0.6
    start[0] = True
    converter = SaturatingConverter(value_bits=6, bits=4, signed_values=signed)
    found = simulate(elaborate(converter, "converter"), {"value": values, "adc_start": start}, seed=SEED)
    latest = values[np.maximum.accumulate(np.where(start, np.arange(600), 0))][:-1]
    assert np.array_equal(found["code"][1:], np.clip(latest, -15 if signed else 0, 15))
    assert np.array_equal(found["saturated"][1:], (latest > 15) | (latest < (-15 if signed else 0)))


@pytest.mark.parametrize("fields", [{}, {"range_fraction": 1 / 16}, {"output_bits": 2}, {"rows": 1, "output_bits": 16}])
def test_a_range_is_the_golden_converter(fields: dict[str, float]) -> None:
    p = replace(CrossbarParameters(strategy="neural_pim"), **fields)
    registers = range_registers(p)
    edge = p.product_maximum
    values = np.random.default_rng(SEED).integers(-edge, edge, 5000, endpoint=True)
    values[:4] = -edge, edge, 0, p.code_full_scale
    values[2000:] //= 17
    rtl = elaborate(RangeConverter(value_bits=edge.bit_length() + 1, output_bits=p.output_bits), "converter")
    words = {"value": values, "adc_start": 1, "range_mult": registers.range_mult, "range_shift": registers.range_shift}
    found = simulate(rtl, words, seed=SEED)
    assert np.array_equal(found["code"][1:], fixed_codes(values, p)[:-1])
    beyond = (np.abs(values) * registers.range_mult + (1 << registers.range_shift - 1)) >> registers.range_shift
    assert np.array_equal(found["saturated"][1:], (beyond > p.code_maximum)[:-1])


def test_bad_sizes_are_refused() -> None:
    for build, message in (
        (lambda: ArrayCycle(slots=0), "slots must be at least 1, not 0"),
        (lambda: LineScan(positions=0), "positions must be at least 1, not 0"),
        (lambda: ScanMux(lines=0, width=1, signed=False), "lines must be at least 1, not 0"),
        (lambda: SampleHold(lines=1, width=0, signed=False), "width must be at least 1, not 0"),
        (lambda: RangeConverter(value_bits=1, output_bits=8), "value_bits must be at least 2, not 1"),
        (
            lambda: BitlineArray(rows=1, columns=0, dac_bits=1, cell_bits=1),
            "columns must be at least 1, not 0",
        ),
        (
            lambda: InputSlicer(parameters=CrossbarParameters(signed_inputs=True, dac_bits=2)),
            "dac_bits must be 1 with signed_inputs, not 2",
        ),
    ):
        assert refusal(build) == message


@pytest.mark.parametrize("strategy", NAMED)
@pytest.mark.parametrize("kind", ["crossbar", "crossbar_tile"])
def test_names_are_plain_and_registers_have_one(kind: str, strategy: str) -> None:
    """No name that Verilog or SystemVerilog keeps, none that Amaranth had to number, no register without one."""
    design = find(f"{kind}_{strategy}")
    for fields in NAMED[strategy]:
        verilog = design.elaborate(design.configuration()(**SMALL | fields)).verilog
        assert re.findall(r"\\\S+", verilog) == [], fields
        assert re.findall(r"^ *reg [^;]*\b_\d+_;", verilog, re.M) == [], fields
        assert "  reg " in verilog


@pytest.mark.parametrize(
    ("strategy", "fields", "message"),
    [
        ("isaac", {"strategy": "cascade"}, "strategy must be 'isaac', not 'cascade'"),
        ("isaac", {"strategy": ["isaac"]}, "strategy must be 'isaac', not ['isaac']"),
        ("isaac", {"range_fraction": 0.5}, "range_fraction of this hardware must be one of 1.0, not 0.5"),
        ("isaac", {"double_buffer": False}, "double_buffer of this hardware must be one of True, not False"),
        ("isaac", {"clear_cycles": 2}, "clear_cycles of this hardware must be one of 1, not 2"),
        ("isaac", {"cascade_tail_cycles": 3}, "cascade_tail_cycles of this hardware must be one of 2, not 3"),
        ("cascade", {"strategy": "isaac"}, "strategy must be 'cascade', not 'isaac'"),
        ("cascade", {"range_fraction": 0.5}, "range_fraction of this hardware must be one of 1.0, not 0.5"),
        ("neural_pim", {"strategy": "isaac"}, "strategy must be 'neural_pim', not 'isaac'"),
        ("neural_pim", {"double_buffer": False}, "double_buffer of this hardware must be one of True, not False"),
        ("neural_pim", {"clear_cycles": 2}, "clear_cycles of this hardware must be one of 1, not 2"),
        ("neural_pim", {"cascade_tail_cycles": 0}, "cascade_tail_cycles of this hardware must be one of 2, not 0"),
    ],
)
def test_fields_without_effect_are_refused(strategy: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        find(f"crossbar_tile_{strategy}").configuration()(**fields)
    assert str(refused.value) == message


def test_a_whole_fraction_may_be_an_integer() -> None:
    assert find("crossbar_isaac").configuration()(range_fraction=1).range_fraction == 1


@pytest.mark.parametrize("strategy", NAMED)
def test_rows_whose_inputs_are_too_many_bits_are_refused(strategy: str) -> None:
    design = find(f"crossbar_tile_{strategy}")
    parameters = design.configuration()(rows=4096, input_bits=16, weight_bits=8, outputs=8, slots_per_cycle=150)
    said = refusal(lambda: design.elaborate(parameters))
    assert re.fullmatch(rf"input ports of {design.name} must have at most 65532 bits together, not 655\d\d", said)


@pytest.mark.parametrize("strategy", NAMED)
def test_tiles_show_when_their_rows_are_driven(strategy: str) -> None:
    """``drive`` for as many array cycles as there are slices, after the one in which a vector is taken; ``step`` in the
    last slot of each; rows are 0 otherwise."""
    design = find(f"crossbar_tile_{strategy}")
    p = design.configuration()(**SMALL | NAMED[strategy][0])
    slots, clocks = p.slots_per_cycle, 400
    vectors = (1 << p.rows * p.input_bits) - 1
    found = simulate(
        design.elaborate(p), {"vectors__valid": 1, "vectors__payload": vectors, "products__ready": 1}, cycles=clocks
    )
    taken = np.flatnonzero(found["vectors__ready"])
    assert len(taken) > 2
    assert (np.diff(taken) == p.cycles * slots).all()
    driven = np.arange(clocks) > taken[0]  # and so on: a vector follows the one before at once
    assert np.array_equal(found["drive"], driven)
    assert np.array_equal(found["step"], driven & ((np.arange(clocks) - taken[0]) % slots == 0))
    assert np.array_equal(found["slice"] != 0, driven)
