"""Digital lane of Neural-PIM: adds the codes of the row blocks of a layer."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_integer
from sim_models.crossbar.layers import CROSS_ARRAY_BITS


class CrossArrayAdder(Block):
    """Sums of codes, one of each of ``groups`` outputs, in two's complement of 16 bits that saturate.

    * ``valid``: ``code`` (two's complement of ``code_bits``) belongs to the next output, in turn. With ``first`` its
      sum begins anew. ``groups`` codes are a row block.
    * ``sums``: after a block, the sums of output 0 to groups - 1. ``saturated``: 1 for a clock cycle after a code whose
      sum did not fit.

    A code a clock cycle, in ``sums`` in the next one. The sums are not reset. Raises ValueError for widths and numbers
    out of range. Source: this project's form of what Neural-PIM's tiles add digitally.
    """

    def __init__(self, *, code_bits: int, groups: int) -> None:
        require_integer("code_bits", code_bits, 2, CROSS_ARRAY_BITS)
        require_integer("groups", groups, 1)
        self.groups = groups
        number = signed(CROSS_ARRAY_BITS)
        self.formats = {
            "code": IntegerFormat(kind="signed", width=code_bits),
            "sums": IntegerFormat(kind="signed", width=CROSS_ARRAY_BITS),
        }
        sums = Out(data.ArrayLayout(number, groups))
        inputs = {"valid": In(1), "code": In(signed(code_bits)), "first": In(1)}
        super().__init__({**inputs, "sums": sums, "saturated": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        number = signed(CROSS_ARRAY_BITS)
        sums = [Signal(number, name=f"sum_{place}", reset_less=True) for place in range(self.groups)]
        total = Signal(signed(CROSS_ARRAY_BITS + 1))
        beyond, limited = Signal(), Signal(number)
        largest = (1 << CROSS_ARRAY_BITS - 1) - 1
        m.d.comb += [
            total.eq(Mux(self.first, 0, sums[0]) + self.code),
            beyond.eq(total[-1] ^ total[-2]),
            limited.eq(Mux(beyond, Mux(total[-1], -largest - 1, largest), total)),
        ]
        m.d.comb += self.sums.as_value().eq(Cat(sums))
        m.d.sync += self.saturated.eq(self.valid & beyond)
        with m.If(self.valid):
            m.d.sync += [each.eq(following) for each, following in zip(sums, [*sums[1:], limited], strict=True)]
        return m
