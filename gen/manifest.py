"""The manifest that describes a generated folder, and the question whether bitline wrote a folder."""

import json
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from gen.catalog import Design
from gen.version import generator_versions

MANIFEST = "manifest.json"
_GENERATOR = "bitline"


def manifest(design: Design, parameters: Any, ports: list[dict[str, Any]], files: dict[str, str]) -> str:
    """The manifest's text: design, parameters, ports, cycles, file hashes, tool versions. No time, path or host."""
    content = {
        "generator": _GENERATOR,
        "design": design.name,
        "summary": design.summary,
        "source": design.source,
        "parameters": asdict(parameters),
        "ports": ports,
        "latency": {"formula": design.latency, "cycles": design.cycles(parameters)},
        "files": {name: sha256(text.encode()).hexdigest() for name, text in sorted(files.items())},
        "tools": generator_versions(),
    }
    return json.dumps(content, indent=2) + "\n"


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


def _hashes(folder: Path) -> dict[str, str] | None:
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return dict(content["files"]) if content["generator"] == _GENERATOR else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
