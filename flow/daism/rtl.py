"""The test half of the digits through the Verilog of the accelerator, every sum of every layer beside the golden ones.

The hardware's own sums are what the next layer is driven with: nothing of the golden model goes into the loop.
"""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import gen.vectors.daism_accelerator
import sim_models.daism
from flow.daism.arithmetic import Arithmetic
from flow.daism.hardware import HardwareLayer, layers_for_hardware
from flow.daism.network import Layer, Network, correct_digits, layer_values, load
from flow.daism.sources import code
from flow.digits.data import CLASSES
from flow.digits.data import load as load_digits
from flow.results import read_entry, write_entry
from gen.cache import content_key
from gen.catalog import find
from gen.rtl import Rtl
from sim_models.arith.checking import IntArray, require_integer
from sim_models.daism import layer_counters, to_words
from sim_models.daism.accelerator import AcceleratorParameters
from verif import batch, daism_accelerator, daism_network
from verif.binding import load_library
from verif.daism_network import LayerRun, NetworkLayer, run_layers

ACCELERATOR = AcceleratorParameters(rows=256, columns=256, banks=16, activation_words=8192, sum_words=512)
"""16 x 8 kB, pc3 truncated: 512 lanes; buffers for 8 images of the widest layer."""

_CACHE = "daism_rtl"
# Images that one simulation takes through a layer: enough for two cores, always the same cycles.
_AT_ONCE = 75


@dataclass(frozen=True, kw_only=True)
class SimulatedLayer:
    """A layer in simulation beside the golden model.

    ``products``: those of the layer, with those of padding; ``sums``: words compared; ``differences``: those that are
    not the same in every bit. ``cycles``: from each descriptor to its last result; ``expected_cycles``: by formula.
    ``pieces``: descriptors. ``accesses`` and ``skipped``: as the hardware counted them; ``counters_agree``: they, and
    the wordlines, are the golden ones.
    """

    name: str
    products: int
    sums: int
    differences: int
    cycles: int
    expected_cycles: int
    pieces: int
    accesses: int
    skipped: int
    counters_agree: bool


@dataclass(frozen=True, kw_only=True)
class SimulatedDigits:
    """``images`` through an accelerator; ``layers`` in order.

    ``correct``, ``golden_correct``: right digits from the hardware's logits and from the golden ones;
    ``other_digits``: images to which these two give another digit. ``seconds``: processor time of the simulation.
    """

    accelerator: str
    lanes: int
    images: int
    layers: tuple[SimulatedLayer, ...]
    correct: int
    golden_correct: int
    other_digits: int
    seconds: float

    @property
    def identical(self) -> bool:
        """Whether all sums, digits, cycles and counters are as they must be."""
        return not self.other_digits and all(
            layer.differences == 0 and layer.cycles == layer.expected_cycles and layer.counters_agree
            for layer in self.layers
        )


def simulated_digits(
    parameters: AcceleratorParameters = ACCELERATOR, *, images: int | None = None, network: Network | None = None
) -> SimulatedDigits:
    """Simulate an accelerator on the first ``images`` of the test half (None: all 899); from the cache if it is there.

    ``network`` None: the trained weights. Raises ValueError for a number of images that there are not, operands that
    are not bfloat16, accumulators that `flow.daism.arithmetic.Arithmetic` refuses, and buffers that do not hold one
    position of a layer; ToolMissing without Verilator or a C++ compiler.
    """
    digits = load_digits()
    count = len(digits.test_labels) if images is None else images
    require_integer("images", count, 1, len(digits.test_labels))
    layers = load() if network is None else network
    rtl = find("daism").elaborate(parameters)
    key = _key(rtl, layers, parameters, count)
    entry = read_entry(_CACHE, key)
    if entry is not None:
        return _read(entry[0])
    found = simulate_images(rtl, parameters, layers, digits.test_images[:count], digits.test_labels[:count])
    write_entry(_CACHE, key, asdict(found))
    return found


def simulate_images(
    rtl: Rtl, parameters: AcceleratorParameters, network: Network, images: ArrayLike, labels: IntArray
) -> SimulatedDigits:
    """Simulate ``rtl``, an accelerator of ``parameters``, on ``images`` (count, 8, 8) of 0..16; never from the cache.

    Raises what `simulated_digits` raises.
    """
    p = parameters
    golden = layers_for_hardware(network, images, Arithmetic(parameters=p))
    load_library(rtl)  # built before the time is taken, and once
    start = time.process_time()
    runs = _run(rtl, p, network, golden)
    seconds = time.process_time() - start
    logits, expected = (_logits(network[-1], sums) for sums in (runs[-1].sums, golden[-1].sums))
    return SimulatedDigits(
        accelerator=f"{p.banks} banks of {p.rows} x {p.columns}, {p.variant} {p.kept_columns}",
        lanes=p.banks * p.lanes,
        images=len(labels),
        layers=tuple(compared(layer, run, p) for layer, run in zip(golden, runs, strict=True)),
        correct=correct_digits(logits, labels),
        golden_correct=correct_digits(expected, labels),
        other_digits=int((logits.argmax(axis=1) != expected.argmax(axis=1)).sum()),
        seconds=seconds,
    )


