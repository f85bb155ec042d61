"""Longest paths by ABC and by OpenSTA."""

import dataclasses
import re
import shutil
from pathlib import Path

import pytest

from flow.libraries import Library, find
from flow.synthesis import Synthesis, synthesize
from flow.synthesis.path_delay import cut_at_state
from flow.synthesis.recipes import AREA, BALANCED, PLAIN, buffered
from flow.timing import compare, sign_off, sta_version, timing_lines
from gen.rtl import Rtl
from gen.tools import ToolMissing

SHARED = Path(__file__).resolve().parents[3] / "shared" / "pdk"
needs_sta = pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA is not installed")


@pytest.fixture(scope="module")
def library() -> Library:
    return find()


def adders(count: int, registered: bool) -> Rtl:
    """``count`` 8-bit adders in a row, between registers or not."""
    total = " + ".join(["a", *(f"{{a[{bit}:0], a[7:{bit + 1}]}}" for bit in range(count))])
    body = f"always @(posedge clk) begin a <= d; y <= {total}; end" if registered else f"assign y = {total};"
    ports = "input clk, input [7:0] d, output reg [7:0] y" if registered else "input signed [7:0] a, output [7:0] y"
    inner = "reg [7:0] a;" if registered else ""
    return Rtl(name="chain", verilog=f"module chain({ports}); {inner} {body} endmodule", ports=(), clocked=registered)


FLAT = """
.model top
.inputs clk a
.outputs y z \\
 one
.names $false
.names $true
1
.gate INV A=a ZN=n1
.gate DFF CK=clk D=n2 Q=q QN=unused
.gate NAND2 A1=q A2=$true ZN=n3
.names n1 n2
1 1
.names n3 y
1 1
.names a z
1 1
.names $true one
1 1
.end
"""


def test_netlist_is_cut_at_flip_flops() -> None:
    lines = cut_at_state(FLAT, {"DFF": ["Q", "QN"]}).splitlines()
    assert lines == [
        ".model top",
        ".inputs clk a q unused $false $true $undef",
        ".outputs n3 n1",
        ".gate INV A=a ZN=n1",
        ".gate NAND2 A1=q A2=$true ZN=n3",
        ".end",
    ]


def test_delay_grows_with_the_length_of_a_chain(library: Library) -> None:
    short, long = (synthesize(adders(count, False), PLAIN, library).delay_ps for count in (1, 4))
    assert 100 < short < long < 5 * short


def test_registers_do_not_hide_the_path_between_them(library: Library) -> None:
    bare, registered = (synthesize(adders(3, kind), PLAIN, library).delay_ps for kind in (False, True))
    assert registered == pytest.approx(bare, rel=0.25)


def both_delays(result: Synthesis, library: Library) -> tuple[float, float]:
    timing = sign_off(result, library)
    assert timing is not None
    found = compare(result.delay_ps, timing)
    assert not found.flagged
    return found.abc_ps, found.sta_ps


@needs_sta
@pytest.mark.parametrize("recipe", [AREA, buffered(AREA), BALANCED], ids=lambda recipe: recipe.name)
def test_both_agree_on_combinational_adders(recipe, library: Library) -> None:
    by_abc, by_sta = both_delays(synthesize(adders(4, False), recipe, library), library)
    assert by_sta == pytest.approx(by_abc, rel=0.05)


def with_one_arc_each(liberty: str) -> str:
    """The library with no more than one unconditional delay between two pins of a gate."""
    kept: list[str] = []
    for cell in re.split(r"(?=^\s*cell \()", liberty, flags=re.M):
        head, *pins = re.split(r"(?=^\tpin \()", cell, flags=re.M)
        kept.append(head)
        for pin in pins:
            before, *arcs = re.split(r"(?=^\t\ttiming \()", pin, flags=re.M)
            groups = {re.search(r"related_pin\s*:\s*(\S+);", arc)[1]: arc for arc in arcs if "when" in arc}
            rest = re.search(r"\n\t\t\}\n(.*)", arcs[-1], re.S)[1] if groups else ""
            whole = [re.search(r".*?\n\t\t\}\n", arc, re.S)[0] for arc in groups.values()]
            plain = [arc for arc in arcs if "when" not in arc]
            kept += [before, *(re.sub(r"(when|sdf_cond)\s*:[^;]*;", "", arc) for arc in whole), *plain, rest]
    return "".join(kept)


