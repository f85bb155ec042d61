"""Number formats: fixed point and IEEE-style floating point."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, integers, require_instance, require_integer

MAXIMUM_FIXED_WIDTH = 53  # every word is exact as a float64


@dataclass(frozen=True, kw_only=True)
class Format:
    """Fixed-point format: a word stands for ``word / 2^fraction_bits``.

    ``signed`` words are two's complement and count their sign among ``integer_bits``: signed (7, 1) is 8 bits wide and
    runs from -64 to +63.5; unsigned (1, 7) is 8 bits wide and runs from 0 to 255/128.

    Raises ValueError unless the width (``integer_bits + fraction_bits``) is between 1 and 53.
    """

    signed: bool
    integer_bits: int
    fraction_bits: int

    def __post_init__(self) -> None:
        require_instance("signed", self.signed, bool)
        require_integer("integer_bits", self.integer_bits, 0, MAXIMUM_FIXED_WIDTH)
        require_integer("fraction_bits", self.fraction_bits, 0, MAXIMUM_FIXED_WIDTH)
        require_integer("integer_bits + fraction_bits", self.width, 1, MAXIMUM_FIXED_WIDTH)

    @property
    def width(self) -> int:
        """Bits of a word, sign included."""
        return self.integer_bits + self.fraction_bits

    @property
    def minimum(self) -> int:
        """Smallest word."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        """Largest word."""
        return (1 << (self.width - self.signed)) - 1

    def quantize(self, real: ArrayLike) -> IntArray:
        """Nearest words of real numbers, ties to even, clamped to the range. Raises ValueError for NaN and infinity."""
        values = np.asarray(real, dtype=np.float64)
        if not np.isfinite(values).all():
            raise ValueError("real must be finite numbers, not NaN or infinity")
        # Clamped first: the product could overflow, and a clamp to whole words commutes with rounding to whole words.
        step = 2.0**-self.fraction_bits
        limited = np.clip(values, self.minimum * step, self.maximum * step)
        return np.rint(limited / step).astype(np.int64)

    def to_real(self, words: ArrayLike) -> NDArray[np.float64]:
        """Real numbers of ``words``, exact. Raises ValueError for words outside the range."""
        checked = integers("words", words, self.minimum, self.maximum)
        return checked.astype(np.float64) * 2.0**-self.fraction_bits


@dataclass(frozen=True, kw_only=True)
class FloatFormat:
    """IEEE-754-style binary format: a word is {sign, exponent, fraction}, the significand's leading one hidden.

    ``value = (-1)^sign * 2^(exponent - bias) * (1 + fraction / 2^fraction_bits)``; an exponent field of 0 means
    subnormals, ``2^(1 - bias) * fraction / 2^fraction_bits``, and all ones means infinity (fraction 0) or NaN.

    Raises ValueError unless ``exponent_bits`` is 2..8 and ``fraction_bits`` 1..23.
    """

    exponent_bits: int
    fraction_bits: int

    def __post_init__(self) -> None:
        require_integer("exponent_bits", self.exponent_bits, 2, 8)
        require_integer("fraction_bits", self.fraction_bits, 1, 23)

    @property
    def width(self) -> int:
        """Bits of a word."""
        return 1 + self.exponent_bits + self.fraction_bits

    @property
    def significand_bits(self) -> int:
        """Bits of a significand, hidden one included."""
        return self.fraction_bits + 1

    @property
    def bias(self) -> int:
        """Exponent field of the value 1."""
        return (1 << (self.exponent_bits - 1)) - 1

    @property
    def maximum_exponent_field(self) -> int:
        """Exponent field of infinity and NaN: all ones."""
        return (1 << self.exponent_bits) - 1

    @property
    def sign_mask(self) -> int:
        """Word of -0."""
        return 1 << (self.width - 1)

    @property
    def infinity(self) -> int:
        """Word of +infinity."""
        return self.maximum_exponent_field << self.fraction_bits

    @property
    def nan(self) -> int:
        """Word of the canonical NaN: quiet, positive, empty payload. Every NaN result is this one."""
        return self.infinity | 1 << (self.fraction_bits - 1)


FP16 = FloatFormat(exponent_bits=5, fraction_bits=10)
BF16 = FloatFormat(exponent_bits=8, fraction_bits=7)
FP32 = FloatFormat(exponent_bits=8, fraction_bits=23)
