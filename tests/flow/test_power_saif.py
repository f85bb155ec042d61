"""SAIF text, read back by a parser of its own, and the choice of what OpenSTA is asked."""

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flow.libraries import Library, find
from flow.power.annotated import reads_saif
from flow.power.design import measure
from flow.power.saif import saif_text
from gen.rtl import Port, Rtl
from gen.tools import ToolMissing
from verif.activity import Recording
from verif.activity_levels import CellFunction, record_levels
from verif.workloads import Workload

NETLIST = r"""
module pair(clk, rst, d, q);
  input clk, rst, d;
  output q;
  wire n, m;
  INV_X1 \odd.name (.A(d), .ZN(n));
  DFF_X1 r (.CK(clk), .D(n), .Q(q), .QN(m));
endmodule
module top(clk, rst, x, y);
  input clk, rst;
  input [1:0] x;
  output [2:0] y;
  pair one (.clk(clk), .rst(rst), .d(x[0]), .q(y[0]));
  pair two (.clk(clk), .rst(rst), .d(x[1]), .q(y[1]));
  NAND2_X1 g (.A1(y[0]), .A2(1'h1), .ZN(y[2]));
endmodule
"""
RTL = Rtl("top", NETLIST, (Port("x", "input", 2, False), Port("y", "output", 3, False)), clocked=True)
FUNCTIONS = {
    "INV_X1": CellFunction(inputs=("A",), outputs={"ZN": 0b01}),
    "NAND2_X1": CellFunction(inputs=("A1", "A2"), outputs={"ZN": 0b0111}),
    "DFF_X1": CellFunction(inputs=("D", "CK"), outputs={"Q": 0b1010, "QN": 0b0101}, clock="CK"),
}
CYCLES, FIRST, PERIOD_PS = 60, 4, 1234
X = np.random.default_rng(3).integers(0, 4, CYCLES)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record_levels(RTL, NETLIST, FUNCTIONS, {"x": X}, window=slice(FIRST, None), check=lambda got: None)


def parsed(text: str) -> list[Any]:
    """Nested lists of the words in a text of parentheses; a backslash protects one character."""
    stack: list[list[Any]] = [[]]
    for token in re.findall(r'"[^"]*"|[()]|(?:\\.|[^\s()"\\])+', text):
        if token == "(":
            stack.append([])
        elif token == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(re.sub(r"\\(.)", r"\1", token.strip('"')))
    assert len(stack) == 1
    return stack[0]


def pins(instance: list[Any], path: str = "") -> dict[str, dict[str, int]]:
    """Durations and transitions by path."""
    found = {}
    for entry in instance[2:]:
        if entry[0] == "INSTANCE":
            found |= pins(entry, f"{path}{entry[1]}/")
        else:
            assert entry[0] == "NET"
            found |= {f"{path}{name}": {key: int(value) for key, value in counts} for name, *counts in entry[1:]}
    return found


