"""The words that span a sweep, the request made of them, and the search that walks through it."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from flow.sweep.request import make_request
from flow.sweep.search import BATCH, search_of
from flow.sweep.space import Space, read_space
from gen.catalog import find

UNIT, ADDER = find("nmpu_unit"), find("float_add")


def request(*words: str, metrics: tuple[str, ...] = ("error",), **options: Any):
    return make_request(ADDER, read_space(ADDER, words), metrics, **{"library": "freepdk45", **options})


def test_lists_ranges_and_mixtures_in_the_order_written(tmp_path: Path) -> None:
    config = tmp_path / "unit.toml"
    config.write_text('units = 8\nstorage = "external"\nsigned_input = true\n')
    words = ["columns_per_unit=1,2:6:2,8", "variant=single_round,branch_round", "signed_input=true,false", "units=-1:1"]
    space = read_space(UNIT, words, config)
    assert space.swept == {
        "columns_per_unit": [1, 2, 4, 6, 8],
        "variant": ["single_round", "branch_round"],
        "signed_input": [True, False],
        "units": [-1, 0, 1],
    }
    expected = list(product(*space.swept.values()))
    points = [space.point(index) for index in range(space.size)]
    assert [tuple(point[key] for key in space.swept) for point in points] == expected
    assert all(point["storage"] == "external" and point["input_bits"] == 10 for point in points)
    assert all(type(point["units"]) is int and type(point["signed_input"]) is bool for point in points)


def test_a_range_of_numbers_is_exact() -> None:
    from flow.sweep.space import _pieces

    assert list(_pieces("gain", "0.1:0.5:0.1", float)) == ["0.1", "0.2", "0.3", "0.4", "0.5"]
    assert list(_pieces("gain", "0:1:0.3", float)) == ["0.0", "0.3", "0.6", "0.9"]
    with pytest.raises(ValueError, match=r"^a range of gain must have a step \(lo:hi:step\), not be '1:2'$"):
        list(_pieces("gain", "1:2", float))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["unit=1"], "unknown key 'unit': did you mean 'units'? allowed: accumulator_bits"),
        (["units"], "parameters are given as key=value, not 'units'"),
        (["units=1", "units=2"], "units is given twice"),
        (["units=1,1:3"], "units must list each value once, not 1 twice"),
        (["units=many"], "units must be an integer, not 'many'"),
        (["units=1,,2"], "units must be an integer, not ''"),
        (["units=1:2:3:4"], "a range of units must be lo:hi or lo:hi:step, not '1:2:3:4'"),
        (["units=1:x"], "a range of units must have integers, not 'x'"),
        (["units=3:1"], "a range of units must rise by a step > 0, not be '3:1'"),
        (["units=1:3:0"], "a range of units must rise by a step > 0, not be '1:3:0'"),
        (["units=1:9999999999"], "a range of units must hold at most 10000 values, not 9999999999"),
        (["signed_input=false:true"], "signed_input must be true or false, not 'false:true'"),
    ],
)
def test_bad_words_are_refused_in_one_line(words: list[str], message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        read_space(UNIT, words)
    assert str(refusal.value).startswith(message)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"search": "gird"}, "unknown search 'gird': did you mean 'grid'? allowed: grid, optuna, random"),
        ({"metrics": ("arae",)}, "unknown metric 'arae': did you mean 'area'? allowed: area, delay, energy, error"),
        ({"metrics": ("error", "error")}, "metric must name each metric once, not error,error"),
        ({"library": "sky13"}, "unknown library 'sky13': did you mean 'sky130hd'?"),
        ({"points": 3}, "points belong to the searches random and optuna; a grid tries all"),
        ({"search": "random"}, "the search random needs a number of points, 1 to 6"),
        ({"search": "optuna", "points": 7}, "points must be between 1 and 6, not 7"),
        ({"search": "random", "points": 0}, "points must be between 1 and 6, not 0"),
    ],
)
def test_a_bad_request_is_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        request("exponent_bits=2,3", "fraction_bits=1:3", **options)
    assert str(refusal.value).startswith(message)


def test_metrics_that_a_design_does_not_have_are_refused() -> None:
    array = find("nmpu")
    with pytest.raises(ValueError, match=r"^delay cannot be measured on nmpu: designs priced block by block are not"):
        make_request(array, read_space(array, ()), ("delay",), library="freepdk45")


def test_spaces_that_no_search_can_hold_are_refused() -> None:
    keys = ("units", "input_bits", "output_bits", "shift_max")
    wide = Space(fixed=read_space(UNIT, ()).fixed, swept={key: range(9000) for key in keys})
    with pytest.raises(
        ValueError, match=r"^a grid must have at most 100000 points, not 6561000000000000; use --search"
    ):
        make_request(UNIT, wide, ("error",), library="freepdk45")
    wider = Space(fixed=wide.fixed, swept={**wide.swept, "shift_min": range(9000)})
    with pytest.raises(ValueError, match=r"^the keys must span at most \d+ points, not \d+$"):
        make_request(UNIT, wider, ("error",), library="freepdk45", search="random", points=3)


def walk(search, values_of) -> list[list[dict[str, Any]]]:
    """The parameters of each batch, told the values that ``values_of`` gives."""
    batches, batch = [], next(search)
    while True:
        batches.append([point.parameters for point in batch])
        assert [point.number for point in batch] == list(
            range(sum(map(len, batches[:-1])) + 1, sum(map(len, batches)) + 1)
        )
        try:
            batch = search.send([values_of(point.parameters) for point in batch])
        except StopIteration:
            return batches


def test_a_grid_is_every_point_once_and_random_points_are_a_seeded_part_of_it() -> None:
    words = ("exponent_bits=2:8", "fraction_bits=1:23", "flush_to_zero=false,true")
    (grid,) = walk(search_of(request(*words)), lambda _: [1.0])
    assert len(grid) == 7 * 23 * 2 == len({tuple(point.items()) for point in grid})
    draws = []
    for seed in (1, 1, 2):
        (drawn,) = walk(search_of(request(*words, search="random", points=50, seed=seed)), lambda _: [1.0])
        assert len({tuple(point.items()) for point in drawn}) == 50
        assert all(point in grid for point in drawn)
        draws.append(drawn)
    assert draws[0] == draws[1] != draws[2]
    everything = request(*words, search="random", points=7 * 23 * 2)
    (shuffled,) = walk(search_of(everything), lambda _: [1.0])
    assert sorted(shuffled, key=str) == sorted(grid, key=str)
    assert shuffled != grid


def valley(parameters: dict[str, Any]) -> list[float] | None:
    """Two goals that pull at the same two keys; a third of the plane is refused."""
    x, y = parameters["exponent_bits"], parameters["fraction_bits"]
    if (x + y) % 3 == 0:
        return None
    return [x + abs(y - 12), (8 - x) + abs(y - 12)]


def test_optuna_takes_the_same_way_for_the_same_seed_and_values() -> None:
    pytest.importorskip("optuna", reason="the extra optimize is not installed")
    words, goals = ("exponent_bits=2:8", "fraction_bits=1:23", "flush_to_zero=false,true"), ("error", "area")

    def way(seed: int, values_of=valley) -> list[list[dict[str, Any]]]:
        search = search_of(request(*words, metrics=goals, search="optuna", points=50, seed=seed))
        return walk(search, values_of)

    first = way(1)
    assert first == way(1)
    assert first != way(2)
    assert [len(batch) for batch in first] == [BATCH] * 6 + [2]
    assert len({str(point) for batch in first for point in batch}) == 50
    # The values decide everything after the first batch, and nothing in it.
    other = way(1, lambda parameters: [float(parameters["fraction_bits"])] * 2)
    assert first[0] == other[0]
    assert first[1:] != other[1:]


def test_optuna_comes_nearer_to_the_front_than_chance() -> None:
    pytest.importorskip("optuna", reason="the extra optimize is not installed")
    words = ("exponent_bits=2:8", "fraction_bits=1:23", "flush_to_zero=false,true")

    def found(search: str, seed: int) -> int:
        """How many of the 40 points lie in the bottom of the valley, where the whole front is."""
        sweep = request(*words, metrics=("error", "area"), search=search, points=40, seed=seed)
        points = [point for batch in walk(search_of(sweep), valley) for point in batch]
        return sum(abs(point["fraction_bits"] - 12) <= 1 for point in points if valley(point))

    assert sum(found("optuna", seed) for seed in range(4)) > 1.5 * sum(found("random", seed) for seed in range(4))


def test_optuna_finds_every_point_of_a_small_space() -> None:
    pytest.importorskip("optuna", reason="the extra optimize is not installed")
    sweep = request("exponent_bits=2:4", "flush_to_zero=true,false", search="optuna", points=6)
    points = [point for batch in walk(search_of(sweep), lambda _: [1.0]) for point in batch]
    assert sorted((point["exponent_bits"], point["flush_to_zero"]) for point in points) == [
        (bits, flush) for bits in (2, 3, 4) for flush in (False, True)
    ]
