"""Exported digits networks without PyTorch: words, integers layer by layer, files, accuracy of what is kept."""

import itertools
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from flow.asm import train
from flow.asm.accuracy import SETS, WIDTHS
from flow.asm.exported import ExportedLayer, ExportedNetwork
from flow.asm.inference import correct_images, infer, input_words
from flow.asm.published import ACCURACIES, LOSSES, PUBLISHED, REPORTED
from flow.asm.storage import KEPT, NAMES, WEIGHTS_FILE, load, network_name, save
from flow.asm.tables import published_lines
from flow.asm.words import AffineWords, logit_words, requantize_words
from flow.digits.data import Digits
from flow.digits.data import load as load_digits
from sim_models.asm import AsmParameters, is_supported, rounding_table, supported_values
from sim_models.daism.layers import ConvLayer

P_ONE = AsmParameters(alphabets=(1,), weight_bits=4, input_bits=4)
P = AsmParameters(alphabets=(1, 3), weight_bits=4, input_bits=4, reduction_length=64)


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load_digits()


# Words


def test_scales_use_all_their_bits_and_are_nearest() -> None:
    random = np.random.default_rng(3)
    gain, bias = 2.0 ** random.uniform(-12, 7, 400), random.uniform(-40, 40, 400)
    words = requantize_words(gain, bias, P)
    assert words.scale.max() <= 255
    assert (words.scale >= 128).mean() > 0.9
    assert np.abs(words.scale * 2.0**-words.shift - gain).max() <= (2.0 ** -(words.shift + 1)).max()
    assert (np.abs(words.scale * 2.0**-words.shift - gain) <= 2.0 ** -(words.shift + 1.0)).all()
    assert (np.abs(words.offset * 2.0**-words.shift - bias) <= 2.0 ** -(words.shift + 1.0)).all()


def test_shifts_give_way_to_large_offsets_and_gains_of_zero_are_taken() -> None:
    words = requantize_words([0.0, 1e-9, 255.0], [0.0, 3.0, -200.0], P)
    assert words.scale.tolist() == [0, 0, 255]
    assert words.offset[1] * 2.0 ** -float(words.shift[1]) == 3.0
    assert words.shift[2] == 0
    assert words.offset[2] == -200


def test_scores_share_one_unit() -> None:
    gain, bias = np.array([0.5, 0.25, 1.0]), np.array([1.0, -2.0, 0.0])
    words = logit_words(gain, bias, P)
    assert words.scale.tolist() == [128, 64, 255]
    assert words.offset.tolist() == [255, -510, 0]
    assert not words.shift.any()


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (requantize_words, ([256.0], [0.0]), "gain must be at most 255, not 256.0"),
        (requantize_words, ([-1.0], [0.0]), "gain must be at least 0, not -1.0"),
        (requantize_words, ([1.0], [float("nan")]), "bias must be finite"),
        (requantize_words, ([1.0, 2.0], [0.0]), "gain and bias must be of one shape (channels,), not (2,) and (1,)"),
        (requantize_words, ([1.0], [1e9]), "bias must be at most 4194303, not 1000000000.0"),
        (logit_words, ([0.0], [1.0]), "gain must be above 0 in one channel at least"),
    ],
)
def test_bad_gains_and_biases_are_refused(make: Any, arguments: Any, message: str) -> None:
    with pytest.raises(ValueError) as problem:
        make(*arguments, P)
    assert str(problem.value) == message


# Inference


def naive(layer: ExportedLayer, inputs: NDArray[np.int64]) -> tuple[list[Any], list[Any]]:
    """Sums and outputs of one image by loops over Python integers and fractions."""
    shape = layer.shape
    kernels = layer.weights.T.reshape(shape.outputs, shape.channels, shape.kernel, shape.kernel).tolist()
    pixels, edge = inputs.tolist(), shape.output_edge
    taps = [(c, i, j) for c in range(shape.channels) for i in range(shape.kernel) for j in range(shape.kernel)]
    sums, outputs = [], []
    for output in range(shape.outputs):
        for place in range(edge * edge):
            top, left = (index * shape.stride - shape.padding for index in divmod(place, edge))
            total = sum(
                kernels[output][c][i][j] * pixels[c][top + i][left + j]
                for c, i, j in taps
                if 0 <= top + i < shape.size and 0 <= left + j < shape.size
            )
            sums.append(total)
            outputs.append(naive_output(layer, output, total))
    return sums, outputs


