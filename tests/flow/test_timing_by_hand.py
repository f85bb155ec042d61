"""Setup, hold and path delay of a few gates, against the library's tables read and interpolated here by hand."""

import dataclasses
import re
import shutil
from bisect import bisect_right

import numpy as np
import pytest

from flow.libraries import Library, find
from flow.synthesis import Synthesis, synthesize
from flow.synthesis.recipes import AREA
from flow.timing import SignOff, sign_off
from gen.rtl import Rtl

pytestmark = pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA is not installed")

REGISTERS = """
module tiny(clk, d, q);
  input clk;
  input d;
  output q;
  wire _0_;
  wire _1_;
  DFF_X1 _2_ ( .CK(clk), .D(d), .Q(_0_) );
  INV_X1 _3_ ( .A(_0_), .ZN(_1_) );
  DFF_X1 _4_ ( .CK(clk), .D(_1_), .Q(q) );
endmodule
"""

GATES = """
module tiny(a, y);
  input a;
  output y;
  wire _0_;
  INV_X1 _1_ ( .A(a), .ZN(_0_) );
  INV_X1 _2_ ( .A(_0_), .ZN(y) );
endmodule
"""

RISE, FALL = "rise", "fall"
OPPOSITE = {RISE: FALL, FALL: RISE}
OUTPUT = {"INV_X1": "ZN", "DFF_X1": "Q", "BUF_X1": "Z"}


@pytest.fixture(scope="module")
def library() -> Library:
    return find()


@pytest.fixture(scope="module")
def liberty(library: Library) -> str:
    return library.paths[0].read_text()


def mapped(netlist: str, library: Library) -> Synthesis:
    wire = Rtl(name="tiny", verilog="module tiny(input a, output y); assign y = !a; endmodule", ports=(), clocked=False)
    return dataclasses.replace(synthesize(wire, AREA, library), netlist=netlist, delay_ps=200.0)


def timing(netlist: str, library: Library, **conditions: float) -> SignOff:
    found = sign_off(mapped(netlist, library), library, **conditions)
    assert found is not None
    return found


def pin_text(liberty: str, cell: str, pin: str) -> str:
    body = liberty[re.search(rf"^\s*cell \({cell}\)", liberty, re.M).end() :]
    body = body[: re.search(r"^\s*cell \(", body, re.M).start()]
    pins = re.split(r"^\s*pin \((\w+)\)", body, flags=re.M)[1:]
    return dict(zip(pins[::2], pins[1::2], strict=True))[pin]


def look_up(text: str, table: str, first: float, second: float) -> float:
    """The table's value at two inputs, linear between its points and beyond them."""
    body = re.search(
        rf'{table}\s*\(\w+\)\s*{{\s*index_1\s*\("(.*?)"\);\s*index_2\s*\("(.*?)"\);\s*values\s*\((.*?)\);', text, re.S
    )
    x, y = (np.array([float(word) for word in body[group].split(",")]) for group in (1, 2))
    values = np.array([float(word) for word in re.findall(r"[-\d.e]+", body[3])]).reshape(len(x), len(y))
    i, j = (min(max(bisect_right(axis, at) - 1, 0), len(axis) - 2) for axis, at in ((x, first), (y, second)))
    u, v = (first - x[i]) / (x[i + 1] - x[i]), (second - y[j]) / (y[j + 1] - y[j])
    rows = values[i : i + 2, j] * (1 - v) + values[i : i + 2, j + 1] * v
    return float(rows[0] * (1 - u) + rows[1] * u)


class Hand:
    """Delays in ns and slews of single gates, straight from the tables."""

    def __init__(self, liberty: str) -> None:
        self.liberty = liberty

    def load(self, cell: str, pin: str, edge: str) -> float:
        return float(re.search(rf"{edge}_capacitance\s*:\s*([\d.]+)", pin_text(self.liberty, cell, pin))[1])

    def gate(self, cell: str, edge: str, slew: float, load: float) -> tuple[float, float]:
        """Delay to ``edge`` at the output, and its slew."""
        text = pin_text(self.liberty, cell, OUTPUT[cell])
        return look_up(text, f"cell_{edge}", slew, load), look_up(text, f"{edge}_transition", slew, load)

    def driver(self, edge: str, load: float) -> tuple[float, float]:
        """What the load adds to the delay of the cell that drives an input, and the slew behind it."""
        (loaded, slew), (bare, _) = (self.gate("BUF_X1", edge, 0.0, at) for at in (load, 0.0))
        return loaded - bare, slew

    def constraint(self, kind: str, edge: str, slew: float) -> float:
        """Setup or hold time of the flip-flop, with an ideal clock edge."""
        text = pin_text(self.liberty, "DFF_X1", "D")
        return look_up(text[text.index(f"{kind}_rising") :], f"{edge}_constraint", slew, 0.0)

    def between_registers(self, edge: str) -> tuple[float, float]:
        """Arrival and slew at the second register of `REGISTERS` when the first register's output makes ``edge``."""
        launch, slew = self.gate("DFF_X1", edge, 0.0, self.load("INV_X1", "A", edge))
        inverted = OPPOSITE[edge]
        delay, slew = self.gate("INV_X1", inverted, slew, self.load("DFF_X1", "D", inverted))
        return launch + delay, slew


