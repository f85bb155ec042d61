"""Alphabet-aware training: quantisers, modules, exported integers, quality loop, mixed alphabets, accuracy table."""

import ast
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs PyTorch")

from flow.asm import accuracy, quality, sources, tables
from flow.asm import train as script
from flow.asm.accuracy import ALL, accuracy_table
from flow.asm.constrained import (
    digits_network,
    from_scratch,
    mixed_channels,
    mixed_layers,
    retrained,
    rounded,
    unconstrained,
)
from flow.asm.inference import correct_images, infer
from flow.asm.modules import AsmConv2d, AsmLinear, calibrate, set_active
from flow.asm.pytorch import nn, torch
from flow.asm.quality import SETS, quality_loop
from flow.asm.quantiser import ScaleRule, input_quantiser, weight_quantiser
from flow.asm.sequence import AsmSequence
from flow.asm.training import Samples, Schedule, fit, real_accuracy, samples
from flow.digits.data import PIXEL_MAXIMUM, Digits
from flow.digits.data import load as load_digits
from sim_models.asm import AsmParameters, clip_search, matmul, rounding_table, supported_values

QUICK = Schedule(epochs=6, rate=1e-2)


def parameters(alphabets: tuple[int, ...] = (1, 3), bits: int = 4, **others: Any) -> AsmParameters:
    return AsmParameters(alphabets=alphabets, weight_bits=bits, input_bits=bits, **others)


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load_digits()


@pytest.fixture(scope="module")
def half(digits: Digits) -> Samples:
    return samples(digits.train_images, digits.train_labels, PIXEL_MAXIMUM)


@pytest.fixture(scope="module")
def mlp(half: Samples) -> dict[str, Any]:
    return unconstrained("mlp", half, 1, replace(QUICK, epochs=15))


# Quantisers


@pytest.mark.parametrize("p", [parameters(), parameters((1,), 8), parameters((1, 3, 5, 7), 12), parameters(ALL)])
def test_weights_are_rounded_as_the_definition_says(p: AsmParameters) -> None:
    """``sign * scale * TABLE[round(|w| / scale)]``, halves to even, the index clipped; gradient 1 inside, 0 outside."""
    quantiser = weight_quantiser((p,), 1, ScaleRule(granularity="layer"))
    quantiser.set_scale(0.25)
    top = p.maximum_weight
    halves = np.arange(-2 * top - 4, 2 * top + 5) / 2
    weights = torch.tensor(halves * 0.25)[None].requires_grad_()
    table = rounding_table(p).tolist()
    index = [min(round(abs(step)), top) for step in halves.tolist()]  # Python rounds halves to even
    expected = [float(np.sign(step)) * 0.25 * table[place] for step, place in zip(halves.tolist(), index, strict=True)]
    outputs = quantiser(weights)
    assert outputs[0].tolist() == expected
    assert (quantiser.integers(weights.detach()) * 0.25 == outputs).all()
    outputs.sum().backward()
    assert weights.grad is not None
    assert weights.grad[0].tolist() == [float(abs(step) <= top) for step in halves.tolist()]


def test_activations_are_unsigned_and_with_codes_on_the_grid() -> None:
    values = torch.tensor([[-1.0, 0.0, 0.49, 0.51, 4.6, 9.0, 15.2, 40.0]]).double().requires_grad_()
    outputs = input_quantiser((parameters(),), ScaleRule())(values)
    assert outputs[0].tolist() == [0, 0, 0, 1, 5, 9, 15, 15]
    outputs.sum().backward()
    assert values.grad is not None
    assert values.grad[0].tolist() == [0, 1, 1, 1, 1, 1, 0, 0]
    coded = input_quantiser((parameters(encode_inputs=True),), ScaleRule())(values)
    assert coded[0].tolist() == [0, 0, 0, 1, 4, 8, 12, 12]
    with pytest.raises(ValueError) as problem:
        input_quantiser((parameters(input_signed=True),), ScaleRule())
    assert str(problem.value) == "input_signed must be False for activations behind a ReLU, not True"


