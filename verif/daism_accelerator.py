"""Run layers on the accelerator of the in-SRAM multiplier, and say by the golden model what must come of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gen.rtl import Rtl
from gen.vectors.daism_accelerator import LayerWork, bench_shapes, layer_streams, random_layers, result_fields
from hdl.daism.layouts import sum_bits
from sim_models.daism.accelerator import AcceleratorParameters
from sim_models.daism.accelerator_cycles import accelerator_cycles
from sim_models.daism.descriptor import descriptor_bits, packed_descriptor
from verif.batch import Sink, Source, simulate
from verif.checks_form import layer_cycles_seen
from verif.packing import pack

Results = dict[str, NDArray[Any]]
COUNTS = ("access_count", "skipped_count", "row_write_count", "wordline_count")
_SLOWEST = 20  # times the formula: how long a run under back-pressure may take


@dataclass(frozen=True, kw_only=True, eq=False)
class Traffic:
    """Patterns by cycle, repeated: when inputs offer something, and when results are taken."""

    weight_in: ArrayLike = True
    activation_in: ArrayLike = True
    bias_in: ArrayLike = True
    config: ArrayLike = True
    result_out: ArrayLike = True


def run_works(
    rtl: Rtl,
    works: Sequence[LayerWork],
    parameters: AcceleratorParameters,
    traffic: Traffic | None = None,
    *,
    counters: bool = True,
    seed: int = 0,
) -> Results:
    """What the accelerator does with layers that fit, one after the other, as `expected_works` gives it.

    ``cycles`` are those from taking a descriptor to the layer's last result; ``cycle_count`` and the other counters,
    if asked for, are what the ports show when that is taken.
    """
    p, arrays = parameters, _streams(works, parameters, traffic or Traffic())
    shown = ["refused", "cycle_count", *COUNTS] if counters else ["refused"]
    outputs = simulate(rtl, arrays, cycles=_limit(works, p), outputs=shown, seed=seed)
    seen = _seen(works, p, outputs["result_out"], outputs["result_out__cycle"], outputs["config__cycle"])
    seen["refused"] = np.flatnonzero(outputs["refused"])
    return seen | (_counters(works, p, outputs, outputs["result_out__cycle"]) if counters else {})


def full_rate_inputs(
    rtl: Rtl, works: Sequence[LayerWork], parameters: AcceleratorParameters
) -> tuple[Results, NDArray[np.int64]]:
    """The input ports by cycle, up to the last result, with which ``works`` run and no stream waits.

    And the cycles in which the descriptors are taken.
    """
    p, arrays = parameters, _streams(works, parameters, Traffic())
    found = simulate(rtl, arrays, cycles=_limit(works, p), outputs=[])
    cycles = np.arange(found["result_out__cycle"][-1] + 1)
    ports: Results = {"result_out__ready": np.ones(len(cycles), np.int64)}
    for name, stream in arrays.items():
        if isinstance(stream, Source):
            payloads, before = np.asarray(stream.payloads), np.searchsorted(found[f"{name}__cycle"], cycles)
            ports[f"{name}__valid"] = (before < len(payloads)).astype(np.int64)
            ports[f"{name}__payload"] = payloads[np.minimum(before, len(payloads) - 1)]
    return ports, found["config__cycle"]


def shown_works(
    works: Sequence[LayerWork], parameters: AcceleratorParameters, inputs: Results, outputs: Results
) -> Results:
    """What `run_works` returns, from all outputs by cycle under `full_rate_inputs`."""
    p, at = parameters, np.flatnonzero(outputs["result_out__valid"])
    begins = np.flatnonzero(inputs["config__valid"] & outputs["config__ready"])
    seen = _seen(works, p, outputs["result_out__payload"][at], at, begins)
    seen["refused"] = np.flatnonzero(outputs["refused"])
    return seen | _counters(works, p, outputs, at)


def _streams(works: Sequence[LayerWork], p: AcceleratorParameters, traffic: Traffic) -> dict[str, Source | Sink]:
    streams = [layer_streams(work, p) for work in works]
    arrays: dict[str, Source | Sink] = {"config": Source(payloads=_descriptors(works, p), valid=traffic.config)}
    for name in ("weight_in", "activation_in", "bias_in"):
        bits = streams[0][name][1]
        words = np.concatenate([stream[name][0] for stream in streams])
        if len(words):
            arrays[name] = Source(payloads=pack(words, bits), valid=getattr(traffic, name))
    return arrays | {"result_out": Sink(transfers=int(_ends(works, p)[-1]), ready=traffic.result_out)}


def _limit(works: Sequence[LayerWork], p: AcceleratorParameters) -> int:
    return _SLOWEST * sum(accelerator_cycles(work.shape, p).total + 1 for work in works)


def _ends(works: Sequence[LayerWork], p: AcceleratorParameters) -> NDArray[np.int64]:
    """After how many results each layer has ended."""
    return np.cumsum([work.shape.gemm.positions * -(-work.shape.outputs // p.lanes) for work in works])


def _seen(
    works: Sequence[LayerWork],
    p: AcceleratorParameters,
    payloads: NDArray[Any],
    at: NDArray[np.int64],
    begins: NDArray[np.int64],
) -> Results:
    """The fields of results that came in cycles ``at``, and the layers' cycles from ``begins`` on."""
    ends = _ends(works, p)
    assert len(at) == ends[-1], "results are too few or too many"
    return {**_fields(payloads, p), "cycles": layer_cycles_seen(begins, at[ends - 1])}


