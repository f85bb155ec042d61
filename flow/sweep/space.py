"""The configurations of a sweep, read from words: ``key=v1,v2``, ``key=lo:hi``, ``key=lo:hi:step``, and mixtures.

Integer ranges hold both ends; a range of numbers needs a step. Keys, types and messages are those of `gen.configure`.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, make_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, get_type_hints

from gen.catalog import Design
from gen.configure import configure

MAXIMUM_VALUES = 10_000

Values = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Space:
    """Every key of a design's parameters with its ``fixed`` value, and the values of the ``swept`` ones, in order."""

    fixed: Values
    swept: dict[str, Sequence[Any]]

    @property
    def size(self) -> int:
        """How many points there are."""
        return math.prod(len(values) for values in self.swept.values())

    def point(self, index: int) -> dict[str, Any]:
        """All parameters of point ``index``; the last swept key changes fastest."""
        chosen = {}
        for key, values in reversed(self.swept.items()):
            index, place = divmod(index, len(values))
            chosen[key] = values[place]
        return {**self.fixed, **chosen}


def read_space(design: Design, words: Iterable[str], config: Path | None = None) -> Space:
    """The space that ``words`` span; keys not named keep the value of the TOML file ``config`` or their default.

    :raises ValueError: an unknown or repeated key, a value of the wrong type, a malformed range, a value listed twice.
    """
    kinds = _kinds(design.configuration())
    probe = make_dataclass("Probe", [(key, kind, field(default=None)) for key, kind in kinds.items()], kw_only=True)
    given = configure(probe, (), config)
    defaults = {entry.name: entry.default for entry in fields(design.configuration())}
    fixed = {key: defaults[key] if getattr(given, key) is None else getattr(given, key) for key in kinds}
    swept: dict[str, Sequence[Any]] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or key not in kinds:
            configure(probe, [word])  # says what is wrong
        if key in swept:
            raise ValueError(f"{key} is given twice")
        texts = [piece for item in text.split(",") for piece in _pieces(key, item, kinds[key])]
        swept[key] = _distinct(key, [getattr(configure(probe, [f"{key}={piece}"]), key) for piece in texts])
    return Space(fixed=fixed, swept=swept)


def _kinds(parameters: type) -> dict[str, type]:
    hints = get_type_hints(parameters)
    return {entry.name: hints[entry.name] for entry in fields(parameters)}


def _pieces(key: str, item: str, kind: type) -> Iterator[str]:
    """The texts of one value or of a range."""
    if kind not in _NAMES or ":" not in item:
        yield item
        return
    ends = [_end(key, part, kind) for part in item.split(":")]
    if len(ends) not in (2, 3):
        raise ValueError(f"a range of {key} must be lo:hi or lo:hi:step, not {item!r}")
    if len(ends) == 2 and kind is float:
        raise ValueError(f"a range of {key} must have a step (lo:hi:step), not be {item!r}")
    low, high, step = (*ends, Fraction(1))[:3]
    if step <= 0 or low > high:
        raise ValueError(f"a range of {key} must rise by a step > 0, not be {item!r}")
    count = (high - low) // step + 1
    if count > MAXIMUM_VALUES:
        raise ValueError(f"a range of {key} must hold at most {MAXIMUM_VALUES} values, not {count}")
    for place in range(count):
        yield str(kind(low + place * step))


def _end(key: str, text: str, kind: type) -> Fraction:
    """A number of a range, exact, so that 0.1:0.3:0.1 gives 0.3 and not its neighbour."""
    try:
        return Fraction(str(float(text))) if kind is float else Fraction(int(text))
    except ValueError:
        raise ValueError(f"a range of {key} must have {_NAMES[kind]}, not {text!r}") from None


_NAMES = {int: "integers", float: "numbers"}


def _distinct(key: str, values: list[Any]) -> list[Any]:
    seen = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{key} must list each value once, not {value} twice")
        seen.add(value)
    return values
