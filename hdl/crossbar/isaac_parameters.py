"""Parameters of the hardware of strategy A, and how its converters share the lines."""

from dataclasses import dataclass

from hdl.crossbar.requirements import IDEAL, SAR, require_driven_bits, require_slots, require_strategy, require_unused
from sim_models.arith.checking import require_choice, require_integer
from sim_models.arith.widths import signed_width, unsigned_width
from sim_models.crossbar import CrossbarParameters, adc_bits, latency
from sim_models.crossbar.parameters import ISAAC, OFFSET, SEPARATE

_STAGES = 4  # array cycles that a product is in the output registers: from its last sum to its write back


@dataclass(frozen=True, kw_only=True)
class IsaacParameters(CrossbarParameters):
    """`CrossbarParameters` of ISAAC as published, and the ``converter``.

    ``converter``: 'sar', successive approximation registers that take turns, one slot each; or 'ideal', one that gives
    its code in the slot after.

    Fields of the other strategies have their defaults, but for ``output_bits``: golden parameters and presets say it of
    all strategies, nothing here depends on it, and products have ``sum_bits``. ``cycle_time_ns`` says how long an array
    cycle is meant to be.

    Every converter serves all lines of some outputs, as evenly as it goes; the first one converts the unit column
    besides, before all others. Raises ValueError as `CrossbarParameters` does, for another strategy or fields of one,
    for signed inputs with dac_bits above 1, and where there are more converters than outputs; more positions of a scan,
    or outputs, than slots; a unit column that needs more than ``adc_bits``; conversions that take longer than the
    stages behind them.
    """

    input_bits: int = 16
    weight_bits: int = 16
    cell_bits: int = 2
    weight_encoding: str = OFFSET
    output_bits: int = 16
    signed_inputs: bool = True
    flip_encoding: bool = True
    outputs: int = 16
    slots_per_cycle: int = 129
    converter: str = SAR

    def __post_init__(self) -> None:
        require_strategy(self, ISAAC)
        super().__post_init__()
        require_driven_bits(self)
        require_unused(self, "range_fraction", "double_buffer", "clear_cycles", "cascade_tail_cycles")
        require_choice("converter", self.converter, (IDEAL, SAR))
        require_integer("converters", self.converters, 1, self.outputs)
        if self.converter == SAR:
            require_integer("bits of a code, with converter 'sar',", self.code_bits, 2, 16)
        require_slots(self, self.scan_positions, "the lines of a converter")
        require_slots(self, self.outputs, "the outputs, which leave one a slot")
        unit_bits = unsigned_width(self.unit_maximum)
        if self.adc_bits is not None and self.has_unit_column and self.adc_bits < unit_bits:
            raise ValueError(f"adc_bits must be at least {unit_bits} for the unit column, not {self.adc_bits}")
        stages = (_STAGES - 1) * self.slots_per_cycle
        if self.converter_delay + self.scan_positions > stages:
            raise ValueError(
                f"slots_per_cycle must be enough for {self.converter_delay + self.scan_positions} slots of conversion "
                f"in {_STAGES - 1} array cycles, not {self.slots_per_cycle}"
            )

    # Converters

    @property
    def unit_maximum(self) -> int:
        """Largest sum of the unit column."""
        return self.rows * ((1 << self.dac_bits) - 1)

    @property
    def converter_bits(self) -> int:
        """Bits of magnitude: those given, or enough for all lines, the unit column included."""
        if self.adc_bits is not None:
            return self.adc_bits
        return max(adc_bits(self), unsigned_width(self.unit_maximum) if self.has_unit_column else 1)

    @property
    def code_bits(self) -> int:
        """Bits of a code: two's complement where samples can be negative, else unsigned."""
        return self.converter_bits + self.signed_samples

    @property
    def converter_delay(self) -> int:
        """Slots from the one in which a line is sampled to the one in which its code is there."""
        return 1 if self.converter == IDEAL else self.code_bits + 1

    # Lines

    @property
    def lines_per_output(self) -> int:
        """Samples of an output in an array cycle."""
        return self.slices * (2 if self.conversion_polarity == SEPARATE else 1)

    @property
    def lines(self) -> int:
        """Samples of all outputs in an array cycle, without that of the unit column."""
        return self.outputs * self.lines_per_output

    @property
    def shares(self) -> tuple[int, ...]:
        """Outputs of each converter."""
        fewest, more = divmod(self.outputs, self.converters)
        return tuple(fewest + (place < more) for place in range(self.converters))

    @property
    def scan_positions(self) -> int:
        """Slots that the scan of all lines takes."""
        return self.has_unit_column + self.shares[0] * self.lines_per_output

    # Sums

    @property
    def term_maximum(self) -> int:
        """Largest magnitude of a code, restored where its line is flipped."""
        largest = (1 << self.converter_bits) - 1
        return largest * self.cell_maximum if self.flip_encoding else largest

    @property
    def places(self) -> int:
        """Shifts of a code: 0 to one less."""
        return 1 + self.significance(self.cycles - 1, self.slices - 1)

    @property
    def sum_bits(self) -> int:
        """Width of an accumulator, two's complement, which no sums of codes overflow.

        Codes that can be negative are as large in both directions: converters saturate on both sides alike.
        """
        times = sum(1 << self.significance(t, 0) for t in range(self.cycles))
        spaces = sum(1 << self.significance(0, s) for s in range(self.slices))
        return signed_width(
            times * (self.term_maximum * spaces + self.weight_offset * ((1 << self.converter_bits) - 1))
        )

    @property
    def output_banks(self) -> int:
        """Sets of output registers: as many as there are products between their last sums and their write back."""
        return -(-_STAGES // self.cycles)

    @property
    def latency_clocks(self) -> int:
        """Clock cycles from a start to the last product, which leaves in the last array cycle."""
        return (latency(self) - 1) * self.slots_per_cycle + self.outputs
