"""Every recipe is worth having: each gives the smallest area or the shortest path somewhere, or is the reference."""

import pytest

from flow.libraries import find
from flow.synthesis import Best, best_of
from flow.synthesis.recipes import RECIPES
from gen.rtl import Rtl


def product(width: int, signed: bool) -> str:
    kind = "signed " if signed else ""
    return (
        f"module top(input {kind}[{width - 1}:0] a, input {kind}[{width - 1}:0] b, output {kind}[{2 * width - 1}:0] y);"
        " assign y = a * b; endmodule"
    )


NMPU_DATAPATH = """
module top(input [9:0] dp, input [9:0] dn, input [7:0] sp, input [7:0] sn, input signed [7:0] offset,
           input [1:0] shift, input relu, output reg signed [7:0] q);
  wire [17:0] p = dp * sp, n = dn * sn;
  wire signed [13:0] d = $signed({1'b0, p[17:5]}) - $signed({1'b0, n[17:5]});
  wire signed [14:0] w = d + ($signed({offset, 1'b0}) <<< shift);
  wire signed [14:0] half = 15'sd2 <<< shift;
  wire signed [15:0] rounded = w + half;
  wire signed [15:0] y = shift == 0 ? rounded >>> 2 : shift == 1 ? rounded >>> 3
                       : shift == 2 ? rounded >>> 4 : rounded >>> 5;
  always @* begin
    q = y[7:0];
    if (relu && y < 0) q = 0; else if (y > 127) q = 127; else if (y < -128) q = -128;
  end
endmodule
"""

FLOAT_ADD = """
module top(input [15:0] a, input [15:0] b, output [15:0] r);
  wire swap = b[14:0] > a[14:0];
  wire [15:0] x = swap ? b : a, y = swap ? a : b;
  wire [13:0] mx = {x[14:10] != 0, x[9:0], 3'b0}, my = {y[14:10] != 0, y[9:0], 3'b0};
  wire [4:0] distance = x[14:10] - y[14:10];
  wire [27:0] shifted = {my, 14'b0} >> distance;
  wire [13:0] aligned = {shifted[27:15], |shifted[14:0]};
  wire [14:0] sum = x[15] ^ y[15] ? mx - aligned : mx + aligned;
  reg [3:0] zeros; integer i;
  always @* begin zeros = 15; for (i = 0; i < 15; i = i + 1) if (sum[i]) zeros = 14 - i; end
  wire [14:0] normal = sum << zeros;
  wire [5:0] exponent = x[14:10] + 1 - zeros;
  wire up = normal[3] & (normal[4] | (|normal[2:0]));
  wire [14:0] rounded = {exponent[4:0], normal[13:4]} + up;
  assign r = sum == 0 ? 16'b0 : {x[15], rounded};
endmodule
"""

CIRCUITS = {
    "4x4 product": product(4, False),
    "signed 8x8 product": product(8, True),
    "signed 16x16 product": product(16, True),
    "NMPU datapath": NMPU_DATAPATH,
    "half-precision add": FLOAT_ADD,
}
SMALLEST = {
    "4x4 product": "dense",
    "signed 8x8 product": "dense_booth",
    "signed 16x16 product": "dense_booth",
    "NMPU datapath": "dense_booth",
    "half-precision add": "area",
}


def run(name: str) -> Best:
    rtl = Rtl(name="top", verilog=CIRCUITS[name], ports=(), clocked=False)
    best = best_of(rtl, RECIPES, find())
    print(name, {result.recipe: (round(result.area_um2), round(result.delay_ps)) for result in best.results})
    return best


@pytest.mark.slow
@pytest.mark.parametrize("name", CIRCUITS)
def test_smallest_and_fastest_recipe(name: str) -> None:
    best = run(name)
    assert best.winner.recipe == SMALLEST[name]
    fastest = min(best.results, key=lambda result: result.delay_ps)
    assert fastest.recipe == ("speed_booth" if name == "signed 16x16 product" else "speed")


@pytest.mark.slow
def test_balanced_recipes_lie_between_small_and_fast() -> None:
    results = {result.recipe: result for result in run("signed 16x16 product").results}
    small, balanced, fast = (results[name] for name in ("dense_booth", "balanced_booth", "speed_booth"))
    assert small.area_um2 < balanced.area_um2 < fast.area_um2
    assert small.delay_ps > balanced.delay_ps > fast.delay_ps
