"""Exported digits networks in one .npz file: what inference and the hardware's tests need without PyTorch.

A network's name says what it is: ``<kind>.<bits>.<alphabets>``, as in ``cnn.4.1-3``, with ``.coded`` behind it where
the activations lie on the alphabets' grid too; in ``cnn.4.1+1-3-5-7`` the set behind the + is the last layer's alone.
Weights and inputs have the same number of bits.
"""

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flow.asm.accuracy import SETS, WIDTHS
from flow.asm.architectures import NETWORKS
from flow.asm.exported import ExportedLayer, ExportedNetwork
from flow.asm.words import AffineWords
from gen.cache import replace_file
from sim_models.arith.checking import require_choice
from sim_models.asm import AsmParameters
from sim_models.asm.parameters import CODED_ALPHABETS
from sim_models.daism.layers import ConvLayer

WEIGHTS_FILE = Path(__file__).with_name("weights.npz")
_FIELDS = ("scale", "offset", "shift")
_GAIN = "input_gain"


def network_name(kind: str, p: AsmParameters, last: tuple[int, ...] | None = None) -> str:
    """The name of a digits network of one set of parameters, or with other alphabets in its ``last`` layer."""
    sets = "+".join("-".join(map(str, each)) for each in (p.alphabets, last) if each)
    return f"{kind}.{p.weight_bits}.{sets}" + (".coded" if p.encode_inputs else "")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A network of the file: ``parameters`` of all layers, but ``last`` are the alphabets of the last if not None."""

    kind: str
    parameters: AsmParameters
    last: tuple[int, ...] | None = None

    @property
    def name(self) -> str:
        """The name under which the network is stored."""
        return network_name(self.kind, self.parameters, self.last)

    @property
    def layers(self) -> tuple[AsmParameters, ...]:
        """The parameters of every layer."""
        p, count = self.parameters, len(NETWORKS[self.kind])
        return (p,) * (count - 1) + (replace(p, alphabets=self.last or p.alphabets),)


def _square(alphabets: tuple[int, ...], bits: int, *, coded: bool = False) -> AsmParameters:
    return AsmParameters(alphabets=alphabets, weight_bits=bits, input_bits=bits, encode_inputs=coded)


def _kept(kind: str) -> Iterator[Kept]:
    for bits in WIDTHS:
        for alphabets in SETS:
            yield Kept(kind=kind, parameters=_square(alphabets, bits))
    for alphabets in CODED_ALPHABETS:
        yield Kept(kind=kind, parameters=_square(alphabets, WIDTHS[0], coded=True))
    yield Kept(kind=kind, parameters=_square(SETS[0], WIDTHS[0]), last=SETS[2])


KEPT = {each.name: each for kind in NETWORKS for each in _kept(kind)}
"""The networks of the file by name: all sets at 4, 8 and 12 bits; at 4 bits coded inputs, and mixed sets, as well."""
NAMES = tuple(KEPT)


def save(networks: Iterable[ExportedNetwork], path: Path = WEIGHTS_FILE) -> None:
    """Write ``networks`` all at once, in the smallest integer types; numpy stamps no time into the file."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for network in networks:
        arrays[f"{network.name}.{_GAIN}"] = np.array(network.input_gain)
        for layer in network.layers:
            prefix = f"{network.name}.{layer.shape.name}"
            arrays[f"{prefix}.weights"] = _small(layer.weights)
            arrays |= {f"{prefix}.{field}": _small(getattr(layer.words, field)) for field in _FIELDS}
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **arrays)
    replace_file(path, content.getvalue())


def load(name: str, path: Path = WEIGHTS_FILE) -> ExportedNetwork:
    """Read the network ``name``, one of `NAMES`, and check it as `ExportedNetwork` does; no pickles.

    Raises ValueError for another name, a file that is no such file or lacks the network, and integers out of range.
    """
    require_choice("name", name, NAMES)
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            members = {key: stored[key] for key in stored.files if key.startswith(f"{name}.")}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error) as problem:
        raise ValueError(f"{path} must be an .npz file of exported networks ({problem})") from None
    gain = _member(members, f"{name}.{_GAIN}", path)
    if gain.shape != () or gain.dtype.kind not in "iu":
        raise ValueError(f"{_GAIN} of {name} must be one integer")
    shapes = NETWORKS[KEPT[name].kind]
    each = zip(shapes, KEPT[name].layers, strict=True)
    layers = tuple(_layer(shape, p, members, name, path, last=shape is shapes[-1]) for shape, p in each)
    return ExportedNetwork(name=name, layers=layers, input_gain=int(gain))


def _layer(
    shape: ConvLayer, p: AsmParameters, members: Mapping[str, NDArray[np.generic]], name: str, path: Path, *, last: bool
) -> ExportedLayer:
    prefix = f"{name}.{shape.name}"
    words = {field: _wide(_member(members, f"{prefix}.{field}", path)) for field in _FIELDS}
    return ExportedLayer(
        shape=shape,
        parameters=(replace(p, reduction_length=shape.channels * shape.kernel**2),),
        weights=_wide(_member(members, f"{prefix}.weights", path)),
        words=AffineWords(**words),
        relu=not last,
        last=last,
    )


def _member(members: Mapping[str, NDArray[np.generic]], key: str, path: Path) -> NDArray[np.generic]:
    if key not in members:
        raise ValueError(f"{path} must have an array {key}")
    return members[key]


def _small(values: NDArray[np.int64]) -> NDArray[np.generic]:
    """The same integers in the smallest signed type that holds them."""
    largest = int(np.abs(values).max())
    return values.astype(np.min_scalar_type(-largest - 1))


def _wide(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """Integers as int64; other types are left for the layer to refuse."""
    return np.asarray(values, np.int64 if values.dtype.kind == "i" else values.dtype)
