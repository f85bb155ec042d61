"""Greedy choice of an NNS+A's conductance codes after training: one code at a time, counting what cells deviate."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim_models.crossbar.conductance import CellParameters, differential
from sim_models.crossbar.neural_adder import INPUTS, NeuralAdder, adder_weights, instance
from sim_models.crossbar.vtc import InverterVtc

FloatArray = NDArray[np.float64]
SWEEPS = 6


def expected_error(network: NeuralAdder, cells: CellParameters, values: FloatArray) -> float:
    """Mean squared error over ``values`` (count, 17) that many networks made of ``cells`` have, to first order.

    That of the exact network, and of every cell its variance times the square of what it does to the output. Only for
    multiplicative variation of one cell a weight.
    """
    return _Descent(network, cells, values).total


def descended(network: NeuralAdder, cells: CellParameters, values: FloatArray) -> NeuralAdder:
    """``network`` after sweeps over all codes, each moved by one step where `expected_error` falls.

    After a sweep the common gain and the offset are those of least squares. The error never rises.
    """
    best, least = network, expected_error(network, cells, values)
    for sweep in range(SWEEPS):
        descent = _Descent(best, cells, values)
        moved = descent.sweep(np.random.default_rng(sweep))
        made = refitted(descent.network(), values)
        error = expected_error(made, cells, values)
        if error < least:
            best, least = made, error
        if not moved:
            break
    return best


def refitted(network: NeuralAdder, values: FloatArray) -> NeuralAdder:
    """``network`` with the common gain and the offset of least squares over ``values``."""
    made = instance(network)
    sums = made.neurons(values) @ made.outputs
    columns = np.stack((sums, np.ones(len(sums))), axis=1)
    gain, offset = np.linalg.lstsq(columns, values @ adder_weights(network.dac_bits), rcond=None)[0]
    return replace(network, gains=network.gains * gain, offset=float(offset))


def linear_start(dac_bits: int, hidden: int, cells: CellParameters, vtc: InverterVtc, scale: float) -> NeuralAdder:
    """A network whose neurons all see the wanted sum, in turn as it is and inverted, biased to mid rail.

    Codes of the output fall from neuron to neuron, so that products of two codes reach all sums. Each input's codes are
    rounded neuron after neuron, the largest output first, and what rounding leaves goes to the next one. Even
    distortions of the pairs cancel, and a small ``scale`` (volts) keeps the neurons near their linear middle.
    """
    weights = adder_weights(dac_bits)
    signs = np.where(np.arange(hidden) % 2, 1, -1)
    sizes = np.rint(np.linspace(1, 0.6, hidden) * cells.maximum).astype(np.int64)
    sizes[-4:] = (3, 2, 1, 1)
    outputs = -signs * sizes
    wanted = 0.93 * cells.maximum * weights / np.abs(weights).max()
    codes, left = np.zeros((INPUTS, hidden), np.int64), np.zeros(INPUTS)
    for neuron, size in enumerate(sizes):
        left += wanted * size
        codes[:, neuron] = np.clip(np.rint(left / size), -cells.maximum, cells.maximum)
        left -= codes[:, neuron] * size
    codes *= signs
    middle = np.append(np.full(INPUTS - 1, 0.5), 0.0)
    return NeuralAdder(
        dac_bits=dac_bits,
        cells=cells,
        vtc=vtc,
        input_codes=codes,
        output_codes=outputs,
        input_scale=scale,
        biases=vtc.threshold - scale * middle @ codes / cells.maximum,
        gains=np.ones(hidden),
        offset=0.0,
    )


class _Descent:
    """Hidden voltages, error and variance of a network, kept up to date while single codes move."""

    def __init__(self, network: NeuralAdder, cells: CellParameters, values: FloatArray) -> None:
        self._network, self._cells, self._values = network, cells, values
        self._squares = values**2
        self._inputs, self._outputs = network.input_codes.copy(), network.output_codes.copy()
        made = instance(network)
        self._voltages = made.neurons(values)
        self._errors = made.output(values) - values @ adder_weights(network.dac_bits)
        self._variances = np.array([self._variance(j, self._inputs[:, j], self._outputs[j]) for j in self._neurons])

    @property
    def total(self) -> float:
        """Expected squared error."""
        return float(np.mean(self._errors**2) + self._variances.sum())

    def network(self) -> NeuralAdder:
        """The network as it is now."""
        return replace(self._network, input_codes=self._inputs, output_codes=self._outputs)

    def sweep(self, random: np.random.Generator) -> int:
        """Try every code of every neuron once up and down; the number of codes that moved."""
        return sum(self._improve(j, i) for j in random.permutation(self._network.hidden) for i in range(INPUTS + 1))

    @property
    def _neurons(self) -> range:
        return range(self._network.hidden)

    def _improve(self, neuron: int, place: int) -> bool:
        """Move code ``place`` of the neuron (the last is that of its output) if that helps."""
        moved = False
        for step in (-1, 1):
            inputs, output = self._inputs[:, neuron].copy(), int(self._outputs[neuron])
            if place == INPUTS:
                output += step
            else:
                inputs[place] += step
            if max(abs(inputs).max(), abs(output)) <= self._cells.maximum:
                moved = self._accept(neuron, inputs, output) or moved
        return moved

    def _accept(self, neuron: int, inputs: NDArray[np.int64], output: int) -> bool:
        voltages = self._voltages_of(neuron, inputs)
        gain = self._network.gains[neuron] / self._cells.maximum
        old = self._voltages[:, neuron] * self._outputs[neuron]
        errors = self._errors + gain * (voltages * output - old)
        variance = self._variance(neuron, inputs, output, voltages)
        total = np.mean(errors**2) + self._variances.sum() - self._variances[neuron] + variance
        if total >= self.total:
            return False
        self._inputs[:, neuron], self._outputs[neuron] = inputs, output
        self._voltages[:, neuron], self._errors, self._variances[neuron] = voltages, errors, variance
        return True

    def _voltages_of(self, neuron: int, inputs: NDArray[np.int64]) -> FloatArray:
        network = self._network
        z = self._values @ differential(inputs, network.cells) * network.input_scale + network.biases[neuron]
        return network.vtc.output(z) - 0.5 * network.vtc.supply

    def _variance(
        self, neuron: int, inputs: NDArray[np.int64], output: int, voltages: FloatArray | None = None
    ) -> float:
        """Mean square of what the deviations of the neuron's cells add to the output."""
        network, vtc = self._network, self._network.vtc
        held = self._voltages[:, neuron] if voltages is None else voltages
        slopes = vtc.slope * (0.25 * vtc.supply - held**2 / vtc.supply) / vtc.supply
        seen = self._squares @ differential(inputs, network.cells) ** 2
        spread = held**2 + (network.input_scale * slopes) ** 2 * seen
        weight = network.gains[neuron] * output / self._cells.maximum
        return float(np.mean(spread) * (self._cells.sigma * weight) ** 2)
