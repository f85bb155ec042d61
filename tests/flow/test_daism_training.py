"""Training of the digits network: gradients, updates, curves, their cache, figures and tables."""

import ast
import io
import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import sim_models.daism
from flow.daism import plots, sources, tables, train, training
from flow.daism.arithmetic import REFERENCE, Arithmetic, arithmetic
from flow.daism.gradients import Gradient, cross_entropy, gradients
from flow.daism.inference import AccuracyRow
from flow.daism.network import (
    WEIGHTS_FILE,
    Layer,
    Network,
    initial_network,
    load,
    logits,
    run,
    run_layer,
)
from flow.daism.training import BATCH, LossCurve, loss_curves
from flow.digits.data import Digits
from flow.digits.data import load as load_digits
from flow.digits.weights_file import target
from sim_models.daism import DaismParameters, to_words
from sim_models.daism.layers import ConvLayer
from tests.flow.test_daism_network import float64_values, nearest, reals
from tests.sim_models import daism_layer_oracle, daism_oracle

IMAGES = 12
SINGLE = Arithmetic(parameters=DaismParameters(significand_bits=24, kept_columns="full", rows=2048), exact=True)
"""float32 operands and exact significands, so that what is left of an error is a slip of the formulas."""
PC3 = arithmetic("pc3")


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load_digits()


@pytest.fixture(scope="module")
def few(digits: Digits) -> Digits:
    """A training set small enough for epochs of a moment; its last batch is not full."""
    return Digits(
        train_images=digits.train_images[:70],
        train_labels=digits.train_labels[:70],
        test_images=digits.test_images[:40],
        test_labels=digits.test_labels[:40],
    )


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path / "cache"))


def shaken(seed: int) -> Network:
    """Initial weights, and biases that are not zero."""
    random = np.random.default_rng(seed)
    return tuple(
        replace(layer, bias=(0.1 * random.standard_normal(layer.bias.shape)).astype(np.float32))
        for layer in initial_network(seed)
    )


# Gradients


def mean_loss(network: Network, digits: Digits) -> float:
    """The loss by the float64 network, its logarithm of a sum of exponentials written out."""
    scores = float64_values(network, digits.train_images[:IMAGES])[-1].reshape(IMAGES, -1)
    losses = [np.log(np.exp(row).sum()) - row[label] for row, label in zip(scores, digits.train_labels, strict=False)]
    return float(np.mean(losses))


def slope(network: Network, digits: Digits, index: int, name: str, direction: NDArray[np.float64]) -> float:
    """Directional derivative by a central difference in float64."""
    step, ends = 1e-6, []
    for sign in (1, -1):
        moved: Any = {name: getattr(network[index], name).astype(np.float64) + sign * step * direction}
        ends.append(mean_loss((*network[:index], replace(network[index], **moved), *network[index + 1 :]), digits))
    return (ends[0] - ends[1]) / (2 * step)


def backward(network: Network, digits: Digits, chosen: Arithmetic) -> tuple[Gradient, ...]:
    runs = run(network, digits.train_images[:IMAGES], chosen)
    errors = cross_entropy(logits(runs), digits.train_labels[:IMAGES])[1]
    return gradients(network, runs, errors / IMAGES, chosen)


@pytest.mark.parametrize("index", range(4))
@pytest.mark.parametrize("name", ["weights", "bias"])
def test_gradients_are_the_slopes_of_the_loss(digits: Digits, index: int, name: str) -> None:
    network = shaken(3)
    gradient = getattr(backward(network, digits, SINGLE)[index], name).astype(np.float64)
    assert gradient.any()
    random = np.random.default_rng(index)
    for _ in range(4):
        direction = random.standard_normal(gradient.shape)
        expected = slope(network, digits, index, name, direction)
        assert expected == pytest.approx((gradient * direction).sum(), abs=1e-4 * np.linalg.norm(gradient))


def test_gradients_of_the_reference_are_those_of_rounded_operands(digits: Digits) -> None:
    """Of the last layer, whose errors are known: within the roundings of single-precision sums."""
    network = shaken(4)
    runs = run(network, digits.train_images[:IMAGES], REFERENCE)
    errors = cross_entropy(logits(runs), digits.train_labels[:IMAGES])[1] / IMAGES
    found = gradients(network, runs, errors, REFERENCE)[-1]
    e, x = reals(nearest(errors.astype(np.float32))), reals(runs[-1].inputs)
    exact, size = (np.einsum("no,nchw->ochw", *pair) for pair in ((e, x), (np.abs(e), np.abs(x))))
    assert (np.abs(found.weights - exact) <= 1.01 * (IMAGES + 16) * 2.0**-23 * size).all()
    assert found.bias == pytest.approx(e.sum(axis=0), rel=2.0**-23)


