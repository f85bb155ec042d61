"""Run integer arithmetic of any width over lists of vectors."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from verif.batch import simulate

_PIECE_BITS = 32
_WIDEST_PLAIN = 64


def run_vectors(rtl: Rtl, inputs: Mapping[str, Sequence[int]], *, latency: int = 0) -> dict[str, NDArray[Any]]:
    """Every output for each vector, ``latency`` cycles after it, as the integers that the ports stand for.

    Values are int64, or Python integers for ports of 64 bits and more.
    """
    widths = {port.name: port.width for port in rtl.ports}
    padded = {name: [*values, *[0] * latency] for name, values in inputs.items()}
    shown = simulate(rtl, {name: _words(values, widths[name]) for name, values in padded.items()})
    signed = {port.name: port.signed for port in rtl.ports}
    return {name: _integers(words, widths[name], signed[name])[latency:] for name, words in shown.items()}


def as_integers(values: Sequence[int], width: int) -> NDArray[Any]:
    """``values`` as `run_vectors` returns those of a port of ``width`` bits."""
    return np.array(values, dtype=np.int64 if width < _WIDEST_PLAIN else object)


def _words(values: Sequence[int], width: int) -> NDArray[Any]:
    """What `simulate` takes: integers, beyond 64 bits pieces of 32 bits with the lowest first."""
    if width < _WIDEST_PLAIN:
        return np.array(values, np.int64)
    whole = np.array(values, dtype=object)
    if width == _WIDEST_PLAIN:
        return whole.astype(np.int64 if int(whole.min()) < 0 else np.uint64)
    bits = whole & ((1 << width) - 1)
    pieces = range(0, width, _PIECE_BITS)
    return np.stack([(bits >> low & ((1 << _PIECE_BITS) - 1)).astype(np.uint32) for low in pieces], axis=-1)


def _integers(words: NDArray[Any], width: int, signed: bool) -> NDArray[Any]:
    if width < _WIDEST_PLAIN:
        return words
    if width == _WIDEST_PLAIN:
        return words.astype(object)
    pieces = words.astype(object)
    total = sum(pieces[..., index] << _PIECE_BITS * index for index in range(words.shape[-1]))
    return np.where(total >> (width - 1) != 0, total - (1 << width), total) if signed else np.asarray(total)
