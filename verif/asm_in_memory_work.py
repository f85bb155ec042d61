"""Run products on the in-memory unit, and say by the golden model what must come of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gen.rtl import Rtl
from gen.vectors.asm_in_memory import (
    ProductWork,
    bench_works,
    config_fields,
    long_works,
    refused_work,
    result_fields,
    weight_words,
    work_counts,
)
from sim_models.asm.in_memory import COUNT_BITS, InMemoryParameters, input_rows, position_groups
from sim_models.asm.in_memory_cycles import unit_cycles
from verif.batch import Sink, Source, simulate
from verif.checks_form import layer_cycles_seen
from verif.packing import pack, unpack

Results = dict[str, NDArray[Any]]
COUNTS = ("cycle_count", "read_count", "write_count")
STREAMS = ("config", "input_in", "weight_in", "result_out")
_MANY = 100_000  # products: as many as are not much more with `long_works`
_SLOWEST = 20  # times the formula: how long a run under back-pressure may take


@dataclass(frozen=True, kw_only=True, eq=False)
class Traffic:
    """Patterns by cycle, repeated: when inputs offer something, and when results are taken."""

    config: ArrayLike = True
    input_in: ArrayLike = True
    weight_in: ArrayLike = True
    result_out: ArrayLike = True


def run_works(
    rtl: Rtl,
    works: Sequence[ProductWork],
    parameters: InMemoryParameters,
    traffic: Traffic | None = None,
    seed: int = 0,
) -> Results:
    """What the unit does with products that fit, one after the other, as `expected_works` gives it.

    ``cycles`` are those from taking a descriptor to the product's last result; the counters are what the ports show
    when that is taken. ``error``: whether a word was refused, by product, when its last result is taken.
    """
    p, traffic = parameters, traffic or Traffic()
    ends = np.cumsum([position_groups(work.positions, p) * work.outputs for work in works])
    arrays: dict[str, Any] = {
        name: Source(payloads=words, valid=getattr(traffic, name)) for name, words in stream_words(works, p).items()
    }
    arrays["result_out"] = Sink(transfers=int(ends[-1]), ready=traffic.result_out)
    # Refused codes take cycles that the weights in their place do not: each stored word at most 4 a quartet.
    limit = _SLOWEST * sum(_most_cycles(work, p) for work in works)
    outputs = simulate(rtl, arrays, cycles=limit, outputs=["error", *COUNTS], seed=seed)
    last = outputs["result_out__cycle"][ends - 1]
    results = result_parts(outputs["result_out"], p)
    cycles = layer_cycles_seen(outputs["config__cycle"], last)
    results |= {"cycles": cycles, "error": outputs["error"][last]}
    return results | {name: outputs[name][last] for name in COUNTS}


def _most_cycles(work: ProductWork, p: InMemoryParameters) -> int:
    groups = position_groups(work.positions, p)
    return unit_cycles(work.weights, work.positions, p).total + 4 * groups * work.weights.size * p.quartets


def expected_works(works: Sequence[ProductWork], parameters: InMemoryParameters) -> Results:
    """What `run_works` must return if no stream waits; of works with ``words`` only what is `timeless`."""
    p = parameters
    fields = [result_fields(work, p) for work in works]
    results: Results = {name: np.concatenate([each[name] for each in fields]) for name in fields[0]}
    counts = [work_counts(work, p) for work in works]
    results |= {name: np.array([count[name] for count in counts]) for name in COUNTS}
    # In its last cycle a product has counted those before.
    cycles = results["cycle_count"]
    errors = np.array([int(work.words is not None) for work in works])
    return results | {"cycles": cycles, "cycle_count": cycles - 1, "error": errors}


def stream_words(works: Sequence[ProductWork], parameters: InMemoryParameters) -> dict[str, NDArray[np.generic]]:
    """Payloads of the input streams, as `verif.batch.simulate` takes them."""
    p = parameters
    config = np.array([_bits(config_fields(work, p)) for work in works])
    return {
        "config": pack(config, 1),
        "input_in": pack(np.concatenate([input_rows(work.inputs, p) for work in works]), p.input_bits),
        "weight_in": pack(np.concatenate([weight_words(work, p) for work in works]), p.weight_word_bits),
    }


def _bits(fields: Sequence[tuple[int, int]]) -> list[int]:
    return [value >> bit & 1 for value, width in fields for bit in range(width)]


def result_parts(payloads: NDArray[Any], parameters: InMemoryParameters) -> Results:
    """The parts of result payloads, as `gen.vectors.asm_in_memory.result_fields` names them."""
    p = parameters
    width, lanes = p.accumulator_width, p.positions_together
    whole: NDArray[np.int64] = unpack(payloads, lanes * width + 2 * COUNT_BITS, 1, False).astype(np.int64)
    weights = 1 << np.arange(width, dtype=np.int64)
    weights[-1] = -weights[-1]
    sums = whole[:, : lanes * width].reshape(-1, lanes, width) @ weights
    tags = whole[:, lanes * width :].reshape(-1, 2, COUNT_BITS) @ (1 << np.arange(COUNT_BITS, dtype=np.int64))
    return {"sums": sums, "output": tags[:, 0], "group": tags[:, 1]}


def random_traffic(seed: int, share: float = 0.5) -> Traffic:
    """Streams that each wait in a pattern of their own."""
    random = np.random.default_rng(seed)
    return Traffic(**{name: random.random(101 + 2 * place) < share for place, name in enumerate(STREAMS)})


def timeless(results: Results, *others: str) -> Results:
    """Those that do not depend on streams that wait, nor are among ``others``."""
    return {name: words for name, words in results.items() if name not in ("cycles", "cycle_count", *others)}


def in_memory_work(rtl: Rtl, parameters: InMemoryParameters, products: int, seed: int) -> list[tuple[Results, Results]]:
    """What the unit does with random matrix products of about ``products`` products, and what it must do.

    First at full rate, where cycles count too, then with streams that wait, where they do not; of many products, then
    those with the largest counts; where stored words can be refused, a product with some of them comes between two
    others.
    """
    p = parameters
    works = bench_works(p, seed)
    rounds = max(1, products // 2 // sum(work.inputs.size * work.outputs for work in works))
    for place in range(1, rounds):
        works += bench_works(p, seed + 1000 * place)
    expected = expected_works(works, p)
    slow = run_works(rtl, works, p, random_traffic(seed), seed)
    pairs = [(run_works(rtl, works, p, seed=seed), expected), (slow, timeless(expected))]
    if products >= _MANY:
        works = long_works(p, seed)
        pairs.append((run_works(rtl, works, p, seed=seed), expected_works(works, p)))
    if (refused := refused_work(p, seed)) is not None:
        mixed = [works[0], refused, works[1]]
        got = run_works(rtl, mixed, p, seed=seed)
        pairs.append((got, timeless(expected_works(mixed, p), *COUNTS)))
    return pairs
