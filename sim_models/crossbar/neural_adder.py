"""NNS+A: a network of resistive cells and inverters that adds the bit lines of one output and its held value.

Topology, training and figures are bitline's own; of the published network (arXiv 2201.12861) only the purpose, cells of
3 bits and a variation of 0.025 are known.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import require_choice, require_instance, require_integer, require_real
from sim_models.crossbar.checking import FloatArray, real_array, require_shape
from sim_models.crossbar.conductance import CellParameters, differential
from sim_models.crossbar.vtc import InverterVtc

LARGEST = 1e12  # of constants
SLICES = 8
INPUTS = 2 * SLICES + 1
"""Eight positive lines, lowest weight slice first, eight negative ones, and the held value."""
DAC_BITS = (1, 2, 4)


@dataclass(frozen=True, kw_only=True, eq=False)
class NeuralAdder:
    """One trained network; its output is ``sum_j gain_j w_j (h_j - supply/2) + offset``, h_j = VTC(z_j),
    ``z_j = input_scale * sum_i A_ij v_i + bias_j``.

    ``input_codes`` (17, hidden) and ``output_codes`` (hidden,) are signed conductance codes of ``cells``, A and w are
    their parts of the largest conductance. ``biases`` (volts) and ``gains`` (hidden,) are analog constants, one a
    neuron; the output crossbar sums at mid rail. Raises ValueError for shapes, codes and constants that do not fit.
    """

    dac_bits: int
    cells: CellParameters
    vtc: InverterVtc
    input_codes: NDArray[np.int64]
    output_codes: NDArray[np.int64]
    input_scale: float
    biases: FloatArray
    gains: FloatArray
    offset: float

    def __post_init__(self) -> None:
        require_choice("dac_bits", self.dac_bits, DAC_BITS)
        require_instance("cells", self.cells, CellParameters)
        require_instance("vtc", self.vtc, InverterVtc)
        for name in ("input_codes", "output_codes", "biases", "gains"):
            require_instance(name, getattr(self, name), np.ndarray)
        if self.input_codes.ndim != 2 or len(self.input_codes) != INPUTS or not self.input_codes.shape[1]:
            raise ValueError(f"input_codes must have the shape ({INPUTS}, hidden), not {self.input_codes.shape}")
        for name in ("output_codes", "biases", "gains"):
            if getattr(self, name).shape != (self.hidden,):
                raise ValueError(f"{name} must have the shape ({self.hidden},), not {getattr(self, name).shape}")
        for name in ("biases", "gains"):
            real_array(name, getattr(self, name))
        for name in ("input_scale", "offset"):
            require_real(name, getattr(self, name), -LARGEST, LARGEST)
        differential(self.input_codes, self.cells)
        differential(self.output_codes, self.cells)

    @property
    def hidden(self) -> int:
        """Neurons of the hidden layer."""
        return self.input_codes.shape[1]


@dataclass(frozen=True, kw_only=True, eq=False)
class AdderInstance:
    """One manufactured network: real weights ``inputs`` (17, hidden) and ``outputs`` (hidden,), gains included."""

    network: NeuralAdder
    inputs: FloatArray
    outputs: FloatArray

    def neurons(self, values: ArrayLike) -> FloatArray:
        """Hidden voltages above mid rail, (..., hidden), of ``values`` (..., 17), else ValueError."""
        vtc, lines = self.network.vtc, real_array("values", values)
        require_shape("values", lines, (INPUTS,))
        z = lines @ self.inputs * self.network.input_scale + self.network.biases
        return vtc.output(z) - 0.5 * vtc.supply

    def output(self, values: ArrayLike) -> FloatArray:
        """The next held value, (...), of ``values`` (..., 17): lines 0..1 and the held value -1..1."""
        return self.neurons(values) @ self.outputs + self.network.offset


def instance(
    network: NeuralAdder, cells: CellParameters | None = None, random: np.random.Generator | None = None
) -> AdderInstance:
    """``network`` as designed, or with ``random`` as made of cells that deviate as ``cells`` say.

    Without ``cells`` those of the network are used. Raises ValueError for cells of other codes than the network's.
    """
    require_instance("network", network, NeuralAdder)
    used = network.cells if cells is None else cells
    require_instance("cells", used, CellParameters)
    if (used.bits, used.cells) != (network.cells.bits, network.cells.cells):
        raise ValueError(f"cells must hold codes up to {network.cells.maximum}, as the network's, not {used.maximum}")
    return AdderInstance(
        network=network,
        inputs=differential(network.input_codes, used, random),
        outputs=differential(network.output_codes, used, random) * network.gains,
    )


def adder_weights(dac_bits: int) -> FloatArray:
    """Weights of the 17 inputs: ``(1 - 2^-D) 2^s / 255``, the same negative, and ``2^-D`` of the held value."""
    require_choice("dac_bits", dac_bits, DAC_BITS)
    kept = 2.0**-dac_bits
    lines = (1 - kept) * 2.0 ** np.arange(SLICES) / (2**SLICES - 1)
    return np.concatenate((lines, -lines, [kept]))


def random_inputs(count: int, random: np.random.Generator) -> FloatArray:
    """``count`` inputs (count, 17), uniform over the whole range of every line and of the held value.

    Raises ValueError for a count below 1 and for what is no generator.
    """
    require_integer("count", count, 1)
    require_instance("random", random, np.random.Generator)
    values = random.random((count, INPUTS))
    values[:, -1] = 2 * values[:, -1] - 1
    return values


def adder_error(made: AdderInstance, values: ArrayLike) -> float:
    """Error (rms) over ``values`` (..., 17) as a part of full scale, which is 1. Raises ValueError for other shapes."""
    require_instance("made", made, AdderInstance)
    output = made.output(values)
    ideal = real_array("values", values) @ adder_weights(made.network.dac_bits)
    return float(np.sqrt(np.mean((output - ideal) ** 2)))
