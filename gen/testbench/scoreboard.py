"""Compare what a design gives with what it should give, in order, and stop at the first difference."""

from collections import deque
from typing import Any

import cocotb

# The seed of the run, which repeats it; inside a test cocotb puts the test's own in its place.
_SEED = getattr(cocotb, "RANDOM_SEED", None)


class Scoreboard:
    """Expected results of one output, each with the inputs that lead to it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._expected: deque[tuple[Any, Any]] = deque()
        self.checked = 0

    def expect(self, expected: Any, inputs: Any = None) -> None:
        """The next result should be ``expected``; ``inputs`` is shown if it is not."""
        self._expected.append((expected, inputs))

    def check(self, got: Any) -> None:
        """Compare the next result.

        :raises AssertionError: it differs from what was expected, or nothing was.
        """
        if not self._expected:
            raise AssertionError(self._message(f"unexpected result {got!r}"))
        expected, inputs = self._expected.popleft()
        if got != expected:
            raise AssertionError(self._message(f"inputs {inputs!r}, expected {expected!r}, got {got!r}"))
        self.checked += 1

    def finish(self) -> None:
        """Check that nothing is missing.

        :raises AssertionError: results are missing, or there were none to compare.
        """
        if self._expected:
            expected, inputs = self._expected[0]
            missing = f"{len(self._expected)} results are missing, first: inputs {inputs!r}, expected {expected!r}"
            raise AssertionError(self._message(missing))
        if not self.checked:
            raise AssertionError(self._message("nothing was compared"))

    def _message(self, text: str) -> str:
        return f"{self._name}, result {self.checked}: {text} (seed {_SEED})"
