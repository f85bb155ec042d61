"""A netlist without hierarchy: every cell pin is on a numbered net. Yosys resolves names, slices and assignments."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gen.rtl import Rtl
from verif.activity_probe import HIGH, LOW, Cells, Probe, cells_of_kind
from verif.yosys import run_yosys

_TIED = {"0": LOW, "1": HIGH, "x": LOW, "z": LOW}


@dataclass(frozen=True, kw_only=True, eq=False)
class Flat:
    """The nets of a netlist, as a `Probe` without hardware, and those of its ``ports``, clock and reset included."""

    probe: Probe
    ports: Mapping[str, tuple[int, ...]]


def flattened(gates: Rtl, netlist: str) -> Flat:
    """``netlist`` with the ports of ``gates``, as one level of cells; paths have ``/`` between levels.

    :raises ValueError: Yosys refuses it.
    """
    module = _flat_module(gates.name, netlist)
    names: dict[int, str] = {}
    for name, net in module["netnames"].items():
        for index, bit in enumerate(net["bits"]):
            if not isinstance(bit, str):
                names.setdefault(bit, name if len(net["bits"]) == 1 else f"{name}[{index}]")
    places = {bit: place for place, bit in enumerate(names)}

    def position(bit: Any) -> int:
        return _TIED[bit] if isinstance(bit, str) else places[bit]

    ports = {name: tuple(map(position, port["bits"])) for name, port in module["ports"].items()}
    inputs = {port.name: ports[port.name] for port in gates.ports if port.direction == "input"}
    probe = Probe(rtl=gates, cells=_cells(module, position), inputs=inputs, nets=tuple(names.values()))
    return Flat(probe=probe, ports=ports)


def _flat_module(top: str, netlist: str) -> dict[str, Any]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "netlist.v").write_text(netlist)
        commands = ("read_verilog netlist.v", f"hierarchy -top {top}", "flatten -noscopeinfo -separator /")
        run_yosys([*commands, "write_json flat.json"], folder)
        module: dict[str, Any] = json.loads((folder / "flat.json").read_text())["modules"][top]
        return module


def _cells(module: Mapping[str, Any], position: Callable[[Any], int]) -> tuple[Cells, ...]:
    found: dict[str, list[tuple[str, dict[str, int]]]] = {}
    for path, cell in module["cells"].items():
        pins = {pin: position(bits[0]) for pin, bits in cell["connections"].items() if bits}
        found.setdefault(cell["type"], []).append((path, pins))
    return tuple(cells_of_kind(kind, cells) for kind, cells in sorted(found.items()))
