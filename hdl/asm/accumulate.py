"""The accumulator of a lane: adds or subtracts a magnitude."""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib.wiring import In, Out

from hdl.arith.columns import Columns
from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.asm import AsmParameters


class SignedAccumulator(Block):
    """``sum <= (0 if restart else sum) + (-product if negative else product)``, every cycle.

    Ports: ``product`` (unsigned, ``product_bits``), ``negative``, ``restart``, ``sum`` (two's complement,
    ``accumulator_width``, the register). A product of 0 leaves it as it is. Reset does too: a sum starts with
    ``restart``. Raises ValueError for ``parameters`` that are no ``AsmParameters``.
    """

    def __init__(self, *, parameters: AsmParameters) -> None:
        require_instance("parameters", parameters, AsmParameters)
        self.parameters = p = parameters
        ports = {"product": In(p.product_bits), "negative": In(1), "restart": In(1)}
        super().__init__({**ports, "sum": Out(signed(p.accumulator_width))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self.parameters.accumulator_width
        register = Signal(signed(width), reset_less=True)
        columns = Columns(width)
        columns.add(register & (~self.restart).replicate(width))
        # A negative product is its complement and 1.
        columns.add_signed(Cat(self.product ^ self.negative.replicate(len(self.product)), self.negative))
        columns.add(self.negative)
        m.d.sync += register.eq(columns.total(m))
        m.d.comb += self.sum.eq(register)
        return m
