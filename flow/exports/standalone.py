"""What an exported component stands on: ``hwcomponents`` where it is installed, else the same form in small.

The text below the mark is copied into every exported component, so it may use nothing but Python itself.
"""

# --- copied from here ---
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple


class _Cost(NamedTuple):
    """Energy of one action in J, its latency in s, and how many of them begin in a second."""

    energy: float
    latency: float
    throughput: float


class _Component:
    """Area in m2 and leakage power in W, fixed at construction."""

    component_name = ""
    priority = 0.5

    def __init__(self, *, area: float, leak_power: float) -> None:
        self.area = area
        self.leak_power = leak_power


_tool: Any = import_module("hwcomponents") if find_spec("hwcomponents") else None
_Base: Any = _tool.ComponentModel if _tool else _Component


def _action(function: Any) -> Any:
    """Mark a method as an action, in the way of whatever the class derives from."""
    return _tool.action(function) if _tool else function


def _cost(energy: float, latency: float, throughput: float) -> Any:
    """The cost of an action as its receiver wants it: older versions of hwcomponents take a pair."""
    if _tool is None:
        return _Cost(energy, latency, throughput)
    if hasattr(_tool, "ActionCost"):
        return _tool.ActionCost(energy=energy, latency=latency, throughput=throughput)
    return energy, latency


def _expect(name: str, given: Any, measured: Any) -> None:
    """Refuse a configuration that was not measured."""
    if given != measured:
        raise ValueError(f"{name} must be {measured!r}, the value that was measured, not {given!r}")
