"""Run Yosys, and the ABC that comes with it, each job in a fresh process."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib import util
from pathlib import Path

from gen.tools import ToolMissing

_WORKER = """
import json, sys
from pyosys import libyosys
design = libyosys.Design()
for command in json.load(sys.stdin):
    libyosys.Pass.call(design, command)
"""


def yosys_package() -> Path:
    """Folder of the pyosys wheel.

    :raises ToolMissing: it is not installed.
    """
    spec = util.find_spec("pyosys")
    if spec is None or not spec.submodule_search_locations:
        raise ToolMissing("pyosys", "synthesis and proofs", "pip install 'pyosys>=0.70'")
    return Path(spec.submodule_search_locations[0])


def run_yosys(commands: Sequence[str], folder: Path) -> str:
    """Run Yosys commands in ``folder`` and return their log.

    :raises ValueError: a command fails; the message is the first error.
    """
    yosys_package()
    worker = [sys.executable, "-P", "-c", _WORKER]
    done = subprocess.run(worker, input=json.dumps(commands), cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = re.findall(r"ERROR: .*", done.stdout + done.stderr) or done.stderr.splitlines()[-1:]
        raise ValueError(f"Yosys: {errors[0] if errors else f'exit status {done.returncode}'}")
    return done.stdout


def run_abc(commands: Sequence[str], folder: Path, seconds: int) -> str:
    """Run ABC commands in ``folder`` and return their log.

    :raises subprocess.TimeoutExpired: they took more than ``seconds``.
    """
    call = [str(yosys_package() / "yosys-abc"), "-q", "; ".join(commands)]
    return subprocess.run(call, cwd=folder, capture_output=True, text=True, check=True, timeout=seconds).stdout
