"""Exact integer products and sums of products: parameters and golden models of the conventional arithmetic."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import integers, require_integer

FORMATS = ("signed", "unsigned", "sign_magnitude")
STRUCTURES = ("operator", "array", "booth")
MAXIMUM_OPERAND_WIDTH = 64
MAXIMUM_ACCUMULATOR_WIDTH = 160
# Beyond this, numbers are Python integers: a product or a bias of one more bit would not fit an int64.
_NARROW = 62

Integers = NDArray[np.int64] | NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class IntegerFormat:
    """How a word of ``width`` bits stands for an integer.

    ``signed``: two's complement; the word is the number itself, negative or not. ``unsigned``: the number itself.
    ``sign_magnitude``: the top bit is the sign, the others the magnitude; the word is what the bits read unsigned.

    Raises ValueError for another ``kind``, and for a width outside 1..160 (2..160 with a sign and a magnitude).
    """

    kind: str
    width: int

    def __post_init__(self) -> None:
        _require_format("kind", self.kind)
        require_integer("width", self.width, 1 + (self.kind == "sign_magnitude"), MAXIMUM_ACCUMULATOR_WIDTH)

    @property
    def signed(self) -> bool:
        """Whether words are two's complement."""
        return self.kind == "signed"

    @property
    def integer_bits(self) -> int:
        """Bits above the binary point: all of them."""
        return self.width

    @property
    def fraction_bits(self) -> int:
        """Bits below the binary point: none."""
        return 0

    @property
    def magnitude_bits(self) -> int:
        """Bits without the sign of sign and magnitude; all bits of the other formats."""
        return self.width - (self.kind == "sign_magnitude")

    @property
    def minimum(self) -> int:
        """Smallest word."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        """Largest word."""
        return (1 << (self.width - self.signed)) - 1

    def numbers(self, words: Integers) -> Integers:
        """The numbers that ``words``, which `checked` returned, stand for."""
        if self.kind != "sign_magnitude":
            return words
        magnitude = words & ((1 << self.magnitude_bits) - 1)
        return np.where(words >> self.magnitude_bits != 0, -magnitude, magnitude)

    def checked(self, name: str, words: ArrayLike) -> Integers:
        """``words`` as int64, or as Python integers beyond 62 bits; ValueError unless all are in the format."""
        if self.width <= _NARROW:
            return integers(name, words, self.minimum, self.maximum)
        array = np.array(words, dtype=object)
        for word in array.flat:
            if not isinstance(word, int | np.integer) or isinstance(word, bool):
                raise ValueError(f"{name} must be integers, not {word!r}")
            require_integer(name, int(word), self.minimum, self.maximum)
        return array

    def wrap(self, values: Integers) -> Integers:
        """Two's complement or unsigned words of ``values`` modulo 2^width."""
        bias = 1 << (self.width - 1) if self.signed else 0
        return (values + bias & ((1 << self.width) - 1)) - bias


@dataclass(frozen=True, kw_only=True)
class MultiplyParameters:
    """Operand formats and widths (sign included) of an exact integer multiplier, and how it is built.

    Formats are ``signed`` (two's complement), ``unsigned`` or ``sign_magnitude``; two's complement does not mix with
    sign and magnitude. ``structure`` does not change results: ``operator`` leaves the multiplier to synthesis,
    ``array`` adds one row for each bit of ``b``, ``booth`` one for every two bits.

    Raises ValueError for unknown formats or structures, and for widths outside 1..64 (2..64 with sign and magnitude).
    """

    a_format: str = "signed"
    b_format: str = "signed"
    a_width: int = 8
    b_width: int = 8
    structure: str = "operator"

    def __post_init__(self) -> None:
        for operand in ("a", "b"):
            kind = getattr(self, f"{operand}_format")
            _require_format(f"{operand}_format", kind)
            least = 1 + (kind == "sign_magnitude")
            require_integer(f"{operand}_width", getattr(self, f"{operand}_width"), least, MAXIMUM_OPERAND_WIDTH)
        if {self.a_format, self.b_format} == {"signed", "sign_magnitude"}:
            raise ValueError("b_format must not be sign_magnitude where a_format is signed, nor the other way round")
        require_structure("structure", self.structure)

    @property
    def a(self) -> IntegerFormat:
        """Format of the operand ``a``."""
        return IntegerFormat(kind=self.a_format, width=self.a_width)

    @property
    def b(self) -> IntegerFormat:
        """Format of the operand ``b``."""
        return IntegerFormat(kind=self.b_format, width=self.b_width)

    @property
    def product(self) -> IntegerFormat:
        """Format of the product: wide enough for every one; two's complement or sign and magnitude if an operand is."""
        kinds = {self.a_format, self.b_format}
        kind = next(kind for kind in ("signed", "sign_magnitude", "unsigned") if kind in kinds)
        width = self.a.magnitude_bits + self.b.magnitude_bits
        return IntegerFormat(kind=kind, width=width + (kind == "sign_magnitude"))