def _counters(works: Sequence[LayerWork], p: AcceleratorParameters, outputs: Results, at: NDArray[np.int64]) -> Results:
    """What the counters show with each layer's last result."""
    last = at[_ends(works, p) - 1]
    return {name: outputs[name][last] for name in ("cycle_count", *COUNTS)}


def expected_works(works: Sequence[LayerWork], parameters: AcceleratorParameters) -> Results:
    """What `run_works` must return if no stream waits."""
    p = parameters
    fields = [result_fields(work, p) for work in works]
    results: Results = {name: np.concatenate([each[name] for each in fields]) for name in fields[0]}
    cycles = np.array([accelerator_cycles(work.shape, p).total for work in works])
    # In its last cycle a layer has counted those before.
    results |= {"cycles": cycles, "cycle_count": cycles - 1, "refused": np.zeros(0, np.int64)}
    counts = [work.counters(p) for work in works]
    for name, field in zip(COUNTS, ("accesses", "skipped", "row_writes", "wordlines"), strict=True):
        results[name] = np.array([getattr(count, field) for count in counts])
    return results


def _descriptors(works: Sequence[LayerWork], p: AcceleratorParameters) -> NDArray[np.generic]:
    width = sum(descriptor_bits(p).values())
    words = np.array([[packed_descriptor(work.shape, p) >> bit & 1 for bit in range(width)] for work in works])
    return pack(words, 1)


def _fields(payloads: NDArray[Any], p: AcceleratorParameters) -> Results:
    """The parts of result payloads."""
    bits, word = descriptor_bits(p), sum_bits(p)
    words = payloads if payloads.ndim == 2 else np.ascontiguousarray(payloads.astype("<u8"))[:, None].view("<u4")
    tags = word * p.lanes
    return {
        "sums": np.stack([_field(words, lane * word, word) for lane in range(p.lanes)], axis=1),
        "position": _field(words, tags, bits["positions"]),
        "block": _field(words, tags + bits["positions"], bits["blocks"]),
    }


def _field(words: NDArray[Any], offset: int, width: int) -> NDArray[np.int64]:
    """Bits of each row of 32-bit words."""
    first, shift = divmod(offset, 32)
    value = words[:, first].astype(np.uint64) >> np.uint64(shift)
    for place in range(first + 1, (offset + width - 1) // 32 + 1):
        value |= words[:, place].astype(np.uint64) << np.uint64(32 * place - offset)
    return (value & np.uint64((1 << width) - 1)).astype(np.int64)


def accelerator_work(
    rtl: Rtl, parameters: AcceleratorParameters, products: int, seed: int
) -> list[tuple[Results, Results]]:
    """What the accelerator does with random layers of about ``products`` products, and what it must do.

    First at full rate, where cycles count too, then with streams that wait, where they do not.
    """
    shapes = bench_shapes(parameters)
    rounds = max(1, products // 2 // sum(shape.gemm.macs for shape in shapes))
    works = random_layers(shapes * rounds, parameters, seed)
    expected = expected_works(works, parameters)
    random = np.random.default_rng(seed)
    names = ("weight_in", "activation_in", "bias_in", "config", "result_out")
    waits = Traffic(**{name: random.random(101 + 2 * place) < 0.5 for place, name in enumerate(names)})
    slow = run_works(rtl, works, parameters, waits, seed=seed)
    timeless = {name: words for name, words in expected.items() if name not in ("cycles", "cycle_count")}
    return [(run_works(rtl, works, parameters, seed=seed), expected), (slow, timeless)]
