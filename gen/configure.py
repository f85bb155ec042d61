"""Read a design's parameters from ``key=value`` words and TOML files."""

import tomllib
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from gen.suggest import unknown


def configure(parameters: type, pairs: Iterable[str] = (), config: Path | None = None) -> Any:
    """An instance of the dataclass ``parameters`` from a TOML file and ``key=value`` words, which win over the file.

    The file holds the same keys at its top level. Where the dataclass allows None the word is ``none``. Several
    integers are joined by ``+`` in a word, and are a list in the file. Raises ValueError in one line for an unreadable
    or malformed file, an unknown or repeated key, a value of the wrong type, and whatever ``parameters`` refuses.
    """
    kinds = {name: kind for name, kind in get_type_hints(parameters).items() if name in _names(parameters)}
    values = _from_file(config, kinds) if config else {}
    return parameters(**{**values, **_from_pairs(pairs, kinds)})


def _names(parameters: type) -> list[str]:
    return [field.name for field in fields(parameters)]


def _from_file(config: Path, kinds: dict[str, Any]) -> dict[str, Any]:
    try:
        values = tomllib.loads(config.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot read {config}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{config} is not valid TOML: {error}") from None
    for key, value in values.items():
        _check_key(key, kinds)
        kind, optional = _base(kinds[key])
        if not (_is_kind(value, kind) or (optional and value == _NONE)):
            raise ValueError(f"{key} must be {_said(kinds[key])}, not {value!r} (in {config})")
        values[key] = None if optional and value == _NONE else tuple(value) if kind is tuple else value
    return values


def _is_kind(value: object, kind: type) -> bool:
    if kind is tuple:
        return isinstance(value, list) and all(type(each) is int for each in value)
    return type(value) is kind or (kind is float and type(value) is int)


def _from_pairs(pairs: Iterable[str], kinds: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise ValueError(f"parameters are given as key=value, not {pair!r}")
        _check_key(key, kinds)
        if key in values:
            raise ValueError(f"{key} is given twice")
        values[key] = _convert(key, text, kinds[key])
    return values


def _check_key(key: str, kinds: dict[str, Any]) -> None:
    if key not in kinds:
        raise ValueError(unknown("key", key, kinds))


_KINDS = {
    int: "an integer",
    bool: "true or false",
    str: "text",
    float: "a number",
    tuple: "integers (joined by + in a word, a list in a file)",
}
_TRUTH = {"true": True, "false": False}
_NONE = "none"


def _base(kind: Any) -> tuple[type, bool]:
    """The kind without None, and whether None is allowed; ``tuple`` is one of integers."""
    if get_origin(kind) is tuple:
        return tuple, False
    kinds = [each for each in get_args(kind) if each is not NoneType]
    return (kinds[0], True) if kinds else (kind, False)


def _said(kind: Any) -> str:
    base, optional = _base(kind)
    return _KINDS[base] + f" or {_NONE}" * optional


def _convert(key: str, text: str, kind: Any) -> Any:
    base, optional = _base(kind)
    if optional and text.lower() == _NONE:
        return None
    try:
        if base is tuple:
            return tuple(int(each) for each in text.split("+"))
        return _TRUTH[text.lower()] if base is bool else base(text)
    except (ValueError, KeyError):
        raise ValueError(f"{key} must be {_said(kind)}, not {text!r}") from None
