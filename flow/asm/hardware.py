"""Exported networks on the generated units: parameters of a unit, its layers, and what comes out of them.

Near memory, the unit hands its own requantized results on from layer to layer. In memory, the unit makes exact sums;
the golden requantisation turns them into the inputs of the next layer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from flow.asm.exported import ExportedLayer, ExportedNetwork
from flow.asm.inference import LayerRun, as_images, layer_outputs, layer_rows
from gen.rtl import Rtl
from sim_models.arith.checking import IntArray, require_choice
from sim_models.asm import AsmParameters
from sim_models.asm.in_memory import InMemoryParameters, SingleRowParameters
from sim_models.asm.near_memory import NearMemoryParameters, Requantization
from sim_models.asm.parameters import CODED_ALPHABETS
from verif import asm_in_memory, asm_near_memory

NEAR_MEMORY, IN_MEMORY, SINGLE_ROW = "asm_near_memory", "asm_in_memory", "asm_in_memory_single_row"
UNITS = (NEAR_MEMORY, IN_MEMORY, SINGLE_ROW)
"""Designs of the catalog."""
UnitParameters = NearMemoryParameters | InMemoryParameters

_LANES, _BANKS = 32, 2
_BANK_BITS = 256  # of a row: 16 weights of up to 13 bits
_ARRAY_ROWS, _ARRAY_COLUMNS = 256, 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class HardwareRun:
    """What a unit made of a layer, and in which cycles.

    ``words`` (images, outputs, edge, edge): results near memory, exact sums in memory. ``outputs``: inputs of the next
    layer, or scores. ``cycles``: from each descriptor to its last result, over all ``pieces``; ``expected_cycles``: by
    formula.
    """

    words: IntArray
    outputs: IntArray
    cycles: int
    expected_cycles: int
    pieces: int


def unit_parameters(unit: str, network: ExportedNetwork) -> UnitParameters:
    """Parameters of a ``unit`` of moderate size for all layers of ``network``; weights are encoded if they can be.

    Near memory 32 lanes in two banks, with all alphabets of the network; in memory one array of 256 x 1024, which takes
    encoded inputs as the integers that they are. Raises ValueError for another unit, and as the parameters do.
    """
    require_choice("unit", unit, UNITS)
    p = network.layers[0].main
    alphabets = _alphabets(chain.from_iterable(layer.parameters for layer in network.layers))
    length = max(layer.length for layer in network.layers)
    if unit == NEAR_MEMORY:
        return NearMemoryParameters(
            alphabets=alphabets,
            weight_bits=p.weight_bits,
            input_bits=p.input_bits,
            encode_weights=alphabets in CODED_ALPHABETS,
            encode_inputs=p.encode_inputs,
            reduction_length=length,
            lanes=_LANES,
            banks=_BANKS,
            rows=1024,
            columns=_BANK_BITS,
            activation_words=4096,
            position_limit=1024,
        )
    kind = InMemoryParameters if unit == IN_MEMORY else SingleRowParameters
    return kind(
        alphabets=alphabets,
        weight_bits=p.weight_bits,
        input_bits=p.input_bits,
        encode_weights=alphabets in CODED_ALPHABETS,
        reduction_length=length,
        rows=_ARRAY_ROWS,
        columns=_ARRAY_COLUMNS,
        output_limit=max(layer.shape.outputs for layer in network.layers),
    )


def _alphabets(parameters: Iterable[AsmParameters]) -> tuple[int, ...]:
    return tuple(sorted(set(chain.from_iterable(p.alphabets for p in parameters))))


def run_network(
    rtl: Rtl, parameters: UnitParameters, network: ExportedNetwork, inputs: IntArray
) -> tuple[HardwareRun, ...]:
    """All layers on the unit: ``inputs`` of the first one (images, channels, size, size), then the hardware's own."""
    runs: list[HardwareRun] = []
    for layer, following in zip(network.layers, (*network.layers[1:], None), strict=True):
        values = runs[-1].outputs if runs else inputs
        if isinstance(parameters, NearMemoryParameters):
            runs.append(_near_memory(rtl, parameters, layer, values))
        else:
            runs.append(_in_memory(rtl, parameters, layer, values, following))
    return tuple(runs)


def golden_words(parameters: UnitParameters, run: LayerRun) -> IntArray:
    """What the golden model has in place of `HardwareRun.words`."""
    return run.outputs if isinstance(parameters, NearMemoryParameters) else run.sums


def joined(runs: Sequence[HardwareRun]) -> HardwareRun:
    """One layer on some images after the other as one run."""
    return HardwareRun(
        words=np.concatenate([run.words for run in runs]),
        outputs=np.concatenate([run.outputs for run in runs]),
        cycles=sum(run.cycles for run in runs),
        expected_cycles=sum(run.expected_cycles for run in runs),
        pieces=sum(run.pieces for run in runs),
    )


def _near_memory(rtl: Rtl, p: NearMemoryParameters, layer: ExportedLayer, values: IntArray) -> HardwareRun:
    shape, words = layer.shape, layer.words
    run = asm_near_memory.run_layer(
        rtl,
        asm_near_memory.NetworkLayer(
            weights=layer.weights.T.reshape(shape.outputs, shape.channels, shape.kernel, shape.kernel),
            requantization=Requantization(
                scale=words.scale, offset=words.offset, shift=words.shift, relu=layer.relu, rounded=not layer.last
            ),
            stride=shape.stride,
            padding=shape.padding,
        ),
        p,
        values,
    )
    return HardwareRun(
        words=run.results,
        outputs=run.results,
        cycles=run.cycles,
        expected_cycles=run.expected_cycles,
        pieces=run.pieces,
    )


def _in_memory(
    rtl: Rtl, p: InMemoryParameters, layer: ExportedLayer, values: IntArray, following: ExportedLayer | None
) -> HardwareRun:
    run = asm_in_memory.run_layer(rtl, layer_rows(layer, values), layer.weights, p)
    sums = as_images(run.sums, layer)
    return HardwareRun(
        words=sums,
        outputs=layer_outputs(layer, sums, following),
        cycles=run.cycles,
        expected_cycles=run.expected_cycles,
        pieces=run.products,
    )
