"""Give the wires of Amaranth's RTLIL text names that a reader can follow.

Amaranth numbers a signal that shares its name with another (``y$16``) and keeps a wire for every alias. Here a wire on
an instance's output is named after instance and port (``unit_1_y``); aliases become private, so that Yosys drops them.
"""

import re
from collections.abc import Collection, Mapping

_CELL = re.compile(r"^  cell (\\\S+) (\\\S+)\n(.*?)^  end\n", re.M | re.S)
_CONNECT = re.compile(r"^    connect \\(\S+) (\\\S+)(?: \[[\d:]+\])?$", re.M)
_PORT = re.compile(r"^  wire [^\n]*(input|output) \d+ +(?:signed +)?(\\\S+)$", re.M)
_ALIAS = re.compile(r"^connect (\\\S+) (?:\\\S+(?: \[[\d:]+\])?|\d+'[01]+)$", re.M)
_WIRE = re.compile(r"^  wire [^\n]*?(\\\S+)$", re.M)
# A pin or cell may share its name with a wire, so those places are matched first and kept.
_NAME = re.compile(r"(^    connect \\\S+ |^  cell [^\n]+|^module [^\n]+)|(\\[^\s]+)", re.M)
_NUMBER = re.compile(r"^(  wire [^\n]*(?:input|output) )(\d+)", re.M)
_GENERATED = re.compile(r"[$\[.]")


def rename_wires(module: str, outputs: Mapping[str, Collection[str]]) -> str:
    """The RTLIL text of one module with its wires renamed; ``outputs`` are the output pins of each kind of instance."""
    wires = set(_WIRE.findall(module)) - {name for _, name in _PORT.findall(module)}
    driven = {wire for wire in wires if _GENERATED.search(wire)} | (wires & set(_ALIAS.findall(module)))
    names = {wire: "$alias" + wire for wire in driven}
    names |= _by_instance(module, wires, outputs)
    renamed = _NAME.sub(lambda token: str(token[1] or names.get(token[2], token[2])), module)
    # Amaranth numbers ports from 0, Yosys from 1: it would print the first port last.
    return _NUMBER.sub(lambda port: f"{port[1]}{int(port[2]) + 1}", renamed)


def _by_instance(module: str, wires: set[str], outputs: Mapping[str, Collection[str]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for kind, instance, pins in _CELL.findall(module):
        for pin, wire in _CONNECT.findall(pins):
            wanted = f"{instance}_{pin}"
            if pin in outputs.get(kind[1:], ()) and wire in wires and wanted not in wires:
                names.setdefault(wire, wanted)
    return names
