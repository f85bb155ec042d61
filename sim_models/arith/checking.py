"""Refusals shared by all classes and functions: each names the parameter, the allowed set and the value received."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int64]


def require_instance(name: str, value: object, kind: type) -> None:
    """Raise ValueError unless ``value`` is an instance of ``kind``."""
    if not isinstance(value, kind):
        raise ValueError(f"{name} must be a {kind.__name__}, not {value!r}")


def require_integer(name: str, value: object, low: int, high: int | None = None) -> None:
    """Raise ValueError unless ``value`` is an integer from ``low`` to ``high``; a bool is no integer."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} must be an integer, not {value!r}")
    if value < low or (high is not None and value > high):
        allowed = f"at least {low}" if high is None else f"between {low} and {high}"
        raise ValueError(f"{name} must be {allowed}, not {value}")


def require_power_of_two(name: str, value: object, high: int) -> None:
    """Raise ValueError unless ``value`` is a power of two from 1 to ``high``."""
    if not isinstance(value, int) or isinstance(value, bool) or value.bit_count() != 1 or not 1 <= value <= high:
        raise ValueError(f"{name} must be a power of two between 1 and {high}, not {value!r}")


def require_real(name: str, value: object, low: float, high: float) -> None:
    """Raise ValueError unless ``value`` is a real number from ``low`` to ``high``; this refuses NaN and infinity."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low} and {high}, not {value}")


def require_choice(name: str, value: object, allowed: Sequence[object]) -> None:
    """Raise ValueError unless ``value`` is one of ``allowed``."""
    if not any(type(value) is type(choice) and value == choice for choice in allowed):
        choices = ", ".join(repr(choice) for choice in allowed)
        raise ValueError(f"{name} must be one of {choices}, not {value!r}")


def integers(name: str, values: ArrayLike, low: int | None = None, high: int | None = None) -> IntArray:
    """``values`` as an int64 array; raise ValueError unless they are integers from ``low`` to ``high``."""
    array = np.asarray(values)
    if array.size == 0 and array.dtype == np.float64:  # what numpy makes of an empty list
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers of at most 64 bits, not {array.dtype}")
    if array.dtype == np.uint64 and array.size and int(array.max()) > np.iinfo(np.int64).max:
        raise ValueError(f"{name} must be at most {np.iinfo(np.int64).max}, not {int(array.max())}")
    words = array.astype(np.int64, copy=False)
    if words.size and low is not None and (smallest := int(words.min())) < low:
        raise ValueError(f"{name} must be at least {low}, not {smallest}")
    if words.size and high is not None and (largest := int(words.max())) > high:
        raise ValueError(f"{name} must be at most {high}, not {largest}")
    return words
