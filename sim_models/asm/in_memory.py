"""The in-memory unit around the arrays: its sizes, the products that it runs, the order of its streams."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, require_instance, require_integer, require_power_of_two
from sim_models.asm.coding import encode, encode_inputs
from sim_models.asm.parameters import MAXIMUM_SIZE, AsmParameters
from sim_models.asm.program import require_in_memory, require_matrix

COUNT_BITS = 16
"""Bits in which the unit counts outputs and groups of positions."""
MAXIMUM_COUNT = (1 << COUNT_BITS) - 1


@dataclass(frozen=True, kw_only=True)
class InMemoryParameters(AsmParameters):
    """`AsmParameters` of an in-memory design, small by default, and the sizes of what surrounds the arrays.

    ``transfer_words``: stored words of weights that come together, a power of two: codes of zero among them cost no
    cycle, unless all are. ``output_limit``: outputs whose sums are kept between the passes of a reduction that the rows
    do not hold at once; reductions of one pass keep none.

    Raises ValueError as `AsmParameters` does, for another ``placement`` and for sizes out of range.
    """

    weight_bits: int = 4
    input_bits: int = 4
    encode_weights: bool = True
    placement: str = "in_memory"
    reduction_length: int = 128
    rows: int = 64
    columns: int = 64
    transfer_words: int = 8
    output_limit: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        require_in_memory(self)
        require_power_of_two("transfer_words", self.transfer_words, 64)
        require_integer("output_limit", self.output_limit, 1, MAXIMUM_SIZE)

    @property
    def positions_together(self) -> int:
        """Output positions of one load: words of a row, in all banks."""
        return self.banks * self.lanes_in_row

    @property
    def keeps_sums(self) -> bool:
        """Whether a reduction can take more than one pass, so that sums are kept between them."""
        return self.reduction_length > self.inputs_per_pass


@dataclass(frozen=True, kw_only=True)
class SingleRowParameters(InMemoryParameters):
    """Those of arrays that do not keep 3X: an input takes one row, and alphabet 3 twice the cycles."""

    store_triple: bool = False


def position_groups(positions: int, parameters: InMemoryParameters) -> int:
    """Loads of ``positions_together`` positions."""
    return -(-positions // parameters.positions_together)


def require_fit(positions: int, length: int, outputs: int, parameters: InMemoryParameters) -> None:
    """Raise ValueError, with the sizes, for a product that counters or kept sums do not hold."""
    p = parameters
    require_instance("parameters", p, InMemoryParameters)
    require_integer("positions", positions, 1, MAXIMUM_COUNT * p.positions_together)
    require_integer("length", length, 1, p.reduction_length)
    require_integer("outputs", outputs, 1, outputs_at_once(length, p))


def outputs_at_once(length: int, parameters: InMemoryParameters) -> int:
    """Most outputs of a product: ``output_limit`` if its reduction takes more than one pass."""
    p = parameters
    return MAXIMUM_COUNT if length <= p.inputs_per_pass else min(MAXIMUM_COUNT, p.output_limit)


def input_rows(inputs: ArrayLike, parameters: InMemoryParameters) -> IntArray:
    """Input words in the order of the stream, (groups * length, positions_together), of ``inputs`` (positions, length).

    Group by group of positions, in each input by input; words without a position are 0. Raises ValueError for inputs
    that are no matrix, and as `encode_inputs` does.
    """
    p = parameters
    words = encode_inputs(require_matrix("inputs", inputs), p)
    positions, length = words.shape
    padded = np.pad(words, ((0, -positions % p.positions_together), (0, 0)))
    return padded.reshape(-1, p.positions_together, length).transpose(0, 2, 1).reshape(-1, p.positions_together)


def weight_transfers(weights: ArrayLike, parameters: InMemoryParameters) -> IntArray:
    """`word_transfers` of ``weights`` (length, outputs). Raises ValueError for no matrix, and as `encode` does."""
    return word_transfers(encode(require_matrix("weights", weights), parameters), parameters)


def word_transfers(words: IntArray, parameters: InMemoryParameters) -> IntArray:
    """Stored ``words`` (length, outputs) in the order of the stream for one group, (transfers, transfer_words).

    Pass by pass, in each output by output, in each by input; the last transfer of an output in a pass is filled up with
    zeros.
    """
    p, outputs = parameters, words.shape[1]
    parts = []
    for first in range(0, len(words), p.inputs_per_pass):
        part = words[first : first + p.inputs_per_pass]
        filled = np.concatenate([part, np.full((-len(part) % p.transfer_words, outputs), encode(0, p))])
        parts.append(filled.reshape(-1, p.transfer_words, outputs).transpose(2, 0, 1).reshape(-1, p.transfer_words))
    return np.concatenate(parts)


def result_rows(sums: IntArray, parameters: InMemoryParameters) -> IntArray:
    """Sums in the order of the stream, (groups * outputs, positions_together), of ``sums`` (positions, outputs).

    Group by group, in each output by output; words without a position are 0.
    """
    p = parameters
    positions, outputs = sums.shape
    padded = np.pad(sums, ((0, -positions % p.positions_together), (0, 0)))
    return padded.reshape(-1, p.positions_together, outputs).transpose(0, 2, 1).reshape(-1, p.positions_together)


def sums_of_rows(rows: IntArray, positions: int, outputs: int, parameters: InMemoryParameters) -> IntArray:
    """The inverse of `result_rows`: sums (positions, outputs)."""
    p = parameters
    by_group = rows.reshape(-1, outputs, p.positions_together).transpose(0, 2, 1)
    return by_group.reshape(-1, outputs)[:positions]
