"""One lane of a bank, and the exact multiply-accumulate lane that it is compared with."""

from dataclasses import replace

from amaranth.hdl import Cat, Module, Signal, Value, signed
from amaranth.lib.wiring import In, Member, Out

from hdl.arith.integer_multiply import multiply
from hdl.block import Block
from hdl.daism.accumulator import Accumulator
from hdl.daism.float_lane import FloatLane
from hdl.daism.layouts import product_bits, side_bits, sum_bits
from hdl.ranks import rank
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.daism import DaismParameters


class _Lane(Block):
    """Product, register, accumulator; a subclass says where the product of the significands comes from."""

    def __init__(self, *, parameters: DaismParameters) -> None:
        require_instance("parameters", parameters, DaismParameters)
        self.parameters = p = parameters
        slot, word = index_bits(p.interleave), sum_bits(p)
        ports = {
            "zero": In(1), "slot": In(slot), "first": In(1), "write": In(1), "write_slot": In(slot),
            "preset": In(1), "preset_sum": In(word), "shown_slot": In(slot), "shown_sum": Out(word),
        }  # fmt: skip
        if p.is_float:
            ports |= {"stored": In(side_bits(p)), "sign": In(1), "exponent": In(signed(p.exponent_bits + 1))}
        super().__init__({**self._significand_ports(), **ports})

    def _significand_ports(self) -> dict[str, Member]:
        raise NotImplementedError

    def _significand(self, m: Module) -> Value:
        """The kept columns of the product."""
        raise NotImplementedError

    def _product_parameters(self) -> DaismParameters:
        """Those that say how many columns the product of the significands has."""
        return self.parameters

    def elaborate(self, platform: object) -> Module:
        m = Module()
        significand = self._significand(m)
        product = self._wrap(m, significand) if self.parameters.is_float else significand
        m.submodules.accumulator = accumulator = Accumulator(parameters=self._product_parameters())
        m.d.comb += accumulator.product.eq(rank(m, "product", product[: product_bits(self._product_parameters())]))
        for name in ("slot", "first", "write", "write_slot", "preset", "preset_sum", "shown_slot"):
            m.d.comb += getattr(accumulator, name).eq(getattr(self, name))
        m.d.comb += self.shown_sum.eq(accumulator.shown_sum)
        return m

    def _wrap(self, m: Module, significand: Value) -> Value:
        m.submodules.float = wrapper = FloatLane(parameters=self._product_parameters())
        m.d.comb += wrapper.significand.eq(significand)
        for name in ("stored", "sign", "exponent", "zero"):
            m.d.comb += getattr(wrapper, name).eq(getattr(self, name))
        return wrapper.product


class DaismLane(_Lane):
    """From the array's OR word to a partial sum: `FloatLane`, a product register, `Accumulator`.

    In one cycle ``word`` (kept columns), ``stored``, ``sign``, ``exponent`` and ``zero`` give a product as `FloatLane`
    has it; in the next, ``slot`` and ``first`` say what it is added to; ``accumulate_latency - 1`` cycles later
    ``write``, ``write_slot`` store it; these and the other ports are those of `Accumulator`. Integers have ``word`` and
    ``zero`` only. Where a product takes two accesses, ``hold`` keeps the word of the first, which is added to that of
    the second. A product (or access) a cycle. Raises ValueError for ``parameters`` that are no ``DaismParameters``.
    Source: bitline's, for arXiv 2305.07376.
    """

    def _significand_ports(self) -> dict[str, Member]:
        p = self.parameters
        return {"word": In(p.kept)} | ({"hold": In(1)} if p.accesses == 2 else {})

    def _significand(self, m: Module) -> Value:
        word: Value = self.word
        if self.parameters.accesses == 2:
            both = Signal(self.parameters.kept)
            m.d.comb += both.eq(word + rank(m, "held_word", word, self.hold))
            word = both
        # A float of zero is one by its flag. Integers rely on the word, which is an old one if no row was read.
        if self.parameters.is_float or not self.parameters.zero_skip:
            return word
        return word & (~self.zero).replicate(len(word))


class ExactLane(_Lane):
    """The lane with an exact multiplier of the significands: the baseline, with everything else the same.

    Ports as `DaismLane`, with ``multiplicand`` and ``multiplier`` in place of the word: the significands (n bits) of
    the stored operand and of the driver; the hidden ones of floats are taken for granted, as in the array. The product
    of 2n bits is rounded as that of ``full`` columns. The multiplier is the array of rows of
    `hdl.arith.IntegerMultiply`, within a percent of its smallest structure for n = 8 on FreePDK45.
    """

    def _significand_ports(self) -> dict[str, Member]:
        bits = In(self.parameters.significand_bits)
        return {"multiplicand": bits, "multiplier": bits}

    def _significand(self, m: Module) -> Value:
        operands: list[Value] = [self.multiplicand, self.multiplier]
        if self.parameters.is_float:
            operands = [Cat(operand[:-1], 1) for operand in operands]
        return multiply(m, operands[0], operands[1], "array")

    def _product_parameters(self) -> DaismParameters:
        return exact_parameters(self.parameters)


def exact_parameters(p: DaismParameters) -> DaismParameters:
    """``p`` with all product columns, for an exact product; variant and array do not matter then."""
    n = p.significand_bits
    rows, columns = max(p.rows, n), max(p.columns, 2 * n)
    return replace(p, variant="fla", hla_mode="a", kept_columns="full", rows=rows, columns=columns)
