"""Vectors for a group of converters that columns share: planes of counts, configurations, results of each with each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.vectors.sar_configurations import random_configurations
from sim_models.arith.widths import index_bits
from sim_models.sar import (
    AdcGroupParameters,
    SarParameters,
    TrqParameters,
    configuration_writes,
    convert,
    counted,
    register_map,
    result_order,
    schedule,
    search,
)

SEED = 2402
_CONFIGURATIONS = 3
_CONVERSIONS = 400
_MOST_PLANES = 10

Configuration = SarParameters | TrqParameters
Integers = NDArray[np.int64]


def group_configurations(
    parameters: AdcGroupParameters, count: int, random: np.random.Generator
) -> Sequence[Configuration]:
    """Any that the group can run; of a plain search, ``count`` times the one there is."""
    if parameters.search == "plain":
        return [parameters.plain_controller] * count
    slots = parameters.slots if parameters.rate == "fixed" else None
    return random_configurations(parameters.controller, count, random, slots=slots)


def skewed_counts(planes: int, parameters: AdcGroupParameters, random: np.random.Generator) -> Integers:
    """Counts of all columns (planes, columns): half of them small, as most are in use."""
    p = parameters
    counts = random.integers(0, 1 << p.bits, (planes, p.columns))
    return np.where(random.random(counts.shape) < 1 / 2, counts >> p.bits // 2, counts)


def group_vectors(parameters: AdcGroupParameters) -> dict[str, Any]:
    """The same planes with each of a few configurations: results, cycles at full rate, counters."""
    p, random = parameters, np.random.default_rng(SEED)
    planes = min(_MOST_PLANES, max(3, _CONVERSIONS // p.columns_per_adc))
    counts = skewed_counts(planes, p, random)
    order = result_order(2 * planes + 4, p)
    return {
        "bits": p.bits,
        "converters": p.converters,
        "columns_per_adc": p.columns_per_adc,
        "sample_cycles": p.sample_cycles,
        "select_cycles": 1 + (not p.overlap_select),
        "slot_cycles": p.slot_cycles,
        "word_bits": p.word_bits,
        "counts": counts.tolist(),
        "order": [
            [int(each) for each in row]
            for row in zip(order.column, order.slice, order.input_bit, order.last_column, order.last_plane, strict=True)
        ],
        "order_widths": [index_bits(many) for many in (p.columns_per_adc, p.slices, p.input_bits, 2, 2)],
        "addresses": {name: address for name, (address, _) in register_map(p).items()},
        "configurations": [_configured(each, counts, p) for each in group_configurations(p, _CONFIGURATIONS, random)],
    }


def _configured(configuration: Configuration, counts: Integers, p: AdcGroupParameters) -> dict[str, Any]:
    """Writes that load it (without the commit), and what all planes give."""
    writes = configuration_writes(configuration, p)[:-1] if isinstance(configuration, TrqParameters) else []
    words, cycles, operations = converted(configuration, counts, p)
    return {
        "writes": writes,
        "words": words.tolist(),
        "cycles": schedule(cycles, p).taken.reshape(-1).tolist(),
        "operations": counted(operations)[0],
    }


def converted(
    configuration: Configuration, counts: Integers, parameters: AdcGroupParameters
) -> tuple[Integers, Integers, Integers]:
    """Results of ``counts`` (planes, columns) in their order, (planes * columns_per_adc, converters); cycles of the
    searches and operations, (planes, converters, columns_per_adc).
    """
    p = parameters
    by_lane = counts.reshape(-1, p.converters, p.columns_per_adc)
    found = convert(by_lane, configuration)
    words = found.code | (~found.in_r1).astype(np.int64) << p.bits if p.flagged else found.value
    in_order = words.transpose(0, 2, 1).reshape(-1, p.converters)
    return in_order, search(by_lane, configuration).length, found.operations
