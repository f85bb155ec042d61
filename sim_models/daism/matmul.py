"""Matrix product and convolution through the array, bit for bit, in one fixed order of summation.

The stored operand's slot of output block b and index t is u = b * length + t. With ``index`` slicing it lies in bank
u mod ``banks``; each bank sums its products of an output in ascending t, starting from +0, bank 0 from the initial
value; the sums of the banks are added in ascending order, starting from that of bank 0. With ``channel`` slicing one
bank sums all products of an output in ascending t. Integers give the same sum in any order.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, integers, require_instance, require_integer
from sim_models.daism.accumulate import accumulate, add_partial_sums
from sim_models.daism.layout import output_ranges, summing_banks
from sim_models.daism.multiply import multiply
from sim_models.daism.parameters import DaismParameters
from sim_models.daism.product import driver_fields
from sim_models.daism.words import split_accumulator, split_operand

Sums = NDArray[np.integer[Any]]  # uint32 words, or int64

_WIDEST_BLOCK = 128  # outputs at a time: their rows and sums stay in a second-level cache
_MOST_POSITIONS = 1024
_WORTH_A_THREAD = 1 << 20
_WIDEST_KEPT = 11  # significand bits of which the products of every driver value fit the cache
_MODES = {("fp32", "rz"): 0, ("fp32", "rne"): 1, ("bf16", "rz"): 2, ("bf16", "rne"): 3}


def matmul(
    x: ArrayLike,
    w: ArrayLike,
    parameters: DaismParameters,
    *,
    initial: ArrayLike = 0,
    exact: bool = False,
    threads: int | None = None,
) -> Sums:
    """Accumulator words (uint32) or integers (int64) of ``x @ w``, shape (positions, outputs).

    ``x`` (positions, length) and ``w`` (length, outputs) are operand words. ``stored_operand`` ``weight`` stores ``w``
    and drives ``x``; ``activation`` the other way round, which changes products and order. ``initial``: values that
    the sums start from, which broadcast against the result: accumulator words, or integers. ``exact`` forms the
    products of significands exactly, in front of the same lanes. ``threads``: None for one per processor.

    Raises ValueError for arrays that are no words, infinities, NaN, dimensions that are zero or do not match, and
    integers whose sums, initial values included, might reach 2^63.
    """
    p = parameters
    require_instance("parameters", p, DaismParameters)
    driven, stored = _matrices(x, w, p)
    shape = (driven.shape[1], stored.shape[1])
    start = _initial_values(initial, shape, p)
    workers = _workers(threads, driven.size * stored.shape[1])
    if not p.is_float:
        result = _integer_sums(driven, stored, start, p, exact, workers)
    elif p.saturate_to == "infinity" or p.product_fraction_bits > 23:
        result = _float_sums(driven, stored, start, p, exact)
    else:
        result = _compiled_float_sums(driven, stored, start, p, exact, workers)
    return result.T if p.stored_operand == "activation" else result


def _matrices(x: ArrayLike, w: ArrayLike, p: DaismParameters) -> tuple[IntArray, IntArray]:
    """Driver (length, positions) and stored operand (length, outputs)."""
    words = [integers(name, values, 0, (1 << p.word_bits) - 1) for name, values in (("x", x), ("w", w))]
    for name, matrix in zip("xw", words, strict=True):
        if matrix.ndim != 2 or 0 in matrix.shape:
            raise ValueError(f"{name} must be a matrix with no dimension of zero, not of shape {matrix.shape}")
    if words[0].shape[1] != words[1].shape[0]:
        raise ValueError(f"w must have as many rows as x has columns, {words[0].shape[1]}, not {words[1].shape[0]}")
    activations, weights = np.ascontiguousarray(words[0].T), np.ascontiguousarray(words[1])
    return (weights, activations) if p.stored_operand == "activation" else (activations, weights)


def _initial_values(initial: ArrayLike, shape: tuple[int, int], p: DaismParameters) -> Sums:
    """Initial values, (positions, outputs) of the array's own view; numbers without a normal exponent become +0."""
    seen = shape[::-1] if p.stored_operand == "activation" else shape
    values = integers("initial", initial)
    try:
        values = np.broadcast_to(values, seen)
    except ValueError as problem:
        raise ValueError(f"initial must broadcast to {seen}, not be of shape {values.shape}") from problem
    values = values.T if p.stored_operand == "activation" else values
    if not p.is_float:
        return np.array(values, np.int64, order="C")
    parts = split_accumulator("initial", values, p)
    return np.where(parts.exponent == 0, 0, values).astype(np.uint32, order="C")