@pytest.mark.parametrize(
    ("levels", "clip", "sqnr"),
    [
        ((0, 1, 2, 4, 8), 2.33, 13.96),
        ((0, 3, 6, 12), 2.05, 13.2),
        (supported_values(parameters((1, 7))), 2.7, 16.2),
        (supported_values(parameters((1, 5))), 2.45, 17.1),
        (supported_values(parameters((1, 3))), 3.0, 19.04),
        (range(8), 2.45, 18.96),
        (supported_values(parameters((1, 3, 5, 7))), 2.9, 23.0),
        (range(16), 2.9, 24.5),
    ],
)
def test_searched_clips_of_normal_weights_are_those_known(levels: Any, clip: float, sqnr: float) -> None:
    """On quantiles, rounded by brute force; the noise is flat around the best clip and known to 0.2 dB."""
    values = np.array([NormalDist().inv_cdf((1 + (index + 0.5) / 20_000) / 2) for index in range(20_000)])
    grid = np.array(levels, float)
    scale = float(clip_search(values, grid))
    assert scale * grid[-1] == pytest.approx(clip, abs=0.12)
    nearest = grid[np.abs(values[:, None] / scale - grid).argmin(axis=1)] * scale
    assert 10 * np.log10((values**2).sum() / ((nearest - values) ** 2).sum()) == pytest.approx(sqnr, abs=0.2)


def test_scales_are_searched_per_layer_or_per_channel() -> None:
    weights = (
        torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(1)).double() * torch.arange(5.0)[:, None, None]
    )
    p = parameters()
    levels = supported_values(p)
    each = weight_quantiser((p,), 5, ScaleRule())
    each.calibrate(weights)
    rows = weights.flatten(1).numpy()
    assert np.allclose(each.scale.detach(), [float(clip_search(row, levels)) for row in rows], rtol=1e-12)
    assert each.scale[0] == 1  # a channel of zeros
    layer = weight_quantiser((p,), 5, ScaleRule(granularity="layer"))
    layer.calibrate(weights)
    nonzero = rows[rows != 0]
    assert layer.scale.detach().numpy() == pytest.approx([float(clip_search(nonzero, levels))], rel=1e-12)
    errors = [(quantiser(weights) - weights).square().sum() for quantiser in (each, layer)]
    assert errors[0] < errors[1]


def test_powers_of_two_are_nearest_and_learned_scales_have_a_gradient() -> None:
    weights = torch.randn(2, 50, generator=torch.Generator().manual_seed(4)).double()
    quantiser = weight_quantiser((parameters(),), 2, ScaleRule(learned=True, power_of_two=True))
    quantiser.set_scale(np.array([0.3, 0.7]))
    assert quantiser.scale.tolist() == [0.25, 0.5]
    free = weight_quantiser((parameters(),), 2, ScaleRule(learned=True))
    free.set_scale(np.array([0.1, 0.2]))
    free(weights).square().sum().backward()
    # the gradient by log2(s) is that of 2 q (code - w/s inside, code outside) s ln 2, with q = code * s
    scale = np.array([[0.1], [0.2]])
    steps = weights.numpy() / scale
    code = free.integers(weights).numpy()
    inner = code - np.clip(steps, -15, 15) + np.where(np.abs(steps) <= 15, 0, np.sign(steps) * 15)
    expected = (2 * code * scale * inner * scale * np.log(2)).sum(axis=1)
    assert free.log2_scale.grad is not None
    assert np.allclose(free.log2_scale.grad, expected, rtol=1e-12)
    assert weight_quantiser((parameters(),), 2, ScaleRule()).log2_scale.requires_grad is False


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: weight_quantiser((parameters(),) * 2, 3, ScaleRule()),
            "parameters must be 1 or 3, one per channel, not 2",
        ),
        (
            lambda: weight_quantiser((parameters(), parameters(bits=8)), 2, ScaleRule()),
            "parameters of one layer must differ in alphabets only",
        ),
        (
            lambda: weight_quantiser((parameters(),), 1, ScaleRule()).set_scale(0.0),
            "scale must be finite and above 0",
        ),
        (lambda: ScaleRule(granularity="row"), "granularity must be one of 'layer', 'channel', not 'row'"),
        (lambda: Schedule(epochs=0, rate=1.0), "epochs must be at least 1, not 0"),
        (lambda: Schedule(epochs=1, rate=0.0), "rate must be finite and above 0, not 0.0"),
        (lambda: digits_network("mlp", (parameters(),)), "parameters must be one for each of the 2 layers, not 1"),
    ],
)
def test_bad_arguments_are_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError) as problem:
        call()
    assert str(problem.value) == message


# Drop-in modules