@dataclass(frozen=True, kw_only=True)
class MultiplyAccumulateParameters(MultiplyParameters):
    """A multiplier as `MultiplyParameters` have it, and an accumulator of ``accumulator_width`` bits.

    The accumulator is unsigned if both operands are, else two's complement. Raises ValueError also for an accumulator
    narrower than a product or wider than 160 bits.
    """

    accumulator_width: int = 24

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer("accumulator_width", self.accumulator_width, self.product.width, MAXIMUM_ACCUMULATOR_WIDTH)

    @property
    def accumulator(self) -> IntegerFormat:
        """Format of the accumulator."""
        kind = "unsigned" if self.product.kind == "unsigned" else "signed"
        return IntegerFormat(kind=kind, width=self.accumulator_width)


def integer_multiply(a: ArrayLike, b: ArrayLike, parameters: MultiplyParameters) -> Integers:
    """Products of the words ``a`` and ``b``, which broadcast, as words of ``parameters.product``.

    A product of sign and magnitude has the exclusive or of the operands' signs, also if it is zero. int64, or Python
    integers where the product is wider than 62 bits. Raises ValueError for words outside their format.
    """
    p = parameters
    words = _operands(p, a, b)
    products = _numbers(p, words)
    if p.product.kind != "sign_magnitude":
        return products
    signs = [
        word >> form.magnitude_bits if form.kind == "sign_magnitude" else word & 0
        for word, form in zip(words, (p.a, p.b), strict=True)
    ]
    return np.abs(products) | (signs[0] ^ signs[1]) << p.product.magnitude_bits


def multiply_accumulate(
    a: ArrayLike, b: ArrayLike, first: ArrayLike, enable: ArrayLike, parameters: MultiplyAccumulateParameters
) -> Integers:
    """The accumulator after each cycle, the last axis: ``a * b`` added where ``enable`` is 1, modulo 2^width.

    Where ``first`` is 1 too, a new sum starts with this product. The arguments broadcast; the first cycle must start
    a sum. int64, or Python integers beyond 62 bits. Raises ValueError for words outside their format.
    """
    p = parameters
    flags = [integers(name, value, 0, 1) for name, value in (("first", first), ("enable", enable))]
    products, starts, enabled = np.broadcast_arrays(
        np.atleast_1d(_numbers(p, _operands(p, a, b))), flags[0] & flags[1], flags[1]
    )
    if products.shape[-1] and not starts[..., 0].all():
        raise ValueError("first and enable must be 1 in the first cycle")
    if p.accumulator_width > _NARROW:
        products = products.astype(object)
    added = products * enabled
    running = np.cumsum(added, axis=-1)
    # What had been summed up before the latest start.
    latest = np.maximum.accumulate(np.where(starts == 1, np.arange(starts.shape[-1]), 0), axis=-1)
    before = np.take_along_axis(running - added, latest, axis=-1)
    return p.accumulator.wrap(running - before)


def _operands(p: MultiplyParameters, a: ArrayLike, b: ArrayLike) -> tuple[Integers, Integers]:
    words = p.a.checked("a", a), p.b.checked("b", b)
    return (words[0].astype(object), words[1].astype(object)) if p.product.width > _NARROW else words


def _numbers(p: MultiplyParameters, words: tuple[Integers, Integers]) -> Integers:
    return p.a.numbers(words[0]) * p.b.numbers(words[1])


def require_structure(name: str, value: object) -> None:
    """Raise ValueError unless ``value`` is one of ``STRUCTURES``."""
    _require_choice(name, value, STRUCTURES)


def _require_format(name: str, value: object) -> None:
    _require_choice(name, value, FORMATS)


def _require_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
