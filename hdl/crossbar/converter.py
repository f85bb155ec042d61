"""Digital stand-ins of converters: one that saturates, and one with a calibrated range."""

from amaranth.hdl import Module, Mux, Shape, Signal, signed
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.ranks import rank
from sim_models.arith.checking import require_integer


class SaturatingConverter(Block):
    """``code`` is ``value`` within 0..2^bits - 1, or within -(2^bits - 1)..2^bits - 1 of ``signed_values``.

    Ports: ``adc_start`` converts ``value`` (of ``value_bits``, two's complement if signed); ``code`` (of ``bits``, and
    a sign bit if signed) and ``saturated`` are there from the next clock cycle on until the one after the next start.
    ``value_bits`` of a signed value have its sign among them. Not reset. Raises ValueError for widths below 1.
    """

    def __init__(self, *, value_bits: int, bits: int, signed_values: bool) -> None:
        require_integer("value_bits", value_bits, 1 + signed_values)
        require_integer("bits", bits, 1)
        self.bits, self.signed_values = bits, signed_values
        super().__init__(
            {
                "adc_start": In(1),
                "value": In(Shape(value_bits, signed_values)),
                "code": Out(Shape(bits + signed_values, signed_values)),
                "saturated": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        high = (1 << self.bits) - 1
        low = -high if self.signed_values else 0
        above, below = Signal(), Signal()
        m.d.comb += [above.eq(self.value > high), below.eq(self.value < low)]
        code = Signal.like(self.code)
        m.d.comb += [
            code.eq(Mux(above, high, Mux(below, low, self.value))),
            self.code.eq(rank(m, "held_code", code, self.adc_start)),
            self.saturated.eq(rank(m, "held_saturated", above | below, self.adc_start)),
        ]
        return m


class RangeCode(Block):
    """A code of ``output_bits`` with its sign, over the range that two registers give. ::

        code = sign(y) * min(Q, (|y| * range_mult + 2^(range_shift - 1)) >> range_shift),   Q = 2^(output_bits - 1) - 1

    Ports: ``value`` y (two's complement of ``value_bits``); ``range_mult`` (16 bits) and ``range_shift`` (6 bits, at
    least 1), as `sim_models.crossbar.range_registers` gives them; ``code`` (two's complement); ``saturated``.
    Combinational. Raises ValueError for fewer than 2 bits of either.
    """

    MULT_BITS, SHIFT_BITS = 16, 6

    def __init__(self, *, value_bits: int, output_bits: int) -> None:
        require_integer("value_bits", value_bits, 2)
        require_integer("output_bits", output_bits, 2)
        self.value_bits, self.output_bits = value_bits, output_bits
        super().__init__(
            {
                "value": In(signed(value_bits)),
                "range_mult": In(self.MULT_BITS),
                "range_shift": In(self.SHIFT_BITS),
                "code": Out(signed(output_bits)),
                "saturated": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        largest = (1 << self.output_bits - 1) - 1
        negative = self.value[-1]
        magnitude = Signal(self.value_bits)
        product = Signal(self.value_bits + self.MULT_BITS)
        doubled, rounded = Signal.like(product), Signal.like(product)
        code = Signal(self.output_bits - 1)
        m.d.comb += [
            magnitude.eq(Mux(negative, -self.value, self.value)),
            product.eq(magnitude * self.range_mult),
            # Twice the quotient, so that its lowest bit says which way to round.
            doubled.eq(product >> (self.range_shift - 1)[: self.SHIFT_BITS]),
            rounded.eq((doubled + 1) >> 1),
            self.saturated.eq(rounded > largest),
            code.eq(Mux(self.saturated, largest, rounded)),
            self.code.eq(Mux(negative, -code, code)),
        ]
        return m


class RangeConverter(Block):
    """`RangeCode` of ``value`` when ``adc_start`` converts it.

    ``code`` and ``saturated`` are there from the next clock cycle on until the one after the next start. Not reset.
    Raises ValueError for fewer than 2 bits of ``value_bits`` or ``output_bits``.
    """

    MULT_BITS, SHIFT_BITS = RangeCode.MULT_BITS, RangeCode.SHIFT_BITS

    def __init__(self, *, value_bits: int, output_bits: int) -> None:
        require_integer("value_bits", value_bits, 2)
        require_integer("output_bits", output_bits, 2)
        self.value_bits, self.output_bits = value_bits, output_bits
        super().__init__(
            {
                "adc_start": In(1),
                "value": In(signed(value_bits)),
                "range_mult": In(self.MULT_BITS),
                "range_shift": In(self.SHIFT_BITS),
                "code": Out(signed(output_bits)),
                "saturated": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.range = scale = RangeCode(value_bits=self.value_bits, output_bits=self.output_bits)
        m.d.comb += [
            scale.value.eq(self.value),
            scale.range_mult.eq(self.range_mult),
            scale.range_shift.eq(self.range_shift),
            self.code.eq(rank(m, "held_code", scale.code, self.adc_start)),
            self.saturated.eq(rank(m, "held_saturated", scale.saturated, self.adc_start)),
        ]
        return m
