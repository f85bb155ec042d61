"""Convolution as a matrix product, and the matrix products of training: all through the same array.

Index t of a convolution is (channel, kernel row, kernel column), kernel column fastest; padding and the zeros between
strided errors are zero operands, which the array skips. In a layer ``y = x @ w`` the input gradient is ``errors @ w.T``
and the weight gradient ``x.T @ errors``: in each, ``stored_operand`` ``weight`` stores the right-hand factor and drives
the left-hand one, ``activation`` the other way round. All operands are words of the operand format; results are
accumulator words, to be rounded by `to_words` of their `accumulator_values` before they are operands again.
"""

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, integers, require_instance, require_integer
from sim_models.daism.matmul import Sums, matmul
from sim_models.daism.parameters import DaismParameters

_LARGEST = 1 << 20


def conv2d(
    x: ArrayLike,
    w: ArrayLike,
    parameters: DaismParameters,
    stride: int = 1,
    padding: int = 0,
    *,
    bias: ArrayLike = 0,
    exact: bool = False,
    threads: int | None = None,
) -> Sums:
    """Accumulator words or integers of a convolution, shape (images, outputs, height, width).

    ``x`` (images, channels, height, width) and ``w`` (outputs, channels, kernel height, kernel width) are operand
    words; ``padding`` zeros lie on each side. ``bias``: 0, or initial values of the sums, one per output. ``exact`` and
    ``threads`` as for `matmul`. Raises ValueError as `matmul` does, for arrays of other shapes, channels that differ,
    ``stride`` below 1, negative ``padding``, and a kernel larger than the padded image.
    """
    images, kernels = _four("x", x, parameters), _four("w", w, parameters)
    if images.shape[1] != kernels.shape[1]:
        raise ValueError(f"w must have as many channels as x, {images.shape[1]}, not {kernels.shape[1]}")
    rows = im2col(images, kernels.shape[2:], stride, padding)
    stored = kernels.reshape(len(kernels), -1).T
    sums = matmul(rows, stored, parameters, initial=_bias(bias, len(kernels)), exact=exact, threads=threads)
    height, width = output_size(images.shape[2:], kernels.shape[2:], stride, padding)
    return np.ascontiguousarray(sums.reshape(len(images), height, width, -1).transpose(0, 3, 1, 2))


def im2col(x: ArrayLike, kernel: tuple[int, int], stride: int = 1, padding: int = 0) -> IntArray:
    """The driven vectors of a convolution, (images * positions, channels * kernel height * kernel width).

    Raises ValueError for an ``x`` without four dimensions and as `conv2d` does.
    """
    images = integers("x", x, 0)
    if images.ndim != 4 or 0 in images.shape:
        raise ValueError(f"x must have four dimensions, none of zero, not shape {images.shape}")
    height, width = output_size(images.shape[2:], kernel, stride, padding)
    padded = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, (2, 3))[:, :, ::stride, ::stride]
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(len(images) * height * width, -1)


