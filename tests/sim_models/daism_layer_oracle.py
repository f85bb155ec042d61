"""Convolutions and gradients tap by tap, and the work of the banks slot by slot, in Python's integers."""

import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from sim_models.daism import DaismParameters
from tests.sim_models.daism_oracle import (
    ceiling,
    enables,
    floor_log2,
    kept,
    matmul,
    operand_layout,
    power_of_2,
    rows,
    slicing,
)

Image = Sequence[Sequence[Sequence[Sequence[int]]]]  # nested: four dimensions


def at(x: Image, image: int, channel: int, row: int, column: int) -> int:
    """An element; zero outside of the image."""
    plane = x[image][channel]
    return plane[row][column] if 0 <= row < len(plane) and 0 <= column < len(plane[0]) else 0


def places(*sizes: int) -> list[tuple[int, ...]]:
    """Every index of an array of ``sizes``, the last one fastest."""
    return list(itertools.product(*map(range, sizes)))


def output_size(x: Image, kernel: tuple[int, int], stride: int, padding: int) -> tuple[int, int]:
    """Counted: steps for which the kernel lies in the padded image."""
    sizes = len(x[0][0]), len(x[0][0][0])
    high, wide = (
        sum(1 for first in range(-padding, size + padding, stride) if first + taps <= size + padding)
        for size, taps in zip(sizes, kernel, strict=True)
    )
    return high, wide


def conv2d(
    x: Image, w: Image, p: DaismParameters, stride: int = 1, padding: int = 0, bias: Sequence[int] | None = None
) -> dict[tuple[int, ...], int]:
    """Convolution of x[image][channel][row][column] with w[output][channel][row][column], tap by tap.

    By (image, output, row, column).
    """
    kernel = len(w[0][0]), len(w[0][0][0])
    taps, size = places(len(w[0]), *kernel), output_size(x, kernel, stride, padding)
    targets = places(len(x), *size)
    driven = [
        [at(x, image, c, row * stride + i - padding, column * stride + j - padding) for c, i, j in taps]
        for image, row, column in targets
    ]
    sums = matmul(driven, [[w[o][c][i][j] for o in range(len(w))] for c, i, j in taps], p, bias)
    return {(t[0], o, *t[1:]): sums[n][o] for n, t in enumerate(targets) for o in range(len(w))}


def input_gradient(
    errors: Image, w: Image, p: DaismParameters, size: tuple[int, int], stride: int, padding: int
) -> dict[tuple[int, ...], int]:
    """Each input's sum over outputs and turned taps of the error that it had a part in; by (image, channel, ...)."""
    high, wide = len(w[0][0]), len(w[0][0][0])
    taps, targets = places(len(w), high, wide), places(len(errors), *size)

    def error(image: int, output: int, row: int, column: int) -> int:
        """Of the output whose tap lay on the padded ``row`` and ``column``, as counted from that tap."""
        whole = row % stride == 0 and column % stride == 0
        return at(errors, image, output, row // stride, column // stride) if whole else 0

    driven = [
        [error(image, o, row + padding - (high - 1 - i), column + padding - (wide - 1 - j)) for o, i, j in taps]
        for image, row, column in targets
    ]
    stored = [[w[o][c][high - 1 - i][wide - 1 - j] for c in range(len(w[0]))] for o, i, j in taps]
    sums = matmul(driven, stored, p)
    return {(t[0], c, *t[1:]): sums[n][c] for n, t in enumerate(targets) for c in range(len(w[0]))}


def weight_gradient(
    x: Image, errors: Image, p: DaismParameters, kernel: tuple[int, int], stride: int, padding: int
) -> dict[tuple[int, ...], int]:
    """Each weight's sum over images, rows and columns of its input times its error; by (output, channel, ...)."""
    targets = places(len(x[0]), *kernel)
    summed = places(len(errors), len(errors[0][0]), len(errors[0][0][0]))
    driven = [
        [at(x, image, c, row * stride + i - padding, column * stride + j - padding) for image, row, column in summed]
        for c, i, j in targets
    ]
    stored = [[errors[image][o][row][column] for o in range(len(errors[0]))] for image, row, column in summed]
    sums = matmul(driven, stored, p)
    return {(o, *t): sums[n][o] for n, t in enumerate(targets) for o in range(len(errors[0]))}


# Cycles


def slots_of_banks(length: int, outputs: int, p: DaismParameters) -> list[list[tuple[int, int]]]:
    """The (block, index) that each bank holds, in its order."""
    blocks, banks = ceiling(outputs, p.columns // kept(p)), [[] for _ in range(p.banks)]
    by_index = slicing(outputs, p) == "index"
    for u, (block, t) in enumerate(itertools.product(range(blocks), range(length))):
        banks[u % p.banks if by_index else block % p.banks].append((block, t))
    return banks


class Count(NamedTuple):
    """What the banks do for the driven words of a layer, counted one by one."""

    accesses: int
    skipped: int
    row_writes: int
    wordlines: int


def counted(driven: Sequence[Sequence[int]], outputs: int, p: DaismParameters) -> Count:
    done = skipped = lines = 0
    slots = [slot for bank in slots_of_banks(len(driven[0]), outputs, p) for slot in bank]
    for row, (_, t) in itertools.product(driven, slots):
        for opened in enables(significand(row[t], p), p):
            skip = p.zero_skip and significand(row[t], p) == 0
            skipped, done, lines = skipped + skip, done + (not skip), lines + sum(opened)
    return Count(done, skipped, len(slots) * len(rows(p)), lines)


def significand(word: int, p: DaismParameters) -> int:
    if p.operand_kind == "integer":
        return word
    layout = operand_layout(p)
    value = layout.value(word)
    assert isinstance(value, Fraction)
    return int(value * 2**layout.fraction_bits / power_of_2(floor_log2(value))) if value else 0
