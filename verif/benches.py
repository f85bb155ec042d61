"""Run the bench that goes with a generated design, as its user would, but on cached simulator builds."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gen.bench import FOLDER, bench_files
from gen.catalog import Design
from verif.runner import BenchResult, run_bench


def run_design_bench(
    design: Design,
    parameters: Any,
    *,
    simulator: str = "verilator",
    seed: int | None = None,
    vectors: dict[str, Any] | None = None,
) -> BenchResult:
    """Run ``design``'s emitted cocotb bench in ``simulator``, on its own vectors or on ``vectors``.

    Raises what `verif.runner.run_bench` raises.
    """
    if vectors is None:
        vectors = design.bench_vectors(parameters)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in bench_files(design, vectors).items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        # The simulator's Python finds the bench where this one does.
        sys.path.insert(0, str(folder / FOLDER))
        try:
            return run_bench(design.elaborate(parameters), f"test_{design.bench}", simulator=simulator, seed=seed)
        finally:
            sys.path.remove(str(folder / FOLDER))
