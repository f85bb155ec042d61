"""Area-delay fronts: no point is beaten, targets are met where they can be, files are whole and ours."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from flow.libraries import find
from flow.prices.front_report import write_front
from flow.synthesis import synthesize
from flow.synthesis.front import FRONT_RECIPES, Front, FrontPoint, measure_front
from flow.synthesis.recipes import AREA, BALANCED, SPEED, buffered, sized
from gen.rtl import Rtl

PRODUCT = Rtl(
    name="product",
    verilog="module product(input [4:0] a, input [4:0] b, output [9:0] y); assign y = a * b; endmodule",
    ports=(),
    clocked=False,
)
RECIPES = (buffered(AREA), sized(AREA), BALANCED, SPEED)


@pytest.fixture(scope="module")
def front() -> Front:
    return measure_front(PRODUCT, find(), recipes=RECIPES)


def test_front_holds_what_nothing_beats(front: Front) -> None:
    for point in front.points:
        beaten = any(
            other.area_um2 <= point.area_um2
            and other.delay_ps <= point.delay_ps
            and (other.area_um2, other.delay_ps) != (point.area_um2, point.delay_ps)
            for other in front.points
        )
        assert not (point.on_front and beaten)
        assert point.on_front or beaten or point in _twins(front, point)
    best = [point for point in front.points if point.on_front]
    assert len(best) >= 3
    assert all(one.delay_ps < two.delay_ps and one.area_um2 > two.area_um2 for one, two in pairwise(best))


def _twins(front: Front, point: FrontPoint) -> list[FrontPoint]:
    """Points of the same area and delay as ``point``, when one of them is on the front."""
    same = [it for it in front.points if (it.area_um2, it.delay_ps) == (point.area_um2, point.delay_ps)]
    return same if any(it.on_front for it in same) else []


def test_points_are_what_the_recipes_give(front: Front) -> None:
    mapped = synthesize(PRODUCT, BALANCED, find())
    point = next(it for it in front.points if it.recipe == "balanced" and it.target_ps is None)
    assert (point.area_um2, point.delay_ps, point.ge) == (mapped.area_um2, mapped.delay_ps, mapped.ge)


def test_targets_lie_between_the_fastest_and_the_smallest(front: Front) -> None:
    first = [it for it in front.points if it.target_ps is None]
    smallest = min(first, key=lambda it: it.area_um2)
    targets = sorted({it.target_ps for it in front.points if it.target_ps})
    assert len(targets) == 4
    assert min(it.delay_ps for it in first) < targets[0]
    assert targets[-1] == round(smallest.delay_ps)


def test_smallest_within_a_delay(front: Front) -> None:
    fastest, slowest = front.points[0], front.points[-1]
    assert front.smallest_within(fastest.delay_ps - 1) is None
    found = front.smallest_within((fastest.delay_ps + slowest.delay_ps) / 2)
    assert found is not None
    assert found.on_front
    assert front.smallest_within(1e9) == min(front.points, key=lambda it: it.area_um2)


def test_recipes_of_a_front_all_insert_buffers() -> None:
    assert all("buffer" in recipe.script for recipe in FRONT_RECIPES)
    assert len({recipe.name for recipe in FRONT_RECIPES}) == len(FRONT_RECIPES)


def test_written_front(front: Front, tmp_path: Path) -> None:
    table, plot = write_front(front, tmp_path / "new")
    record = json.loads(table.read_text())
    assert record["design"] == "product"
    assert record["conditions"] == "pre-layout, no wires, one corner"
    assert [point["area_um2"] for point in record["points"]] == [point.area_um2 for point in front.points]
    first = table.read_bytes(), plot.read_bytes()
    assert first[1].startswith(b"\x89PNG")
    write_front(front, tmp_path / "new")
    assert (table.read_bytes(), plot.read_bytes()) == first
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["product_front.json", "product_front.png"]


def test_a_foreign_file_stays(front: Front, tmp_path: Path) -> None:
    (tmp_path / "product_front.json").write_text("mine")
    with pytest.raises(ValueError) as error:
        write_front(front, tmp_path)
    assert str(error.value).endswith("holds a product_front that bitline did not write; choose another folder")
    assert (tmp_path / "product_front.json").read_text() == "mine"
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError) as error:
        write_front(front, tmp_path / "file")
    assert "cannot write to" in str(error.value)
