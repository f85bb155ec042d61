"""The cocotb testbench that goes with a generated design and needs nothing of bitline to run."""

import json
import re
from importlib.resources import files
from typing import Any

from gen.catalog.design import Design

FOLDER = "testbench"
VECTORS = "vectors.json"
_PACKAGE = "gen.testbench"
_SIBLING = re.compile(rf"^from {re.escape(_PACKAGE)}\.(\w+) import", re.M)


def bench_files(design: Design, vectors: dict[str, Any]) -> dict[str, str]:
    """The bench's files by path in the generated folder: test module, what it imports, ``vectors``, and ``run.py``."""
    modules = {"run", *_with_siblings(f"test_{design.bench}")}
    content = {"design": design.name, "test_module": f"test_{design.bench}", **vectors}
    bench = {f"{FOLDER}/{name}.py": _text(name).replace(f"from {_PACKAGE}.", "from ") for name in sorted(modules)}
    return {**bench, f"{FOLDER}/{VECTORS}": json.dumps(content, separators=(",", ":")) + "\n"}


def _with_siblings(module: str) -> set[str]:
    """The module and what it imports of its package, directly or not."""
    found, pending = set(), [module]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += _SIBLING.findall(_text(name))
    return found


def _text(module: str) -> str:
    return files(_PACKAGE).joinpath(f"{module}.py").read_text(encoding="utf-8")
