"""CIFAR from tiny files of the real formats, and one training step of the networks for it."""

import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from flow.asm import cifar
from flow.asm.cifar import FORMATS, Cifar, load

IMAGES = 3
Batch = tuple[NDArray[np.uint8], NDArray[np.int64]]


def batch(classes: int, seed: int) -> Batch:
    """Random pixels (images, 3, 32, 32) and labels."""
    random = np.random.default_rng((classes, seed))
    return random.integers(0, 256, (IMAGES, 3, 32, 32), np.uint8), random.integers(0, classes, IMAGES)


def binary(pixels: NDArray[np.uint8], labels: NDArray[np.int64], coarse: bool) -> bytes:
    """Records as the binary version has them, byte by byte."""
    records = b""
    for image, label in zip(pixels.tolist(), labels.tolist(), strict=True):
        records += bytes([label % 20] if coarse else []) + bytes([label])
        for plane in image:
            records += b"".join(bytes(row) for row in plane)
    return records


def text(content: bytes) -> bytes:
    """A Python 2 string, opcodes SHORT_BINSTRING and BINSTRING."""
    if len(content) < 256:
        return b"U" + bytes([len(content)]) + content
    return b"T" + struct.pack("<i", len(content)) + content


def python2(pixels: NDArray[np.uint8], labels: NDArray[np.int64], key: bytes) -> bytes:
    """A batch as Python 2 pickled it, protocol 2, written opcode by opcode: a dictionary with an array of rows."""
    number = [b"K" + bytes([value]) for value in range(256)]
    rows = pixels.reshape(len(pixels), -1)
    reconstruct = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n" + number[0] + b"\x85" + text(b"b") + b"tR"
    kind = b"cnumpy\ndtype\n(" + text(b"u1") + number[0] + number[1] + b"tR"
    kind += b"(" + number[3] + text(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff" + number[0] + b"tb"
    shape = b"J" + struct.pack("<i", len(rows)) + b"J" + struct.pack("<i", rows.shape[1]) + b"\x86"
    state = b"(" + number[1] + shape + kind + b"\x89" + text(rows.tobytes()) + b"tb"
    listed = b"](" + b"".join(number[label] for label in labels.tolist()) + b"e"
    return b"\x80\x02}(" + text(b"data") + reconstruct + state + text(key) + listed + b"u."


def write(folder: Path, classes: int, version: str) -> list[Batch]:
    """Files of every batch; what they hold, the test batch last."""
    form = FORMATS[classes]
    names = (*form.binary_train, form.binary_test) if version == "binary" else (*form.python_train, form.python_test)
    batches = [batch(classes, seed) for seed in range(len(names))]
    for name, (pixels, labels) in zip(names, batches, strict=True):
        content = binary(pixels, labels, classes == 100) if version == "binary" else python2(pixels, labels, form.key)
        (folder / name).write_bytes(content)
    return batches


def require_equal(found: Cifar, batches: list[Batch]) -> None:
    assert (found.train_images == np.concatenate([pixels for pixels, _ in batches[:-1]])).all()
    assert found.train_labels.tolist() == [label for _, labels in batches[:-1] for label in labels.tolist()]
    assert (found.test_images == batches[-1][0]).all()
    assert found.test_labels.tolist() == batches[-1][1].tolist()
    assert found.train_images.dtype == np.uint8
    assert found.train_images.shape[1:] == (3, 32, 32)


@pytest.mark.parametrize("classes", [10, 100])
@pytest.mark.parametrize("version", ["binary", "python"])
def test_both_versions_of_both_sets_are_read(classes: int, version: str, tmp_path: Path) -> None:
    batches = write(tmp_path, classes, version)
    assert len(batches) == (6 if classes == 10 else 2)
    require_equal(load(tmp_path, classes), batches)


def test_the_binary_version_comes_first(tmp_path: Path) -> None:
    write(tmp_path, 10, "python")
    pixels, labels = batch(10, 77)
    for name in (*FORMATS[10].binary_train, FORMATS[10].binary_test):
        (tmp_path / name).write_bytes(binary(pixels, labels, False))
    require_equal(load(tmp_path, 10), [(pixels, labels)] * 6)


class Touch:
    """Pickled, a call that makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("value", ["call", "object array", "text"])
def test_pickles_that_hold_more_than_numbers_are_refused(value: str, tmp_path: Path) -> None:
    write(tmp_path, 100, "python")
    made = tmp_path / "made"
    content: Any = {
        "call": Touch(made),
        "object array": np.array([Touch(made)], object),
        "text": "no batch",
    }[value]
    (tmp_path / "train").write_bytes(pickle.dumps({b"data": content, b"fine_labels": [1]}, protocol=2))
    with pytest.raises(ValueError) as problem:
        load(tmp_path, 100)
    assert "\n" not in str(problem.value)
    assert str(tmp_path / "train") in str(problem.value)
    assert not made.exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("test_batch.bin", bytes(3072), "{} must be records of 3073 bytes, not 3072 bytes"),
        ("test_batch.bin", b"", "{} must be records of 3073 bytes, not 0 bytes"),
        ("data_batch_2.bin", b"\x0a" + bytes(3072), "labels of {} must be between 0 and 9, not 10"),
    ],
)
def test_damaged_binary_files_are_refused(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    write(tmp_path, 10, "binary")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError) as problem:
        load(tmp_path, 10)
    assert str(problem.value) == message.format(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "{} must be a pickled batch of CIFAR images (Ran out of input)"),
        (pickle.dumps([1], protocol=2), "{} must be a pickled batch of CIFAR images"),
        (python2(*batch(10, 1), b"other"), "{} must be a pickled batch of CIFAR images (b'labels')"),
        (
            python2(batch(10, 1)[0][:, :2], batch(10, 1)[1], b"labels"),
            "data of {} must be uint8 of shape (images, 3072), not uint8 (3, 2048)",
        ),
        (python2(batch(10, 1)[0], np.array([1, 2]), b"labels"), "labels of {} must be 3 integers"),
        (python2(batch(10, 1)[0], np.array([1, 2, 10]), b"labels"), "labels of {} must be between 0 and 9, not 10"),
    ],
)
def test_damaged_pickles_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    write(tmp_path, 10, "python")
    (tmp_path / "test_batch").write_bytes(content)
    with pytest.raises(ValueError) as problem:
        load(tmp_path, 10)
    assert str(problem.value).startswith(message.format(tmp_path / "test_batch"))


def test_other_sets_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError) as problem:
        load(tmp_path, 20)
    assert str(problem.value) == "classes must be 10 or 100, not 20"
    with pytest.raises(ValueError) as problem:
        load(tmp_path / "absent", 100)
    assert str(problem.value) == f"{tmp_path / 'absent'} must hold train.bin, test.bin, or train, test"


# Networks


@pytest.mark.parametrize(("name", "weights", "layers"), [("resnet20", 267_696, 20), ("mobilenet", 68_320, 14)])
@pytest.mark.parametrize("classes", [10, 100])
def test_one_step_of_the_networks_on_a_tiny_set(
    name: str, weights: int, layers: int, classes: int, tmp_path: Path
) -> None:
    """Products are made of integers on the grid in every layer, all weights get a gradient, and the step moves them."""
    pytest.importorskip("torch", reason="training needs PyTorch")
    from flow.asm import deep
    from flow.asm.modules import asm_modules, calibrate
    from flow.asm.pytorch import torch
    from flow.asm.training import deterministic, samples, training_step
    from sim_models.asm import AsmParameters, is_supported

    write(tmp_path, classes, "binary")
    found = load(tmp_path, classes)
    data = samples(found.train_images, found.train_labels, cifar.PIXEL_MAXIMUM)
    p = AsmParameters(alphabets=(1, 3), weight_bits=4, input_bits=4, encode_inputs=True)
    with deterministic(1):
        model = getattr(deep, name)(classes, p).double()
        modules = asm_modules(model)
        assert len(modules) == layers
        # 3 x 3 kernels of 3-16, 16-16 (6), 16-32, 32-32 (5), 32-64, 64-64 (5) channels; depthwise and pointwise ones
        assert sum(module.weight.numel() for module in modules[:-1]) == weights
        calibrate(model, data.images)
        before = [module.weight.detach().clone() for module in modules]
        inputs: list[Any] = []
        hooks = [module.register_forward_pre_hook(lambda _, given: inputs.append(given[0])) for module in modules]
        optimizer = torch.optim.SGD([each for each in model.parameters() if each.requires_grad], lr=0.1)
        first = training_step(model, optimizer, data.images, data.labels)
        for hook in hooks:
            hook.remove()
        again = training_step(model, optimizer, data.images, data.labels)
    assert np.isfinite([first, again]).all()
    assert all((module.weight != old).any() for module, old in zip(modules, before, strict=True))
    assert len(inputs) == layers
    for module, given, old in zip(modules, inputs, before, strict=True):
        assert (given >= 0).all()
        for quantiser, values in ((module.quantisers.inputs, given), (module.quantisers.weights, old)):
            integers = quantiser.integers(values.detach()).long().abs().numpy()
            assert is_supported(integers, p).all()
            assert integers.any()
