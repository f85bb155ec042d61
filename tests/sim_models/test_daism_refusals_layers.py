"""Bad input of layers, cycles and error metrics: refused by ValueError, on one line."""

import numpy as np
import pytest

from sim_models.daism import (
    DaismParameters,
    accumulate,
    exact_product,
    matmul,
    multiply,
    product,
)
from sim_models.daism.accumulate import add_partial_sums
from sim_models.daism.convolution import (
    conv2d,
    conv2d_input_gradient,
    conv2d_weight_gradient,
    input_gradient,
    weight_gradient,
)
from sim_models.daism.cycles import layer_counters, layer_cycles
from sim_models.daism.error import dot_product_error, output_gain, product_error, signal_error
from sim_models.daism.layout import Gemm
from tests.sim_models.daism_oracle import parameters
from tests.sim_models.daism_refused import assert_refused

BF16 = DaismParameters()
INTEGER = parameters(operand_kind="integer")
ONE = 0x3F80

SHAPES = [
    ((2, 3), (4, 5)),
    ((3,), (3, 5)),
    ((2, 3), (3,)),
    ((1, 2, 3), (3, 5)),
    ((2, 3), (1, 3, 5)),
    ((), ()),
    ((0, 3), (3, 5)),
    ((2, 0), (0, 5)),
    ((2, 3), (3, 0)),
    ((0,), (0,)),
]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("kind", ["float", "integer"])
def test_matrices_that_do_not_match_or_are_empty(shapes: tuple, kind: str) -> None:
    for stored in ("weight", "activation"):
        p = parameters(operand_kind=kind, stored_operand=stored)
        x, w = (np.zeros(shape, np.int64) for shape in shapes)
        assert_refused(lambda x=x, w=w, p=p: matmul(x, w, p))
        assert_refused(lambda x=x, w=w, p=p: weight_gradient(x.T, w, p))
        assert_refused(lambda x=x, w=w, p=p: input_gradient(x, w.T, p))


@pytest.mark.parametrize("shape", [(3, 4), (5,), (1, 2, 4), (0,)], ids=str)
def test_initial_values_of_another_shape(shape: tuple[int, ...]) -> None:
    initial = np.zeros(shape, int)
    x, w = np.full((2, 3), ONE), np.full((3, 4), ONE)
    assert_refused(lambda: matmul(x, w, BF16, initial=initial))


def test_integer_sums_beyond_64_bits() -> None:
    """The initial value counts; sums of 2^15 products of 48 bits just fit."""
    p = parameters(operand_kind="integer", significand_bits=24)
    largest = [[2**24 - 1]]
    for initial in (2**63 - 1, 2**63 - 2**46):
        assert_refused(lambda initial=initial: matmul(largest, largest, p, initial=initial))
    x, w = np.full((1, 2**15 + 1), 2**24 - 1), np.full((2**15 + 1, 1), 2**24 - 1)
    assert_refused(lambda: matmul(x, w, p, exact=True))
    full = parameters(operand_kind="integer", significand_bits=24, kept_columns="full")
    assert matmul(x[:, :-1], w[:-1], full, exact=True).item() == (2**24 - 1) ** 2 * 2**15


IMAGES = [
    ((2, 3, 4, 4), (5, 2, 3, 3)),
    ((3, 4, 4), (5, 3, 3, 3)),
    ((2, 3, 4, 4), (3, 3, 3)),
    ((2, 3, 4, 4), (5, 3, 5, 3)),
    ((2, 3, 4, 4), (5, 3, 3, 5)),
    ((0, 3, 4, 4), (5, 3, 3, 3)),
    ((2, 0, 4, 4), (5, 0, 3, 3)),
    ((2, 3, 0, 4), (5, 3, 3, 3)),
    ((2, 3, 4, 4), (0, 3, 3, 3)),
    ((2, 3, 4, 4), (5, 3, 0, 3)),
    ((2, 3, 4, 4), (5, 3, 3, 0)),
]


@pytest.mark.parametrize("shapes", IMAGES, ids=str)
def test_images_and_kernels_that_do_not_match_or_are_empty(shapes: tuple) -> None:
    for p in (BF16, INTEGER):
        x, w = (np.zeros(shape, np.int64) for shape in shapes)
        assert_refused(lambda x=x, w=w, p=p: conv2d(x, w, p))


