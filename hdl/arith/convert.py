"""Conversions between integers and floating point."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib.wiring import In, Out

from hdl.arith.pack import FloatRound, FloatUnpack
from hdl.arith.shift import Normalise, ShiftRightJam
from hdl.block import Block
from sim_models.arith import FloatFormat
from sim_models.arith.checking import require_instance, require_integer


class UnsignedToFloat(Block):
    """``result`` is the float nearest to the integer ``value``, ties to even; exact while the significand holds it.

    Ports: ``value`` (unsigned, ``width`` bits), ``result`` (a ``format`` word; infinity above its range).
    Combinational. Raises ValueError unless ``width`` is 1..64 and ``format`` a ``FloatFormat``.
    """

    def __init__(self, *, width: int, format: FloatFormat) -> None:
        require_integer("width", width, 1, 64)
        require_instance("format", format, FloatFormat)
        self.width = width
        self.format = format
        super().__init__({"value": In(width), "result": Out(format.width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fmt = self.format
        exponent = fmt.bias + self.width - 2
        shape = unsigned(max(exponent.bit_length(), fmt.exponent_bits))
        m.submodules.round = rounding = FloatRound(format=fmt, exponent_shape=shape)
        kept = min(self.width, fmt.significand_bits + 1)
        m.submodules.normalise = normalise = Normalise(width=self.width, keep=kept, most=self.width - 1)
        padded = Cat(Const(0, fmt.significand_bits + 1 - kept), normalise.result)
        m.d.comb += [
            normalise.value.eq(self.value),
            rounding.exponent.eq(exponent - normalise.moved),
            Cat(rounding.half, rounding.significand).eq(padded),
            rounding.rest.eq(normalise.rest),
            self.result.eq(rounding.result),
        ]
        return m


class SignedToFloat(Block):
    """``result`` is the float nearest to the integer ``value``, ties to even; 0 gives +0.

    Ports: ``value`` (two's complement, ``width`` bits), ``result`` (a ``format`` word; infinity beyond its range).
    Combinational. Raises ValueError unless ``width`` is 2..64 and ``format`` a ``FloatFormat``.
    """

    def __init__(self, *, width: int, format: FloatFormat) -> None:
        require_integer("width", width, 2, 64)
        require_instance("format", format, FloatFormat)
        self.width = width
        self.format = format
        super().__init__({"value": In(signed(width)), "result": Out(format.width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.magnitude = magnitude = UnsignedToFloat(width=self.width, format=self.format)
        sign = self.value[-1]
        m.d.comb += magnitude.value.eq((self.value ^ sign.replicate(self.width)) + sign)
        m.d.comb += self.result.eq(Cat(magnitude.result[:-1], sign))
        return m


class FloatToSigned(Block):
    """``result`` is the integer nearest to ``value``, ties to even, clamped; NaN gives 0 and raises ``invalid``.

    Ports: ``value`` (a ``format`` word), ``result`` (two's complement, ``width`` bits), ``invalid``. Infinities clamp.
    Combinational. Raises ValueError unless ``width`` is 2..32 and ``format`` a ``FloatFormat``.
    """

    def __init__(self, *, format: FloatFormat, width: int) -> None:
        require_instance("format", format, FloatFormat)
        require_integer("width", width, 2, 32)
        self.format = format
        self.width = width
        super().__init__({"value": In(format.width), "result": Out(signed(width)), "invalid": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fmt, width = self.format, self.width
        m.submodules.unpack = x = FloatUnpack(format=fmt)
        m.d.comb += x.word.eq(self.value)
        # Aligned for the largest exponent that is not clamped anyway: the integer part has width - 1 bits.
        top = fmt.bias + width - 2
        distance = Signal(signed(max(top.bit_length(), fmt.exponent_bits) + 1))
        huge = Signal()
        m.d.comb += [distance.eq(top - x.exponent), huge.eq(distance[-1] | x.infinite)]
        padded = Cat(Const(0, max(0, width - fmt.significand_bits)), x.significand)
        kept, tail = padded[-width:], padded[:-width]
        m.submodules.align = align = ShiftRightJam(width=width, amount_width=len(distance) - 1)
        m.d.comb += [align.value.eq(kept), align.amount.eq(distance[:-1])]
        whole = align.result[1:]
        up = align.result[0] & (whole[0] | align.lost | tail.any())
        # -(k + up) is ~k + !up: rounding and negation share one increment.
        rounded = Signal(width)
        m.d.comb += rounded.eq(Cat(whole ^ x.sign.replicate(width - 1), x.sign) + (x.sign ^ up))
        clamp = huge | (rounded[-1] & ~x.sign)
        limit = Cat((~x.sign).replicate(width - 1), x.sign)
        m.d.comb += [
            self.result.eq(Mux(x.nan, 0, Mux(clamp, limit, rounded))),
            self.invalid.eq(x.nan),
        ]
        return m
