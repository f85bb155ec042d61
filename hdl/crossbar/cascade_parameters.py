"""Parameters of the hardware of strategy B, and the formats of what it adds."""

from dataclasses import dataclass

from amaranth.hdl import Shape, signed

from hdl.crossbar.requirements import (
    IDEAL,
    SAR,
    require_divided,
    require_driven_bits,
    require_slots,
    require_strategy,
    require_unused,
)
from sim_models.arith.checking import require_choice, require_instance, require_integer
from sim_models.arith.widths import signed_width, unsigned_width
from sim_models.crossbar import (
    CrossbarParameters,
    adc_bits,
    column_depths,
    initiation_interval,
    latency,
    readout_cycles,
)
from sim_models.crossbar.parameters import CASCADE, OFFSET


@dataclass(frozen=True, kw_only=True)
class CascadeParameters(CrossbarParameters):
    """`CrossbarParameters` of CASCADE as published, ``allow_stalls`` and the ``converter``.

    ``allow_stalls``: with ``double_buffer``, vectors may wait because reading and clearing a bank take longer than
    filling one. ``converter``: 'sar', successive approximation registers that take turns, one slot each; or 'ideal',
    one that gives its code in the slot after.

    ``range_fraction``, of strategy C, has its default. ``output_bits`` is of strategy C too, but golden parameters and
    presets say it of all strategies: nothing here depends on it, and products have ``product_bits``.
    ``buffer_cell_bits`` is of the analog cells around the hardware, ``cycle_time_ns`` says how long an array cycle is
    meant to be.

    Raises ValueError as `CrossbarParameters` does, for another strategy, for signed inputs with dac_bits above 1, for
    converters that do not divide the outputs, for a readout too long without ``allow_stalls``, for a
    cascade_tail_cycles of 0, for registers of more than 16 bits, and for an array cycle that is over before the code of
    a conversion that was started as it began is added.
    """

    strategy: str = CASCADE
    rows: int = 64
    input_bits: int = 16
    weight_bits: int = 15
    bitline_bits: int | None = 6
    carry_columns: int = 20
    output_bits: int = 16
    outputs: int = 2
    allow_stalls: bool = False
    converter: str = SAR

    def __post_init__(self) -> None:
        require_strategy(self, CASCADE)
        super().__post_init__()
        require_driven_bits(self)
        require_unused(self, "range_fraction")
        require_instance("allow_stalls", self.allow_stalls, bool)
        require_divided(self)
        require_choice("converter", self.converter, (IDEAL, SAR))
        if self.converter == SAR:
            require_integer("bits of a code, with converter 'sar',", self.code_bits, 2, 16)
        require_slots(self, self.converter_delay + 1, "for the last code of a readout")
        require_integer("cascade_tail_cycles", self.cascade_tail_cycles, 1)
        busy = readout_cycles(self) + self.clear_cycles
        if self.double_buffer and not self.allow_stalls and busy > self.cycles:
            raise ValueError(
                f"allow_stalls must be true where a bank is read and cleared in {busy} array cycles and filled in "
                f"{self.cycles}, not {self.allow_stalls}"
            )

    # Schedule

    @property
    def groups(self) -> int:
        """Outputs of each converter."""
        return self.outputs // self.converters

    @property
    def places(self) -> tuple[int, ...]:
        """Powers of two of the columns that are converted, rising."""
        return self.significances[self.carry_columns :]

    @property
    def busy_cycles(self) -> int:
        """Array cycles in which a bank is read and cleared."""
        return readout_cycles(self) + self.clear_cycles

    @property
    def converter_delay(self) -> int:
        """Slots from the one in which a column is sampled to the one in which its code is there."""
        return 1 if self.converter == IDEAL else self.code_bits + 1

    # Formats

    @property
    def has_offset(self) -> bool:
        """Whether the sum of the inputs has to be taken off the products."""
        return self.weight_encoding == OFFSET

    @property
    def line_bound(self) -> int:
        """Largest sum that a line gives to a cell."""
        largest = self.line_maximum
        return largest if self.bitline_bits is None else min(largest, (1 << self.bitline_bits) - 1)

    @property
    def line_shape(self) -> Shape:
        """A sum for a cell: the line of positive cells less that of negative ones."""
        return signed(signed_width(self.line_bound))

    @property
    def column_shape(self) -> Shape:
        """Any column, and the lowest converted one with all below it in units of significance 0."""
        depths = zip(column_depths(self), self.significances, strict=True)
        carried = self.carry_columns + 1
        bounds = [self.line_bound * depth for depth, _ in depths]
        whole = sum(bound << place for bound, place in zip(bounds[:carried], self.significances, strict=False))
        return signed(signed_width(max(whole, *bounds)))

    @property
    def code_shape(self) -> Shape:
        """A column's code: ``adc_bits`` of magnitude, all that are needed if None, a sign where it can be negative."""
        bits = adc_bits(self) if self.adc_bits is None else self.adc_bits
        return Shape(bits + self.signed_samples, self.signed_samples)

    @property
    def code_bits(self) -> int:
        """Bits of a code, with its sign."""
        return self.code_shape.width

    @property
    def input_sum_shape(self) -> Shape:
        """The sum of the inputs of a vector."""
        low, high = self.input_range
        return signed(signed_width(-low * self.rows)) if low < 0 else Shape(unsigned_width(high * self.rows))

    @property
    def product_bits(self) -> int:
        """Width of a two's complement word that holds any codes at their significances, less the offset of weights."""
        code = self.code_shape
        largest = 1 << code.width - code.signed
        inputs = self.rows * max(-self.input_range[0], self.input_range[1])
        return signed_width(largest * sum(1 << place for place in self.places) + self.weight_offset * inputs)

    @property
    def result_stages(self) -> int:
        """Output registers that a result needs until it is written, while others follow."""
        held = self.cascade_tail_cycles - 1
        return held if held > initiation_interval(self) else min(1, held)

    @property
    def latency_clocks(self) -> int:
        """Clock cycles from an accepted start to the last slot of the last array cycle."""
        return latency(self) * self.slots_per_cycle - 1
