"""Run vectors through strategy A's tile, with all that is analog around it, and say what must come out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.crossbar.isaac_readout import SATURATION_BITS
from sim_models.arith.widths import index_bits
from sim_models.crossbar import (
    ErrorHooks,
    conversions,
    driven_slices,
    flip_columns,
    isaac_dot,
    unit_conversions,
    weight_slices,
)
from verif.batch import Sink, Source, simulate
from verif.crossbar_isaac_loop import in_loop
from verif.crossbar_loading import after, cell_writes, padded
from verif.packing import pack

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class TileTraffic:
    """Weights (rows, outputs), vectors (vectors, rows), and when those are offered and products taken, by clock cycle.

    Both patterns begin when all cells are written, and are repeated.
    """

    weights: Integers
    vectors: Integers
    valid: Flags
    ready: Flags


def full_rate(weights: Integers, vectors: Integers) -> TileTraffic:
    """Every vector is there, every product is taken at once."""
    always = np.ones(1, bool)
    return TileTraffic(weights=weights, vectors=vectors, valid=always, ready=always)


def disturbed(weights: Integers, vectors: Integers, parameters: IsaacParameters, seed: int) -> TileTraffic:
    """Vectors come late, products are taken in bursts with pauses of a few array cycles between them."""
    random = np.random.default_rng(seed)
    slots = parameters.slots_per_cycle
    bursts = np.repeat(np.arange(64) % 2 == 0, random.integers(1, 3 * slots, 64))
    interval = slots * parameters.cycles
    valid = random.random(8 * interval + 1) < 2 / interval
    valid[0] = True
    return TileTraffic(
        weights=weights,
        vectors=vectors,
        valid=valid,
        ready=bursts & (random.random(len(bursts)) < 0.7),
    )


def run(
    rtl: Rtl,
    parameters: IsaacParameters,
    traffic: TileTraffic,
    seed: int,
    *,
    loop: Callable[[Rtl, IsaacParameters], Rtl] = in_loop,
) -> dict[str, Integers]:
    """Feed ``traffic`` to the tile, in the surroundings that ``loop`` adds.

    Returns ``value``, ``index``, ``last`` and ``cycle`` of every product, ``taken`` (the cycle of each vector), the
    counters at the end, and ``starts`` and ``done`` as counted on the strobes. Cycles count from the one in which the
    first vector is offered. Raises TimeoutError where products are missing.
    """
    p = parameters
    loading = writes(traffic.weights, p)
    first = len(loading["w_data"])
    products = p.outputs * len(traffic.vectors)
    busy = len(traffic.vectors) * (max(p.cycles, 2) * p.slots_per_cycle) + (p.cycles + 8) * p.slots_per_cycle
    length = first + busy * (4 if len(traffic.ready) > 1 else 1)
    found = simulate(
        loop(rtl, p),
        {
            **{name: padded(words, length) for name, words in loading.items()},
            "vectors": Source(payloads=pack(traffic.vectors, p.input_bits), valid=after(first, traffic.valid, length)),
            "products": Sink(transfers=products, ready=after(first, traffic.ready, length)),
        },
        outputs=["adc_start", "done", "adc_count", "sat_count", *(["flip_ignored"] if p.flip_encoding else [])],
        seed=seed,
    )
    return _fields(p, found, first)


def expected(parameters: IsaacParameters, traffic: TileTraffic) -> dict[str, Integers]:
    """Products and counters as `run` returns them."""
    p, dot = parameters, isaac_dot(traffic.vectors, traffic.weights, parameters)
    count = len(traffic.vectors)
    made = count * (p.outputs * conversions(p) + unit_conversions(p))
    saturated = dot.record.saturations if p.converter == "ideal" else _at_ends(p, traffic)
    index = np.tile(np.arange(p.outputs), count)
    return {
        "value": dot.values.reshape(-1),
        "index": index,
        "last": (index == p.outputs - 1).astype(np.int64),
        "starts": np.array(made),
        "adc_count": np.array(made),
        "sat_count": np.array(min(saturated, (1 << SATURATION_BITS) - 1)),
        "done": np.array(count),
        **({"flip_ignored": np.array(0)} if p.flip_encoding else {}),
    }


def _at_ends(p: IsaacParameters, traffic: TileTraffic) -> int:
    """Conversions whose result is an end of the range that `adc_bits` gives: what search registers count."""
    if p.adc_bits is None:
        return 0
    high, found = (1 << p.adc_bits) - 1, 0

    def count(samples: NDArray[Any]) -> NDArray[Any]:
        nonlocal found
        found += int((np.abs(samples) >= high).sum())
        return samples

    isaac_dot(traffic.vectors, traffic.weights, p, hooks=ErrorHooks(converter=count))
    units = driven_slices(traffic.vectors, p)[0].sum(axis=-1) if p.has_unit_column else np.zeros(0)
    return found + int((units >= high).sum())


def expected_cycles(parameters: IsaacParameters, vectors: int) -> dict[str, Integers]:
    """The clock cycles of `full_rate` traffic: ``taken`` and ``cycle`` as `run` returns them.

    A vector starts when it is offered; the first product comes when the array cycle of its write back begins.
    """
    p = parameters
    starts = max(p.cycles, 2) * p.slots_per_cycle * np.arange(vectors)
    products = starts[:, np.newaxis] + (p.cycles + 5) * p.slots_per_cycle + 1 + np.arange(p.outputs)
    return {"taken": starts + p.slots_per_cycle, "cycle": products.reshape(-1)}


def writes(weights: Integers, parameters: IsaacParameters) -> dict[str, Integers]:
    """What loads the cells and the flip flags of ``weights``, by clock cycle."""
    p = parameters
    cells = weight_slices(weights, p)
    flags = None
    if p.flip_encoding:
        cells, flags = flip_columns(cells, p)
    by_column = cells.transpose(2, 3, 0, 1).reshape(p.rows, -1)  # outputs, polarities, slices
    loading = cell_writes(by_column)
    if flags is not None:
        lines = np.arange(by_column.size) % p.lines
        loading |= {"flip_write": np.ones_like(lines), "flip_line": lines}
        loading["flip_flag"] = flags.transpose(2, 0, 1).reshape(-1).astype(np.int64)[lines]
    return loading


def _fields(p: IsaacParameters, found: Mapping[str, NDArray[Any]], first: int) -> dict[str, Integers]:
    words, index = found["products"], index_bits(p.outputs)
    value = words & (1 << p.sum_bits) - 1
    sign = 1 << p.sum_bits - 1
    return {
        "value": (value ^ sign) - sign,
        "index": words >> p.sum_bits & (1 << index) - 1,
        "last": words >> p.sum_bits + index & 1,
        "cycle": found["products__cycle"] - first,
        "taken": found["vectors__cycle"] - first,
        "starts": np.array(sum(int((found["adc_start"] >> place & 1).sum()) for place in range(p.converters))),
        "done": np.array(int(found["done"].sum())),
        **{name: found[name][-1] for name in ("adc_count", "sat_count", "flip_ignored") if name in found},
    }
