"""Vectors for the successive approximation controller: counts, the codes they give, the words compared with."""

from typing import Any

import numpy as np

from sim_models.sar import SarParameters, convert, trials

SEED = 2402
COUNT = 300


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