def _workers(threads: int | None, macs: int) -> int:
    if threads is not None:
        require_integer("threads", threads, 1, 1024)
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(threads or processors, macs // _WORTH_A_THREAD))


def _float_sums(driven: IntArray, stored: IntArray, start: Sums, p: DaismParameters, exact: bool) -> Sums:
    """Index by index with `multiply` and `accumulate`: any parameters, slowly."""
    length, outputs = stored.shape
    banks = summing_banks(outputs, p)
    result = start.copy()
    for first, end, phase in output_ranges(length, outputs, p):
        for bank in range(banks):
            sums = start[:, first:end] if bank == 0 else np.zeros_like(start[:, first:end])
            for t in range((bank - phase) % banks, length, banks):
                sums = accumulate(sums, multiply(stored[t, first:end], driven[t, :, None], p, exact=exact), p)
            result[:, first:end] = sums if bank == 0 else add_partial_sums(result[:, first:end], sums, p)
    return result


def _compiled_float_sums(
    driven: IntArray, stored: IntArray, start: Sums, p: DaismParameters, exact: bool, workers: int
) -> Sums:
    # Loading a compiler takes longer than many a use of the rest.
    from sim_models.daism.compiled_float import float_block

    fraction_bits, narrow = p.product_fraction_bits, p.significand_bits <= _WIDEST_KEPT
    kind = np.int32 if narrow else np.int64
    largest = (p.special_exponent << fraction_bits) - 1
    layout = (summing_banks(stored.shape[1], p), p.kept, p.drop, fraction_bits, largest, 127 - p.bias << 23)
    x, w = split_operand("x", driven, p), split_operand("w", stored, p)
    x_arrays = (x.significand, x.exponent - p.bias << fraction_bits, (x.sign << 31).astype(np.uint32).view(np.int32))
    w_arrays = (w.significand.astype(kind), w.exponent.astype(kind), (w.sign << 31).astype(np.uint32).view(np.int32))
    slots = 1 << p.significand_bits - 1 if narrow else 1
    mode, nearest = _MODES[p.accumulator, p.accumulator_rounding], p.product_rounding == "rne"
    fields, result = driver_fields(p, exact), start.view(np.float32)

    def run(block: tuple[int, int, int], positions: tuple[int, int]) -> None:
        float_block(result, x_arrays, w_arrays, block, positions, fields, slots, layout, mode, nearest)

    _run_blocks(run, output_ranges(len(stored), stored.shape[1], p), len(result), workers)
    return start


def _integer_sums(
    driven: IntArray, stored: IntArray, start: Sums, p: DaismParameters, exact: bool, workers: int
) -> Sums:
    from sim_models.daism.compiled_integer import integer_block, wide_integer_block

    n = p.significand_bits
    _require_room(start, len(stored), n)
    kind = np.uint32 if p.accumulator_bits(len(stored)) - p.drop <= 32 else np.int64
    operands, fields = stored.astype(np.uint32 if n <= 16 else np.int64), driver_fields(p, exact)

    def run(block: tuple[int, int, int], positions: tuple[int, int]) -> None:
        (low, end, _), (first, last) = block, positions
        sums = np.zeros((last - first, end - low), kind)
        if n <= _WIDEST_KEPT:
            integer_block(sums, driven, operands, low, first, fields, 1 << n, p.accesses, p.drop)
        else:
            wide_integer_block(sums, driven, operands, low, first, fields, p.accesses, p.drop)
        start[first:last, low:end] += sums.astype(np.int64) << p.drop

    _run_blocks(run, [(0, stored.shape[1], 0)], len(start), workers)
    return start


def _require_room(start: Sums, length: int, n: int) -> None:
    reach = max(int(start.max()), -int(start.min())) + length * ((1 << n) - 1) ** 2
    if reach >= 1 << 63:
        raise ValueError(f"initial and {length} products of {n} bits must stay below 2^63 in sum, not reach {reach}")


def _run_blocks(
    run: Callable[[tuple[int, int, int], tuple[int, int]], None],
    ranges: list[tuple[int, int, int]],
    positions: int,
    workers: int,
) -> None:
    """Call ``run`` for every piece of the result, on ``workers`` threads; pieces do not overlap."""
    step = min(_MOST_POSITIONS, -(-positions // workers))
    pieces = [
        ((low, min(low + _WIDEST_BLOCK, end), phase), (first, min(first + step, positions)))
        for start, end, phase in ranges
        for low in range(start, end, _WIDEST_BLOCK)
        for first in range(0, positions, step)
    ]
    if workers == 1:
        for piece in pieces:
            run(*piece)
        return
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(run, *piece) for piece in pieces]:
            done.result()
