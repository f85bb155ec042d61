"""NNADC: one or two neural stages with a residue crossbar between them, and how they are trimmed.

Pipelining stages of few bits is published (arXiv 1911.12815); residue circuit, sizes and trims are bitline's own.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, require_instance, require_integer, require_real
from sim_models.crossbar.checking import FloatArray, real_array
from sim_models.crossbar.conductance import CellParameters, differential
from sim_models.crossbar.neural_quantiser import NeuralQuantiser, QuantiserInstance
from sim_models.crossbar.neural_quantiser import instance as stage_instance


@dataclass(frozen=True, kw_only=True, eq=False)
class NeuralAdc:
    """Stages, the first one converts the highest bits. Between two lies a crossbar ``r = 2^bits v - sum_j t_j``.

    Its input drives 2^bits equal cells, each buffered comparison t_j one, ``parallel`` times over. Raises ValueError
    for other than one or two stages, more than 16 bits, and parallel outside 1..64.
    """

    stages: tuple[NeuralQuantiser, ...]
    parallel: int = 1

    def __post_init__(self) -> None:
        require_instance("stages", self.stages, tuple)
        for stage in self.stages:
            require_instance("stages", stage, NeuralQuantiser)
        if len(self.stages) not in (1, 2):
            raise ValueError(f"stages must be one or two, not {len(self.stages)}")
        require_integer("parallel", self.parallel, 1, 64)

    @property
    def bits(self) -> int:
        """Bits of the converter."""
        return sum(stage.bits for stage in self.stages)


@dataclass(frozen=True, kw_only=True, eq=False)
class AdcInstance:
    """One manufactured converter: its stages, and ``input_weight`` and ``step_weights`` (hidden,) of the residue."""

    stages: tuple[QuantiserInstance, ...]
    input_weight: float
    step_weights: FloatArray

    @property
    def bits(self) -> int:
        """Bits of the converter."""
        return sum(stage.network.bits for stage in self.stages)

    def codes(self, values: ArrayLike) -> IntArray:
        """Codes 0..2^bits - 1 of ``values`` (...), of which 0..1 is the range."""
        first = self.stages[0].codes(values)
        if len(self.stages) == 1:
            return first
        return (first << self.stages[1].network.bits) + self.stages[1].codes(self.residue(values))

    def residue(self, values: ArrayLike) -> FloatArray:
        """What the second stage of two sees: (...), 0..1 where the first stage and the steps are exact."""
        passed = self.stages[0].comparisons(values) @ self.step_weights
        return real_array("values", values) * self.input_weight - passed

    def unsigned_codes(self, values: ArrayLike) -> IntArray:
        """``values`` 0..1 times 2^bits - 1, rounded."""
        top = (1 << self.bits) - 1
        return self.codes((real_array("values", values) * top + 0.5) / (top + 1))

    def signed_codes(self, values: ArrayLike) -> IntArray:
        """``values`` -1..1 times 2^(bits-1) - 1, rounded; larger ones saturate at both ends alike."""
        half = 1 << self.bits - 1
        codes = self.codes((real_array("values", values) * (half - 1) + half + 0.5) / (2 * half))
        return np.maximum(codes - half, 1 - half)


def instance(
    network: NeuralAdc, cells: CellParameters | None = None, random: np.random.Generator | None = None
) -> AdcInstance:
    """``network`` as designed, or with ``random`` as made of cells that deviate as ``cells`` say."""
    require_instance("network", network, NeuralAdc)
    stages = tuple(stage_instance(stage, cells, random) for stage in network.stages)
    first = network.stages[0]
    used = first.cells if cells is None else cells
    steps = 1 << first.bits
    made = differential(np.full((2 * steps - 1, network.parallel), used.maximum), used, random).mean(axis=1)
    return AdcInstance(stages=stages, input_weight=float(made[:steps].sum()), step_weights=made[steps:])


def calibrated(made: AdcInstance, *, bias_bits: int = 11, trim_bits: int = 6, reach: float = 0.25) -> AdcInstance:
    """``made`` with every bias and every step of the residue trimmed; what is measured is known exactly.

    Biases are whole multiples of supply / 2^bias_bits, steps are multiplied by ``1 + reach * code / 2^(trim_bits-1)``
    with a signed ``code`` of ``trim_bits``. Raises ValueError for bias_bits or trim_bits outside 1..16 and a reach
    outside 0.001..1.
    """
    require_instance("made", made, AdcInstance)
    require_integer("bias_bits", bias_bits, 1, 16)
    require_integer("trim_bits", trim_bits, 1, 16)
    require_real("reach", reach, 1e-3, 1)
    limit = 1 << trim_bits - 1
    steps = made.step_weights
    wanted = made.input_weight / (1 << made.stages[0].network.bits)
    codes = np.clip(np.rint((wanted / steps - 1) * limit / reach), -limit, limit - 1)
    spans = [1.0] if len(made.stages) == 1 else [1.0, wanted]
    stages = tuple(_trimmed(stage, span, bias_bits) for stage, span in zip(made.stages, spans, strict=True))
    return replace(made, stages=stages, step_weights=steps * (1 + reach * codes / limit))


def _trimmed(stage: QuantiserInstance, span: float, bias_bits: int) -> QuantiserInstance:
    """``stage`` with biases that put its thresholds at the ideal transitions of an input 0..``span``."""
    step = stage.network.vtc.supply / (1 << bias_bits)
    biases = stage.network.vtc.threshold - stage.network.transitions * span * stage.inputs
    return replace(stage, biases=np.rint(biases / step) * step)
