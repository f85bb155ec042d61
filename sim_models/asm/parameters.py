"""Parameters of alphabet-set multiplication, and what follows from them."""

from dataclasses import dataclass

from sim_models.arith.checking import require_choice, require_instance, require_integer

WEIGHT_BITS = (4, 8, 12, 16)
ROUNDINGS = ("word", "quartet")
TIES = ("down", "up")
PLACEMENTS = ("neuron", "near_memory", "in_memory")
UNSUPPORTED = ("refuse", "dont_care")
CODED_ALPHABETS = ((1,), (1, 3))
QUARTET_BITS = 4
MAXIMUM_SIZE = 1 << 20
"""Of lengths and geometries: 2^20 products of 16 by 16 bits sum to less than 2^52, exact in float64 too."""


@dataclass(frozen=True, kw_only=True)
class AsmParameters:
    """One multiplier, MAC or memory: alphabets, operand formats, rounding, codes, lanes, geometry.

    ``alphabets``: distinct odd integers of 1..15, 1 among them; stored sorted; ``(1,)`` needs no pre-computer.
    ``weight_bits``: 4, 8, 12 or 16; ``sign_inside``: whether they include the sign, so that a magnitude has M =
    ``weight_bits`` - ``sign_inside`` bits. ``input_bits``: of an input magnitude, 2..16. ``input_signed``: inputs are
    sign-magnitude instead of unsigned. ``rounding``: of weights to supported ones, nearest ``word`` or ``quartet`` by
    quartet, the latter with ``quartet_carry`` or without; ``ties``: to the smaller (``down``) or larger value.
    ``encode_weights``, ``encode_inputs``: operands are stored as alphabet codes, see `sim_models.asm.coding`.
    ``lanes``: multipliers, in all ``banks`` together; those of one bank share a pre-computer. ``placement``:
    ``neuron``, ``near_memory`` or ``in_memory``. ``accumulator_bits``: signed; None for the width that
    ``reduction_length`` products need. ``reduction_length``: most products in a sum, 1..2^20. ``unsupported``: what
    hardware makes of an unsupported quartet: an error flag (``refuse``) or anything (``dont_care``); models always
    refuse.
    ``store_triple``: in memory, keep 3X as a second row. ``zero_skip``: in memory, no cycles for a zero code. ``rows``,
    ``columns``: of one bank, in bits.

    Raises ValueError, naming the field, for: unknown choices and numbers out of range; ``quartet_carry`` with ``word``;
    codes for sets other than {1} and {1,3}, or for ``input_bits`` that are no whole quartets; an accumulator narrower
    than the sums; a near-memory bank whose columns do not hold its lanes' weights; in memory, other sets than {1} and
    {1,3}, signed or encoded inputs (its words are zero-extended integers), and an array that holds no word or no input.

    Source: computation sharing and its sets, arXiv 1602.08557; codes and placements follow the idea of arXiv
    2302.01990; formats, ties, codes and geometry are bitline's.
    """

    alphabets: tuple[int, ...] = (1, 3)
    weight_bits: int = 8
    input_bits: int = 8
    sign_inside: bool = False
    rounding: str = "word"
    quartet_carry: bool = False
    ties: str = "down"
    input_signed: bool = False
    encode_weights: bool = False
    encode_inputs: bool = False
    lanes: int = 4
    placement: str = "near_memory"
    accumulator_bits: int | None = None
    reduction_length: int = 256
    unsupported: str = "refuse"
    store_triple: bool = True
    zero_skip: bool = True
    rows: int = 256
    columns: int = 256
    banks: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "alphabets", _sorted_alphabets(self.alphabets))
        self._check_choices()
        self._check_numbers()
        self._check_codes()
        self._check_accumulator()
        if self.placement == "near_memory":
            self._check_near_memory()
        if self.placement == "in_memory":
            self._check_in_memory()

    def _check_choices(self) -> None:
        choices = {"rounding": ROUNDINGS, "ties": TIES, "placement": PLACEMENTS, "unsupported": UNSUPPORTED}
        for name, allowed in choices.items():
            require_choice(name, getattr(self, name), allowed)
        flags = ("sign_inside", "quartet_carry", "input_signed", "encode_weights", "encode_inputs", "store_triple")
        for name in (*flags, "zero_skip"):
            require_instance(name, getattr(self, name), bool)
        if self.quartet_carry and self.rounding != "quartet":
            raise ValueError(f"quartet_carry must be False with rounding {self.rounding!r}, not True")

    def _check_numbers(self) -> None:
        require_integer("weight_bits", self.weight_bits, WEIGHT_BITS[0], WEIGHT_BITS[-1])
        require_choice("weight_bits", self.weight_bits, WEIGHT_BITS)
        require_integer("input_bits", self.input_bits, 2, 16)
        for name in ("lanes", "reduction_length", "rows", "columns", "banks"):
            require_integer(name, getattr(self, name), 1, MAXIMUM_SIZE)

    def _check_codes(self) -> None:
        for name in ("encode_weights", "encode_inputs"):
            if getattr(self, name) and self.alphabets not in CODED_ALPHABETS:
                raise ValueError(
                    f"{name} must be False with alphabets other than (1,) and (1, 3), not {self.alphabets}"
                )
        if self.encode_inputs and self.input_bits % QUARTET_BITS:
            raise ValueError(f"input_bits must be a multiple of 4 with encode_inputs, not {self.input_bits}")

    def _check_accumulator(self) -> None:
        if self.accumulator_bits is not None:
            require_integer("accumulator_bits", self.accumulator_bits, self.needed_accumulator_bits, 64)

    def _check_near_memory(self) -> None:
        needed = self.lanes_in_bank * self.weight_word_bits
        if self.columns < needed:
            raise ValueError(
                f"columns must be at least {needed}, the weights of {self.lanes_in_bank} lanes, not {self.columns}"
            )

    def _check_in_memory(self) -> None:
        if self.alphabets not in CODED_ALPHABETS:
            raise ValueError(f"alphabets must be (1,) or (1, 3) with placement 'in_memory', not {self.alphabets}")
        for name in ("input_signed", "encode_inputs"):
            if getattr(self, name):
                raise ValueError(f"{name} must be False with placement 'in_memory', not True")
        if self.columns < self.accumulator_width:
            raise ValueError(f"columns must be at least {self.accumulator_width}, one word, not {self.columns}")
        needed = self.rows_per_input + self.quartets + 1
        if self.rows < needed:
            raise ValueError(f"rows must be at least {needed}, those of one input and output, not {self.rows}")

    @property
    def magnitude_bits(self) -> int:
        """M, bits of a weight's magnitude."""
        return self.weight_bits - self.sign_inside

    @property
    def quartet_bits(self) -> tuple[int, ...]:
        """Width of each quartet of a weight, least significant first; 4 but for a top quartet of 3."""
        return quartet_widths(self.magnitude_bits)

    @property
    def quartets(self) -> int:
        """J, quartets of a weight."""
        return len(self.quartet_bits)

    @property
    def top_bits(self) -> int:
        """Width of the top quartet of a weight: 3 or 4."""
        return self.quartet_bits[-1]

    @property
    def codes(self) -> int:
        """Codes of a weight: one per quartet."""
        return self.quartets

    @property
    def code_bits(self) -> int:
        """Stored bits of a quartet's code: 3, or 2 for {1} with magnitudes of 3 bits; 4 if not ``encode_weights``."""
        if not self.encode_weights:
            return QUARTET_BITS
        return 2 if self.alphabets == (1,) and self.magnitude_bits == 3 else 3

    @property
    def weight_word_bits(self) -> int:
        """Stored bits of a weight, sign included: 1 + J * code_bits if encoded, else 1 + M."""
        return 1 + (self.codes * self.code_bits if self.encode_weights else self.magnitude_bits)

    @property
    def input_quartets(self) -> int:
        """Quartets of an input magnitude."""
        return len(quartet_widths(self.input_bits))

    @property
    def input_word_bits(self) -> int:
        """Bits of an input word: a sign if ``input_signed``, then the magnitude, or 3 bits a quartet if encoded."""
        return self.input_signed + (3 * self.input_quartets if self.encode_inputs else self.input_bits)

    @property
    def maximum_weight(self) -> int:
        """Largest magnitude of M bits; the largest supported one may be smaller."""
        return (1 << self.magnitude_bits) - 1

    @property
    def maximum_input(self) -> int:
        """Largest magnitude of an input."""
        return (1 << self.input_bits) - 1

    @property
    def product_bits(self) -> int:
        """Bits of a product's magnitude."""
        return self.magnitude_bits + self.input_bits

    @property
    def needed_accumulator_bits(self) -> int:
        """Bits of a signed sum of ``reduction_length`` products: M + input_bits + ceil(log2 K) + 1."""
        return self.product_bits + (self.reduction_length - 1).bit_length() + 1

    @property
    def accumulator_width(self) -> int:
        """Bits of the accumulator: ``accumulator_bits``, or those needed."""
        return self.accumulator_bits or self.needed_accumulator_bits

    @property
    def lanes_in_bank(self) -> int:
        """Near memory: lanes whose weights one bank holds side by side."""
        return -(-self.lanes // self.banks)

    @property
    def lanes_in_row(self) -> int:
        """In memory: accumulator words side by side in one row, each of another output position."""
        return self.columns // self.accumulator_width

    @property
    def keeps_triple(self) -> bool:
        """In memory: whether 3X has a row; never for {1}, which does not read it."""
        return self.store_triple and 3 in self.alphabets

    @property
    def rows_per_input(self) -> int:
        """In memory: rows that an input takes."""
        return 2 if self.keeps_triple else 1

    @property
    def inputs_per_pass(self) -> int:
        """In memory: inputs that fit beside J accumulator rows, of one output in flight, and the zero row."""
        return (self.rows - self.quartets - 1) // self.rows_per_input


def quartet_widths(bits: int) -> tuple[int, ...]:
    """Widths of the quartets of a magnitude of ``bits`` bits, least significant first: 4, and what is left on top."""
    count = -(-bits // QUARTET_BITS)
    return (QUARTET_BITS,) * (count - 1) + (bits - QUARTET_BITS * (count - 1),)


def _sorted_alphabets(alphabets: object) -> tuple[int, ...]:
    if not isinstance(alphabets, tuple | list) or not alphabets:
        raise ValueError(f"alphabets must be odd integers of 1..15, at least one, not {alphabets!r}")
    for alphabet in alphabets:
        require_integer("each of alphabets", alphabet, 1, 15)
        if not alphabet % 2:
            raise ValueError(f"alphabets must be odd, not {alphabet}")
    if len(set(alphabets)) != len(alphabets):
        raise ValueError(f"alphabets must be distinct, not {tuple(alphabets)}")
    if 1 not in alphabets:
        raise ValueError(f"alphabets must contain 1, not be {tuple(alphabets)}")
    return tuple(sorted(alphabets))