@pytest.mark.parametrize("chosen", [PC3, arithmetic("fla"), REFERENCE], ids=lambda each: each.name)
def test_gradients_are_bit_for_bit_those_of_the_big_integer_model(chosen: Arithmetic) -> None:
    p, random = chosen.parameters, np.random.default_rng(11)
    columns = daism_oracle.exact_product if chosen.exact else daism_oracle.product
    network = small_network(random)
    inputs = to_words(np.maximum(random.standard_normal((2, 2, 4, 4)), 0), p)
    first = run_layer(network[0], inputs, chosen)
    runs = (first, run_layer(network[1], to_words(first.values, p), chosen))
    errors = random.standard_normal((2, 4))
    found = gradients(network, runs, errors, chosen)

    words = to_words(errors, p)
    assert_words(found[1].weights, product(runs[1].inputs.reshape(2, -1).T, words, p, columns).T)
    passed = product(words, nearest(network[1].weights).reshape(4, -1).astype(np.int64), p, columns)
    rectified = np.where(first.values.reshape(2, -1) > 0, passed.view(np.float32), np.float32(0))
    hidden = nearest(rectified).reshape(first.values.shape)
    if not chosen.exact:  # the tap-by-tap model has the array's products only
        taps = daism_layer_oracle.weight_gradient(inputs.tolist(), hidden.tolist(), p, (3, 3), 2, 1)
        expected = np.array([taps[place] for place in np.ndindex(network[0].weights.shape)], np.uint32)
        assert_words(found[0].weights, expected)
    assert found[0].bias == pytest.approx(reals(hidden).sum(axis=(0, 2, 3)), rel=2.0**-23)


def small_network(random: np.random.Generator) -> Network:
    """A strided, padded convolution and a fully connected layer, of few weights."""
    shapes = (
        ConvLayer(name="hidden", channels=2, outputs=3, size=4, kernel=3, stride=2, padding=1),
        ConvLayer(name="logits", channels=3, outputs=4, size=2, kernel=2),
    )
    sizes = [(shape.outputs, shape.channels, shape.kernel, shape.kernel) for shape in shapes]
    return tuple(
        Layer(
            shape=shape,
            weights=random.standard_normal(size).astype(np.float32),
            bias=random.standard_normal(size[0]).astype(np.float32),
        )
        for shape, size in zip(shapes, sizes, strict=True)
    )


def product(x: Any, w: Any, p: DaismParameters, columns: Any) -> NDArray[np.uint32]:
    return np.array(daism_oracle.matmul(x.tolist(), w.tolist(), p, None, columns), np.uint32)


def assert_words(found: NDArray[np.float32], expected: NDArray[np.uint32]) -> None:
    assert (np.ascontiguousarray(found).ravel().view(np.uint32) == expected.ravel()).all()


def test_loss_and_its_gradient_are_those_of_softmax() -> None:
    scores = np.array([[1.0, 2.0, -1.0], [300.0, 0.0, 299.0]], np.float32)
    loss, errors = cross_entropy(scores, np.array([0, 2]))
    shares = [np.exp([1.0, 2.0, -1.0]), np.exp([0.0, -300.0, -1.0])]
    shares = [values / values.sum() for values in shares]
    assert loss == pytest.approx(-np.log(shares[0][0]) - np.log(shares[1][2]))
    assert errors == pytest.approx(np.array(shares) - [[1, 0, 0], [0, 0, 1]])


# Training


def test_an_epoch_is_momentum_on_batches_with_a_falling_rate(few: Digits) -> None:
    network, curve = training.train(PC3, 6, 1, digits=few)
    order = np.random.default_rng((6, 1)).permutation(70)
    current, losses = initial_network(6), 0.0
    moving: list[Any] = [0] * len(current)
    for number, batch in enumerate((order[:32], order[32:64], order[64:])):
        runs = run(current, few.train_images[batch], PC3)
        loss, errors = cross_entropy(logits(runs), few.train_labels[batch])
        losses += loss
        found = gradients(current, runs, errors / 32, PC3)
        moving = [np.float32(0.9) * before + joined(now) for before, now in zip(moving, found, strict=True)]
        rate = np.float32(0.05 * (1 - number / 3))
        ends = [joined(layer) - rate * each for layer, each in zip(current, moving, strict=True)]
        current = tuple(
            replace(
                layer, weights=end[: layer.weights.size].reshape(layer.weights.shape), bias=end[layer.weights.size :]
            )
            for layer, end in zip(current, ends, strict=True)
        )
    for layer, expected in zip(network, current, strict=True):
        assert (joined(layer) == joined(expected)).all()
    assert curve.losses == (pytest.approx(losses / 70),)


