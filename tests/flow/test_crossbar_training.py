"""Training of the crossbar's networks: repeatable, one line where PyTorch is missing; rounding and the table."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flow.crossbar import converter_levers, lever_table, levers
from flow.crossbar.dataflow_sinad import data_db
from flow.crossbar.recipes import ADDER_VTC, SIGMA, SMALL_SCALE
from flow.crossbar.rounding import descended, expected_error, linear_start, refitted
from sim_models.crossbar.conductance import CellParameters
from sim_models.crossbar.neural_adder import adder_error, adder_weights, instance, random_inputs
from sim_models.crossbar.peripherals import load

CELLS = CellParameters(bits=3, sigma=SIGMA)
EXACT = replace(CELLS, sigma=0.0)


def test_without_pytorch_it_ends_with_one_line(tmp_path: Path) -> None:
    program = (
        "import sys, runpy; sys.modules['torch'] = None; runpy.run_module('flow.crossbar.train', run_name='__main__')"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "networks.npz")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == "flow.crossbar.train needs PyTorch: pip install 'bitline[train]'\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_short_training_twice_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="training needs PyTorch")
    from flow.crossbar import train

    for name, number in (("STEPS", 20), ("STAGE_STEPS", 20), ("DESIGN_INPUTS", 100)):
        monkeypatch.setattr(train, name, number)
    for name in ("first.npz", "second.npz"):
        train.main(tmp_path / name)
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    assert load(tmp_path / "first.npz").adders.keys() == load().adders.keys()


@pytest.mark.slow
def test_the_exported_networks_are_those_that_were_trained(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="training needs PyTorch")
    from flow.crossbar import train
    from flow.crossbar.recipes import TRAINED
    from flow.digits.weights_file import write

    torch.manual_seed(3)
    for recipe in TRAINED:
        module = train.AdderModule(recipe)
        values = random_inputs(20, np.random.default_rng(4))
        module.recipe = replace_sigma(recipe)
        wanted = module(torch.tensor(values, dtype=torch.float32)).detach().numpy()
        path = tmp_path / f"{recipe.name}.npz"
        write(train.exported({recipe.name: module.networks()}, load().stage), path)
        for place, dac_bits in enumerate((1, 2, 4)):
            made = instance(load(path).adder(recipe.name, dac_bits)).output(values)
            assert made == pytest.approx(wanted[place], abs=2e-5)


def replace_sigma(recipe):
    """The recipe with cells that do not deviate."""

    class Exact(type(recipe)):
        @property
        def cell_parameters(self) -> CellParameters:
            return CellParameters(bits=3, cells=self.cells, sigma=0.0, variation=self.variation)

    return Exact(**vars(recipe))


# Rounding


@pytest.mark.parametrize("dac_bits", [1, 2, 4])
def test_the_linear_start_has_the_wanted_weights(dac_bits: int) -> None:
    """Products of codes, summed over the neurons, are in the ratio of the weights: within one product of ones."""
    network = linear_start(dac_bits, 32, EXACT, ADDER_VTC, SMALL_SCALE)
    products = -network.input_codes @ network.output_codes
    weights = adder_weights(dac_bits)
    scale = products @ weights / (weights @ weights)
    assert products == pytest.approx(scale * weights, abs=1.0)
    values = random_inputs(500, np.random.default_rng(6))
    assert adder_error(instance(refitted(network, values)), values) < 1e-3


def test_the_expected_error_is_the_mean_over_instances() -> None:
    network, values = load().adder("rounded", 1), random_inputs(300, np.random.default_rng(7))
    errors = [adder_error(instance(network, CELLS, np.random.default_rng(seed)), values) ** 2 for seed in range(600)]
    assert expected_error(network, CELLS, values) == pytest.approx(np.mean(errors), rel=0.1)


def test_a_descent_lowers_the_expected_error() -> None:
    values = random_inputs(200, np.random.default_rng(8))
    network = load().adder("plain", 4)
    made = descended(network, CELLS, values)
    assert expected_error(made, CELLS, values) < 0.95 * expected_error(network, CELLS, values)
    assert np.abs(made.input_codes).max() <= 7
    assert np.abs(made.input_codes - network.input_codes).sum() > 0


# The table


@pytest.fixture(scope="module")
def results() -> dict[tuple[str, int], levers.Result]:
    peripherals = load()
    wanted = ("0 plain: 32 neurons, 3-bit", "4, 7 and 8: 64", "2, 4, 7 and 8: 64")
    chosen = [lever for lever in levers.LEVERS if lever.name in wanted]
    assert len(chosen) == len(wanted)
    return {(it.name, bits): levers.measure(it, bits, peripherals, 5) for it in chosen for bits in (1, 4)}


@pytest.mark.parametrize("dac_bits", [1, 4])
def test_levers_take_the_networks_from_below_to_fifty_decibels(dac_bits: int, results: dict) -> None:
    plain = results["0 plain: 32 neurons, 3-bit", dac_bits]
    wide = results["4, 7 and 8: 64", dac_bits]
    trimmed = results["2, 4, 7 and 8: 64", dac_bits]
    assert plain.fit < 45
    assert wide.fit > lever_table.TARGET_DB
    assert wide.sine_exact == pytest.approx(50.0, abs=0.1)
    assert trimmed.fit > wide.fit
    assert trimmed.sine == pytest.approx(50.0, abs=3.1)
    assert trimmed.sine_worst <= trimmed.sine <= trimmed.sine_exact + 0.1


def test_a_figure_is_the_median_over_its_own_instances(results: dict) -> None:
    found = results["4, 7 and 8: 64", 1]
    network, values = load().adder("linear64", 1), random_inputs(2000, np.random.default_rng(1))
    errors = [adder_error(instance(network, CELLS, np.random.default_rng(seed)), values) for seed in range(5)]
    assert found.fit == pytest.approx(np.median([-20 * np.log10(error * 2**0.5) for error in errors]))


def test_every_lever_has_its_network_and_every_network_a_lever() -> None:
    assert {lever.network for lever in levers.LEVERS} == {name for name, _ in load().adders}


def test_ranges_must_be_calibrated() -> None:
    assert data_db(None, None, 1) > 35
    assert data_db(None, None, 1, ranges=False) < 10


def test_the_trimmed_pipeline_reaches_fifty_decibels() -> None:
    rows = {it.name: it for it in converter_levers.converters(load(), 3)}
    assert rows["biases and gains trimmed"].median == pytest.approx(50.0, abs=0.5)
    assert rows["biases and gains trimmed"].data > 39
    assert rows["pipeline, not trained"].exact == pytest.approx(50.0, abs=0.1)
    assert rows["pipeline 4+4"].median < 40
    assert all(row.worst <= row.median for row in rows.values())


def test_the_table_has_a_row_for_each_lever_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two levers of the table, one instance each: rows, gains over the base case, steps and lines."""
    chosen = levers.LEVERS[0], levers.LEVERS[10]
    monkeypatch.setattr(lever_table, "LEVERS", chosen)
    monkeypatch.setattr(lever_table, "converters", lambda peripherals, instances: [])
    done: list[str] = []
    table = lever_table.lever_table(dac_bits=(4,), instances=1, step=done.append)
    rows = lever_table.lever_rows(table)
    assert [row["part"] for row in rows] == ["NNS+A", "NNS+A", "no networks", "both"]
    assert [row["lever"] for row in rows[:2]] == [lever.name for lever in chosen]
    assert rows[0]["gain_db"] == 0
    assert rows[1]["gain_db"] == rows[1]["fit"] - rows[0]["fit"] > 8
    assert rows[3]["short_of_target_db"] == 50 - rows[3]["sine"]
    assert {(row["evidence"], row["instances"]) for row in rows} == {("ours", 1)}
    assert len(done) == lever_table.table_steps((4,)) == 4
    lines = lever_table.lever_lines(table)
    assert next(line for line in lines if chosen[1].name in line).split()[-7] == f"{rows[1]['gain_db']:.1f}"


def test_levers_one_to_six_come_first_and_in_order() -> None:
    assert [lever.name[0] for lever in levers.LEVERS[:8]] == list("01234567")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"instances": 0}, "instances must be at least 1, not 0"),
        ({"dac_bits": (3,)}, "dac_bits must be of (1, 2, 4), not 3"),
    ],
)
def test_a_table_of_nothing_is_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError) as problem:
        lever_table.lever_table(**arguments)
    assert str(problem.value) == message
