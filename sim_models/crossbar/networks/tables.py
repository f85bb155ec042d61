"""Tables of layers: text files of one row a layer, with the network's source in comment lines before them."""

import csv
from dataclasses import dataclass, fields, replace
from pathlib import Path

from sim_models.arith.checking import require_choice, require_integer
from sim_models.crossbar.networks.network_layer import NetworkLayer

NETWORKS = (
    "alexnet",
    "vgg16",
    "vgg19",
    "resnet50",
    "resnet101",
    "inception_v3",
    "googlenet",
    "mobilenet_v1",
    "neuraltalk",
)
"""Eight convolutional networks and a recurrent one, those of the published evaluation (reported)."""
NEURALTALK = NETWORKS[-1]

_TEXTS = ("name", "kind", "edges")
_LARGEST_FILE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Network:
    """Layers of a network, and where their shapes come from. Raises ValueError without layers or with a name twice."""

    name: str
    source: str
    layers: tuple[NetworkLayer, ...]

    def __post_init__(self) -> None:
        names = [layer.name for layer in self.layers]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"layers of {self.name} must be at least one, each with a name of its own, not {names}")

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one image or sentence."""
        return sum(layer.macs for layer in self.layers)

    @property
    def weights(self) -> int:
        """Weights, without biases."""
        return sum(layer.weights for layer in self.layers)


def load(name: str) -> Network:
    """One of `NETWORKS`. Raises ValueError for another name."""
    require_choice("name", name, NETWORKS)
    return read_table(Path(__file__).with_name(f"{name}.csv"))


def neuraltalk(*, words: int, steps: int) -> Network:
    """NeuralTalk with a vocabulary of ``words`` and ``steps`` time steps, which the table only assumes.

    Raises ValueError for numbers below 1.
    """
    require_integer("words", words, 1)
    require_integer("steps", steps, 1)
    network = load(NEURALTALK)
    layers = [replace(layer, repeat=steps) if layer.repeat > 1 else layer for layer in network.layers]
    last = replace(layers[-1], out_channels=words)
    return replace(network, layers=(*layers[:-1], last))


def read_table(path: Path) -> Network:
    """The network of a file: comment lines from '#' on, its source; a line of column names; a line a layer.

    Raises ValueError, naming the file and the line, for a file that cannot be read, has no source, other columns or
    no layers, and for what `NetworkLayer` refuses.
    """
    lines = _lines(path)
    comments = [line[1:].strip() for line in lines if line.startswith("#")]
    rows = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    columns = [field.name for field in fields(NetworkLayer)]
    if not comments or not rows or rows[0][1].split(",") != columns:
        raise ValueError(f"{path.name} must have a source in lines from '#' on and the columns {','.join(columns)}")
    layers = tuple(_layer(path, number, columns, line) for number, line in rows[1:])
    try:
        return Network(name=path.stem, source=" ".join(comments), layers=layers)
    except ValueError as problem:
        raise ValueError(f"{path.name}: {problem}") from None


def _lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_LARGEST_FILE + 1)
    except (OSError, UnicodeDecodeError) as problem:
        raise ValueError(f"{path} must be a readable text: {problem}") from None
    if len(text) > _LARGEST_FILE:
        raise ValueError(f"{path} must have at most {_LARGEST_FILE} characters, it has more")
    return text.splitlines()


def _layer(path: Path, number: int, columns: list[str], line: str) -> NetworkLayer:
    try:
        (values,) = csv.reader([line], strict=True)
        if len(values) != len(columns):
            raise ValueError(f"columns must be {len(columns)}, not {len(values)}")
        read = dict(zip(columns, values, strict=True))
        texts = {name: read[name] for name in _TEXTS}
        numbers = {name: _integer(name, read[name]) for name in columns if name not in _TEXTS}
        return NetworkLayer(**texts, **numbers)  # type: ignore[arg-type]  # the names tell which are texts
    except (ValueError, csv.Error) as problem:
        raise ValueError(f"{path.name}, line {number}: {problem}") from None


def _integer(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(f"{name} must be a whole number below 10^9, not {text!r}")
    return int(text)