def joined(each: Layer | Gradient) -> NDArray[np.float32]:
    return np.concatenate([each.weights.ravel(), each.bias])


@pytest.mark.parametrize("chosen", [REFERENCE, PC3], ids=lambda each: each.name)
def test_training_from_scratch_learns_and_repeats_itself(few: Digits, chosen: Arithmetic) -> None:
    said: list[str] = []
    _, curve = training.train(chosen, 1, 5, digits=few, step=said.append)
    assert curve.losses[-1] < 0.7 * curve.losses[0]
    assert curve.correct[-1] > 12  # of 40; four are a guess
    assert (len(curve.losses), len(curve.correct), curve.images) == (5, 5, 40)
    assert curve.accuracy == tuple(count / 40 for count in curve.correct)
    assert training.train(chosen, 1, 5, digits=few)[1] == curve
    assert training.train(chosen, 2, 1, digits=few)[1].losses != training.train(chosen, 1, 1, digits=few)[1].losses
    assert len(said) == 5
    assert said[0].startswith(f"{chosen.name}, seed 1: epoch 1 of 5, loss {curve.losses[0]:.4f}, ")


def test_a_curve_is_computed_once(few: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "load", lambda: few)
    first = loss_curves((PC3, REFERENCE), (1, 2), 1)
    assert [(curve.arithmetic, curve.seed) for curve in first] == [
        (each.name, seed) for each in (PC3, REFERENCE) for seed in (1, 2)
    ]

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(training, "train", refuse)
    assert loss_curves((PC3, REFERENCE), (1, 2), 1) == first
    for others in (((PC3,), (1,), 2), ((PC3,), (3,), 1), ((arithmetic("pc2"),), (1,), 1)):
        with pytest.raises(AssertionError):
            loss_curves(*others)


@pytest.mark.parametrize(
    ("seed", "epochs", "message"),
    [(1, 0, "epochs must be at least 1, not 0"), (-1, 1, "seed must be at least 0, not -1")],
)
def test_no_epochs_and_negative_seeds_are_refused(seed: int, epochs: int, message: str) -> None:
    for call in (lambda: training.train(PC3, seed, epochs), lambda: loss_curves((PC3,), (seed,), epochs)):
        with pytest.raises(ValueError) as problem:
            call()
        assert str(problem.value) == message


