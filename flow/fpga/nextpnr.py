"""Run nextpnr from its WebAssembly wheels, each run in a process of its own."""

import json
import os
import re
import subprocess
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flow.fpga.devices import Device
from gen.cache import cache_folder, content_key, publish
from gen.tools import ToolMissing

TIMEOUT_S = 1800.0

_RUN = "import sys; from {module} import {function} as run; sys.exit(run(sys.argv[1:]))"
_USE = re.compile(r"^Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%$", re.M)


class DoesNotFit(RuntimeError):  # noqa: N818  the name is the message
    """A design needs more than the device has."""


def nextpnr_version(device: Device) -> str:
    """Version of the wheel.

    :raises ToolMissing: it is not installed.
    """
    try:
        version = metadata.version(device.wheel)
    except metadata.PackageNotFoundError:
        version = ""
    if not version or find_spec(_module(device)) is None:
        raise ToolMissing(device.wheel, f"place and route on {device.name}", f"pip install {device.wheel}")
    return version


def run_nextpnr(device: Device, top: str, seed: int, folder: Path) -> dict[str, Any]:
    """Place and route ``netlist.json`` of ``folder``; returns nextpnr's report.

    :raises DoesNotFit: the design needs more than the device has; the message is to follow the design's name.
    :raises RuntimeError: nextpnr fails or takes too long.
    :raises ToolMissing: the wheel is not installed.
    """
    call = [*device.arguments, "--json", "netlist.json", "--top", top, "--seed", str(seed), "--report", "report.json"]
    done = _run(device, [*call, "--timing-allow-fail"], folder, _compiled(device))
    if done.returncode:
        raise _failure(device, done)
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return report


def _compiled(device: Device) -> Path:
    """The folder with the wheel's WebAssembly as machine code, made once for each version."""
    key = content_key(device.wheel, nextpnr_version(device), metadata.version("wasmtime"))
    folder = cache_folder("nextpnr") / key
    if not folder.exists():
        with publish(folder) as temporary:
            temporary.mkdir()
            done = _run(device, ["--version"], temporary, temporary)
            if done.returncode:
                raise _failure(device, done)
    return folder


def _run(device: Device, arguments: list[str], folder: Path, compiled: Path) -> subprocess.CompletedProcess[str]:
    module = _module(device)
    code = _RUN.format(module=module, function=module.replace("yowasp_", "run_"))
    surroundings = os.environ | {"YOWASP_CACHE_DIR": str(compiled), "TMPDIR": str(folder)}
    try:
        return subprocess.run(
            [sys.executable, "-P", "-c", code, *arguments],
            cwd=folder,
            env=surroundings,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"nextpnr gave no result after {TIMEOUT_S:g} s") from None


def _module(device: Device) -> str:
    return device.wheel.replace("-", "_")


def _failure(device: Device, done: subprocess.CompletedProcess[str]) -> RuntimeError:
    log = done.stdout + done.stderr
    over = [f"{used} {kind} of {there}" for kind, used, there in _USE.findall(log) if int(used) > int(there)]
    if over:
        return DoesNotFit(f"does not fit {device.name}: with a register for each port bit it needs {', '.join(over)}")
    errors = re.findall(r"^ERROR: (.*)$", log, re.M) or log.strip().splitlines()[-1:] or ["it says nothing"]
    return RuntimeError(f"nextpnr ends with status {done.returncode}: {errors[0]}")
