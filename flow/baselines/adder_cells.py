"""A library's full-adder cell in the place of a design's full adders: ABC maps to cells of one output only."""

import re
from dataclasses import replace
from fnmatch import fnmatchcase

from flow.libraries import Library
from flow.libraries.liberty import Cell
from flow.libraries.truth import truth_table
from flow.synthesis.yosys_job import IDENTIFIER
from gen.rtl import Rtl

_MODULE = re.compile(r"^module full_adder\b.*?^endmodule\n", re.M | re.S)
_OPERANDS = ("a", "b", "c")
# Truth tables of three inputs, and of their complements: some libraries' adders have inverted outputs.
_TABLES = {
    0b10010110: ("sum", ""),
    0b01101001: ("sum", "~"),
    0b11101000: ("carry", ""),
    0b00010111: ("carry", "~"),
}


def with_adder_cells(rtl: Rtl, library: Library) -> Rtl | None:
    """``rtl`` with every `hdl.arith.columns.FullAdder` as the library's smallest full-adder cell.

    None if the design has no full adder or the library no such cell.
    """
    cell = adder_cell(library)
    if cell is None or not _MODULE.search(rtl.verilog):
        return None
    pins, signs = list(cell.inputs), _outputs(cell)
    nets = {pin: f"{name}_pin" for pin, (name, _) in signs.items()}
    connected = [f".{pin}({name})" for pin, name in zip(pins, _OPERANDS, strict=True)]
    connected += [f".{pin}({net})" for pin, net in nets.items()]
    inside = [f"  wire {', '.join(nets.values())};", f"  {cell.name} cell_0 ({', '.join(connected)});"]
    inside += [f"  assign {name} = {sign}{name}_pin;" for name, sign in signs.values()]
    declared = ", ".join([*(f"input {pin}" for pin in pins), *(f"output {pin}" for pin in signs)])
    adder = [f"(* blackbox *) module {cell.name}({declared});", "endmodule"]
    adder += ["module full_adder(input a, input b, input c, output sum, output carry);", *inside, "endmodule", ""]
    return replace(rtl, verilog=_MODULE.sub(lambda _: "\n".join(adder), rtl.verilog))


def adder_cell(library: Library) -> Cell | None:
    """The smallest usable cell that gives the sum and the carry of three bits, or their complements."""
    fitting = [
        cell
        for cell in library.cells.values()
        if cell.usable
        and cell.kind == "combinational"
        and not any(fnmatchcase(cell.name, pattern) for pattern in library.dont_use)
        and IDENTIFIER.fullmatch(cell.name)
        and len(cell.inputs) == len(_OPERANDS)
        and {name for name, _ in _outputs(cell).values()} == {"sum", "carry"}
        and len(cell.outputs) == 2
    ]
    return min(fitting, key=lambda cell: (cell.area_um2, cell.name), default=None)


def _outputs(cell: Cell) -> dict[str, tuple[str, str]]:
    """What each output pin gives that gives the sum or the carry: its name, and the sign before it."""
    found = {}
    for pin, function in cell.outputs.items():
        table = truth_table(function, tuple(cell.inputs)) if function else None
        if table in _TABLES:
            found[pin] = _TABLES[table]
    return found
