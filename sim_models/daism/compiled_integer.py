"""Compiled loops of the matrix product of integers: some positions and outputs, the products of one bank.

A field of driver bits opens the stored operand times its value, at its place; the rows of an access that are open are
ORed. Positions that drive the same value share what they read, where there is room to keep it for every value.

All that these functions call is in this file: the compiled code that numba keeps is made anew when the file changes,
and not when another one does.
"""

# Numba infers the types of every call, so that the functions have no annotations.
# mypy: disallow-untyped-defs=False

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def _open_rows(reads, owner, stored, t, start, width, driver, fields):
    """Make ``reads[:, driver]`` at full width, from the lowest field up; every step is kept for other drivers."""
    kind = reads.dtype.type
    part = 0
    for i in range(fields.shape[0]):
        value = driver >> fields[i, 0] & fields[i, 1]
        if value == 0:
            continue
        whole = part | value << fields[i, 0]
        if owner[whole] != t:
            multiple, access = kind(value << fields[i, 0]), fields[i, 2]
            for other in range(reads.shape[0]):
                for j in range(width):
                    reads[other, whole, j] = reads[other, part, j]
            for j in range(width):
                reads[access, whole, j] |= kind(stored[t, start + j] * multiple)
            owner[whole] = t
        part = whole


@njit(nogil=True, cache=True)
def integer_block(sums, x, w, start, first, fields, slots, accesses, drop):
    """Add to ``sums`` (positions, outputs) the kept columns of the products of some positions and outputs.

    ``x`` (length, positions) and ``w`` (length, outputs): driver and stored integers, from position ``first`` and
    output ``start`` on. ``slots`` is 2^n. ``fields`` (fields, 3): place, mask and access of driver bits.
    """
    width, kind, places = sums.shape[1], sums.dtype.type, w.dtype.type(drop)
    reads = np.zeros((accesses, slots, width), w.dtype)
    owner = np.full(slots, -1, np.int64)
    seen = 0  # driver bits that open rows
    for i in range(fields.shape[0]):
        seen |= fields[i, 1] << fields[i, 0]
    for t in range(w.shape[0]):
        for p in range(sums.shape[0]):
            driver = x[t, first + p] & seen
            if driver == 0:
                continue
            if owner[driver] != t:
                _open_rows(reads, owner, w, t, start, width, driver, fields)
            if accesses == 1:
                for j in range(width):
                    sums[p, j] += kind(reads[0, driver, j] >> places)
            else:
                for j in range(width):
                    sums[p, j] += kind(reads[0, driver, j] >> places) + kind(reads[1, driver, j] >> places)


@njit(nogil=True, cache=True)
def wide_integer_block(sums, x, w, start, first, fields, accesses, drop):
    """What `integer_block` does, for integers too wide to keep reads for every driver value."""
    width, kind, places = sums.shape[1], sums.dtype.type, w.dtype.type(drop)
    reads = np.zeros((accesses, width), w.dtype)
    for t in range(w.shape[0]):
        for p in range(sums.shape[0]):
            driver = x[t, first + p]
            if driver == 0:
                continue
            reads[:] = 0
            for i in range(fields.shape[0]):
                value = driver >> fields[i, 0] & fields[i, 1]
                if value == 0:
                    continue
                multiple, access = w.dtype.type(value << fields[i, 0]), fields[i, 2]
                for j in range(width):
                    reads[access, j] |= w.dtype.type(w[t, start + j] * multiple)
            for access in range(accesses):
                for j in range(width):
                    sums[p, j] += kind(reads[access, j] >> places)
