"""Packing of lanes into port words, against Python's integers."""

import numpy as np
import pytest

from verif.packing import pack, unpack

WIDTHS = [1, 3, 8, 10, 16, 31, 32, 33, 48, 63, 64]
COUNTS = [1, 2, 3, 7, 33]


def _random(width: int, signed: bool, shape: tuple[int, ...]) -> np.ndarray:
    low = -(1 << width - 1) if signed else 0
    values = np.random.default_rng(width).integers(0, 1 << 32, (2, *shape), dtype=np.uint64)
    words = (values[0] << np.uint64(32) | values[1]) % np.uint64(2**width - 1)
    exact = [[low + int(word) for word in row] for row in words]
    exact[0][0], exact[-1][-1] = low, low + (1 << width) - 1
    return np.array(exact, np.int64 if signed or width < 64 else np.uint64)


def _exact(row: np.ndarray, width: int) -> int:
    return sum((int(value) % (1 << width)) << width * lane for lane, value in enumerate(row))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("width", WIDTHS)
def test_pack_is_the_concatenation_and_unpack_its_inverse(width: int, count: int, signed: bool) -> None:
    lanes = _random(width, signed, (5, count))
    words = pack(lanes, width)
    if width * count <= 64:
        assert words.dtype == np.uint64
        found = [int(word) for word in words]
    else:
        assert words.dtype == np.uint32
        assert words.shape == (5, -(-width * count // 32))
        found = [sum(int(word) << 32 * place for place, word in enumerate(row)) for row in words]
    assert found == [_exact(row, width) for row in lanes]
    back = unpack(words, count, width, signed)
    assert back.dtype == lanes.dtype
    assert (back == lanes).all()


def test_single_row_and_more_dimensions() -> None:
    lanes = np.arange(2 * 3 * 40).reshape(2, 3, 40)
    assert (pack(lanes, 8)[1, 2] == pack(lanes[1, 2], 8)).all()
    assert (unpack(pack(lanes, 8), 40, 8, False) == lanes).all()
    assert pack([1, 2, 3], 4) == 0x321


def test_signed_words_of_a_narrow_port_unpack() -> None:
    # A signed 16-bit port comes back as int64: its sign must not reach other lanes.
    assert unpack(np.array([-32768]), 2, 8, False).tolist() == [[0, 0x80]]
    assert unpack(np.array([-32768]), 2, 8, True).tolist() == [[0, -128]]


@pytest.mark.parametrize("value", [-129, 256])
def test_lane_out_of_range(value: int) -> None:
    with pytest.raises(ValueError, match=r"^lanes must be between -128 and 255, not 0 to 256$|not -129 to 0$"):
        pack([0, value], 8)


def test_wrong_types_and_shapes() -> None:
    with pytest.raises(ValueError, match="lanes must be an array of integers, not float64"):
        pack([0.5], 8)
    with pytest.raises(ValueError, match=r"words must be uint32 of shape \(\.\.\., 4\), not uint32 of shape \(1, 3\)"):
        unpack(np.zeros((1, 3), np.uint32), 16, 8, False)
