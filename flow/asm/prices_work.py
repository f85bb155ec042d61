"""The work that lanes are measured with: a layer of the committed digits networks, each set's with its own weights.

The layer is the CNN's second one, of 144 products a sum. The exact lanes are given the network of all eight alphabets,
whose weights are any integers. A network was trained for each set and width, so that activations differ too.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flow.asm.inference import infer
from flow.asm.storage import load as load_network
from flow.asm.storage import network_name
from flow.digits.data import load as load_digits
from flow.prices.asm import BLOCKS, MAC, MULTIPLIER
from sim_models.arith.checking import IntArray, require_choice
from sim_models.asm import AsmParameters, round_inputs
from sim_models.asm.coding import encode, encode_inputs
from sim_models.asm.requantize import requantize
from sim_models.daism import im2col
from verif.checks_form import require_equal
from verif.packing import pack, unpack
from verif.workloads import Workload
from verif.workloads_form import Outputs

SOURCE = (
    "work: second layer of the digits CNN on test images, committed integers of each set and width (exact: those of "
    "all eight alphabets)"
)
_NETWORK, _LAYER = "cnn", 1
SEED = 0
_IMAGES = 6
_POSITION = 9  # of 16: the third row and second column of a 4 x 4 output
_ACTION = "one multiply-accumulate of a lane"


@dataclass(frozen=True, kw_only=True, eq=False)
class Operands:
    """Inputs (positions, length) and signed weights (length, outputs) of dot products."""

    parameters: AsmParameters
    inputs: IntArray
    weights: IntArray

    @property
    def sums(self) -> IntArray:
        """The dot products, (positions, outputs)."""
        return self.inputs @ self.weights


def layer_operands(parameters: AsmParameters) -> Operands:
    """The layer of the network for the alphabets and widths of ``parameters``: all its weights, one position an image.

    Raises ValueError where there is no such network: for other sets, for 16 bits, for coded inputs of more than 4.
    """
    inputs, weights = _layer(network_name(_NETWORK, parameters))
    return Operands(parameters=parameters, inputs=inputs, weights=weights)


def operands(parameters: AsmParameters) -> Operands:
    """The layer's first outputs, one for each lane of ``parameters``. Raises ValueError as `layer_operands`."""
    work = layer_operands(parameters)
    return Operands(parameters=parameters, inputs=work.inputs, weights=work.weights[:, : parameters.lanes])


@lru_cache(maxsize=64)
def _layer(name: str) -> tuple[IntArray, IntArray]:
    network = load_network(name)
    layer = network.layers[_LAYER]
    inputs = infer(network, load_digits().test_images[:_IMAGES])[_LAYER].inputs
    shape = layer.shape
    rows = im2col(inputs, (shape.kernel, shape.kernel), shape.stride, shape.padding)
    return rows.reshape(_IMAGES, -1, layer.length)[:, _POSITION], layer.weights


def lane_work(block: str, work: Operands) -> Workload:
    """``work`` on lanes of ``block``, exact ones too: a row of weights and an input each cycle.

    A neuron's lanes pause after each dot product, while the activation makes four words of its sums. Operations are
    multiply-accumulates, or products, of one lane each. Raises ValueError for an unknown ``block``.
    """
    require_choice("block", block, BLOCKS)
    if block == MULTIPLIER:
        return _products(work)
    return _sums(work) if block == MAC else _words(work)


def _products(work: Operands) -> Workload:
    p, x, w = work.parameters, work.inputs.ravel(), np.tile(work.weights, (len(work.inputs), 1))
    bits = p.weight_word_bits - 1
    magnitudes = encode(np.abs(w), p) & (1 << bits) - 1
    expected = {"products": np.abs(w) * x[:, np.newaxis]}
    return Workload(
        action="one product of a lane",
        operations=(len(x) - 1) * p.lanes,
        window=slice(1, len(x)),
        inputs={"x": x, "weights": pack(magnitudes, bits)},
        check=lambda got: require_equal(
            {"products": unpack(got["products"], p.lanes, p.product_bits, False)}, expected, SEED
        ),
    )


def _sums(work: Operands) -> Workload:
    p, (positions, length) = work.parameters, work.inputs.shape
    inputs = _mac_ports(work, pause=0)
    ends = (np.arange(positions - 1) + 1) * length  # the last sum is shown after the last cycle

    def check(got: Outputs) -> int:
        sums = unpack(got["sums"], p.lanes, p.accumulator_width, True)[ends]
        return require_equal({"sums": sums}, {"sums": work.sums[:-1]}, SEED)

    cycles = positions * length
    return Workload(
        action=_ACTION, operations=(cycles - 1) * p.lanes, window=slice(1, cycles), inputs=inputs, check=check
    )


def _words(work: Operands) -> Workload:
    p, (positions, length) = work.parameters, work.inputs.shape
    shift = activation_shift(work)
    words = encode_inputs(_rounded(requantize(work.sums, 1, 0, shift, True, p), p), p)
    period = length + p.lanes
    lane = np.zeros(positions * period, np.int64).reshape(positions, period)
    lane[:, length:] = np.arange(p.lanes)
    inputs = _mac_ports(work, pause=p.lanes) | {"lane": lane.ravel(), "shift": shift, "relu": 1}
    shown = (np.arange(positions)[:, np.newaxis] * period + length + np.arange(p.lanes) + 1).ravel()[:-1]

    def check(got: Outputs) -> int:
        return require_equal({"word": got["word"][shown]}, {"word": words.ravel()[:-1]}, SEED)

    # the measurement begins with a dot product: as many pauses are in it as dot products
    return Workload(
        action=_ACTION + ", activation included",
        operations=(positions - 1) * length * p.lanes,
        window=slice(period, positions * period),
        inputs=inputs,
        check=check,
    )


def activation_shift(work: Operands) -> int:
    """The smallest shift after which every sum is an input."""
    return max(0, int(work.sums.max()).bit_length() - work.parameters.input_bits)


def _rounded(values: IntArray, p: AsmParameters) -> IntArray:
    return round_inputs(values, p) if p.encode_inputs else values


def _mac_ports(work: Operands, *, pause: int) -> dict[str, NDArray[np.generic] | int]:
    """Ports of a MAC by cycle: dot products, each then ``pause`` cycles in which operands keep their values."""
    p, (positions, length) = work.parameters, work.inputs.shape
    place = np.minimum(np.arange(length + pause), length - 1)
    valid = np.tile(np.arange(length + pause) < length, positions).astype(np.int64)
    first = np.tile(np.arange(length + pause) == 0, positions).astype(np.int64)
    words = pack(encode(work.weights, p), p.weight_word_bits)
    return {
        "x": encode_inputs(work.inputs, p)[:, place].ravel(),
        "weights": np.concatenate([words[place]] * positions),
        "first": first,
        "valid": valid,
        "clear": 0,
    }
