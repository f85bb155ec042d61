"""Floating-point fused multiply-add."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib.wiring import In, Out

from hdl.arith.pack import FloatRound, FloatUnpack
from hdl.arith.shift import Normalise, ShiftRightJam
from hdl.block import Block
from sim_models.arith import FloatFormat
from sim_models.arith.checking import require_instance


class FloatFused(Block):
    """``result = a * b + c``, rounded once to nearest, ties to even.

    Ports: ``a``, ``b``, ``c``, ``result`` (``format`` words). NaN results are the canonical NaN; an exact zero sum
    is +0 unless product and addend are both -0. With ``flush_to_zero`` a subnormal operand counts as zero of its sign;
    the result is rounded with an unbounded exponent and becomes zero of its sign if it is then smaller than the
    smallest normal number; the product itself is never flushed. Combinational.

    Product and addend are placed with their top bits together and the one of smaller exponent moves right. The window
    of twice the significand and two bits loses nothing that a cancellation could bring to the front, even when a
    subnormal operand leaves leading zeros in the product.

    Raises ValueError for a ``format`` that is no ``FloatFormat`` and a ``flush_to_zero`` that is no bool.
    """

    def __init__(self, *, format: FloatFormat, flush_to_zero: bool = False) -> None:
        require_instance("format", format, FloatFormat)
        require_instance("flush_to_zero", flush_to_zero, bool)
        self.format = format
        self.flush_to_zero = flush_to_zero
        ports = {name: In(format.width) for name in "abc"}
        super().__init__({**ports, "result": Out(format.width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fmt, flush = self.format, self.flush_to_zero
        a, b, c = (FloatUnpack(format=fmt, flush_to_zero=flush) for _ in range(3))
        m.submodules.unpack_a, m.submodules.unpack_b, m.submodules.unpack_c = a, b, c
        # Unlimited normalising moves as far as the window is wide, below any exponent.
        lowest = signed(max(fmt.exponent_bits, (2 * fmt.significand_bits + 3).bit_length()) + 2)
        shape = lowest if flush else unsigned(fmt.exponent_bits + 1)
        m.submodules.round = rounding = FloatRound(format=fmt, exponent_shape=shape, flush_to_zero=flush)
        product_sign, product_infinite = a.sign ^ b.sign, a.infinite | b.infinite
        subtract = Signal()
        invalid = (a.infinite & b.zero) | (b.infinite & a.zero) | (product_infinite & c.infinite & subtract)
        m.d.comb += [
            a.word.eq(self.a),
            b.word.eq(self.b),
            c.word.eq(self.c),
            subtract.eq(product_sign ^ c.sign),
            rounding.infinite.eq(product_infinite | c.infinite),
            rounding.nan.eq(a.nan | b.nan | c.nan | invalid),
            self.result.eq(rounding.result),
        ]
        swap, exponent, difference, lost = self._add(m, a, b, c, subtract)
        zero = self._normalise(m, difference, lost, exponent, rounding)
        sign = Mux(zero & subtract, 0, Mux(swap, c.sign, product_sign) ^ difference[-1])
        m.d.comb += rounding.sign.eq(Mux(product_infinite, product_sign, Mux(c.infinite, c.sign, sign)))
        return m

    def _add(
        self, m: Module, a: FloatUnpack, b: FloatUnpack, c: FloatUnpack, subtract: Signal
    ) -> tuple[Signal, Signal, Signal, Value]:
        """Add or subtract the term of smaller exponent.

        Returns whether that is the product, the exponent field of the window's top bit, the sum (two's complement, a
        carry bit above the window) and whether bits below the window were lost.
        """
        fmt = self.format
        product = Signal(2 * fmt.significand_bits)
        product_exponent = Signal(signed(fmt.exponent_bits + 2))
        ahead = Signal(signed(fmt.exponent_bits + 3))
        swap = Signal()
        larger, smaller = Signal(len(product)), Signal(len(product))
        exponent = Signal(fmt.exponent_bits + 1)
        m.submodules.align = align = ShiftRightJam(width=len(product) + 2, amount_width=fmt.exponent_bits + 2)
        addend = Cat(Const(0, fmt.significand_bits), c.significand)
        m.d.comb += [
            product.eq(a.significand * b.significand),
            product_exponent.eq(a.exponent + b.exponent - (fmt.bias - 1)),
            ahead.eq(product_exponent - c.exponent),
            # A zero product must not push the addend out of the window.
            swap.eq(ahead[-1] | a.zero | b.zero),
            larger.eq(Mux(swap, addend, product)),
            smaller.eq(Mux(swap, product, addend)),
            exponent.eq(Mux(swap, c.exponent, product_exponent)),
            align.value.eq(Cat(Const(0, 2), smaller)),
            align.amount.eq((ahead[:-1] ^ ahead[-1].replicate(len(ahead) - 1)) + ahead[-1]),
        ]
        width = len(align.value)
        inverted = Cat(align.result ^ subtract.replicate(width), subtract, subtract)
        difference = Signal(width + 2)
        m.d.comb += difference.eq(Cat(Const(0, 2), larger) + inverted + (subtract & ~align.lost))
        return swap, exponent, difference, align.lost

    def _normalise(self, m: Module, difference: Signal, lost: Value, exponent: Signal, rounding: FloatRound) -> Value:
        """Bring the leading bit of the two's complement sum to the top; returns whether the sum is exactly zero.

        A negative sum is not negated but rounded as it is and complemented, increment included: rounding to nearest
        even is symmetric. A negative power of two comes out as all ones below the top, and the increment carries.
        """
        bits = self.format.significand_bits
        negative = difference[-1]
        m.submodules.normalise = normalise = Normalise(
            width=len(difference),
            keep=bits + 1,
            most=len(difference) - 1,
            limit_width=0 if self.flush_to_zero else len(exponent),
        )
        half, rest = normalise.result[0], normalise.rest
        m.d.comb += [
            normalise.value.eq(Cat(lost, difference[:-1])),
            normalise.sign.eq(negative),
            rounding.exponent.eq(exponent - normalise.moved),
            rounding.significand.eq(normalise.result[1:] ^ negative.replicate(bits)),
            rounding.half.eq(Mux(negative, ~(half & rest), half)),
            rounding.rest.eq(Mux(negative, ~half, rest)),
        ]
        if not self.flush_to_zero:
            m.d.comb += normalise.limit.eq(exponent)
        return ~normalise.result.any() & ~rest & ~negative