def naive_output(layer: ExportedLayer, output: int, total: int) -> int:
    value = total * int(layer.words.scale[output]) + int(layer.words.offset[output])
    if layer.last:
        return value
    rounded = floor(Fraction(value, 2 ** int(layer.words.shift[output])) + Fraction(1, 2))
    clipped = max(0, min(layer.main.maximum_input, rounded))
    if not layer.main.encode_inputs:
        return clipped
    grid = supported_values(replace(layer.main, weight_bits=layer.main.input_bits)).tolist()
    return min(grid, key=lambda level: (abs(level - clipped), level))


@pytest.mark.parametrize("name", ["mlp.4.1", "mlp.8.1-3-5-7", "mlp.12.1-3", "cnn.4.1-3.coded", "cnn.8.1"])
def test_every_layer_is_what_loops_over_integers_give(name: str, digits: Digits) -> None:
    network = load(name)
    runs = infer(network, digits.test_images[:2])
    for layer, run in zip(network.layers, runs, strict=True):
        for image in range(1 if name.startswith("cnn") else 2):
            sums, outputs = naive(layer, run.inputs[image])
            assert run.sums[image].ravel().tolist() == sums
            assert run.outputs[image].ravel().tolist() == outputs
    for before, after in itertools.pairwise(runs):
        assert (before.outputs == after.inputs).all()


def test_pixels_become_inputs_over_the_whole_range() -> None:
    pixels = np.arange(64).reshape(1, 8, 8) % 17
    for name, top in (("mlp.8.1", 255), ("cnn.4.1-3", 15)):
        expected = [floor(Fraction(pixel * top, 16) + Fraction(1, 2)) for pixel in pixels.ravel().tolist()]
        assert input_words(load(name), pixels).ravel().tolist() == expected
    coded = input_words(load("cnn.4.1.coded"), pixels).ravel()
    assert set(coded.tolist()) == {0, 1, 2, 4, 8}
    assert coded[16] == 8


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((1, 8, 8)), "images must be integers of at most 64 bits, not float64"),
        (np.full((1, 8, 8), 17), "images must be at most 16, not 17"),
        (np.zeros((1, 8, 7), int), "images must have 64 pixels each, in 3 or 4 dimensions, not shape (1, 8, 7)"),
        (np.zeros((8, 64), int), "images must have 64 pixels each, in 3 or 4 dimensions, not shape (8, 64)"),
        (np.zeros((0, 8, 8), int), "images must have 64 pixels each, in 3 or 4 dimensions, not shape (0, 8, 8)"),
    ],
)
def test_bad_images_are_refused(images: NDArray[Any], message: str) -> None:
    with pytest.raises(ValueError) as problem:
        infer(load("mlp.4.1"), images)
    assert str(problem.value) == message


def small_layer(**changes: Any) -> ExportedLayer:
    shape = ConvLayer(name="small", channels=1, outputs=2, size=1)
    zeros = np.zeros(2, np.int64)
    fields: dict[str, Any] = {
        "shape": shape,
        "parameters": (replace(P, reduction_length=1),),
        "weights": np.array([[3, -12]]),
        "words": AffineWords(scale=zeros, offset=zeros, shift=zeros),
        "relu": True,
        "last": True,
    }
    return ExportedLayer(**(fields | changes))


def words_with(**changes: Any) -> AffineWords:
    zeros = np.zeros(2, np.int64)
    return AffineWords(**({"scale": zeros, "offset": zeros, "shift": zeros} | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": np.array([[5, 0]])}, "weights of small must be supported by alphabets (1, 3), not 5"),
        ({"weights": np.array([[16, 0]])}, "weights of small must be at most 15, not 16"),
        ({"weights": np.array([[0.0, 1.0]])}, "weights of small must be integers of at most 64 bits, not float64"),
        ({"weights": np.zeros((2, 2), int)}, "weights of small must be of shape (1, 2), not (2, 2)"),
        ({"words": words_with(scale=np.array([256, 0]))}, "scale of small must be at most 255, not 256"),
        ({"words": words_with(shift=np.array([0, 1]))}, "shift of small must be at most 0, not 1"),
        ({"words": words_with(offset=np.array([0]))}, "offset of small must be of shape (2,), not (1,)"),
        ({"parameters": (P,) * 3}, "parameters of small must be 1 or 2, not 3"),
        (
            {"parameters": (AsmParameters(input_signed=True),)},
            "input_signed must be False in a network of rectified layers, not True",
        ),
        (
            {"shape": ConvLayer(name="small", channels=2, outputs=2, size=1, groups=2)},
            "groups of small must be 1, not 2",
        ),
    ],
)
def test_bad_layers_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as problem:
        small_layer(**changes)
    assert str(problem.value) == message


