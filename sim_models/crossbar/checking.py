"""Arrays that callers give, refused on one line that names them where they are no regular arrays of numbers."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, integers

FloatArray = NDArray[np.float64]


def integer_array(name: str, values: ArrayLike, low: int | None = None, high: int | None = None) -> IntArray:
    """``values`` as int64. Raises ValueError unless they are integers from ``low`` to ``high`` in a regular array."""
    return integers(name, regular_array(name, values), low, high)


def real_array(name: str, values: ArrayLike) -> FloatArray:
    """``values`` as float64. Raises ValueError unless they are finite numbers in a regular array."""
    array = regular_array(name, values)
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers, they are not")
    return array.astype(np.float64, copy=False)


def require_shape(name: str, array: np.ndarray, last: tuple[int, ...]) -> None:
    """Raise ValueError unless the last axes of ``array`` have the lengths ``last``."""
    if array.shape[max(0, array.ndim - len(last)) :] != last:
        wanted = ", ".join(["...", *map(str, last)])
        raise ValueError(f"{name} must have the shape ({wanted}), not {array.shape}")


def require_generator(name: str, value: object) -> None:
    """Raise ValueError unless ``value`` is a generator of numpy, or None."""
    if value is not None and not isinstance(value, np.random.Generator):
        raise ValueError(f"{name} must be a numpy.random.Generator or None, not {value!r}")


def regular_array(name: str, values: ArrayLike) -> NDArray[np.generic]:
    """``values`` as an array. Raises ValueError for nested sequences of different lengths."""
    try:
        return np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} must have rows of one length") from None
