"""CIFAR-10 and CIFAR-100 from a user's own copy, in the binary version or the Python version; nothing is downloaded.

Binary version: records of one label byte (CIFAR-100: a coarse one, then the fine one) and 3072 pixel bytes, red, green,
blue, each 32 rows of 32. Python version: pickled dictionaries with the same bytes as an array, read by an unpickler
that knows arrays of numbers and nothing else, so that a file cannot run code. Where both are there, the binary
version is read.

Source: https://www.cs.toronto.edu/~kriz/cifar.html
"""

import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

EDGE, CHANNELS = 32, 3
PIXEL_MAXIMUM = 255
_PIXELS = CHANNELS * EDGE * EDGE


@dataclass(frozen=True, kw_only=True)
class CifarFormat:
    """Files of one data set: ``label_bytes`` of a record, the last of them the label; ``key`` of the labels pickled."""

    classes: int
    label_bytes: int
    binary_train: tuple[str, ...]
    binary_test: str
    python_train: tuple[str, ...]
    python_test: str
    key: bytes


FORMATS = {
    10: CifarFormat(
        classes=10,
        label_bytes=1,
        binary_train=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
        binary_test="test_batch.bin",
        python_train=tuple(f"data_batch_{number}" for number in range(1, 6)),
        python_test="test_batch",
        key=b"labels",
    ),
    100: CifarFormat(
        classes=100,
        label_bytes=2,
        binary_train=("train.bin",),
        binary_test="test.bin",
        python_train=("train",),
        python_test="test",
        key=b"fine_labels",
    ),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Cifar:
    """Images as uint8 (count, 3, 32, 32) of 0..255 and labels as int64 (count,) of 0..classes - 1."""

    classes: int
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]


def load(folder: Path, classes: int) -> Cifar:
    """Read CIFAR-10 (``classes`` 10) or CIFAR-100 from the folder that its archive unpacks to.

    Raises ValueError for other classes, a folder without the files, and files that are not of the format.
    """
    if classes not in FORMATS:
        raise ValueError(f"classes must be 10 or 100, not {classes!r}")
    form = FORMATS[classes]
    binary = (*form.binary_train, form.binary_test)
    python = (*form.python_train, form.python_test)
    for names, read in ((binary, _read_binary), (python, _read_python)):
        if all((folder / name).is_file() for name in names):
            parts = [read(folder / name, form) for name in names]
            images, labels = (np.concatenate([part[index] for part in parts[:-1]]) for index in (0, 1))
            return Cifar(
                classes=classes,
                train_images=images,
                train_labels=labels,
                test_images=parts[-1][0],
                test_labels=parts[-1][1],
            )
    raise ValueError(f"{folder} must hold {', '.join(binary)}, or {', '.join(python)}")


Part = tuple[NDArray[np.uint8], NDArray[np.int64]]


def _read_binary(path: Path, form: CifarFormat) -> Part:
    record = form.label_bytes + _PIXELS
    content = np.frombuffer(_content(path), np.uint8)
    if not content.size or content.size % record:
        raise ValueError(f"{path} must be records of {record} bytes, not {content.size} bytes")
    records = content.reshape(-1, record)
    return _part(path, records[:, form.label_bytes :], records[:, form.label_bytes - 1].astype(np.int64), form)


def _read_python(path: Path, form: CifarFormat) -> Part:
    try:
        content = _ArrayUnpickler(_content(path)).load()
        pixels, labels = content[b"data"], content[form.key]
        rows, numbers = np.asarray(pixels), np.asarray(labels)
    except Exception as problem:  # a pickle fails with almost any exception
        raise ValueError(f"{path} must be a pickled batch of CIFAR images ({_one_line(problem)})") from None
    if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != _PIXELS or not len(rows):
        raise ValueError(f"data of {path} must be uint8 of shape (images, {_PIXELS}), not {rows.dtype} {rows.shape}")
    if numbers.dtype.kind not in "iu" or numbers.shape != (len(rows),):
        raise ValueError(f"labels of {path} must be {len(rows)} integers")
    return _part(path, rows, numbers.astype(np.int64), form)


def _part(path: Path, pixels: NDArray[np.uint8], labels: NDArray[np.int64], form: CifarFormat) -> Part:
    if labels.min() < 0 or labels.max() >= form.classes:
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise ValueError(f"labels of {path} must be between 0 and {form.classes - 1}, not {wrong}")
    return np.ascontiguousarray(pixels).reshape(-1, CHANNELS, EDGE, EDGE), labels


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise ValueError(f"cannot read {path} ({problem.strerror})") from None


class _ArrayUnpickler(pickle.Unpickler):
    """An unpickler of numbers, texts, lists, dictionaries and numpy arrays of them; any other class is refused."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="bytes")

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        if name == "_reconstruct" and module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            return _empty_array
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")


def _empty_array(kind: object, shape: object, code: object) -> NDArray[Any]:
    """The array that its pickled state then fills."""
    if kind is not np.ndarray:
        raise pickle.UnpicklingError("only plain arrays are allowed")
    return np.ndarray((0,), np.int8)


def _one_line(problem: Exception) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]
