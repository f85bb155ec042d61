"""Which components slow paths run through, and the timing of every design of the catalog."""

import dataclasses
import shutil

import pytest

from flow.libraries import Library, find
from flow.synthesis import Synthesis, synthesize
from flow.synthesis.recipes import AREA, buffered
from flow.timing import SignOff, compare, sign_off, timing_lines
from flow.timing.paths import FoundPath, Point, read_paths
from gen.catalog import DESIGNS, Design
from gen.rtl import Rtl

needs_sta = pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA is not installed")
LARGE = (
    "nmpu", "nmpu_fp16", "daism", "daism_bank",
    "asm_near_memory", "asm_exact_near_memory", "asm_in_memory", "asm_in_memory_single_row",
)  # fmt: skip
QUICK = ("nmpu_unit", "float_fused", "multiply_accumulate", "sar_twin_range", "sar_shift_add", "daism_lane", "asm_mac")
EVERY = [pytest.param(each, marks=[pytest.mark.slow] * (each.name not in QUICK), id=each.name) for each in DESIGNS]

# The sum of the first lane is of seven words, that of the second of two: it is known which of them is slow.
LANES = """
module sums #(parameter WORDS = 2) (input clk, input [7:0] d, output reg [7:0] y);
  reg [7:0] held;
  integer i;
  reg [7:0] total;
  always @* begin
    total = held;
    for (i = 1; i < WORDS; i = i + 1) total = total + ((held << i) | (held >> (8 - i)));
  end
  always @(posedge clk) begin held <= d; y <= total; end
endmodule
module lanes(input clk, input [7:0] d, output [7:0] y);
  wire [7:0] slow_y, quick_y;
  sums #(.WORDS(7)) slow (.clk(clk), .d(d), .y(slow_y));
  sums #(.WORDS(2)) quick (.clk(clk), .d(slow_y), .y(quick_y));
  assign y = quick_y;
endmodule
"""


@pytest.fixture(scope="module")
def library() -> Library:
    return find()


def lanes(library: Library, *, flatten: bool) -> tuple[Synthesis, SignOff]:
    rtl = Rtl(name="lanes", verilog=LANES, ports=(), clocked=True)
    mapped = synthesize(rtl, dataclasses.replace(buffered(AREA), flatten=flatten), library)
    timing = sign_off(mapped, library)
    assert timing is not None
    return mapped, timing


@needs_sta
def test_kept_hierarchy_tells_the_component_and_its_time(library: Library) -> None:
    _, timing = lanes(library, flatten=False)
    for path in timing.paths:
        assert path.component == "slow"
        # All of the path lies in that lane; setup is not spent in a gate.
        assert list(path.components) == ["slow"]
        assert 20 < path.delay_ps - path.components["slow"] < 60
        assert path.start.startswith("slow.held[")


@needs_sta
def test_flattened_netlist_tells_the_component_by_its_registers(library: Library) -> None:
    _, timing = lanes(library, flatten=True)
    assert timing.paths[0].start.startswith("slow.held[")
    assert "slow" in timing.paths[0].components
    assert timing.paths[0].component is None  # where the time goes is not known


@needs_sta
def test_slowest_paths_are_printed_with_their_components(library: Library) -> None:
    mapped, flat = lanes(library, flatten=True)
    _, kept = lanes(library, flatten=False)
    lines = timing_lines(mapped.delay_ps, flat, kept)
    assert lines[0].startswith(f"delay    {mapped.delay_ps:,.0f} ps by ABC, {flat.logic_ps:,.0f} ps by OpenSTA")
    assert lines[1].startswith(f"period   {flat.period_ps:,.0f} ps at least, between registers")
    where = next(place for place, line in enumerate(lines) if line.startswith("slowest paths, hierarchy kept"))
    first, spent = kept.paths[0], kept.paths[0].components["slow"]
    assert lines[where + 1].split() == [
        *[f"{first.delay_ps:,.0f}", "ps", first.start, "->", first.end],
        *["through", "slow", f"({spent:,.0f}", "ps)"],
    ]
    assert len(lines) == where + 6


def test_without_opensta_there_is_abc_alone() -> None:
    assert timing_lines(1234.5, None) == ["delay    1,234 ps by ABC (no clock-to-output, no setup)"]


def test_components_are_told_by_gates_and_by_named_nets() -> None:
    path = FoundPath(
        slack_ps=1.0,
        points=(
            Point(arrival_ps=80.0, pin="lane_0/core/_1_/Q", net="lane_0/core/held[3]"),
            Point(arrival_ps=81.0, pin="lane_0/add/_7_/A", net="lane_0/add/a[3]"),
            Point(arrival_ps=120.0, pin="lane_0/add/_7_/Z", net="lane_0/add/_0_"),
            Point(arrival_ps=120.0, pin="_9_/D", net="_4_"),
        ),
        start_nets=("lane_0/core/held[3]",),
        end_nets=("_5_", "round.result[0]"),
    )
    assert path.components == {"lane_0.core": 80.0, "lane_0.add": 40.0, "round": 0.0}
    assert (path.start, path.end) == ("lane_0.core.held[3]", "round.result[0]")
    assert (path.from_input, path.to_output) == (False, False)


def test_paths_are_read_with_their_points() -> None:
    said = "Warning: x\nPATH\tsetup\t1.5e-1\nPOINT\t1e-2\ta[0]\ta[0]\nPOINT\t2.5e-2\ty\ty\nPATH\thold\t-0.25\n"
    said += "START\tlane\\.a\nPOINT\t0.1\t_1_/Q\tlane\\.a\nPOINT\t0.2\t_2_/D\t_3_\nDONE\n"
    found = read_paths(said)
    assert list(found) == ["setup", "hold"]
    ((setup,), (hold,)) = found.values()
    assert (setup.slack_ps, setup.launch_ps, setup.arrival_ps) == pytest.approx((150, 10, 25))
    assert (setup.from_input, setup.to_output, setup.start, setup.end) == (True, True, "a[0]", "y")
    assert (hold.slack_ps, hold.start, hold.end) == (-250, "lane.a", "_2_/D")


def timed(design: Design, library: Library, *, flatten: bool) -> tuple[Synthesis, SignOff]:
    rtl = design.elaborate(design.configuration()())
    mapped = synthesize(rtl, dataclasses.replace(buffered(AREA), flatten=flatten), library)
    timing = sign_off(mapped, library)
    assert timing is not None
    assert (timing.period_ps is None) == (not rtl.clocked)
    assert (timing.hold is None) == (not rtl.clocked)
    assert timing.longest_ps >= timing.logic_ps > 0
    return mapped, timing


@needs_sta
@pytest.mark.parametrize("design", EVERY)
def test_slow_components_of_every_design_are_told(design: Design, library: Library) -> None:
    """The large ones take minutes, most of them for their synthesis."""
    mapped, timing = timed(design, library, flatten=False)
    assert any(path.component for path in timing.paths) == bool(mapped.modules[design.name].instances)


@needs_sta
@pytest.mark.parametrize("design", [each for each in EVERY if each.id not in LARGE])
def test_both_agree_on_every_design(design: Design, library: Library) -> None:
    mapped, timing = timed(design, library, flatten=True)
    assert timing.logic_ps == pytest.approx(mapped.delay_ps, rel=0.1)
    assert not compare(mapped.delay_ps, timing).flagged
