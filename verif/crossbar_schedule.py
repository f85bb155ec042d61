"""Run controllers of strategies B and C, and show what they do in each clock cycle."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from gen.vectors.crossbar_outputs import Controlled, compared, goes_with
from gen.vectors.crossbar_schedule import Stimuli
from verif.batch import simulate

Integers = NDArray[np.int64]


def run(rtl: Rtl, parameters: Controlled, given: Stimuli, seed: int) -> dict[str, Integers]:
    """Outputs of the controller by clock cycle, those that go with a strobe only where it is."""
    return shown(parameters, simulate(rtl, given, seed=seed))


def shown(parameters: Controlled, seen: Mapping[str, NDArray[Any]]) -> dict[str, Integers]:
    """What `run` returns, of all outputs by clock cycle."""
    strobes = goes_with(parameters)
    return {name: _masked(name, seen, strobes.get(name)) for name in compared(parameters)}


def _masked(name: str, seen: Mapping[str, NDArray[Any]], strobe: str | None) -> Integers:
    words = seen[name].astype(np.int64)
    return words if strobe is None else np.where(seen[strobe] == 1, words, 0)
