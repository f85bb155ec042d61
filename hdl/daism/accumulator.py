"""The accumulator of one lane: an adder and a few partial sums that take turns."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.float_sum import FloatSum
from hdl.daism.layouts import product_bits, sum_bits
from hdl.daism.partial_sums import PartialSums
from hdl.ranks import rank
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.daism import DaismParameters


class Accumulator(Block):
    """``sum[slot] = round(sum[slot] + product)``, as `sim_models.daism.accumulate`; integers add exactly.

    ==================  ==============  ========================================================================
    ``product``         product_bits    {sign, exponent, fraction} of a float; kept columns of an integer product
    ``slot``, ``first``  index, 1       the partial sum it is added to; ``first``: added to zero instead
    ``write``           1               store now: the sum of the product of ``accumulate_latency - 1`` cycles ago, or
                                        with ``preset`` the word ``preset_sum``
    ``write_slot``      index           where
    ``shown_slot``      index           the partial sum at ``shown_sum``, in the same cycle
    ==================  ==============  ========================================================================

    Sums are {sign, 8 exponent bits, 23 or 7 fraction bits}, for integers unsigned words of 2n + 16 bits: up to 65536
    products and no wrapping. A product a cycle, while ``accumulate_latency`` cycles pass between those of one slot; the
    sum of one with ``slot`` in cycle c is stored by ``write`` in cycle ``c + accumulate_latency - 1``. Partial sums are
    not reset. Raises ValueError for ``parameters`` that are no ``DaismParameters``.
    Source: bitline's, for arXiv 2305.07376.
    """

    def __init__(self, *, parameters: DaismParameters) -> None:
        require_instance("parameters", parameters, DaismParameters)
        self.parameters = p = parameters
        slot, word = index_bits(p.interleave), sum_bits(p)
        super().__init__(
            {
                "product": In(product_bits(p)), "slot": In(slot), "first": In(1),
                "write": In(1), "write_slot": In(slot), "preset": In(1), "preset_sum": In(word),
                "shown_slot": In(slot), "shown_sum": Out(word),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.sums = sums = PartialSums(parameters=self.parameters)
        held = Signal(sum_bits(self.parameters))
        total = self._add_float(m, held) if self.parameters.is_float else self._add_integer(m, held)
        m.d.comb += [
            sums.slot.eq(self.slot),
            held.eq(sums.sum & (~self.first).replicate(len(held))),
            sums.write.eq(self.write),
            sums.write_slot.eq(self.write_slot),
            sums.write_sum.eq(Mux(self.preset, self.preset_sum, total)),
            sums.shown_slot.eq(self.shown_slot),
            self.shown_sum.eq(sums.shown_sum),
        ]
        return m

    def _add_float(self, m: Module, held: Signal) -> Value:
        p = self.parameters
        m.submodules.add = add = FloatSum(
            exponent_bits=8,
            fraction_bits=p.accumulator_significand_bits - 1,
            addend_fraction_bits=p.product_fraction_bits,
            to_nearest=p.accumulator_rounding == "rne",
            infinity=p.saturate_to == "infinity",
            stages=p.accumulate_latency - 1,
        )
        m.d.comb += [add.accumulator.eq(held), add.addend.eq(self._widened())]
        return add.total

    def _widened(self) -> Value:
        """The product with 8 exponent bits: 5 bits and their bias become 8 bits and theirs without an adder."""
        if self.parameters.exponent_bits == 8:
            return self.product
        bits = self.parameters.product_fraction_bits
        fraction, exponent, sign = self.product[:bits], self.product[bits:-1], self.product[-1]
        low, top = exponent[:-1], exponent[-1]
        # What is added, 112, is 0b0111 above four zeros; zero stays zero, and all ones are infinity in both.
        middle = ~top & exponent.any()
        if self.parameters.saturate_to == "infinity":
            middle = middle | exponent.all()
        return Cat(fraction, low, middle.replicate(3), top, sign)

    def _add_integer(self, m: Module, held: Signal) -> Value:
        """The product goes back to its place; later stages only delay."""
        total: Value = Signal(len(held), name="total")
        m.d.comb += total.eq(held + Cat(Const(0, self.parameters.drop), self.product))
        for stage in range(self.parameters.accumulate_latency - 1):
            total = rank(m, f"delay_{stage}", total)
        return total
