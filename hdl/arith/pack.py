"""Between words and numbers: the decoding and the rounding that every floating-point operation shares."""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith import FloatFormat


class FloatUnpack(Block):
    """Split a word, ``(-1)^sign * significand * 2^(exponent - bias - fraction_bits)``, into its parts.

    Ports: ``word`` (a ``format`` word); ``sign``; ``exponent`` (unsigned: the field, but 1 for a subnormal);
    ``significand`` (unsigned, the hidden one made explicit; 0 for zero, and with ``flush_to_zero`` for a subnormal);
    ``zero`` (``significand`` is 0), ``infinite``, ``nan``. Combinational.
    """

    def __init__(self, *, format: FloatFormat, flush_to_zero: bool = False) -> None:
        self.format = format
        self.flush_to_zero = flush_to_zero
        super().__init__(
            {
                "word": In(format.width),
                "sign": Out(1),
                "exponent": Out(format.exponent_bits),
                "significand": Out(format.significand_bits),
                "zero": Out(1),
                "infinite": Out(1),
                "nan": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        split = self.format.fraction_bits
        fraction, field = self.word[:split], self.word[split:-1]
        normal, special, whole = field.any(), field.all(), ~fraction.any()
        kept = fraction & normal.replicate(split) if self.flush_to_zero else fraction
        m.d.comb += [
            self.sign.eq(self.word[-1]),
            self.exponent.eq(Cat(field[0] | ~normal, field[1:])),
            self.significand.eq(Cat(kept, normal)),
            self.zero.eq(~normal if self.flush_to_zero else ~normal & whole),
            self.infinite.eq(special & whole),
            self.nan.eq(special & ~whole),
        ]
        return m


class FloatRound(Block):
    """Round a significand to nearest, ties to even, and pack it into a word; overflow gives infinity.

    Ports: ``sign``; ``significand`` (unsigned, its top bit the leading one; without it the number is subnormal or
    zero); ``half`` (the bit below), ``rest`` (1 if any bit below that is one); ``exponent`` (the exponent field minus
    1, ``exponent_shape``; it does not matter where ``significand`` has no leading one); ``infinite``, ``nan`` (override
    the number); ``result`` (a ``format`` word). Combinational.

    With ``flush_to_zero`` a significand without leading one gives zero, and so does an exponent field below 1 after
    rounding; the exponent may be signed.
    """

    def __init__(self, *, format: FloatFormat, exponent_shape: Shape, flush_to_zero: bool = False) -> None:
        self.format = format
        self.flush_to_zero = flush_to_zero
        super().__init__(
            {
                "sign": In(1),
                "exponent": In(exponent_shape),
                "significand": In(format.significand_bits),
                "half": In(1),
                "rest": In(1),
                "infinite": In(1),
                "nan": In(1),
                "result": Out(format.width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        split, exponent_bits = self.format.fraction_bits, self.format.exponent_bits
        hidden = self.significand[-1]
        up = self.half & (self.rest | self.significand[0])
        signed = self.exponent.shape().signed
        number = Cat(self.significand[:-1], self.exponent.as_unsigned() & hidden.replicate(len(self.exponent)))
        # The hidden one, or a carry out of the fraction, adds itself to the exponent field.
        rounded = Signal(Shape(len(number) + 1, signed))
        m.d.comb += rounded.eq((number.as_signed() if signed else number) + Cat(up, Const(0, split - 1), hidden))
        fraction, field = rounded[:split], rounded[split:]
        below = field[-1] if signed else Const(0)
        overflow = (field[exponent_bits:].any() | field[:exponent_bits].all()) & ~below
        beyond, vanished = Signal(), Signal()
        m.d.comb += beyond.eq(self.infinite | self.nan | overflow)
        if self.flush_to_zero:
            m.d.comb += vanished.eq(~hidden | below | ~field.any())
        m.d.comb += self.result.eq(
            Cat(
                Mux(beyond | vanished, 0, fraction) | Cat(Const(0, split - 1), self.nan),
                Mux(vanished, 0, field[:exponent_bits]) | beyond.replicate(exponent_bits),
                self.sign & ~self.nan,
            )
        )
        return m
