"""An SRAM macro by a model that the user gives: area, energy, leakage, access time as functions of its shape.

bitline has no SRAM compiler. Its own memories are flip-flops, and priced as such; whoever wants the price of a compiled
macro in their place writes a TOML file with these keys, all of them required, and says where the figures come from:

===================  =====================================================================================
name                 what to call the macro in reports
source               where the figures come from: publication with table or page, or the compiler's data sheet
node                 the technology, in words
min_words            shapes that the model holds for: numbers of words,
max_words
min_width            and bits in a word
max_width
area_um2_per_bit     area of a stored bit, its share of everything that grows with the bits in it; um2. In its place
                     may stand ``bits_per_um2``, the density
periphery_um2        area that every macro has, whatever its shape; um2
read_pj_fixed        energy of a read that does not depend on the width; pJ
read_pj_per_bit      energy of a read for each bit of the word; pJ
write_pj_fixed       the same of a write
write_pj_per_bit
leakage_w_per_bit    static power of a stored bit; W
access_time_ps       from the clock edge to the data; ps
===================  =====================================================================================
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path
from typing import Any, get_type_hints

from gen.suggest import unknown

_DENSITY, _AREA = "bits_per_um2", "area_um2_per_bit"
_KINDS = {int: "an integer", float: "a number", str: "text"}
_UW_PER_W = 1e6
_LARGEST = 1 << 40  # far above any macro, and far from what a float can no longer hold


@dataclass(frozen=True, kw_only=True)
class MemoryMacro:
    """A compiled single-port SRAM as a linear model; units as the names end, see the module for each field.

    :raises ValueError: a text is empty, a range of shapes is, or a figure is negative, infinite or no number. The area
        per bit and the access time must be above 0.
    """

    name: str
    source: str
    node: str
    min_words: int
    max_words: int
    min_width: int
    max_width: int
    area_um2_per_bit: float
    periphery_um2: float
    read_pj_fixed: float
    read_pj_per_bit: float
    write_pj_fixed: float
    write_pj_per_bit: float
    leakage_w_per_bit: float
    access_time_ps: float

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(MemoryMacro).items():
            value = getattr(self, name)
            if kind is str and not value.strip():
                raise ValueError(f"{name} must say something, not be empty")
            if kind is float and not (isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be a number of at least 0, not {value}")
        for name in (_AREA, "access_time_ps"):
            if not getattr(self, name):
                raise ValueError(f"{name} must be above 0, not 0")
        for what in ("words", "width"):
            low, high = self._range(what)
            if low < 1:
                raise ValueError(f"min_{what} must be at least 1, not {low}")
            if not low <= high <= _LARGEST:
                raise ValueError(f"max_{what} must be between min_{what} = {low} and {_LARGEST}, not {high}")

    def area_um2(self, words: int, width: int) -> float:
        """Area of a macro of ``words`` words of ``width`` bits; ValueError for a shape that the model does not hold."""
        return self.periphery_um2 + self._bits(words, width) * self.area_um2_per_bit

    def leakage_uw(self, words: int, width: int) -> float:
        """Static power of such a macro in uW."""
        return self._bits(words, width) * self.leakage_w_per_bit * _UW_PER_W

    def read_pj(self, width: int) -> float:
        """Energy of reading one word of ``width`` bits in pJ."""
        return self.read_pj_fixed + self._checked("width", width) * self.read_pj_per_bit

    def write_pj(self, width: int) -> float:
        """Energy of writing one word of ``width`` bits in pJ."""
        return self.write_pj_fixed + self._checked("width", width) * self.write_pj_per_bit

    def _bits(self, words: int, width: int) -> int:
        return self._checked("words", words) * self._checked("width", width)

    def _checked(self, what: str, value: int) -> int:
        low, high = self._range(what)
        if not low <= value <= high:
            raise ValueError(f"{what} of macro {self.name} must be between {low} and {high}, not {value}")
        return value

    def _range(self, what: str) -> tuple[int, int]:
        return getattr(self, f"min_{what}"), getattr(self, f"max_{what}")


def read_macro(path: Path) -> MemoryMacro:
    """The macro that the TOML file ``path`` describes.

    :raises ValueError: in one line: the file cannot be read or is no TOML, a key is missing, unknown or of the wrong
        type, or `MemoryMacro` refuses a value.
    """
    values = _content(path)
    try:
        return MemoryMacro(**_figures(values))
    except ValueError as error:
        raise ValueError(f"{path} is no memory macro: {error}") from None


def _content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not valid TOML: {error}") from None


def _figures(values: Mapping[str, Any]) -> dict[str, Any]:
    """The file's values under the names of the fields."""
    kinds = {**get_type_hints(MemoryMacro), _DENSITY: float}
    for key, value in values.items():
        if key not in kinds:
            raise ValueError(unknown("key", key, kinds))
        if type(value) is not kinds[key] and not (kinds[key] is float and type(value) is int):
            raise ValueError(f"{key} must be {_KINDS[kinds[key]]}, not {value!r}")
    figures = {key: _as_float(key, value) if kinds[key] is float else value for key, value in values.items()}
    if _DENSITY in figures:
        figures[_AREA] = _area_of_density(figures)
        del figures[_DENSITY]
    if missing := [field.name for field in fields(MemoryMacro) if field.name not in figures]:
        raise ValueError(f"it lacks {', '.join(missing)}")
    return figures


def _as_float(key: str, value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{key} is too large a number") from None


def _area_of_density(values: Mapping[str, Any]) -> float:
    if _AREA in values:
        raise ValueError(f"give {_AREA} or {_DENSITY}, not both")
    if not (isfinite(values[_DENSITY]) and values[_DENSITY] > 0):
        raise ValueError(f"{_DENSITY} must be a number above 0, not {values[_DENSITY]}")
    return 1 / values[_DENSITY]
