"""Run layers on the near-memory unit, and say by the golden model what must come of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gen.rtl import Rtl
from gen.vectors.asm_layers import LayerWork, bench_shapes, random_layers
from gen.vectors.asm_near_memory import (
    channel_fields,
    descriptor_word,
    input_transfers,
    lane_bits,
    layer_counts,
    result_fields,
    weight_rows,
)
from sim_models.asm.near_memory import NearMemoryParameters, lane_blocks
from sim_models.asm.near_memory_cycles import layer_cycles
from sim_models.asm.near_memory_descriptor import descriptor_bits
from sim_models.asm.requantize import affine_bits
from verif.batch import Sink, Source, simulate
from verif.checks_form import layer_cycles_seen
from verif.packing import pack, unpack

Results = dict[str, NDArray[Any]]
COUNTS = ("cycle_count", "weight_read_count", "input_read_count")
STREAMS = ("config", "weight_in", "input_in", "channel_in", "result_out")
_SLOWEST = 20  # times the formula: how long a run under back-pressure may take


@dataclass(frozen=True, kw_only=True, eq=False)
class Traffic:
    """Patterns by cycle, repeated: when inputs offer something, and when results are taken."""

    config: ArrayLike = True
    weight_in: ArrayLike = True
    input_in: ArrayLike = True
    channel_in: ArrayLike = True
    result_out: ArrayLike = True


def run_works(
    rtl: Rtl,
    works: Sequence[LayerWork],
    parameters: NearMemoryParameters,
    traffic: Traffic | None = None,
    seed: int = 0,
) -> Results:
    """What the unit does with layers that fit, one after the other, as `expected_works` gives it.

    ``cycles`` are those from taking a descriptor to the layer's last result; the counters are what the ports show
    when that is taken. ``error``: whether a word was refused in any of the layers.
    """
    p, traffic = parameters, traffic or Traffic()
    ends = np.cumsum([_results(work, p) for work in works])
    arrays: dict[str, Any] = {
        name: Source(payloads=words, valid=getattr(traffic, name)) for name, words in stream_words(works, p).items()
    }
    arrays["result_out"] = Sink(transfers=int(ends[-1]), ready=traffic.result_out)
    limit = _SLOWEST * sum(layer_cycles(work.shape, p).total + 2 for work in works)
    outputs = simulate(rtl, arrays, cycles=limit, outputs=["error", *COUNTS], seed=seed)
    last = outputs["result_out__cycle"][ends - 1]
    results = result_parts(outputs["result_out"], p)
    cycles = layer_cycles_seen(outputs["config__cycle"], last)
    results |= {"cycles": cycles, "error": np.flatnonzero(outputs["error"])}
    return results | {name: outputs[name][last] for name in COUNTS}


def expected_works(works: Sequence[LayerWork], parameters: NearMemoryParameters) -> Results:
    """What `run_works` must return if no stream waits."""
    p = parameters
    fields = [result_fields(work, p) for work in works]
    results: Results = {name: np.concatenate([each[name] for each in fields]) for name in fields[0]}
    counts = [layer_counts(work, p) for work in works]
    results |= {name: np.array([count[name] for count in counts]) for name in COUNTS}
    # In its last cycle a layer has counted those before.
    cycles = results["cycle_count"]
    return results | {"cycles": cycles, "cycle_count": cycles - 1, "error": np.zeros(0, np.int64)}


def stream_words(works: Sequence[LayerWork], parameters: NearMemoryParameters) -> dict[str, NDArray[np.generic]]:
    """Payloads of the input streams, as `verif.batch.simulate` takes them; none of a stream that carries nothing."""
    p = parameters
    width = sum(descriptor_bits(p).values())
    config = np.array([[descriptor_word(work, p) >> bit & 1 for bit in range(width)] for work in works])
    found = {
        "config": pack(config, 1),
        "weight_in": pack(np.concatenate([weight_rows(work, p) for work in works]), p.weight_word_bits),
        "input_in": pack(np.concatenate([input_transfers(work, p) for work in works]), p.input_word_bits),
        "channel_in": pack(np.concatenate([_channel_bits(work, p) for work in works]), 1),
    }
    return {name: words for name, words in found.items() if len(words)}


def _channel_bits(work: LayerWork, p: NearMemoryParameters) -> NDArray[np.int64]:
    """(transfers, bits) of words of requantization."""
    fields = channel_fields(work, p).values()
    banks = range(p.banks)
    return np.concatenate([words[:, [bank]] >> np.arange(bits) & 1 for bank in banks for words, bits in fields], axis=1)


def _results(work: LayerWork, p: NearMemoryParameters) -> int:
    return work.shape.gemm.positions * lane_blocks(work.shape.outputs, p) * p.lanes_in_bank


def result_parts(payloads: NDArray[Any], parameters: NearMemoryParameters) -> Results:
    """The parts of result payloads, as `gen.vectors.asm_near_memory.result_fields` names them."""
    p = parameters
    bits, word = descriptor_bits(p), affine_bits(p)
    widths = {"position": bits["positions"], "block": bits["blocks"], "lane": lane_bits(p)}
    offset = word * p.banks
    whole = unpack(payloads, offset + sum(widths.values()), 1, False)
    values = [_number(whole, word * bank, word, signed=True) for bank in range(p.banks)]
    results = {"values": np.stack(values, axis=1)}
    for name, width in widths.items():
        results[name] = _number(whole, offset, width)
        offset += width
    return results


def _number(bits: NDArray[Any], offset: int, width: int, *, signed: bool = False) -> NDArray[np.int64]:
    weights = 1 << np.arange(width, dtype=np.int64)
    if signed:
        weights[-1] = -weights[-1]
    return np.asarray(bits[:, offset : offset + width] @ weights)


def random_traffic(seed: int, share: float = 0.5) -> Traffic:
    """Streams that each wait in a pattern of their own."""
    random = np.random.default_rng(seed)
    return Traffic(**{name: random.random(101 + 2 * place) < share for place, name in enumerate(STREAMS)})


def timeless(results: Results) -> Results:
    """Those that do not depend on streams that wait."""
    return {name: words for name, words in results.items() if name not in ("cycles", "cycle_count")}


def near_memory_work(
    rtl: Rtl, parameters: NearMemoryParameters, products: int, seed: int
) -> list[tuple[Results, Results]]:
    """What the unit does with random layers of about ``products`` products, and what it must do.

    First at full rate, where cycles count too, then with streams that wait, where they do not.
    """
    p = parameters
    shapes = bench_shapes(p)
    rounds = max(1, products // 2 // sum(shape.gemm.macs for shape in shapes))
    works = random_layers(shapes * rounds, p, seed)
    expected = expected_works(works, p)
    slow = run_works(rtl, works, p, random_traffic(seed), seed)
    return [(run_works(rtl, works, p, seed=seed), expected), (slow, timeless(expected))]
