"""Values of converters over the bits of the inputs and the slices of the weights, added up to products."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, integers, require_instance, require_integer

ENCODINGS = ("differential", "offset")
WIDEST = 62  # bits of an accumulator whose sums and differences int64 holds


@dataclass(frozen=True, kw_only=True)
class ShiftAddParameters:
    """Values of ``bits`` bits, inputs of ``input_bits`` bits in series, weights in ``slices`` cells of ``cell_bits``.

    ``signed_inputs``: the inputs are two's complement. ``encoding`` of the weights: ``differential``, the positive and
    the negative ones in a column each, or ``offset``, with half their range added.

    Raises ValueError, naming the field, for bits or input_bits outside 1..16, slices outside 1..16, cell_bits other
    than 1 and 2, another encoding, and an accumulator of more than 62 bits.
    """

    bits: int = 8
    input_bits: int = 8
    cell_bits: int = 1
    slices: int = 8
    signed_inputs: bool = False
    encoding: str = "differential"

    def __post_init__(self) -> None:
        require_integer("bits", self.bits, 1, 16)
        require_integer("input_bits", self.input_bits, 1, 16)
        require_integer("cell_bits", self.cell_bits, 1, 2)
        require_integer("slices", self.slices, 1, 16)
        require_instance("signed_inputs", self.signed_inputs, bool)
        if self.encoding not in ENCODINGS:
            raise ValueError(f"encoding must be one of {', '.join(ENCODINGS)}, not {self.encoding!r}")
        if self.accumulator_width > WIDEST:
            raise ValueError(f"slices must leave an accumulator of at most {WIDEST} bits, not {self.accumulator_width}")

    @property
    def maximum(self) -> int:
        """Largest value."""
        return (1 << self.bits) - 1

    @property
    def weight_bits(self) -> int:
        """Bits of what is stored of a weight in one column."""
        return self.cell_bits * self.slices

    @property
    def accumulator_width(self) -> int:
        """Bits of a two's complement accumulator that holds any sum of one column, and its negative."""
        cells = sum(1 << self.cell_bits * index for index in range(self.slices))
        return (self.maximum * ((1 << self.input_bits) - 1) * cells).bit_length() + 1


def shift_add(values: ArrayLike, parameters: ShiftAddParameters, *, initial: ArrayLike = 0) -> IntArray:
    """``initial`` plus the sum of value << (i + cell_bits * j) over input bits i and slices j: (...) int64.

    ``values``: (..., input_bits, slices), lowest first. With signed inputs the values of the sign bit are subtracted.
    Raises ValueError for values outside 0..2^bits - 1, another shape, and a sum that the accumulator cannot hold.
    """
    words = integers("values", values, 0, parameters.maximum)
    sums = accumulate(words, parameters)
    return _held(sums + _operand("initial", initial, sums, 1 << parameters.accumulator_width), parameters)


def accumulate(values: IntArray, parameters: ShiftAddParameters) -> IntArray:
    """`shift_add` of values that may lie outside the range of the converter, such as restored ones."""
    p = parameters
    if values.shape[-2:] != (p.input_bits, p.slices):
        raise ValueError(f"values must have the shape (..., {p.input_bits}, {p.slices}), not {values.shape}")
    planes = 1 << np.arange(p.input_bits)
    if p.signed_inputs:
        planes[-1] *= -1
    columns = 1 << p.cell_bits * np.arange(p.slices)
    return _held((values * columns).sum(axis=-1) @ planes, p)


def subtract_negative(positive: ArrayLike, negative: ArrayLike, parameters: ShiftAddParameters) -> IntArray:
    """Products of differential weights from the sums of their two columns.

    Raises ValueError for sums of an ``offset`` encoding, and for a product that the accumulator cannot hold.
    """
    _require_encoding(parameters, "differential")
    sums = _held(integers("positive", positive), parameters)
    return _held(sums - _operand("negative", negative, sums, 1 << parameters.accumulator_width), parameters)


def remove_offset(sums: ArrayLike, input_sums: ArrayLike, parameters: ShiftAddParameters) -> IntArray:
    """Products of offset weights from the sums of their columns, and the sums of the inputs of the same rows.

    Raises ValueError for sums of a ``differential`` encoding, and for a product that the accumulator cannot hold.
    """
    _require_encoding(parameters, "offset")
    stored = _held(integers("sums", sums), parameters)
    places = parameters.weight_bits - 1
    offset = _operand("input_sums", input_sums, stored, 1 << parameters.accumulator_width >> places) << places
    return _held(stored - offset, parameters)


def _operand(name: str, values: ArrayLike, sums: IntArray, limit: int) -> IntArray:
    """``values`` that go with ``sums``, one for each or one for several; beyond ``limit`` no result could be held."""
    operand = integers(name, values, -limit, limit)
    try:
        np.broadcast_to(operand, sums.shape)
    except ValueError:
        raise ValueError(f"{name} must have a shape that fits the sums, {sums.shape}, not {operand.shape}") from None
    return operand


def _held(sums: IntArray, parameters: ShiftAddParameters) -> IntArray:
    """``sums``, if an accumulator holds them all; raises ValueError where it would wrap."""
    limit = 1 << parameters.accumulator_width - 1
    wrong = (sums < -limit) | (sums >= limit)
    if wrong.any():
        width = parameters.accumulator_width
        raise ValueError(f"sums must fit the {width} bits of the accumulator, not {int(sums[wrong].flat[0])}")
    return sums


def _require_encoding(parameters: ShiftAddParameters, needed: str) -> None:
    if parameters.encoding != needed:
        raise ValueError(f"encoding must be {needed}, not {parameters.encoding!r}")
