"""Workloads of crossbars' digital parts: vectors one after the other, of inputs and weights as networks have them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.vectors.crossbar_codes import Coded, code_range, converted, converting
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.crossbar.isaac_readout import SATURATION_BITS
from hdl.crossbar.requirements import SAR
from sim_models.crossbar import driven_slices
from verif import crossbar_isaac_codes as codes
from verif.checks_form import require_equal
from verif.crossbar_search import answers
from verif.packing import pack, unpack
from verif.workloads_form import SEED, Outputs, Workload

Integers = NDArray[np.int64]
_VECTORS, _OPERATIONS = 6, 2


def read_out_lines(parameters: IsaacParameters) -> Workload:
    """Products of inputs and weights about 0, ideal converters: from one start to another, all stages full."""
    p = parameters
    coded = converted(p, *_network(p))
    schedule = codes.full_rate(p, _VECTORS)
    results = codes.expected(p, coded, schedule, SEED)
    return Workload(
        action="one vector",
        operations=_OPERATIONS,
        window=_window(schedule),
        inputs={**codes.inputs(p, coded, schedule, SEED), "products__ready": 1},
        check=lambda got: require_equal(_shown(p, got), results, SEED),
    )


def multiply(parameters: IsaacParameters) -> Workload:
    """As `read_out_lines`, of a tile: vectors one after another; comparators answer what finds the ideal codes."""
    p = parameters
    vectors, weights = _network(p)
    coded, schedule = converted(p, vectors, weights), codes.full_rate_of_tile(p, _VECTORS)
    around = codes.inputs(p, coded, schedule, SEED)
    results = _of_tile(p, codes.expected(p, coded, schedule, SEED), coded) | {"slice": _slices(p, vectors, schedule)}
    inputs = {name: words for name, words in around.items() if name.startswith("flip_")}
    if p.converter == SAR:
        inputs["cmp"] = answers(p, len(schedule.start), _conversions(p, coded, schedule))
    else:
        inputs |= {name: around[name] for name in ("code", "saturated")}
    return Workload(
        action="one array-vector product",
        operations=_OPERATIONS,
        window=_window(schedule),
        inputs={**inputs, **_offered(p, vectors, schedule), "products__ready": 1},
        check=lambda got: require_equal(_shown(p, got) | {"slice": _driven(p, got)}, results, SEED),
    )


def _window(schedule: codes.Schedule) -> slice:
    """With the last start all stages are at work: those before it have been under way for longer than the latency."""
    return slice(int(schedule.accepted[-1 - _OPERATIONS]), int(schedule.accepted[-1]))


def _of_tile(p: IsaacParameters, results: dict[str, Integers], coded: Coded) -> dict[str, Integers]:
    """Those of ``results`` that a tile shows; registers that search count codes at the ends of a range that limits."""
    hidden = ("busy", "load", "step", "drive", "adc_next", "start_ignored")
    found = {name: words for name, words in results.items() if name not in hidden}
    if p.converter == SAR:
        at_end = np.abs(coded.codes) >= code_range(p)[1]
        count = int((at_end & converting(p)).sum()) if p.adc_bits is not None else 0
        found["sat_count"] = np.array(min(count, (1 << SATURATION_BITS) - 1))
    return found


def _conversions(p: IsaacParameters, coded: Coded, schedule: codes.Schedule) -> list[tuple[Integers, Integers]]:
    """Clock cycles and codes of each converter."""
    at = codes.conversion_cycles(p, schedule)
    return [
        (at[:, :, there].reshape(-1), coded.codes[:, :, number, there].reshape(-1))
        for number, there in enumerate(converting(p))
    ]


def _offered(p: IsaacParameters, vectors: Integers, schedule: codes.Schedule) -> dict[str, NDArray[Any]]:
    """The stream of vectors: each is there from when the one before is taken until it is."""
    clock = np.arange(len(schedule.start))
    taken = np.searchsorted(schedule.accepted + p.slots_per_cycle, clock)
    return {
        "vectors__valid": ((clock >= schedule.accepted[0]) & (taken < _VECTORS)).astype(np.int64),
        "vectors__payload": pack(vectors, p.input_bits)[np.minimum(taken, _VECTORS - 1)],
    }


def _slices(p: IsaacParameters, vectors: Integers, schedule: codes.Schedule) -> Integers:
    """(clocks, rows), 0 while nothing is driven."""
    driven = np.zeros((len(schedule.start), p.rows), np.int64)
    for vector, start in enumerate(schedule.accepted + 1 + p.slots_per_cycle):
        own = np.repeat(driven_slices(vectors[vector], p)[0], p.slots_per_cycle, axis=0)
        driven[start : start + len(own)] = own
    return driven


def _driven(p: IsaacParameters, got: Outputs) -> Integers:
    return unpack(got["slice"], p.rows, p.dac_bits, False).astype(np.int64)


def _network(p: IsaacParameters) -> tuple[Integers, Integers]:
    """Normal inputs and weights, rounded and clipped: an eighth of their range is one standard deviation."""
    random = np.random.default_rng(SEED)

    def draw(low: int, high: int, shape: tuple[int, ...]) -> NDArray[np.int64]:
        drawn = random.normal(0, (high - low) / 8, shape)
        return np.clip(np.rint(np.abs(drawn) if low == 0 else drawn), low, high).astype(np.int64)

    inputs = draw(*p.input_range, (_VECTORS, p.rows))
    return inputs, draw(*p.weight_range, (p.rows, p.outputs))


def _shown(p: IsaacParameters, got: Outputs) -> dict[str, NDArray[np.int64]]:
    """All products, from the port by cycle."""
    at = np.flatnonzero(got["products__valid"])
    return codes.shown(p, {**got, "products": got["products__payload"][at], "products__cycle": at})
