"""Baselines: the smallest of what was tried, right at gate level, and no worse than what single recipes give."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from flow.baselines import Baseline, float_adder, mac, multiplier, sar_logic, saving, smallest
from flow.baselines.adder_cells import adder_cell, with_adder_cells
from flow.baselines.designs import float_multiplier
from flow.baselines.table import text, usual
from flow.libraries import Library, find
from flow.synthesis import best_of
from flow.synthesis.recipes import AREA_RECIPES
from gen.catalog import find as find_design
from gen.rtl import Rtl
from sim_models.arith import MultiplyAccumulateParameters, MultiplyParameters
from sim_models.sar import SarParameters
from verif.checks import batch_check
from verif.replay import cell_models, gate_level

SEED = 7
SHARED = Path(__file__).resolve().parents[3] / "shared" / "pdk"

Search = Callable[[Library], Baseline]
SEARCHES: dict[str, tuple[Search, object]] = {
    "integer_multiply": (
        partial(multiplier, "signed", 4, 4),
        MultiplyParameters(a_width=4, b_width=4),
    ),
    "multiply_accumulate": (
        partial(mac, "sign_magnitude", 3, 3, 9),
        MultiplyAccumulateParameters(
            a_format="sign_magnitude", b_format="sign_magnitude", a_width=3, b_width=3, accumulator_width=9
        ),
    ),
    "sar_controller": (partial(sar_logic, 4), SarParameters(bits=4)),
}


@pytest.fixture(scope="module")
def library() -> Library:
    return find()


QUICK = ("sar_controller",)


@pytest.mark.parametrize(
    "design", [pytest.param(each, marks=[pytest.mark.slow] * (each not in QUICK)) for each in SEARCHES]
)
def test_the_winner_is_the_smallest_tried_and_right_at_gate_level(design: str, library: Library) -> None:
    search, parameters = SEARCHES[design]
    found = search(library)
    assert found.area_um2 == min(found.areas_um2.values()) == found.areas_um2[f"{found.circuit}, {found.recipe}"]
    assert found.area_um2 == pytest.approx(
        sum(library.area_um2(cell) * count for cell, count in found.synthesis.cells.items()), rel=1e-12
    )
    assert found.ge == pytest.approx(found.area_um2 / library.nand2_um2, rel=1e-12)
    gates = gate_level(found.rtl, found.synthesis.netlist, cell_models(*library.paths))
    assert batch_check(find_design(design))(gates, parameters, 4000, SEED) > 100


@pytest.mark.slow
def test_structures_and_adder_cells_beat_the_multiplier_of_synthesis(library: Library) -> None:
    found = multiplier("signed", 8, 8, library)
    plain = Rtl(
        name="top",
        verilog="module top(input signed [7:0] a, b, output signed [15:0] y); assign y = a * b; endmodule",
        ports=(),
        clocked=False,
    )
    anchor = best_of(plain, AREA_RECIPES, library).winner
    assert (anchor.recipe, round(anchor.area_um2), round(anchor.delay_ps)) == ("dense_booth", 276, 1046)
    assert found.areas_um2["multiplier of synthesis, dense_booth"] == anchor.area_um2
    assert found.area_um2 < 0.96 * anchor.area_um2
    assert found.synthesis.cells["FA_X1"] > 20


@pytest.mark.slow
def test_a_delay_bound_gives_the_smallest_that_meets_it(library: Library) -> None:
    verilog = "module top(input [7:0] a, b, output [8:0] y); assign y = a + b; endmodule"
    circuits = {"sum": Rtl(name="top", verilog=verilog, ports=(), clocked=False)}
    find_sum = partial(smallest, "sum", "adder", circuits, library)
    free = find_sum()
    bound = 0.7 * free.delay_ps
    fast = find_sum(delay_ps=bound)
    assert fast.delay_ps <= bound < free.delay_ps
    assert fast.area_um2 > free.area_um2
    assert find_sum(delay_ps=free.delay_ps).area_um2 <= free.area_um2
    with pytest.raises(ValueError) as refused:
        find_sum(delay_ps=5)
    said = str(refused.value)
    assert said.startswith("delay_ps must be at least ")
    assert said.endswith(" for sum, the fastest, not 5")
    assert float(said.split()[5]) <= fast.delay_ps


@pytest.mark.slow
def test_operands_of_two_widths_are_tried_both_ways(library: Library) -> None:
    found = multiplier("unsigned", 1, 2, library)
    assert {"array, plain", "array, operands swapped, plain"} <= found.areas_um2.keys()
    assert found.area_um2 == multiplier("unsigned", 2, 1, library).area_um2


@pytest.mark.slow  # minutes without a cache
def test_floating_point_baselines(library: Library) -> None:
    assert float_adder("fp16", library).area_um2 <= 458
    product = float_multiplier("bf16", library)
    assert product.area_um2 < min(area for name, area in product.areas_um2.items() if "of synthesis" in name)
    assert float_multiplier("bf16", library, flush_to_zero=True).area_um2 < product.area_um2
    for name, found in (("float_add", float_adder("bf16", library)), ("float_multiply", product)):
        gates = gate_level(found.rtl, found.synthesis.netlist, cell_models(*library.paths))
        design = find_design(name)
        parameters = design.configuration()(exponent_bits=8, fraction_bits=7)
        assert batch_check(design)(gates, parameters, 20_000, SEED) >= 20_000


def test_saving_is_the_part_of_the_baseline_that_is_saved(library: Library) -> None:
    found = sar_logic(4, library)
    assert saving(found.area_um2, found) == 0
    assert saving(0.75 * found.area_um2, found) == pytest.approx(0.25, rel=1e-12)
    assert saving(2 * found.area_um2, found) == pytest.approx(-1, rel=1e-12)
    for area in (-1.0, float("nan")):
        with pytest.raises(ValueError) as refused:
            saving(area, found)
        assert str(refused.value) == f"ours_um2 must be at least 0, not {area}"


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (lambda it: multiplier("signd", 8, 8, it), "a_format must be one of signed, unsigned, sign_magnitude, not"),
        (lambda it: multiplier("signed", 8, 65, it), "b_width must be between 1 and 64, not 65"),
        (lambda it: mac("signed", 8, 8, 12, it), "accumulator_width must be between 16 and 160, not 12"),
        (lambda it: float_adder("fp23", it), "unknown floating-point format 'fp23'"),
        (lambda it: sar_logic(1, it), "bits must be between 2 and 16, not 1"),
        (lambda it: sar_logic(4, it, delay_ps=0), "delay_ps must be at least 1, not 0"),
        (lambda it: sar_logic(4, it, delay_ps=float("nan")), "delay_ps must be at least 1, not nan"),
    ],
)
def test_bad_tasks_are_refused(library: Library, search: Search, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        search(library)
    assert str(refused.value).startswith(message)


def test_the_table_has_a_row_for_each(library: Library) -> None:
    found = sar_logic(4, library)
    rows = text([found, found]).splitlines()
    assert rows[2] == rows[3]
    figures = f"{found.area_um2:,.1f} | {found.ge:,.0f} | {found.delay_ps:,.0f}"
    assert rows[2] == f"| SAR 4 bits | {figures} | {found.circuit} | {found.recipe} |"
    assert rows[-1].startswith("freepdk45; pre-layout, no wires, one corner")
    assert len(usual(library)) == 31


ADDER = """
library (tiny) {
  time_unit : "1ns"; capacitive_load_unit (1, pf);
  cell (INV) { area : 1; pin (A) { direction : input; capacitance : 0.002; }
    pin (Y) { direction : output; function : "!A"; } }
  cell (BUF) { area : 1; pin (A) { direction : input; capacitance : 0.001; }
    pin (Y) { direction : output; function : "A"; } }
  cell (NAND2) { area : 1; pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Y) { direction : output; function : "!(A B)"; } }
  cell (DFF) { area : 7; ff (IQ, IQN) { next_state : "D"; clocked_on : "C"; }
    pin (C) { direction : input; clock : true; } pin (D) { direction : input; }
    pin (Q) { direction : output; function : "IQ"; } }
  %s
}
"""
INVERTED = """
  cell (FAN) { area : %s; pin (P) { direction : input; } pin (Q) { direction : input; } pin (R) { direction : input; }
    pin (CN) { direction : output; function : "!((P Q) + (R (P + Q)))"; }
    pin (SN) { direction : output; function : "!(P ^ Q ^ R)"; } }