def test_text_says_what_the_nets_did(recording: Recording) -> None:
    text, count = saif_text(recording, {("DFF_X1", "CK")}, PERIOD_PS)
    (root,) = parsed(text)
    header = {entry[0]: entry[1:] for entry in root[1:] if entry[0] != "INSTANCE"}
    assert root[0] == "SAIFILE"
    assert header["SAIFVERSION"] == ["2.0"]
    assert (header["TIMESCALE"], header["DIVIDER"]) == (["1", "ps"], ["/"])
    duration = (CYCLES - FIRST) * PERIOD_PS
    assert header["DURATION"] == [str(duration)]
    (top,) = (entry for entry in root if entry[0] == "INSTANCE")
    assert top[1] == "top"
    found = pins(top)
    assert len(found) == count == 3 + 2 * (2 + 4) + 3
    assert all(entry["T0"] + entry["T1"] == duration and entry["TX"] == 0 for entry in found.values())

    def expected(bits: np.ndarray) -> tuple[int, int]:
        shown = bits[FIRST - 1 :]
        return int(shown[1:].sum()) * PERIOD_PS, int((shown[1:] != shown[:-1]).sum())

    def said(path: str) -> tuple[int, int]:
        return found[path]["T1"], found[path]["TC"]

    low, high = X & 1, X >> 1
    assert said("x[0]") == said("one/odd.name/A") == expected(low)
    assert said("x[1]") == expected(high)
    assert said("two/odd.name/ZN") == said("two/r/D") == expected(1 - high)
    assert said("one/r/Q") == said("g/A1") == said("one/r/Q") == expected(np.roll(1 - low, 1))
    assert said("one/r/QN") == said("g/ZN") == expected(np.roll(low, 1))
    assert said("g/A2") == (duration, 0)
    assert said("clk") == said("one/r/CK") == said("two/r/CK") == (duration // 2, 2 * (CYCLES - FIRST))
    # What OpenSTA's lexer takes for a name.
    assert all(
        re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$\[\]\\.]*", name) for name in re.findall(r"^\((\S+) \(T0", text, re.M)
    )


STUB = """#!/bin/sh
if [ "$1" = -version ]; then echo 9.9.9; exit; fi
cp activity.saif run.tcl netlist.v {seen} 2>/dev/null
if [ -f activity.saif ]; then
  echo "saif {taken}"
  echo "unannotated 4"
  echo "Group                  Internal  Switching    Leakage      Total"
  echo "Total                  3.000000000e-06   2.0e-06   5.0e-08   5.05e-06 100.0%"
  echo DONE
else
  {answer}
  echo DONE
fi
"""


def stub(folder: Path, monkeypatch: pytest.MonkeyPatch, *, taken: int = 18, answer: str = "echo KNOWN 1") -> Path:
    """An OpenSTA that knows SAIF, first on the PATH; it keeps what it was given."""
    seen = folder / "seen"
    seen.mkdir()
    program = folder / "sta"
    program.write_text(STUB.format(seen=seen, taken=taken, answer=answer))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return seen


@pytest.fixture(scope="module")
def library() -> Library:
    return find()


def energy(library: Library) -> Any:
    task = Workload(
        action="one cycle",
        operations=CYCLES - FIRST,
        window=slice(FIRST, CYCLES),
        inputs={"x": X},
        check=lambda got: None,
    )
    return measure(RTL, NETLIST, "by hand", float(PERIOD_PS), task, library)


def test_a_version_that_reads_saif_is_given_it(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = stub(tmp_path, monkeypatch)
    found = energy(library)
    assert found.tool == "OpenSTA 9.9.9, read_saif"
    assert found.internal_pj == pytest.approx(3e-6 * PERIOD_PS)
    assert found.switching_pj == pytest.approx(2e-6 * PERIOD_PS)
    assert (found.leakage_uw, found.leakage_pj) == (pytest.approx(0.05), pytest.approx(5e-8 * PERIOD_PS))
    assert (
        len(pins(next(entry for entry in parsed((seen / "activity.saif").read_text())[0] if entry[0] == "INSTANCE")))
        == 18
    )
    script = (seen / "run.tcl").read_text()
    assert "read_saif -scope top activity.saif" in script
    assert script.index("read_sdc") < script.index("read_saif") < script.index("report_power")
    assert "set_case_analysis 0 [get_ports rst]" in script


def test_activity_that_is_not_taken_gives_no_energy(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(tmp_path, monkeypatch, taken=7)
    with pytest.raises(RuntimeError, match=r"^OpenSTA takes the activity of 7 of 18 pins$"):
        energy(library)


def test_a_version_that_does_not_is_not(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub(tmp_path, monkeypatch, answer="echo KNOWN 0")
    assert not reads_saif(library)
    with pytest.raises(RuntimeError, match=r"^OpenSTA says nothing of pin "):
        energy(library)


@pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA is not installed")
def test_the_installed_version_gives_slews_and_loads(library: Library) -> None:
    if reads_saif(library):
        pytest.skip("the installed OpenSTA reads SAIF")
    found = energy(library)
    assert found.tool.startswith("liberty tables at the slews and loads of OpenSTA ")
    json.dumps(vars(found))


def test_library_without_voltage_is_refused(library: Library) -> None:
    with pytest.raises(ValueError, match=r"^library freepdk45 gives no voltage$"):
        energy(replace(library, voltage_v=None))


def test_missing_opensta_is_named(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    from flow.power import design_energy
    from gen.catalog import find as find_design

    design = find_design("nmpu_unit")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolMissing) as caught:
        design_energy(design, design.configuration()(), library)
    assert str(caught.value) == (
        "sta not found, which disables power and energy; install it with: apt-get install opensta"
    )
