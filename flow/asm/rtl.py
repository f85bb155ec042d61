"""The test half of the digits through the Verilog of the units, every word of every layer beside the golden model.

The hardware's own results are what the next layer is driven with, requantized by the unit itself near memory; in memory
the golden model requantizes its sums.
"""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

import gen.vectors.asm_in_memory
import gen.vectors.asm_near_memory
import sim_models.asm
from flow.asm import exported, hardware, inference
from flow.asm.exported import ExportedNetwork
from flow.asm.hardware import (
    IN_MEMORY,
    NEAR_MEMORY,
    SINGLE_ROW,
    HardwareRun,
    UnitParameters,
    golden_words,
    joined,
    run_network,
    unit_parameters,
)
from flow.asm.inference import LayerRun, correct_images, infer, input_words
from flow.asm.storage import load
from flow.digits.data import load as load_digits
from flow.results import read_entry, write_entry
from gen.cache import content_key
from gen.catalog import find
from gen.rtl import Rtl
from sim_models.arith.checking import IntArray, require_integer
from sim_models.asm.near_memory import NearMemoryParameters
from verif import asm_in_memory, asm_in_memory_work, asm_near_memory, asm_near_memory_work, batch
from verif.binding import load_library

RUNS = (
    *((NEAR_MEMORY, f"cnn.{bits}.{alphabets}") for bits in (4, 8) for alphabets in ("1", "1-3", "1-3-5-7")),
    *((NEAR_MEMORY, name) for name in ("cnn.4.1-3.coded", "cnn.4.1+1-3-5-7")),
    *((IN_MEMORY, f"cnn.{bits}.{alphabets}") for bits in (4, 8) for alphabets in ("1", "1-3")),
    (SINGLE_ROW, "cnn.4.1-3"),
)
"""Units and kept networks that a report has."""

_CACHE = "asm_rtl"
# Images that one simulation takes through the layers: enough for two cores, always the same cycles.
_AT_ONCE = 75
Step = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class SimulatedLayer:
    """A layer in simulation beside the golden model.

    ``words``: results or sums compared; ``differences``: those that are not the same in every bit. ``cycles``: from
    each descriptor to its last result; ``expected_cycles``: by formula. ``pieces``: descriptors.
    """

    name: str
    words: int
    differences: int
    cycles: int
    expected_cycles: int
    pieces: int


@dataclass(frozen=True, kw_only=True)
class SimulatedNetwork:
    """``images`` through the layers of ``network`` on ``unit``.

    ``lanes``: products at a time near memory, positions in memory. ``correct``, ``golden_correct``: right digits from
    the scores behind the hardware and from the golden ones. ``seconds``: processor time of the simulation.
    """

    unit: str
    network: str
    lanes: int
    images: int
    layers: tuple[SimulatedLayer, ...]
    correct: int
    golden_correct: int
    seconds: float

    @property
    def identical(self) -> bool:
        """Whether all words, cycles and the number of right digits are as they must be."""
        return self.correct == self.golden_correct and all(
            layer.differences == 0 and layer.cycles == layer.expected_cycles for layer in self.layers
        )


def simulated_digits(
    runs: Sequence[tuple[str, str]] = RUNS, *, images: int | None = None, step: Step = lambda _: None
) -> tuple[SimulatedNetwork, ...]:
    """Simulate kept networks on units, with the first ``images`` of the test half (None: all 899), unless in the cache.

    ``runs``: pairs of a unit of `flow.asm.hardware.UNITS` and a network of `flow.asm.storage.NAMES`. Raises ValueError
    for others, for networks that a unit does not take and a number of images that there are not; ToolMissing without
    Verilator or a C++ compiler.
    """
    digits = load_digits()
    count = len(digits.test_labels) if images is None else images
    require_integer("images", count, 1, len(digits.test_labels))
    found = []
    for unit, name in runs:
        step(f"{name} on {unit}, {count} images")
        found.append(_kept(unit, load(name), digits.test_images[:count], digits.test_labels[:count]))
    return tuple(found)


