"""One lane: multiplier, sign, accumulator."""

from amaranth.hdl import Module, signed
from amaranth.lib.wiring import In, Out

from hdl.asm.accumulate import SignedAccumulator
from hdl.asm.encoded_product import EncodedProduct, is_fully_encoded
from hdl.asm.multiplier import LaneMultiplier
from hdl.asm.precomputer import multiple_ports
from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.asm import AsmParameters
from sim_models.asm.coding import INPUT_CODE_BITS


class AsmLane(Block):
    """``sum <= (0 if restart else sum) + weight * input``, every cycle, from what all lanes share.

    Ports: ``multiple_A`` as `Precomputer` has them, or ``code``, that of the input, where both operands are encoded and
    of one quartet; ``negative`` (the input's sign), ``weight`` (a stored word), ``restart``; ``sum`` (the register),
    ``error`` (combinational: the weight is unsupported). Raises ValueError for ``parameters`` that are no
    ``AsmParameters``.
    """

    def __init__(self, *, parameters: AsmParameters) -> None:
        require_instance("parameters", parameters, AsmParameters)
        self.parameters = p = parameters
        shared = {"code": In(INPUT_CODE_BITS)} if is_fully_encoded(p) else multiple_ports(p)
        ports = {"negative": In(1), "weight": In(p.weight_word_bits), "restart": In(1)}
        super().__init__({**shared, **ports, "sum": Out(signed(p.accumulator_width)), "error": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        multiplier = EncodedProduct(parameters=p) if is_fully_encoded(p) else LaneMultiplier(parameters=p)
        m.submodules.multiplier = multiplier
        m.submodules.accumulator = accumulator = SignedAccumulator(parameters=p)
        if is_fully_encoded(p):
            m.d.comb += multiplier.x.eq(self.code)
        else:
            m.d.comb += [getattr(multiplier, name).eq(getattr(self, name)) for name in multiple_ports(p)]
        m.d.comb += [
            multiplier.weight.eq(self.weight[:-1]),
            accumulator.product.eq(multiplier.product),
            accumulator.negative.eq(self.weight[-1] ^ self.negative),
            accumulator.restart.eq(self.restart),
            self.sum.eq(accumulator.sum),
            self.error.eq(multiplier.error),
        ]
        return m
