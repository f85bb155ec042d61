"""One batch check a design: random and corner vectors through the hardware, compared with the golden model bit for bit.

The same check runs on the generated Verilog and on a netlist in its place.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.catalog import Design
from gen.floats import ConversionParameters, FloatParameters
from gen.rtl import Rtl
from gen.vectors import daism as daism_vectors
from gen.vectors import floats as float_vectors
from gen.vectors.integers import integer_multiply_vectors, multiply_accumulate_vectors
from gen.vectors.sar_configurations import random_configurations
from gen.vectors.sar_group import group_configurations, skewed_counts
from gen.vectors.sar_parts import decoded, random_sums
from sim_models.arith import MultiplyParameters
from sim_models.daism import DaismParameters
from sim_models.daism.accelerator import AcceleratorParameters
from sim_models.nmpu import LdpuParameters, NmpuParameters, half_words, ldpu_process
from sim_models.sar import (
    AdcGroupParameters,
    SarParameters,
    ShiftAddParameters,
    TrqControllerParameters,
    TrqDecoderParameters,
)
from verif import sar, sar_group, sar_parts, sar_twin_range
from verif.batch import simulate
from verif.daism_accelerator import accelerator_work
from verif.daism_bank import bank_work, lane_work
from verif.integers import as_integers, run_vectors
from verif.nmpu import golden, random_groups, run_array, run_unit
from verif.nmpu_fp16 import configuration, joined, results, run_lane, tiles
from verif.nmpu_traffic import array_under_traffic, random_traffic, unit_under_traffic

_CONFIGURATIONS = 200

Check = Callable[[Rtl, Any, int, int], int]
"""Takes the hardware, its parameters, about how many vectors, a seed; returns how many results were compared."""


def batch_check(design: Design) -> Check:
    """The check of ``design``."""
    return _CHECKS[design.name]


def require_equal(got: Mapping[str, NDArray[Any]], expected: Mapping[str, NDArray[Any]], seed: int) -> int:
    """Number of equal results; AssertionError shows the first that is not, its place, and the seed."""
    for name, values in expected.items():
        if got[name].shape != values.shape:
            raise AssertionError(f"{name}: expected shape {values.shape}, got {got[name].shape} (seed {seed})")
        wrong = np.argwhere(got[name] != values)
        if len(wrong):
            place = tuple(int(index) for index in wrong[0])
            message = f"{name}{list(place)}: expected {values[place]}, got {got[name][place]}"
            raise AssertionError(f"{len(wrong)} of {values.size} results differ, first {message} (seed {seed})")
    return sum(values.size for values in expected.values())


def _check_unit(rtl: Rtl, parameters: NmpuParameters, vectors: int, seed: int) -> int:
    if parameters.storage == "external":
        raise ValueError("storage must be 'flop' for the batch check of nmpu_unit, not 'external'")
    tiles_per_sum = 3 if parameters.accumulates else 1
    # Half of the vectors at full rate, half in traffic that disturbs whatever can be disturbed.
    count = max(1, vectors // 2 // parameters.columns_per_unit // tiles_per_sum) * tiles_per_sum
    groups = random_groups(parameters, count, parameters.columns_per_unit, seed, tiles=tiles_per_sum)
    compared = require_equal(vars(run_unit(rtl, parameters, groups)), vars(golden(groups, parameters)), seed)
    traffic = random_traffic(parameters, count, seed, tiles=tiles_per_sum)
    return compared + require_equal(*unit_under_traffic(rtl, parameters, traffic), seed)


def _check_array(rtl: Rtl, parameters: NmpuParameters, vectors: int, seed: int) -> int:
    if parameters.storage == "external" or parameters.accumulates:
        raise ValueError("storage must be 'flop' and partial_sum 'none' for the batch check of nmpu")
    count = max(1, vectors // 2 // parameters.columns)
    drawn = random_groups(parameters, count, parameters.columns, seed)
    words = ("scale_positive", "scale_negative", "offset")
    shared = {name: getattr(drawn, name)[:1] for name in words if getattr(drawn, name) is not None}
    groups = replace(drawn, **shared)
    run, _ = run_array(rtl, parameters, groups)
    compared = require_equal(vars(run), vars(golden(groups, parameters)), seed)
    traffic = random_traffic(parameters, count, seed, array=True)
    return compared + require_equal(*array_under_traffic(rtl, parameters, traffic), seed)


def _check_lane(rtl: Rtl, parameters: LdpuParameters, vectors: int, seed: int) -> int:
    random = np.random.default_rng(seed)
    operands = _fp16_operands(random, parameters, (vectors,))
    operands |= {"addend": operands.pop("offset"), "relu": random.integers(0, 2, vectors)}
    ordered: list[Any] = [*(operands[name] for name in _LANE_ORDER), parameters]
    result = ldpu_process(*ordered)
    expected = {"value": result.value, "out_data": result.output, "invalid": result.invalid.astype(np.int64)}
    return require_equal(run_lane(rtl, operands), expected, seed)


_LANE_ORDER = ("count_p", "count_n", "slope_p", "slope_n", "addend", "relu")


_HALVES = (0x0000, 0x0001, 0x03FF, 0x0400, 0x3C00, 0x7BFF, 0x7C00, 0x7E00)  # zero to infinity, NaN


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


def _check_ldpu(rtl: Rtl, parameters: LdpuParameters, vectors: int, seed: int) -> int:
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


def _check_combinational(vectors_of: Callable[..., dict[str, Any]]) -> Check:
    def check(rtl: Rtl, parameters: FloatParameters | ConversionParameters, vectors: int, seed: int) -> int:
        drawn = vectors_of(parameters, count=vectors, seed=seed)
        inputs = {name: np.array(words, np.int64) for name, words in drawn["inputs"].items()}
        outputs = {name: np.array(words, np.int64) for name, words in drawn["outputs"].items()}
        return require_equal(simulate(rtl, inputs), outputs, seed)

    return check


def _check_integers(vectors_of: Callable[..., dict[str, Any]], latency: int) -> Check:
    def check(rtl: Rtl, parameters: MultiplyParameters, vectors: int, seed: int) -> int:
        drawn = vectors_of(parameters, count=vectors, seed=seed)
        widths = {port.name: port.width for port in rtl.ports}
        expected = {name: as_integers(words, widths[name]) for name, words in drawn["outputs"].items()}
        return require_equal(run_vectors(rtl, drawn["inputs"], latency=latency), expected, seed)

    return check


def _check_sar(rtl: Rtl, parameters: SarParameters, vectors: int, seed: int) -> int:
    counts = np.random.default_rng(seed).permutation(parameters.maximum + 1)[:vectors]
    compared = 0
    for schedule in (sar.full_rate(counts, parameters), sar.disturbed(counts, parameters, seed)):
        compared += require_equal(sar.run(rtl, parameters, schedule, seed), sar.expected(parameters, schedule), seed)
    return compared


def _check_sar_twin_range(rtl: Rtl, parameters: TrqControllerParameters, vectors: int, seed: int) -> int:
    random = np.random.default_rng(seed)
    number = max(1, min(_CONFIGURATIONS, vectors // 8))
    configurations = random_configurations(parameters, number, random)
    # The random ones have small steps of R1, as in use; these have any.
    legal = sar_twin_range.legal_configurations(parameters)
    configurations += [legal[place] for place in random.integers(0, len(legal), number)]
    which = random.integers(0, len(configurations), vectors)
    counts = sar_twin_range.counts_around([configurations[place] for place in which], random)
    converted = sar_twin_range.conversions(parameters, configurations, which, counts)
    compared = 0
    for schedule in (sar_twin_range.full_rate(converted), sar_twin_range.disturbed(converted, seed)):
        seen = sar_twin_range.run(rtl, converted, schedule, seed)
        compared += require_equal(seen, sar_twin_range.expected(converted, schedule), seed)
    return compared


def _check_sar_decoder(rtl: Rtl, parameters: TrqDecoderParameters, vectors: int, seed: int) -> int:
    configurations = sar_parts.decoder_configurations(parameters, seed)
    inputs, outputs = decoded(parameters, configurations, vectors, seed)
    return require_equal(simulate(rtl, inputs), outputs, seed)


def _check_sar_shift_add(rtl: Rtl, parameters: ShiftAddParameters, vectors: int, seed: int) -> int:
    sums = random_sums(parameters, vectors // 2, seed)
    always = np.ones(1, bool)
    got = sar_parts.run_sums(rtl, parameters, sums, valid=always, ready=always, seed=seed)
    compared = require_equal(got, {"sums": sums.sums, "cycle": np.flatnonzero(sums.values["last"]) + 1}, seed)
    random = np.random.default_rng(seed)
    valid, ready = random.random(997) < 1 / 2, random.random(1009) < 1 / 4
    got = sar_parts.run_sums(rtl, parameters, sums, valid=valid, ready=ready, seed=seed)
    return compared + require_equal(got, {"sums": sums.sums}, seed)


def _check_sar_group(rtl: Rtl, parameters: AdcGroupParameters, vectors: int, seed: int) -> int:
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
        require_same_bus(seen.bus, bus, seed)
    traffic = sar_group.random_traffic(counts, configurations, p, seed)
    seen = sar_group.run(rtl, p, traffic, seed)
    results, _, bus = sar_group.expected(p, traffic, seen)
    require_same_bus(seen.bus, bus, seed)
    return compared + require_equal(seen.results, results, seed)


def require_same_bus(got: Mapping[str, int], expected: Mapping[str, int], seed: int) -> None:
    """AssertionError where registers show something else, or a strobe was illegal."""
    if got != expected:
        raise AssertionError(f"bus: expected {dict(expected)}, got {dict(got)} (seed {seed})")


def _check_daism(rtl: Rtl, parameters: AcceleratorParameters, vectors: int, seed: int) -> int:
    return sum(require_equal(*pair, seed) for pair in accelerator_work(rtl, parameters, vectors, seed))


def _check_daism_bank(rtl: Rtl, parameters: DaismParameters, vectors: int, seed: int) -> int:
    return require_equal(*bank_work(rtl, parameters, vectors, seed), seed)


def _check_daism_lane(vectors_of: Callable[..., dict[str, Any]]) -> Check:
    def check(rtl: Rtl, parameters: DaismParameters, vectors: int, seed: int) -> int:
        return require_equal(*lane_work(rtl, vectors_of(parameters, vectors, seed)), seed)

    return check


_CHECKS: dict[str, Check] = {
    "nmpu_unit": _check_unit,
    "nmpu": _check_array,
    "nmpu_fp16": _check_ldpu,
    "nmpu_fp16_lane": _check_lane,
    "float_multiply": _check_combinational(float_vectors.float_multiply_vectors),
    "float_add": _check_combinational(float_vectors.float_add_vectors),
    "float_fused": _check_combinational(float_vectors.float_fused_vectors),
    "unsigned_to_float": _check_combinational(float_vectors.unsigned_to_float_vectors),
    "signed_to_float": _check_combinational(float_vectors.signed_to_float_vectors),
    "float_to_signed": _check_combinational(float_vectors.float_to_signed_vectors),
    "integer_multiply": _check_integers(integer_multiply_vectors, latency=0),
    "multiply_accumulate": _check_integers(multiply_accumulate_vectors, latency=1),
    "daism": _check_daism,
    "daism_bank": _check_daism_bank,
    "daism_lane": _check_daism_lane(daism_vectors.lane_vectors),
    "daism_exact_lane": _check_daism_lane(daism_vectors.exact_lane_vectors),
    "daism_accumulator": _check_daism_lane(daism_vectors.accumulator_vectors),
    "sar_controller": _check_sar,
    "sar_adc_group": _check_sar_group,
    "sar_decoder": _check_sar_decoder,
    "sar_twin_range": _check_sar_twin_range,
    "sar_shift_add": _check_sar_shift_add,
}
