"""Mapped netlists compute what the Verilog says: replayed cell by cell, with the functions in the liberty files."""

from pathlib import Path

import numpy as np
import pytest

from flow.libraries import Library, find
from flow.synthesis import synthesize
from flow.synthesis.recipes import AREA, DENSE_BOOTH, SPEED, Recipe
from gen.rtl import Port, Rtl
from verif.batch import simulate
from verif.replay import cell_models, gate_level

SHARED = Path(__file__).resolve().parents[3] / "shared" / "pdk"

PRODUCT = Rtl(
    name="product",
    verilog="""
module product(input signed [7:0] a, input signed [7:0] b, output signed [15:0] y);
  assign y = a * b;
endmodule
""",
    ports=(Port("a", "input", 8, True), Port("b", "input", 8, True), Port("y", "output", 16, True)),
    clocked=False,
)

COUNTER = Rtl(
    name="counter",
    verilog="""
module counter(input clk, input rst, input en, output reg [4:0] q);
  always @(posedge clk) if (rst) q <= 0; else if (en) q <= q + 3;
endmodule
""",
    ports=(Port("en", "input", 1, False), Port("q", "output", 5, False)),
    clocked=True,
)


def mapped(rtl: Rtl, recipe: Recipe, library: Library) -> Rtl:
    return gate_level(rtl, synthesize(rtl, recipe, library).netlist, cell_models(*library.paths))


@pytest.mark.parametrize("recipe", [DENSE_BOOTH, SPEED], ids=lambda recipe: recipe.name)
def test_every_product_of_a_mapped_multiplier(recipe: Recipe) -> None:
    a, b = (grid.ravel() for grid in np.meshgrid(np.arange(-128, 128), np.arange(-128, 128)))
    result = simulate(mapped(PRODUCT, recipe, find()), {"a": a, "b": b})
    np.testing.assert_array_equal(result["y"], a * b)


@pytest.mark.parametrize("name", ["sky130hd", "ihp-sg13g2", "asap7"])
def test_counter_on_an_installed_pdk(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries differ in their flip-flops: with enable, with reset only, with inverted output only."""
    if not SHARED.is_dir():
        pytest.skip("no liberty files in ../shared/pdk")
    monkeypatch.setenv("BITLINE_LIBERTY", str(SHARED))
    library = find(name)
    result = synthesize(COUNTER, AREA, library)
    assert result.flip_flops == 5
    assert result.delay_ps > 0
    enable = np.random.default_rng(5).integers(0, 2, 200)
    counted = np.concatenate([[0], 3 * np.cumsum(enable)[:-1]]) % 32
    np.testing.assert_array_equal(simulate(mapped(COUNTER, AREA, library), {"en": enable})["q"], counted)
