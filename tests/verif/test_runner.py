"""The cocotb runner and the stream components: on both simulators, and each kind of failure is reported."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gen.rtl import Port, Rtl
from gen.tools import ToolMissing
from verif.runner import run_bench

WriteBench = Callable[[str], str]

HEADER = """
import random
import cocotb
from cocotb.triggers import ClockCycles, RisingEdge
from gen.testbench.coverage import Coverage
from gen.testbench.scoreboard import Scoreboard
from gen.testbench.streams import (
    StreamMonitor, StreamSink, StreamSource, pattern_pauses, pulse_reset, random_pauses, start_and_reset
)
"""

PASSING = """
async def transport(dut, source_pauses, sink_pauses):
    scoreboard = Scoreboard("o")
    source, sink = StreamSource(dut, "i", source_pauses), StreamSink(dut, "o", sink_pauses)
    into, out = StreamMonitor(dut, "i"), StreamMonitor(dut, "o", scoreboard.check)
    dut.hold.value = 0
    await start_and_reset(dut)
    words = [random.getrandbits(8) for _ in range(100)]
    for place, word in enumerate(words):
        scoreboard.expect(word, place)
    source.send(*words)
    await source.wait_sent()
    assert await sink.receive(100) == words
    scoreboard.finish()
    assert [word for _, word in into.transfers] == [word for _, word in out.transfers] == words
    return [cycle for cycle, _ in into.transfers], [cycle for cycle, _ in out.transfers]

@cocotb.test()
async def full_speed(dut):
    into, out = await transport(dut, None, None)
    assert out == list(range(out[0], out[0] + 100))
    assert [later - earlier for earlier, later in zip(into, out)] == [1] * 100

@cocotb.test()
async def patterns(dut):
    into, out = await transport(dut, pattern_pauses([0, 1, 1]), pattern_pauses([1, 0]))
    assert {cycle % 3 for cycle in into} == {into[0] % 3}

@cocotb.test()
async def random_back_pressure(dut):
    await transport(dut, random_pauses(0.4), random_pauses(0.6))

@cocotb.test()
async def reset_in_flight(dut):
    source, sink = StreamSource(dut, "i"), StreamSink(dut, "o", pattern_pauses([1, 1, 0]))
    into, out = StreamMonitor(dut, "i"), StreamMonitor(dut, "o")
    coverage = Coverage(offered=(0, 1), shown=(0, 1))
    dut.hold.value = 0
    await start_and_reset(dut)
    source.send(*range(20))
    await ClockCycles(dut.clk, 10)
    await pulse_reset(dut)
    source.send(*range(20, 40))
    for _ in range(200):
        await RisingEdge(dut.clk)
        coverage.hit(offered=int(dut.offer.value), shown=int(dut.shown.value == 0xFF))
    sent, came = [word for _, word in into.transfers], [word for _, word in out.transfers]
    assert sent == list(range(40))
    assert len(came) in (39, 40) and came == [word for word in sent if word in came]
    assert await sink.receive(len(came)) == came
    coverage.assert_covered()

@cocotb.test()
async def nothing_is_queued(dut):
    source = StreamSource(dut, "i")
    dut.hold.value = 0
    await start_and_reset(dut)
    await source.wait_sent()
    await ClockCycles(dut.clk, 3)
    assert dut.i__valid.value == 0 and dut.i__payload.value == 0xFF
