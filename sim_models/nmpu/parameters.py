"""Parameters of the NMPU and every width that follows from them."""

from dataclasses import dataclass

from sim_models.arith import Format
from sim_models.arith.checking import require_choice, require_integer, require_power_of_two
from sim_models.arith.widths import index_bits, signed_width, unsigned_width

SINGLE_ROUND, BRANCH_ROUND = "single_round", "branch_round"
HALF_UP, HALF_EVEN = "half_up", "half_even"
NO_PARTIAL_SUM, ACCUMULATE = "none", "accumulate"
FLOP_STORAGE, EXTERNAL_STORAGE = "flop", "external"

MAXIMUM_WORD_BITS = 16
MAXIMUM_SHIFT = 24
MAXIMUM_ACCUMULATOR_BITS = 60  # leaves int64 room for one more addition and the rounding half


@dataclass(frozen=True, kw_only=True)
class NmpuParameters:
    """Formats and structure of a fixed-point near-memory processing unit (NMPU) and of an array of such units.

    Per column: counts ``dp``, ``dn`` (unsigned, or one signed count with ``signed_input``), scale words ``sp``, ``sn``
    (unsigned, value ``sp / 2^scale_fraction_bits``), offset word ``off`` (two's complement, value
    ``off / 2^offset_fraction_bits``, in output LSB). Per layer: ``shift`` in ``shift_min..shift_max``, ``relu``. ::

        q = saturate(relu(round((dp*sp - dn*sn) / 2^(scale_fraction_bits + shift) + off / 2^offset_fraction_bits)))

    ``single_round`` cuts ``pre_cut_bits`` off each product, adds the branches and the offset and rounds once.
    ``branch_round`` rounds each branch to the offset's fraction bits, then rounds the sum.
    The properties are bounds and widths: every width is the smallest that holds the bound it is computed from.

    Raises ValueError for any field outside its range, and for a ``pre_cut_bits`` that leaves no bit to round or cuts
    into the offset's fraction bits.

    Source: structure and formats of arXiv 2402.07549; cut positions, rounding and widths are this project's choice.
    """

    input_bits: int = 10
    scale_integer_bits: int = 1
    scale_fraction_bits: int = 7
    offset_integer_bits: int = 7
    offset_fraction_bits: int = 1
    output_bits: int = 8
    pre_cut_bits: int = 5
    shift_min: int = 0
    shift_max: int = 3
    columns_per_unit: int = 4
    units: int = 64
    variant: str = SINGLE_ROUND
    final_rounding: str = HALF_UP
    signed_input: bool = False
    pipeline_stages: int = 2
    partial_sum: str = NO_PARTIAL_SUM
    accumulator_bits: int = 16
    storage: str = FLOP_STORAGE

    def __post_init__(self) -> None:
        self._check_formats()
        self._check_structure()
        self._check_alignment()
        if self.accumulates:
            require_integer("accumulator_bits", self.accumulator_bits, self.sum_bits, MAXIMUM_ACCUMULATOR_BITS)

    def _check_formats(self) -> None:
        require_integer("input_bits", self.input_bits, 1, MAXIMUM_WORD_BITS)
        require_integer("scale_fraction_bits", self.scale_fraction_bits, 1, MAXIMUM_WORD_BITS)
        room = MAXIMUM_WORD_BITS - self.scale_fraction_bits
        require_integer("scale_integer_bits", self.scale_integer_bits, 0, room)
        require_integer("offset_integer_bits", self.offset_integer_bits, 1, MAXIMUM_WORD_BITS)
        room = MAXIMUM_WORD_BITS - self.offset_integer_bits
        require_integer("offset_fraction_bits", self.offset_fraction_bits, 0, room)
        require_integer("output_bits", self.output_bits, 2, 16)
        require_integer("shift_max", self.shift_max, 0, MAXIMUM_SHIFT)
        require_integer("shift_min", self.shift_min, 0, self.shift_max)

    def _check_structure(self) -> None:
        require_power_of_two("columns_per_unit", self.columns_per_unit, 64)
        require_integer("units", self.units, 1, 1024)
        require_choice("variant", self.variant, (SINGLE_ROUND, BRANCH_ROUND))
        require_choice("final_rounding", self.final_rounding, (HALF_UP, HALF_EVEN))
        if self.variant == BRANCH_ROUND:
            require_choice("final_rounding with variant 'branch_round'", self.final_rounding, (HALF_UP,))
        require_choice("signed_input", self.signed_input, (False, True))
        require_choice("pipeline_stages", self.pipeline_stages, (1, 2, 3))
        require_choice("storage", self.storage, (FLOP_STORAGE, EXTERNAL_STORAGE))
        require_choice("partial_sum", self.partial_sum, (NO_PARTIAL_SUM, ACCUMULATE))
        require_integer("accumulator_bits", self.accumulator_bits, 1, MAXIMUM_ACCUMULATOR_BITS)

    def _check_alignment(self) -> None:
        """Every shift must leave at least one bit to round, and the offset's fraction bits must not be cut."""
        finest = self.offset_fraction_bits
        needed = finest + 1 if self.variant == BRANCH_ROUND else max(1, finest)
        available = self.scale_fraction_bits + self.shift_min
        if available < needed:
            raise ValueError(f"scale_fraction_bits + shift_min must be at least {needed}, not {available}")
        require_integer("pre_cut_bits", self.pre_cut_bits, 0, available - needed)

    # Operand formats

    @property
    def accumulates(self) -> bool:
        """Whether sums of several tiles are kept in an accumulator."""
        return self.partial_sum == ACCUMULATE

    @property
    def count_format(self) -> Format:
        """Counts: integers, unsigned or two's complement."""
        return Format(signed=self.signed_input, integer_bits=self.input_bits, fraction_bits=0)

    @property
    def scale_format(self) -> Format:
        """Scales: unsigned, of ``scale_integer_bits`` and ``scale_fraction_bits``."""
        return Format(signed=False, integer_bits=self.scale_integer_bits, fraction_bits=self.scale_fraction_bits)

    @property
    def offset_format(self) -> Format:
        """Offsets: two's complement, in output LSB."""
        return Format(signed=True, integer_bits=self.offset_integer_bits, fraction_bits=self.offset_fraction_bits)

    @property
    def output_format(self) -> Format:
        """Results: two's complement integers."""
        return Format(signed=True, integer_bits=self.output_bits, fraction_bits=0)

    @property
    def scale_bits(self) -> int:
        """Width of a scale word."""
        return self.scale_format.width

    @property
    def offset_bits(self) -> int:
        """Width of an offset word."""
        return self.offset_format.width

    # Structure

    @property
    def columns(self) -> int:
        """Columns served by all units together."""
        return self.units * self.columns_per_unit

    @property
    def latency(self) -> int:
        """Cycles that one group of ``columns_per_unit`` columns occupies, its start and its last result included."""
        return self.columns_per_unit + self.pipeline_stages

    @property
    def shift_bits(self) -> int:
        """Width of the ``shift`` port (1 even when ``shift_max`` is 0)."""
        return unsigned_width(self.shift_max)

    @property
    def column_bits(self) -> int:
        """Width of a column number inside a unit (1 even for a single column)."""
        return index_bits(self.columns_per_unit)

    @property
    def configuration_bits(self) -> int:
        """Width of one column's parameters {offset, scale_negative, scale_positive}; one scale with signed input."""
        return (1 if self.signed_input else 2) * self.scale_bits + self.offset_bits

    # Datapath: bounds first, then the widths that hold them

    def fraction_bits(self, shift: int) -> int:
        """Fraction bits of the sum ``w`` that the final rounding removes, at ``shift``."""
        if self.variant == BRANCH_ROUND:
            return self.offset_fraction_bits
        return self.scale_fraction_bits - self.pre_cut_bits + shift

    def branch_rounding_bits(self, shift: int) -> int:
        """Bits that ``branch_round`` rounds off each cut branch, at ``shift``."""
        return self.scale_fraction_bits - self.offset_fraction_bits + shift - self.pre_cut_bits

    @property
    def product_bound(self) -> int:
        """Largest magnitude of a product."""
        counts = self.count_format
        return max(-counts.minimum, counts.maximum) * self.scale_format.maximum

    @property
    def cut_bound(self) -> int:
        """Largest magnitude of a product after the cut (which rounds a negative product away from zero)."""
        if self.signed_input:
            return -(-self.product_bound >> self.pre_cut_bits)
        return self.product_bound >> self.pre_cut_bits

    @property
    def branch_bound(self) -> int:
        """Largest magnitude of a branch where the branches meet: cut, and with ``branch_round`` rounded."""
        if self.variant == SINGLE_ROUND:
            return self.cut_bound
        bits = self.branch_rounding_bits(self.shift_min)
        return (self.cut_bound + (1 << (bits - 1))) >> bits

    def sum_bound(self, shift: int) -> int:
        """Largest magnitude of the sum ``w`` at ``shift``, the rounding half included."""
        fraction = self.fraction_bits(shift)
        half = (1 << fraction) >> 1
        return self.branch_bound + (1 << (self.offset_integer_bits - 1 + fraction)) + half

    @property
    def product_bits(self) -> int:
        """Width of a product: unsigned, two's complement with signed input."""
        return self._operand_width(self.product_bound)

    @property
    def cut_bits(self) -> int:
        """Width of a product after the cut: unsigned, two's complement with signed input."""
        return self._operand_width(self.cut_bound)

    @property
    def difference_bits(self) -> int:
        """Width of positive minus negative branch, two's complement; the one branch itself with signed input."""
        one_cut_branch = self.signed_input and self.variant == SINGLE_ROUND
        return self.cut_bits if one_cut_branch else signed_width(self.branch_bound)

    @property
    def aligned_offset_bits(self) -> int:
        """Width of the offset moved to the sum's fraction bits at the largest shift, two's complement."""
        return self.offset_integer_bits + self.fraction_bits(self.shift_max)

    @property
    def sum_bits(self) -> int:
        """Width of the sum ``w`` and of ``w`` plus the rounding half, two's complement."""
        return signed_width(self.sum_bound(self.shift_max))

    @property
    def rounding_bound(self) -> int:
        """Largest magnitude of what is rounded plus the rounding half, at ``shift_min``, where results are largest."""
        if not self.accumulates:
            return self.sum_bound(self.shift_min)
        return (1 << (self.accumulator_bits - 1)) + ((1 << self.fraction_bits(self.shift_min)) >> 1)

    @property
    def rounded_bits(self) -> int:
        """Width of the rounded result ``y`` before ReLU and clamp, two's complement."""
        return signed_width(self.rounding_bound >> self.fraction_bits(self.shift_min))

    def _operand_width(self, bound: int) -> int:
        """Width of a product, cut or not: a signed one is at least ``-bound`` and less than ``bound``."""
        return signed_width(bound - 1) if self.signed_input else unsigned_width(bound)
