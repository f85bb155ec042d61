"""NNS+A in integers: the network of `neural_adder` as hardware computes it, one multiply-accumulate after another."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, require_instance, require_integer
from sim_models.arith.widths import signed_width, unsigned_width
from sim_models.crossbar.checking import integer_array, require_shape
from sim_models.crossbar.fixed_point import LARGEST_WIDTH, require_row, require_width
from sim_models.crossbar.fixed_vtc import FixedVtc
from sim_models.crossbar.neural_adder import INPUTS, SLICES

LINES = 2 * SLICES
HELD_BITS = 14
"""Full scale of the held value is at least 2^HELD_BITS of its steps."""
LARGEST_LINE = 1 << 24


@dataclass(frozen=True, kw_only=True)
class FixedAdder:
    """Integers of one NNS+A; 1.0 is ``unit = full_line << places``. A step of the held value, for neurons j: ::

        v_i = min(line_i, full_line) << places for the 16 lines, v_16 = held
        level_j = vtc((biases_j + sum_i input_codes_ji v_i) * scale)
        next held = (offset + sum_j output_codes_j gains_j level_j) >> output_shift

    Lines are sums of 0 to ``line_maximum``; those above ``full_line`` saturate. ``input_codes`` (hidden, 17) and
    ``output_codes`` (hidden,) are the signed conductance codes of the network. ``biases`` are in units of the sums,
    ``scale`` has ``vtc.shift`` places before an address, ``gains`` and ``offset`` have ``output_shift`` places after
    the point; ``offset`` contains the half that rounds. Levels are bounded, hence the held value is, and no width
    below can overflow. Raises ValueError for what does not fit in shape, or has words of more than 62 bits.
    """

    line_maximum: int
    full_line: int
    places: int
    input_codes: tuple[tuple[int, ...], ...]
    biases: tuple[int, ...]
    scale: int
    vtc: FixedVtc
    output_codes: tuple[int, ...]
    gains: tuple[int, ...]
    offset: int
    output_shift: int

    def __post_init__(self) -> None:
        require_integer("line_maximum", self.line_maximum, 1, LARGEST_LINE)
        require_integer("full_line", self.full_line, 1, self.line_maximum)
        require_integer("places", self.places, 0, HELD_BITS)
        if not isinstance(self.input_codes, tuple) or not self.input_codes:
            raise ValueError(f"input_codes must be a tuple of rows, one a neuron, not {self.input_codes!r}")
        for row in self.input_codes:
            require_row("input_codes", row, INPUTS)
        for name in ("biases", "output_codes", "gains"):
            require_row(name, getattr(self, name), self.hidden)
        require_integer("scale", self.scale, 1, 1 << LARGEST_WIDTH)
        require_instance("vtc", self.vtc, FixedVtc)
        require_integer("offset", self.offset, -1 << LARGEST_WIDTH, 1 << LARGEST_WIDTH)
        require_integer("output_shift", self.output_shift, 0, LARGEST_WIDTH)
        require_width("sums of the network", self.mac_width)

    @property
    def hidden(self) -> int:
        """Neurons of the hidden layer."""
        return len(self.input_codes)

    @property
    def unit(self) -> int:
        """1.0, full scale of a line and of the held value, in steps of the held value."""
        return self.full_line << self.places

    @property
    def output_weights(self) -> tuple[int, ...]:
        """Codes of the output crossbar times gains, exact: (hidden,)."""
        return tuple(code * gain for code, gain in zip(self.output_codes, self.gains, strict=True))

    @property
    def cycles(self) -> int:
        """Clock cycles of one step: 17 inputs, the scale and the output of each neuron."""
        return self.hidden * (INPUTS + 2)

    # Bit growth: bounds of magnitudes, which hold for every partial sum as well

    @property
    def total_bound(self) -> int:
        """Of the output's sum: every level is an entry of the table."""
        return abs(self.offset) + self.vtc.largest_level * sum(map(abs, self.output_weights))

    @property
    def held_bound(self) -> int:
        """Of the held value; 1 more than the shifted bound, as the shift rounds down."""
        return (self.total_bound >> self.output_shift) + 1

    @property
    def sum_bound(self) -> int:
        """Of the sum of a neuron: lines reach ``unit``, the held value its own bound."""
        limits = [self.unit] * LINES + [self.held_bound]
        return max(
            abs(bias) + sum(abs(code) * limit for code, limit in zip(codes, limits, strict=True))
            for codes, bias in zip(self.input_codes, self.biases, strict=True)
        )

    @property
    def line_width(self) -> int:
        """Bits of a line, unsigned."""
        return unsigned_width(self.line_maximum)

    @property
    def held_width(self) -> int:
        """Bits of the held value, two's complement, as all widths below."""
        return signed_width(self.held_bound)

    @property
    def sum_width(self) -> int:
        """Bits of the sum of a neuron."""
        return signed_width(self.sum_bound)

    @property
    def total_width(self) -> int:
        """Bits of the output's sum."""
        return signed_width(self.total_bound)

    @property
    def mac_width(self) -> int:
        """Bits of any result of the multiply-accumulate; that of the scale is the largest product."""
        return signed_width(max(self.sum_bound * self.scale, self.total_bound))

    # Evaluation

    def step(self, held: ArrayLike, lines: ArrayLike, *, negate: bool = False) -> IntArray:
        """The next held values (...) of ``held`` (...) and ``lines`` (..., 16), the eight positive ones first.

        ``negate`` exchanges the polarities, for the slice of input signs. Raises ValueError for lines outside
        0..line_maximum, held values beyond their bound, and shapes that do not fit.
        """
        require_instance("negate", negate, bool)
        words = integer_array("held", held, -self.held_bound, self.held_bound)
        sums = integer_array("lines", lines, 0, self.line_maximum)
        require_shape("lines", sums, (LINES,))
        if words.shape != sums.shape[:-1]:
            raise ValueError(f"held must have the shape {sums.shape[:-1]}, not {words.shape}")
        values = np.minimum(sums, self.full_line) << self.places
        codes = np.array(self.input_codes)
        if negate:
            values = np.roll(values, SLICES, axis=-1)
        neurons = values @ codes[:, :LINES].T + words[..., np.newaxis] * codes[:, LINES] + np.array(self.biases)
        levels = self.vtc.levels(neurons * self.scale)
        return levels @ np.array(self.output_weights) + self.offset >> self.output_shift

    def held_values(self, lines: ArrayLike, *, signed_inputs: bool = False) -> IntArray:
        """Held values after each array cycle, (cycles, ...), of ``lines`` (cycles, ..., 16); at first 0 is held.

        With ``signed_inputs`` the last slice counts negative. Raises ValueError as `step` does.
        """
        require_instance("signed_inputs", signed_inputs, bool)
        sums = integer_array("lines", lines)
        if sums.ndim < 2 or not len(sums):
            raise ValueError(f"lines must have the shape (cycles, ..., {LINES}), not {sums.shape}")
        held = np.zeros(sums.shape[1:-1], np.int64)
        steps = []
        for place, driven in enumerate(sums, start=1):
            held = self.step(held, driven, negate=signed_inputs and place == len(sums))
            steps.append(held)
        return np.stack(steps)
