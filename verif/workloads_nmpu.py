"""Workloads of the NMPU family: counts of analog columns of differing gain and offset, and words that correct them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim_models.nmpu import LdpuParameters, NmpuParameters, draw_case, half_words, ldpu_process, quantize_columns
from sim_models.nmpu import slope_words as slopes_of
from verif.checks_form import require_equal
from verif.nmpu import Groups, golden, pack_words, unpack_beats
from verif.nmpu_fp16 import configuration, joined, length, results, tiles
from verif.packing import pack
from verif.workloads_form import SEED, Integers, Outputs, Workload

UNIT_GROUPS = 1000
ARRAY_GROUPS = 40
LANE_ROWS = 8
LDPU_TILES = 3
# Operations that fill pipelines before the measurement begins.
_LEAD = 8


def _column_groups(parameters: NmpuParameters, groups: int, columns: int) -> Groups:
    """Counts of columns with gain and offset spread, and the words that correct them, one set for all groups.

    A signed count is the difference of the two polarities.
    """
    p = parameters
    case = draw_case(vectors=groups, columns=columns, seed=SEED)
    shift = min(max(case.shift, p.shift_min), p.shift_max)
    words = quantize_columns(case.scales, p, shift)
    low, high = p.count_format.minimum, p.count_format.maximum
    return Groups(
        count_p=np.clip(case.positive - case.negative if p.signed_input else case.positive, low, high),
        count_n=None if p.signed_input else np.clip(case.negative, low, high),
        scale_positive=words.scale_positive[None],
        scale_negative=None if p.signed_input else words.scale_negative[None],
        offset=words.offset[None],
        shift=np.full(groups, shift),
        relu=np.ones(groups, np.int64),
    )


def unit(parameters: NmpuParameters) -> Workload:
    """Groups of one unit without a gap, its words written once."""
    return _nmpu(parameters, parameters.columns_per_unit, UNIT_GROUPS, "cfg_column", "unit")


def array(parameters: NmpuParameters) -> Workload:
    """Groups of all columns without a gap, the words written once."""
    return _nmpu(parameters, parameters.columns, ARRAY_GROUPS, "cfg_address", "array")


def _nmpu(p: NmpuParameters, columns: int, count: int, address: str, what: str) -> Workload:
    """Words are written once, then groups follow each other without a gap."""
    if p.storage == "external" or p.accumulates:
        raise ValueError("storage must be 'flop' and partial_sum 'none' for the workload of an NMPU")
    groups = _column_groups(p, count, columns)
    starts = columns + p.columns_per_unit * np.arange(count)
    cycles = int(starts[-1]) + p.columns_per_unit + p.pipeline_stages
    inputs = {name: np.zeros(cycles, np.int64) for name in ("start", "shift", "relu", "cfg_write", address)}
    inputs["cfg_data"] = np.zeros(cycles, np.uint64)
    for name, values in (("start", 1), ("shift", groups.shift), ("relu", groups.relu)):
        inputs[name][starts] = values
    inputs["cfg_write"][:columns] = 1
    inputs[address][:columns] = np.arange(columns)
    words = pack_words(groups.scale_positive, groups.scale_negative, groups.offset, p)
    inputs["cfg_data"][:columns] = np.broadcast_to(words, (1, columns))[0]
    for name in ("count_p", "count_n"):
        if getattr(groups, name) is not None:
            inputs[name] = _held(pack(getattr(groups, name), p.input_bits), starts, p.columns_per_unit, cycles)
    at = starts[:, None] + p.pipeline_stages + np.arange(p.columns_per_unit)
    expected = vars(golden(groups, p))

    def check(outputs: Outputs) -> int:
        got = _array_results(outputs, at, p) if what == "array" else _unit_results(outputs, at)
        return require_equal(got, expected, SEED)

    return Workload(
        action=f"one group of {columns} columns",
        operations=count - _LEAD,
        window=slice(int(starts[_LEAD]), int(starts[-1]) + p.columns_per_unit),
        inputs=inputs | ({"outputs__ready": 1} if what == "array" else {}),
        check=check,
    )


def _held(words: NDArray[Any], starts: Integers, stride: int, cycles: int) -> NDArray[Any]:
    """Each group's counts for ``stride`` cycles; before the first those of the first, after the last of the last."""
    index = np.clip((np.arange(cycles) - starts[0]) // stride, 0, len(words) - 1)
    return words[index]


def _unit_results(outputs: Outputs, at: Integers) -> dict[str, NDArray[Any]]:
    assert np.array_equal(np.flatnonzero(outputs["out_valid"]), at.ravel()), "results do not come as the formula says"
    return {"data": outputs["out_data"][at], "clipped": outputs["out_clipped"][at]}


def _array_results(outputs: Outputs, at: Integers, parameters: NmpuParameters) -> dict[str, NDArray[Any]]:
    assert np.array_equal(np.flatnonzero(outputs["outputs__valid"]), at.ravel()), (
        "beats do not come as the formula says"
    )
    beats = unpack_beats(outputs["outputs__payload"][at.ravel()], parameters)
    return {
        name: beats[name].reshape(*at.shape, parameters.units).swapaxes(1, 2).reshape(len(at), -1)
        for name in ("data", "clipped")
    }


def _half_operands(parameters: LdpuParameters, rows: int, columns: int) -> dict[str, Integers]:
    """Counts (rows, columns) and words (columns,): those that the array of NMPUs gets."""
    case, top = draw_case(vectors=ARRAY_GROUPS, columns=columns, seed=SEED), (1 << parameters.count_bits) - 1
    scales = case.scales
    return {
        "count_p": np.minimum(case.positive[:rows], top),
        "count_n": np.minimum(case.negative[:rows], top),
        "slope_p": slopes_of(scales.scale_positive, 0),
        "slope_n": slopes_of(scales.scale_negative, 0),
        "addend": half_words(scales.offset),
    }


def lane(parameters: LdpuParameters) -> Workload:
    """Columns without a gap, as many as the unit has, again and again."""
    rows, columns = LANE_ROWS, parameters.columns
    drawn = _half_operands(parameters, rows, columns)
    operands = {name: np.broadcast_to(words, (rows, columns)).ravel() for name, words in drawn.items()}
    count = rows * columns
    delays = {"addend": 2}
    driven = {
        name: np.roll(np.append(words, np.repeat(words[-1:], 5)), delays.get(name, 0))
        for name, words in operands.items()
    }
    ordered: list[Any] = [*operands.values(), 1, parameters]
    result = ldpu_process(*ordered)
    expected = {"value": result.value, "out_data": result.output, "invalid": result.invalid.astype(np.int64)}

    def check(outputs: Outputs) -> int:
        got = {name: outputs[name][5:] for name in ("out_data", "invalid")}
        return require_equal(got | {"value": outputs["value"][4:][:count]}, expected, SEED)

    return Workload(
        action="one column",
        operations=count - _LEAD,
        window=slice(_LEAD, count),
        inputs={**driven, "relu": np.ones(count + 5, np.int64)},
        check=check,
    )


def ldpu(parameters: LdpuParameters) -> Workload:
    """Tiles without a gap, slopes and offsets written once."""
    p = parameters
    if p.capture == "serial":
        raise ValueError("capture must be 'parallel' for the workload of nmpu_fp16, not 'serial'")
    drawn = _half_operands(p, LDPU_TILES, p.columns)
    words = [drawn[name] for name in ("slope_p", "slope_n", "addend")]
    written = configuration(np.stack(words))
    program = joined([written, tiles(p, drawn["count_p"], drawn["count_n"], relu=1)])
    # Converters hold their counts until the next ones.
    starts = len(written["cfg_write"]) + length(p) * np.arange(LDPU_TILES)
    for name in ("count_p", "count_n"):
        program[name] = _held(pack(drawn[name], p.count_bits), starts, length(p), len(program[name]))
    ordered: list[Any] = [drawn["count_p"], drawn["count_n"], *words, 1, p]
    result = ldpu_process(*ordered)
    expected = {"out_data": result.output, "invalid": result.invalid.astype(np.int64)}

    def check(outputs: Outputs) -> int:
        data, invalid = results(p, outputs)
        return require_equal({"out_data": data, "invalid": invalid}, expected, SEED)

    # The first tile fills the registers.
    first = len(written["cfg_write"]) + length(p)
    return Workload(
        action=f"one tile of {p.columns} columns",
        operations=LDPU_TILES - 1,
        window=slice(first, first + (LDPU_TILES - 1) * length(p)),
        inputs=program,
        check=check,
    )
