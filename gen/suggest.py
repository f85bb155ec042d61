"""Messages for a name that is not one of the allowed ones."""

from collections.abc import Iterable
from difflib import get_close_matches


def unknown(kind: str, name: str, allowed: Iterable[str]) -> str:
    """One line that says what was not recognised, the nearest allowed name, and all allowed names."""
    names = sorted(allowed)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown {kind} {name!r}: {hint}allowed: {', '.join(names)}"
