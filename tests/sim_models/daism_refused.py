"""How tests of the array's models state that bad input is refused."""

from collections.abc import Callable

import pytest


def assert_refused(call: Callable[[], object], *parts: str) -> None:
    """``call`` raises ValueError with one line that holds each of ``parts``."""
    with pytest.raises(ValueError) as refused:
        call()
    message = str(refused.value)
    assert "must" in message, f"{message!r} says nothing of what is allowed"
    assert "\n" not in message
    for part in parts:
        assert part in message, f"{part!r} is not in {message!r}"
