"""What liberty files say of a cell's power: energy by transition, and leakage by state."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from flow.libraries import Library
from flow.libraries.groups import Group, read_groups
from flow.libraries.reading import read_file
from flow.power.tables import Table, Units, read_table

_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_CELL = re.compile(r"^[ \t]*cell\s*\(\s*\"?(\w+)\"?\s*\)", re.M)
# `read_groups` leaves tables out; under these names they are attributes like others.
_TABLE = re.compile(r"\b(values|index_\d)(?=\s*\()")
_NANOWATTS = {"1mW": 1e6, "100uW": 1e5, "10uW": 1e4, "1uW": 1e3, "100nW": 100.0, "10nW": 10.0, "1nW": 1.0}
_NANOWATTS |= {"100pW": 0.1, "10pW": 0.01, "1pW": 1e-3}


@dataclass(frozen=True, kw_only=True, eq=False)
class Transfer:
    """Energy of a transition of ``pin`` in the states ``when`` (None: in all).

    Of an output pin it is that of a transition caused by the input ``related``; of an input pin, ``related`` is None,
    that of the pin's own transitions, whatever the outputs do. ``fall`` and ``rise`` are the pin's transitions.
    """

    pin: str
    related: str | None
    when: str | None
    fall: Table | None
    rise: Table | None


@dataclass(frozen=True, kw_only=True, eq=False)
class CellPower:
    """Power of one cell. ``leakage_nw`` maps states to leakage; ``other_leakage_nw`` is that of all other states.

    ``clock`` is a flip-flop's clock pin, ``stored`` its names for what it stores and for the complement.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    clock: str | None
    stored: tuple[str, ...]
    transfers: tuple[Transfer, ...]
    leakage_nw: tuple[tuple[str, float], ...]
    other_leakage_nw: float


def read_power(library: Library, kinds: Collection[str]) -> dict[str, CellPower]:
    """Power of the cells called ``kinds``.

    Of energies given for each supply pin those of power pins count: what a ground pin carries away came in there.

    :raises ValueError: a file gives units or tables that cannot be read, or a latch is among the cells.
    """
    found: dict[str, CellPower] = {}
    for path in library.paths:
        liberty = read_file(path).liberty
        text = _COMMENT.sub("", path.read_text(encoding="latin-1"))
        root = read_groups(_TABLE.sub(r"power_\1", _only(text, kinds)))
        if root.attributes.get("voltage_unit", "1V") != "1V":
            raise ValueError(f"voltage_unit must be 1V for power, not {root.attributes['voltage_unit']}")
        units = Units(time_ps=liberty.time_unit_ps, load_ff=liberty.load_unit_ff, energy_fj=liberty.load_unit_ff)
        templates = {group.name: group for group in root.inside("power_lut_template")}
        nanowatts = _nanowatts(root)
        for cell in root.inside("cell"):
            found[cell.name] = _cell(cell, library, templates, units, nanowatts)
    return found


def _only(text: str, kinds: Collection[str]) -> str:
    """The text without the cells that are not asked for: they are most of a liberty file."""
    starts = list(_CELL.finditer(text))
    if not starts:
        return text
    kept = [text[: starts[0].start()]]
    ends = [match.start() for match in starts[1:]] + [len(text)]
    kept += [_balanced(text[match.start() : end]) for match, end in zip(starts, ends, strict=True) if match[1] in kinds]
    return "".join([*kept, "}"])


def _balanced(text: str) -> str:
    """A group up to its closing brace."""
    depth = 0
    for brace in re.finditer(r"[{}]", text):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return text[: brace.end()] + "\n"
    return text


def _nanowatts(root: Group) -> float:
    unit = root.attributes.get("leakage_power_unit", "1nW")
    if unit not in _NANOWATTS:
        raise ValueError(f"leakage_power_unit must be one of {', '.join(_NANOWATTS)}, not {unit!r}")
    return _NANOWATTS[unit]


def _cell(group: Group, library: Library, templates: Mapping[str, Group], units: Units, nanowatts: float) -> CellPower:
    cell = library.cells[group.name]
    if cell.kind == "latch":
        raise ValueError(f"cell {cell.name} is a latch, whose power is not modelled")
    supplies = {pin.name for pin in group.inside("pg_pin") if "ground" not in pin.attributes.get("pg_type", "")}
    leakage = [entry for entry in group.inside("leakage_power") if _counts(entry, supplies)]
    unconditional = [float(entry.attributes["value"]) for entry in leakage if "when" not in entry.attributes]
    other = unconditional[0] if unconditional else float(group.attributes.get("cell_leakage_power", "0"))
    return CellPower(
        name=cell.name,
        inputs=tuple(cell.inputs),
        outputs=tuple(cell.outputs),
        clock=_clock(cell.state),
        stored=tuple(name for inner in group.inside("ff") for name in re.findall(r"\w+", inner.name)),
        transfers=tuple(
            transfer for pin in group.inside("pin") for transfer in _transfers(pin, supplies, templates, units)
        ),
        leakage_nw=tuple(
            (entry.attributes["when"], float(entry.attributes["value"]) * nanowatts)
            for entry in leakage
            if "when" in entry.attributes
        ),
        other_leakage_nw=other * nanowatts,
    )


def _clock(state: Mapping[str, str]) -> str | None:
    """The clock pin of a flip-flop of either edge."""
    return re.sub(r"[!'()\s]", "", state["clocked_on"]) if "clocked_on" in state else None


def _counts(entry: Group, supplies: Collection[str]) -> bool:
    related = entry.attributes.get("related_pg_pin")
    return related is None or not supplies or related in supplies


def _transfers(
    pin: Group, supplies: Collection[str], templates: Mapping[str, Group], units: Units
) -> Iterator[Transfer]:
    for entry in pin.inside("internal_power"):
        if not _counts(entry, supplies):
            continue
        tables = {inner.kind: read_table(inner, templates, units) for inner in entry.groups if "power" in inner.kind}
        both = tables.get("power")
        causes: list[str | None] = [*entry.attributes.get("related_pin", "").split()]
        for name in causes or [None]:
            yield Transfer(
                pin=pin.name,
                related=name,
                when=entry.attributes.get("when"),
                fall=tables.get("fall_power", both),
                rise=tables.get("rise_power", both),
            )
