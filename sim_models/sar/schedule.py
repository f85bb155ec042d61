"""When a group of shared converters converts each column, and in which order its results come: the cycle model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, integers, require_instance, require_integer
from sim_models.sar.group import COUNTER_BITS, AdcGroupParameters


@dataclass(frozen=True, kw_only=True, eq=False)
class Schedule:
    """Cycles, counted from the start of the first conversion as 0.

    ``start`` and ``done`` (planes, converters, columns_per_adc): the conversion starts (its first cycle of sampling
    follows, or, with a select of its own, the cycle after), and its result leaves the controller. ``taken`` (planes,
    columns_per_adc): the result of all converters is at the output. ``plane_start`` (planes,). ``cycles``: until the
    last result has left its controller, which is where a further plane could start.
    """

    start: IntArray
    done: IntArray
    taken: IntArray
    plane_start: IntArray
    cycles: int


def schedule(search_cycles: ArrayLike, parameters: AdcGroupParameters) -> Schedule:
    """The cycles of conversions whose searches take ``search_cycles`` (planes, converters, columns_per_adc).

    These are the operations and the trials that were not compared; at a fixed rate only their largest counts. Every
    plane is there when it can be converted, and every result is taken at once.

    At a variable rate a conversion starts in the cycle of done of the one before, once the converter's FIFO is sure to
    have room for it, the result that leaves it in that cycle not counted; all converters begin a plane together; and a
    result of the group leaves when all converters have theirs.

    Raises ValueError for another shape, cycles below 1, and cycles above the slots of a fixed rate.
    """
    p = parameters
    require_instance("parameters", p, AdcGroupParameters)
    cycles = integers("search_cycles", search_cycles, 1, p.slots)
    if cycles.ndim != 3 or cycles.shape[1:] != (p.converters, p.columns_per_adc):
        raise ValueError(
            f"search_cycles must have the shape (planes, {p.converters}, {p.columns_per_adc}), not {cycles.shape}"
        )
    return _fixed(cycles, p) if p.rate == "fixed" else _variable(cycles, p)


def _fixed(cycles: IntArray, p: AdcGroupParameters) -> Schedule:
    start = np.arange(cycles.shape[0] * p.columns_per_adc) * p.slot_cycles
    start = start.reshape(-1, 1, p.columns_per_adc) + np.zeros_like(cycles)
    done = start + p.slot_cycles
    return _result(start, done, done[:, 0] + 1)


def _variable(cycles: IntArray, p: AdcGroupParameters) -> Schedule:
    planes, converters, columns = cycles.shape
    in_order = cycles.transpose(0, 2, 1).reshape(-1, converters)
    start, done = np.empty_like(in_order), np.empty_like(in_order)
    taken = np.empty(len(in_order), np.int64)
    free, left = np.zeros(converters, np.int64), -1
    for place, searched in enumerate(in_order):
        if place % columns == 0:
            free = np.full(converters, free.max())
        if place >= p.fifo_depth:
            free = np.maximum(free, taken[place - p.fifo_depth] + 1)
        start[place] = free
        free = done[place] = free + p.overhead + searched
        left = taken[place] = max(int(free.max()), left) + 1
    shape = (planes, columns, converters)
    return _result(
        start.reshape(shape).transpose(0, 2, 1), done.reshape(shape).transpose(0, 2, 1), taken.reshape(shape[:2])
    )


def _result(start: IntArray, done: IntArray, taken: IntArray) -> Schedule:
    first = start[:, :, 0].min(axis=1) if start.size else np.zeros(len(start), np.int64)
    return Schedule(start=start, done=done, taken=taken, plane_start=first, cycles=int(done.max(initial=0)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Order:
    """What goes with each result of a group, in the order of the output: arrays of (results,).

    ``column`` of each converter's own columns; ``slice`` of the weight that the column holds; ``input_bit`` of the
    plane; ``last_column`` of the plane; ``last_plane``: of the inputs.
    """

    column: IntArray
    slice: IntArray
    input_bit: IntArray
    last_column: NDArray[np.bool_]
    last_plane: NDArray[np.bool_]


def result_order(planes: int, parameters: AdcGroupParameters) -> Order:
    """Columns innermost, then planes, whose input bits count from the lowest and begin anew after the last.

    Raises ValueError for a negative number of planes.
    """
    p = parameters
    require_instance("parameters", p, AdcGroupParameters)
    require_integer("planes", planes, 0)
    plane, column = np.divmod(np.arange(planes * p.columns_per_adc), p.columns_per_adc)
    bit = plane % p.input_bits
    return Order(
        column=column,
        slice=column % p.slices,
        input_bit=bit,
        last_column=column == p.columns_per_adc - 1,
        last_plane=bit == p.input_bits - 1,
    )


def counted(operations: ArrayLike) -> tuple[int, int]:
    """What the counters ``total_ops`` and ``total_conversions`` show after conversions with these ``operations``.

    Raises ValueError for negative numbers or such that are no integers.
    """
    values = integers("operations", operations, 0)
    most = (1 << COUNTER_BITS) - 1
    return min(int(values.sum()), most), min(values.size, most)