def compared(layer: HardwareLayer, run: LayerRun, parameters: AcceleratorParameters) -> SimulatedLayer:
    """What the hardware made of ``layer`` beside what it must make of it."""
    counters = layer_counters(layer.driven, layer.shape.outputs, parameters)
    return SimulatedLayer(
        name=layer.shape.name,
        products=layer.shape.macs,
        sums=layer.sums.size,
        differences=int((run.sums != layer.sums).sum()),
        cycles=run.cycles,
        expected_cycles=run.expected_cycles,
        pieces=run.pieces,
        accesses=run.counters.accesses,
        skipped=run.counters.skipped,
        # Each batch of images writes its own rows.
        counters_agree=replace(run.counters, row_writes=0) == replace(counters, row_writes=0),
    )


def text_lines(found: SimulatedDigits) -> list[str]:
    """The comparison as lines of text."""
    return [
        f"digits through the accelerator's Verilog: {found.accelerator}, {found.lanes} lanes",
        f"  {'':9}{'products':>12}{'sums':>10}{'differ':>8}{'cycles':>10}{'formula':>10}{'skipped %':>11}",
        *(_row(layer) for layer in (*found.layers, _total(found.layers))),
        f"  {found.images} images: {found.correct} correct by the Verilog, {found.golden_correct} by the golden model, "
        f"another digit in {found.other_digits}",
        f"  {_total(found.layers).pieces} descriptors, {found.seconds:.0f} s of processor time",
        f"  criterion, sums, digits, cycles and counters identical: {'yes' if found.identical else 'no'}",
    ]


def _row(layer: SimulatedLayer) -> str:
    numbers = f"{layer.products:12}{layer.sums:10}{layer.differences:8}{layer.cycles:10}{layer.expected_cycles:10}"
    return f"  {layer.name:9}{numbers}{100 * layer.skipped / (layer.accesses + layer.skipped):11.1f}"


def _total(layers: Sequence[SimulatedLayer]) -> SimulatedLayer:
    sums = {field.name: sum(getattr(layer, field.name) for layer in layers) for field in fields(SimulatedLayer)[1:-1]}
    return SimulatedLayer(name="all", **sums, counters_agree=all(layer.counters_agree for layer in layers))


def _run(rtl: Rtl, p: AcceleratorParameters, network: Network, golden: Sequence[HardwareLayer]) -> tuple[LayerRun, ...]:
    """All layers on all images, some images at a time on each core."""
    layers = [_network_layer(layer, made, p) for layer, made in zip(network, golden, strict=True)]
    words = golden[0].inputs.astype(np.int64)
    parts = [words[begin : begin + _AT_ONCE] for begin in range(0, len(words), _AT_ONCE)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = list(pool.map(partial(run_layers, rtl, p, layers), parts))
    return tuple(_joined(some) for some in zip(*runs, strict=True))


def _network_layer(layer: Layer, made: HardwareLayer, p: AcceleratorParameters) -> NetworkLayer:
    def after(sums: NDArray[np.uint32]) -> IntArray:
        return to_words(layer_values(layer, sums), p)

    return NetworkLayer(
        weights=made.weights.astype(np.int64),
        bias=made.bias,
        stride=made.shape.stride,
        padding=made.shape.padding,
        after=after,
    )


def _joined(runs: Sequence[LayerRun]) -> LayerRun:
    """One layer on some images after the other as one run."""
    counters = [vars(run.counters) for run in runs]
    return LayerRun(
        sums=np.concatenate([run.sums for run in runs]),
        cycles=sum(run.cycles for run in runs),
        expected_cycles=sum(run.expected_cycles for run in runs),
        counters=type(runs[0].counters)(**{name: sum(each[name] for each in counters) for name in counters[0]}),
        pieces=sum(run.pieces for run in runs),
    )


def _logits(last: Layer, sums: NDArray[np.uint32]) -> NDArray[np.float32]:
    return layer_values(last, sums).reshape(-1, CLASSES)


def _key(rtl: Rtl, network: Network, p: AcceleratorParameters, images: int) -> str:
    models = sorted(Path(sim_models.daism.__file__).parent.glob("*.py"))
    modules = (batch, daism_accelerator, daism_network, gen.vectors.daism_accelerator)
    files = [*models, *(Path(module.__file__ or "") for module in modules), Path(batch.__file__).with_name("batch.cpp")]
    weights = [array.tobytes() for layer in network for array in (layer.weights, layer.bias)]
    return content_key(rtl.verilog, asdict(p), images, *weights, *code(Path(__file__), *files))


def _read(content: dict[str, Any]) -> SimulatedDigits:
    return SimulatedDigits(**{**content, "layers": tuple(SimulatedLayer(**layer) for layer in content["layers"])})
