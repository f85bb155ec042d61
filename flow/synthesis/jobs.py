"""Start Yosys jobs as processes of their own, with a time limit, and stop them when their results are not wanted."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from flow.libraries import Library
from flow.synthesis.recipes import Recipe
from gen.rtl import Rtl

TIMEOUT_S = 1800.0

# Several designs may be priced at once, each by several recipes: together they start no more jobs than there are cores.
_CORES = BoundedSemaphore(os.cpu_count() or 1)
RESULT_TEXTS = ("netlist.v",)


class SynthesisError(RuntimeError):
    """A design could not be mapped. The message is one line, with Yosys's own error where there is one."""


class Jobs:
    """Runs jobs; `stop` ends those that are running and keeps others from starting."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    @property
    def running(self) -> int:
        """How many jobs are running now."""
        return len(self._running)

    def run(self, rtl: Rtl, recipe: Recipe, library: Library) -> tuple[dict[str, Any], dict[str, str]]:
        """The job's answer (see `flow.synthesis.yosys_job`) and its result files by name.

        :raises SynthesisError: the job fails or takes too long.
        """
        with tempfile.TemporaryDirectory(prefix="bitline-") as name:
            folder = Path(name)
            request = _prepare(folder, rtl, recipe, library)
            try:
                with _CORES:
                    reply = json.loads(self._answer(request, folder))
            except SynthesisError as error:
                raise SynthesisError(f"{rtl.name}, recipe {recipe.name}, {library.name}: {error}") from None
            return reply, {text: (folder / text).read_text() for text in RESULT_TEXTS}

    def stop(self) -> None:
        """End every running job, with the ABC processes it started."""
        self._stopped = True
        for process in tuple(self._running):
            _kill(process)

    def _answer(self, request: Mapping[str, Any], folder: Path) -> str:
        with subprocess.Popen(
            # -P: a user's own flow.py or json.py is not imported
            [sys.executable, "-P", "-m", "flow.synthesis.yosys_job"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"TMPDIR": str(folder)},
        ) as process:
            self._running.add(process)
            if self._stopped:
                _kill(process)
            try:
                answer, errors = process.communicate(json.dumps(request), timeout=self._timeout_s)
            except subprocess.TimeoutExpired:
                raise SynthesisError(f"no result after {self._timeout_s:g} s") from None
            finally:
                _kill(process)
                self._running.discard(process)
        if process.returncode:
            raise SynthesisError(_reason(errors, process.returncode))
        return answer


def _prepare(folder: Path, rtl: Rtl, recipe: Recipe, library: Library) -> dict[str, Any]:
    """Put the job's files into ``folder`` under fixed names and describe the rest."""
    (folder / "design.v").write_text(rtl.verilog)
    (folder / "mapping.abc").write_text(recipe.script + "\n")
    (folder / "constraint.txt").write_text(f"set_driving_cell {library.driver}\nset_load {library.load_ff}\n")
    (folder / "scl").mkdir()
    for index, path in enumerate(library.paths):
        (folder / f"library_{index}.lib").symlink_to(path)
    return {
        "top": rtl.name,
        "flatten": recipe.flatten,
        "options": recipe.options,
        "libraries": len(library.paths),
        "dont_use": library.dont_use,
        "cells": sorted(library.cells),
        "state": library.state_outputs(),
        "memories": [name for name, _ in rtl.memories],
    }


def _kill(process: subprocess.Popen[str]) -> None:
    """End a job and what it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _reason(errors: str, status: int) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    said = [line for line in lines if "ERROR:" in line] or lines[-1:]
    return said[0].replace("ERROR: ", "") if said else f"Yosys ended with status {status}"
