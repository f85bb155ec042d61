"""What a successive approximation converter makes of a count, and the words it compares with on the way."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, integers
from sim_models.sar.parameters import SarParameters


@dataclass(frozen=True, kw_only=True, eq=False)
class Conversion:
    """Results in the shape of the counts: ``code``, number of comparisons ``operations``, and where it was clipped."""

    code: IntArray
    operations: IntArray
    clipped: NDArray[np.bool_]


def convert(counts: ArrayLike, parameters: SarParameters, *, clip: bool = False) -> Conversion:
    """Convert ``counts``, integers from 0 in units of the smallest step: the code of a count is the count.

    With ``clip``, larger counts than the largest code give that code. Raises ValueError for counts that are no integers
    or negative, and without ``clip`` for counts that are too large.
    """
    words = integers("counts", counts, 0, None if clip else parameters.maximum)
    return Conversion(
        code=np.minimum(words, parameters.maximum),
        operations=np.full(words.shape, parameters.bits, np.int64),
        clipped=words > parameters.maximum,
    )


def trials(counts: ArrayLike, parameters: SarParameters) -> IntArray:
    """The words that each count is compared with, in order: shape (..., bits).

    The bits above the one under test are those of the count; that one is 1, and those below it 0. Raises ValueError for
    counts that are no integers or outside 0..2^bits - 1.
    """
    words = integers("counts", counts, 0, parameters.maximum)[..., np.newaxis]
    places = np.arange(parameters.bits)[::-1]
    return words >> places + 1 << places + 1 | 1 << places
