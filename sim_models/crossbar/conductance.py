"""Resistive cells: conductances of few levels, weights on several cells, and what each cell deviates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, require_choice, require_instance, require_integer, require_real
from sim_models.crossbar.checking import FloatArray, integer_array, real_array, require_generator

VARIATIONS = ("multiplicative", "absolute")


@dataclass(frozen=True, kw_only=True)
class CellParameters:
    """Cells that hold one magnitude: ``cells`` of ``bits`` each, the lowest digit first.

    A cell of code c conducts ``c (1 + sigma n)`` with ``variation='multiplicative'``, ``c + sigma (2^bits - 1) n`` with
    ``'absolute'``, in steps of its conductance; n is standard normal, drawn once a cell. Raises ValueError for bits
    outside 1..8, cells outside 1..4, sigma outside 0..1 and another variation.
    """

    bits: int = 3
    cells: int = 1
    sigma: float = 0.0
    variation: str = "multiplicative"

    def __post_init__(self) -> None:
        require_integer("bits", self.bits, 1, 8)
        require_integer("cells", self.cells, 1, 4)
        require_real("sigma", self.sigma, 0, 1)
        require_choice("variation", self.variation, VARIATIONS)

    @property
    def maximum(self) -> int:
        """Largest code of one magnitude."""
        return (1 << self.bits * self.cells) - 1


def quantise(weights: ArrayLike, parameters: CellParameters) -> IntArray:
    """Signed codes nearest to real ``weights``, of which -1..1 is the range of conductance; beyond it they clip.

    Halves round away from zero. Raises ValueError unless the weights are finite.
    """
    require_instance("parameters", parameters, CellParameters)
    values = real_array("weights", weights)
    steps = np.minimum(np.floor(np.abs(values) * parameters.maximum + 0.5), parameters.maximum)
    return (np.sign(values) * steps).astype(np.int64)


def conductances(codes: ArrayLike, parameters: CellParameters, random: np.random.Generator | None = None) -> FloatArray:
    """What cells of unsigned ``codes`` (any shape) conduct, in steps of the lowest cell; exact without ``random``.

    With ``random`` each cell draws its deviation. Raises ValueError for codes outside 0..maximum.
    """
    require_instance("parameters", parameters, CellParameters)
    require_generator("random", random)
    words = integer_array("codes", codes, 0, parameters.maximum)
    if random is None or parameters.sigma == 0:
        return words.astype(np.float64)
    top = (1 << parameters.bits) - 1
    total = np.zeros(words.shape)
    for place in range(parameters.cells):
        digit = (words >> place * parameters.bits) & top
        spread = digit if parameters.variation == "multiplicative" else top
        total += (digit + parameters.sigma * spread * random.standard_normal(words.shape)) * 2.0 ** (
            place * parameters.bits
        )
    return total


def differential(codes: ArrayLike, parameters: CellParameters, random: np.random.Generator | None = None) -> FloatArray:
    """Weights of signed ``codes`` on a positive and a negative path, as parts of the largest conductance.

    Each path has its own cells; the one that is not in use holds 0. Raises ValueError for codes beyond the maximum.
    """
    require_instance("parameters", parameters, CellParameters)
    words = integer_array("codes", codes, -parameters.maximum, parameters.maximum)
    positive = conductances(np.maximum(words, 0), parameters, random)
    negative = conductances(np.maximum(-words, 0), parameters, random)
    return (positive - negative) / parameters.maximum
