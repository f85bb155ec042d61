"""The shared library through which one design is simulated: its C++ port functions, its build, its loading."""

import ctypes
import shutil
from functools import lru_cache
from pathlib import Path

from gen.cache import cache_folder, content_key, publish
from gen.rtl import CLOCK, RESET, Port, Rtl
from verif.build import Toolchain, build_key, compile_model, find_compiler, link
from verif.verilator import find_verilator, verilate

RESET_CYCLES = 2
_TOP = "bitline_top"
_LIBRARY = ("verilated.cpp", "verilated_threads.cpp")
# The first lets many contexts live in one process, the second replaces the function that would end it.
_DEFINES = ("-DVL_TIME_CONTEXT", "-DVL_USER_FATAL")
_EXPORTS = "{ global: bitline_*; local: *; };\n"
_LOOP = Path(__file__).with_name("batch.cpp")


def input_ports(rtl: Rtl) -> list[Port]:
    """Inputs in the order of the library's arrays; the reset of a clocked design comes last."""
    reset = [Port(RESET, "input", 1, False)] if rtl.clocked else []
    return [port for port in rtl.ports if port.direction == "input"] + reset


def output_ports(rtl: Rtl) -> list[Port]:
    """Outputs in the order of the library's arrays."""
    return [port for port in rtl.ports if port.direction == "output"]


@lru_cache(maxsize=256)
def load_library(rtl: Rtl) -> ctypes.CDLL:
    """The simulation library of ``rtl``, built unless the cache has it.

    :raises ToolMissing: it must be built, and Verilator or the C++ compiler is missing.
    :raises ValueError: Verilator refuses the Verilog.
    """
    library = ctypes.CDLL(str(build_library(rtl)))
    library.bitline_open.restype = ctypes.c_void_p
    library.bitline_open.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)
    library.bitline_advance.restype = ctypes.c_bool
    library.bitline_advance.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)
    library.bitline_close.restype = None
    library.bitline_close.argtypes = (ctypes.c_void_p,)
    return library


def build_library(rtl: Rtl) -> Path:
    """Path of the simulation library of ``rtl``; raises what `load_library` raises."""
    verilator = find_verilator()
    wrapper, code = _wrapper(rtl), _code(rtl)
    key = content_key(rtl.verilog, wrapper, code, _DEFINES, build_key(verilator))
    target = cache_folder("batch") / key
    if not target.exists():
        compiler = find_compiler()
        with publish(target) as temporary:
            _build(rtl, Toolchain(verilator, compiler, _DEFINES, _LIBRARY), wrapper, code, temporary)
    return target / "model.so"


def _build(rtl: Rtl, tools: Toolchain, wrapper: str, code: str, folder: Path) -> None:
    work = folder / "work"
    work.mkdir(parents=True)
    for name, text in (("design.v", rtl.verilog), ("wrapper.v", wrapper), ("exports", _EXPORTS)):
        (work / name).write_text(text)
    verilate(tools.verilator, _TOP, [work / "design.v", work / "wrapper.v"], work)
    objects = compile_model(tools, work, [code])
    link(tools, objects, folder / "model.so", ["-shared", f"-Wl,--version-script={work / 'exports'}"])
    shutil.rmtree(work)


def _wrapper(rtl: Rtl) -> str:
    """A top module with plain names: Verilator changes port names that hold ``__`` or are words of C++."""
    declared, connected = [], []
    if rtl.clocked:
        declared += [f"input {CLOCK}", f"input {RESET}"]
        connected += [f".{CLOCK}({CLOCK})", f".{RESET}({RESET})"]
    for port, name in _plain_names(rtl).items():
        declared.append(f"{port.direction} [{port.width - 1}:0] {name}")
        connected.append(f".\\{port.name} ({name})")
    return f"module {_TOP}({', '.join(declared)});\n  \\{rtl.name} dut({', '.join(connected)});\nendmodule\n"


def _plain_names(rtl: Rtl) -> dict[Port, str]:
    return {port: f"{port.direction}{serial}" for serial, port in enumerate(rtl.ports)}


def _code(rtl: Rtl) -> str:
    """C++ of the loop with the constants and port functions of this design."""
    inputs, names = input_ports(rtl), _plain_names(rtl)
    loads = [f"load(top.{names.get(port, RESET)}, from[{i}], steps[{i}]);" for i, port in enumerate(inputs)]
    stores = [
        f"store<{port.width}, {str(port.signed).lower()}>(top.{names[port]}, to[{i}], steps[{i}]);"
        for i, port in enumerate(output_ports(rtl))
    ]
    constants = {
        "CLOCKED": int(rtl.clocked),
        "INPUTS": len(inputs),
        "RESET": len(inputs) - 1,
        "RESET_CYCLES": RESET_CYCLES,
        "WIDEST": max((port.width for port in inputs), default=0) // 8 + 8,
    }
    clock = "top.clk = level;" if rtl.clocked else ""
    return "\n".join(
        [
            '#include "Vtop.h"',
            "#include <memory>",
            "namespace {",
            *(f"constexpr int {name} = {value};" for name, value in constants.items()),
            "}",
            _LOOP.read_text(),
            "namespace {",
            f"inline void drive(Vtop& top, char** from, const int64_t* steps) {{ {' '.join(loads)} }}",
            f"inline void sample(const Vtop& top, char** to, const int64_t* steps) {{ {' '.join(stores)} }}",
            f"inline void set_clock(Vtop& top, int level) {{ {clock} }}",
            "}",
            "",
        ]
    )
