"""Compile Verilated C++: run-time library once per tool version, designs in parallel."""

import os
import platform
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gen.cache import cache_folder, content_key, publish
from gen.tools import find_tool
from verif.verilator import OPTIONS, Verilator

# Up to here a design is one translation unit compiled for speed; beyond, file by file on all cores, for build time.
_ONE_UNIT_BYTES = 400_000
_FLAGS = ("-std=c++20", "-fPIC", "-fno-semantic-interposition", "-fno-gnu-unique", "-w")


@dataclass(frozen=True)
class Toolchain:
    """A C++ compiler with its flags for one Verilator, and the files of the Verilated run-time library to link."""

    verilator: Verilator
    compiler: Path
    defines: tuple[str, ...]
    library: tuple[str, ...]

    @property
    def flags(self) -> tuple[str, ...]:
        include = self.verilator.include
        return (*_FLAGS, *self.defines, f"-I{include}", f"-I{include / 'vltstd'}")


def find_compiler() -> Path:
    """Path of g++.

    :raises ToolMissing: there is none.
    """
    return find_tool("g++", disables="every Verilog simulation", install="apt-get install build-essential")


def build_key(verilator: Verilator) -> tuple[object, ...]:
    """What a build depends on beside the design: Verilator, flags, processor family and C library."""
    return (verilator.version, OPTIONS, _FLAGS, _ONE_UNIT_BYTES, platform.machine(), *platform.libc_ver())


def compile_model(tools: Toolchain, folder: Path, extra: Sequence[str] = ()) -> list[Path]:
    """Compile the C++ that Verilator wrote into ``folder``, and ``extra`` source texts, to object files there."""
    _prepare(tools)
    sources = sorted(folder.glob("Vtop*.cpp"))
    for serial, text in enumerate(extra):
        sources.append(folder / f"extra{serial}.cpp")
        sources[-1].write_text(text)
    level = "-O1"
    if sum(source.stat().st_size for source in sources) < _ONE_UNIT_BYTES:
        whole = folder / "whole.cpp"
        whole.write_text("".join(source.read_text() for source in sources))
        sources, level = [whole], "-O2"
    return _compile_all(tools, sources, ("-I", str(folder), "-include", str(_header(tools)), level))


def link(tools: Toolchain, objects: Sequence[Path], target: Path, options: Sequence[str] = ()) -> None:
    """Link ``objects`` and the Verilated run-time library."""
    library = [_library_object(tools, name) for name in tools.library]
    _call(tools.compiler, "-o", target, *objects, *library, *options)


def _compile_all(tools: Toolchain, sources: Sequence[Path], options: Sequence[str]) -> list[Path]:
    def compile_one(source: Path) -> Path:
        target = source.with_suffix(".o")
        _call(tools.compiler, *tools.flags, *options, "-c", source, "-o", target)
        return target

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(compile_one, sources))


def _prepare(tools: Toolchain) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        header = pool.submit(_header, tools)
        list(pool.map(lambda name: _library_object(tools, name), tools.library))
        header.result()


def _library_object(tools: Toolchain, name: str) -> Path:
    target = cache_folder("verilated") / f"{_key(tools, name)}.o"
    if not target.exists():
        with publish(target) as temporary:
            _call(tools.compiler, *tools.flags, "-O1", "-c", tools.verilator.include / name, "-o", temporary)
    return target


def _header(tools: Toolchain) -> Path:
    """A precompiled ``verilated.h``: parsing it takes most of a small design's compile time."""
    target = cache_folder("verilated") / _key(tools, "header")
    if not target.exists():
        with publish(target) as temporary:
            temporary.mkdir()
            header = temporary / "header.h"
            header.write_text('#include "verilated.h"\n')
            _call(tools.compiler, *tools.flags, "-O2", "-x", "c++-header", header, "-o", f"{header}.gch")
    return target / "header.h"


def _key(tools: Toolchain, part: str) -> str:
    return content_key(part, tools.flags, _compiler_version(tools.compiler), build_key(tools.verilator))


@cache
def _compiler_version(compiler: Path) -> str:
    return subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout


def _call(*command: object) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{Path(str(command[0])).name} failed: {(done.stderr.splitlines() or ['no message'])[0]}")