@pytest.mark.parametrize("groups", [1, 4])
def test_a_convolution_is_the_golden_product_of_its_integers(groups: int) -> None:
    random = torch.Generator().manual_seed(6)
    p = parameters((1, 3, 5, 7), 8, reduction_length=36)
    layer = AsmConv2d(4, 8, 3, p, stride=2, padding=1, groups=groups, bias=False).double()
    images = torch.rand(2, 4, 7, 7, generator=random).double()
    calibrate(layer, images)
    quantisers = layer.quantisers
    words, weights = quantisers.inputs.integers(images), quantisers.weights.integers(layer.weight)
    sums = layer.sums(words, weights)
    padded = np.pad(words.numpy().astype(int), ((0, 0), (0, 0), (1, 1), (1, 1)))
    for output in range(8):
        first = output // (8 // groups) * (4 // groups)
        own = padded[:, first : first + 4 // groups]
        rows = np.array(
            [[own[n, :, i : i + 3, j : j + 3].ravel() for i in (0, 2, 4, 6) for j in (0, 2, 4, 6)] for n in (0, 1)]
        )
        column = weights[output].reshape(-1, 1).numpy().astype(int)
        assert matmul(rows, column, p)[..., 0].ravel().tolist() == sums[:, output].ravel().tolist()
    step = (quantisers.inputs.scale * quantisers.weights.scale).reshape(1, -1, 1, 1)
    assert torch.allclose(layer(images), sums * step, rtol=1e-12, atol=1e-12)


def test_switched_off_modules_are_the_ordinary_ones() -> None:
    inputs = torch.rand(3, 6, generator=torch.Generator().manual_seed(1))
    layer = AsmLinear(6, 4, parameters())
    plain = nn.Linear(6, 4)
    plain.load_state_dict({name: each for name, each in layer.state_dict().items() if "." not in name})
    set_active(layer, False)
    assert torch.equal(layer(inputs), plain(inputs))
    set_active(layer, True)
    assert not torch.equal(layer(inputs), plain(inputs))


# Exported integers


def require_equal(model: AsmSequence, digits: Digits, images: int) -> int:
    """Integers of PyTorch and of the golden model agree in every layer; the number of correct images."""
    network = model.export("trained")
    some = digits.test_images[:images]
    runs, expected = infer(network, some), model.quantised(torch.tensor(some)[:, None])
    assert len(runs) == len(expected)
    for run, other in zip(runs, expected, strict=True):
        assert run.sums.ravel().tolist() == other.sums.numpy().ravel().tolist()
        assert run.outputs.ravel().tolist() == other.outputs.numpy().ravel().tolist()
    return correct_images(runs[-1].outputs, digits.test_labels[:images])


@pytest.mark.parametrize(("alphabets", "bits"), [((1,), 4), ((1, 3), 8), ((1, 3, 5, 7), 12), (ALL, 16)])
def test_retrained_perceptrons_export_exactly(
    alphabets: tuple[int, ...], bits: int, mlp: dict[str, Any], half: Samples, digits: Digits
) -> None:
    model = retrained("mlp", mlp, parameters(alphabets, bits), half, 1, schedule=QUICK)
    assert require_equal(model, digits, 300) > 0.9 * 300
    data = samples(digits.test_images[:300], digits.test_labels[:300], PIXEL_MAXIMUM)
    assert real_accuracy(model, data) > 0.9


@pytest.mark.parametrize("coded", [False, True])
def test_convolutions_from_scratch_export_exactly(coded: bool, half: Samples, digits: Digits) -> None:
    p = parameters((1, 3), encode_inputs=coded)
    model = from_scratch("cnn", p, half, 2, schedule=replace(QUICK, epochs=4))
    assert require_equal(model, digits, 60) > 0.85 * 60


def test_falling_batch_norms_and_mixed_channels_export_exactly(
    mlp: dict[str, Any], half: Samples, digits: Digits
) -> None:
    mixed = mixed_channels(mlp["stages.0.product.weight"], parameters((1,)), (1, 3, 5, 7), 16)
    assert [len(p.alphabets) for p in mixed].count(4) == 16
    model = retrained("mlp", mlp, (mixed, parameters((1, 3))), half, 1, schedule=QUICK)
    norm = model.stages[0].norm
    with torch.no_grad():
        norm.weight[::3] *= -1
    require_equal(model, digits, 200)
    layer = model.export("mixed").layers[0]
    table = {p: set(supported_values(p).tolist()) for p in set(layer.parameters)}
    columns = np.abs(layer.weights).T.tolist()
    assert all(set(column) <= table[p] for column, p in zip(columns, layer.column_parameters, strict=True))


def test_integers_follow_the_real_network_within_a_step(mlp: dict[str, Any], half: Samples, digits: Digits) -> None:
    """The first layer of the real forward pass, in steps of the second layer's inputs, against the integers."""
    model = rounded("mlp", mlp, parameters((1, 3), 8), half)
    first, second = model.stages
    pixels = torch.tensor(digits.test_images[:100]).double()[:, None] / PIXEL_MAXIMUM
    with torch.no_grad():
        real = first(pixels.flatten(1)) / second.product.quantisers.inputs.scale
    integers = model.quantised(torch.tensor(digits.test_images[:100])[:, None])[0].outputs
    # a scale word of eight bits is within 2^-8 of its gain: as much of the largest value, and half a step
    assert (integers - real.clamp(max=255)).abs().max() <= 255 / 2**8 + 1.5


# Loops


def test_training_is_a_function_of_its_seed(half: Samples) -> None:
    def weights(seed: int) -> list[Any]:
        model = digits_network("mlp", parameters(), seed=seed)
        fit(model, half, replace(QUICK, epochs=1), seed)
        return [each.tolist() for each in model.state_dict().values()]

    torch.manual_seed(99)
    before = torch.get_rng_state()
    first = weights(3)
    assert torch.equal(torch.get_rng_state(), before)
    assert weights(3) == first != weights(4)


def test_learned_scales_are_searched_once_and_move(half: Samples) -> None:
    rule = ScaleRule(learned=True)
    model = digits_network("mlp", parameters(), rule=rule)
    searched = digits_network("mlp", parameters(), rule=rule)
    calibrate(searched.train(), half.images)
    fit(model, half, replace(QUICK, epochs=2), 1)
    quantisers, initial = ([stage.product.quantisers for stage in each.stages] for each in (model, searched))
    moved = quantisers[0].weights.scale / initial[0].weights.scale
    assert (moved != 1).all()
    assert 0.5 < moved.min() < moved.max() < 2
    for each in (quantisers, initial):
        assert float(each[0].inputs.scale) == pytest.approx(1 / 15, rel=1e-15)  # that of the pixels is known


def test_the_quality_loop_enlarges_the_set_until_it_is_good_enough() -> None:
    found = {(1,): 0.80, (1, 3): 0.891, (1, 3, 5, 7): 0.899}
    tried: list[tuple[int, ...]] = []

    def retrain(alphabets: tuple[int, ...]) -> float:
        tried.append(alphabets)
        return found[alphabets]

    run = quality_loop(0.9, retrain, quality=0.99)
    assert tried == [(1,), (1, 3)]
    assert [each.accepted for each in run.attempts] == [False, True]
    assert run.accepted == (1, 3)
    assert quality_loop(0.9, retrain, quality=0.9999).accepted is None
    assert len(tried) == 2 + len(SETS)
    assert quality_loop(0.8, retrain, quality=1.0).accepted == (1,)
    for arguments, message in (
        ({"unconstrained": 0.0}, "unconstrained must be above 0 and at most 1, not 0.0"),
        ({"unconstrained": 0.9, "quality": 1.5}, "quality must be above 0 and at most 1, not 1.5"),
        ({"unconstrained": 0.9, "sets": ()}, "sets must be one at least, not none"),
    ):
        with pytest.raises(ValueError) as problem:
            quality_loop(retrain=retrain, **arguments)
        assert str(problem.value) == message


def test_the_quality_loop_on_digits_restores_the_checkpoint_each_time(
    half: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every set starts from the same weights, trains on four fifths of the images, and is judged on the others."""
    seen: list[tuple[Any, ...]] = []

    def retrain(kind: str, checkpoint: Any, p: AsmParameters, data: Samples, seed: int, schedule: Schedule) -> Any:
        before = {name: each.clone() for name, each in checkpoint.items()}
        model = retrained(kind, checkpoint, p, data, seed, schedule=schedule)
        assert all(torch.equal(each, checkpoint[name]) for name, each in before.items())
        own = {name: each for name, each in model.state_dict().items() if name.endswith("product.weight")}
        assert any((each != before[name]).any() for name, each in own.items())
        seen.append((p.alphabets, p.weight_bits, len(data.labels), float(sum(map(torch.sum, before.values())))))
        return model

    monkeypatch.setattr(quality, "retrained", retrain)
    first = replace(QUICK, epochs=15)
    run = quality.digits_quality("mlp", parameters((1,), 4), half, 1, quality=1.0, first=first, again=QUICK)
    tried = len(run.attempts)
    assert [each[:3] for each in seen] == [(chosen, 4, 718) for chosen in SETS[:tried]]
    assert len({each[3] for each in seen}) == 1
    assert run.accepted is not None or tried == len(SETS)
    assert run.unconstrained > 0.9
    assert min(each.accuracy for each in run.attempts) > 0.85
    for accuracy_found in (run.unconstrained, *(each.accuracy for each in run.attempts)):
        assert accuracy_found * 180 == pytest.approx(round(accuracy_found * 180), abs=1e-9)  # of 180 judging images


def test_mixed_layers_and_channels() -> None:
    p = parameters((1,))
    assert [each.alphabets for each in mixed_layers(p, 4, (1, 3, 5, 7))] == [(1,)] * 3 + [(1, 3, 5, 7)]
    weights = torch.ones(3, 4).double()
    weights[1] = torch.tensor([3.0, 5.0, 7.0, 8.0])  # {1} cannot have these, {1,3,5,7} can
    assert [each.alphabets for each in mixed_channels(weights, p, (1, 3, 5, 7), 1)] == [(1,), (1, 3, 5, 7), (1,)]
    with pytest.raises(ValueError) as problem:
        mixed_layers(p, 2, (1, 3), 3)
    assert str(problem.value) == "concluding_layers must be between 0 and 2, not 3"


def test_retraining_recovers_what_rounding_loses(half: Samples, digits: Digits) -> None:
    """The convolutional network with activations on the grid of {1}, where rounding alone costs most."""
    checkpoint = unconstrained("cnn", half, 1, Schedule(epochs=8, rate=1e-2))
    p = parameters((1,), encode_inputs=True)
    plain = require_equal(rounded("cnn", checkpoint, p, half), digits, 400)
    again = require_equal(retrained("cnn", checkpoint, p, half, 1, schedule=Schedule(epochs=5, rate=3e-3)), digits, 400)
    assert again > plain
    assert again > 0.9 * 400


# The accuracy table


def test_the_table_is_kept_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digits: Digits) -> None:
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path))
    accuracy._checkpoint.cache_clear()
    from flow.asm import constrained

    monkeypatch.setattr(constrained, "FROM_SCRATCH", replace(QUICK, epochs=2))
    monkeypatch.setattr(constrained.unconstrained, "__defaults__", (replace(QUICK, epochs=2),))
    said: list[str] = []
    chosen: dict[str, Any] = {"networks": ("mlp",), "widths": (4,), "sets": ((1,),), "methods": ("rounded",)}
    rows = accuracy_table(**chosen, seeds=(1, 2), step=said.append)
    accuracy._checkpoint.cache_clear()
    monkeypatch.setattr(accuracy, "_trained", None)
    assert accuracy_table(**chosen, seeds=(1, 2)) == rows
    (row,) = rows
    assert (row.network, row.bits, row.alphabets, row.coded, row.method) == ("mlp", 4, (1,), False, "rounded")
    assert row.images == len(digits.test_labels)
    assert row.accuracy == sum(row.correct) / 2 / row.images
    assert said[1] == f"mlp, 4 bits, (1,), rounded, seed 2: {row.correct[1]} of 899 correct"
    lines = tables.accuracy_lines(rows)
    assert lines[1].split() == ["mlp", "4", "1", "plain", f"{100 * row.accuracy:.2f}", "%"]
    assert lines[-1] == "of 899 test images, mean of 2 seeds, exported integers; ours"
    content = tables.data(rows)
    assert content["evidence"] == "ours"
    assert {each["evidence"] for each in content["figures"]} == {"published", "reported"}


def test_bad_requests_for_the_table_are_refused() -> None:
    for arguments, message in (
        ({"networks": ("rnn",)}, "network must be one of 'mlp', 'cnn', not 'rnn'"),
        ({"methods": ("guessed",)}, "method must be one of 'rounded', 'retrained', 'from scratch', not 'guessed'"),
        ({"seeds": ()}, "seeds must be one at least, not none"),
        ({"seeds": (-1,)}, "seed must be at least 0, not -1"),
        ({"widths": (5,)}, "weight_bits must be one of 4, 8, 12, 16, not 5"),
    ):
        with pytest.raises(ValueError) as problem:
            accuracy_table(**arguments)  # type: ignore[arg-type]
        assert str(problem.value) == message


def imports(path: Path, package: str) -> set[str]:
    """Modules of ``package`` that a file imports from by name."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom) and node.module]
    return {node.module.split(".")[2] for node in nodes if (node.module or "").startswith(f"{package}.")}


def test_cached_results_depend_on_every_module_that_computes_them() -> None:
    flow = Path(sources.__file__).parent
    waiting, seen = {"constrained", "inference", "training"}, set[str]()
    while waiting:
        seen.add(name := waiting.pop())
        waiting |= imports(flow / f"{name}.py", "flow.asm") - seen
    assert seen == set(sources.TRAINING)


@pytest.mark.slow
def test_the_script_writes_the_networks_that_are_kept(tmp_path: Path) -> None:
    """The same integers on the same processor type and PyTorch build; elsewhere they may differ in a few."""
    script.main(tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as made, np.load(script.WEIGHTS_FILE) as kept:
        assert set(made.files) == set(kept.files)
        assert all((made[name] == kept[name]).all() for name in kept.files)
