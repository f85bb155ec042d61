"""Tiles of strategies B and C without an array: what drives it is compared, and converters answer by the clock."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gen.vectors import crossbar_schedule as schedule
from hdl.crossbar import NeuralPimParameters
from hdl.crossbar.requirements import SAR
from sim_models.crossbar import ErrorHooks, driven_slices, read_out
from verif import crossbar_tiles as tiles
from verif.crossbar_search import answers
from verif.packing import pack, unpack
from verif.workloads_form import Outputs

Integers = NDArray[np.int64]
_STROBES = ("drive", "step", "bl_strobe", "adc_start")


@dataclass(frozen=True, kw_only=True, eq=False)
class Driven:
    """Stimuli of a tile by clock cycle, and the outputs that must be seen, as `shown` shows them."""

    inputs: dict[str, Any]
    outputs: dict[str, Integers]


def driven(parameters: tiles.Tiled, clocks: int, seed: int, *, ready: ArrayLike = 1) -> Driven:
    """Normal vectors and weights, a vector whenever there can be one, results taken when ``ready`` by clock cycle."""
    p, random = parameters, np.random.default_rng(seed)
    given = schedule.always(p, clocks) | {"taken": np.broadcast_to(np.asarray(ready, np.int64), clocks)}
    seen = schedule.expected(p, given)
    offered = np.cumsum(seen["load"]) - seen["load"]  # number of the vector
    vectors = _normal(random, p.input_range, (int(offered[-1]) + 1, p.rows))
    weights = _normal(random, p.weight_range, (p.rows, p.outputs))
    codes, results = _converted(p, vectors, weights)
    written = np.flatnonzero(seen["done"])
    return Driven(
        inputs={
            "vectors__valid": 1,
            "products__ready": given["taken"],
            "vectors__payload": tiles.payloads(p, tiles.full_rate(weights, vectors))[offered],
            **_answers(p, clocks, *_conversions(p, seen, codes)),
        },
        outputs={
            "written": written,
            "values": results[: len(written)],
            "slice": _slices(p, seen, offered, vectors),
            **{name: seen[name] for name in (*_STROBES, *_stalls(p))},
            "adc_count": np.cumsum(seen["adc_start"]) * p.converters - seen["adc_start"] * p.converters,
        },
    )


def shown(parameters: tiles.Tiled, driven: Driven, got: Outputs) -> dict[str, Integers]:
    """What the outputs of a tile are compared as."""
    p = parameters
    at = np.flatnonzero(got["products__valid"] & np.broadcast_to(driven.inputs["products__ready"], len(got["slice"])))
    return {
        "written": at,
        "values": unpack(got["products__payload"][at], p.outputs, p.product_bits, True),
        "slice": unpack(got["slice"], p.rows, p.dac_bits, False),
        **{name: got[name] for name in (*_STROBES, "adc_count", *_stalls(p))},
    }


def _stalls(p: tiles.Tiled) -> tuple[str, ...]:
    return () if isinstance(p, NeuralPimParameters) else ("stall_count",)


def _converted(p: tiles.Tiled, vectors: Integers, weights: Integers) -> tuple[Integers, Integers]:
    """Codes (vectors, columns, outputs), and results (vectors, outputs)."""
    if isinstance(p, NeuralPimParameters):
        results = read_out(vectors, weights, p).values
        return results[:, np.newaxis], results
    made: list[NDArray[Any]] = []
    limit = (1 << p.code_bits - p.signed_samples) - 1

    def convert(samples: NDArray[Any]) -> NDArray[Any]:
        nearest = np.floor(samples + 0.5).astype(np.int64)
        made.append(np.clip(nearest, -limit if p.signed_samples else 0, limit))
        return made[-1]

    results = read_out(vectors, weights, p, hooks=ErrorHooks(converter=convert)).values
    return np.concatenate(made, axis=1).transpose(1, 0, 2), results


def _conversions(p: tiles.Tiled, seen: dict[str, Integers], codes: Integers) -> tuple[Integers, Integers]:
    """Clock cycles in which the converters sample, and their codes (conversions, converters)."""
    at = np.flatnonzero(seen["adc_start"])
    vector = np.arange(len(at)) // (p.groups * codes.shape[1])
    column = seen["column"][at] if "column" in seen else np.zeros_like(at)
    outputs = seen["group"][at, np.newaxis] * p.converters + np.arange(p.converters)
    return at, codes[vector[:, np.newaxis], column[:, np.newaxis], outputs]


def _answers(p: tiles.Tiled, clocks: int, at: Integers, codes: Integers) -> dict[str, Any]:
    """What converters give in the clock cycle after a conversion, or their comparators for as long as it takes."""
    if p.converter == SAR:
        return {"cmp": answers(p, clocks, [(at, codes[:, place]) for place in range(p.converters)])}
    words = np.zeros((clocks + 1, p.converters), np.int64)
    words[at + 1] = codes
    return {"code": pack(words[:-1], p.code_bits), "saturated": np.zeros(clocks, np.int64)}


def _slices(p: tiles.Tiled, seen: dict[str, Integers], offered: Integers, vectors: Integers) -> Integers:
    """(clocks, rows), 0 while nothing is driven."""
    steps = np.cumsum(seen["step"]) - seen["step"]  # slices whose array cycle has ended
    found = driven_slices(vectors, p)[0][steps % p.cycles, offered - 1]
    return np.where(seen["drive"][:, np.newaxis] == 1, found, 0)


def _normal(random: np.random.Generator, ends: tuple[int, int], shape: tuple[int, ...]) -> Integers:
    """Rounded and clipped: an eighth of the range is one standard deviation."""
    drawn = random.normal(0, (ends[1] - ends[0]) / 8, shape)
    return np.clip(np.rint(np.abs(drawn) if ends[0] == 0 else drawn), *ends).astype(np.int64)
