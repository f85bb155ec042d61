"""Floating-point multiplier."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib.wiring import In, Out

from hdl.arith.integer_multiply import multiply
from hdl.arith.pack import FloatRound, FloatUnpack
from hdl.arith.shift import Normalise
from hdl.block import Block
from sim_models.arith import FloatFormat
from sim_models.arith.checking import require_instance
from sim_models.arith.integers import require_structure


class FloatMultiply(Block):
    """``result = a * b``, rounded once to nearest, ties to even.

    Ports: ``a``, ``b``, ``result`` (``format`` words). NaN results are the canonical NaN. With ``flush_to_zero`` a
    subnormal operand counts as zero of its sign; the result is rounded with an unbounded exponent and becomes zero of
    its sign if it is then smaller than the smallest normal number. ``structure`` is that of the multiplier of the
    significands, as `sim_models.arith.MultiplyParameters` has it. Combinational.

    Raises ValueError for a ``format`` that is no ``FloatFormat``, a ``flush_to_zero`` that is no bool and an unknown
    ``structure``.
    """

    def __init__(self, *, format: FloatFormat, flush_to_zero: bool = False, structure: str = "operator") -> None:
        require_instance("format", format, FloatFormat)
        require_instance("flush_to_zero", flush_to_zero, bool)
        require_structure("structure", structure)
        self.structure = structure
        self.format = format
        self.flush_to_zero = flush_to_zero
        super().__init__({"a": In(format.width), "b": In(format.width), "result": Out(format.width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fmt, flush = self.format, self.flush_to_zero
        m.submodules.unpack_a = a = FloatUnpack(format=fmt, flush_to_zero=flush)
        m.submodules.unpack_b = b = FloatUnpack(format=fmt, flush_to_zero=flush)
        shape = signed(fmt.exponent_bits + 2) if flush else unsigned(fmt.exponent_bits + 1)
        m.submodules.round = rounding = FloatRound(format=fmt, exponent_shape=shape, flush_to_zero=flush)
        product = Signal(2 * fmt.significand_bits)
        m.d.comb += [
            a.word.eq(self.a),
            b.word.eq(self.b),
            product.eq(multiply(m, a.significand, b.significand, self.structure)),
            rounding.sign.eq(a.sign ^ b.sign),
            rounding.infinite.eq(a.infinite | b.infinite),
            rounding.nan.eq(a.nan | b.nan | (a.infinite & b.zero) | (b.infinite & a.zero)),
            self.result.eq(rounding.result),
        ]
        align = self._align_normal if flush else self._align
        align(m, product, self._exponent(m, a, b), rounding)
        return m

    def _exponent(self, m: Module, a: FloatUnpack, b: FloatUnpack) -> Signal:
        """The exponent field minus 1 of a product whose top bit is its leading one: ``a + b - bias``."""
        split = self.format.exponent_bits - 1
        exponent = Signal(signed(split + 3))
        # a - ~b is a + b + 1 - 2^exponent_bits in one adder; what is missing is a power of two.
        total = a.exponent - ~b.exponent
        m.d.comb += exponent.eq(Cat(total[:split], total[split:].as_signed() + 1).as_signed())
        return exponent

    def _align_normal(self, m: Module, product: Signal, exponent: Signal, rounding: FloatRound) -> None:
        """A product of normal numbers is short of its top bit by at most one place."""
        keep = self.format.significand_bits + 1
        top = product[-1]
        aligned = Mux(top, product, product << 1)[: len(product)]
        m.d.comb += [
            rounding.exponent.eq(exponent - ~top),
            Cat(rounding.half, rounding.significand).eq(aligned[-keep:]),
            rounding.rest.eq(aligned[:-keep].any()),
        ]

    def _align(self, m: Module, product: Signal, exponent: Signal, rounding: FloatRound) -> None:
        """One shifter for both directions: a negative exponent starts ``step`` places low and moves up by the rest.

        Otherwise the product moves up to its leading one, but not beyond the smallest exponent.
        """
        keep = self.format.significand_bits + 1
        stages = min(keep.bit_length(), self.format.exponent_bits)
        step = 1 << stages
        below = exponent[-1]
        width = keep + step - 1
        low, high = _top(Cat(product, Const(0, step)), width), _top(product, width)
        m.submodules.normalise = normalise = Normalise(
            width=width, keep=keep, most=step - 1, limit_width=len(exponent) - 1
        )
        far: Value = Const(0)
        if self.format.bias - 2 > step:
            far = below & ~exponent[stages:].all()
        cut = Cat(product, Const(0, step))[:-width]
        m.d.comb += [
            normalise.value.eq(Mux(below, low, high)),
            normalise.limit.eq(Cat(exponent[:stages], Mux(below, 0, exponent[stages:-1]))),
            rounding.exponent.eq(exponent - normalise.moved),
            Cat(rounding.half, rounding.significand).eq(normalise.result & (~far).replicate(keep)),
            rounding.rest.eq(normalise.rest | (cut.any() & below) | far),
        ]


def _top(value: Value, width: int) -> Value:
    """The top ``width`` bits, with zeros below where there are fewer."""
    return Cat(Const(0, max(0, width - len(value))), value)[-width:]
