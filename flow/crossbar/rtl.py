"""Some of the digits through the Verilog of each strategy's tile, every layer beside the golden dataflow.

The hardware's own products, or codes, make what the next layer is driven with: nothing of the golden model goes into
the loop. Batch norm, ReLU and rounding are outside the tiles and exact, as they are for the golden dataflow.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flow.crossbar import digits, rtl_comparison
from flow.crossbar.digits import ReadOut, calibrated, run_with, uncalibrated
from flow.crossbar.digits_accuracy import CALIBRATION_IMAGES
from flow.crossbar.rtl_comparison import Reading, SimulatedDigits, SimulatedLayer, compared
from flow.crossbar.sources import code
from flow.crossbar.tiles import TILES, Tile
from flow.digits import data as digits_data
from flow.digits import network as digits_network
from flow.digits.data import Digits
from flow.digits.data import load as load_digits
from flow.digits.network import WEIGHTS_FILE, Layer, Network, load, predicted_digits
from flow.results import read_entry, write_entry
from gen.cache import content_key
from gen.rtl import Rtl
from hdl.crossbar.tile_converters import TileParameters
from sim_models.arith.checking import IntArray, require_integer
from sim_models.crossbar import layer as golden_layer
from sim_models.crossbar.parameters import NEURAL_PIM
from verif import (
    batch,
    binding,
    build,
    crossbar_isaac,
    crossbar_isaac_loop,
    crossbar_layers,
    crossbar_loop,
    crossbar_tiles,
    crossbar_tiles_loop,
    memory,
    packing,
    ports,
)
from verif import run as batch_run
from verif.crossbar_layers import run_layer

IMAGES = 20
"""Of the test half, the first."""

_CACHE = "crossbar_rtl"
Step = Callable[[str], None]


def simulated_digits(
    tiles: Sequence[Tile] = TILES, *, images: int = IMAGES, step: Step = lambda _: None
) -> tuple[SimulatedDigits, ...]:
    """Simulate the first ``images`` of the test half on every tile; from the cache where they are there.

    Raises ValueError for a number of images that there are not; ToolMissing without Verilator or a C++ compiler.
    """
    everything = load_digits()
    require_integer("images", images, 1, len(everything.test_labels))
    found = []
    for tile in tiles:
        step(f"{images} digits through a tile, {tile.name}")
        found.append(_kept(tile, load(), everything, images))
    return tuple(found)


def simulate_images(
    rtl: Rtl, parameters: TileParameters, network: Network, chosen: Digits, name: str = ""
) -> SimulatedDigits:
    """Simulate ``rtl``, a tile for ``parameters``, on all test images of ``chosen``; never from the cache.

    Strategy C has a range for each layer, set on images of the training half. Raises what `simulated_digits` raises.
    """
    read_outs = _read_outs(parameters, network, chosen)
    golden, expected = _run(network, chosen, read_outs, _golden)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made, found = _run(network, chosen, read_outs, partial(_simulated, rtl, parameters, pool))
    labels = chosen.test_labels
    return SimulatedDigits(
        tile=name or rtl.name,
        images=len(labels),
        layers=tuple(compared(*each) for each in zip(network, made, golden, strict=True)),
        correct=int((found == labels).sum()),
        golden_correct=int((expected == labels).sum()),
        other_digits=int((found != expected).sum()),
    )


def _read_outs(p: TileParameters, network: Network, chosen: Digits) -> tuple[ReadOut, ...]:
    if p.strategy == NEURAL_PIM:
        return calibrated(network, chosen.train_images[:CALIBRATION_IMAGES], p)
    return uncalibrated(network, p)


def _run(
    network: Network,
    chosen: Digits,
    read_outs: Sequence[ReadOut],
    read: Callable[[Layer, NDArray[np.int8], ReadOut], Reading],
) -> tuple[list[Reading], IntArray]:
    """What is read of each layer, and the digits found."""
    found: list[Reading] = []

    def products(layer: Layer, inputs: NDArray[np.int8], how: ReadOut) -> IntArray:
        found.append(read(layer, inputs, how))
        return found[-1].values

    logits = run_with(network, chosen.test_images, read_outs, products)
    return found, predicted_digits(logits)


def _golden(layer: Layer, inputs: NDArray[np.int8], how: ReadOut) -> Reading:
    dot = golden_layer(inputs.astype(np.int64), layer.weights, how.parameters)
    return Reading(values=dot.values, saturations=dot.record.saturations)


def _simulated(
    rtl: Rtl, p: TileParameters, pool: Executor, layer: Layer, inputs: NDArray[np.int8], how: ReadOut
) -> Reading:
    ranged = replace(p, range_fraction=how.parameters.range_fraction)
    run = run_layer(rtl, ranged, inputs.astype(np.int64), layer.weights.astype(np.int64), pool)
    return Reading(values=run.values, run=run, saturations=run.saturations)


def _kept(tile: Tile, network: Network, everything: Digits, images: int) -> SimulatedDigits:
    p = tile.parameters
    rtl = tile.design.elaborate(p)
    key = content_key(tile.name, rtl.verilog, asdict(p), images, CALIBRATION_IMAGES, *_code())
    entry = read_entry(_CACHE, key)
    if entry is not None:
        return _read(entry[0])
    chosen = replace(
        everything, test_images=everything.test_images[:images], test_labels=everything.test_labels[:images]
    )
    found = simulate_images(rtl, p, network, chosen, tile.name)
    write_entry(_CACHE, key, asdict(found))
    return found


def _code() -> list[bytes]:
    flows = (digits, rtl_comparison, digits_data, digits_network)
    benches = (crossbar_isaac, crossbar_isaac_loop, crossbar_layers, crossbar_loop, crossbar_tiles, crossbar_tiles_loop)
    binder = (batch, binding, build, memory, packing, ports, batch_run)
    return code((*flows, *benches, *binder), Path(batch.__file__).with_name("batch.cpp"), Path(__file__), WEIGHTS_FILE)


def _read(content: dict[str, Any]) -> SimulatedDigits:
    return SimulatedDigits(**{**content, "layers": tuple(SimulatedLayer(**layer) for layer in content["layers"])})
