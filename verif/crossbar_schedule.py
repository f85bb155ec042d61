"""Run controllers of strategies B and C, and show what they do in each clock cycle."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from gen.vectors.crossbar_schedule import GOES_WITH, Controlled, Stimuli, compared
from verif.batch import simulate

Integers = NDArray[np.int64]


def run(rtl: Rtl, parameters: Controlled, given: Stimuli, seed: int) -> dict[str, Integers]:
    """Outputs of the controller by clock cycle, those that go with a strobe only where it is."""
    return shown(parameters, simulate(rtl, given, seed=seed))


def shown(parameters: Controlled, seen: Mapping[str, NDArray[Any]]) -> dict[str, Integers]:
    """What `run` returns, of all outputs by clock cycle."""
    return {name: _masked(name, seen) for name in compared(parameters)}


def _masked(name: str, seen: Mapping[str, NDArray[Any]]) -> Integers:
    words = seen[name].astype(np.int64)
    return np.where(seen[GOES_WITH[name]] == 1, words, 0) if name in GOES_WITH else words
