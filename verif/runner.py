"""Run a cocotb test module on a design, in Verilator or Icarus Verilog."""

import logging
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import cocotb_tools.config
from cocotb_tools.runner import Runner, get_runner

from gen.cache import cache_folder, content_key, publish
from gen.rtl import Rtl
from gen.tools import find_tool
from verif.build import Toolchain, build_key, compile_model, find_compiler, link
from verif.verilator import find_verilator, verilate

SIMULATORS = ("verilator", "icarus")
_LIBRARY = ("verilated.cpp", "verilated_threads.cpp", "verilated_vpi.cpp", "verilated_dpi.cpp")
# A bench sees the ports and the top's own signals; to show it everything would triple the code.
_OPTIONS = ("--vpi", "--public-depth", "1")
_LOG_LINES = 20


@dataclass(frozen=True)
class BenchResult:
    """Wall time of each test that ran, by name (all of them passed), and the seed that repeats the run."""

    seconds: dict[str, float]
    seed: int

    @property
    def tests(self) -> int:
        """Number of tests that ran."""
        return len(self.seconds)


def run_bench(rtl: Rtl, module: str, *, simulator: str = "verilator", seed: int | None = None) -> BenchResult:
    """Run all tests of the Python module ``module``, which must be importable, on ``rtl``.

    Without ``seed`` a new one is drawn; `cocotb.RANDOM_SEED` tells it to the bench.

    :raises AssertionError: a test failed; the message holds the seed and each failure.
    :raises RuntimeError: the simulation ended without a result; the message holds the end of its log.
    :raises ToolMissing: the simulator, or what its build needs, is missing.
    """
    if simulator not in SIMULATORS:
        raise ValueError(f"simulator must be one of {', '.join(SIMULATORS)}, not {simulator!r}")
    build = _build_verilator(rtl) if simulator == "verilator" else _build_icarus(rtl)
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    with TemporaryDirectory() as folder:
        results, log = Path(folder, "results.xml"), Path(folder, "log")
        runner = _runner(simulator)
        try:
            runner.test(
                test_module=module,
                hdl_toplevel=rtl.name,
                hdl_toplevel_lang="verilog",
                build_dir=build,
                test_dir=folder,
                results_xml=str(results),
                log_file=log,
                seed=seed,
                plusargs=_random_start(seed) if simulator == "verilator" else [],
            )
        except (RuntimeError, SystemExit) as error:
            if not results.exists():
                raise RuntimeError(f"{module} gave no result (seed {seed}):\n{_end(log)}") from error
        return BenchResult(_passed(results, module, seed), seed)


def _runner(simulator: str) -> Runner:
    runner = get_runner(simulator)
    runner.log.setLevel(logging.CRITICAL)
    return runner


def _random_start(seed: int) -> list[str]:
    """Registers without reset start at random values; Verilator takes 0 as a wish for a random seed."""
    return ["+verilator+rand+reset+2", f"+verilator+seed+{seed % (2**31 - 1) + 1}"]


def _passed(results: Path, module: str, seed: int) -> dict[str, float]:
    cases = list(ElementTree.parse(results).iter("testcase"))
    failures = []
    for case in cases:
        for failure in [*case.iter("failure"), *case.iter("error")]:
            failures.append(f"{case.get('name')}: {failure.get('message') or failure.text}")
    if failures or not cases:
        listed = "\n".join(failures) or "the module has none"
        raise AssertionError(f"{len(failures)} of {len(cases)} tests of {module} failed (seed {seed})\n{listed}")
    return {str(case.get("name")): float(case.get("time", 0)) for case in cases}


def _end(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:]) if log.exists() else "no log"


def _build_verilator(rtl: Rtl) -> Path:
    """Folder of the simulation program; `Runner.build` would compile Verilator's run-time library again each time."""
    verilator = find_verilator()
    main = (cocotb_tools.config.share_dir / "lib" / "verilator" / "verilator.cpp").read_text()
    libraries = cocotb_tools.config.libs_dir
    key = content_key(rtl.name, rtl.verilog, main, str(libraries), _OPTIONS, build_key(verilator))
    target = cache_folder("cocotb") / key
    if not target.exists():
        tools = Toolchain(verilator, find_compiler(), (), _LIBRARY)
        with publish(target) as temporary:
            work = temporary / "work"
            work.mkdir(parents=True)
            (work / "design.v").write_text(rtl.verilog)
            verilate(verilator, rtl.name, [work / "design.v"], work, _OPTIONS)
            objects = compile_model(tools, work, [main])
            cocotb = [f"-L{libraries}", f"-Wl,-rpath,{libraries}", "-lcocotbvpi_verilator", "-pthread"]
            link(tools, objects, temporary / rtl.name, cocotb)
            shutil.rmtree(work)
    return target


def _build_icarus(rtl: Rtl) -> Path:
    program = find_tool("iverilog", disables="benches in Icarus Verilog", install="apt-get install iverilog")
    target = cache_folder("icarus") / content_key(rtl.name, rtl.verilog, str(program), program.stat().st_mtime_ns)
    if not target.exists():
        with publish(target) as temporary:
            temporary.mkdir()
            source = temporary / "design.v"
            source.write_text(rtl.verilog)
            _runner("icarus").build(
                sources=[source],
                hdl_toplevel=rtl.name,
                build_dir=temporary,
                timescale=("1ns", "1ps"),
                log_file=temporary / "log",
            )
    return target
