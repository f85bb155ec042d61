"""What a batch check is, and how what it sees is compared with the golden model."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl

Check = Callable[[Rtl, Any, int, int], int]
"""Takes the hardware, its parameters, about how many vectors, a seed; returns how many results were compared."""


def require_equal(got: Mapping[str, NDArray[Any]], expected: Mapping[str, NDArray[Any]], seed: int) -> int:
    """Number of equal results; AssertionError shows the first that is not, its place, and the seed."""
    for name, values in expected.items():
        if got[name].shape != values.shape:
            raise AssertionError(f"{name}: expected shape {values.shape}, got {got[name].shape} (seed {seed})")
        wrong = np.argwhere(got[name] != values)
        if len(wrong):
            place = tuple(int(index) for index in wrong[0])
            message = f"{name}{list(place)}: expected {values[place]}, got {got[name][place]}"
            raise AssertionError(f"{len(wrong)} of {values.size} results differ, first {message} (seed {seed})")
    return sum(values.size for values in expected.values())


def layer_cycles_seen(begins: NDArray[np.int64], lasts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cycles from each descriptor taken to its layer's last result; AssertionError if there is not one for each."""
    if len(begins) != len(lasts):
        raise AssertionError(f"expected {len(lasts)} descriptors to be taken, not {len(begins)}")
    return lasts - begins
