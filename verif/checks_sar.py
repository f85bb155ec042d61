"""Batch checks of converters' digital parts."""

from collections.abc import Mapping

import numpy as np

from gen.rtl import Rtl
from gen.vectors.sar_configurations import random_configurations
from gen.vectors.sar_group import group_configurations, skewed_counts
from gen.vectors.sar_parts import decoded, random_sums
from sim_models.sar import (
    AdcGroupParameters,
    SarParameters,
    ShiftAddParameters,
    TrqControllerParameters,
    TrqDecoderParameters,
)
from verif import sar, sar_group, sar_parts, sar_twin_range
from verif.batch import simulate
from verif.checks_form import require_equal
from verif.sar_twin_range_conversions import conversions, counts_around, legal_configurations

_CONFIGURATIONS = 200


def check_controller(rtl: Rtl, parameters: SarParameters, vectors: int, seed: int) -> int:
    """Counts through the plain controller, at full rate and disturbed."""
    counts = np.random.default_rng(seed).permutation(parameters.maximum + 1)[:vectors]
    compared = 0
    for schedule in (sar.full_rate(counts, parameters), sar.disturbed(counts, parameters, seed)):
        compared += require_equal(sar.run(rtl, parameters, schedule, seed), sar.expected(parameters, schedule), seed)
    return compared


def check_twin_range(rtl: Rtl, parameters: TrqControllerParameters, vectors: int, seed: int) -> int:
    """Counts by random configurations, at full rate and disturbed."""
    random = np.random.default_rng(seed)
    number = max(1, min(_CONFIGURATIONS, vectors // 8))
    configurations = random_configurations(parameters, number, random)
    # The random ones have small steps of R1, as in use; these have any.
    legal = legal_configurations(parameters)
    configurations += [legal[place] for place in random.integers(0, len(legal), number)]
    which = random.integers(0, len(configurations), vectors)
    counts = counts_around([configurations[place] for place in which], random)
    converted = conversions(parameters, configurations, which, counts)
    compared = 0
    for schedule in (sar_twin_range.full_rate(converted), sar_twin_range.disturbed(converted, seed)):
        seen = sar_twin_range.run(rtl, converted, schedule, seed)
        compared += require_equal(seen, sar_twin_range.expected(converted, schedule), seed)
    return compared


def check_decoder(rtl: Rtl, parameters: TrqDecoderParameters, vectors: int, seed: int) -> int:
    """Codes of every legal configuration with R1 at 0, and of some others."""
    configurations = sar_parts.decoder_configurations(parameters, seed)
    inputs, outputs = decoded(parameters, configurations, vectors, seed)
    return require_equal(simulate(rtl, inputs), outputs, seed)


def check_shift_add(rtl: Rtl, parameters: ShiftAddParameters, vectors: int, seed: int) -> int:
    """Sums at full rate, where their cycles count too, and with pauses."""
    sums = random_sums(parameters, vectors // 2, seed)
    always = np.ones(1, bool)
    got = sar_parts.run_sums(rtl, parameters, sums, valid=always, ready=always, seed=seed)
    compared = require_equal(got, {"sums": sums.sums, "cycle": np.flatnonzero(sums.values["last"]) + 1}, seed)
    random = np.random.default_rng(seed)
    valid, ready = random.random(997) < 1 / 2, random.random(1009) < 1 / 4
    got = sar_parts.run_sums(rtl, parameters, sums, valid=valid, ready=ready, seed=seed)
    return compared + require_equal(got, {"sums": sums.sums}, seed)


def check_group(rtl: Rtl, parameters: AdcGroupParameters, vectors: int, seed: int) -> int:
    """Planes by one configuration each at full rate, where their cycles count too, and in random traffic."""
    p, random = parameters, np.random.default_rng(seed)
    counts = skewed_counts(max(2, vectors // 3 // p.columns), p, random)
    configurations = group_configurations(p, 2 + min(40, len(counts) // 2), random)
    compared = 0
    for each in configurations[:2]:
        traffic = sar_group.full_rate(counts, each, p)
        seen = sar_group.run(rtl, p, traffic, seed)
        results, cycles, bus = sar_group.expected(p, traffic, seen)
        timed = {"cycle": sar_group.expected_cycles(p, traffic, cycles)}
        compared += require_equal({**seen.results, "cycle": seen.cycle}, {**results, **timed}, seed)
        _require_same_bus(seen.bus, bus, seed)
    traffic = sar_group.random_traffic(counts, configurations, p, seed)
    seen = sar_group.run(rtl, p, traffic, seed)
    results, _, bus = sar_group.expected(p, traffic, seen)
    _require_same_bus(seen.bus, bus, seed)
    return compared + require_equal(seen.results, results, seed)


def _require_same_bus(got: Mapping[str, int], expected: Mapping[str, int], seed: int) -> None:
    """AssertionError where registers show something else, or a strobe was illegal."""
    if got != expected:
        raise AssertionError(f"bus: expected {dict(expected)}, got {dict(got)} (seed {seed})")
