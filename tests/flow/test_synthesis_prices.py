"""The price of a design: smallest area, timing with buffers, breakdown."""

import shutil

import pytest

from flow.libraries import Library, find
from flow.prices import CONDITIONS, price
from flow.synthesis import synthesize
from flow.synthesis.recipes import AREA, DENSE_BOOTH, PLAIN, hierarchical
from gen.rtl import Rtl

PAIR = Rtl(
    name="pair",
    verilog="""
module side(input clk, input signed [5:0] a, input signed [5:0] b, output reg signed [11:0] y);
  always @(posedge clk) y <= a * b;
endmodule
module pair(input clk, input signed [5:0] a, input signed [5:0] b, output [12:0] y);
  wire signed [11:0] left_y, right_y;
  side left(clk, a, b, left_y); side right(clk, a, ~b, right_y);
  assign y = left_y + right_y;
endmodule
""",
    ports=(),
    clocked=True,
)


@pytest.fixture(scope="module")
def library() -> Library:
    return find()


def test_price_of_a_small_design(library: Library) -> None:
    found = price(PAIR, library, (PLAIN, AREA, DENSE_BOOTH))
    assert found.recipe == min(found.recipe_areas_um2, key=found.recipe_areas_um2.__getitem__)
    assert list(found.recipe_areas_um2) == ["plain", "area", "dense_booth"]
    assert found.area_um2 == min(found.recipe_areas_um2.values())
    assert found.ge == pytest.approx(found.area_um2 / 0.798, rel=1e-12)
    assert found.flip_flops == 24
    assert found.kinds.flip_flop_um2 == pytest.approx(24 * 4.522, rel=1e-12)
    assert found.conditions == CONDITIONS == "pre-layout, no wires, one corner"
    assert found.buffered_um2 > found.area_um2
    assert [part.path for part in found.breakdown] == ["", "left", "right"]
    assert sum(part.own_um2 for part in found.breakdown) >= found.area_um2


def test_sign_off_is_there_with_opensta_only(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    found = price(PAIR, library, (AREA,))
    assert (found.sign_off is None) == (shutil.which("sta") is None)
    monkeypatch.setenv("PATH", "/nowhere")
    assert price(PAIR, library, (AREA,)).sign_off is None


def test_breakdown_of_a_hierarchical_recipe_is_exact(library: Library) -> None:
    found = price(PAIR, library, hierarchical((AREA,)))
    assert found.recipe == "area_hierarchical"
    assert sum(part.own_um2 for part in found.breakdown) == pytest.approx(found.area_um2, rel=1e-12)
    assert found.area_um2 >= synthesize(PAIR, AREA, library).area_um2