def test_channels_of_different_sets_have_their_own_grids() -> None:
    one, both = (replace(P, reduction_length=1, alphabets=chosen) for chosen in ((1,), (1, 3)))
    layer = small_layer(parameters=(one, both), weights=np.array([[8, 12]]), words=words_with(scale=np.array([1, 1])))
    network = ExportedNetwork(name="mixed", layers=(layer,), input_gain=15)
    assert infer(network, np.array([[[16]]]))[0].sums.ravel().tolist() == [120, 180]
    with pytest.raises(ValueError) as problem:
        small_layer(parameters=(one, both), weights=np.array([[12, 12]]))
    assert str(problem.value) == "weights of small must be supported by alphabets (1,), not 12"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"layers": (), "input_gain": 1}, "layers must be one at least, not none"),
        ({"layers": (small_layer(),), "input_gain": 16}, "input_gain must be between 1 and 15, not 16"),
        (
            {"layers": (small_layer(last=False), small_layer()), "input_gain": 1},
            "small must take (channels, size, bits) (2, 1, 4), not (1, 1, 4)",
        ),
        ({"layers": (small_layer(last=False),), "input_gain": 1}, "layers must end with the one and only last layer"),
    ],
)
def test_bad_networks_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as problem:
        ExportedNetwork(name="bad", **fields)
    assert str(problem.value) == message


# The kept networks


CORRECT = {
    "mlp.4.1": 874,
    "mlp.4.1-3": 868,
    "mlp.4.1-3-5-7": 870,
    "mlp.4.1-3-5-7-9-11-13-15": 871,
    "mlp.8.1": 870,
    "mlp.8.1-3": 874,
    "mlp.8.1-3-5-7": 871,
    "mlp.8.1-3-5-7-9-11-13-15": 872,
    "mlp.12.1": 875,
    "mlp.12.1-3": 872,
    "mlp.12.1-3-5-7": 871,
    "mlp.12.1-3-5-7-9-11-13-15": 872,
    "mlp.4.1.coded": 853,
    "mlp.4.1-3.coded": 859,
    "mlp.4.1+1-3-5-7": 870,
    "cnn.4.1": 890,
    "cnn.4.1-3": 888,
    "cnn.4.1-3-5-7": 892,
    "cnn.4.1-3-5-7-9-11-13-15": 891,
    "cnn.8.1": 892,
    "cnn.8.1-3": 893,
    "cnn.8.1-3-5-7": 893,
    "cnn.8.1-3-5-7-9-11-13-15": 892,
    "cnn.12.1": 893,
    "cnn.12.1-3": 893,
    "cnn.12.1-3-5-7": 893,
    "cnn.12.1-3-5-7-9-11-13-15": 893,
    "cnn.4.1.coded": 879,
    "cnn.4.1-3.coded": 887,
    "cnn.4.1+1-3-5-7": 890,
}
"""Of 899; measured once, by the golden model."""


def test_thirty_networks_are_kept() -> None:
    """Four sets at three widths for each of two networks; at 4 bits two sets with coded inputs, and mixed sets."""
    assert tuple(KEPT) == NAMES
    assert set(NAMES) == set(CORRECT)
    assert len(NAMES) == 30
    square = {(each.kind, each.parameters.weight_bits, each.parameters.alphabets) for each in KEPT.values()}
    assert square == {(kind, bits, chosen) for kind in ("mlp", "cnn") for bits in WIDTHS for chosen in SETS}
    assert all(each.parameters.weight_bits == each.parameters.input_bits for each in KEPT.values())
    assert WEIGHTS_FILE.stat().st_size < 400_000
    with np.load(WEIGHTS_FILE, allow_pickle=False) as stored:
        assert {key.removesuffix(".input_gain") for key in stored.files if key.endswith("gain")} == set(NAMES)


def test_mixed_networks_have_a_larger_set_in_their_last_layer() -> None:
    for kind in ("mlp", "cnn"):
        sets = [layer.main.alphabets for layer in load(f"{kind}.4.1+1-3-5-7").layers]
        assert sets == [(1,)] * (len(sets) - 1) + [(1, 3, 5, 7)]
        last = np.abs(load(f"{kind}.4.1+1-3-5-7").layers[-1].weights)
        assert not is_supported(last, P_ONE).all()