"""

FAILING = {
    "mismatch": (
        "scoreboard = Scoreboard('o'); scoreboard.expect(1, 'a'); scoreboard.check(1); scoreboard.expect(7, {'i': 5})"
        "; scoreboard.check(8)",
        r"o, result 1: inputs \{'i': 5\}, expected 7, got 8 \(seed 5\)",
    ),
    "surplus": ("Scoreboard('o').check(3)", r"o, result 0: unexpected result 3 \(seed 5\)"),
    "missing": (
        "scoreboard = Scoreboard('o'); scoreboard.expect(1, 'x'); scoreboard.expect(2, 'y'); scoreboard.finish()",
        r"o, result 0: 2 results are missing, first: inputs 'x', expected 1 \(seed 5\)",
    ),
    "nothing": ("Scoreboard('o').finish()", r"o, result 0: nothing was compared \(seed 5\)"),
    "uncovered": (
        "coverage = Coverage(relu=(0, 1), shift=range(2)); coverage.hit(relu=0, shift=1); coverage.assert_covered()",
        r"never seen: relu=1, shift=0",
    ),
    "withdrawn": (
        "StreamMonitor(dut, 'i'); dut.hold.value = 1; await start_and_reset(dut); dut.i__payload.value = 9"
        "; dut.i__valid.value = 1; await ClockCycles(dut.clk, 2); dut.i__valid.value = 0"
        "; await ClockCycles(dut.clk, 2)",
        r"i offered 9 and withdrew it before its transfer \(cycle \d+\)",
    ),
    "changed": (
        "StreamMonitor(dut, 'i'); dut.hold.value = 1; await start_and_reset(dut); dut.i__payload.value = 9"
        "; dut.i__valid.value = 1; await ClockCycles(dut.clk, 2); dut.i__payload.value = 8"
        "; await ClockCycles(dut.clk, 2)",
        r"i offered 9 and changed it to 8 before its transfer \(cycle \d+\)",
    ),
}


@pytest.fixture(params=["verilator", "icarus"])
def simulator(request: pytest.FixtureRequest) -> str:
    if request.param == "icarus" and shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog is not installed")
    return str(request.param)


@pytest.fixture
def write_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteBench:
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str) -> str:
        (tmp_path / "bench_module.py").write_text(HEADER + text)
        return "bench_module"

    return write


def test_streams_carry_everything_in_order(buffer: Rtl, simulator: str, write_bench: WriteBench) -> None:
    result = run_bench(buffer, write_bench(PASSING), simulator=simulator)
    assert result.tests == 5
    assert 0 <= result.seed < 2**31


def test_failures_tell_what_and_the_seed(buffer: Rtl, write_bench: WriteBench) -> None:
    tests = [f"@cocotb.test()\nasync def {name}(dut):\n    {body}\n" for name, (body, _) in FAILING.items()]
    module = write_bench("".join(tests) + "@cocotb.test()\nasync def good(dut):\n    pass\n")
    with pytest.raises(AssertionError, match=r"^7 of 8 tests of bench_module failed \(seed 5\)\n") as error:
        run_bench(buffer, module, seed=5)
    for name, (_, message) in FAILING.items():
        error.match(rf"(?m)^{name}: .*{message}")


def test_same_seed_same_run(buffer: Rtl, write_bench: WriteBench, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    body = f"@cocotb.test()\nasync def draw(dut):\n    open({str(seen)!r}, 'a').write(f'{{random.random()}}\\n')\n"
    for seed in (3, 4, 3):
        run_bench(buffer, write_bench(body), seed=seed)
    first, second, third = seen.read_text().split()
    assert first == third != second


def test_module_that_cannot_be_imported(buffer: Rtl, simulator: str, write_bench: WriteBench) -> None:
    with pytest.raises(
        RuntimeError, match=r"(?s)^bench_module gave no result \(seed 1\):\n.*ImportError: no such luck"
    ):
        run_bench(buffer, write_bench("raise ImportError('no such luck')"), simulator=simulator, seed=1)


def test_module_without_tests(buffer: Rtl, write_bench: WriteBench) -> None:
    with pytest.raises((AssertionError, RuntimeError), match="bench_module"):
        run_bench(buffer, write_bench(""), seed=1)


def test_unknown_simulator(buffer: Rtl) -> None:
    with pytest.raises(ValueError, match=r"^simulator must be one of verilator, icarus, not 'vcs'$"):
        run_bench(buffer, "bench_module", simulator="vcs")


def test_missing_tools(buffer: Rtl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", os.devnull)
    line = r"^iverilog not found, which disables benches in Icarus Verilog; install it with: apt-get install iverilog$"
    with pytest.raises(ToolMissing, match=line):
        run_bench(buffer, "bench_module", simulator="icarus")
    with pytest.raises(ToolMissing, match=r"^g\+\+ not found"):
        run_bench(buffer, "bench_module")


def test_refused_verilog(write_bench: WriteBench) -> None:
    rtl = Rtl("wrong", "module wrong(input a); nothing = a; endmodule", (Port("a", "input", 1, False),), clocked=False)
    with pytest.raises(ValueError, match="Verilator cannot build wrong: %Error"):
        run_bench(rtl, "bench_module")