@needs_sta
@pytest.mark.parametrize("recipe", [AREA, buffered(AREA), BALANCED], ids=lambda recipe: recipe.name)
def test_both_are_equal_where_gates_have_one_delay_each(recipe, library: Library, tmp_path: Path) -> None:
    """Which of several delays between the same pins ABC takes is all that they differ in."""
    path = tmp_path / "stdcells.lib"
    path.write_text(with_one_arc_each(library.paths[0].read_text()))
    simple = find(liberty=(path,))
    by_abc, by_sta = both_delays(synthesize(adders(4, False), recipe, simple), simple)
    assert by_sta == pytest.approx(by_abc, abs=0.1)


@needs_sta
@pytest.mark.parametrize("name", ["sky130hd", "ihp-sg13g2", "asap7"])
def test_both_agree_on_installed_pdks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries count in ns or ps, and in fF or pF; some assume wires by default, which neither tool may add."""
    if not SHARED.is_dir():
        pytest.skip("no liberty files in ../shared/pdk")
    monkeypatch.setenv("BITLINE_LIBERTY", str(SHARED))
    library = find(name)
    by_abc, by_sta = both_delays(synthesize(adders(2, False), buffered(AREA), library), library)
    assert by_sta == pytest.approx(by_abc, rel=0.05)


@needs_sta
def test_wires_that_the_library_assumes_are_left_out(library: Library, tmp_path: Path) -> None:
    text = library.paths[0].read_text()
    assumed = [line for line in text.splitlines() if "default_wire_load" in line and ":" in line]
    assert len(assumed) == 1
    bare = tmp_path / "stdcells.lib"
    bare.write_text(text.replace(assumed[0], ""))
    without = find(liberty=(bare,))
    result = synthesize(adders(2, True), buffered(AREA), library)
    assert sign_off(result, library) == sign_off(result, without)


@needs_sta
def test_period_has_clock_to_output_and_setup_in_it(library: Library) -> None:
    result = synthesize(adders(4, True), buffered(AREA), library)
    timing = sign_off(result, library)
    assert timing is not None
    assert timing.period_ps == timing.longest_ps
    # Clock to output is some 80 to 90 ps and setup some 30 to 40 ps for this library's smallest flip-flop.
    assert 100 < timing.period_ps - timing.logic_ps < 140
    assert timing.logic_ps == pytest.approx(result.delay_ps, rel=0.05)
    assert (timing.start[0], timing.end[0]) == ("a", "y")
    assert timing.tool == f"OpenSTA {sta_version()}"
    assert sign_off(result, library) == timing


@needs_sta
def test_slowest_paths_are_in_order_and_end_apart(library: Library) -> None:
    timing = sign_off(synthesize(adders(4, True), buffered(AREA), library), library)
    assert timing is not None
    slacks = [path.slack_ps for path in timing.paths]
    assert len(slacks) == 5
    assert slacks == sorted(slacks)
    assert len({path.end for path in timing.paths}) == 5
    assert timing.paths[0].delay_ps == timing.longest_ps
    assert timing.stated_ps is None
    assert timing.setup_slack_ps is None


@needs_sta
def test_a_lasting_hold_time_is_a_violation(library: Library, tmp_path: Path) -> None:
    """The library's flip-flops, made to want their inputs for half a nanosecond after the clock edge."""
    table = r"(timing_type\s*:\s*hold_rising;.*?)(?=timing_type)"
    stretch = r"values \([^;]*\);"
    slow = tmp_path / "stdcells.lib"
    zeros = 'values ("0.5,0.5,0.5", "0.5,0.5,0.5", "0.5,0.5,0.5");'
    text = library.paths[0].read_text()
    slow.write_text(re.sub(table, lambda found: re.sub(stretch, zeros, found[1]), text, flags=re.S))
    result = synthesize(adders(1, True), buffered(AREA), library)
    kept, violated = sign_off(result, library), sign_off(result, find(liberty=(slow,)))
    assert kept is not None
    assert violated is not None
    assert violated.period_ps == kept.period_ps
    assert kept.hold.slack_ps > 0
    assert violated.hold.slack_ps == pytest.approx(violated.hold.delay_ps - 500, abs=0.11)
    assert [line for line in timing_lines(1.0, violated) if "VIOLATED between registers" in line]
    assert not [line for line in timing_lines(1.0, kept) if "VIOLATED" in line]


