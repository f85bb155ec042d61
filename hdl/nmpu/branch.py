"""First half of the NMPU datapath: scale each polarity and cut the product."""

from amaranth.hdl import Module, signed, unsigned
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.nmpu import NmpuParameters


class NmpuBranch(Block):
    """One current polarity: ``cut = (count * scale) >> pre_cut_bits``, combinational.

    Ports: ``count`` (unsigned, or two's complement in signed-input mode), ``scale`` (unsigned,
    ``scale_fraction_bits`` fraction bits), ``cut`` (``scale_fraction_bits - pre_cut_bits`` fraction bits, rounded
    down).
    """

    def __init__(self, *, parameters: NmpuParameters) -> None:
        self.parameters = parameters
        shape = signed if parameters.signed_input else unsigned
        super().__init__(
            {
                "count": In(shape(parameters.input_bits)),
                "scale": In(parameters.scale_bits),
                "cut": Out(shape(parameters.cut_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        product = self.count * self.scale
        m.d.comb += self.cut.eq(product >> self.parameters.pre_cut_bits)
        return m