def test_cached_results_depend_on_every_module_that_computes_them() -> None:
    """Imports are followed from what the network uses of the models, written out anew from the source text."""
    folder = Path(sim_models.daism.__file__ or "").parent
    exported = {
        alias.name: node.module.rsplit(".", 1)[1]
        for node in ast.walk(ast.parse((folder / "__init__.py").read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    flow = Path(training.__file__).parent
    used = [flow / f"{name}.py" for name in ("arithmetic", "network", "gradients", "training", "inference")]
    waiting, seen = [name for path in used for name in imported(path, exported)], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += imported(folder / f"{name}.py", exported)
    assert seen == set(sources.MODELS)


def imported(path: Path, exported: dict[str, str]) -> list[str]:
    """Modules of the models that a file imports from, the package's own names traced to where they are made."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "sim_models.daism":
            found += [exported[alias.name] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("sim_models.daism."):
            found.append(node.module.rsplit(".", 1)[1])
    return found


@pytest.mark.slow
def test_truncated_pc3_learns_what_exact_products_learn() -> None:
    """Means of three seeds after the whole schedule."""
    curves = loss_curves()
    last = {
        name: np.mean([(each.losses[-1], each.accuracy[-1]) for each in curves if each.arithmetic == name], axis=0)
        for name in dict.fromkeys(each.arithmetic for each in curves)
    }
    exact, pc3, fla = last[REFERENCE.name], last["pc3 truncated"], last["fla truncated"]
    assert exact[0] < pc3[0] < fla[0] < 0.02
    assert exact[1] > 0.94
    assert abs(exact[1] - pc3[1]) < 0.015
    assert fla[1] < exact[1]


# The script


@pytest.mark.slow
def test_the_script_writes_the_weights_that_are_kept(tmp_path: Path) -> None:
    train.main(tmp_path / "weights.npz")
    assert (tmp_path / "weights.npz").read_bytes() == WEIGHTS_FILE.read_bytes()


def test_the_script_writes_what_was_trained(
    few: Digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training, "load", lambda: few)
    train.main(tmp_path / "weights.npz", epochs=1)
    network, curve = training.train(REFERENCE, train.SEED, 1)
    for written, trained in zip(load(tmp_path / "weights.npz"), network, strict=True):
        assert (written.weights == reals(nearest(trained.weights))).all()
        assert (written.bias == trained.bias).all()
    assert capsys.readouterr().out.endswith(f"{curve.correct[0]} of 40 test images are correct\n")


@pytest.mark.parametrize("arguments", [["a.npz", "b.npz"], ["-h"], ["weights.txt"], ["absent/weights.npz"]])
def test_other_files_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        target(arguments, "flow.daism.train", WEIGHTS_FILE)
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert target([], "flow.daism.train", WEIGHTS_FILE) == WEIGHTS_FILE


# Figures and tables


def curve(name: str, seed: int, losses: tuple[float, ...], correct: tuple[int, ...]) -> LossCurve:
    return LossCurve(arithmetic=name, seed=seed, losses=losses, correct=correct, images=200)


CURVES = (
    curve("pc3 truncated", 1, (2.0, 0.5), (100, 150)),
    curve("pc3 truncated", 2, (1.0, 0.3), (110, 160)),
    curve("exact full", 1, (1.5, 0.25), (120, 180)),
)


def row(name: str, columns: str, correct: int, corrected: int, snr_db: float | None) -> AccuracyRow:
    fields: dict[str, Any] = {"error": 0.16, "corrected_error": 0.043, "gains": (0.98, 0.95), "images": 200}
    variant = name.split()[0].rstrip(",")
    return AccuracyRow(
        arithmetic=name, variant=variant, columns=columns, correct=correct, corrected=corrected, snr_db=snr_db, **fields
    )


ROWS = (row(REFERENCE.name, "full", 190, 190, None), row("pc3 truncated", "truncated", 181, 185, 27.5))


@pytest.mark.parametrize(("plot", "points"), [(plots.loss_plot, CURVES), (plots.accuracy_plot, ROWS)])
def test_figures_are_the_same_bytes_for_the_same_numbers(plot: Any, points: Any) -> None:
    svg = plot(points)
    assert ElementTree.parse(io.StringIO(svg)).getroot().tag.endswith("svg")
    assert plot(points) == svg
    changed = replace(points[-1], correct=(120, 181) if points is CURVES else 182)
    assert plot((*points[:-1], changed)) != svg


def test_curves_are_drawn_as_mean_and_band_of_the_seeds() -> None:
    drawn: dict[str, Any] = {}
    axes = SimpleNamespace(
        fill_between=lambda epochs, low, high, **_: drawn.update(epochs=epochs, low=low, high=high),
        plot=lambda _, mean, label, **__: drawn.update(mean=mean, label=label),
    )
    plots._draw(axes, "pc3", "red", np.array([[2.0, 0.5], [1.0, 0.3]]))
    assert {name: list(value) for name, value in drawn.items() if name != "label"} == {
        "epochs": [1, 2],
        "low": [1.0, 0.3],
        "high": [2.0, 0.5],
        "mean": [1.5, 0.4],
    }
    assert drawn["label"] == "pc3 (2 seeds)"


def test_figures_of_nothing_are_refused() -> None:
    uneven = (*CURVES, curve("exact full", 2, (1.0,), (100,)))
    for call, message in (
        (lambda: plots.loss_plot(()), "curves must hold at least one, not none"),
        (lambda: plots.loss_plot(uneven), "curves of exact full must have the same number of epochs"),
        (lambda: plots.accuracy_plot(ROWS[:1]), "rows must hold at least one other than the reference, not none"),
    ):
        with pytest.raises(ValueError) as problem:
            call()
        assert str(problem.value) == message


def test_tables_have_shares_means_and_spreads() -> None:
    accuracy = tables.accuracy_lines(ROWS)
    for line, expected in (
        (accuracy[1], "exact, not rounded 190 95.00 % 190 95.00 % 0.160 0.043 0.980 0.950"),
        (accuracy[2], "pc3 truncated 181 90.50 % 185 92.50 % 0.160 0.043 27.5 dB 0.980 0.950"),
    ):
        assert " ".join(line.split()) == expected
    lines = tables.curve_lines(CURVES)
    # (0.5, 0.3) and (75 %, 80 %): deviations 0.1 * sqrt(2), 2.5 * sqrt(2)
    assert lines[0].endswith("last epoch: loss 0.4000 +- 0.1414, test accuracy 77.50 +- 3.54 %, 2 seeds")
    assert lines[1].split() == ["loss", "1.5000", "0.4000"]
    assert lines[2].split() == ["accuracy", "52.50", "77.50"]
    assert lines[3].endswith("last epoch: loss 0.2500, test accuracy 90.00 %, 1 seed")


def test_data_survive_json() -> None:
    content = json.loads(json.dumps(tables.data(ROWS, CURVES), allow_nan=False))
    assert content["evidence"] == "ours"
    assert content["accuracy"][1]["correct"] == 181
    assert content["training"]["curves"][0]["losses"] == [2.0, 0.5]
    assert content["training"]["schedule"]["batch"] == BATCH
