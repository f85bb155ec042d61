"""What a float needs beside the array: sign, exponent, normalising, rounding, range check."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.layouts import side_bits
from sim_models.arith.checking import require_instance
from sim_models.daism import DaismParameters


class FloatLane(Block):
    """The product word of one lane, of what the array returned and of the exponents. ::

        E = stored exponent + driver exponent - bias + c          c: the top bit of significand
        m = the leading bits of significand, from its leading one on, cut or rounded to nearest even

    ================  ================  ============================================================================
    ``significand``   kept              Q of the array, the product's kept columns; its leading one is one of the two
                                        top bits, unless an operand is zero
    ``stored``        1+exponent_bits   {sign, exponent} of the stored operand; exponent 0 is zero
    ``sign``          1                 of the driver
    ``exponent``      exponent_bits+1   of the driver, less the bias; two's complement, the same for all lanes
    ``zero``          1                 the driver is zero
    ``product``       1+e+fraction      {sign, exponent, fraction}; fraction bits as `DaismParameters` has them
    ================  ================  ============================================================================

    A product of zero is zero of its sign; an exponent below 1 gives that too, one of ``2^exponent_bits - 1`` or more
    the largest finite number or infinity, by ``saturate_to``. Combinational. Infinite and NaN operands must not occur.

    Raises ValueError for ``parameters`` that are no ``DaismParameters``, or of integers.
    Source: arXiv 2305.07376 for significands only; the rules for everything else are bitline's.
    """

    def __init__(self, *, parameters: DaismParameters) -> None:
        require_instance("parameters", parameters, DaismParameters)
        if not parameters.is_float:
            raise ValueError(f"operand_kind must be 'float' for a float lane, not {parameters.operand_kind!r}")
        self.parameters = p = parameters
        super().__init__(
            {
                "significand": In(p.kept),
                "stored": In(side_bits(p)),
                "sign": In(1),
                "exponent": In(signed(p.exponent_bits + 1)),
                "zero": In(1),
                "product": Out(p.product_word_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, bits = self.parameters, self.parameters.product_fraction_bits
        stored = self.stored[:-1]
        exponent = Signal(signed(p.exponent_bits + 2))
        # The carry of the normaliser is the carry into the exponent adder.
        m.d.comb += exponent.eq(self.exponent + stored + self.significand[-1])
        fraction, up = self._fraction()
        number = Signal(signed(bits + len(exponent)))
        # Rounding up to the next power of two carries from the fraction into the exponent.
        m.d.comb += number.eq(Cat(fraction, exponent).as_signed() + up)
        field = number[bits:].as_signed()
        special = (1 << p.exponent_bits) - 1
        small, large = Signal(), Signal()
        m.d.comb += [
            small.eq((field <= 0) | self.zero | ~stored.any()),
            large.eq((field >= special) & ~small),
        ]
        limit = (special << bits) - (p.saturate_to == "max_finite")
        magnitude = number[: bits + p.exponent_bits] & (~small).replicate(bits + p.exponent_bits)
        m.d.comb += self.product.eq(
            Cat(Mux(large, Const(limit, len(magnitude)), magnitude), self.sign ^ self.stored[-1])
        )
        return m

    def _fraction(self) -> tuple[Value, Value]:
        """The bits below the leading one, as many as a product has, and whether they are to be rounded up."""
        p, bits = self.parameters, self.parameters.product_fraction_bits
        top = self.significand[-1]
        aligned = Mux(top, self.significand, self.significand << 1)[: p.kept]
        below = Cat(Const(0, max(0, bits + 1 - p.kept)), aligned[:-1])
        fraction, lost = below[-bits:], below[:-bits]
        if p.product_rounding == "rz" or not len(lost):
            return fraction, Const(0, 1)
        return fraction, lost[-1] & (lost[:-1].any() | fraction[0])
