"""Groups of converters that columns share: parameters, registers, cycles against a step-by-step account, order."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_models.sar import (
    AdcGroupParameters,
    TrqParameters,
    configuration_writes,
    convert,
    counted,
    register_fields,
    register_map,
    register_values,
    require_slots,
    result_order,
    schedule,
    search,
)

SEED = 2402


def stepped(
    cycles: NDArray[np.int64], p: AdcGroupParameters
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Start and done of every conversion at a variable rate and the cycle of every result: one cycle after another."""
    planes, lanes, columns = cycles.shape
    start, done = np.full_like(cycles, -1), np.full_like(cycles, -1)
    taken = np.full(planes * columns, -1)
    fifo, begun, until = [0] * lanes, [0] * lanes, [0] * lanes
    plane, now = 0, 0
    while taken[-1] < 0:
        over = [begun[lane] > 0 and until[lane] == now for lane in range(lanes)]
        for lane in range(lanes):
            if over[lane]:
                place = begun[lane] - 1
                done[place // columns, lane, place % columns] = now
        ended = all(begun[lane] == (plane + 1) * columns and until[lane] <= now for lane in range(lanes))
        plane += ended and plane + 1 < planes
        for lane in range(lanes):
            room = fifo[lane] + over[lane] < p.fifo_depth
            if begun[lane] < (plane + 1) * columns and until[lane] <= now and room:
                place = begun[lane]
                start[place // columns, lane, place % columns] = now
                searched = int(cycles[place // columns, lane, place % columns])
                until[lane] = now + p.sample_cycles + searched + 1 + (not p.overlap_select)
                begun[lane] += 1
        if all(fifo):
            taken[np.argmax(taken < 0)] = now
            fifo = [level - 1 for level in fifo]
        fifo = [level + given for level, given in zip(fifo, over, strict=True)]
        now += 1
    return start, done, taken.reshape(planes, columns)


@pytest.mark.parametrize(
    "fields",
    [
        {"columns": 12, "converters": 1},
        {"columns": 12, "converters": 3, "fifo_depth": 2},
        {"columns": 24, "converters": 4, "fifo_depth": 3, "sample_cycles": 3},
        {"columns": 5, "converters": 5},
        {"columns": 40, "converters": 2, "fifo_depth": 2, "overlap_select": False},
    ],
    ids=str,
)
def test_variable_rate_is_that_of_a_step_by_step_account(fields: dict[str, Any]) -> None:
    p = AdcGroupParameters(**fields, rate="variable", slices=1)
    cycles = np.random.default_rng(SEED).integers(1, 11, (6, p.converters, p.columns_per_adc))
    found = schedule(cycles, p)
    start, done, taken = stepped(cycles, p)
    assert np.array_equal(found.start, start)
    assert np.array_equal(found.done, done)
    assert np.array_equal(found.taken, taken)
    assert np.array_equal(found.plane_start, start[:, :, 0].min(axis=1))


def test_one_converter_takes_the_sum_of_its_conversions() -> None:
    p = AdcGroupParameters(columns=32, rate="variable", sample_cycles=2)
    counts = np.random.default_rng(SEED).integers(0, 256, (8, 1, 32))
    configuration = TrqParameters(r1_bits=3, ratio_log2=2)
    cycles = search(counts, configuration).length
    assert np.array_equal(cycles, convert(counts, configuration).operations)  # none is without comparison
    found = schedule(cycles, p)
    per_plane = (2 + cycles + 1).sum(axis=(1, 2))
    assert np.array_equal(np.diff(found.plane_start), per_plane[:-1])
    assert found.cycles == per_plane.sum()


@pytest.mark.parametrize(("overlap", "slot"), [(True, 12), (False, 13)])
def test_fixed_rate_takes_a_slot_a_column_whatever_the_counts(overlap: bool, slot: int) -> None:
    p = AdcGroupParameters(columns=16, converters=2, overlap_select=overlap)
    assert (p.slots, p.slot_cycles, p.plane_cycles) == (10, slot, 8 * slot)
    found = schedule(np.random.default_rng(SEED).integers(1, 11, (3, 2, 8)), p)
    assert np.array_equal(found.plane_start, np.arange(3) * 8 * slot)
    assert np.array_equal(np.diff(found.taken.reshape(-1)), np.full(23, slot))
    assert found.cycles == 24 * slot


def test_plain_search_needs_as_many_slots_as_bits() -> None:
    p = AdcGroupParameters(search="plain", bits=6, sample_cycles=3)
    assert (p.slots, p.slot_cycles, p.word_bits, p.flagged) == (6, 10, 6, False)
    assert "r1_size" not in register_map(p)


def test_no_planes_take_no_cycles() -> None:
    for rate in ("fixed", "variable"):
        found = schedule(np.zeros((0, 1, 128), np.int64), AdcGroupParameters(rate=rate))
        assert (found.cycles, found.taken.size) == (0, 0)


def test_results_come_columns_innermost_then_input_bits() -> None:
    order = result_order(5, AdcGroupParameters(columns=12, converters=2, slices=3, input_bits=2))
    rows = [(column, column % 3, plane % 2, column == 5, plane % 2 == 1) for plane in range(5) for column in range(6)]
    names = ("column", "slice", "input_bit", "last_column", "last_plane")
    assert list(zip(*(getattr(order, name).tolist() for name in names), strict=True)) == rows


def test_counters_stop_at_their_largest_value() -> None:
    assert counted([3, 4, 5]) == (12, 3)
    assert counted(np.full(3, 1 << 31)) == ((1 << 32) - 1, 3)
    with pytest.raises(ValueError, match="operations must be at least 0, not -1"):
        counted([-1])


def test_register_map_and_what_software_writes() -> None:
    p = AdcGroupParameters(support_base=True)
    fields = register_fields(p.controller)
    places = register_map(p)
    assert [address for address, _ in places.values()] == list(range(len(places)))
    assert {name: width for name, (_, width) in places.items() if name in fields} == fields
    assert list(places)[len(fields) :] == ["control", "status", "total_ops", "total_conversions"]
    configuration = TrqParameters(r1_start=32, r1_bits=3, r1_step_log2=1, ratio_log2=2)
    values = register_values(configuration, p.controller)
    writes = configuration_writes(configuration, p)
    assert writes[:-1] == [(places[name][0], value) for name, value in values.items()]
    assert writes[-1] == (places["control"][0], 1)


def test_a_configuration_that_does_not_fit_is_refused() -> None:
    exact = TrqParameters(r1_bits=3, ratio_log2=0)
    assert exact.worst_operations == 9
    require_slots(exact, AdcGroupParameters(conversion_slots=9))
    require_slots(exact, AdcGroupParameters(rate="variable"))
    with pytest.raises(ValueError, match=r"conversion_slots must be at least 9, the longest search of .*, not 8"):
        configuration_writes(exact, AdcGroupParameters(conversion_slots=8))
    with pytest.raises(ValueError, match="support_base must be True"):
        configuration_writes(TrqParameters(r1_start=64), AdcGroupParameters())
    with pytest.raises(ValueError, match="search must be twin_range for a configuration to load, not 'plain'"):
        configuration_writes(exact, AdcGroupParameters(search="plain"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"columns": 0}, "columns must be between 1 and 4096, not 0"),
        ({"converters": 3}, "converters must divide columns = 128, not be 3"),
        ({"converters": 32}, "slices must divide columns / converters = 4, not be 8"),
        ({"search": "flash"}, "search must be one of twin_range, plain, not 'flash'"),
        ({"bits": 17}, "bits must be between 2 and 16, not 17"),
        ({"sample_cycles": 0}, "sample_cycles must be between 1 and 256, not 0"),
        ({"coding": "packed"}, "coding must be one of aligned, value, not 'packed'"),
        ({"rate": "free"}, "rate must be one of fixed, variable, not 'free'"),
        ({"fifo_depth": 1}, "fifo_depth must be between 2 and 16, not 1"),
        ({"overlap_select": 1}, "overlap_select must be a bool, not 1"),
        ({"input_bits": 0}, "input_bits must be between 1 and 16, not 0"),
        ({"slices": True}, "slices must be an integer, not True"),
        ({"search": "plain", "support_skip": True}, "support_skip must be False with a plain search, not True"),
        ({"search": "plain", "conversion_slots": 7}, "conversion_slots must be between 8 and 18, not 7"),
        ({"conversion_slots": 1}, "conversion_slots must be between 2 and 18, not 1"),
        ({"rate": "variable", "conversion_slots": 9}, "conversion_slots must be none at a variable rate, not 9"),
    ],
)
def test_bad_parameters_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        AdcGroupParameters(**fields)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("cycles", "message"),
    [
        (np.ones((2, 128), np.int64), r"search_cycles must have the shape \(planes, 1, 128\), not \(2, 128\)"),
        (np.zeros((2, 1, 128), np.int64), "search_cycles must be at least 1, not 0"),
        (np.full((2, 1, 128), 11), "search_cycles must be at most 10, not 11"),
        (np.ones((2, 1, 128)), "search_cycles must be integers"),
    ],
)
def test_cycles_that_cannot_be_are_refused(cycles: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        schedule(cycles, AdcGroupParameters())
