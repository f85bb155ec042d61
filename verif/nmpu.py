"""Drive NMPU hardware over arrays of column groups, at full rate, and hold it against the golden model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from sim_models.nmpu import NmpuParameters, accumulate, intermediate
from verif.batch import simulate
from verif.packing import pack

Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Groups of columns, one a start: counts (groups, columns), settings (groups,), parameter words that broadcast to
    (groups, columns). ``tiles`` consecutive groups make one sum where the design accumulates."""

    count_p: Integers
    count_n: Integers | None
    scale_positive: Integers
    scale_negative: Integers | None
    offset: Integers
    shift: Integers
    relu: Integers
    tiles: int = 1

    @property
    def count(self) -> int:
        """How many groups."""
        return len(self.count_p)

    def first(self) -> Integers:
        """1 where a group is the first tile of its sum."""
        return (np.arange(self.count) % self.tiles == 0).astype(np.int64)

    def last(self) -> Integers:
        """1 where a group is the last tile of its sum."""
        return np.roll(self.first(), -1)


@dataclass(frozen=True, kw_only=True)
class Results:
    """Results of the groups that give any, (groups, columns): activations, and whether the clamp changed them."""

    data: Integers
    clipped: Integers


def random_groups(parameters: NmpuParameters, groups: int, columns: int, seed: int, *, tiles: int = 1) -> Groups:
    """Uniformly random operands, every column of every group with words of its own (but for the tiles of one sum)."""
    p, random = parameters, np.random.default_rng(seed)

    def words(low: int, high: int) -> Integers:
        return np.repeat(random.integers(low, high, (groups // tiles, columns), endpoint=True), tiles, axis=0)

    def settings(low: int, high: int) -> Integers:
        return np.repeat(random.integers(low, high, groups // tiles, endpoint=True), tiles)

    count, scale, offset = p.count_format, p.scale_format, p.offset_format
    return Groups(
        count_p=random.integers(count.minimum, count.maximum, (groups, columns), endpoint=True),
        count_n=None
        if p.signed_input
        else random.integers(count.minimum, count.maximum, (groups, columns), endpoint=True),
        scale_positive=words(scale.minimum, scale.maximum),
        scale_negative=None if p.signed_input else words(scale.minimum, scale.maximum),
        offset=words(offset.minimum, offset.maximum),
        shift=settings(p.shift_min, p.shift_max),
        relu=settings(0, 1),
        tiles=tiles,
    )


def golden(groups: Groups, parameters: NmpuParameters) -> Results:
    """What the golden model gives for ``groups``."""
    counts, scales = (groups.count_p, groups.count_n), (groups.scale_positive, groups.scale_negative)
    if not parameters.accumulates:
        settings = (groups.shift[:, None], groups.relu[:, None])
        values: Any = intermediate(groups.count_p, groups.count_n, *scales, groups.offset, *settings, parameters)
        return Results(data=values.output, clipped=values.clipped.astype(np.int64))
    by_tile: list[Any] = [None if words is None else _tiles_first(words, groups) for words in counts]
    words = [None if scale is None else _tiles_first(scale, groups)[0] for scale in (*scales, groups.offset)]
    settings = (groups.shift[:: groups.tiles, None], groups.relu[:: groups.tiles, None])
    operands: list[Any] = [*by_tile, *words, *settings, parameters]
    values = accumulate(*operands)
    return Results(data=values.output, clipped=values.clipped.astype(np.int64))


def _tiles_first(words: Integers, groups: Groups) -> Integers:
    """(groups, columns) as (tiles, sums, columns)."""
    shape = (groups.count, groups.count_p.shape[1])
    return np.broadcast_to(words, shape).reshape(-1, groups.tiles, shape[1]).swapaxes(0, 1)


def run_unit(rtl: Rtl, parameters: NmpuParameters, groups: Groups) -> Results:
    """Results of an `hdl.nmpu.NmpuUnit`, with groups started as often as it accepts them.

    Every group has its own parameter words: each is written in the cycle after the same column of the group before was
    issued. Raises AssertionError where a result comes in another cycle, or with another column, than the formula says.
    """
    p, columns = parameters, parameters.columns_per_unit
    stride = max(2, columns)  # a single column leaves no cycle to write its next word
    cycles = stride * (groups.count + 1) + p.pipeline_stages + 1
    starts = stride * (1 + np.arange(groups.count))
    inputs = _control(groups, starts, cycles, p)
    for name in ("count_p", "count_n"):
        counts = getattr(groups, name)
        if counts is not None:
            inputs[name] = _spread(pack(counts, p.input_bits), starts, stride, cycles)
    inputs |= _word_writes(groups, starts, stride, cycles, p)
    outputs = simulate(rtl, inputs)
    at = (starts[groups.last() == 1][:, None] if p.accumulates else starts[:, None]) + np.arange(columns)
    at = at + p.pipeline_stages
    _check_schedule(outputs, at, starts[:, None] + columns - 1 + p.pipeline_stages, columns)
    return Results(data=outputs["out_data"][at], clipped=outputs["out_clipped"][at])


def _control(groups: Groups, starts: Integers, cycles: int, parameters: NmpuParameters) -> dict[str, Any]:
    settings = {"start": np.ones(groups.count, np.int64), "shift": groups.shift, "relu": groups.relu}
    if parameters.accumulates:
        settings |= {"accumulate_first": groups.first(), "accumulate_last": groups.last()}
    inputs = {}
    for name, values in settings.items():
        inputs[name] = np.zeros(cycles, np.int64)
        inputs[name][starts] = values
    return inputs


def _spread(words: NDArray[Any], starts: Integers, stride: int, cycles: int) -> NDArray[Any]:
    """Each group's word held for ``stride`` cycles from its start; 0 before the first and after the last."""
    held = np.zeros((cycles, *words.shape[1:]), words.dtype)
    held[starts[0] : starts[0] + stride * len(words)] = np.repeat(words, stride, axis=0)
    return held


def _word_writes(
    groups: Groups, starts: Integers, stride: int, cycles: int, parameters: NmpuParameters
) -> dict[str, Any]:
    p, columns = parameters, parameters.columns_per_unit
    words = _words_of(groups, p)
    at = starts[:, None] - stride + 1 + np.arange(columns)
    inputs = {name: np.zeros(cycles, np.uint64) for name in ("cfg_write", "cfg_column", "cfg_data")}
    inputs["cfg_write"][at] = 1
    inputs["cfg_column"][at] = np.arange(columns)
    inputs["cfg_data"][at] = words
    return inputs


def _words_of(groups: Groups, parameters: NmpuParameters) -> NDArray[np.uint64]:
    """Parameter words of all columns, (groups, columns)."""
    words = pack_words(groups.scale_positive, groups.scale_negative, groups.offset, parameters)
    return np.broadcast_to(words, groups.count_p.shape)


def pack_words(
    scale_positive: Integers, scale_negative: Integers | None, offset: Integers, parameters: NmpuParameters
) -> NDArray[np.uint64]:
    """Parameter words {offset, scale_negative, scale_positive}, the last in the low bits."""
    p = parameters
    shape = np.broadcast_shapes(
        *(np.shape(each) for each in (scale_positive, scale_negative, offset) if each is not None)
    )
    packed, position = np.zeros(shape, np.uint64), 0
    for values, width in ((scale_positive, p.scale_bits), (scale_negative, p.scale_bits), (offset, p.offset_bits)):
        if values is not None:
            packed |= (values.astype(np.uint64) & np.uint64((1 << width) - 1)) << np.uint64(position)
            position += width
    return packed


def _check_schedule(outputs: Mapping[str, Any], at: Integers, done: Integers, columns: int) -> None:
    """Results at exactly the cycles ``at``, in column order; ``done`` at exactly the cycles ``done``; no overrun."""
    expected = np.zeros_like(outputs["out_valid"])
    expected[at] = 1
    assert (outputs["out_valid"] == expected).all(), "out_valid is not high in exactly the cycles of the formula"
    assert (outputs["out_column"][at] == np.arange(columns)).all(), "columns come out of order"
    expected = np.zeros_like(outputs["done"])
    expected[done] = 1
    assert (outputs["done"] == expected).all(), "done is not high in exactly the cycles of the formula"
    assert not outputs["overrun"].any(), "a start was refused"


def run_array(rtl: Rtl, parameters: NmpuParameters, groups: Groups) -> tuple[Results, int]:
    """Results of an `hdl.nmpu.Nmpu` (no accumulation) whose consumer is always ready, and the cycles it took.

    All groups share the words of the first. The cycles run from the first start to the last result, both counted.
    Raises AssertionError where a beat is missing, out of order or late.
    """
    p, columns = parameters, parameters.columns_per_unit
    load = np.arange(p.columns)
    starts = p.columns + columns * np.arange(groups.count)
    cycles = int(starts[-1]) + columns + p.pipeline_stages
    inputs: dict[str, Any] = _control(groups, starts, cycles, p) | {"outputs__ready": 1}
    for name in ("count_p", "count_n"):
        counts = getattr(groups, name)
        if counts is not None:
            inputs[name] = _spread(pack(counts, p.input_bits), starts, columns, cycles)
    inputs |= {name: np.zeros(cycles, np.uint64) for name in ("cfg_write", "cfg_address", "cfg_data")}
    inputs["cfg_write"][load] = 1
    inputs["cfg_address"][load] = load
    inputs["cfg_data"][load] = _words_of(groups, p)[0]
    outputs = simulate(rtl, inputs)
    at = (starts[:, None] + p.pipeline_stages + np.arange(columns)).ravel()
    on_time = np.array_equal(np.flatnonzero(outputs["outputs__valid"]), at)
    assert on_time, "beats do not come in exactly the cycles of the formula"
    beats = unpack_beats(outputs["outputs__payload"][at], p)
    assert (beats["column"] == np.tile(np.arange(columns), groups.count)).all(), "beats come out of order"
    data, clipped = (
        beats[name].reshape(groups.count, columns, p.units).swapaxes(1, 2).reshape(groups.count, -1)
        for name in ("data", "clipped")
    )
    return Results(data=data, clipped=clipped), cycles - p.columns


def unpack_beats(payload: NDArray[Any], parameters: NmpuParameters) -> dict[str, Integers]:
    """Fields of beats (beats,) or (beats, words): ``data`` and ``clipped`` (beats, units), ``column``, ``last``."""
    p = parameters
    octets = np.ascontiguousarray(payload).view(np.uint8).reshape(len(payload), -1)
    bits = np.unpackbits(octets, axis=1, bitorder="little").astype(np.int64)
    ends = np.cumsum([p.units * p.output_bits, p.units, p.column_bits])
    data, clipped, column, rest = np.split(bits, ends, axis=1)
    weights = 1 << np.arange(p.output_bits)
    weights[-1] *= -1
    return {
        "data": data.reshape(len(bits), p.units, p.output_bits) @ weights,
        "clipped": clipped,
        "column": column @ (1 << np.arange(p.column_bits)),
        "last": rest[:, 0],
    }
