"""Convolutions as matrix products, by loops over every pixel and tap; layers cut into pieces that fit."""

import itertools
import math
import random

import numpy as np
import pytest

from sim_models.asm import AsmParameters
from sim_models.asm.near_memory import NearMemoryParameters, layer_rows_of, layer_sums, require_fit
from sim_models.asm.near_memory_pieces import layer_pieces
from sim_models.daism.accelerator import LayerShape
from tests.sim_models import asm_oracle as oracle
from tests.sim_models.daism_refused import assert_refused

SHAPES = [
    LayerShape(images=1, channels=1, outputs=1),
    LayerShape(images=2, channels=3, outputs=5, height=4, width=5, kernel_height=3, kernel_width=2),
    LayerShape(
        images=1, channels=2, outputs=3, height=5, width=5, kernel_height=3, kernel_width=3, padding=1, stride=2
    ),
    LayerShape(
        images=2, channels=1, outputs=2, height=1, width=6, kernel_width=3, padding=2, kernel_height=2, stride=3
    ),
    LayerShape(images=6, channels=7, outputs=9),
]


def pixel(image: list, channel: int, row: int, column: int, shape: LayerShape) -> int:
    inside = 0 <= row < shape.height and 0 <= column < shape.width
    return image[channel][row][column] if inside else 0


def windows(images: list, shape: LayerShape) -> list[list[int]]:
    """The inputs of each position: channel by channel, then kernel row, kernel column fastest."""
    height = (shape.height + 2 * shape.padding - shape.kernel_height) // shape.stride + 1
    width = (shape.width + 2 * shape.padding - shape.kernel_width) // shape.stride + 1
    return [
        [
            pixel(image, c, y * shape.stride + i - shape.padding, x * shape.stride + j - shape.padding, shape)
            for c in range(shape.channels)
            for i in range(shape.kernel_height)
            for j in range(shape.kernel_width)
        ]
        for image in images
        for y in range(height)
        for x in range(width)
    ]


def drawn(shape: LayerShape, channels: list[AsmParameters], seed: int) -> tuple[list, list]:
    """Images and kernels, every kernel on its channel's grid."""
    chosen = random.Random(seed)
    low = -255 if channels[0].input_signed else 0
    sizes = (shape.images, shape.channels, shape.height, shape.width)
    pixels = [chosen.randint(low, 255) for _ in range(math.prod(sizes))]
    images = np.array(pixels).reshape(sizes).tolist()
    kernels = [
        [
            [
                [chosen.choice((-1, 1)) * chosen.choice(oracle.supported_values(p)) for _ in range(shape.kernel_width)]
                for _ in range(shape.kernel_height)
            ]
            for _ in range(shape.channels)
        ]
        for p in channels
    ]
    return images, kernels


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=range(len(SHAPES)))
def test_layers(shape: LayerShape, signed: bool) -> None:
    """Mixed alphabets too, one set for each channel in turn."""
    sets = [(1, 3), (1,), (1, 3, 5, 7), (1, 15)]
    mixed = [AsmParameters(alphabets=sets[n % 4], input_signed=signed) for n in range(shape.outputs)]
    for channels in ([mixed[0]] * shape.outputs, mixed):
        images, kernels = drawn(shape, channels, shape.outputs)
        rows = windows(images, shape)
        assert layer_rows_of(images, shape).tolist() == rows
        columns = [[tap for plane in kernel for line in plane for tap in line] for kernel in kernels]
        expected = [[oracle.dot(column, row, p) for column, p in zip(columns, channels, strict=True)] for row in rows]
        assert layer_sums(images, kernels, shape, channels).tolist() == expected


@pytest.mark.parametrize("limits", [{}, {"rows": 30}, {"activation_words": 14}, {"position_limit": 2, "rows": 64}])
@pytest.mark.parametrize("shape", SHAPES, ids=range(len(SHAPES)))
def test_pieces_cover_a_layer_once(shape: LayerShape, limits: dict[str, int]) -> None:
    """Each fits, or a size is named that is too small for one position of one block."""
    p = NearMemoryParameters(lanes=2, **limits)
    length = shape.channels * shape.kernel_height * shape.kernel_width
    if length > min(p.rows, p.activation_words):
        assert_refused(lambda: layer_pieces(shape, p), "at least", str(length))
        return
    pieces, covered = layer_pieces(shape, p), np.zeros((shape.gemm.positions, shape.outputs), int)
    for piece in pieces:
        require_fit(piece.shape, p)
        assert piece.shape.gemm.positions == len(piece.positions)
        assert piece.shape.outputs == len(piece.outputs)
        assert piece.shape.gemm.length == length
        covered[np.ix_(piece.positions, piece.outputs)] += 1
    assert (covered == 1).all()
    kept = [a.outputs == b.outputs for a, b in itertools.pairwise(pieces)]
    assert [piece.shape.loaded for piece in pieces] == [False, *kept]
