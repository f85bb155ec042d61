"""One stage of the NNADC: inverters as comparators, and a crossbar that turns them into a Gray code.

Topology and size are bitline's own: one inverter for each transition of the code, 2^bits - 1 in all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, require_instance, require_integer
from sim_models.crossbar.checking import FloatArray, real_array
from sim_models.crossbar.conductance import CellParameters, differential
from sim_models.crossbar.vtc import InverterVtc


@dataclass(frozen=True, kw_only=True, eq=False)
class NeuralQuantiser:
    """Stage of ``bits``: neurons ``h_j = VTC(w_j v + bias_j)``, output bits ``sum_j o_jk (H_j - supply/2) + b_k > 0``
    of buffered levels H_j, which are 0 or the supply. Without the buffers a code and the residue of a pipeline would
    change at different inputs, by the width of the inverters' transitions.

    ``input_codes`` (hidden,) and ``output_codes`` (hidden, bits), lowest Gray bit first, are signed conductance codes
    of ``cells``; ``biases`` (hidden,) and ``output_biases`` (bits,) are volts. Raises ValueError for bits outside 1..8,
    fewer or more than 2^bits - 1 neurons, inputs of no weight or a negative one, and constants that do not fit.
    """

    bits: int
    cells: CellParameters
    vtc: InverterVtc
    input_codes: IntArray
    output_codes: IntArray
    biases: FloatArray
    output_biases: FloatArray

    def __post_init__(self) -> None:
        require_integer("bits", self.bits, 1, 8)
        require_instance("cells", self.cells, CellParameters)
        require_instance("vtc", self.vtc, InverterVtc)
        neurons = (1 << self.bits) - 1
        shapes: dict[str, tuple[int, ...]] = {"input_codes": (neurons,), "biases": (neurons,)}
        shapes |= {"output_codes": (neurons, self.bits), "output_biases": (self.bits,)}
        for name, shape in shapes.items():
            require_instance(name, getattr(self, name), np.ndarray)
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} must have the shape {shape}, not {getattr(self, name).shape}")
        for name in ("biases", "output_biases"):
            real_array(name, getattr(self, name))
        if self.input_codes.min() < 1:
            raise ValueError(f"input_codes must be at least 1, not {self.input_codes.min()}")
        differential(self.input_codes, self.cells)
        differential(self.output_codes, self.cells)

    @property
    def transitions(self) -> FloatArray:
        """Inputs at which the ideal stage changes its code: (2^bits - 1,)."""
        return np.arange(1, 1 << self.bits) / (1 << self.bits)


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantiserInstance:
    """One manufactured stage: real weights ``inputs`` (hidden,) and ``outputs`` (hidden, bits), and its biases."""

    network: NeuralQuantiser
    inputs: FloatArray
    outputs: FloatArray
    biases: FloatArray

    def comparisons(self, values: ArrayLike) -> NDArray[np.bool_]:
        """Which neurons find ``values`` (...) above their thresholds: (..., hidden), as buffered logic levels."""
        vtc = self.network.vtc
        z = real_array("values", values)[..., np.newaxis] * self.inputs + self.biases
        return vtc.output(z) < 0.5 * vtc.supply

    def codes(self, values: ArrayLike) -> IntArray:
        """Binary codes 0..2^bits - 1 of ``values`` (...), 0..1 in range; below and above it the end codes."""
        levels = (0.5 - self.comparisons(values)) * self.network.vtc.supply
        sums = levels @ self.outputs + self.network.output_biases
        gray = (sums > 0).astype(np.int64) @ (1 << np.arange(self.network.bits))
        return _binary(gray)

    @property
    def thresholds(self) -> FloatArray:
        """Input at which each neuron is at mid rail: (hidden,)."""
        return (self.network.vtc.threshold - self.biases) / self.inputs


def instance(
    network: NeuralQuantiser, cells: CellParameters | None = None, random: np.random.Generator | None = None
) -> QuantiserInstance:
    """``network`` as designed, or with ``random`` as made of cells that deviate as ``cells`` say."""
    require_instance("network", network, NeuralQuantiser)
    used = network.cells if cells is None else cells
    require_instance("cells", used, CellParameters)
    if (used.bits, used.cells) != (network.cells.bits, network.cells.cells):
        raise ValueError(f"cells must hold codes up to {network.cells.maximum}, as the network's, not {used.maximum}")
    return QuantiserInstance(
        network=network,
        inputs=differential(network.input_codes, used, random),
        outputs=differential(network.output_codes, used, random),
        biases=network.biases,
    )


def counting_quantiser(bits: int, cells: CellParameters, vtc: InverterVtc) -> NeuralQuantiser:
    """The stage that needs no training: equal inputs, a bias a transition, output weights of alternating signs.

    It is the start of the trained stage, and with 255 neurons the one-shot converter of 8 bits.
    """
    require_integer("bits", bits, 1, 8)
    require_instance("cells", cells, CellParameters)
    require_instance("vtc", vtc, InverterVtc)
    places = np.arange(1, 1 << bits)
    gray = places ^ places >> 1
    toggled = gray ^ (places - 1) ^ (places - 1) >> 1
    bit = (toggled[:, np.newaxis] >> np.arange(bits)) & 1
    rising = (gray[:, np.newaxis] >> np.arange(bits)) & 1
    return NeuralQuantiser(
        bits=bits,
        cells=cells,
        vtc=vtc,
        input_codes=np.full(len(places), cells.maximum),
        output_codes=bit * np.where(rising, -cells.maximum, cells.maximum),
        biases=vtc.threshold - places / (1 << bits),
        output_biases=np.where(bit.sum(axis=0) % 2, 0.0, -0.5 * vtc.supply),
    )


def _binary(gray: IntArray) -> IntArray:
    """Binary words of Gray words of at most 8 bits."""
    words = gray ^ gray >> 4
    words = words ^ words >> 2
    return words ^ words >> 1
