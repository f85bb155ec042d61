"""The curve of an inverter by a table of 256 entries, whose address saturates."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.constant_table import ConstantTable
from sim_models.arith.checking import require_instance, require_integer
from sim_models.crossbar.fixed_vtc import CENTRE, ENTRIES, FixedVtc


class VtcLookup(Block):
    """``level`` is the entry of ``total`` (two's complement of ``width`` bits), both of `FixedVtc`. Combinational.

    Raises ValueError for a ``vtc`` that is no ``FixedVtc`` and for a width below 1.
    """

    def __init__(self, *, vtc: FixedVtc, width: int) -> None:
        require_instance("vtc", vtc, FixedVtc)
        require_integer("width", width, 1)
        self.vtc = vtc
        super().__init__({"total": In(signed(width)), "level": Out(signed(vtc.level_width))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.entries = entries = ConstantTable(values=self.vtc.entries)
        shifted = self.total >> self.vtc.shift
        place = Signal(signed(max(len(shifted), CENTRE.bit_length())))
        m.d.comb += [
            place.eq(shifted),
            # Two's complement of 8 bits plus 128 is the same word with its top bit turned over.
            entries.index.eq(Mux(place < -CENTRE, 0, Mux(place >= CENTRE, ENTRIES - 1, place[:8] ^ CENTRE))),
            self.level.eq(entries.value),
        ]
        return m
