"""Run OpenSTA on a mapped netlist, in a folder of its own, and see to it that what it says can be trusted."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from flow.libraries import Library
from gen.tools import find_tool

TIMEOUT_S = 600.0

# The wire loads that a library assumes by default would be wires nobody has drawn.
_WIRE_LOAD = re.compile(rb"^[ \t]*default_wire_load(?:_selection)?\s*:[^\n]*$", re.M)

# OpenSTA goes on after a syntax error, and takes an unknown cell for one without timing.
_FAILURE = re.compile(r"^.*(?:^Error\b|^\[ERROR|Creating black box).*$", re.M)


def sta_version() -> str | None:
    """Version of the OpenSTA on the PATH; None without one."""
    program = shutil.which("sta")
    if program is None:
        return None
    said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60, check=False).stdout.split()
    return said[0] if said else "of unknown version"


def find_sta() -> Path:
    """The program.

    :raises ToolMissing: OpenSTA is not installed.
    """
    return find_tool("sta", disables="sign-off timing", install="apt-get install opensta")


def run_sta(files: Mapping[str, str], library: Library) -> str:
    """What OpenSTA prints for the script ``run.tcl`` among ``files``, which must end by printing DONE.

    The script finds the other files beside it, and the library as ``library_0.lib``, ``library_1.lib`` and so on,
    without the wire loads that it assumes by default.

    :raises ToolMissing: OpenSTA is not installed.
    :raises RuntimeError: it fails, or goes on after an error that makes its results worthless.
    """
    program = find_sta()
    with tempfile.TemporaryDirectory(prefix="bitline-") as name:
        folder = Path(name)
        for file, text in files.items():
            (folder / file).write_text(text)
        for index, path in enumerate(library.paths):
            (folder / f"library_{index}.lib").write_bytes(_WIRE_LOAD.sub(b"", path.read_bytes()))
        command = [str(program), "-no_splash", "-no_init", "-exit", "run.tcl"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"OpenSTA gave no result after {TIMEOUT_S:g} s") from None
    output = done.stdout + done.stderr
    failure = _FAILURE.search(output)
    if failure or "\nDONE" not in f"\n{output}":
        raise RuntimeError(f"OpenSTA fails: {failure[0].strip() if failure else 'it stopped early'}")
    return output
