"""The gates that a product became are a multiplier: tried with every pair of operands."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flow.equivalence.circuit import Unsupported, read_circuit
from flow.equivalence.graph import Graph, Simulator, Words

LARGEST_BITS = 26
_CHUNK = 1 << 17
# Bit j of a pattern's number, for the 64 patterns of one word.
_LOW = [np.uint64(sum(1 << place for place in range(64) if place >> bit & 1)) for bit in range(6)]


def wrong_product(module: Mapping[str, Any]) -> tuple[int, int] | None:
    """Operands, as unsigned words, for which a module with ports A, B, Y does not give ``A * B``; None without any.

    Signedness is that of its parameters ``A_SIGNED`` and ``B_SIGNED``; Y has the low bits of the product.

    :raises Unsupported: the operands have more than `LARGEST_BITS` bits together.
    """
    widths = [len(module["ports"][name]["bits"]) for name in "AB"]
    if sum(widths) > LARGEST_BITS:
        raise Unsupported(f"a product of {widths[0]} by {widths[1]} bits; those of {LARGEST_BITS} in all are tried out")
    signed = [int(module["parameter_default_values"][f"{name}_SIGNED"], 2) for name in "AB"]
    graph = Graph()
    outputs = read_circuit(module, graph, "product", ()).outputs
    simulator = Simulator(graph)
    for start in range(0, 1 << sum(widths), _CHUNK):
        numbers = np.arange(start, min(start + _CHUNK, 1 << sum(widths)))
        words = [numbers & (1 << widths[0]) - 1, numbers >> widths[0]]
        exact = np.multiply(*(_value(*each) for each in zip(words, widths, signed, strict=True)))
        values = simulator.run(_patterns(widths, start, len(numbers)))
        wrong = np.zeros(len(numbers), bool)
        for name, literal in outputs.items():
            bits = np.unpackbits(values(literal).view(np.uint8), bitorder="little")[: len(numbers)]
            wrong |= bits != (exact >> int(name[2:-1]) & 1)
        if wrong.any():
            place = int(np.argmax(wrong))
            return int(words[0][place]), int(words[1][place])
    return None


def _value(words: NDArray[np.int64], width: int, signed: int) -> NDArray[np.int64]:
    return words - (words >> width - 1 << width) if signed else words


def _patterns(widths: list[int], start: int, count: int) -> dict[str, Words]:
    """Pattern number ``start + i`` in the bits of A, then of B."""
    numbers = start + 64 * np.arange(-(-count // 64))
    names = [f"{name}[{bit}]" for name, width in zip("AB", widths, strict=True) for bit in range(width)]
    ones = ~np.uint64(0)
    return {
        name: np.full(len(numbers), _LOW[bit]) if bit < 6 else np.where(numbers >> bit & 1, ones, np.uint64(0))
        for bit, name in enumerate(names)
    }
