"""What the cells of a library compute, for simulation."""

import re
from collections.abc import Mapping

from flow.libraries import Library
from flow.libraries.truth import truth_table
from flow.power.cells import CellPower
from verif.activity_levels import CellFunction


def cell_functions(library: Library, power: Mapping[str, CellPower]) -> dict[str, CellFunction]:
    """Functions of the cells in ``power``.

    :raises ValueError: a flip-flop does not store a function of its inputs at the rising edge of one pin.
    """
    return {kind: _function(library, cell) for kind, cell in power.items()}


def _function(library: Library, cell: CellPower) -> CellFunction:
    functions, state = library.cells[cell.name].outputs, library.cells[cell.name].state
    if cell.clock is None:
        tables = {pin: truth_table(text, cell.inputs) for pin, text in functions.items()}
        return CellFunction(inputs=cell.inputs, outputs=tables)
    if state["clocked_on"].strip("() ") != cell.clock:
        raise ValueError(f"cell {cell.name} does not store at the rising edge of a pin")
    pins, wanted = _with_state(cell, functions, state["next_state"])
    everything = (1 << (1 << len(pins))) - 1
    cleared, preset = (truth_table(state.get(name, "0"), pins) for name in ("clear", "preset"))
    stored = truth_table(wanted, pins) & ~cleared | preset
    asynchronous = f"{state.get('clear', '')} {state.get('preset', '')}"
    return CellFunction(
        inputs=pins,
        outputs={pin: stored if _as_stored(text, cell) else everything & ~stored for pin, text in functions.items()},
        clock=cell.clock,
        tied=tuple(pin for pin in cell.inputs if re.search(rf"\b{pin}\b", asynchronous)),
    )


def _with_state(cell: CellPower, functions: Mapping[str, str], next_state: str) -> tuple[tuple[str, ...], str]:
    """Inputs and next state of a flip-flop; where that depends on what is stored, on the output that shows it."""
    if not any(re.search(rf"\b{name}\b", next_state) for name in cell.stored):
        return cell.inputs, next_state
    pin, shown = next(iter(functions.items()))
    for index, name in enumerate(cell.stored):
        same = _as_stored(shown, cell) == (index == 0)
        next_state = re.sub(rf"\b{name}\b", pin if same else f"(!{pin})", next_state)
    return (*cell.inputs, pin), next_state


def _as_stored(function: str, cell: CellPower) -> bool:
    """Whether an output shows what is stored, and not its complement."""
    # Of a name and its complement, one is 1: rows 1 and 2 of the table.
    return truth_table(function, cell.stored) & 0b10 != 0
