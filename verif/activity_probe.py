"""A netlist with one more output that shows every net its cells are connected to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Port, Rtl
from verif.activity_netlist import Instance, Module, read_netlist

PORT = "bitline_probe"
LOW, HIGH = -2, -1
"""Positions that stand for a pin tied to 0, or left open, and for one tied to 1."""
_CONSTANTS = {"1'h0": LOW, "1'b0": LOW, "1'h1": HIGH, "1'b1": HIGH}
# Verilator writes an assignment of this many bits as one word.
_WORD = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """All cells of one kind: their paths, and where each pin is in the probe, (cells, pins)."""

    kind: str
    pins: tuple[str, ...]
    paths: tuple[str, ...]
    positions: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Probe:
    """A netlist whose output `PORT` holds the nets of its cells and its input ports.

    ``nets`` names every position: nets by the path of their module, ``a/b/net``. ``inputs`` gives the positions of the
    bits of each input port.
    """

    rtl: Rtl
    cells: tuple[Cells, ...]
    inputs: Mapping[str, tuple[int, ...]]
    nets: tuple[str, ...]


def probed(gates: Rtl, netlist: str, cells: str) -> Probe:
    """The probe of ``netlist``, with the ports of ``gates`` and the cell models ``cells`` (see `verif.replay`).

    :raises ValueError: the netlist is not structural Verilog, or has no module of the design's name.
    """
    modules = read_netlist(netlist)
    if gates.name not in modules:
        raise ValueError(f"the netlist has no module {gates.name}")
    inputs = {port.name: _bits(port) for port in gates.ports if port.direction == "input"}
    layout = _Layout(modules, gates.name, [bit for bits in inputs.values() for bit in bits])
    port = Port(PORT, "output", layout.widths[gates.name], False)
    # The top comes last: it is the only one that Verilator may take apart.
    text = "".join(_rewritten(modules[name], layout) for name in layout.widths)
    located = layout.located()
    own = layout.nets[gates.name]
    return Probe(
        rtl=replace(gates, verilog=text + cells, ports=(*gates.ports, port)),
        cells=located.cells(),
        inputs={name: tuple(own[bit] for bit in bits) for name, bits in inputs.items()},
        nets=tuple(located.nets),
    )


def _bits(port: Port) -> list[str]:
    return [port.name] if port.width == 1 else [f"{port.name}[{bit}]" for bit in range(port.width)]


class _Layout:
    """Where the nets of each module lie in its probe: its own first, then its children's, in order."""

    def __init__(self, modules: Mapping[str, Module], top: str, inputs: list[str]) -> None:
        self.modules, self.top = modules, top
        self.nets: dict[str, dict[str, int]] = {}
        self.widths: dict[str, int] = {}
        self._add(top, inputs)

    def children(self, module: Module) -> list[Instance]:
        return [instance for instance in module.instances if instance.kind in self.modules]

    def _add(self, name: str, more: list[str]) -> None:
        module = self.modules[name]
        leaves = (instance for instance in module.instances if instance.kind not in self.modules)
        texts = dict.fromkeys([net for leaf in leaves for net in leaf.pins.values() if net not in _CONSTANTS] + more)
        self.nets[name] = {net: place for place, net in enumerate(texts)}
        children = self.children(module)
        for kind in {child.kind: None for child in children}:
            if kind not in self.nets:
                self._add(kind, [])
        self.widths[name] = len(texts) + sum(self.widths[child.kind] for child in children)

    def located(self) -> "_Located":
        """The whole design, instance by instance."""
        located = _Located(self)
        located.add(self.modules[self.top], "", 0)
        return located


class _Located:
    def __init__(self, layout: _Layout) -> None:
        self._layout = layout
        self.nets = [""] * layout.widths[layout.top]
        self._found: dict[str, list[tuple[str, dict[str, int]]]] = {}

    def add(self, module: Module, path: str, base: int) -> None:
        own = self._layout.nets[module.name]
        self.nets[base : base + len(own)] = [f"{path}{net}" for net in own]
        below = base + len(own)
        for instance in module.instances:
            if instance.kind in self._layout.modules:
                self.add(self._layout.modules[instance.kind], f"{path}{instance.name}/", below)
                below += self._layout.widths[instance.kind]
            else:
                at = {pin: _CONSTANTS.get(net, base + own.get(net, 0)) for pin, net in instance.pins.items()}
                self._found.setdefault(instance.kind, []).append((f"{path}{instance.name}", at))

    def cells(self) -> tuple[Cells, ...]:
        return tuple(cells_of_kind(kind, found) for kind, found in sorted(self._found.items()))


def cells_of_kind(kind: str, found: list[tuple[str, dict[str, int]]]) -> Cells:
    """The cells of one kind, of the path of each and the place of each of its pins; a pin without one is `LOW`."""
    pins = tuple(dict.fromkeys(pin for _, at in found for pin in at))
    positions = np.array([[at.get(pin, LOW) for pin in pins] for _, at in found], np.int64).reshape(-1, len(pins))
    return Cells(kind=kind, pins=pins, paths=tuple(path for path, _ in found), positions=positions)


def _rewritten(module: Module, layout: _Layout) -> str:
    """The module's text with the probe as its first port."""
    width, own = layout.widths[module.name], list(layout.nets[module.name])
    lines = [f"module \\{module.name} ({PORT}, {module.ports} );", f"output [{width - 1}:0] {PORT};"]
    lines += [f"{statement} ;" for statement in module.statements]
    place = len(own)
    for instance in module.instances:
        pins = [f".\\{pin} ({net} )" for pin, net in instance.pins.items()]
        if instance.kind in layout.modules:
            below = layout.widths[instance.kind]
            pins.append(f".{PORT}({PORT}[{place + below - 1}:{place}])")
            place += below
        lines.append(f"\\{instance.kind} \\{instance.name} ({', '.join(pins)});")
    for first in range(0, len(own), _WORD):
        shown = own[first : first + _WORD]
        lines.append(
            f"assign {PORT}[{first + len(shown) - 1}:{first}] = {{{', '.join(f'{net} ' for net in shown[::-1])}}};"
        )
    return "\n".join([*lines, "endmodule\n"])
