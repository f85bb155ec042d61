"""Operands and configurations for the tests of crossbars."""

import itertools
import random
from collections.abc import Iterator

from sim_models.crossbar import CrossbarParameters

Matrix = list[list[int]]

STRATEGIES = ("isaac", "cascade", "neural_pim")
ENCODINGS = ("differential", "offset")
OPERANDS = [
    {"weight_encoding": encoding, "signed_inputs": signed}
    for encoding, signed in itertools.product(ENCODINGS, (False, True))
]


def input_range(p: CrossbarParameters) -> tuple[int, int]:
    if p.signed_inputs:
        return -(2 ** (p.input_bits - 1)), 2 ** (p.input_bits - 1) - 1
    return 0, 2**p.input_bits - 1


def weight_range(p: CrossbarParameters) -> tuple[int, int]:
    if p.weight_encoding == "offset":
        return -(2 ** (p.weight_bits - 1)), 2 ** (p.weight_bits - 1) - 1
    return 1 - 2**p.weight_bits, 2**p.weight_bits - 1


def vectors(p: CrossbarParameters, count: int, chance: random.Random) -> Matrix:
    """All smallest, all largest, smallest and largest by turns, one row alone, and ``count`` at random."""
    low, high = input_range(p)
    turns = [(low, high)[row % 2] for row in range(p.rows)]
    alone = [high, *[0] * (p.rows - 1)]
    drawn = [[chance.randint(low, high) for _ in range(p.rows)] for _ in range(count)]
    return [[low] * p.rows, [high] * p.rows, turns, alone, *drawn]


def matrix(p: CrossbarParameters, count: int, chance: random.Random) -> Matrix:
    """Columns of weights: all smallest, all largest, by turns, zero, and ``count`` at random; rows first."""
    low, high = weight_range(p)
    turns = [(high, low)[row % 2] for row in range(p.rows)]
    drawn = [[chance.randint(low, high) for _ in range(p.rows)] for _ in range(count)]
    return transposed([[low] * p.rows, [high] * p.rows, turns, [0] * p.rows, *drawn])


def transposed(values: Matrix) -> Matrix:
    return [list(row) for row in zip(*values, strict=True)]


def widths(largest: int) -> Iterator[dict[str, int]]:
    """Every width of inputs, weights, DAC and cells up to ``largest`` bits."""
    for inputs, weights in itertools.product(range(1, largest + 1), repeat=2):
        for dac, cell in itertools.product(range(1, inputs + 1), range(1, min(4, weights) + 1)):
            yield {"input_bits": inputs, "weight_bits": weights, "dac_bits": dac, "cell_bits": cell}
