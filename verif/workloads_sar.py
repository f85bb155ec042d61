"""Workloads of converters' digital parts: conversions at full rate, of given counts or of drawn ones; codes; sums."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gen.catalog import find
from gen.vectors.sar_group import skewed_counts
from gen.vectors.sar_parts import Sums, decoded, random_sums, value_words
from sim_models.sar import (
    AdcGroupParameters,
    SarParameters,
    ShiftAddParameters,
    TrqControllerParameters,
    TrqDecoderParameters,
    TrqParameters,
)
from verif import sar, sar_group, sar_twin_range
from verif.checks_form import require_equal
from verif.sar_twin_range_conversions import conversions
from verif.workloads_form import SEED, Workload

CONVERSIONS = 200
VALUES = 2000
_ROWS = 128
_SHARE_OF_ONES = 0.125


def convert(parameters: SarParameters) -> Workload:
    """Conversions of inputs about the middle of the range."""
    middle = (parameters.maximum + 1) / 2
    drawn = np.random.default_rng(SEED).normal(middle, middle / 4, CONVERSIONS)
    return plain_conversions(parameters, np.clip(np.rint(drawn), 0, parameters.maximum).astype(np.int64))


def find_range_and_convert(parameters: TrqControllerParameters) -> Workload:
    """Conversions of sums of 128 rows, mostly 0, by a configuration whose R1 holds most of them."""
    rows = np.random.default_rng(SEED).binomial(_ROWS, _SHARE_OF_ONES, CONVERSIONS)
    counts = np.minimum(rows, parameters.maximum)
    return twin_range_conversions(parameters, [_halved(parameters.bits)], np.zeros_like(counts), counts)


def decode(parameters: TrqDecoderParameters) -> Workload:
    """The codes of all counts by one configuration, in random order."""
    inputs, outputs = decoded(parameters, [_halved(parameters.bits)], 1 << parameters.bits, SEED)
    order = np.random.default_rng(SEED).permutation(1 << parameters.bits)
    values = {name: words[order] for name, words in outputs.items()}
    return Workload(
        action="one code",
        operations=len(order) - 1,
        window=slice(1, len(order)),
        inputs={name: words[order] for name, words in inputs.items()},
        check=lambda got: require_equal(got, values, SEED),
    )


def shift_and_add(parameters: ShiftAddParameters) -> Workload:
    """Sums of random values, a value in every cycle."""
    sums = random_sums(parameters, VALUES, SEED)
    last = sums.values["last"]
    words = _running(parameters, sums) & (1 << parameters.accumulator_width) - 1
    return Workload(
        action="one value",
        operations=len(last) - 1,
        window=slice(1, len(last)),
        inputs={"values__payload": value_words(parameters, sums), "values__valid": 1, "sums__ready": 1},
        # The accumulator shows a value in the cycle after it.
        check=lambda got: require_equal(
            {"valid": got["sums__valid"][1:], "sum": got["sums__payload"][1:]},
            {"valid": last[:-1], "sum": words[:-1]},
            SEED,
        ),
    )


def _running(parameters: ShiftAddParameters, sums: Sums) -> NDArray[np.int64]:
    """What has come so far of the sum that each value belongs to, the value included."""
    own = sums.values
    shifted = own["value"] << own["input_bit"] + parameters.cell_bits * own["slice"]
    total = np.cumsum(np.where(own["subtract"] == 1, -shifted, shifted))
    before = np.concatenate([[0], total[own["last"] == 1]])
    return total - before[np.cumsum(own["last"]) - own["last"]]


def share_converters(parameters: AdcGroupParameters) -> Workload:
    """Planes of columns that hold small counts for the most part, one after the other, by one configuration.

    The comparators' answers are those of ideal converters around the generated group.
    """
    p, random = parameters, np.random.default_rng(SEED)
    counts = skewed_counts(2 + CONVERSIONS // p.columns, p, random)
    configuration = p.plain_controller if p.search == "plain" else _halved(p.bits)
    traffic = sar_group.full_rate(counts, configuration, p)
    recorded = sar_group.record_full_rate(find("sar_adc_group").elaborate(p), p, traffic, SEED)
    results, _, _ = sar_group.expected(p, traffic, _all_by_the_first(recorded, len(counts)))
    first, last = int(recorded.cycle[0]), int(recorded.cycle[-1])
    return Workload(
        action="one conversion",
        operations=(len(recorded.cycle) - 1) * p.converters,
        window=slice(first, last),
        inputs=recorded.inputs,
        check=lambda got: require_equal(recorded.shown(p, got), {**recorded.expected, **results}, SEED),
    )


def _all_by_the_first(recorded: sar_group.Recorded, planes: int) -> sar_group.GroupRun:
    loaded = np.zeros(planes, np.int64)
    return sar_group.GroupRun(loaded=loaded, waiting=0, results=recorded.results, cycle=recorded.cycle, bus={})


def _halved(bits: int) -> TrqParameters:
    """A configuration whose R1 has half of the bits."""
    return TrqParameters(bits=bits, r1_bits=bits // 2, ratio_log2=bits // 2 - 1)


def plain_conversions(parameters: SarParameters, counts: NDArray[np.int64]) -> Workload:
    """Conversions of ``counts``, each starting in the cycle of done of the one before."""
    schedule = sar.full_rate(counts, parameters)
    return Workload(
        action="one conversion",
        operations=len(counts),
        window=slice(1, 1 + len(counts) * parameters.latency),
        inputs=sar.inputs(parameters, schedule, SEED),
        check=lambda got: require_equal(sar.shown(parameters, schedule, got), sar.expected(parameters, schedule), SEED),
    )


def twin_range_conversions(
    parameters: TrqControllerParameters,
    configurations: Sequence[TrqParameters],
    which: ArrayLike,
    counts: ArrayLike,
) -> Workload:
    """Conversions of ``counts``, each by the configuration whose index is in ``which``, in the same way."""
    converted = conversions(parameters, configurations, which, counts)
    schedule = sar_twin_range.full_rate(converted)
    expected = sar_twin_range.expected(converted, schedule)
    inputs = sar_twin_range.inputs(converted, schedule, SEED)
    higher = np.asarray(inputs["count"], np.int64) >= expected["dac"]
    answers = np.where(expected["comparator_enable"], higher, inputs["idle_cmp"])
    return Workload(
        action="one conversion",
        operations=len(converted.counts),
        window=slice(1, 1 + int(converted.latency.sum())),
        inputs={"start": inputs["start"], "registers": inputs["registers"], "cmp": answers},
        check=lambda got: require_equal(sar_twin_range.shown(converted, schedule, got), expected, SEED),
    )
