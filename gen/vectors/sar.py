"""Vectors for the successive approximation controllers: counts, the codes they give, the words compared with."""

from typing import Any

import numpy as np

from gen.vectors.sar_configurations import random_configurations
from sim_models.sar import SarParameters, TrqControllerParameters, TrqParameters, convert, register_word, search, trials

SEED = 2402
COUNT = 300
CONFIGURATIONS, PER_CONFIGURATION = 30, 10


def sar_controller_vectors(parameters: SarParameters) -> dict[str, Any]:
    """Every count if there are few, else the extremes, the powers of two with their neighbours, and random ones."""
    p = parameters
    counts = np.arange(p.maximum + 1)
    if len(counts) > COUNT:
        powers = 1 << np.arange(p.bits)
        random = np.random.default_rng(SEED).integers(0, p.maximum, COUNT, endpoint=True)
        counts = np.unique(np.concatenate([[0, p.maximum], powers - 1, powers, random]))
    counts = np.random.default_rng(SEED).permutation(counts)
    converted = convert(counts, p)
    return {
        "bits": p.bits,
        "sample_cycles": p.sample_cycles,
        "latency": p.latency,
        "counts": counts.tolist(),
        "codes": converted.code.tolist(),
        "operations": converted.operations.tolist(),
        "trials": trials(counts, p).tolist(),
    }


def twin_range_vectors(parameters: TrqControllerParameters) -> dict[str, Any]:
    """Random configurations, with counts around their ranges and random ones: consecutive conversions differ in both.

    A conversion has its count, the registers' word, the words on the DAC, where they were compared, and the results.
    """
    p = parameters
    random = np.random.default_rng(SEED)
    drawn = [
        (configuration, count)
        for configuration in random_configurations(p, CONFIGURATIONS, random)
        for count in _around_ranges(configuration, random)
    ]
    order = random.permutation(len(drawn))
    return {
        "bits": p.bits,
        "sample_cycles": p.sample_cycles,
        "options": [name for name in ("base", "after_r1", "skip") if getattr(p, f"support_{name}")],
        "conversions": [_conversion(p, *drawn[index]) for index in order],
    }


def _around_ranges(configuration: TrqParameters, random: np.random.Generator) -> list[int]:
    start, end, most = configuration.r1_start, configuration.r1_end, configuration.maximum
    edges = [0, start - 1, start, end - 1, end, 2 * end - 1, most]
    anywhere = random.integers(0, most, PER_CONFIGURATION - len(edges), endpoint=True).tolist()
    return [min(max(count, 0), most) for count in [*edges, *anywhere]]


def _conversion(controller: TrqControllerParameters, configuration: TrqParameters, count: int) -> dict[str, Any]:
    walk, result = search(count, configuration), convert(count, configuration)
    cycles = int(walk.length)
    return {
        "count": count,
        "registers": register_word(configuration, controller),
        "words": walk.words[:cycles].tolist(),
        "compared": walk.compared[:cycles].astype(int).tolist(),
        "code": int(result.code),
        "flag": int(not result.in_r1),
        "operations": int(result.operations),
        "below_r1": count < configuration.r1_start,
    }