@needs_sta
@pytest.mark.parametrize(
    ("abc_ps", "flagged"),
    [(100.0, False), (100 / 1.149, False), (100 / 1.151, True), (100 / 0.851, False), (130.0, True)],
)
def test_disagreement_is_flagged(library: Library, abc_ps: float, flagged: bool) -> None:
    timing = sign_off(synthesize(adders(1, False), PLAIN, library), library)
    assert timing is not None
    doctored = dataclasses.replace(timing, logic_ps=100.0)
    found = compare(abc_ps, doctored)
    assert found.flagged == flagged
    assert found.difference == pytest.approx(100 / abc_ps - 1)
    assert ("FLAGGED" in timing_lines(abc_ps, doctored)[0]) == flagged


@needs_sta
def test_combinational_design_has_no_period(library: Library) -> None:
    timing = sign_off(synthesize(adders(1, False), PLAIN, library), library)
    assert timing is not None
    assert timing.period_ps is None
    assert (timing.start[0], timing.end[0]) == ("a", "y")


@needs_sta
def test_design_without_paths_has_no_timing(library: Library) -> None:
    constant = Rtl(name="one", verilog="module one(output y); assign y = 1; endmodule", ports=(), clocked=False)
    result = synthesize(constant, PLAIN, library)
    assert (result.area_um2, result.delay_ps) == (0, 0)
    assert sign_off(result, library) is None


def test_missing_opensta_is_named(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    result = synthesize(adders(1, False), PLAIN, library)
    monkeypatch.setenv("PATH", "/nowhere")
    assert sta_version() is None
    with pytest.raises(ToolMissing) as caught:
        sign_off(result, library)
    assert str(caught.value) == (
        "sta not found, which disables sign-off timing; install it with: apt-get install opensta"
    )


@pytest.mark.parametrize("said", ["Error: netlist.v, 3 nonsense", "[ERROR STA-0164] netlist.v line 3, nonsense"])
def test_opensta_that_goes_on_after_an_error_gives_one_line(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path / "cache"))
    result = synthesize(adders(1, False), PLAIN, library)
    fake = tmp_path / "sta"
    fake.write_text(f"#!/bin/sh\necho 1.2.3\necho '{said}'\necho DONE\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(RuntimeError) as caught:
        sign_off(result, library)
    assert str(caught.value) == f"OpenSTA fails: {said}"


@needs_sta
def test_cell_that_the_library_lacks_is_no_cell_without_delay(library: Library) -> None:
    result = synthesize(adders(1, False), PLAIN, library)
    odd = dataclasses.replace(result, netlist=result.netlist.replace("XOR2_X1", "XOR9_X1"))
    assert odd.netlist != result.netlist
    with pytest.raises(RuntimeError) as caught:
        sign_off(odd, library)
    assert re.fullmatch(r"OpenSTA fails: .*XOR9_X1 not found.  Creating black box for .*", str(caught.value))


@needs_sta
@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"period_ps": 0}, "period must be at least 1 ps, not 0"),
        ({"period_ps": 50, "input_delay_ps": 50}, "input delay must be between 0 and the period of 50 ps, not 50"),
        ({"output_delay_ps": -1}, "output delay must be between 0 and the period of"),
    ],
)
def test_bad_conditions_are_refused(library: Library, conditions: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        sign_off(synthesize(adders(1, False), PLAIN, library), library, **conditions)
    assert str(caught.value).startswith(said)
