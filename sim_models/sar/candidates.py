"""The legal twin-range configurations of one resolution, in arrays."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from sim_models.arith.checking import IntArray, require_instance, require_integer
from sim_models.sar.twin_range import R2_ORIGINS, TrqParameters


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Configurations of one resolution, one per place of the four arrays, which are named as in `TrqParameters`."""

    bits: int
    mid_rise: bool
    r2_origin: str
    r1_start: IntArray
    r1_step_log2: IntArray
    r1_bits: IntArray
    ratio_log2: IntArray

    def __len__(self) -> int:
        return len(self.r1_start)

    def parameters(self, index: int) -> TrqParameters:
        """The configuration at ``index``."""
        return TrqParameters(
            bits=self.bits,
            r1_start=int(self.r1_start[index]),
            r1_step_log2=int(self.r1_step_log2[index]),
            r1_bits=int(self.r1_bits[index]),
            ratio_log2=int(self.ratio_log2[index]),
            mid_rise=self.mid_rise,
            r2_origin=self.r2_origin,
        )

    @property
    def r1_end(self) -> IntArray:
        """The first count above R1."""
        return self.r1_start + (1 << self.r1_bits + self.r1_step_log2)

    @property
    def r2_step_log2(self) -> IntArray:
        """Binary logarithm of the step of R2."""
        return self.r1_step_log2 + self.ratio_log2


def candidates(
    bits: int = 8,
    *,
    mid_rise: bool = True,
    r2_origin: str = "zero",
    allow_base: bool = True,
    r1_step_log2_max: int = 2,
) -> Candidates:
    """Every configuration that `calibrate` weighs: 10,890 at 8 bits, 25,125 at 9, 277,678 at 12.

    R1 has steps of 1 to 2^r1_step_log2_max; it starts at 0 or, with ``allow_base``, at a multiple of half its size
    where it ends below 2^bits (of 1, where it holds one count). R2 'after_r1' needs an R1 that starts at 0. A candidate
    takes 32 bytes, and `calibrate` some 200 more while it runs: 2 MB at 8 bits, 6 MB at 9.

    Raises ValueError for ``bits`` outside 2..16, a negative ``r1_step_log2_max`` and an unknown ``r2_origin``.
    """
    require_integer("bits", bits, 2, 16)
    require_integer("r1_step_log2_max", r1_step_log2_max, 0)
    require_instance("mid_rise", mid_rise, bool)
    require_instance("allow_base", allow_base, bool)
    if r2_origin not in R2_ORIGINS:
        raise ValueError(f"r2_origin must be one of {', '.join(R2_ORIGINS)}, not {r2_origin!r}")
    return _candidates(bits, mid_rise, r2_origin, allow_base and r2_origin == "zero", min(r1_step_log2_max, bits - 1))


@cache
def _candidates(bits: int, mid_rise: bool, r2_origin: str, with_base: bool, largest_step: int) -> Candidates:
    rows = []
    for step in range(largest_step + 1):
        for r1_bits in range(bits - step):
            starts = _starts(bits, 1 << r1_bits + step, with_base)
            ratios = np.arange(bits - step)
            start, ratio = (grid.ravel() for grid in np.meshgrid(starts, ratios, indexing="ij"))
            rows.append((start, np.full(start.size, step), np.full(start.size, r1_bits), ratio))
    start, step_log2, width, ratio = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    for array in (start, step_log2, width, ratio):
        array.setflags(write=False)
    return Candidates(
        bits=bits,
        mid_rise=mid_rise,
        r2_origin=r2_origin,
        r1_start=start,
        r1_step_log2=step_log2,
        r1_bits=width,
        ratio_log2=ratio,
    )


def _starts(bits: int, size: int, with_base: bool) -> IntArray:
    spacing = max(1, size // 2)
    last = (1 << bits) - 1 - size
    return np.arange(0, last + 1 if with_base and last > 0 else 1, spacing)
