"""Tidy the RTLIL text that Amaranth prints: one module per distinct block, names a reader can follow.

Amaranth prints every submodule instance as a module of its own and names it by its path (``top.unit_0``), and gives
signals that cross a boundary serial numbers (``y$16``). Here identical modules become one, modules are named by
path with the instance number dropped (``top_unit``), and a wire on an instance's output is named after that instance
and port (``unit_1_y``).
"""

import re

_MODULE = re.compile(r"(?:^attribute [^\n]*\n)*^module (\\\S+)\n(.*?)^end\n", re.M | re.S)
_CELL = re.compile(r"^  cell (\\\S+) (\\\S+)\n(.*?)^  end\n", re.M | re.S)
_CONNECT = re.compile(r"^    connect \\(\S+) (\\\S+)( \[[\d:]+\])?$", re.M)
_OUTPUT = re.compile(r"^  wire width \d+(?: signed)? output \d+ +\\(\S+)$", re.M)
_PORT = re.compile(r"^  wire [^\n]*(?:input|output) \d+ +(\\\S+)$", re.M)
_WIRE = re.compile(r"^  wire [^\n]*?(\\\S+)$", re.M)


def tidy(rtlil: str) -> str:
    """RTLIL text with duplicate modules merged and readable module and wire names. The first module is the top."""
    modules = {name: body for name, body in _MODULE.findall(rtlil)}
    kept = _merge(modules, next(iter(modules)))
    outputs = {name: set(_OUTPUT.findall(body)) for name, body in kept.items()}
    return "".join(f"module {name}\n{_rename_wires(body, outputs)}end\n" for name, body in kept.items())


def _merge(modules: dict[str, str], top: str) -> dict[str, str]:
    """Walk the hierarchy from the leaves, keeping one module for each distinct body; the top comes last."""
    canonical: dict[str, str] = {}
    by_body: dict[str, str] = {}
    kept: dict[str, str] = {}

    def visit(name: str) -> str:
        if name in canonical:
            return canonical[name]

        def child(cell: re.Match[str]) -> str:
            kind = visit(cell[1]) if cell[1] in modules else cell[1]
            return f"  cell {kind} {cell[2]}\n{cell[3]}  end\n"

        body = _CELL.sub(child, modules[name])
        if body not in by_body:
            by_body[body] = name if name == top else _free_name(name, kept)
            kept[by_body[body]] = body
        canonical[name] = by_body[body]
        return canonical[name]

    visit(top)
    return kept


def _free_name(path: str, taken: dict[str, str]) -> str:
    base = "\\" + "_".join(re.sub(r"_\d+$", "", part) for part in path[1:].split("."))
    name, serial = base, 2
    while name in taken:
        name, serial = f"{base}_{serial}", serial + 1
    return name


def _rename_wires(body: str, outputs: dict[str, set[str]]) -> str:
    """Name instance outputs after instance and port; make every other serial-numbered alias private."""
    ports = set(_PORT.findall(body))
    wires = set(_WIRE.findall(body))
    names: dict[str, str] = {}
    for kind, instance, pins in _CELL.findall(body):
        for pin, wire, _ in _CONNECT.findall(pins):
            if pin in outputs.get(kind, ()) and wire in wires - ports:
                wanted = f"{instance}_{pin}"
                if wanted not in wires:
                    names.setdefault(wire, wanted)
    for wire in wires - ports - names.keys():
        if "$" in wire or "[" in wire:
            names[wire] = "$alias" + wire
    if not names:
        return body
    return re.sub(r"\\[^\s]+", lambda token: names.get(token[0], token[0]), body)
