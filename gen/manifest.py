"""The manifest that describes a generated folder, and the question whether bitline wrote a folder."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from gen.catalog import Design
from gen.rtl import CLOCK, RESET
from gen.version import bitline_version, generator_versions

MANIFEST = "manifest.json"
_GENERATOR = "bitline"


def manifest(design: Design, parameters: Any, ports: list[dict[str, Any]], files: dict[str, str]) -> str:
    """The manifest's text: design, parameters, ports, timing, cycles, hashes, tool versions. No time, path or host."""
    directions = {port["name"]: port["direction"] for port in ports}
    content = {
        "generator": _GENERATOR,
        "design": design.name,
        "summary": design.summary,
        "source": design.source,
        "parameters": asdict(parameters),
        "ports": ports,
        "timing": timing_interface(directions, clocked=_clocked(files[f"{design.name}.v"])),
        "latency": {"formula": design.latency, "cycles": design.cycles(parameters)},
        "files": {name: sha256(text.encode()).hexdigest() for name, text in sorted(files.items())},
        "tools": generator_versions(),
    }
    return json.dumps(content, indent=2) + "\n"


def report_manifest(kind: str, files: Mapping[str, str]) -> str:
    """The manifest's text of a folder of reports: what ``kind`` they are of, the files' hashes, bitline's version."""
    sums = {name: sha256(text.encode()).hexdigest() for name, text in sorted(files.items())}
    content = {"generator": _GENERATOR, "kind": kind, "files": sums, "tools": {"bitline": bitline_version()}}
    return json.dumps(content, indent=2) + "\n"


def timing_interface(directions: Mapping[str, str], *, clocked: bool) -> dict[str, Any]:
    """What timing constraints need to know of a design whose ports have these ``directions``.

    ``clock`` and ``reset`` are None for a combinational design; else every port in ``inputs`` and ``outputs`` is read
    and set relative to that edge of that clock, the synchronous reset too.
    """
    names = {port: direction for port, direction in directions.items() if port not in (CLOCK, RESET) or not clocked}
    return {
        "clock": {"port": CLOCK, "edge": "rising"} if clocked else None,
        "reset": {"port": RESET, "active": "high", "synchronous": True} if clocked else None,
        "inputs": [port for port, direction in names.items() if direction == "input"],
        "outputs": [port for port, direction in names.items() if direction == "output"],
    }


def refuse_foreign(folder: Path) -> None:
    """Raise ValueError unless ``folder`` is absent, empty, or exactly what bitline once wrote there."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ValueError(f"{folder} is a file, not a folder")
    present = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not path.is_dir() and "__pycache__" not in path.parts
    }
    if not present:
        return
    known = _hashes(folder)
    if known is None:
        raise ValueError(f"{folder} was not written by bitline and is not empty; choose another folder")
    for name in sorted(present - {MANIFEST}):
        if known.get(name) != sha256((folder / name).read_bytes()).hexdigest():
            raise ValueError(f"{folder} holds {name}, which bitline did not write like this; choose another folder")


def _clocked(verilog: str) -> bool:
    # A submodule's clock can only be the top's.
    return re.search(rf"^  input {CLOCK};", verilog, re.M) is not None


def _hashes(folder: Path) -> dict[str, str] | None:
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return dict(content["files"]) if content["generator"] == _GENERATOR else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
