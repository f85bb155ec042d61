"""Pack many lanes into the words of one wide port, and back: lane 0 lies in the least significant bits."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def pack(lanes: ArrayLike, width: int) -> NDArray[np.generic]:
    """Words for a port that is an array of lanes of ``width`` bits (1 to 64).

    ``lanes`` are integers of shape (..., count), signed or not. Up to 64 bits in all the result is uint64 of shape
    (...), else uint32 of shape (..., words), least significant word first.

    :raises ValueError: a lane fits ``width`` bits neither as a signed nor as an unsigned number.
    """
    values = np.asarray(lanes)
    if values.dtype.kind not in "biu" or values.ndim == 0:
        raise ValueError(f"lanes must be an array of integers, not {values.dtype} of shape {values.shape}")
    low, high = -(1 << width - 1), (1 << width) - 1
    if values.size and not (low <= int(values.min()) and int(values.max()) <= high):
        raise ValueError(f"lanes must be between {low} and {high}, not {values.min()} to {values.max()}")
    count = values.shape[-1]
    columns = np.moveaxis(values, -1, 0).astype(np.uint64, copy=False) & _mask(width)
    words = np.zeros((-(-count * width // 64), *values.shape[:-1]), np.uint64)
    for lane, column in enumerate(columns):
        word, shift = divmod(lane * width, 64)
        words[word] |= column << np.uint64(shift)
        if shift + width > 64:
            words[word + 1] |= column >> np.uint64(64 - shift)
    if count * width <= 64:
        return words[0]
    halves = np.ascontiguousarray(np.moveaxis(words, 0, -1)).view("<u4")
    return np.ascontiguousarray(halves[..., : -(-count * width // 32)])


def unpack(words: NDArray[np.generic], lanes: int, width: int, signed: bool) -> NDArray[np.generic]:
    """The ``lanes`` lanes of ``width`` bits in ``words``: the inverse of `pack`, also for what a simulation returns.

    The result has shape (..., lanes) and type int64 (uint64 for unsigned lanes of 64 bits).

    :raises ValueError: ``words`` do not hold that many bits.
    """
    if lanes * width <= 64:
        stacked = words.astype(np.uint64, copy=False)[np.newaxis]
    else:
        count = -(-lanes * width // 32)
        if words.dtype != np.uint32 or words.ndim == 0 or words.shape[-1] != count:
            raise ValueError(f"words must be uint32 of shape (..., {count}), not {words.dtype} of shape {words.shape}")
        stacked = _double_words(words)
    kind = np.uint64 if width == 64 and not signed else np.int64
    result = np.empty((*stacked.shape[1:], lanes), kind)
    for lane in range(lanes):
        result[..., lane] = _lane(stacked, lane * width, width, signed)
    return result


def _double_words(words: NDArray[np.generic]) -> NDArray[np.uint64]:
    even = np.zeros((*words.shape[:-1], words.shape[-1] + words.shape[-1] % 2), "<u4")
    even[..., : words.shape[-1]] = words
    return np.ascontiguousarray(np.moveaxis(even.view("<u8"), -1, 0)).astype(np.uint64, copy=False)


def _lane(stacked: NDArray[np.uint64], position: int, width: int, signed: bool) -> NDArray[np.generic]:
    word, shift = divmod(position, 64)
    bits = stacked[word] >> np.uint64(shift)
    if shift + width > 64:
        bits = bits | stacked[word + 1] << np.uint64(64 - shift)
    if signed:
        spare = 64 - width
        return (bits << np.uint64(spare)).view(np.int64) >> np.int64(spare)
    return bits & _mask(width)


def _mask(width: int) -> np.uint64:
    return np.uint64((1 << width) - 1)