@pytest.mark.parametrize("value", [0, -1, 1.0, "1", None, True, [1]], ids=repr)
def test_strides_and_padding(value: object) -> None:
    x, w = np.zeros((1, 1, 4, 4), int), np.zeros((1, 1, 2, 2), int)
    assert_refused(lambda: conv2d(x, w, BF16, stride=value), "stride")
    assert_refused(lambda: conv2d_weight_gradient(x, x, BF16, (2, 2), stride=value), "stride")
    assert_refused(lambda: conv2d_input_gradient(x, w, BF16, (5, 5), stride=value), "stride")
    if value != 0 or value is False:
        assert_refused(lambda: conv2d(x, w, BF16, padding=value), "padding")
        assert_refused(lambda: conv2d_weight_gradient(x, x, BF16, (2, 2), padding=value), "padding")
        assert_refused(lambda: conv2d_input_gradient(x, w, BF16, (5, 5), padding=value), "padding")


@pytest.mark.parametrize("bias", [[1, 2, 3], [[0, 0]], 1.0, [0.0, 0.0], [], [1 << 32, 0], [-1, 0]], ids=repr)
def test_biases_of_a_convolution(bias: object) -> None:
    x, w = np.zeros((1, 1, 4, 4), int), np.zeros((2, 1, 2, 2), int)
    assert_refused(lambda: conv2d(x, w, BF16, bias=bias))


def test_gradients_of_other_shapes() -> None:
    x, w = np.zeros((1, 2, 4, 4), int), np.zeros((3, 2, 2, 2), int)
    for shape in ((1, 3, 2, 3), (1, 3, 4, 4), (2, 3, 3, 3), (3, 3, 3)):
        errors = np.zeros(shape, int)
        assert_refused(lambda errors=errors: conv2d_weight_gradient(x, errors, BF16, (2, 2)))
    for shape in ((1, 3, 2, 3), (1, 3, 4, 4), (1, 2, 3, 3), (3, 3, 3)):
        errors = np.zeros(shape, int)
        assert_refused(lambda errors=errors: conv2d_input_gradient(errors, w, BF16, (4, 4)))
    errors = np.zeros((1, 3, 7, 7), int)
    assert_refused(lambda: conv2d_input_gradient(errors, w, BF16, (4, 4), padding=2), "padding", "2")


@pytest.mark.parametrize("name", ["positions", "length", "outputs"])
@pytest.mark.parametrize("value", [0, -1, 2.0, "3", None, True], ids=repr)
def test_sizes_of_a_layer(name: str, value: object) -> None:
    sizes = {"positions": 2, "length": 3, "outputs": 4} | {name: value}
    assert_refused(lambda: Gemm(**sizes), name)


def test_cycles_and_counters() -> None:
    layer = Gemm(positions=2, length=3, outputs=4)
    for value in (-1, 1.5, "3", None):
        assert_refused(lambda value=value: layer_cycles(layer, BF16, write_back=value), "write_back")
    for driven in ([ONE], np.zeros((0, 3), int), np.zeros((2, 0), int), [[1.0]], [[1 << 16]]):
        assert_refused(lambda driven=driven: layer_counters(driven, 4, BF16))
    for word in (-1, 256):
        assert_refused(lambda word=word: layer_counters([[word]], 4, INTEGER), "driven", str(word))
    for outputs in (0, -1, 1.5):
        assert_refused(lambda outputs=outputs: layer_counters([[ONE]], outputs, BF16))


def test_error_metrics() -> None:
    assert_refused(lambda: product_error(parameters(significand_bits=11)), "samples")
    for samples in (0, -1, 1.5, "9", True):
        assert_refused(lambda samples=samples: product_error(BF16, samples=samples), "samples")
    for fields in ({"length": 0}, {"count": 1}, {"length": 2.0}, {"count": "9"}):
        assert_refused(lambda fields=fields: dot_product_error(BF16, **fields), *fields)
    assert_refused(lambda: signal_error([1.0, 2.0], [1.0, 2.0, 3.0]))
    assert_refused(lambda: signal_error([1.0, 2.0], [0.0, 0.0]))
    assert_refused(lambda: output_gain(np.ones((2, 3)), np.ones((2, 4))))


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True], ids=repr)
def test_threads(threads: object) -> None:
    assert_refused(lambda: matmul([[ONE]], [[ONE]], BF16, threads=threads), "threads")


@pytest.mark.parametrize("p", [None, "pc3", {}, 8], ids=repr)
def test_parameters_of_another_kind(p: object) -> None:
    calls = (lambda: product(128, 128, p), lambda: multiply(ONE, ONE, p), lambda: matmul([[ONE]], [[ONE]], p))
    for call in calls:
        with pytest.raises((ValueError, AttributeError)):
            call()


def test_shapes_that_do_not_broadcast() -> None:
    """numpy's own refusal, with both shapes."""
    a, b = np.full(2, 128), np.full(3, 128)
    for call in (product, exact_product, multiply, accumulate, add_partial_sums):
        with pytest.raises(ValueError, match=r"\(2,\) *\(3,\)"):
            call(a, b, BF16)
