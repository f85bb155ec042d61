"""Longest combinational path of a mapped netlist, by ABC's static timing (``stime``)."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_CONSTANTS = ("$false", "$true", "$undef")


def longest_path_ps(folder: Path, state: Mapping[str, Sequence[str]]) -> float:
    """Delay in ps of the longest path between inputs, flip-flops and outputs of ``folder/flat.blif``; 0 without gates.

    ``state`` gives the output pins of each cell that holds state: paths start and end there. Clock-to-output and
    setup times are left out, and so are wires. The folder also holds ABC's form of the library and the constraint file
    that names the cell driving every path's start and the load at its end.

    :raises RuntimeError: ABC does not read the library or the netlist.
    """
    netlist = cut_at_state((folder / "flat.blif").read_text(), state)
    if ".gate" not in netlist:
        return 0.0
    (folder / "paths.blif").write_text(netlist)
    library = next((folder / "scl").glob("*.scl")).relative_to(folder)
    script = f"read_scl {library}; read_constr constraint.txt; read_blif paths.blif; topo; stime"
    output = subprocess.run([_abc(), "-c", script], cwd=folder, capture_output=True, text=True, check=False).stdout
    delay = re.search(r"Delay =\s*([\d.]+) ps", output)
    if delay is None:
        raise RuntimeError(f"ABC finds no delay: {output.strip().splitlines()[-1]}")
    return float(delay[1])


def cut_at_state(blif: str, state: Mapping[str, Sequence[str]]) -> str:
    """The netlist without its cells of state: what they drive becomes inputs, what drives them outputs."""
    inputs, outputs, gates, alias = _read(blif)

    def source(net: str) -> str:
        while net in alias:
            net = alias[net]
        return net

    lines, ends = [], [source(net) for net in outputs]
    for kind, pins in gates:
        pins = {pin: source(net) for pin, net in pins.items()}
        if kind in state:
            inputs += [net for pin, net in pins.items() if pin in state[kind]]
            ends += [net for pin, net in pins.items() if pin not in state[kind]]
        else:
            lines.append(f".gate {kind} {' '.join(f'{pin}={net}' for pin, net in pins.items())}")
    inputs += _CONSTANTS
    starts = set(inputs)
    ends = [net for net in dict.fromkeys(ends) if net not in starts]
    return "\n".join([".model top", f".inputs {' '.join(inputs)}", f".outputs {' '.join(ends)}", *lines, ".end", ""])


def _read(blif: str) -> tuple[list[str], list[str], list[tuple[str, dict[str, str]]], dict[str, str]]:
    """Inputs, outputs, gates, and which net is another name for which."""
    ports: dict[str, list[str]] = {".inputs": [], ".outputs": []}
    gates, alias = [], {}
    for words in _statements(blif):
        if words[0] in ports:
            ports[words[0]] += words[1:]
        elif words[0] == ".gate":
            gates.append((words[1], dict(pin.split("=", 1) for pin in words[2:])))
        elif words[0] == ".names" and len(words) == 3:
            alias[words[2]] = words[1]
    return ports[".inputs"], ports[".outputs"], gates, alias


def _statements(blif: str) -> Iterator[list[str]]:
    for line in blif.replace("\\\n", " ").splitlines():
        if line.startswith("."):
            yield line.split()


def _abc() -> str:
    # Yosys's Python package says where its own ABC lies.
    import pyosys  # noqa: F401

    return sys._pyosys_abc  # type: ignore[attr-defined]