@pytest.mark.parametrize("name", NAMES)
def test_kept_networks_recognise_the_test_half(name: str, digits: Digits) -> None:
    network = load(name)
    correct = correct_images(infer(network, digits.test_images)[-1].outputs, digits.test_labels)
    assert correct == CORRECT[name]
    for layer in network.layers:
        table = rounding_table(layer.main)
        assert (table[np.abs(layer.weights)] == np.abs(layer.weights)).all()


def test_files_keep_every_integer(tmp_path: Path) -> None:
    networks = [load(name) for name in NAMES[:2]]
    save(networks, tmp_path / "some.npz")
    for network in networks:
        again = load(network.name, tmp_path / "some.npz")
        assert again.input_gain == network.input_gain
        for one, other in zip(network.layers, again.layers, strict=True):
            assert (one.weights == other.weights).all()
            assert one.parameters == other.parameters
            for field in ("scale", "offset", "shift"):
                assert (getattr(one.words, field) == getattr(other.words, field)).all()
    with pytest.raises(ValueError) as problem:
        load(NAMES[2], tmp_path / "some.npz")
    assert str(problem.value) == f"{tmp_path / 'some.npz'} must have an array {NAMES[2]}.input_gain"


def damaged(key: str, value: NDArray[Any], folder: Path) -> Path:
    with np.load(WEIGHTS_FILE, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files if name.startswith("mlp.4.1.")}
    np.savez(folder / "damaged.npz", **(arrays | {key: value}))
    return folder / "damaged.npz"


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("input_gain", np.array(1.5), "input_gain of mlp.4.1 must be one integer"),
        ("input_gain", np.array(99), "input_gain must be between 1 and 15, not 99"),
        ("hidden.weights", np.full((64, 64), 3), "weights of hidden must be supported by alphabets (1,), not 3"),
        ("hidden.scale", np.ones(64), "scale of hidden must be integers of at most 64 bits, not float64"),
        ("logits.offset", np.zeros(9, int), "offset of logits must be of shape (10,), not (9,)"),
    ],
)
def test_damaged_files_are_refused(member: str, value: NDArray[Any], message: str, tmp_path: Path) -> None:
    path = damaged(f"mlp.4.1.{member}", value, tmp_path)
    with pytest.raises(ValueError) as problem:
        load("mlp.4.1", path)
    assert str(problem.value) == message


def test_other_files_and_names_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no archive")
    (tmp_path / "cut.npz").write_bytes(WEIGHTS_FILE.read_bytes()[:5000])
    for name in ("text.npz", "cut.npz", "absent.npz"):
        with pytest.raises(ValueError, match=r"must be an \.npz file of exported networks") as problem:
            load("mlp.4.1", tmp_path / name)
        assert "\n" not in str(problem.value)
    with pytest.raises(ValueError, match="name must be one of"):
        load("mlp.5.1")


def test_names_tell_parameters() -> None:
    p = AsmParameters(alphabets=(3, 1), weight_bits=4, input_bits=4, encode_inputs=True)
    assert network_name("cnn", p) == "cnn.4.1-3.coded"
    assert network_name("mlp", replace(p, encode_inputs=False), (1, 3, 5, 7)) == "mlp.4.1-3+1-3-5-7"
    assert [KEPT[name].name for name in NAMES] == list(NAMES)


# Published figures


def test_published_figures_carry_their_class() -> None:
    """Values typed again from the abstract of the first paper and from the reported tables of the second."""
    assert {each.evidence for each in ACCURACIES} == {REPORTED}
    mnist = {(each.bits, each.alphabets): each.percent for each in ACCURACIES if each.task == "MNIST"}
    assert mnist == {
        (12, (1,)): 97.33,
        (12, None): 97.68,
        (8, (1,)): 97.18,
        (8, None): 97.56,
        (4, (1,)): 96.31,
        (4, None): 97.32,
    }
    assert [(each.bits, each.points) for each in LOSSES if each.evidence == PUBLISHED] == [(None, 2.83), (None, 2.0)]
    for line in published_lines():
        assert line.count(PUBLISHED) + line.count(REPORTED) == 1


# The script


def test_without_pytorch_it_ends_with_one_line(tmp_path: Path) -> None:
    program = "import sys, runpy; sys.modules['torch'] = None; runpy.run_module('flow.asm.train', run_name='__main__')"
    command = [sys.executable, "-c", program, str(tmp_path / "weights.npz")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == (
        "PyTorch not found, which disables alphabet-aware training; install it with: pip install 'bitline[train]'\n"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [["a.npz", "b.npz"], ["-h"], ["weights.txt"], ["absent/weights.npz"]])
def test_other_targets_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        train.target(arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert train.target([]) == WEIGHTS_FILE
