"""Proofs: true statements are proved, wrong ones give inputs that show it in simulation."""

import numpy as np
import pytest

from gen.rtl import Port, Rtl
from verif.batch import simulate
from verif.formal import prove, prove_equal

PRODUCTS_HEAD = """
module reference(input [9:0] a, b, input [7:0] u, v, input signed [7:0] c, output signed [19:0] y, output [9:0] sum);
"""
PRODUCTS_BODY = "  assign y = $signed({10'b0, a} * u) - $signed({10'b0, b} * v) + c;\nendmodule\n"

COUNTER = """
module counter(input clk, input rst, input up, input down, output reg [3:0] level);
  always @(posedge clk)
    if (rst) level <= 0;
    else if (up & !down & level != 10) level <= level + 1;
    else if (down & !up & level != 0) level <= level - 1;
endmodule
"""
BOUND = """
module bound(input clk, input rst, input up, input down);
  wire [3:0] level;
  counter dut(.clk(clk), .rst(rst), .up(up), .down(down), .level(level));
  reg started = 0;
  always @(posedge clk) started <= 1;
  always @* assume (started || rst);
  always @* if (started) assert (level <= LIMIT);
endmodule
"""


def _counter() -> Rtl:
    ports = (Port("up", "input", 1, False), Port("down", "input", 1, False), Port("level", "output", 4, False))
    return Rtl("counter", COUNTER, ports, clocked=True)


def _mixer(product: str) -> str:
    ports = "input signed [7:0] a, input [7:0] b, input [3:0] c, output signed [16:0] y"
    return f"module reference({ports});\n  assign y = {product};\nendmodule\n"


@pytest.mark.parametrize(
    "product",
    [
        "a * $signed({1'b0, b}) + $signed({1'b0, c})",
        "$signed({1'b0, b}) * a - ~$signed({1'b0, c}) - 1",
        "$signed({13'b0, c}) + (b[7] ? (a <<< 7) : 17'sd0) + $signed({2'b0, b[6:0]}) * a",
    ],
)
def test_without_clock(mixer: Rtl, product: str) -> None:
    proof = prove_equal(mixer, _mixer(product))
    assert proof.proved
    assert proof.counterexample == ()


def test_one_wrong_case_in_a_million_is_found_and_shows_in_simulation(mixer: Rtl) -> None:
    wrong = "a * $signed({1'b0, b}) + $signed({1'b0, c}) + $signed({1'b0, a == -77 && b == 201 && c == 13})"
    proof = prove_equal(mixer, _mixer(wrong))
    assert not proof.proved
    (inputs,) = proof.counterexample
    assert inputs == {"a": 256 - 77, "b": 201, "c": 13}
    assert simulate(mixer, inputs | {"a": -77}, cycles=1)["y"][0] != -77 * 201 + 13 + 1


def test_pipeline_with_two_products(products: Rtl) -> None:
    assert prove_equal(products, PRODUCTS_HEAD + PRODUCTS_BODY, latency=2, outputs=["y"]).proved
    at_once = PRODUCTS_HEAD + "  assign sum = b + a;\nendmodule\n"
    assert prove_equal(products, at_once, outputs=["sum"]).proved


@pytest.mark.parametrize("latency", [1, 3])
def test_wrong_latency_of_a_pipeline(products: Rtl, latency: int) -> None:
    proof = prove_equal(products, PRODUCTS_HEAD + PRODUCTS_BODY, latency=latency, outputs=["y"])
    assert not proof.proved
    assert len(proof.counterexample) == latency + 1


def test_one_wrong_case_of_a_pipeline_is_found_and_shows_in_simulation(products: Rtl) -> None:
    wrong = PRODUCTS_BODY.replace("+ c", "+ c + $signed({1'b0, a == 1000 && v == 250 && c == -100})")
    proof = prove_equal(products, PRODUCTS_HEAD + wrong, latency=2, outputs=["y"])
    assert not proof.proved
    trace = proof.counterexample
    arrays = {name: np.array([cycle[name] for cycle in trace]) for name in (*"abuvc", "rst")}
    arrays["c"] = (arrays["c"] + 128) % 256 - 128
    assert [arrays[name][-3] for name in "avc"] == [1000, 250, -100]
    exact = arrays["a"] * arrays["u"] - arrays["b"] * arrays["v"] + arrays["c"]
    assert simulate(products, arrays)["y"][-1] == exact[-3]


def test_controller_keeps_its_bound() -> None:
    assert prove(_counter(), BOUND.replace("LIMIT", "10"), top="bound", depth=3).proved


def test_controller_that_breaks_its_bound() -> None:
    proof = prove(_counter(), BOUND.replace("LIMIT", "9"), top="bound", depth=3)
    assert not proof.proved
    trace = proof.counterexample
    assert trace[0]["rst"] == 1
    arrays = {name: np.array([cycle[name] for cycle in trace]) for name in ("rst", "up", "down")}
    assert simulate(_counter(), arrays)["level"][-1] == 10


def test_undecided_in_time(mixer: Rtl) -> None:
    # Reassociated cubes: nothing is shared and there is no time.
    ports = (Port("a", "input", 16, False), Port("b", "input", 16, False), Port("y", "output", 48, False))
    declared = "input [15:0] a, b, output [47:0] y"
    rtl = Rtl("cube", f"module cube({declared}); assign y = (a * b) * {{32'b0, a}}; endmodule", ports, clocked=False)
    reference = f"module reference({declared}); assign y = ({{32'b0, a}} * a) * b; endmodule"
    with pytest.raises(TimeoutError, match=r"^the proof is undecided after 1 s"):
        prove_equal(rtl, reference, seconds=1)


def test_bad_statements(mixer: Rtl, products: Rtl) -> None:
    with pytest.raises(ValueError, match=r"^latency must be 0 without a clock, not 1$"):
        prove_equal(mixer, "", latency=1)
    with pytest.raises(ValueError, match=r"^latency must be at least 0, not -1$"):
        prove_equal(products, "", latency=-1)
    with pytest.raises(ValueError, match=r"^top must be a Verilog identifier, not 'a; b'$"):
        prove(mixer, "", top="a; b")
    with pytest.raises(ValueError, match=r"^Yosys: ERROR: .*reference"):
        prove_equal(mixer, "module wrong(); endmodule\n")
    with pytest.raises(ValueError, match=r"^Yosys: ERROR: .*syntax error"):
        prove_equal(mixer, "module reference(;")
