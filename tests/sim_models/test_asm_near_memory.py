"""The near-memory unit's model: sizes, descriptors, cycles, pieces, requantization, refusals."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim_models.asm import AsmParameters, product, requantize
from sim_models.asm.near_memory import (
    NearMemoryParameters,
    Requantization,
    bank_parameters,
    exact_parameters,
    fits,
    layer_rows,
    layer_rows_of,
    layer_sums,
    require_fit,
)
from sim_models.asm.near_memory_cycles import layer_cycles
from sim_models.asm.near_memory_descriptor import descriptor, descriptor_bits, packed_descriptor
from sim_models.asm.near_memory_pieces import layer_pieces
from sim_models.daism.accelerator import LayerShape, matrix_shape

WINDOW = LayerShape(
    images=2, channels=2, outputs=5, height=4, width=5, kernel_height=3, kernel_width=2, stride=2, padding=1
)


def test_sums_of_a_convolution_are_those_of_its_products_one_by_one() -> None:
    p, random = NearMemoryParameters(input_signed=True), np.random.default_rng(3)
    images, kernels = random.integers(-255, 256, (2, 2, 4, 5)), random.choice((0, 1, -12, 96, -3), (5, 2, 3, 2))
    sums = layer_sums(images, kernels, WINDOW, p).reshape(2, 2, 3, 5)
    for image, row, column, output in np.ndindex(*sums.shape):
        total = 0
        for channel, down, right in np.ndindex(2, 3, 2):
            y, x = 2 * row + down - 1, 2 * column + right - 1
            if 0 <= y < 4 and 0 <= x < 5:
                total += int(product(kernels[output, channel, down, right], images[image, channel, y, x], p))
        assert sums[image, row, column, output] == total


def test_descriptors_have_the_numbers_of_the_layer() -> None:
    p = NearMemoryParameters(lanes=4, banks=2, transfer_words=8)
    fields, bits = descriptor(WINDOW, p, rounded=False), descriptor_bits(p)
    expected = {
        "positions": 12,
        "blocks": 2,
        "rows": 24,
        "transfers": 10,
        "channel_words": 4,
        "stride": 2,
        "padding": 1,
    }
    assert {name: fields[name] for name in expected} == expected
    assert (fields["relu"], fields["rounded"], fields["loaded"]) == (1, 0, 0)
    assert all(0 <= value < 1 << bits[name] for name, value in fields.items())
    word = packed_descriptor(WINDOW, p, rounded=False)
    for name, width in bits.items():
        assert word & (1 << width) - 1 == fields[name]
        word >>= width
    assert word == 0


def test_cycles_by_hand() -> None:
    """12 positions of 12 inputs, 5 outputs in two blocks of 4 lanes: 24 rows, 20 transfers of inputs."""
    p = NearMemoryParameters()
    terms = {"load": 24, "fill": 0, "run": 288, "wait": 0, "drain": 4, "control": 6}
    assert vars(layer_cycles(WINDOW, p)) == terms
    assert vars(layer_cycles(replace(WINDOW, loaded=True), p)) == {**terms, "load": 0, "fill": 20}
    assert layer_cycles(matrix_shape(3, 2, 4), p).wait == 2 * (4 + 2 - 2)
    assert layer_cycles(matrix_shape(1, 1, 4), NearMemoryParameters()).fill == 4 - 1


@pytest.mark.parametrize("shape", [WINDOW, replace(WINDOW, images=40, outputs=70), matrix_shape(900, 30, 33)], ids=str)
def test_pieces_are_the_layer_once(shape: LayerShape) -> None:
    p = NearMemoryParameters(rows=50, activation_words=128, position_limit=32)
    covered = np.zeros((shape.gemm.positions, shape.outputs), np.int64)
    held = None
    for piece in layer_pieces(shape, p):
        require_fit(piece.shape, p)
        assert not piece.shape.loaded or held == piece.outputs
        held = piece.outputs
        covered[piece.positions.start : piece.positions.stop, piece.outputs.start : piece.outputs.stop] += 1
    assert (covered == 1).all()


def test_an_image_that_is_too_large_is_put_together_outside() -> None:
    p = NearMemoryParameters(activation_words=16)
    parts = layer_pieces(WINDOW, p)
    assert all(piece.gathered and piece.shape.gemm.positions == 1 for piece in parts)
    assert len(parts) == 12
    assert not fits(WINDOW, p)


def test_what_follows_the_sums() -> None:
    p, sums = NearMemoryParameters(), np.array([[1000, -77], [5, 4000]])
    after = Requantization(scale=[3, 1], offset=[7, 0], shift=[4, 2])
    assert np.array_equal(after.results(sums, p), requantize(sums, [3, 1], [7, 0], [4, 2], True, p))
    assert after.results(sums, p).tolist() == [[188, 0], [1, 255]]
    assert replace(after, rounded=False).results(sums, p).tolist() == [[3007, -77], [22, 4000]]
    coded = NearMemoryParameters(encode_weights=True, encode_inputs=True)
    assert after.results(sums, coded).tolist() == [[192, 0], [1, 204]]


def test_parameters_of_a_bank_and_of_the_exact_unit() -> None:
    p = NearMemoryParameters(lanes=8, banks=2, encode_weights=True, columns=28)
    assert type(bank_parameters(p)) is AsmParameters
    assert (bank_parameters(p).lanes, bank_parameters(p).banks) == (4, 1)
    exact = exact_parameters(p)
    assert (exact.weight_word_bits, exact.columns, len(exact.alphabets)) == (9, 36, 8)
    assert layer_rows(matrix_shape(1, 9, 9), p) == 18


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"placement": "neuron"}, r"^placement must be 'near_memory', not 'neuron'$"),
        ({"lanes": 4, "banks": 3}, r"^banks must divide lanes, 4, not be 3$"),
        ({"activation_words": 1}, r"^activation_words must be between 2 and 1048576, not 1$"),
        ({"transfer_words": 3}, r"^transfer_words must be a power of two between 1 and 64, not 3$"),
        ({"position_limit": True}, r"^position_limit must be an integer, not True$"),
        ({"block_limit": 0}, r"^block_limit must be between 1 and 1048576, not 0$"),
        ({"accumulator_bits": 54}, r"^accumulator_bits must be at most 53 to requantize, not 54$"),
        ({"weight_bits": 7}, r"^weight_bits must be one of 4, 8, 12, 16, not 7$"),
    ],
    ids=str,
)
def test_parameters_that_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NearMemoryParameters(**fields)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (matrix_shape(1, 257, 1), r"^reduction_length must be at least 257 for this layer, not 256$"),
        (matrix_shape(1, 100, 9), r"^rows must be at least 300 for this layer, not 256$"),
        (matrix_shape(9, 100, 1), r"^activation_words must be at least 900 for this layer, not 256$"),
        (replace(WINDOW, padding=130), r"^activation_words must be at least 265 for this layer, not 256$"),
        (replace(WINDOW, padding=12, stride=1), r"^position_limit must be at least 1456 for this layer, not 256$"),
        (matrix_shape(1, 1, 65), r"^block_limit must be at least 17 for this layer, not 16$"),
        (matrix_shape(1, 1, 1, bias=True), r"^bias must be left out for this unit, not be True$"),
        (matrix_shape(1, 1, 1, slicing="index"), r"^slicing must be left out for this unit, not be 'index'$"),
    ],
    ids=str,
)
def test_layers_that_are_refused(shape: LayerShape, message: str) -> None:
    p = NearMemoryParameters()
    for call in (require_fit, descriptor, layer_cycles):
        with pytest.raises(ValueError, match=message):
            call(shape, p)
    assert not fits(shape, p)


def test_a_layer_of_which_no_piece_fits_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^rows must be at least 12 for this layer, not 11$"):
        layer_pieces(WINDOW, NearMemoryParameters(rows=11))


def test_data_of_other_shapes_is_refused() -> None:
    p, images = NearMemoryParameters(), np.ones((2, 2, 4, 5), np.int64)
    with pytest.raises(ValueError, match=r"^inputs must be of shape \(2, 2, 4, 5\), not \(2, 2, 5, 4\)$"):
        layer_rows_of(images.transpose(0, 1, 3, 2), WINDOW)
    with pytest.raises(ValueError, match=r"^weights must be of shape \(5, 2, 3, 2\), not \(5, 2, 3, 3\)$"):
        layer_sums(images, np.ones((5, 2, 3, 3), np.int64), WINDOW, p)
    with pytest.raises(ValueError, match=r"^inputs must be integers of at most 64 bits, not float64$"):
        layer_rows_of(images / 2, WINDOW)
