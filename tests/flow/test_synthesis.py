"""Synthesis: areas that can be counted by hand, hierarchy, cache, determinism, recipes, errors."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from flow.libraries import Library, find
from flow.synthesis import best_of, synthesize
from flow.synthesis.hierarchy import breakdown
from flow.synthesis.jobs import Jobs, SynthesisError
from flow.synthesis.recipes import (
    AREA,
    AREA_RECIPES,
    BALANCED,
    DENSE_BOOTH,
    PLAIN,
    SPEED,
    Recipe,
    buffered,
    hierarchical,
)
from gen.rtl import Rtl

DFF_UM2, NAND2_UM2 = 4.522, 0.798


@pytest.fixture(scope="module")
def library() -> Library:
    return find()


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def design(body: str, ports: str, name: str = "top") -> Rtl:
    return Rtl(name=name, verilog=f"module {name}({ports});\n{body}\nendmodule\n", ports=(), clocked="clk" in ports)


NAND = design("assign y = ~(a & b);", "input a, input b, output y")


def registers(count: int) -> Rtl:
    ports = f"input clk, input [{count - 1}:0] d, output reg [{count - 1}:0] q"
    return design("always @(posedge clk) q <= d;", ports)


def product(width: int = 8) -> Rtl:
    sides = f"input signed [{width - 1}:0] a, input signed [{width - 1}:0] b"
    return design("assign y = a * b;", f"{sides}, output signed [{2 * width - 1}:0] y")


TREE = Rtl(
    name="top",
    verilog="""
module leaf(input clk, input [3:0] a, output reg [3:0] q); always @(posedge clk) q <= a + 4'd5; endmodule
module mid(input clk, input [3:0] a, output [3:0] q);
  wire [3:0] t; leaf left(clk, a, t); leaf right(clk, t, q);
endmodule
module top(input clk, input [3:0] a, output [3:0] q, output z);
  wire [3:0] t; mid pair(clk, a, t); leaf last(clk, t, q); assign z = ^t;
endmodule
""",
    ports=(),
    clocked=True,
)


@pytest.mark.parametrize("count", [1, 7])
def test_registers_cost_as_many_flip_flops(count: int, library: Library) -> None:
    result = synthesize(registers(count), PLAIN, library)
    assert result.cells == {"DFF_X1": count}
    assert (result.flip_flops, result.latches, result.delay_ps) == (count, 0, 0.0)
    assert result.area_um2 == pytest.approx(count * DFF_UM2, rel=1e-12)
    assert result.area_um2 == result.sequential_um2
    assert result.ge == pytest.approx(count * DFF_UM2 / NAND2_UM2, rel=1e-12)


def test_nand_is_one_gate_equivalent(library: Library) -> None:
    result = synthesize(NAND, PLAIN, library)
    assert (result.cells, result.ge, result.area_um2, result.sequential_um2) == ({"NAND2_X1": 1}, 1.0, NAND2_UM2, 0)
    assert 5 < result.delay_ps < 100


def test_result_names_what_it_depends_on(library: Library) -> None:
    result = synthesize(NAND, AREA, library)
    assert result.provenance["yosys"].startswith("Yosys 0.")
    assert result.provenance["liberty_sha256"] == library.content_hash
    assert result.provenance["script"] == AREA.script
    assert result.provenance["options"] == "-flatten"


def test_breakdown_adds_up_to_the_total(library: Library) -> None:
    (recipe,) = hierarchical((AREA,))
    result = synthesize(TREE, recipe, library)
    parts = breakdown(result.modules, "top")
    assert [part.path for part in parts] == ["", "last", "pair", "pair.left", "pair.right"]
    assert sum(part.own_um2 for part in parts) == pytest.approx(result.area_um2, rel=1e-12)
    assert parts[0].total_um2 == pytest.approx(result.area_um2, rel=1e-12)
    leaf = parts[1].own_um2
    assert [part.total_um2 for part in parts[1:]] == pytest.approx([leaf, 2 * leaf, leaf, leaf], rel=1e-12)
    assert sum(part.sequential_um2 for part in parts) == pytest.approx(12 * DFF_UM2, rel=1e-12)
    assert result.flip_flops == 12


def test_path_through_the_hierarchy_is_timed_whole(library: Library) -> None:
    chain = """
module stage(input [7:0] a, input [7:0] b, output [7:0] y); assign y = a + b; endmodule
module top(input [7:0] a, input [7:0] b, output [7:0] y);
  wire [7:0] t; stage one(.a(a), .b(b), .y(t)); stage two(.a(t), .b({b[0], b[7:1]}), .y(y));