def test_period_is_clock_to_output_gate_and_setup(library: Library, liberty: str) -> None:
    hand = Hand(liberty)
    expected = []
    for edge in (RISE, FALL):
        arrival, slew = hand.between_registers(edge)
        expected.append(arrival + hand.constraint("setup", OPPOSITE[edge], slew))
    found = timing(REGISTERS, library)
    assert found.period_ps == pytest.approx(1e3 * max(expected), abs=0.06)
    assert (found.paths[0].start, found.paths[0].end) == ("_2_/Q", "q")


def test_setup_slack_is_what_is_left_of_the_stated_period(library: Library, liberty: str) -> None:
    hand = Hand(liberty)
    worst = 0.0
    for edge in (RISE, FALL):
        arrival, slew = hand.between_registers(edge)
        worst = max(worst, arrival + hand.constraint("setup", OPPOSITE[edge], slew))
    relaxed, tight = (timing(REGISTERS, library, period_ps=period) for period in (250.0, 100.0))
    assert relaxed.setup_slack_ps == pytest.approx(250 - 1e3 * worst, abs=0.06)
    assert tight.setup_slack_ps == pytest.approx(100 - 1e3 * worst, abs=0.06)
    assert (relaxed.setup_slack_ps > 0, tight.setup_slack_ps < 0) == (True, True)
    assert relaxed.stated_ps == 250
    assert relaxed.period_ps == tight.period_ps


def test_hold_slack_is_arrival_less_hold_time(library: Library, liberty: str) -> None:
    hand = Hand(liberty)
    slacks, arrivals = [], []
    for edge in (RISE, FALL):
        arrival, slew = hand.between_registers(edge)
        slacks.append(arrival - hand.constraint("hold", OPPOSITE[edge], slew))
        arrivals.append(arrival)
    hold = timing(REGISTERS, library).hold
    assert hold is not None
    assert hold.slack_ps == pytest.approx(1e3 * min(slacks), abs=0.06)
    assert hold.delay_ps == pytest.approx(1e3 * arrivals[int(np.argmin(slacks))], abs=0.06)
    assert (hold.start, hold.end) == ("_2_/Q", "q")


def test_input_that_changes_at_the_clock_edge_violates_hold(library: Library, liberty: str) -> None:
    """Nothing lies between the input and its register: only an input that changes later is held long enough."""
    hand = Hand(liberty)
    slacks = []
    for edge in (RISE, FALL):
        arrival, slew = hand.driver(edge, hand.load("DFF_X1", "D", edge))
        slacks.append(arrival - hand.constraint("hold", edge, slew))
    at_edge, later = (timing(REGISTERS, library, input_delay_ps=delay).input_hold for delay in (0.0, 20.0))
    assert at_edge is not None
    assert later is not None
    assert at_edge.slack_ps == pytest.approx(1e3 * min(slacks), abs=0.06)
    assert at_edge.slack_ps < 0 < later.slack_ps
    assert later.slack_ps == pytest.approx(at_edge.slack_ps + 20, abs=0.11)
    assert (at_edge.start, at_edge.end, at_edge.delay_ps) == ("d", "_2_/D (d)", later.delay_ps)


def test_longest_path_through_gates(library: Library, liberty: str) -> None:
    hand = Hand(liberty)
    expected = []
    for edge in (RISE, FALL):
        inverted = OPPOSITE[edge]
        start, slew = hand.driver(edge, hand.load("INV_X1", "A", edge))
        first, slew = hand.gate("INV_X1", inverted, slew, hand.load("INV_X1", "A", inverted))
        second, _ = hand.gate("INV_X1", edge, slew, library.load_ff)
        expected.append(start + first + second)
    found = timing(GATES, library)
    assert found.longest_ps == pytest.approx(1e3 * max(expected), abs=0.06)
    assert found.logic_ps == found.longest_ps
    assert (found.start, found.end, found.period_ps, found.hold) == ("a", "y", None, None)


def test_delays_outside_are_part_of_the_slack_but_not_of_the_path(library: Library) -> None:
    bare, outside = (
        timing(GATES, library, period_ps=500.0),
        timing(GATES, library, period_ps=500.0, input_delay_ps=70.0, output_delay_ps=40.0),
    )
    assert outside.longest_ps == pytest.approx(bare.longest_ps, abs=0.11)
    assert outside.setup_slack_ps == pytest.approx(bare.setup_slack_ps - 110, abs=0.11)
