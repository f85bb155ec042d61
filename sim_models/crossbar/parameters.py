"""Parameters of a bit-sliced crossbar: how numbers are cut, how sums are read out, and the numbers that follow."""

import math
from dataclasses import dataclass

from sim_models.arith.checking import require_choice, require_instance, require_integer, require_real

ISAAC, CASCADE, NEURAL_PIM = "isaac", "cascade", "neural_pim"
STRATEGIES = (ISAAC, CASCADE, NEURAL_PIM)
DIFFERENTIAL, OFFSET = "differential", "offset"
ENCODINGS = (DIFFERENTIAL, OFFSET)
DIFFERENCE, SEPARATE = "difference", "separate"
POLARITIES = (DIFFERENCE, SEPARATE)

_LARGEST_FLOAT = 1.797e308


@dataclass(frozen=True, kw_only=True)
class CrossbarParameters:
    """One crossbar array, its converters and the strategy that reads it out.

    ``strategy``: 'isaac' digitises every sum of a bit line, 'cascade' adds sums of equal significance in buffer cells
    and digitises those, 'neural_pim' shifts and adds in analog and digitises once.

    Slices: inputs of ``input_bits``, ``dac_bits`` a cycle; weights of ``weight_bits``, ``cell_bits`` a cell; the top
    slice is narrower where these do not divide. ``weight_encoding``: 'differential', weight_bits of magnitude, positive
    and negative parts in columns of their own; 'offset', weight_bits in all, stored plus half their range.
    ``signed_inputs``: two's complement.

    Conversion: ``adc_bits`` are bits of magnitude, of A ('isaac') and of the columns of B ('cascade'); a sample that
    can be negative has a sign bit beside them and saturates at +-(2^adc_bits - 1), another one at 0 and 2^adc_bits - 1;
    None loses nothing. ``conversion_polarity``, of A: 'difference' converts one signed sample a pair of columns,
    'separate' both columns. ``output_bits`` are those of the code of C ('neural_pim'), sign included, whose range is
    ``range_fraction`` of ``product_maximum``. No product of offset weights is above half of that, so that at fraction 1
    one bit of their codes is never used.

    Of B: ``bitline_bits``, a line saturates at 2^bits - 1 before it is stored; ``buffer_cell_bits``, resolution of a
    stored sum; None is exact; ``carry_columns``, how many of the lowest columns are folded into the next one;
    ``clear_cycles`` and ``cascade_tail_cycles`` of its schedule, ``double_buffer`` for two banks of cells.

    Array: ``rows``, ``outputs`` an array, ``converters`` of ``slots_per_cycle`` conversions in ``cycle_time_ns`` each.

    Raises ValueError, naming the field, for a value outside its range and for options that the strategy or the encoding
    has no use for: ``flip_encoding`` and 'separate' without 'isaac', the fields of B without 'cascade', ``adc_bits``
    with 'neural_pim', 'separate' with 'offset' (one polarity only), and ``flip_encoding`` on differences of columns,
    where it saves no bit.

    Source: Neural-PIM (arXiv 2201.12861), ISAAC (ISCA 2016) and CASCADE (MICRO 2019); formulas and defaults are this
    project's reconstruction.
    """

    rows: int = 128
    input_bits: int = 8
    weight_bits: int = 8
    dac_bits: int = 1
    cell_bits: int = 1
    strategy: str = ISAAC
    weight_encoding: str = DIFFERENTIAL
    output_bits: int = 8
    signed_inputs: bool = False
    flip_encoding: bool = False
    conversion_polarity: str = DIFFERENCE
    adc_bits: int | None = None
    bitline_bits: int | None = None
    buffer_cell_bits: int | None = None
    carry_columns: int = 0
    range_fraction: float = 1.0
    accumulator_feedback: str = "lsb_first"
    outputs: int = 8
    converters: int = 1
    slots_per_cycle: int = 128
    cycle_time_ns: float = 100.0
    double_buffer: bool = True
    clear_cycles: int = 1
    cascade_tail_cycles: int = 2

    def __post_init__(self) -> None:
        self._check_slicing()
        self._check_conversion()
        self._check_array()
        self._check_strategy()
        self._check_range()

    def _check_slicing(self) -> None:
        require_integer("rows", self.rows, 1, 4096)
        require_integer("input_bits", self.input_bits, 1, 16)
        require_integer("weight_bits", self.weight_bits, 1, 16)
        require_integer("dac_bits", self.dac_bits, 1, self.input_bits)
        require_integer("cell_bits", self.cell_bits, 1, min(4, self.weight_bits))
        require_choice("strategy", self.strategy, STRATEGIES)
        require_choice("weight_encoding", self.weight_encoding, ENCODINGS)
        require_instance("signed_inputs", self.signed_inputs, bool)

    def _check_conversion(self) -> None:
        require_integer("output_bits", self.output_bits, 2, 16)
        require_instance("flip_encoding", self.flip_encoding, bool)
        require_choice("conversion_polarity", self.conversion_polarity, POLARITIES)
        for name in ("adc_bits", "bitline_bits", "buffer_cell_bits"):
            if getattr(self, name) is not None:
                require_integer(name, getattr(self, name), 1, 16)
        require_integer("carry_columns", self.carry_columns, 0, len(self.significances) - 1)
        require_choice("accumulator_feedback", self.accumulator_feedback, ("lsb_first",))

    def _check_array(self) -> None:
        require_integer("outputs", self.outputs, 1, 512)
        require_integer("converters", self.converters, 1, 64)
        require_integer("slots_per_cycle", self.slots_per_cycle, 1, 1024)
        _require_positive("cycle_time_ns", self.cycle_time_ns, _LARGEST_FLOAT)
        require_instance("double_buffer", self.double_buffer, bool)
        require_integer("clear_cycles", self.clear_cycles, 1, self.cycles)
        require_integer("cascade_tail_cycles", self.cascade_tail_cycles, 0, 8)

    def _check_strategy(self) -> None:
        if self.strategy != ISAAC:
            require_choice("flip_encoding without strategy 'isaac'", self.flip_encoding, (False,))
            require_choice("conversion_polarity without strategy 'isaac'", self.conversion_polarity, (DIFFERENCE,))
        if self.strategy != CASCADE:
            for name in ("bitline_bits", "buffer_cell_bits"):
                require_choice(f"{name} without strategy 'cascade'", getattr(self, name), (None,))
            require_choice("carry_columns without strategy 'cascade'", self.carry_columns, (0,))
        if self.strategy == NEURAL_PIM:
            require_choice("adc_bits with strategy 'neural_pim'", self.adc_bits, (None,))
        if self.weight_encoding == OFFSET:
            require_choice("conversion_polarity with offset weights", self.conversion_polarity, (DIFFERENCE,))
        elif self.flip_encoding:
            name = "conversion_polarity with flip_encoding of differential weights"
            require_choice(name, self.conversion_polarity, (SEPARATE,))

    def _check_range(self) -> None:
        """A fraction that leaves a step of the code below one count is refused; the whole range never is."""
        _require_positive("range_fraction", self.range_fraction, 1)
        if self.range_fraction < 1 and self.code_full_scale < self.code_maximum:
            raise ValueError(
                f"range_fraction must leave a full scale of at least {self.code_maximum} counts, "
                f"not {self.code_full_scale} ({self.range_fraction})"
            )

    # Slices

    @property
    def cycles(self) -> int:
        """Input slices, T: array cycles of one product."""
        return -(-self.input_bits // self.dac_bits)

    @property
    def slices(self) -> int:
        """Cells of a weight in one polarity, S."""
        return -(-self.weight_bits // self.cell_bits)

    @property
    def polarities(self) -> int:
        """Columns of cells per slice: 2 for differential weights, 1 for offset ones."""
        return 2 if self.weight_encoding == DIFFERENTIAL else 1

    @property
    def significances(self) -> tuple[int, ...]:
        """Distinct powers of two of partial sums, rising: those of the columns of B."""
        places = {self.significance(t, s) for t in range(self.cycles) for s in range(self.slices)}
        return tuple(sorted(places))

    def significance(self, cycle: int, weight_slice: int) -> int:
        """Power of two of the partial sum of an input slice and a weight slice."""
        return self.dac_bits * cycle + self.cell_bits * weight_slice

    # Operands

    @property
    def input_range(self) -> tuple[int, int]:
        """Smallest and largest input."""
        half = 1 << self.input_bits - 1
        return (-half, half - 1) if self.signed_inputs else (0, 2 * half - 1)

    @property
    def weight_range(self) -> tuple[int, int]:
        """Smallest and largest weight."""
        largest = (1 << self.weight_bits) - 1
        half = 1 << self.weight_bits - 1
        return (-largest, largest) if self.weight_encoding == DIFFERENTIAL else (-half, half - 1)

    @property
    def weight_offset(self) -> int:
        """What is added to a weight before it is stored."""
        return 0 if self.weight_encoding == DIFFERENTIAL else 1 << self.weight_bits - 1

    # Bounds

    @property
    def cell_maximum(self) -> int:
        """Largest content of a cell."""
        return (1 << self.cell_bits) - 1

    @property
    def line_maximum(self) -> int:
        """Largest sum of one bit line in one cycle, p_max."""
        return self.rows * ((1 << self.dac_bits) - 1) * self.cell_maximum

    @property
    def step_full_scale(self) -> int:
        """Largest sum of all slices of a weight in one cycle, Y_FS."""
        return self.rows * ((1 << self.dac_bits) - 1) * ((1 << self.weight_bits) - 1)

    @property
    def product_maximum(self) -> int:
        """Largest magnitude of a product of a vector and differential weights, y_max; of offset ones about half."""
        return self.rows * ((1 << self.input_bits) - 1) * ((1 << self.weight_bits) - 1)

    # Code of C

    @property
    def code_maximum(self) -> int:
        """Largest code, Q; the smallest is its negative."""
        return (1 << self.output_bits - 1) - 1

    @property
    def code_full_scale(self) -> int:
        """Product that gets the largest code, y_fs: range_fraction * y_max in float64, rounded down.

        The product of doubles can lie above the exact one (1/3 of 1512 gives 504): take it from here or from
        `range_registers`, do not compute it again.
        """
        return math.floor(self.range_fraction * self.product_maximum)

    # Array

    @property
    def has_unit_column(self) -> bool:
        """Whether a column of ones measures the sum of the inputs: for offset weights and for flipped columns."""
        return self.weight_encoding == OFFSET or self.flip_encoding

    @property
    def columns(self) -> int:
        """Bit lines of an array, a unit column included."""
        return self.outputs * self.slices * self.polarities + self.has_unit_column

    @property
    def signed_samples(self) -> bool:
        """Whether A and B convert samples that can be negative: differences, or sums with a signed top slice.

        Sign bits that come alone are driven as bits and their sums subtracted: by A after the converter, by B before.
        """
        difference = self.weight_encoding == DIFFERENTIAL and self.conversion_polarity == DIFFERENCE
        return difference or (self.signed_inputs and (self.dac_bits > 1 or self.strategy == CASCADE))


def _require_positive(name: str, value: object, high: float) -> None:
    require_real(name, value, 0, high)
    if value == 0:
        raise ValueError(f"{name} must be above 0, not {value}")