endmodule
"""
    (recipe,) = hierarchical((PLAIN,))
    whole = synthesize(replace(TREE, verilog=chain), recipe, library)
    stage = synthesize(replace(TREE, name="stage", verilog=chain), recipe, library)
    assert stage.delay_ps * 1.1 < whole.delay_ps < stage.delay_ps * 2.1


def test_unchanged_input_is_not_synthesised_again(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    first = synthesize(TREE, AREA, library)
    monkeypatch.setattr(Jobs, "run", lambda *_: pytest.fail("a job was started"))
    assert synthesize(TREE, AREA, library) == first


def test_every_input_is_part_of_the_key(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    synthesize(NAND, PLAIN, library)
    runs: list[str] = []
    real = Jobs.run
    monkeypatch.setattr(Jobs, "run", lambda *arguments: runs.append("run") or real(*arguments))
    synthesize(replace(NAND, verilog=NAND.verilog + "\n"), PLAIN, library)
    synthesize(NAND, AREA, library)
    synthesize(NAND, replace(PLAIN, flatten=False), library)
    synthesize(NAND, PLAIN, replace(library, content_hash="other"))
    assert len(runs) == 4


def entry_of(cache: Path) -> Path:
    (folder,) = (cache / "synthesis").iterdir()
    return folder


@pytest.mark.parametrize("damage", ["truncated", "edited", "netlist", "missing", "other form"])
def test_damaged_cache_entry_is_redone(damage: str, library: Library, empty_cache: Path) -> None:
    first = synthesize(NAND, PLAIN, library)
    record, netlist = entry_of(empty_cache) / "record.json", entry_of(empty_cache) / "netlist.v"
    match damage:
        case "truncated":
            record.write_text(record.read_text()[:-40])
        case "edited":
            record.write_text(record.read_text().replace('"NAND2_X1": 1', '"NAND2_X1": 2'))
        case "netlist":
            netlist.write_text(netlist.read_text().replace("NAND2_X1", "NOR2_X1"))
        case "missing":
            netlist.unlink()
        case "other form":
            record.write_text("[]")
    assert synthesize(NAND, PLAIN, library) == first
    assert json.loads(record.read_text())["content"]["modules"]["top"]["cells"] == {"NAND2_X1": 1}


def test_failed_job_leaves_nothing_in_the_cache(library: Library, empty_cache: Path) -> None:
    with pytest.raises(SynthesisError):
        synthesize(design("assign y = ;", "output y"), PLAIN, library)
    assert not list((empty_cache / "synthesis").iterdir())


def test_fresh_processes_agree(library: Library) -> None:
    first, second = (synthesize(product(6), DENSE_BOOTH, library, use_cache=False) for _ in range(2))
    assert first == second


def test_two_designs_in_either_order_get_the_same_areas(library: Library) -> None:
    def areas(*designs: Rtl) -> dict[str, float]:
        return {rtl.verilog: synthesize(rtl, PLAIN, library, use_cache=False).area_um2 for rtl in designs}

    assert areas(TREE, product(5)) == areas(product(5), TREE)


def error(rtl: Rtl, library: Library, recipe: Recipe = PLAIN, **options) -> str:
    with pytest.raises(SynthesisError) as caught:
        synthesize(rtl, recipe, library, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_error_of_yosys_is_one_line(library: Library) -> None:
    message = error(design("assign y = a +;", "input a, output y"), library)
    assert message == "top, recipe plain, freepdk45: design.v:2: syntax error, unexpected ';'"


def test_missing_submodule_is_named(library: Library) -> None:
    message = error(design("other part(.a(a), .y(y));", "input a, output y"), library)
    assert message.startswith("top, recipe plain, freepdk45: Module `\\other' referenced in module `\\top'")


def test_cell_that_the_library_lacks_is_named(tmp_path: Path, library: Library) -> None:
    text = library.paths[0].read_text()
    without = tmp_path / "combinational.lib"
    start, end = text.index("cell (DFFRS_X1)"), text.index("cell (DLH_X1)")
    without.write_text(text[:start] + text[end:])
    message = error(registers(2), find("partial", [without]))
    assert message.startswith("top, recipe plain, partial: FF top.")
    assert message.endswith("cannot be legalized: D flip-flops are not supported")


def test_black_box_is_no_free_cell(library: Library) -> None:
    box = "(* blackbox *) module array(input a, output y); endmodule\n"
    holder = design("array one(.a(a), .y(y));", "input a, output y")
    message = error(replace(holder, verilog=box + holder.verilog), library)
    assert message == "top, recipe plain, freepdk45: the library has no cell for array"


def test_liberty_that_yosys_cannot_read(tmp_path: Path, library: Library) -> None:
    broken = tmp_path / "broken.lib"
    broken.write_text(library.paths[0].read_text().replace("cell (AOI21_X1) {", "cell (AOI21_X1) { = = =", 1))
    assert error(registers(1), find("broken", [broken])).startswith("top, recipe plain, broken: ")


@pytest.mark.parametrize("name", ["top; exec ls", "top\n", "", "1top", "top -flatten", "töp", "$top", "../top"])
def test_name_that_is_no_identifier_is_refused(name: str, library: Library, empty_cache: Path) -> None:
    with pytest.raises(ValueError) as caught:
        synthesize(replace(NAND, name=name), PLAIN, library)
    assert str(caught.value) == f"the design's name must be a plain identifier, not {name!r}"
    assert not (empty_cache / "synthesis").exists()


def test_job_itself_refuses_a_bad_name(library: Library) -> None:
    with pytest.raises(SynthesisError) as caught:
        Jobs().run(replace(NAND, name="top; exec touch here"), PLAIN, library)
    assert str(caught.value).endswith("a module's name must be a plain identifier, not 'top; exec touch here'")


def test_job_that_takes_too_long_is_ended(library: Library) -> None:
    message = error(product(16), library, DENSE_BOOTH, jobs=Jobs(timeout_s=1.0))
    assert message == "top, recipe dense_booth, freepdk45: no result after 1 s"


def test_stopped_job_ends_at_once(library: Library) -> None:
    jobs = Jobs()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(jobs.run, product(16), DENSE_BOOTH, library)
        while not jobs.running:
            time.sleep(0.01)
        jobs.stop()
        with pytest.raises(SynthesisError, match="Yosys ended with status -9"):
            running.result(timeout=10)
    assert not jobs.running


def test_users_modules_do_not_get_into_the_job(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('wrong json')\n")
    monkeypatch.chdir(tmp_path)
    assert synthesize(NAND, PLAIN, library).ge == 1.0


def test_odd_paths_do_not_matter(tmp_path: Path, library: Library) -> None:
    odd = tmp_path / "a folder; with $signs"
    odd.mkdir()
    (odd / "cells 1.lib").symlink_to(library.paths[0])
    assert synthesize(NAND, PLAIN, find("odd", [odd / "cells 1.lib"])).area_um2 == NAND2_UM2


@pytest.mark.parametrize("option", ["-arith_tree", "-top", "; exec ls"])
def test_recipe_with_another_option_is_refused(option: str) -> None:
    with pytest.raises(ValueError, match="options must be among"):
        replace(PLAIN, options=(option,))


def test_best_of_keeps_all_results_and_picks_the_smallest(library: Library) -> None:
    best = best_of(product(), AREA_RECIPES, library)
    areas = {result.recipe: result.area_um2 for result in best.results}
    print(areas)
    assert list(areas) == [recipe.name for recipe in AREA_RECIPES]
    assert best.winner.area_um2 == min(areas.values())
    assert best.winner.recipe == "dense_booth"
    # A plain run gives half as much again as the smallest: no saving may be measured against it.
    assert areas["dense_booth"] < 285 < areas["booth"] < 360 < areas["area"] < 410 < areas["plain"] < 480


def test_best_of_by_delay(library: Library) -> None:
    best = best_of(product(6), (PLAIN, BALANCED, SPEED), library, by="delay")
    delays = [result.delay_ps for result in best.results]
    assert delays == sorted(delays, reverse=True)
    assert best.winner.recipe == "speed"


def test_best_of_refuses_bad_goals_and_no_recipes(library: Library) -> None:
    with pytest.raises(ValueError) as caught:
        best_of(NAND, (PLAIN,), library, by="areas")
    assert str(caught.value) == "unknown goal 'areas': did you mean 'area'? allowed: area, delay"
    with pytest.raises(ValueError, match="at least one recipe"):
        best_of(NAND, (), library)


def test_best_of_fails_when_one_recipe_fails(library: Library) -> None:
    broken = replace(PLAIN, name="broken", mapping="no_such_command")
    with pytest.raises(SynthesisError, match="recipe broken"):
        best_of(NAND, (PLAIN, broken), library)


def test_delay_target_trades_delay_for_area(library: Library) -> None:
    fast, slow = (synthesize(product(6), replace(BALANCED, delay_target_ps=ps), library) for ps in (300, 700))
    assert fast.delay_ps < slow.delay_ps
    assert fast.area_um2 > slow.area_um2


def test_buffers_shorten_a_heavily_loaded_path(library: Library) -> None:
    wide = design("assign y = d & {512{e}};", "input [511:0] d, input e, output [511:0] y")
    bare, driven = (synthesize(wide, recipe, library) for recipe in (AREA, buffered(AREA)))
    assert driven.delay_ps < bare.delay_ps / 4
    assert bare.area_um2 < driven.area_um2 < 1.3 * bare.area_um2
