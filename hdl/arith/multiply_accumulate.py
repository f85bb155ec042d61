"""Exact multiply-accumulate: the conventional one that others are compared with."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.arith.columns import Columns
from hdl.arith.integer_multiply import magnitude, multiply, product_sign, shape
from hdl.arith.partial_products import add_array, add_booth
from hdl.block import Block
from sim_models.arith import MultiplyAccumulateParameters
from sim_models.arith.checking import require_instance


class MultiplyAccumulate(Block):
    """``accumulator += a * b``, exact modulo 2^accumulator_width.

    Ports: ``a``, ``b`` (in the formats and widths of ``parameters``), ``enable``, ``first``; ``accumulator``, the
    register, unsigned if both operands are, else two's complement. In a cycle with ``enable`` it takes the product,
    added to what it holds unless ``first`` is 1 too, which starts a new sum. Latency 1 cycle, a product a cycle. Reset
    leaves the register as it is: a sum starts with ``first``.

    Raises ValueError for ``parameters`` that are no ``MultiplyAccumulateParameters``.
    """

    def __init__(self, *, parameters: MultiplyAccumulateParameters) -> None:
        require_instance("parameters", parameters, MultiplyAccumulateParameters)
        self.parameters = p = parameters
        self.formats = {"a": p.a, "b": p.b, "accumulator": p.accumulator}
        ports = {"a": In(shape(p.a)), "b": In(shape(p.b)), "enable": In(1), "first": In(1)}
        super().__init__({**ports, "accumulator": Out(shape(p.accumulator))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        accumulator = shape(self.parameters.accumulator)
        register = Signal(accumulator, reset_less=True)
        held = Signal(accumulator)
        total = Signal(accumulator)
        restart = self.first & self.enable
        m.d.comb += [
            held.eq(register & (~restart).replicate(len(register))),
            total.eq(self._add_product(m, held)),
            self.accumulator.eq(register),
        ]
        m.d.sync += register.eq(total)
        return m

    def _add_product(self, m: Module, held: Signal) -> Value:
        p = self.parameters
        a, b = self._operands(m)
        if p.product.kind == "sign_magnitude":
            return self._add_or_subtract(m, held, a, b)
        if p.structure == "operator":
            return held + a * b
        columns = Columns(p.accumulator_width)
        columns.add(held)
        if p.structure == "booth":
            add_booth(m, columns, a, b)
        else:
            add_array(columns, a, b)
        return columns.total(m)

    def _operands(self, m: Module) -> tuple[Value, Value]:
        """Two's complement numbers or magnitudes; the narrower one is 0 without ``enable``.

        Holding the register takes one gate for each bit of that operand then, not one for each bit of the register.
        """
        a, b = magnitude(self.a, self.parameters.a), magnitude(self.b, self.parameters.b)
        narrow = a if len(a) <= len(b) else b
        gated = Signal(narrow.shape())
        m.d.comb += gated.eq(narrow & self.enable.replicate(len(narrow)))
        return (gated, b) if narrow is a else (a, gated)

    def _add_or_subtract(self, m: Module, held: Signal, a: Value, b: Value) -> Value:
        """The sum with a product of magnitudes, subtracted where the product's sign is 1."""
        p = self.parameters
        negative = Signal()
        m.d.comb += negative.eq(product_sign(self.a, self.b, p))
        columns = Columns(p.accumulator_width)
        columns.add(held)
        if p.structure == "booth":
            add_booth(m, columns, a, b, negate=negative)
            return columns.total(m)
        product = Signal(len(a) + len(b))
        m.d.comb += product.eq(multiply(m, a, b, p.structure))
        if p.structure == "operator":
            return held + Mux(negative, -product, product)
        columns.add_signed(Cat(product ^ negative.replicate(len(product)), negative))
        columns.add(negative)
        return columns.total(m)
