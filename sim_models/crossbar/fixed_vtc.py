"""The curve of an inverter as a table of 256 entries, addressed by an integer sum."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sim_models.arith.checking import IntArray, require_integer, require_real
from sim_models.arith.widths import signed_width
from sim_models.crossbar.fixed_point import LARGEST_WIDTH, require_row
from sim_models.crossbar.vtc import InverterVtc

ENTRIES = 256
CENTRE = ENTRIES // 2
LEVEL_BITS = 16
"""A level of 2^LEVEL_BITS is the supply; it is counted from mid rail."""
_LARGEST_VOLTS = 1e300


@dataclass(frozen=True, kw_only=True)
class FixedVtc:
    """``level = entries[min(255, max(0, (sum >> shift) + 128))]``: a sum of 0 is the lower end of entry 128.

    ``entries`` are 256 levels above mid rail, in parts of 2^-16 of the supply. ``low`` and ``high`` are the volts at
    which the address saturates; they document the table and take no part in it. Raises ValueError for other than 256
    integers of at most 2^16 in magnitude, a shift outside 0..62 and a range that is empty.
    """

    entries: tuple[int, ...]
    shift: int
    low: float
    high: float

    def __post_init__(self) -> None:
        require_row("entries", self.entries, ENTRIES, -1 << LEVEL_BITS, 1 << LEVEL_BITS)
        require_integer("shift", self.shift, 0, LARGEST_WIDTH)
        require_real("high", self.high, -_LARGEST_VOLTS, _LARGEST_VOLTS)
        require_real("low", self.low, -_LARGEST_VOLTS, self.high)

    @property
    def largest_level(self) -> int:
        """Largest magnitude of an entry."""
        return max(map(abs, self.entries))

    @property
    def level_width(self) -> int:
        """Bits of a level, two's complement."""
        return signed_width(self.largest_level)

    def levels(self, sums: IntArray) -> IntArray:
        """Levels of int64 ``sums``: (...)."""
        addresses = np.clip((sums >> self.shift) + CENTRE, 0, ENTRIES - 1)
        return np.array(self.entries)[addresses]


def fixed_vtc(vtc: InverterVtc, *, centre: Fraction, step: Fraction, shift: int) -> FixedVtc:
    """The table of ``vtc`` around ``centre`` (volts), ``step`` volts an entry; each holds the middle of its step."""
    places = np.arange(ENTRIES) - CENTRE + 0.5
    levels = vtc.output(float(centre) + places * float(step)) / vtc.supply - 0.5
    return FixedVtc(
        entries=tuple(np.rint(levels * (1 << LEVEL_BITS)).astype(np.int64).tolist()),
        shift=shift,
        low=float(centre - CENTRE * step),
        high=float(centre + CENTRE * step),
    )
