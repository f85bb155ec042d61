"""The group of converters with its surroundings in the loop, and its values added up to products."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gen.rtl import elaborate
from gen.vectors.sar_group import group_configurations, skewed_counts
from gen.vectors.sar_parts import Sums
from hdl.sar import AdcGroup, ShiftAdd
from sim_models.nmpu import NmpuParameters, process
from sim_models.sar import AdcGroupParameters, ShiftAddParameters, TrqParameters, convert, product
from sim_models.sar.bit_serial import column_sums, input_planes, stored_weights, weight_slices
from verif import sar_group
from verif.sar_parts import run_sums

SEED = 2402
Integers = NDArray[np.int64]
GROUPS: list[dict[str, Any]] = [
    {"columns": 16, "converters": 2},
    {"columns": 16, "converters": 2, "rate": "variable"},
    {"columns": 16, "converters": 4, "slices": 2, "rate": "variable", "coding": "value", "overlap_select": False},
    {"columns": 12, "converters": 2, "slices": 3, "coding": "value", "support_base": True, "support_after_r1": True},
    {"columns": 12, "slices": 4, "support_skip": True, "overlap_select": False, "rate": "variable", "sample_cycles": 2},
    {"columns": 3, "converters": 3, "slices": 1, "input_bits": 1, "rate": "variable", "fifo_depth": 2},
    {"columns": 24, "converters": 2, "slices": 6, "search": "plain", "sample_cycles": 3},
    {"columns": 24, "converters": 2, "slices": 6, "search": "plain", "rate": "variable"},
    {"columns": 1, "slices": 1, "conversion_slots": 8},
    {"columns": 5, "slices": 5, "bits": 4, "input_bits": 3, "rate": "variable", "coding": "value"},
    {"columns": 4, "converters": 2, "slices": 1, "bits": 12, "conversion_slots": 6, "input_bits": 16},
]


@pytest.mark.parametrize("fields", GROUPS, ids=str)
def test_every_result_its_order_and_its_cycle(fields: dict[str, Any]) -> None:
    p = AdcGroupParameters(**fields)
    rtl, random = elaborate(AdcGroup(parameters=p), "sar_adc_group"), np.random.default_rng(SEED)
    counts = skewed_counts(25, p, random)
    for configuration in group_configurations(p, 3, random):
        traffic = sar_group.full_rate(counts, configuration, p)
        seen = sar_group.run(rtl, p, traffic, SEED)
        results, cycles, bus = sar_group.expected(p, traffic, seen)
        for name, values in results.items():
            assert np.array_equal(seen.results[name], values), name
        assert np.array_equal(seen.cycle, sar_group.expected_cycles(p, traffic, cycles))
        assert seen.bus == bus


@pytest.mark.parametrize("fields", GROUPS, ids=str)
def test_late_planes_slow_consumers_and_new_configurations(fields: dict[str, Any]) -> None:
    p = AdcGroupParameters(**fields)
    rtl, random = elaborate(AdcGroup(parameters=p), "sar_adc_group"), np.random.default_rng(SEED)
    traffic = sar_group.random_traffic(skewed_counts(60, p, random), group_configurations(p, 12, random), p, SEED)
    seen = sar_group.run(rtl, p, traffic, SEED)
    results, _, bus = sar_group.expected(p, traffic, seen)
    for name, values in results.items():
        assert np.array_equal(seen.results[name], values), name
    assert seen.bus == bus
    if p.search == "twin_range":
        assert len(np.unique(seen.loaded)) >= 4
    assert np.diff(seen.cycle).max() > p.slot_cycles  # some had to wait


def test_a_search_longer_than_its_slot_is_reported() -> None:
    """Software must not load such a configuration; if it does, the status tells and the rate stays."""
    p = AdcGroupParameters(columns=2, slices=1, conversion_slots=4)
    rtl = elaborate(AdcGroup(parameters=p), "sar_adc_group")
    built = replace(p, conversion_slots=None)
    long, short = TrqParameters(r1_bits=3, ratio_log2=0), TrqParameters(r1_bits=3, ratio_log2=5)
    counts = np.full((4, 2), 200)
    for configuration, late in ((short, 0), (long, 1)):
        assert (configuration.worst_operations > p.slots) == late
        traffic = sar_group.full_rate(counts, configuration, built)
        seen = sar_group.run(rtl, p, traffic, SEED, checked=built)
        assert seen.bus["status"] == late << 2
        assert np.array_equal(np.diff(seen.cycle), np.full(7, p.slot_cycles))


def small_product(
    configuration: TrqParameters, encoding: str, *, rate: str = "fixed"
) -> tuple[Integers, Integers, ShiftAddParameters]:
    """A small matrix on two converters: sums of its outputs by hardware, (vectors, outputs), and the same by numpy.

    Columns hold the slices of a weight side by side, positive and negative weights on a converter each; of offset
    weights the second converter has the columns of ones. A column's sums go to the accumulator of its output.
    """
    s = ShiftAddParameters(bits=6, input_bits=4, slices=2, cell_bits=2, signed_inputs=True, encoding=encoding)
    random = np.random.default_rng(SEED)
    outputs, vectors = 6, 5
    half = 8
    weights = (
        random.integers(-15, 16, (20, outputs))
        if encoding == "differential"
        else random.integers(-half, half, (20, outputs))
    )
    inputs = random.integers(-8, 8, (vectors, 20))
    inputs[random.random(inputs.shape) < 0.4] = 0
    planes = input_planes(inputs, s)
    columns = [column_sums(planes, weight_slices(each, s)) for each in stored_weights(weights, s)]
    if encoding == "offset":  # the columns of ones, as many as there are others
        ones = planes.sum(axis=1)[:, np.newaxis, :, np.newaxis]
        columns.append(np.broadcast_to(ones, columns[0].shape))
    # (vectors, outputs, input bits, slices) of each converter to planes of columns.
    both = np.stack([each.transpose(0, 2, 1, 3).reshape(vectors * 4, -1) for each in columns], axis=1)
    counts = np.minimum(both.reshape(len(both), -1), 63)
    p = AdcGroupParameters(
        columns=2 * outputs * 2, converters=2, bits=6, coding="value", rate=rate, input_bits=4, slices=2
    )
    rtl = elaborate(AdcGroup(parameters=p), "sar_adc_group")
    found = sar_group.run(rtl, p, sar_group.full_rate(counts, configuration, p), SEED).results
    sums = accumulated(s, found, vectors, outputs)
    if encoding == "differential":
        exact = product(inputs, weights, s, configuration).values
    else:
        # The offset is removed as the converter measured it.
        ones = convert(np.minimum(planes.sum(axis=1), 63), configuration).value
        first = convert(np.minimum(columns[0], 63), configuration).value
        signs = np.array([1, 2, 4, -8])
        exact = (first * np.array([1, 4])).sum(axis=-1) @ signs - 8 * (ones @ signs)[:, np.newaxis]
    return sums, exact, s


def accumulated(s: ShiftAddParameters, found: dict[str, Integers], vectors: int, outputs: int) -> Integers:
    """The stream of a group, (planes * columns) results of two converters, through an accumulator an output."""
    rtl = elaborate(ShiftAdd(parameters=s), "sar_shift_add")
    words = found["words"].reshape(vectors, s.input_bits, outputs, s.slices, 2)
    places = {name: found[name].reshape(vectors, s.input_bits, outputs, s.slices) for name in ("input_bit", "slice")}
    result = np.zeros((vectors, outputs), np.int64)
    for output in range(outputs):
        fields: dict[str, list[Integers]] = {name: [] for name in ("value", "input_bit", "slice", "subtract", "last")}
        for vector in range(vectors):
            first = words[vector, :, output, :, 0].ravel()
            place = {name: values[vector, :, output].ravel() for name, values in places.items()}
            second = words[vector, :, output, :, 1].ravel()
            kept = np.ones(len(second), bool)
            if s.encoding == "offset":  # of the columns of ones, those at the highest slice, twice
                kept = place["slice"] == s.slices - 1
            many = 2 if s.encoding == "offset" else 1
            fields["value"] += [first, *[second[kept]] * many]
            for name in ("input_bit", "slice"):
                fields[name] += [place[name], *[place[name][kept]] * many]
            count = len(first) + many * int(kept.sum())
            fields["subtract"].append((np.arange(count) >= len(first)).astype(np.int64))
            fields["last"].append((np.arange(count) == count - 1).astype(np.int64))
        sums = Sums(
            values={name: np.concatenate(each) for name, each in fields.items()}, sums=np.zeros(vectors, np.int64)
        )
        always = np.ones(1, bool)
        result[:, output] = run_sums(rtl, s, sums, valid=always, ready=always, seed=SEED)["sums"]
    return result


@pytest.mark.parametrize("rate", ["fixed", "variable"])
@pytest.mark.parametrize("encoding", ["differential", "offset"])
def test_group_and_accumulators_give_integer_products_where_nothing_is_lost(encoding: str, rate: str) -> None:
    lossless = TrqParameters(bits=6, r1_bits=3, ratio_log2=0)
    sums, exact, _ = small_product(lossless, encoding, rate=rate)
    random = np.random.default_rng(SEED)
    low, high = (-15, 16) if encoding == "differential" else (-8, 8)
    weights, inputs = random.integers(low, high, (20, 6)), random.integers(-8, 8, (5, 20))
    inputs[random.random(inputs.shape) < 0.4] = 0
    assert np.array_equal(sums, inputs @ weights)
    assert np.array_equal(sums, exact)


@pytest.mark.parametrize("encoding", ["differential", "offset"])
def test_group_and_accumulators_give_the_golden_sums_where_something_is_lost(encoding: str) -> None:
    lossless = TrqParameters(bits=6, r1_bits=3, ratio_log2=0)
    lossy = TrqParameters(bits=6, r1_bits=2, ratio_log2=3)
    sums, golden, _ = small_product(lossy, encoding)
    assert np.array_equal(sums, golden)
    assert not np.array_equal(sums, small_product(lossless, encoding)[0])


def test_accumulators_feed_the_nmpu() -> None:
    """bitline's own composition, of two papers with different hosts: positive and negative sums, cut to 10 bits."""
    s = ShiftAddParameters(bits=6, input_bits=6, slices=4)
    random = np.random.default_rng(SEED)
    weights, inputs = random.integers(-15, 16, (40, 8)), random.integers(0, 64, (3, 40))
    planes = input_planes(inputs, s)
    group = AdcGroupParameters(columns=64, converters=2, bits=6, coding="value", input_bits=6, slices=4)
    configuration = TrqParameters(bits=6, r1_bits=3, ratio_log2=1)
    exact = [column_sums(planes, weight_slices(each, s)) for each in stored_weights(weights, s)]
    counts = np.stack([each.transpose(0, 2, 1, 3).reshape(18, -1) for each in exact], axis=1).reshape(18, -1)
    rtl = elaborate(AdcGroup(parameters=group), "sar_adc_group")
    found = sar_group.run(rtl, group, sar_group.full_rate(counts, configuration, group), SEED).results
    sides = []
    for converter in range(2):
        one = {**found, "words": np.stack([found["words"][:, converter], np.zeros(len(found["words"]), int)], axis=1)}
        sides.append(accumulated(s, one, 3, 8))
    golden = [
        (convert(each, configuration).value * (1 << np.arange(4))).sum(axis=-1) @ (1 << np.arange(6)) for each in exact
    ]
    assert np.array_equal(sides, golden)
    cut = s.accumulator_width - 1 - 10
    assert cut > 0
    nmpu = NmpuParameters()
    given = [side >> cut for side in sides]
    assert max(side.max() for side in given) < 1 << 10
    activations = process(*given, 1 << 7, 1 << 7, 0, nmpu.shift_min, False, nmpu)
    expected = process(*[side >> cut for side in golden], 1 << 7, 1 << 7, 0, nmpu.shift_min, False, nmpu)
    assert np.array_equal(activations, expected)
    assert len(np.unique(activations)) > 4


def test_bad_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="converters must divide columns = 10, not be 4"):
        AdcGroupParameters(columns=10, converters=4, slices=1)
