"""Read from liberty text what pricing needs: units, operating conditions, and each cell's area, pins and function."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from flow.libraries.groups import Group, read_groups
from flow.libraries.truth import truth_table

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_STATE = {"ff": "flip_flop", "ff_bank": "flip_flop", "latch": "latch", "latch_bank": "latch", "statetable": "latch"}
# ABC takes any other spelling for its default, without a word in the result.
_FEMTOFARADS = {"ff": 1.0, "fF": 1.0, "pf": 1e3, "pF": 1e3}
_PICOSECONDS = {"1ps": 1.0, "10ps": 10.0, "100ps": 100.0, "1ns": 1000.0}
_VOLTS = {"1mV": 1e-3, "10mV": 1e-2, "100mV": 1e-1, "1V": 1.0}
_MOST_PINS = 8


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One library cell. ``inputs`` gives each input pin's capacitance in fF, ``outputs`` each output pin's function.

    ``kind`` is ``combinational``, ``flip_flop`` or ``latch`` (clock gates count as latches). ``area_um2`` is in the
    liberty file's unit of area, um2 in every library known here. ``state`` holds what the liberty file says of a
    flip-flop or latch (``next_state``, ``clocked_on``, ``clear``...), as expressions over input pins. A cell marked
    ``dont_use``, or without an area, is not ``usable``.
    """

    name: str
    area_um2: float
    kind: str
    inputs: Mapping[str, float]
    outputs: Mapping[str, str]
    state: Mapping[str, str]
    usable: bool

    def computes(self, *, inputs: int, table: int) -> bool:
        """Whether this is a usable gate of ``inputs`` inputs and one output with this truth table."""
        if not self.usable or self.kind != "combinational" or len(self.inputs) != inputs or len(self.outputs) != 1:
            return False
        function = next(iter(self.outputs.values()))
        return bool(function) and truth_table(function, tuple(self.inputs)) == table

    def stores_an_input(self) -> bool:
        """Whether this is a usable D flip-flop: what it stores is one input pin, or its complement.

        Scan and enable flip-flops are not: they choose. Set and reset do not matter, nor does the clock's edge.
        """
        expression = self.state.get("next_state", "")
        if not self.usable or self.kind != "flip_flop" or not expression or len(self.inputs) > _MOST_PINS:
            return False
        pins = tuple(self.inputs)
        try:
            table = truth_table(expression, pins)
        except ValueError:  # it also depends on the state
            return False
        return any(table in (truth_table(pin, pins), truth_table(f"!{pin}", pins)) for pin in pins)


@dataclass(frozen=True, kw_only=True)
class Liberty:
    """One liberty file. ``title`` is the name that it gives its library, ``corner`` that of its operating conditions.

    A time unit is in ps. ``voltage_v``, ``temperature_c`` and ``process`` (1.0 is typical) are None where the file does
    not give them.
    """

    title: str
    time_unit_ps: float
    load_unit_ff: float
    corner: str
    voltage_v: float | None
    temperature_c: float | None
    process: float | None
    cells: tuple[Cell, ...]


def read_liberty(text: str) -> Liberty:
    """Read one liberty file.

    :raises ValueError: the text is no liberty library or is cut off, a unit is missing or unknown, a number is none,
        or two cells have the same name.
    """
    library = read_groups(text)
    unit = _load_unit(library)
    cells = tuple(_cell(group, unit) for group in library.inside("cell"))
    names = [cell.name for cell in cells]
    if len(set(names)) < len(names):
        raise ValueError(f"it defines cell {next(name for name in names if names.count(name) > 1)} twice")
    corner, conditions = _conditions(library)
    volts = _one_of(library, "voltage_unit", _VOLTS, default="1V")
    voltage = conditions["voltage"]
    return Liberty(
        title=library.name,
        time_unit_ps=_one_of(library, "time_unit", _PICOSECONDS, default="1ns"),
        load_unit_ff=unit,
        corner=corner,
        voltage_v=None if voltage is None else voltage * volts,
        temperature_c=conditions["temperature"],
        process=conditions["process"],
        cells=cells,
    )


def _load_unit(library: Group) -> float:
    if "capacitive_load_unit" not in library.attributes:
        raise ValueError("it gives no capacitive_load_unit")
    scale, _, name = library.attributes["capacitive_load_unit"].partition(",")
    unit = name.strip(' "')
    if unit not in _FEMTOFARADS:
        raise ValueError(f"capacitive_load_unit must be in {', '.join(_FEMTOFARADS)}, not {unit!r}")
    if not (number := _number(scale, "capacitive_load_unit")):
        raise ValueError("capacitive_load_unit must be above 0, not 0")
    return number * _FEMTOFARADS[unit]


def _one_of(library: Group, attribute: str, known: Mapping[str, float], *, default: str) -> float:
    value = library.attributes.get(attribute, default)
    if value not in known:
        raise ValueError(f"{attribute} must be one of {', '.join(known)}, not {value!r}")
    return known[value]


def _conditions(library: Group) -> tuple[str, dict[str, float | None]]:
    """The default operating conditions and their name; the nominal values where there are none."""
    wanted = library.attributes.get("default_operating_conditions")
    groups = [group for group in library.inside("operating_conditions") if wanted in (None, group.name)]
    found = groups[0] if groups else Group("", "")
    values: dict[str, float | None] = {}
    for what in ("voltage", "temperature", "process"):
        said = found.attributes.get(what, library.attributes.get(f"nom_{what}"))
        values[what] = None if said is None else _number(said, what)
    return found.name, values


def _cell(group: Group, unit: float) -> Cell:
    if not _NAME.fullmatch(group.name):
        raise ValueError(f"the cell name {group.name!r} is no plain identifier")
    pins = list(group.inside("pin"))
    holding = next((inner for inner in group.groups if inner.kind in _STATE), None)
    area = _number(group.attributes.get("area", "0"), f"the area of cell {group.name}")
    return Cell(
        name=group.name,
        area_um2=area,
        kind=_STATE[holding.kind] if holding else "combinational",
        inputs={pin.name: _capacitance(pin, group, unit) for pin in pins if pin.attributes.get("direction") == "input"},
        outputs={pin.name: _function(pin) for pin in pins if pin.attributes.get("direction") == "output"},
        state=dict(holding.attributes) if holding else {},
        usable=group.attributes.get("dont_use", "false") != "true" and area > 0,
    )


def _capacitance(pin: Group, cell: Group, unit: float) -> float:
    return _number(pin.attributes.get("capacitance", "0"), f"the capacitance of {cell.name}/{pin.name}") * unit


def _number(value: str, what: str) -> float:
    """A number of 0 or more in every use here but the temperature."""
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"{what} is {value!r}, which is no number") from None
    if not math.isfinite(number) or (number < 0 and what != "temperature"):
        raise ValueError(f"{what} must be a finite number of at least 0, not {value}")
    return number


def _function(pin: Group) -> str:
    """The pin's logic function; a tri-state output has none that a gate could stand for."""
    return "" if "three_state" in pin.attributes else pin.attributes.get("function", "")
