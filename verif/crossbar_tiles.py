"""Run vectors through tiles of strategies B and C, with everything analog around them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from hdl.crossbar import NeuralPimParameters
from sim_models.crossbar import initiation_interval, latency, range_registers, weight_slices
from verif.batch import Sink, Source, simulate
from verif.crossbar_loading import after, cell_writes, padded
from verif.crossbar_tiles_loop import Tiled, in_loop
from verif.packing import pack, unpack

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Traffic:
    """Weights (rows, outputs), vectors (vectors, rows), and when those are offered and results taken, by clock cycle.

    Both patterns begin when all cells are written, and are repeated. ``blocks``: that many vectors after each other,
    row blocks of a layer, make one result; of strategy C only. Weights (arrays, rows, outputs) are those of arrays
    that take turns, in surroundings that have them.
    """

    weights: Integers
    vectors: Integers
    valid: Flags
    ready: Flags
    blocks: int = 1

    @property
    def results(self) -> int:
        """Results that come."""
        return len(self.vectors) // self.blocks


def full_rate(weights: Integers, vectors: Integers, blocks: int = 1) -> Traffic:
    """Every vector is there, every result is taken at once."""
    always = np.ones(1, bool)
    return Traffic(weights=weights, vectors=vectors, valid=always, ready=always, blocks=blocks)


def disturbed(weights: Integers, vectors: Integers, parameters: Tiled, seed: int, blocks: int = 1) -> Traffic:
    """Vectors come late for a while, then at once; results are taken at once for a while, then late."""
    random = np.random.default_rng(seed)
    cycle = parameters.slots_per_cycle
    late = np.repeat(random.random(31) < 1 / 2, random.integers(1, 8 * cycle * parameters.cycles, 31))
    slow = np.repeat(random.random(37) < 1 / 2, random.integers(1, 8 * cycle * parameters.cycles, 37))
    late[0], slow[0] = True, False
    valid = ~late | (random.random(len(late)) < 1 / (cycle * parameters.cycles))
    ready = ~slow | (random.random(len(slow)) < 1 / (2 * cycle))
    return Traffic(weights=weights, vectors=vectors, valid=valid, ready=ready, blocks=blocks)


def run(
    rtl: Rtl,
    parameters: Tiled,
    traffic: Traffic,
    seed: int,
    observed: tuple[str, ...] = (),
    *,
    loop: Callable[[Rtl, Tiled], Rtl] = in_loop,
) -> dict[str, Any]:
    """Feed ``traffic`` to the tile, in the surroundings that ``loop`` adds.

    ``values`` (results, outputs); ``taken`` and ``written``, clock cycles in which vectors and results were;
    ``starts``, conversions by their strobe; the counters at the end; and what is ``observed``, by clock cycle.

    Cycles count from the one in which the first vector is offered. Raises TimeoutError where results are missing.
    """
    p = parameters
    loading = writes(traffic.weights, p)
    # Both banks of buffer cells are cleared after a reset.
    first = len(loading["w_data"]) + p.clear_cycles * p.slots_per_cycle + 1
    offered = len(traffic.vectors) * len(traffic.valid) // int(traffic.valid.sum())
    taken = traffic.results * len(traffic.ready) // int(traffic.ready.sum())
    interval = initiation_interval(p) * p.slots_per_cycle
    length = first + 2 * (len(traffic.vectors) * interval + offered + taken + len(traffic.valid) + len(traffic.ready))
    length += 64 * interval + (latency(p) + p.cycles) * p.slots_per_cycle
    constant = {}
    if isinstance(p, NeuralPimParameters):
        registers = range_registers(p)
        constant = {"range_mult": registers.range_mult, "range_shift": registers.range_shift}
    found = simulate(
        loop(rtl, p),
        {
            **constant,
            **{name: padded(words, length) for name, words in loading.items()},
            "vectors": Source(payloads=payloads(p, traffic), valid=after(first, traffic.valid, length)),
            "products": Sink(transfers=traffic.results, ready=after(first, traffic.ready, length)),
        },
        outputs=["adc_start", "adc_count", "sat_count", *observed],
        cycles=length,
        seed=seed,
    )
    return _fields(p, found, first, observed)


def _fields(p: Tiled, found: Mapping[str, NDArray[Any]], first: int, observed: tuple[str, ...]) -> dict[str, Any]:
    return {
        "values": unpack(found["products"], p.outputs, p.product_bits, True),
        "taken": found["vectors__cycle"] - first,
        "written": found["products__cycle"] - first,
        "starts": np.array(int(found["adc_start"].sum()) * p.converters),
        "adc_count": found["adc_count"][-1],
        "sat_count": found["sat_count"][-1],
        **{name: found[name][first:] for name in observed},
    }


def expected_cycles(parameters: Tiled, vectors: int) -> dict[str, Integers]:
    """The clock cycles of vectors at full rate: ``taken`` and ``written`` as `run` returns them, without blocks.

    Results come at the interval. The second vector finds its bank clear, so it does not wait for one.
    """
    p, slots = parameters, parameters.slots_per_cycle
    steps = slots * initiation_interval(p) * np.arange(vectors)
    early = 0 if not p.double_buffer else slots * (initiation_interval(p) - p.cycles)
    taken = slots - 1 + np.maximum(0, steps - early)
    return {"taken": taken, "written": slots - 1 + steps + (latency(p) - 1) * slots}


def payloads(parameters: Tiled, traffic: Traffic) -> NDArray[np.generic]:
    """Words of the stream of vectors; with which block of a result each is, of strategy C."""
    p = parameters
    if not isinstance(p, NeuralPimParameters):
        return pack(traffic.vectors, p.input_bits)
    bits = (traffic.vectors[..., np.newaxis] >> np.arange(p.input_bits) & 1).reshape(len(traffic.vectors), -1)
    block = np.arange(len(traffic.vectors)) % traffic.blocks
    flags = np.stack([block == 0, block == traffic.blocks - 1], axis=1).astype(np.int64)
    return pack(np.concatenate([bits, flags], axis=1), 1)


def writes(weights: Integers, parameters: Tiled) -> dict[str, Integers]:
    """What loads the cells of ``weights``, by clock cycle: columns of output, polarity, slice, slices innermost.

    The rows of one array come after those of another where ``weights`` are of several.
    """
    p = parameters
    arrays = [weight_slices(each, p).transpose(2, 3, 0, 1) for each in weights.reshape(-1, p.rows, p.outputs)]
    by_column = np.concatenate(arrays).reshape(len(arrays) * p.rows, -1)
    return cell_writes(by_column)
