"""Read from liberty text what pricing needs: areas, input capacitances, functions, and which cells hold state."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flow.libraries.truth import truth_table

_TABLES = re.compile(r"/\*.*?\*/|\b(?:values|index_\d)\s*\([^)]*\)\s*;?", re.S)
_TOKEN = re.compile(
    r"(?P<group>[A-Za-z]\w*)\s*\((?P<name>[^(){};]*)\)\s*\{"
    r"|(?P<attribute>[A-Za-z]\w*)\s*(?::\s*(?P<value>\"[^\"]*\"|[^;}\n]*)|\((?P<values>[^(){};]*)\)\s*;)"
    r"|(?P<close>\})"
)
_STATE = {"ff": "flip_flop", "ff_bank": "flip_flop", "latch": "latch", "latch_bank": "latch", "statetable": "latch"}
_FEMTOFARADS = {"ff": 1.0, "pf": 1e3, "nf": 1e6}


@dataclass
class _Group:
    """``kind (name) { attribute : value; ... }`` with the groups inside it."""

    kind: str
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    groups: list["_Group"] = field(default_factory=list)

    def inside(self, *kinds: str) -> Iterator["_Group"]:
        return (group for group in self.groups if group.kind in kinds)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One library cell. ``inputs`` gives each input pin's capacitance in fF, ``outputs`` each output pin's function.

    ``kind`` is ``combinational``, ``flip_flop`` or ``latch`` (clock gates count as latches); ``area_um2`` is in the
    liberty file's unit of area, um2 in every library known here.
    """

    name: str
    area_um2: float
    kind: str
    inputs: Mapping[str, float]
    outputs: Mapping[str, str]
    usable: bool

    def computes(self, *, inputs: int, table: int) -> bool:
        """Whether this is a usable gate of ``inputs`` inputs and one output with this truth table."""
        if not self.usable or self.kind != "combinational" or len(self.inputs) != inputs or len(self.outputs) != 1:
            return False
        function = next(iter(self.outputs.values()))
        return bool(function) and truth_table(function, tuple(self.inputs)) == table


def read_cells(text: str) -> list[Cell]:
    """All cells of one liberty file.

    :raises ValueError: the text is no liberty library, is cut off, or a cell has no number for its area.
    """
    library = _parse(_TABLES.sub("", text))
    unit = _capacitance_unit(library)
    return [_cell(group, unit) for group in library.inside("cell")]


def _parse(text: str) -> _Group:
    root = _Group("", "")
    open_groups = [root]
    for token in _TOKEN.finditer(text):
        if token["group"]:
            group = _Group(token["group"], token["name"].strip(' "'))
            open_groups[-1].groups.append(group)
            open_groups.append(group)
        elif token["attribute"]:
            value = token["value"] if token["value"] is not None else token["values"]
            open_groups[-1].attributes[token["attribute"]] = value.strip(' "\t')
        elif len(open_groups) > 1:
            open_groups.pop()
        else:
            raise ValueError("it has a closing brace too many")
    library = next(root.inside("library"), None)
    if library is None:
        raise ValueError("it holds no `library` group")
    if len(open_groups) > 1:
        raise ValueError(f"it ends inside the group `{open_groups[-1].kind}`: the file is cut off")
    return library


def _capacitance_unit(library: _Group) -> float:
    scale, _, unit = library.attributes.get("capacitive_load_unit", "1,pf").partition(",")
    return float(scale) * _FEMTOFARADS[unit.strip(' "').lower()]


def _cell(group: _Group, unit: float) -> Cell:
    pins = list(group.inside("pin"))
    state = next((_STATE[inner.kind] for inner in group.groups if inner.kind in _STATE), "combinational")
    return Cell(
        name=group.name,
        area_um2=_area(group),
        kind=state,
        inputs={pin.name: _capacitance(pin, unit) for pin in pins if pin.attributes.get("direction") == "input"},
        outputs={pin.name: _function(pin) for pin in pins if pin.attributes.get("direction") == "output"},
        usable=group.attributes.get("dont_use", "false") != "true",
    )


def _area(group: _Group) -> float:
    try:
        return float(group.attributes.get("area", "0"))
    except ValueError:
        raise ValueError(f"cell {group.name} has area {group.attributes['area']!r}, which is no number") from None


def _capacitance(pin: _Group, unit: float) -> float:
    return float(pin.attributes.get("capacitance", "0")) * unit


def _function(pin: _Group) -> str:
    """The pin's logic function; a tri-state output has none that a gate could stand for."""
    return "" if "three_state" in pin.attributes else pin.attributes.get("function", "")
