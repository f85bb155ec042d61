"""Cycles of a matrix product, the words that it moves, and the counters of the hardware."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import integers, require_instance, require_integer
from sim_models.daism.layout import Gemm, lane_blocks, slicing
from sim_models.daism.parameters import DaismParameters
from sim_models.daism.product import row_enables
from sim_models.daism.words import split_operand


@dataclass(frozen=True, kw_only=True)
class LayerCycles:
    """Cycles of one layer.

    ``compute``: accesses of the busiest bank, idle cycles of a slow accumulator included. ``load``: row writes of the
    busiest bank, a row a cycle, banks in parallel, all passes. ``passes``: times that the banks are filled.
    ``spilled_words``: accumulator words written and read again between passes. ``macs``: of the layer.
    ``utilisation``: macs over what the lanes could have done in the cycles of ``compute``. ``slicing``: as resolved.
    """

    compute: int
    load: int
    write_back: int
    passes: int
    spilled_words: int
    macs: int
    utilisation: float
    slicing: str

    @property
    def total(self) -> int:
        """All cycles; filling and draining the pipeline is the controller's to add."""
        return self.compute + self.load + self.write_back


def layer_cycles(gemm: Gemm, parameters: DaismParameters, *, write_back: int = 0) -> LayerCycles:
    """Cycles of ``gemm``; ``write_back``: cycles in which results leave while nothing else happens, none if overlapped.

    With PE lanes, G groups of L rows, S accesses, g = ceil(outputs / PE) and T = length * g slots: per position,
    ceil(T / banks) products of a bank with ``index`` slicing and length * ceil(g / banks) with ``channel``; compute =
    positions * per position * S, times accumulate_latency / interleave (rounded up) where that is above 1; load = per
    position * L; passes = ceil(per position / G). Raises ValueError for a negative ``write_back``.
    """
    p = parameters
    require_instance("gemm", gemm, Gemm)
    require_integer("write_back", write_back, 0)
    chosen, blocks = slicing(gemm.outputs, p), lane_blocks(gemm.outputs, p)
    per_position = slots_per_bank(gemm, p)
    accesses = gemm.positions * per_position * p.accesses
    slowdown = max(p.accumulate_latency, p.interleave)
    compute = -(-accesses * slowdown // p.interleave)
    passes = -(-per_position // p.groups)
    return LayerCycles(
        compute=compute,
        load=per_position * p.rows_per_group,
        write_back=write_back,
        passes=passes,
        spilled_words=2 * (passes - 1) * gemm.positions * blocks * p.lanes,
        macs=gemm.macs,
        utilisation=gemm.macs * p.accesses / (compute * p.banks * p.lanes),
        slicing=chosen,
    )


def slots_per_bank(gemm: Gemm, parameters: DaismParameters) -> int:
    """Row groups that the busiest bank holds for a layer, in all passes."""
    blocks = lane_blocks(gemm.outputs, parameters)
    if slicing(gemm.outputs, parameters) == "channel":
        return gemm.length * -(-blocks // parameters.banks)
    return -(-gemm.length * blocks // parameters.banks)


@dataclass(frozen=True, kw_only=True)
class Counters:
    """What the hardware counts over all banks of a layer.

    ``accesses``: reads of an array; ``skipped``: those left out for a zero driver; ``row_writes``: rows written, each
    the width of a bank; ``wordlines``: rows opened, over all reads.
    """

    accesses: int
    skipped: int
    row_writes: int
    wordlines: int


def layer_counters(driven: ArrayLike, outputs: int, parameters: DaismParameters) -> Counters:
    """Counters of a layer that drives the operand words ``driven`` (positions, length) against ``outputs`` lanes.

    Every word meets each block of lanes. Raises ValueError for arrays that are no matrix of operand words.
    """
    p = parameters
    require_instance("parameters", p, DaismParameters)
    words = integers("driven", driven, 0, (1 << p.word_bits) - 1)
    if words.ndim != 2 or 0 in words.shape:
        raise ValueError(f"driven must be a matrix with no dimension of zero, not of shape {words.shape}")
    blocks = lane_blocks(Gemm(positions=len(words), length=words.shape[1], outputs=outputs).outputs, p)
    values = split_operand("driven", words, p).significand if p.is_float else words
    drivers, times = np.unique(values, return_counts=True)
    opened = row_enables(drivers, p).sum(axis=(-2, -1))
    zeros = int(times[drivers == 0].sum())
    skipped = zeros * blocks * p.accesses if p.zero_skip else 0
    return Counters(
        accesses=words.size * blocks * p.accesses - skipped,
        skipped=skipped,
        row_writes=words.shape[1] * blocks * p.rows_per_group,
        wordlines=int((opened * times).sum()) * blocks,
    )
