"""Floating-point adder."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib.wiring import In, Out

from hdl.arith.pack import FloatRound, FloatUnpack
from hdl.arith.shift import Normalise, ShiftRightJam
from hdl.block import Block
from sim_models.arith import FloatFormat
from sim_models.arith.checking import require_instance


class FloatAdd(Block):
    """``result = a + b``, rounded once to nearest, ties to even.

    Ports: ``a``, ``b``, ``result`` (``format`` words). NaN results are the canonical NaN; an exact zero sum is +0
    unless both addends are -0. With ``flush_to_zero`` a subnormal operand counts as zero of its sign and a subnormal
    result becomes zero of its sign. Combinational.

    Raises ValueError for a ``format`` that is no ``FloatFormat`` and a ``flush_to_zero`` that is no bool.
    """

    def __init__(self, *, format: FloatFormat, flush_to_zero: bool = False) -> None:
        require_instance("format", format, FloatFormat)
        require_instance("flush_to_zero", flush_to_zero, bool)
        self.format = format
        self.flush_to_zero = flush_to_zero
        super().__init__({"a": In(format.width), "b": In(format.width), "result": Out(format.width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fmt, flush = self.format, self.flush_to_zero
        m.submodules.unpack_a = a = FloatUnpack(format=fmt, flush_to_zero=flush)
        m.submodules.unpack_b = b = FloatUnpack(format=fmt, flush_to_zero=flush)
        shape = unsigned(fmt.exponent_bits)
        m.submodules.round = rounding = FloatRound(format=fmt, exponent_shape=shape, flush_to_zero=flush)
        swap = self._second_is_larger(m, a, b)
        subtract = a.sign ^ b.sign
        m.d.comb += [
            a.word.eq(self.a),
            b.word.eq(self.b),
            rounding.sign.eq(Mux(swap, b.sign, a.sign)),
            rounding.infinite.eq(a.infinite | b.infinite),
            rounding.nan.eq(a.nan | b.nan | (a.infinite & b.infinite & subtract)),
            self.result.eq(rounding.result),
        ]
        exponent = Signal(fmt.exponent_bits)
        m.d.comb += exponent.eq(Mux(swap, b.exponent, a.exponent))
        total = self._add(m, a, b, swap, exponent, subtract)
        self._normalise(m, total, exponent, rounding)
        return m

    def _second_is_larger(self, m: Module, a: FloatUnpack, b: FloatUnpack) -> Signal:
        """Whether ``|b| > |a|``. Of two equal magnitudes a positive one counts as larger: their zero sum is +0."""
        fields = slice(self.format.fraction_bits, self.format.width - 1)
        magnitude_a = Cat(a.significand[:-1], self.a[fields])
        magnitude_b = Cat(b.significand[:-1], self.b[fields])
        compare = Signal(self.format.width)
        swap = Signal()
        m.d.comb += [compare.eq(magnitude_a + ~magnitude_b + ~a.sign), swap.eq(~compare[-1])]
        return swap

    def _add(self, m: Module, a: FloatUnpack, b: FloatUnpack, swap: Signal, exponent: Signal, subtract: Value) -> Value:
        """Sum of magnitudes: a carry bit, the significand, two bits below it and a bit for whatever lies lower."""
        bits = self.format.significand_bits
        m.submodules.align = align = ShiftRightJam(width=bits + 2, amount_width=self.format.exponent_bits)
        larger, smaller = Signal(bits), Signal(bits)
        m.d.comb += [
            larger.eq(Mux(swap, b.significand, a.significand)),
            smaller.eq(Mux(swap, a.significand, b.significand)),
            align.value.eq(Cat(Const(0, 2), smaller)),
            align.amount.eq(exponent - Mux(swap, a.exponent, b.exponent)),
        ]
        addend = Cat(align.result ^ subtract.replicate(bits + 2), subtract)
        total = Signal(bits + 3)
        # Two's complement of the shifted addend carries into its last bit only if nothing was lost below.
        m.d.comb += total.eq(Cat(Const(0, 2), larger) + addend + (subtract & ~align.lost))
        return Cat(align.lost, total)

    def _normalise(self, m: Module, total: Value, exponent: Signal, rounding: FloatRound) -> None:
        keep = self.format.significand_bits + 1
        m.submodules.normalise = normalise = Normalise(
            width=len(total), keep=keep, most=keep, limit_width=len(exponent)
        )
        m.d.comb += [
            normalise.value.eq(total),
            normalise.limit.eq(exponent),
            rounding.exponent.eq(exponent - normalise.moved),
            Cat(rounding.half, rounding.significand).eq(normalise.result),
            rounding.rest.eq(normalise.rest),
        ]
