"""What comparators of converters that search must answer, clock cycle by clock cycle, so that given codes are found."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hdl.crossbar.tile_converters import TileParameters
from verif.packing import pack

Integers = NDArray[np.int64]


def answers(
    parameters: TileParameters, clocks: int, conversions: Sequence[tuple[Integers, Integers]]
) -> NDArray[np.generic]:
    """Words of the port ``cmp`` for as many ``clocks``; 0 of comparators that are off.

    ``conversions``: of each converter, the clock cycles in which it samples, and the codes, in the order of both. The
    registers take turns, and each asks for the bits of its code, the highest one first: an answer is that bit.
    """
    bits, registers = parameters.code_bits, parameters.code_bits + 2
    lowest = 1 << bits - 1 if parameters.signed_samples else 0
    found = np.zeros((clocks, len(conversions), registers), np.int64)
    for number, (sampled, codes) in enumerate(conversions):
        register = np.arange(len(sampled)) % registers
        for asked in range(bits):
            at = sampled + 1 + asked
            there = at < clocks
            bit = codes + lowest >> bits - 1 - asked & 1
            found[at[there], number, register[there]] = bit[there]
    return pack(found.reshape(clocks, -1), 1)
