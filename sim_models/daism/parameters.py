"""Parameters of the approximate multiplier inside an SRAM, and what follows from them."""

from dataclasses import dataclass

from sim_models.arith.checking import require_choice, require_instance, require_integer, require_real

OPERAND_KINDS = ("float", "integer")
VARIANTS = ("fla", "pc2", "pc3", "pc4", "hla")
HLA_MODES = ("a", "b", "c", "d")
KEPT_COLUMNS = ("full", "guard", "truncated")
STORED_OPERANDS = ("weight", "activation")
FLOAT_ACCUMULATORS = ("fp32", "bf16")
ROUNDINGS = ("rz", "rne")
PRODUCT_PRECISIONS = ("significand", "kept")
SATURATIONS = ("max_finite", "infinity")
BANK_SLICINGS = ("index", "channel", "auto")
MAXIMUM_SIZE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class DaismParameters:
    """One accelerator: operand format, multiplier variant, array, accumulator, dataflow.

    ``operand_kind``: ``float`` words are {sign, exponent, fraction} with a hidden one; ``integer`` words are unsigned.
    ``significand_bits``: n, hidden one included, 4..24; the width of an integer. ``exponent_bits``: 5 or 8; every pair
    with a legal ``significand_bits`` is a format, so that 8/8, 11/5 and 24/8 are bfloat16, float16 and float32.
    ``variant``, ``hla_mode``: how driver bits open rows, see `sim_models.daism.product`. ``kept_columns``: columns per
    stored operand, ``full`` 2n, ``guard`` n+1, ``truncated`` n. ``rows``, ``columns``: one bank; ``banks``: how many.
    ``stored_operand``: the operand of a matrix product that sits in the array. ``accumulator``: ``fp32`` or ``bf16``
    for floats, ``int`` for integers, with ``accumulator_rounding``. ``product_rounding``: of products to n bits.
    ``product_precision``: hand n bits (``significand``) or all kept columns (``kept``) to the accumulator.
    ``saturate_to``: what too large an exponent becomes. ``zero_skip``: no access for a driver of zero.
    ``bank_slicing``: how the layer is dealt out to banks. ``interleave``: output positions in flight per lane.
    ``accumulate_latency``: cycles of the accumulate loop. ``clock_hz``, ``node_nm``: nominal, for reports only.

    Raises ValueError, naming the field, for unknown choices, numbers outside their range, fewer significand bits than
    k + 1 for ``pck``, an accumulator of the other operand kind, a bank that holds no group or no lane, and a
    ``hla_mode`` given with another variant.

    Source: Sonnino et al., arXiv 2305.07376 (DATE 2024), for the principle; layout and formats are bitline's.
    """

    operand_kind: str = "float"
    significand_bits: int = 8
    exponent_bits: int = 8
    variant: str = "pc3"
    hla_mode: str = "a"
    kept_columns: str = "truncated"
    rows: int = 512
    columns: int = 512
    banks: int = 16
    stored_operand: str = "weight"
    accumulator: str = "fp32"
    accumulator_rounding: str = "rz"
    product_rounding: str = "rz"
    product_precision: str = "significand"
    saturate_to: str = "max_finite"
    zero_skip: bool = True
    bank_slicing: str = "auto"
    interleave: int = 8
    accumulate_latency: int = 1
    clock_hz: float = 1e9
    node_nm: float = 45

    def __post_init__(self) -> None:
        self._check_choices()
        self._check_numbers()
        self._check_operands()
        self._check_array()

    def _check_choices(self) -> None:
        choices = {
            "operand_kind": OPERAND_KINDS,
            "variant": VARIANTS,
            "hla_mode": HLA_MODES,
            "kept_columns": KEPT_COLUMNS,
            "stored_operand": STORED_OPERANDS,
            "accumulator": (*FLOAT_ACCUMULATORS, "int"),
            "accumulator_rounding": ROUNDINGS,
            "product_rounding": ROUNDINGS,
            "product_precision": PRODUCT_PRECISIONS,
            "saturate_to": SATURATIONS,
            "bank_slicing": BANK_SLICINGS,
            "exponent_bits": (5, 8),
        }
        for name, allowed in choices.items():
            require_choice(name, getattr(self, name), allowed)
        require_instance("zero_skip", self.zero_skip, bool)

    def _check_numbers(self) -> None:
        require_integer("significand_bits", self.significand_bits, 4, 24)
        for name in ("rows", "columns", "banks", "interleave", "accumulate_latency"):
            require_integer(name, getattr(self, name), 1, MAXIMUM_SIZE)
        require_real("clock_hz", self.clock_hz, 1, 1e12)
        require_real("node_nm", self.node_nm, 1, 1000)

    def _check_operands(self) -> None:
        accumulators = FLOAT_ACCUMULATORS if self.is_float else ("int",)
        if self.accumulator not in accumulators:
            allowed = " or ".join(repr(name) for name in accumulators)
            raise ValueError(
                f"accumulator must be {allowed} with operand_kind {self.operand_kind!r}, not {self.accumulator!r}"
            )
        if self.precomputed_bits and self.significand_bits <= self.precomputed_bits:
            raise ValueError(
                f"significand_bits must be at least {self.precomputed_bits + 1} for variant {self.variant!r}, "
                f"not {self.significand_bits}"
            )
        if self.variant != "hla" and self.hla_mode != "a":
            raise ValueError(
                f"hla_mode must be left at 'a' with variant {self.variant!r}, which does not read it, "
                f"not {self.hla_mode!r}"
            )

    def _check_array(self) -> None:
        if self.rows < self.rows_per_group:
            raise ValueError(f"rows must be at least {self.rows_per_group}, the rows of one operand, not {self.rows}")
        if self.columns < self.kept:
            raise ValueError(f"columns must be at least {self.kept}, the columns of one operand, not {self.columns}")

    @property
    def is_float(self) -> bool:
        """Whether operands are floating-point words."""
        return self.operand_kind == "float"

    @property
    def precomputed_bits(self) -> int:
        """Leading driver bits that select a pre-computed row: k of ``pck``, else 0."""
        return int(self.variant[2:]) if self.variant.startswith("pc") else 0

    @property
    def half(self) -> int:
        """The driver bit where the upper half starts: floor(n/2)."""
        return self.significand_bits // 2

    @property
    def kept(self) -> int:
        """Columns of one stored operand."""
        n = self.significand_bits
        return {"full": 2 * n, "guard": n + 1, "truncated": n}[self.kept_columns]

    @property
    def drop(self) -> int:
        """Low product columns that are not stored."""
        return 2 * self.significand_bits - self.kept

    @property
    def accesses(self) -> int:
        """Reads of the array per product."""
        return 2 if self.variant == "hla" and self.hla_mode in ("b", "c") else 1

    @property
    def rows_per_group(self) -> int:
        """Rows of one stored operand, L."""
        n, k = self.significand_bits, self.precomputed_bits
        if k:
            return n - k + ((1 << k - 1) if self.is_float else (1 << k) - 1)
        if self.variant == "hla" and self.hla_mode == "a":
            pairs, single = divmod(n, 2)
            return 3 * pairs + single - (self.is_float and not single)
        return n - self.half if self.variant == "hla" and self.hla_mode == "d" else n

    @property
    def maximum_rows_open(self) -> int:
        """Rows open at once at most."""
        n = self.significand_bits
        if self.precomputed_bits:
            return n - self.precomputed_bits + 1
        if self.variant == "fla":
            return n
        return n - self.half if self.hla_mode in ("c", "d") else (n + 1) // 2

    @property
    def lanes(self) -> int:
        """Operands side by side in one bank, products per access: PE."""
        return self.columns // self.kept

    @property
    def groups(self) -> int:
        """Row groups of one bank, G."""
        return self.rows // self.rows_per_group

    @property
    def bias(self) -> int:
        """Exponent field of the value 1."""
        return (1 << (self.exponent_bits - 1)) - 1

    @property
    def special_exponent(self) -> int:
        """Exponent field of infinity and NaN: all ones."""
        return (1 << self.exponent_bits) - 1

    @property
    def word_bits(self) -> int:
        """Bits of an operand word: sign, exponent and fraction, or those of the integer."""
        return self.exponent_bits + self.significand_bits if self.is_float else self.significand_bits

    @property
    def product_fraction_bits(self) -> int:
        """Fraction bits of a product word."""
        return (self.significand_bits if self.product_precision == "significand" else self.kept) - 1

    @property
    def product_word_bits(self) -> int:
        """Bits of a product word: sign, exponent and fraction."""
        return 1 + self.exponent_bits + self.product_fraction_bits

    @property
    def accumulator_significand_bits(self) -> int:
        """Bits of the accumulator's significand, hidden one included: 24 or 8; floats only."""
        return 24 if self.accumulator == "fp32" else 8

    def accumulator_bits(self, length: int) -> int:
        """Bits of the accumulator for sums of ``length`` products: 32 for floats, 2n + ceil(log2 length) for integers.

        Raises ValueError for a ``length`` below 1.
        """
        require_integer("length", length, 1)
        return 32 if self.is_float else 2 * self.significand_bits + (length - 1).bit_length()
