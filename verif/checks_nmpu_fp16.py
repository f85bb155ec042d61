"""Batch checks of the half-precision unit and of its lane."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from sim_models.nmpu import LdpuParameters, half_words, ldpu_process
from verif.batch import simulate
from verif.checks_form import require_equal
from verif.nmpu_fp16 import configuration, joined, results, run_lane, tiles

_LANE_ORDER = ("count_p", "count_n", "slope_p", "slope_n", "addend", "relu")
_HALVES = (0x0000, 0x0001, 0x03FF, 0x0400, 0x3C00, 0x7BFF, 0x7C00, 0x7E00)  # zero to infinity, NaN


def check_lane(rtl: Rtl, parameters: LdpuParameters, vectors: int, seed: int) -> int:
    """Counts, slopes and addends through one lane."""
    random = np.random.default_rng(seed)
    operands = _fp16_operands(random, parameters, (vectors,))
    operands |= {"addend": operands.pop("offset"), "relu": random.integers(0, 2, vectors)}
    ordered: list[Any] = [*(operands[name] for name in _LANE_ORDER), parameters]
    result = ldpu_process(*ordered)
    expected = {"value": result.value, "out_data": result.output, "invalid": result.invalid.astype(np.int64)}
    return require_equal(run_lane(rtl, operands), expected, seed)


def check_ldpu(rtl: Rtl, parameters: LdpuParameters, vectors: int, seed: int) -> int:
    """Tiles through the unit. Raises ValueError for capture 'serial'."""
    if parameters.capture == "serial":
        raise ValueError("capture must be 'parallel' for the batch check of nmpu_fp16, not 'serial'")
    random = np.random.default_rng(seed)
    rows = max(1, vectors // parameters.columns)
    operands = _fp16_operands(random, parameters, (rows, parameters.columns))
    relu = random.integers(0, 2, rows)
    words = np.stack([operands[name] for name in ("slope_p", "slope_n", "offset")])
    program = joined([configuration(words), tiles(parameters, operands["count_p"], operands["count_n"], relu=relu)])
    data, invalid = results(parameters, simulate(rtl, program))
    ordered: list[Any] = [operands["count_p"], operands["count_n"], *words, relu[:, None], parameters]
    expected = ldpu_process(*ordered)
    got = {"out_data": data, "invalid": invalid}
    return require_equal(got, {"out_data": expected.output, "invalid": expected.invalid.astype(np.int64)}, seed)


def _fp16_operands(random: np.random.Generator, parameters: LdpuParameters, shape: tuple[int, ...]) -> dict[str, Any]:
    """Random counts and words; in some columns the two products all but cancel."""
    columns = shape[-1]
    count_p, count_n = random.integers(0, 1 << parameters.count_bits, (2, *shape))
    ranges = {"slope_p": (0, 0.4), "slope_n": (0, 0.4), "offset": (-60, 60)}
    words = {name: _fp16_words(random, limits, columns) for name, limits in ranges.items()}
    near = random.random(columns) < 1 / 8
    count_n = np.where(near, count_p, count_n)
    words["slope_n"] = np.where(near, words["slope_p"] ^ random.integers(0, 4, columns), words["slope_n"])
    return {"count_p": count_p, "count_n": count_n, **words}


def _fp16_words(random: np.random.Generator, limits: tuple[float, float], count: int) -> NDArray[np.int64]:
    """Values within ``limits``; any words; words with one fraction bit, for ties; limits of the format."""
    anything = random.integers(0, 1 << 16, count)
    sparse = anything & (0xFC00 | 1 << random.integers(0, 10, count))
    special = random.choice(_HALVES, count) | random.integers(0, 2, count) << 15
    kinds = [half_words(random.uniform(*limits, count)), anything, sparse, special]
    return np.choose(random.integers(0, len(kinds), count), kinds)
