"""Refusals of the NMPU parameter classes: each names the parameter, the allowed set and the value received."""

from collections.abc import Sequence


def require_power_of_two(name: str, value: object, high: int) -> None:
    """Raise ValueError unless ``value`` is a power of two from 1 to ``high``."""
    if not isinstance(value, int) or isinstance(value, bool) or value.bit_count() != 1 or not 1 <= value <= high:
        raise ValueError(f"{name} must be a power of two between 1 and {high}, not {value!r}")


def require_choice(name: str, value: object, allowed: Sequence[object]) -> None:
    """Raise ValueError unless ``value`` is one of ``allowed``."""
    if not any(type(value) is type(choice) and value == choice for choice in allowed):
        choices = ", ".join(repr(choice) for choice in allowed)
        raise ValueError(f"{name} must be one of {choices}, not {value!r}")


def require_real(name: str, value: object, low: float, high: float) -> None:
    """Raise ValueError unless ``value`` is a real number from ``low`` to ``high``; this refuses NaN and infinity."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low} and {high}, not {value}")