def output_size(size: tuple[int, ...], kernel: tuple[int, ...], stride: int, padding: int) -> tuple[int, int]:
    """Height and width of a convolution's result. Raises ValueError as `conv2d` does."""
    require_integer("stride", stride, 1, _LARGEST)
    require_integer("padding", padding, 0, _LARGEST)
    for name, extent, reach in zip(("height", "width"), size, kernel, strict=True):
        require_integer(f"kernel {name}", reach, 1, extent + 2 * padding)
    height, width = ((extent + 2 * padding - reach) // stride + 1 for extent, reach in zip(size, kernel, strict=True))
    return height, width


def input_gradient(
    errors: ArrayLike, w: ArrayLike, parameters: DaismParameters, *, exact: bool = False, threads: int | None = None
) -> Sums:
    """Accumulator words of ``errors @ w.T``, (positions, length), of ``errors`` (positions, outputs).

    The transposed weights are what is stored (or driven): they need slots of their own. Raises ValueError as `matmul`.
    """
    return matmul(errors, _matrix("w", w, parameters).T, parameters, exact=exact, threads=threads)


def weight_gradient(
    x: ArrayLike, errors: ArrayLike, parameters: DaismParameters, *, exact: bool = False, threads: int | None = None
) -> Sums:
    """Accumulator words of ``x.T @ errors``, (length, outputs): summed over positions, in ascending order.

    With ``stored_operand`` ``weight`` the errors are stored and the activations drive. Raises ValueError as `matmul`.
    """
    return matmul(_matrix("x", x, parameters).T, errors, parameters, exact=exact, threads=threads)


def conv2d_input_gradient(
    errors: ArrayLike,
    w: ArrayLike,
    parameters: DaismParameters,
    size: tuple[int, int],
    stride: int = 1,
    padding: int = 0,
    *,
    exact: bool = False,
    threads: int | None = None,
) -> Sums:
    """Accumulator words of the gradient of the input, (images, channels, *size), of a `conv2d`.

    It is a convolution of the errors, ``stride`` - 1 zeros between them and padded, with the kernels turned by half a
    turn and channels and outputs exchanged, so that the accumulators make every sum. Raises ValueError as `conv2d`, for
    errors whose shape is not that of the result, and for a padding as large as the kernel.
    """
    given, kernels = _four("errors", errors, parameters), _four("w", w, parameters)
    reach = kernels.shape[2:]
    require_integer("padding", padding, 0, min(reach) - 1)
    expected = (len(given), len(kernels), *output_size(size, reach, stride, padding))
    if given.shape != expected:
        raise ValueError(f"errors must be of shape {expected}, not {given.shape}")
    spread = np.zeros((len(given), len(kernels), *(s + k - 1 for s, k in zip(size, reach, strict=True))), np.int64)
    rows, columns = (
        slice(k - 1 - padding, k - 1 - padding + stride * n, stride)
        for k, n in zip(reach, given.shape[2:], strict=True)
    )
    spread[:, :, rows, columns] = given
    turned = kernels[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return conv2d(spread, turned, parameters, exact=exact, threads=threads)


def conv2d_weight_gradient(
    x: ArrayLike,
    errors: ArrayLike,
    parameters: DaismParameters,
    kernel: tuple[int, int],
    stride: int = 1,
    padding: int = 0,
    *,
    exact: bool = False,
    threads: int | None = None,
) -> Sums:
    """Accumulator words of the gradient of the kernels, (outputs, channels, *kernel), of a `conv2d`.

    Summed over (image, row, column) of the errors, column fastest. Raises ValueError as `conv2d` does and for errors
    whose shape is not that of the result.
    """
    images, given = _four("x", x, parameters), _four("errors", errors, parameters)
    expected = (len(images), given.shape[1], *output_size(images.shape[2:], kernel, stride, padding))
    if given.shape != expected:
        raise ValueError(f"errors must be of shape {expected}, not {given.shape}")
    rows = im2col(images, kernel, stride, padding)
    flat = given.transpose(0, 2, 3, 1).reshape(len(rows), -1)
    sums = weight_gradient(rows, flat, parameters, exact=exact, threads=threads)
    return np.ascontiguousarray(sums.T.reshape(given.shape[1], images.shape[1], *kernel))


def _four(name: str, values: ArrayLike, parameters: DaismParameters) -> IntArray:
    return _checked(name, values, parameters, 4)


def _matrix(name: str, values: ArrayLike, parameters: DaismParameters) -> IntArray:
    return _checked(name, values, parameters, 2)


def _checked(name: str, values: ArrayLike, parameters: DaismParameters, dimensions: int) -> IntArray:
    require_instance("parameters", parameters, DaismParameters)
    words = integers(name, values, 0, (1 << parameters.word_bits) - 1)
    if words.ndim != dimensions or 0 in words.shape:
        raise ValueError(f"{name} must have {dimensions} dimensions, none of zero, not shape {words.shape}")
    return words


def _bias(bias: ArrayLike, outputs: int) -> IntArray:
    values = integers("bias", bias)
    if values.shape not in ((), (outputs,)):
        raise ValueError(f"bias must be one value or {outputs}, not of shape {values.shape}")
    return values