"""


def test_adder_cells_are_known_by_what_they_compute(tmp_path: Path, library: Library) -> None:
    assert adder_cell(library).name == "FA_X1"  # type: ignore[union-attr]  # an absent cell fails the test as well
    path = tmp_path / "tiny.lib"
    path.write_text(ADDER % "")
    without = find("tiny", liberty=[path])
    path.write_text(ADDER % (INVERTED % 4))
    inverted = find("tiny", liberty=[path])
    rtl = find_design("integer_multiply").elaborate(MultiplyParameters(a_width=4, b_width=4, structure="array"))
    assert adder_cell(without) is None
    assert with_adder_cells(rtl, without) is None
    celled = with_adder_cells(rtl, inverted)
    assert celled is not None
    assert "  FAN cell_0 (.P(a), .Q(b), .R(c), .CN(carry_pin), .SN(sum_pin));\n" in celled.verilog
    assert "  assign carry = ~carry_pin;\n" in celled.verilog
    assert "  assign sum = ~sum_pin;\n" in celled.verilog
    operator = find_design("integer_multiply").elaborate(MultiplyParameters(a_width=4, b_width=4))
    assert with_adder_cells(operator, inverted) is None


@pytest.mark.parametrize(("name", "cell"), [("sky130hd", "fa_1"), ("ihp-sg13g2", None), ("asap7", "FAx1")])
def test_adder_cells_of_other_libraries(name: str, cell: str | None) -> None:
    if not (SHARED / name).is_dir():
        pytest.skip(f"{name} is not in {SHARED.name}")
    found = adder_cell(find(name, liberty=[SHARED / name]))
    assert (found is None) == (cell is None)
    assert cell is None or found is None or cell in found.name
