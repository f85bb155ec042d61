"""Compiled loops of the matrix product of floats: one block of outputs, some positions, every bank in its order.

For a driver value, the products with a whole row of stored operands are formed once and kept until the next stored row,
as the array forms them: a field of driver bits opens the stored operand times its value, shifted to its place, and the
open rows are ORed. Positions that drive the same value share them.

Sums of floating-point words use float32 additions. With |a| >= |b|, s = fl(a + b) and e = b - (s - a), the sum s + e
is exactly a + b (Dekker), so that truncation is s, or the number next to s toward zero where e points there. The same
holds at the ends of the range: sums below 2^-126 are exact, and a sum that overflows to infinity steps back to the
largest finite number. Rounding to 8 bits goes through 24 bits: truncation twice is truncation, and to nearest the 24
bits are first made odd where inexact, which no second rounding can mistake for a tie. Subnormal float32 numbers must
not be flushed by the processor; numba leaves them on.

All that these functions call is in this file: the compiled code that numba keeps is made anew when the file changes,
and not when another one does.
"""

# Numba infers the types of every call, so that the functions have no annotations.
# mypy: disallow-untyped-defs=False

import numpy as np
from numba import njit

FP32_RZ, FP32_RNE, BF16_RZ, BF16_RNE = range(4)

_ABSENT = -(1 << 30)  # an exponent below every other, of a product with a stored zero
_MAGNITUDE = np.int32(0x7FFFFFFF)
_INFINITY = np.int32(0x7F800000)
_LEAST_NORMAL = np.int32(0x00800000)
_LEAST_ROUNDED = np.int32(0x007FC000)  # 2^-126 - 2^-135, which rounds to 2^-126 in 8 bits
_UPPER = np.int32(-0x10000)


@njit(nogil=True, cache=True)
def _read_array(rows, slot, second, stored, t, start, width, driver, fields, drop):
    """Kept columns of the products of ``driver`` and a row of stored significands, into ``rows[slot]``."""
    kind = rows.dtype.type
    for j in range(width):
        rows[slot, j] = 0
        second[j] = 0
    for i in range(fields.shape[0]):
        place = kind(fields[i, 0])
        value = kind(driver >> fields[i, 0] & fields[i, 1])
        if value == 0:
            continue
        if fields[i, 2] == 0:
            for j in range(width):
                rows[slot, j] |= kind(kind(stored[t, start + j] * value) << place)
        else:
            for j in range(width):
                second[j] |= kind(kind(stored[t, start + j] * value) << place)
    places = kind(drop)
    for j in range(width):
        rows[slot, j] = kind(rows[slot, j] >> places) + kind(second[j] >> places)


@njit(nogil=True, cache=True)
def _normalise(rows, slot, exponents, t, start, width, kept, fraction_bits, nearest):
    """Turn kept columns into exponent and significand, rounded, as one number, in place."""
    kind = rows.dtype.type
    one, top, places, absent = kind(1), kind(kept - 1), kind(fraction_bits), kind(_ABSENT)
    for j in range(width):
        columns = rows[slot, j]
        carry = kind(columns >> top)
        cut = kind(kind(top - places) + carry)
        doubled = kind(columns << one)
        if nearest:
            rest = kind(kind(kind(one << cut) >> one) - one) + kind(kind(doubled >> cut) & one)
            doubled = kind(doubled + (rest if cut > 0 else kind(0)))
        exponent = kind(kind(exponents[t, start + j] + carry) - one)
        word = kind(kind(exponent << places) + kind(doubled >> cut))
        rows[slot, j] = word if columns != 0 else absent


@njit(nogil=True, cache=True)
def _float32(rows, slot, j, sign, offset, scale):
    """A product in single precision, exact, of ``rows[slot, j]``, the driver's exponent ``offset`` and the sign bit.

    ``scale``: fraction bits, the places that they lack of 23, the largest finite word, and the change of the bias.
    """
    kind = rows.dtype.type
    places, up, largest, rebias = scale
    magnitude = kind(rows[slot, j] + offset)
    magnitude = magnitude if magnitude < largest else largest
    bits = np.int32(kind(kind(magnitude << up) + rebias))
    bits = bits if kind(magnitude >> places) > 0 else np.int32(0)
    return np.int32(bits | sign).view(np.float32)


@njit(nogil=True, cache=True)
def _exact_sum(a, b):
    """Bits of the nearest single, whether it is inexact, and whether it is beyond the sum, seen from zero."""
    ahead = abs(a) >= abs(b)
    large = a if ahead else b
    small = b if ahead else a
    total = large + small
    error = small - (total - large)
    bits = np.float32(total).view(np.int32)
    inexact = error != np.float32(0)
    return bits, inexact, inexact & ((bits ^ np.float32(error).view(np.int32)) < 0)


@njit(nogil=True, cache=True)
def _fp32_rz(a, b):
    bits, _, beyond = _exact_sum(a, b)
    bits = np.int32(bits - np.int32(beyond))
    bits = bits if (bits & _MAGNITUDE) >= _LEAST_NORMAL else np.int32(0)
    return np.int32(bits).view(np.float32)


