"""Structural Verilog of library cells, as Yosys writes it: which cell pin is on which net."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
_MODULE = re.compile(r"\bmodule\s+(?P<name>\\\S+|\w+)\s*\((?P<ports>[^;]*?)\)\s*;(?P<body>.*?)\bendmodule\b", re.S)
_INSTANCE = re.compile(r"(?P<kind>\\\S+\s|\w+)\s*(?P<name>\\\S+\s|\w+)\s*\((?P<pins>.*)\)", re.S)
_PIN = re.compile(r"\.\s*(\\\S+\s|\w+)\s*\(([^()]*)\)")
_SPACE = re.compile(r"\s+")
_DECLARATIONS = {"input", "output", "wire", "assign"}


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One instance. ``pins`` maps port names to the text of what is connected; open pins are left out."""

    kind: str
    name: str
    pins: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Module:
    """One module: text of its ports, its other statements (declarations and assignments), its instances."""

    name: str
    ports: str
    statements: tuple[str, ...]
    instances: tuple[Instance, ...]


def read_netlist(text: str) -> dict[str, Module]:
    """All modules of a structural netlist by name.

    :raises ValueError: a statement is neither a declaration, an assignment nor an instance with named pins.
    """
    modules = {}
    for match in _MODULE.finditer(_COMMENT.sub("", text)):
        name = _plain(match["name"])
        declared: list[str] = []
        instances: list[Instance] = []
        for statement in filter(None, map(str.strip, match["body"].split(";"))):
            if re.split(r"\W", statement, maxsplit=1)[0] in _DECLARATIONS:
                declared.append(statement)
            else:
                instances.append(_instance(statement, name))
        modules[name] = Module(name=name, ports=match["ports"], statements=tuple(declared), instances=tuple(instances))
    return modules


def walk(modules: Mapping[str, Module], top: str, path: str = "") -> Iterator[tuple[str, Module]]:
    """``top`` and every instance of a module below it, parents first, with their paths (``a/b``; empty for the top)."""
    yield path, modules[top]
    for instance in modules[top].instances:
        if instance.kind in modules:
            yield from walk(modules, instance.kind, f"{path}/{instance.name}" if path else instance.name)


def cell_kinds(modules: Mapping[str, Module], top: str) -> Counter[str]:
    """How many cells of each kind ``top`` has, with all that is below it."""
    found: Counter[str] = Counter()
    for _, module in walk(modules, top):
        found.update(instance.kind for instance in module.instances if instance.kind not in modules)
    return found


def _instance(statement: str, module: str) -> Instance:
    match = _INSTANCE.fullmatch(statement)
    if match is None:
        raise ValueError(f"module {module} of the netlist has a statement that is no instance: {statement[:60]!r}")
    pins = {_plain(pin): _SPACE.sub(" ", net.strip()) for pin, net in _PIN.findall(match["pins"])}
    return Instance(
        kind=_plain(match["kind"]),
        name=_plain(match["name"]),
        pins={pin: net for pin, net in pins.items() if net},
    )


def _plain(name: str) -> str:
    return name.strip().removeprefix("\\")
