"""What the unit column measures: the sum of each slice of the inputs, and of the inputs."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.ranks import rank
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import signed_width
from sim_models.crossbar.parameters import OFFSET


class UnitSum(Block):
    """Keeps the codes a_t of the unit column, and adds them up to the sum of the inputs, lowest slice first.

    ``A_t = (A_(t-1) >> dac_bits) + (a_t << dac_bits * (cycles - 1))``, which loses nothing and needs no shifter.

    * ``take``: ``code`` (unsigned) is that of the unit column; ``fresh``: of a product's first slice; ``subtract``: it
      counts negative. ``unit``, with flip_encoding: the last code taken, from the next clock cycle on.
    * ``keep``, with offset weights: ``total`` (two's complement) becomes the sum of the codes taken before this clock
      cycle, and stays so until the next one.

    Raises ValueError for ``parameters`` that are no ``IsaacParameters`` or have no unit column.
    """

    def __init__(self, *, parameters: IsaacParameters) -> None:
        require_instance("parameters", parameters, IsaacParameters)
        self.parameters = p = parameters
        if not p.has_unit_column:
            raise ValueError("weight_encoding must be 'offset', or flip_encoding True, for a unit column")
        ports = {"take": In(1), "code": In(p.converter_bits)}
        if p.flip_encoding:
            ports["unit"] = Out(p.converter_bits)
        if p.weight_encoding == OFFSET:
            width = signed_width(sum(((1 << p.converter_bits) - 1) << p.significance(t, 0) for t in range(p.cycles)))
            self.formats = {"total": IntegerFormat(kind="signed", width=width)}
            ports |= {"fresh": In(1), "subtract": In(1), "keep": In(1), "total": Out(signed(width))}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        if p.flip_encoding:
            m.d.comb += self.unit.eq(rank(m, "unit_code", self.code, self.take))
        if p.weight_encoding == OFFSET:
            width = len(self.total)
            running = Signal(signed(width), reset_less=True)
            code = self.code << p.significance(p.cycles - 1, 0)
            earlier = Mux(self.fresh, 0, running >> p.dac_bits)
            with m.If(self.take):
                m.d.sync += running.eq(Mux(self.subtract, earlier - code, earlier + code))
            m.d.comb += self.total.eq(rank(m, "kept_total", running, self.keep))
        return m
