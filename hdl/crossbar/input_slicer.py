"""The input driver: holds a vector and drives its rows with a few bits in each array cycle."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance
from sim_models.crossbar import CrossbarParameters


class InputSlicer(Block):
    """A register for each row, which shifts right by ``dac_bits`` a step: slice t is the lowest ones of those left.

    * ``load``: take ``x`` (rows words of input_bits); it wins over ``step``, which moves on to the next slice.
    * ``drive``: the rows are driven with ``slice`` (rows words of dac_bits, unsigned); it is 0 without.
    * ``index``: number of the slice, 0 after a load. The top one is narrower where dac_bits do not divide input_bits.

    Loaded and stepped at the end of a clock cycle. The vector is not reset. Raises ValueError for ``parameters`` that
    are no ``CrossbarParameters``, and for signed inputs with dac_bits above 1, whose top slice would be signed.
    """

    def __init__(self, *, parameters: CrossbarParameters) -> None:
        require_instance("parameters", parameters, CrossbarParameters)
        self.parameters = p = parameters
        if p.signed_inputs and p.dac_bits != 1:
            raise ValueError(f"dac_bits must be 1 with signed_inputs, not {p.dac_bits}")
        self.formats = {"x": IntegerFormat(kind="signed" if p.signed_inputs else "unsigned", width=p.input_bits)}
        super().__init__(
            {
                "load": In(1),
                "x": In(data.ArrayLayout(p.input_bits, p.rows)),
                "step": In(1),
                "drive": In(1),
                "slice": Out(data.ArrayLayout(p.dac_bits, p.rows)),
                "index": Out(range(max(2, p.cycles))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        changed = Signal()
        m.d.comb += changed.eq(self.load | self.step)
        for row in range(p.rows):
            held = Signal(p.input_bits, name=f"x_{row}", reset_less=True)
            with m.If(changed):
                m.d.sync += held.eq(Mux(self.load, self.x[row], held >> p.dac_bits))
            m.d.comb += self.slice[row].eq(held[: p.dac_bits] & self.drive.replicate(p.dac_bits))
        with m.If(changed):
            m.d.sync += self.index.eq(Mux(self.load, 0, self.index + 1))
        return m
