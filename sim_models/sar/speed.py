"""Conversions a second of the golden model, beside numpy's own indexing."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim_models.arith.checking import require_integer
from sim_models.fastest import fastest
from sim_models.sar.bulk import convert_bulk
from sim_models.sar.convert import Converter, transfer


@dataclass(frozen=True, kw_only=True)
class ConversionRates:
    """Conversions a second: ``bulk`` of `convert_bulk`, ``numpy`` of indexing the same four tables on one core."""

    bulk: float
    numpy: float


def conversion_rates(
    parameters: Converter, *, conversions: int = 20_000_000, threads: int = 2, repeats: int = 3
) -> ConversionRates:
    """Rates for seeded uniform counts, the fastest of ``repeats`` runs each, in one process and after a first run.

    Raises ValueError for conversions, threads or repeats below 1.
    """
    require_integer("conversions", conversions, 1)
    require_integer("repeats", repeats, 1)
    kind = np.uint8 if parameters.bits <= 8 else np.uint16
    counts = np.random.default_rng(1).integers(0, parameters.maximum, conversions, kind, endpoint=True)
    made = transfer(parameters)
    tables = (made.code.astype(kind), made.in_r1, made.operations.astype(np.uint8), made.value.astype(kind))
    bulk = _warm(lambda: convert_bulk(counts, parameters, threads=threads), repeats)
    plain = _warm(lambda: [table[counts] for table in tables], repeats)
    return ConversionRates(bulk=conversions / bulk, numpy=conversions / plain)


def _warm(job: Callable[[], object], repeats: int) -> float:
    """Seconds of the fastest of ``repeats`` runs, after one that is not counted."""
    job()
    return fastest(job, repeats)
