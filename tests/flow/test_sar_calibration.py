"""Calibration of the digits network: limits, the greedy choice, and real counts through the generated controller."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from flow.digits import data, network
from flow.digits.network import Layer
from flow.sar.arrays import ArrayParameters, add_up, layer_counts
from flow.sar.calibration import STEPS, calibrate_network, split
from flow.sar.configuration import network_configuration
from flow.sar.evaluation import Configurations, Evaluation, layer_inputs, map_network
from flow.sar.export import render_calibration
from flow.sar.greedy import Ladders, Rung, State, reduce, relax
from flow.sar.notes import notes, plain_comparisons
from flow.sar.report import text
from flow.sar.result import NetworkCalibration, Request
from flow.sar.workload import digits_workload
from gen.rtl import elaborate
from hdl.sar import TrqController
from sim_models.sar import ClippedParameters, calibrate, convert, csnr_db, mean_operations, nmse
from verif.batch import simulate
from verif.sar_loop import in_loop
from verif.sar_twin_range import full_rate, inputs
from verif.sar_twin_range_conversions import conversions

QUICK = Request(arrays=ArrayParameters(cell_bits=2), images=32)


def quiet(step: str) -> None:
    """No progress."""


@pytest.fixture(scope="module")
def result() -> NetworkCalibration:
    return calibrate_network(QUICK, quiet)


def test_limits_are_met_where_nothing_is_reported(result: NetworkCalibration) -> None:
    assert result.failures == []
    assert result.drop("held_out", "twin_range") <= QUICK.max_drop
    assert result.drop("held_out", "clipped_limit") <= QUICK.max_drop
    assert result.held_out["clipped"].tally.mean <= result.held_out["twin_range"].tally.mean * 1.01
    assert result.images == {"calibration": 32, "held_out": 866, "test": 899}


def test_without_error_the_network_is_the_exact_one(result: NetworkCalibration) -> None:
    for half, scores in (("held_out", result.held_out), ("test", result.test)):
        assert scores["lossless"].loss == 0
        assert scores["lossless"].correct == result.exact_correct[half]
        assert scores["lossless"].tally.clipped == 0
    assert result.saving("lossless") == 8 / result.test["lossless"].tally.mean > 1.6
    assert result.exact_correct["test"] == 887


def test_the_network_as_chosen_by_the_golden_model_alone(result: NetworkCalibration) -> None:
    """Twenty test images through numpy: counts, conversion, shift-add."""
    images = data.load().test_images[:20]
    arrays = {each.name: each for each in map_network(QUICK.arrays)}
    chosen = {layer.arrays.name: layer.parameters for layer in result.layers}
    operations, converted = 0, 0

    def multiply(layer: Layer, vectors: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        nonlocal operations, converted
        each = arrays[layer.geometry.name]
        made = convert(layer_counts(each, vectors), chosen[each.name])
        operations, converted = operations + int(made.operations.sum()), converted + made.operations.size
        return add_up(each, vectors, made.value)

    logits = network.run(network.load(), images, multiply=multiply)[-1]
    outcome = Evaluation(tuple(arrays.values()), images, np.zeros(20, int)).run(tuple(chosen.values()))
    assert (outcome.logits == logits).all()
    assert (outcome.tally.operations, outcome.tally.conversions) == (operations, converted)


def test_figures_of_each_layer_are_those_of_its_histogram(result: NetworkCalibration) -> None:
    images = data.load().train_images[split(data.load(), 32)[0]]
    vectors = layer_inputs(network.load(), images)
    for layer, seen in zip(result.layers, vectors, strict=True):
        counts = layer_counts(layer.arrays, seen)
        histogram = np.bincount(counts.ravel(), minlength=256)
        assert (layer.statistics.histogram == histogram).all()
        assert layer.chosen.step in STEPS
        assert layer.chosen.nmse <= layer.chosen.step
        best = calibrate(histogram, max_nmse=layer.chosen.step)
        assert (best.parameters, best.operations, best.nmse) == (
            layer.parameters,
            layer.chosen.operations,
            layer.chosen.nmse,
        )
        clipped = layer.clipped.configuration
        assert isinstance(clipped, ClippedParameters)
        assert layer.clipped.nmse == pytest.approx(nmse(histogram, clipped), rel=1e-12)
        assert layer.clipped.operations == mean_operations(histogram, clipped) == clipped.kept_bits
        exact = np.subtract(*network.branch_sums(layer.arrays.layer, seen))
        for configuration, ratio in ((layer.parameters, layer.csnr), (clipped, layer.clipped_csnr)):
            measured = np.subtract(*add_up(layer.arrays, seen, convert(counts, configuration).value))
            assert csnr_db(exact, measured) == ratio
        assert 2 ** (layer.bits_needed - 1) <= counts.max() < 2**layer.bits_needed


def test_report_says_who_wins_and_what_was_published(result: NetworkCalibration) -> None:
    shown = text(result)
    assert "1.6x to 2.3x less ADC power (Zhang et al., arXiv 2402.06164)" in shown
    assert f"{result.saving('lossless'):.3f}x" in shown
    assert "differential weights" in shown
    first, second, third, *_ = (note for note in notes(result) if "win" in note)
    calibrated = sum(layer.lossless.operations * layer.statistics.conversions for layer in result.layers)
    mean = calibrated / sum(layer.statistics.conversions for layer in result.layers)
    assert ("twin ranges win" in first) == (mean < plain_comparisons(result))
    scores = [result.test[name] for name in ("twin_range", "clipped", "clipped_limit")]
    ranks = [(score.correct, -score.loss) for score in scores]
    assert ("twin ranges win" in second) == (ranks[0] > ranks[1])
    assert ("twin ranges win" in third) == (scores[0].tally.mean < scores[2].tally.mean)


def test_the_same_request_gives_the_same_files(result: NetworkCalibration) -> None:
    again = calibrate_network(QUICK, quiet)
    files = render_calibration(result)
    assert render_calibration(again) == files
    assert set(files) == {
        *("configuration.json", "report.md", "manifest.json"),
        *("conv1.svg", "conv2.svg", "conv3.svg", "logits.svg"),
    }
    for name in ("conv1.svg", "logits.svg"):
        assert files[name].count("<svg") == 1
        assert f"]({name})" in files["report.md"]


def test_a_limit_that_clipping_breaks_is_reported_with_the_best_found() -> None:
    arrays = ArrayParameters(cell_bits=2, encoding="offset")
    found = calibrate_network(Request(arrays=arrays, bits=5, images=8, min_saving=4, slice_aware=True), quiet)
    assert sum(layer.statistics.clipped for layer in found.layers) > 0
    assert [layer.chosen for layer in found.layers] == [layer.lossless for layer in found.layers]
    drop, saving = found.drop("held_out", "twin_range"), found.saving("twin_range")
    assert found.failures == [
        f"accuracy on held-out images drops by {drop:.2f} pp, more than max_drop = 0.5 pp",
        f"the saving is {saving:.3f}x, less than min_saving = 4",
    ]
    assert drop > 0.5
    assert "Saving without error but clipping" in text(found)
    assert not any("accuracy limit" in note for note in notes(found))
    assert all(failure in text(found) for failure in found.failures)


def test_complemented_columns_at_nine_bits() -> None:
    arrays = ArrayParameters(cell_bits=2, encoding="offset", complement_columns=True)
    found = calibrate_network(Request(arrays=arrays, bits=9, images=4, max_drop=0), quiet)
    assert found.test["lossless"].loss == 0
    assert max(layer.arrays.largest_count for layer in found.layers) <= 192
    assert found.saving("lossless") == 9 / found.test["lossless"].tally.mean
    assert found.drop("held_out", "twin_range") <= 0


def test_calibration_images_are_not_those_of_the_limit() -> None:
    digits = data.load()
    chosen, others = split(digits, 64)
    assert len(chosen) == len(set(chosen)) == 64
    assert not set(chosen) & set(others)
    assert len(chosen) + len(others) == len(digits.train_images)


@dataclass
class FakeEvaluation:
    """A loss per layer and rung, in place of images."""

    losses: NDArray[np.float64]

    def run(self, configurations: Configurations) -> Any:
        rungs = [each.kept_bits for each in configurations if isinstance(each, ClippedParameters)]
        loss = sum(self.losses[layer, kept] for layer, kept in enumerate(rungs))
        return type("Outcome", (), {"loss": float(loss)})()


@dataclass
class Case:
    """Three layers with random ladders."""

    seed: int

    @cached_property
    def ladders(self) -> Ladders:
        random = np.random.default_rng(self.seed)
        losses = np.cumsum(random.exponential(size=(3, 9)), axis=1)[:, ::-1]
        ladders = [
            tuple(
                Rung(
                    configuration=ClippedParameters(kept_bits=kept, step_log2=0),
                    operations=kept - layer / 10,
                    nmse=0,
                    step=kept,
                )
                for kept in range(8, 2 + layer, -1)
            )
            for layer in range(3)
        ]
        return Ladders(ladders, [100, 40, 7], FakeEvaluation(losses))  # type: ignore[arg-type]  # needs `run` only

    @property
    def states(self) -> list[State]:
        return list(product(*(range(len(ladder)) for ladder in self.ladders.ladders)))


@pytest.mark.parametrize("seed", range(5))
def test_relaxing_never_leaves_the_limit_and_stops_only_where_every_layer_has_met_it(seed: int) -> None:
    ladders = Case(seed).ladders
    limit = np.quantile([ladders.loss(state) for state in Case(seed).states], 0.3)
    asked: list[float] = []

    def within(configurations: Configurations) -> bool:
        asked.append(ladders.evaluation.run(configurations).loss)
        return asked[-1] <= limit

    found = relax(ladders, within)
    assert ladders.loss(found.state) <= limit
    state = (0, 0, 0)
    for tried, kept in found.tried:
        moved = [layer for layer in range(3) if tried[layer] != state[layer]]
        assert [tried[layer] - state[layer] for layer in moved] == [1]
        assert kept == (ladders.loss(tried) <= limit)
        state = tried if kept else state
    assert state == found.state
    assert len(asked) == len(found.tried)
    # What was not possible at the end was not possible before, as losses only add up here.
    for step in ladders.next_states(state, 1):
        assert ladders.loss(step) > limit


def test_the_first_step_is_the_best_bargain() -> None:
    ladders = Case(2).ladders
    start = (0, 0, 0)
    tried = relax(ladders, lambda configurations: False).tried
    gains = {
        step: (ladders.operations(start) - ladders.operations(step)) / (ladders.loss(step) - ladders.loss(start))
        for step, _ in tried
    }
    assert [step for step, _ in tried] == sorted(gains, key=lambda step: -gains[step])
    assert len(tried) == 3


@pytest.mark.parametrize("seed", range(5))
def test_reducing_ends_within_the_comparisons_where_no_exchange_helps(seed: int) -> None:
    ladders = Case(seed).ladders
    for operations in (7.3, 5.9, 4.4):
        state = reduce(ladders, operations).state
        assert ladders.operations(state) <= operations
        for other in Case(seed).states:
            steps = np.subtract(other, state)
            exchange = (steps == -1).sum() == 1 and (steps > 0).sum() <= 1 and (steps < -1).sum() == 0
            if exchange and ladders.operations(other) <= operations:
                assert ladders.loss(other) >= ladders.loss(state)


def test_reducing_below_what_there_is_ends_at_the_lowest_rungs() -> None:
    ladders = Case(0).ladders
    assert reduce(ladders, 1.0).state == tuple(len(ladder) - 1 for ladder in ladders.ladders)


def test_real_counts_through_the_generated_controller(result: NetworkCalibration) -> None:
    """Each layer's own configuration in the registers; codes, flags and comparisons in the cycles of done."""
    controller = network_configuration(result).group.controller
    which, counts = digits_workload(QUICK.arrays, 20_000, seed=1)
    chosen = [layer.parameters for layer in result.layers]
    converted = conversions(controller, chosen, which, counts)
    rtl = elaborate(TrqController(parameters=controller), "trq_controller")
    schedule = full_rate(converted)
    outputs = simulate(in_loop(rtl), inputs(converted, schedule, seed=2), seed=2)
    done = np.flatnonzero(outputs["done"])
    assert len(done) == len(counts)
    for layer, parameters in enumerate(chosen):
        of_it = done[which == layer]
        golden = convert(counts[which == layer], parameters)
        assert (outputs["code"][of_it] == golden.code).all()
        assert (outputs["flag"][of_it] == ~golden.in_r1).all()
        assert (outputs["ops"][of_it] == golden.operations).all()
        assert len(of_it) > 100 or layer == len(chosen) - 1
    assert outputs["ops"][done].mean() == pytest.approx(result.test["twin_range"].tally.mean, rel=0.03)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"bits": 13}, "bits must be between 2 and 12, not 13"),
        ({"images": 0}, "images must be between 1 and 448, not 0"),
        ({"max_drop": -0.1}, "max_drop must be between 0 and 100, not -0.1"),
        ({"max_drop": float("nan")}, "max_drop must be between 0 and 100, not nan"),
        ({"min_saving": 0.0}, "min_saving must be finite and above 0, not 0.0"),
        ({"slice_aware": 1}, "slice_aware must be a bool, not 1"),
    ],
)
def test_bad_requests_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        replace(QUICK, **fields)
    assert str(refusal.value) == message