def simulate_images(
    unit: str, rtl: Rtl, parameters: UnitParameters, network: ExportedNetwork, images: ArrayLike, labels: IntArray
) -> SimulatedNetwork:
    """Simulate ``rtl``, a ``unit`` of ``parameters``, on ``images`` (count, 8, 8) of 0..16; never from the cache.

    Raises what `simulated_digits` raises.
    """
    golden = infer(network, images)
    load_library(rtl)  # built before the time is taken, and once
    start = time.process_time()
    made = _run(rtl, parameters, network, input_words(network, images))
    seconds = time.process_time() - start
    names = [layer.shape.name for layer in network.layers]
    return SimulatedNetwork(
        unit=unit,
        network=network.name,
        lanes=_lanes(parameters),
        images=len(labels),
        layers=tuple(compared(*each, parameters) for each in zip(names, made, golden, strict=True)),
        correct=correct_images(made[-1].outputs, labels),
        golden_correct=correct_images(golden[-1].outputs, labels),
        seconds=seconds,
    )


def compared(name: str, run: HardwareRun, golden: LayerRun, parameters: UnitParameters) -> SimulatedLayer:
    """What the hardware made of a layer beside what it must make of it."""
    expected = golden_words(parameters, golden)
    return SimulatedLayer(
        name=name,
        words=expected.size,
        differences=int((run.words != expected).sum()),
        cycles=run.cycles,
        expected_cycles=run.expected_cycles,
        pieces=run.pieces,
    )


def text_lines(found: Sequence[SimulatedNetwork]) -> list[str]:
    """The comparisons as lines of text."""
    return [
        "digits through the units' Verilog, beside the golden model: results of layers near memory, sums in memory",
        f"  {'unit':26}{'network':18}{'lanes':>6}{'words':>9}{'differ':>7}{'cycles':>11}{'formula':>11}{'correct':>9}"
        f"{'golden':>8}",
        *(_row(each) for each in found),
        f"  of {found[0].images} images each, {sum(each.seconds for each in found):.0f} s of processor time",
        "  criterion, words, cycles and right digits identical: "
        + ("yes" if all(each.identical for each in found) else "no"),
    ]


def _row(found: SimulatedNetwork) -> str:
    words, differ, cycles, formula = (
        sum(getattr(layer, name) for layer in found.layers)
        for name in ("words", "differences", "cycles", "expected_cycles")
    )
    counts = f"{found.lanes:6}{words:9}{differ:7}{cycles:11}{formula:11}{found.correct:9}{found.golden_correct:8}"
    return f"  {found.unit:26}{found.network:18}{counts}"


def _lanes(p: UnitParameters) -> int:
    return p.lanes if isinstance(p, NearMemoryParameters) else p.positions_together


def _run(rtl: Rtl, p: UnitParameters, network: ExportedNetwork, words: IntArray) -> list[HardwareRun]:
    """All layers on all images, some images at a time on each core."""
    parts = [words[begin : begin + _AT_ONCE] for begin in range(0, len(words), _AT_ONCE)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = list(pool.map(partial(run_network, rtl, p, network), parts))
    return [joined(some) for some in zip(*runs, strict=True)]


def _kept(unit: str, network: ExportedNetwork, images: ArrayLike, labels: IntArray) -> SimulatedNetwork:
    p = unit_parameters(unit, network)
    rtl = find(unit).elaborate(p)
    key = _key(unit, rtl, network, p, len(labels))
    entry = read_entry(_CACHE, key)
    if entry is not None:
        return _read(entry[0])
    found = simulate_images(unit, rtl, p, network, images, labels)
    write_entry(_CACHE, key, asdict(found))
    return found


def _key(unit: str, rtl: Rtl, network: ExportedNetwork, p: UnitParameters, images: int) -> str:
    used = (exported, hardware, inference, asm_in_memory, asm_in_memory_work, asm_near_memory, asm_near_memory_work)
    modules = (*used, batch, gen.vectors.asm_in_memory, gen.vectors.asm_near_memory)
    models = sorted(Path(sim_models.asm.__file__).parent.glob("*.py"))
    files = [*models, *(Path(module.__file__ or "") for module in modules), Path(batch.__file__).with_name("batch.cpp")]
    texts = [path.read_bytes() for path in (*files, Path(__file__))]
    return content_key(
        unit, rtl.verilog, asdict(p), network.name, network.input_gain, images, *_arrays(network), *texts
    )


def _arrays(network: ExportedNetwork) -> list[bytes]:
    """All integers of the layers."""
    words = [getattr(layer.words, field.name) for layer in network.layers for field in fields(layer.words)]
    return [array.tobytes() for array in (*(layer.weights for layer in network.layers), *words)]


def _read(content: dict[str, Any]) -> SimulatedNetwork:
    return SimulatedNetwork(**{**content, "layers": tuple(SimulatedLayer(**layer) for layer in content["layers"])})
