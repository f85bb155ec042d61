"""The cocotb testbench that goes with a generated design and needs nothing of bitline to run."""

import json
from importlib.resources import files
from typing import Any

from gen.catalog.design import Design

FOLDER = "testbench"
VECTORS = "vectors.json"
_PACKAGE = "gen.testbench"
_SUPPORT = ("streams.py", "scoreboard.py", "coverage.py", "run.py")


def bench_files(design: Design, vectors: dict[str, Any]) -> dict[str, str]:
    """The bench's files by path in the generated folder: test module, its support, ``vectors``, and ``run.py``."""
    modules = (f"test_{design.bench}.py", *_SUPPORT)
    content = {"design": design.name, "test_module": f"test_{design.bench}", **vectors}
    bench = {f"{FOLDER}/{module}": _standalone(module) for module in modules}
    return {**bench, f"{FOLDER}/{VECTORS}": json.dumps(content, separators=(",", ":")) + "\n"}


def _standalone(module: str) -> str:
    """The module's text with its siblings imported from the same folder."""
    return files(_PACKAGE).joinpath(module).read_text(encoding="utf-8").replace(f"from {_PACKAGE}.", "from ")
