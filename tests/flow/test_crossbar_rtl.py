"""The digits through the Verilog of the tiles: every layer as the golden dataflow has it, what differs is noticed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flow.crossbar import rtl as digits_rtl
from flow.crossbar.digits import ReadOut, golden_products
from flow.crossbar.rtl import IMAGES, simulate_images, simulated_digits
from flow.crossbar.rtl_comparison import SimulatedDigits, text_lines
from flow.crossbar.tiles import TILES, Tile
from flow.digits.data import load as load_digits
from flow.digits.network import load, patches
from gen.rtl import Rtl
from hdl.crossbar.tile_converters import TileParameters
from sim_models.crossbar import conversions
from sim_models.crossbar.parameters import CASCADE, ISAAC, NEURAL_PIM
from verif.crossbar_layers import run_layer

# Row blocks that are not full, groups of outputs that are not, and scans that take more than an array cycle.
ROWS, OUTPUTS = 20, 4
SLOTS = {ISAAC: 64, CASCADE: 32, NEURAL_PIM: 4}


def small(strategy: str) -> TileParameters:
    (tile, *_) = (tile for tile in TILES if tile.strategy == strategy)
    return replace(tile.parameters, rows=ROWS, outputs=OUTPUTS, slots_per_cycle=SLOTS[strategy])


def elaborated(parameters: TileParameters) -> Rtl:
    return Tile(strategy=parameters.strategy, dac_bits=parameters.dac_bits).design.elaborate(parameters)


def simulated(rtl: Rtl, parameters: TileParameters, images: int) -> SimulatedDigits:
    digits = load_digits()
    chosen = replace(digits, test_images=digits.test_images[:images], test_labels=digits.test_labels[:images])
    return simulate_images(rtl, parameters, load(), chosen)


@pytest.mark.parametrize("strategy", [ISAAC, CASCADE, NEURAL_PIM])
def test_a_layer_is_that_of_the_golden_dataflow_in_the_clock_cycles_of_the_formula(strategy: str) -> None:
    p = small(strategy)
    layer = load()[1]
    vectors = np.random.default_rng(1).integers(0, 128, (5, 144)).astype(np.int8)
    found = run_layer(elaborated(p), p, vectors.astype(np.int64), layer.weights.astype(np.int64))
    assert np.array_equal(found.values, golden_products(layer, vectors, ReadOut(parameters=p)))
    assert found.strobes == found.counted == found.expected == 5 * 8 * 32 * conversions(p)
    assert found.cycles == found.expected_cycles > 0
    assert found.astray == 0
    assert found.runs == (8 if strategy == NEURAL_PIM else 64)


def test_shapes_that_do_not_agree_are_refused() -> None:
    p = small(CASCADE)
    with pytest.raises(ValueError, match=r"none of zero, not \(2, 9\) and \(8, 4\)"):
        run_layer(elaborated(p), p, np.zeros((2, 9), np.int64), np.zeros((8, 4), np.int64))


@pytest.fixture(scope="module")
def found() -> SimulatedDigits:
    p = TILES[-1].parameters
    return simulated(elaborated(p), p, 2)


def test_digits_run_through_a_tile_with_the_range_of_each_layer(found: SimulatedDigits) -> None:
    assert found.identical
    assert [(layer.name, layer.values) for layer in found.layers] == [
        ("conv1", 2 * 64 * 16), ("conv2", 2 * 16 * 32), ("conv3", 2 * 4 * 64), ("logits", 2 * 10),
    ]  # fmt: skip
    assert [layer.conversions for layer in found.layers] == [2 * 64 * 16, 2 * 16 * 32 * 2, 2 * 4 * 64, 2 * 16 * 2]
    assert found.correct == found.golden_correct
    assert found.other_digits == 0
    lines = text_lines([found])
    assert lines[0].startswith("ours: 2 digits through the Verilog of the tiles")
    assert lines[-2].endswith("identical: met")


def test_what_differs_is_noticed(found: SimulatedDigits) -> None:
    first, *others = found.layers
    for change in (
        {"differences": 1}, {"conversions": first.conversions - 1}, {"cycles": first.cycles + 1}, {"astray": 1},
        {"saturations": first.saturations + 1}, {"counters_agree": False},
    ):  # fmt: skip
        changed = replace(found, layers=(replace(first, **change), *others))
        assert not changed.identical
        assert text_lines([found, changed])[-2].endswith("identical: NOT MET")
    assert not replace(found, other_digits=1).identical


def test_a_tile_of_another_schedule_is_found_out() -> None:
    p = small(CASCADE)
    rtl = elaborated(replace(p, cascade_tail_cycles=3))
    layer = load()[0]
    image = patches(load_digits().test_images[:1].astype(np.int8)[..., np.newaxis], layer.geometry)
    run = run_layer(rtl, p, image.reshape(-1, 9).astype(np.int64), layer.weights.astype(np.int64))
    assert run.astray == 64 * 4
    assert run.cycles == run.expected_cycles + 4 * p.slots_per_cycle


def test_results_are_kept_until_something_else_is_asked_for(
    found: SimulatedDigits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def measured(*arguments: object) -> SimulatedDigits:
        made.append(len(made))
        return found

    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path))
    monkeypatch.setattr(digits_rtl, "simulate_images", measured)
    tiles = TILES[-1:]
    assert simulated_digits(tiles, images=2) == simulated_digits(tiles, images=2) == (found,)
    assert len(made) == 1
    simulated_digits(tiles, images=3)
    assert len(made) == 2
    with pytest.raises(ValueError, match="images must be between 1 and 899, not 0"):
        simulated_digits(images=0)


@pytest.mark.slow
def test_every_tile_is_identical_on_the_digits_of_the_report() -> None:
    steps: list[str] = []
    found = simulated_digits(step=steps.append)
    assert len(steps) == len(TILES) == len(found)
    assert all(each.identical and each.images == IMAGES for each in found)
    exact, searching, stored, *others = found
    assert [layer.conversions for layer in searching.layers] == [layer.conversions for layer in exact.layers]
    assert (exact.correct, exact.golden_correct) == (stored.correct, stored.golden_correct)
    # An output of A takes a conversion for each pair of slices and polarity, of B one for each significance.
    for one, other, whole, wide in zip(*(each.layers for each in (exact, stored, *others)), strict=True):
        assert one.conversions * 15 == other.conversions * 128
        assert other.conversions == 15 * whole.conversions
        assert whole.conversions == wide.conversions
        assert wide.cycles < whole.cycles / 2.5
