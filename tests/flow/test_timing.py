"""Longest paths by ABC and by OpenSTA."""

import shutil
from pathlib import Path

import pytest

from flow.libraries import Library, find
from flow.synthesis import Synthesis, synthesize
from flow.synthesis.path_delay import cut_at_state
from flow.synthesis.recipes import AREA, BALANCED, PLAIN, buffered
from flow.timing import sign_off, sta_version
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
    print(f"{result.recipe}: ABC {result.delay_ps} ps, {timing}")
    return result.delay_ps, timing.longest_ps


@needs_sta
@pytest.mark.parametrize("recipe", [AREA, buffered(AREA), BALANCED], ids=lambda recipe: recipe.name)
def test_both_agree_on_combinational_adders(recipe, library: Library) -> None:
    by_abc, by_sta = both_delays(synthesize(adders(4, False), recipe, library), library)
    assert by_sta == pytest.approx(by_abc, rel=0.15)


@needs_sta
def test_period_has_clock_to_output_and_setup_in_it(library: Library) -> None:
    result = synthesize(adders(4, True), buffered(AREA), library)
    timing = sign_off(result, library)
    assert timing is not None
    assert timing.period_ps == timing.longest_ps
    # Clock to output is some 90 ps and setup some 30 to 40 ps for this library's smallest flip-flop.
    assert result.delay_ps + 80 < timing.period_ps < 1.2 * result.delay_ps + 200
    assert timing.start.endswith("/Q")
    assert timing.end.endswith("/D")
    assert timing.tool == f"OpenSTA {sta_version()}"
    assert sign_off(result, library) == timing


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


@needs_sta
@pytest.mark.parametrize("name", ["sky130hd", "ihp-sg13g2", "asap7"])
def test_units_of_installed_pdks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries count in ns or ps, and in fF or pF. ABC ignores how they derate slews: hence the wide band."""
    if not SHARED.is_dir():
        pytest.skip("no liberty files in ../shared/pdk")
    monkeypatch.setenv("BITLINE_LIBERTY", str(SHARED))
    library = find(name)
    by_abc, by_sta = both_delays(synthesize(adders(2, False), buffered(AREA), library), library)
    assert 0.8 * by_abc < by_sta < 1.7 * by_abc


def test_missing_opensta_is_named(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    result = synthesize(adders(1, False), PLAIN, library)
    monkeypatch.setenv("PATH", "/nowhere")
    assert sta_version() is None
    with pytest.raises(ToolMissing) as caught:
        sign_off(result, library)
    assert str(caught.value) == (
        "sta not found, which disables sign-off timing; install it with: apt-get install opensta"
    )


def test_failing_opensta_gives_one_line(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path / "cache"))
    result = synthesize(adders(1, False), PLAIN, library)
    fake = tmp_path / "sta"
    fake.write_text("#!/bin/sh\necho 1.2.3\necho 'Error: netlist.v, 3 nonsense'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(RuntimeError) as caught:
        sign_off(result, library)
    assert str(caught.value) == "OpenSTA fails: Error: netlist.v, 3 nonsense"
