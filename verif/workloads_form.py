"""What a workload is: stimuli of a design, and a check of what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Outputs = Mapping[str, NDArray[Any]]

SEED = 0


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Stimuli of a design: ``inputs`` for `verif.batch.simulate`, and ``check``, which gets all its outputs.

    ``action`` says what one operation is. In the cycles of ``window`` the design does ``operations`` of them and
    nothing else: it is full when they begin. ``check`` raises AssertionError where a result is not the golden model's.
    """

    action: str
    operations: int
    window: slice
    inputs: Mapping[str, Any]
    check: Callable[[Outputs], object]

    @property
    def cycles(self) -> int:
        """Clock cycles that are measured; vectors, of a design without clock."""
        return int(self.window.stop) - int(self.window.start)