@njit(nogil=True, cache=True)
def _fp32_rne(a, b):
    bits = np.float32(a + b).view(np.int32)
    bits = np.int32(bits - np.int32((bits & _MAGNITUDE) == _INFINITY))
    bits = bits if (bits & _MAGNITUDE) >= _LEAST_NORMAL else np.int32(0)
    return np.int32(bits).view(np.float32)


@njit(nogil=True, cache=True)
def _bf16_rz(a, b):
    bits, _, beyond = _exact_sum(a, b)
    bits = np.int32((bits - np.int32(beyond)) & _UPPER)
    bits = bits if (bits & _MAGNITUDE) >= _LEAST_NORMAL else np.int32(0)
    return np.int32(bits).view(np.float32)


@njit(nogil=True, cache=True)
def _bf16_rne(a, b):
    bits, inexact, beyond = _exact_sum(a, b)
    odd = np.int32((bits - np.int32(beyond)) | np.int32(inexact))
    rounded = np.int32((odd & _MAGNITUDE) + 0x7FFF + (odd >> 16 & 1)) & _UPPER
    rounded = min(rounded, np.int32(_INFINITY - 0x10000))
    bits = np.int32(rounded | (odd & ~_MAGNITUDE)) if (odd & _MAGNITUDE) >= _LEAST_ROUNDED else np.int32(0)
    return np.int32(bits).view(np.float32)


@njit(nogil=True, cache=True)
def _add_row(sums, p, rows, slot, signs, t, start, width, offset, sign, scale, mode):
    """Add the products of one stored row to the sums of one position."""
    if mode == FP32_RZ:
        for j in range(width):
            term = _float32(rows, slot, j, np.int32(signs[t, start + j] ^ sign), offset, scale)
            sums[p, j] = _fp32_rz(sums[p, j], term)
    elif mode == FP32_RNE:
        for j in range(width):
            term = _float32(rows, slot, j, np.int32(signs[t, start + j] ^ sign), offset, scale)
            sums[p, j] = _fp32_rne(sums[p, j], term)
    elif mode == BF16_RZ:
        for j in range(width):
            term = _float32(rows, slot, j, np.int32(signs[t, start + j] ^ sign), offset, scale)
            sums[p, j] = _bf16_rz(sums[p, j], term)
    else:
        for j in range(width):
            term = _float32(rows, slot, j, np.int32(signs[t, start + j] ^ sign), offset, scale)
            sums[p, j] = _bf16_rne(sums[p, j], term)


@njit(nogil=True, cache=True)
def _add_bank(result, sums, p, start, low, width, mode):
    """Add a bank's sums of one position to the result."""
    for j in range(width):
        total, part = result[low + p, start + j], sums[p, j]
        if mode == FP32_RZ:
            total = _fp32_rz(total, part)
        elif mode == FP32_RNE:
            total = _fp32_rne(total, part)
        elif mode == BF16_RZ:
            total = _bf16_rz(total, part)
        else:
            total = _bf16_rne(total, part)
        result[low + p, start + j] = total


@njit(nogil=True, cache=True)
def float_block(result, x, w, block, positions, fields, slots, layout, mode, nearest):
    """Sums of a block of outputs at some positions, into ``result`` (positions, outputs), float32.

    ``result`` holds the initial values of bank 0. ``x``: driver significands, exponent offsets and signs, each
    (length, positions). ``w``: stored significands, exponents and signs, each (length, outputs). ``block``: first
    output, end, and the bank of stored row 0. ``positions``: first and end. ``fields`` (fields, 3): place, mask and
    access of driver bits. ``slots``: driver values that rows are kept for, a power of two. ``layout``: banks, kept
    columns, dropped columns, fraction bits of a product, its largest finite word, what turns its exponent into that
    of single precision.
    """
    significands, offsets, x_signs = x
    stored, exponents, w_signs = w
    start, end, phase = block
    low, high = positions
    banks, kept, drop, fraction_bits, largest, rebias = layout
    width, length, count = end - start, stored.shape[0], high - low
    kind = stored.dtype.type
    scale = (kind(fraction_bits), kind(23 - fraction_bits), kind(largest), kind(rebias))
    rows = np.empty((slots, width), stored.dtype)
    second = np.empty(width, stored.dtype)
    owner = np.empty(slots, np.int64)
    sums = np.empty((count, width), np.float32)
    for bank in range(banks):
        first = (bank - phase) % banks
        if first >= length and bank > 0:
            continue
        for p in range(count):
            for j in range(width):
                sums[p, j] = result[low + p, start + j] if bank == 0 else np.float32(0)
        for t in range(first, length, banks):
            owner[:] = 0
            for p in range(count):
                driver = significands[t, low + p]
                if driver == 0:
                    continue
                slot = driver & slots - 1
                if owner[slot] != driver:
                    _read_array(rows, slot, second, stored, t, start, width, driver, fields, drop)
                    _normalise(rows, slot, exponents, t, start, width, kept, fraction_bits, nearest)
                    owner[slot] = driver
                offset, sign = kind(offsets[t, low + p]), np.int32(x_signs[t, low + p])
                _add_row(sums, p, rows, slot, w_signs, t, start, width, offset, sign, scale, mode)
        for p in range(count):
            if bank == 0:
                for j in range(width):
                    result[low + p, start + j] = sums[p, j]
            else:
                _add_bank(result, sums, p, start, low, width, mode)
